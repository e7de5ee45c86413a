import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { KeyValue } from "@agentcore/core/ports";
import { createRecordingLogger, ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { createIds } from "../system-senses.ts";
import { createPushConfigs, MAX_CONFIGS_PER_TASK } from "./push-configs.ts";
import { PushStore } from "./push-store.ts";

const ANN = { tenantId: "acme", caller: "ann" };
const clock = new ManualClock();

const nodeOn = (keyValue: KeyValue, limits: { maxOpenPerCaller?: number; maxOpenPerTenant?: number } = {}) =>
  createPushConfigs({ store: new PushStore(keyValue, createRecordingLogger()), clock, ids: createIds(), ...limits });

type Node = ReturnType<typeof nodeOn>;

const register = (node: Node, taskId: string, id: string, scope = ANN) =>
  node.register(scope, { config: { taskId, id, url: "https://hook.example/" }, version: "1.0", from: 1 });

const codesOf = (results: readonly PromiseSettledResult<unknown>[]): readonly string[] =>
  results.map((result) => (result.status === "fulfilled" ? "made" : result.reason.code));

const count = (codes: readonly string[], wanted: string): number => codes.filter((code) => code === wanted).length;

test("a task gets as many configurations as it may have, and no more, also when all are asked for at once", async () => {
  const node = nodeOn(createMemoryKeyValue({ clock }));
  const asked = Array.from({ length: MAX_CONFIGS_PER_TASK + 10 }, (_, index) => register(node, "t", `c${index}`));
  const codes = codesOf(await Promise.allSettled(asked));
  expect([count(codes, "made"), count(codes, "OVERLOADED")]).toEqual([MAX_CONFIGS_PER_TASK, 10]);
  const { configs } = await node.list(ANN, "t", { pageSize: 100 });
  expect(configs).toHaveLength(MAX_CONFIGS_PER_TASK);
});

test("nor when several nodes are asked at once; who was told that it was made has it", async () => {
  const keyValue = createMemoryKeyValue({ clock });
  const nodes = [nodeOn(keyValue), nodeOn(keyValue), nodeOn(keyValue)];
  const [first] = nodes as [Node];
  // By turns, so that each has counted before: then they do the same at the same time.
  for (let index = 0; index < MAX_CONFIGS_PER_TASK - 2; index += 1)
    await register(nodes[index % 3] ?? first, "t", `before-${index}`);
  const asked = nodes.flatMap((node, at) => [0, 1].map((index) => register(node, "t", `c${at}-${index}`)));
  const made = count(codesOf(await Promise.allSettled(asked)), "made");
  expect(made).toBeLessThanOrEqual(2);
  const { configs } = await first.list(ANN, "t", { pageSize: 100 });
  expect(configs).toHaveLength(MAX_CONFIGS_PER_TASK - 2 + made);
});

test("a caller and a tenant get as many of open tasks as they may have, also when all are asked for at once", async () => {
  const node = nodeOn(createMemoryKeyValue({ clock }), { maxOpenPerCaller: 5, maxOpenPerTenant: 8 });
  const askAll = async (caller: string) => {
    const scope = { ...ANN, caller };
    const asked = Array.from({ length: 20 }, (_, index) => register(node, `${caller}-${index}`, "c", scope));
    return count(codesOf(await Promise.allSettled(asked)), "made");
  };
  expect(await Promise.all([askAll("ann"), askAll("bob")])).toEqual([5, 3]);
  await node.delete(ANN, "ann-0", "c");
  await clock.advance(1_000);
  expect(codesOf(await Promise.allSettled([register(node, "ann-20", "c")]))).toEqual(["made"]);
});

test("what other nodes have made is counted within a minute", async () => {
  const keyValue = createMemoryKeyValue({ clock });
  const [here, there] = [nodeOn(keyValue, { maxOpenPerTenant: 5 }), nodeOn(keyValue, { maxOpenPerTenant: 5 })];
  await register(here, "first", "c");
  for (let index = 0; index < 4; index += 1) await register(there, `there-${index}`, "c");
  await clock.advance(60_000);
  await expect(register(here, "one-more", "c")).rejects.toMatchObject({ code: "OVERLOADED" });
});
