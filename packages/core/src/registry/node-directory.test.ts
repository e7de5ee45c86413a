import type { NodeRecord } from "@agentcore/contract";
import { expect, test } from "vitest";
import { createMemoryKeyValue } from "../inprocess/index.ts";
import { createSealedKeyValue } from "../payloads/index.ts";
import type { KeyValue } from "../ports/index.ts";
import { createRecordingLogger, createTestCodec, ManualClock } from "../testing/index.ts";
import { NodeDirectory } from "./node-directory.ts";

const world = () => {
  const clock = new ManualClock({ now: 1_000_000 });
  const keyValue = createMemoryKeyValue({ clock });
  const logger = createRecordingLogger();
  /** `skewMs`: how far its wall clock is from the others'. */
  const node = (
    name: string,
    change: Partial<NodeRecord> = {},
    skewMs = 0,
    isShared = true,
    store: KeyValue = keyValue,
  ) =>
    new NodeDirectory({
      ...{ keyValue: store, tenantId: "system", clock, logger, name, isShared },
      describe: () => ({
        ...{ name, address: `http://${name}`, version: "1", roles: ["worker"], startedAt: 0, state: "ready", tasks: 0 },
        heartbeatAt: clock.now() + skewMs,
        agents: [],
        ...change,
      }),
    });
  const messages = () => logger.records.map(({ message }) => message);
  return { clock, keyValue, node, messages };
};

const states = async (directory: NodeDirectory) =>
  (await directory.list("acme")).map(({ name, state }) => `${name} ${state}`);

test("a node that is silent is lost after ten seconds, back when it is heard again, and gone after ten minutes", async () => {
  const { clock, node, messages } = world();
  const [a, b] = [node("a"), node("b")];
  await a.beat();
  await b.beat();
  expect(await states(a)).toEqual(["a ready", "b ready"]);
  await clock.advance(10_001);
  await a.beat();
  expect(await states(a)).toEqual(["a ready", "b lost"]);
  await b.beat();
  expect(await states(a)).toEqual(["a ready", "b ready"]);
  for (let seconds = 0; seconds < 599; seconds += 1) {
    await clock.advance(1000);
    await a.beat();
  }
  expect(await states(a)).toEqual(["a ready", "b lost"]);
  await clock.advance(2000);
  expect(await states(a)).toEqual(["a ready"]);
  expect(messages()).toEqual([
    "node b has joined",
    "node b is lost: it has not been heard of",
    "node b is back",
    "node b is lost: it has not been heard of",
  ]);
});

test("a node is not lost because its clock is wrong, once it has been heard of twice", async () => {
  const { clock, node } = world();
  const [a, slow] = [node("a"), node("slow", {}, -3_600_000)];
  await slow.beat();
  expect(await states(a)).toEqual(["a ready", "slow lost"]);
  await slow.beat();
  expect(await states(a)).toEqual(["a ready", "slow ready"]);
  await clock.advance(9_000);
  expect(await states(a)).toEqual(["a ready", "slow ready"]);
});

test("a node that starts does not take the record of one that died long ago for alive", async () => {
  const { clock, node } = world();
  await node("dead").beat();
  await clock.advance(60_000);
  expect(await states(node("a"))).toEqual(["a ready", "dead lost"]);
});

test("a node that ends in order is gone at once, unless a later process goes by its name", async () => {
  const { node } = world();
  const [a, earlier] = [node("a"), node("b")];
  await earlier.beat();
  const later = node("b", { startedAt: 5 });
  await later.beat();
  await earlier.leave();
  expect((await a.get("acme", "b"))?.startedAt).toBe(5);
  await later.leave();
  expect(await a.get("acme", "b")).toBeNull();
});

test("agents are shown to operators of their tenant only (I7)", async () => {
  const { node } = world();
  const agents = ["acme", "globex"].map((tenantId) => ({
    ...{ tenantId, name: `of-${tenantId}`, revision: "r", replicas: 1, tasks: 1 },
  }));
  const directory = node("a", { agents, tasks: 2 });
  expect(await directory.list("acme")).toMatchObject([
    { tasks: 2, agents: [{ name: "of-acme", revision: "r", replicas: 1, tasks: 1 }] },
  ]);
  expect((await directory.get("third", "a"))?.agents).toEqual([]);
  expect(JSON.stringify(await directory.list("acme"))).not.toContain("globex");
});

test("what is no record of a node is passed over, and the only node on a store writes nothing", async () => {
  const { keyValue, node } = world();
  const scope = { tenantId: "system", namespace: "nodes" };
  await keyValue.put(scope, "rubbish", { name: 5 });
  expect(await states(node("a"))).toEqual(["a ready"]);
  await keyValue.delete(scope, "rubbish");
  const alone = node("a", {}, 0, false);
  await alone.beat();
  expect([await states(alone), await keyValue.list(scope)]).toEqual([["a ready"], []]);
});

test("a record that cannot be read hides no other node, and is told once until it can be read again", async () => {
  const { keyValue, node, messages } = world();
  const sealedBy = (key: string) => createSealedKeyValue(keyValue, createTestCodec([key]));
  const nodeOf = (name: string) => node(name, {}, 0, true, sealedBy("shared"));
  const spoil = () => sealedBy("lost").put({ tenantId: "system", namespace: "nodes" }, "bad", {});
  const a = nodeOf("a");
  await nodeOf("b").beat();
  await spoil();
  for (let beats = 0; beats < 3; beats += 1) await a.beat();
  expect(await states(a)).toEqual(["a ready", "b ready"]);
  const told = expect.stringContaining("the record of node bad is left out: the value nodes/bad of system cannot be");
  expect(messages()).toEqual([told]);
  await nodeOf("bad").beat();
  expect(await states(a)).toEqual(["a ready", "b ready", "bad ready"]);
  await spoil();
  await a.beat();
  expect(messages()).toEqual([told, "node bad has joined", told]);
});

test("a request to drain is heard by its node, and stays until it is taken back", async () => {
  const { node } = world();
  const [a, b] = [node("a"), node("b")];
  const heard: string[] = [];
  a.watchDrain(() => heard.push("a"));
  b.watchDrain(() => heard.push("b"));
  const request = { by: "ann", at: 1, graceMs: 30_000 };
  await a.requestDrain("b", request);
  await Promise.resolve();
  expect([await b.drainRequest("b"), await b.drainRequest("a"), heard]).toEqual([request, null, ["b"]]);
  expect([await a.withdrawDrain("b"), await a.withdrawDrain("b"), await b.drainRequest("b")]).toEqual([
    true,
    false,
    null,
  ]);
});
