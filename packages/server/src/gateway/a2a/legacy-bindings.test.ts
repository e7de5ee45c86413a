/** What A2A asks of a server, of 0.3 over each of its bindings. (1.0 over each of its: verify.test.ts.) */
import { afterEach, describe, expect, it } from "vitest";
import { describeAgent } from "../../../test/gateway/gateway-fixture.ts";
import {
  LEGACY_BINDINGS,
  type LegacyStream,
  type LegacyWire,
  startLegacyWires,
} from "../../../test/gateway/legacy-wires.ts";
import type { AgentDescription } from "../deps/agents.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const codeOf = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    await work;
  } catch (error) {
    return (error as { readonly code?: unknown }).code;
  }
  throw new Error("it did not fail");
};

const rest = async (stream: LegacyStream) => {
  const events = [];
  for (let event = await stream.next(); event !== null; event = await stream.next()) events.push(event);
  return events;
};

const ANN = "a".repeat(20);
const BOB = "b".repeat(20);

describe.each(LEGACY_BINDINGS)("0.3 over %s", (binding) => {
  const start = async (deps: Partial<GatewayDeps> = {}, agent: Partial<AgentDescription> = {}) => {
    const world = await startLegacyWires({ settings: { cancelWaitMs: 500 }, ...deps }, [describeAgent("echo", agent)]);
    ends.push(world.close);
    const sending = (headers: Readonly<Record<string, string>>): LegacyWire => world.wire(binding, headers);
    const as = (key?: string) => sending(key === undefined ? {} : { authorization: `Bearer ${key}` });
    return { ...world, wire: sending({}), sending, as };
  };

  it("CORE-EXECUTION-MODE-001: waits until the task ends or asks, and answers with its artifacts", async () => {
    const { wire } = await start();
    expect(await wire.send({ text: "hello" })).toMatchObject({ state: "completed", artifacts: ["hello"] });
    expect(await wire.send({ text: "ask" })).toMatchObject({ state: "input-required" });
    expect(await wire.send({ text: "authorize" })).toMatchObject({ state: "auth-required" });
    expect(await wire.send({ text: "fail" })).toMatchObject({ state: "failed" });
  });

  it("CORE-EXECUTION-MODE-002: does not wait when told so", async () => {
    const { wire } = await start();
    expect(await wire.send({ text: "hold", blocking: false })).toMatchObject({ state: "working" });
  });

  it("CORE-MULTI-001a, CORE-MULTI-003: makes ids, and keeps the context that was given", async () => {
    const { wire } = await start();
    const [one, two] = [await wire.send({ text: "x" }), await wire.send({ text: "x" })];
    expect(one.contextId).not.toBe("");
    expect(new Set([one.id, two.id, one.contextId, two.contextId]).size).toBe(4);
    expect((await wire.send({ text: "x", contextId: "mine" })).contextId).toBe("mine");
  });

  it("CORE-MULTI-004, CORE-MULTI-005, CORE-MULTI-006: follows a task up in its own context only", async () => {
    const { wire } = await start();
    const { id: taskId, contextId } = await wire.send({ text: "ask" });
    expect(await codeOf(wire.send({ text: "x", taskId: "nobody" }))).toBe(-32001);
    expect(await codeOf(wire.send({ text: "x", taskId, contextId: "another" }))).toBe(-32602);
    expect(await wire.send({ text: "blue", taskId })).toMatchObject({ id: taskId, contextId, state: "completed" });
  });

  it("AC-1.6-duplicates: the same messageId gives the same task", async () => {
    const { wire } = await start();
    const sent = { text: "x", messageId: "once" };
    expect((await wire.send(sent)).id).toBe((await wire.send(sent)).id);
  });

  it("CORE-SEND-002: takes no message to a task that has ended", async () => {
    const { wire } = await start();
    const { id: taskId } = await wire.send({ text: "x" });
    expect(await codeOf(wire.send({ text: "more", taskId }))).toBe(-32004);
  });

  it("CORE-SEND-003: refuses media types that the agent does not take", async () => {
    const { wire } = await start({}, { inputModes: ["text/plain"] });
    expect(await codeOf(wire.send({ image: "AAAA" }))).toBe(-32005);
    expect(await wire.send({ text: "x" })).toMatchObject({ state: "completed" });
  });

  it("AC-1.7-output-modes: refuses what the client could not take", async () => {
    const { wire, tasks } = await start({}, { outputModes: ["text/plain"] });
    expect(await codeOf(wire.send({ text: "x", outputModes: ["image/png"] }))).toBe(-32005);
    expect(tasks.tasks.size).toBe(0);
    expect(await wire.send({ text: "x", outputModes: ["text/*"] })).toMatchObject({ state: "completed" });
  });

  it("CORE-CAP-004: insists on an extension that is required", async () => {
    const uri = "https://extensions.test/audit/v2";
    const { wire, sending } = await start({}, { extensions: [{ uri, required: true }] });
    // 0.3 has no code of its own for it; gRPC has none at all, so there the reason says it.
    expect(await codeOf(wire.send({ text: "x" }))).toBe(binding === "GRPC" ? -32008 : -32004);
    expect(await sending({ "x-a2a-extensions": uri }).send({ text: "x" })).toMatchObject({ state: "completed" });
  });

  it("CORE-ERR-002: refuses a message without parts", async () => {
    const { wire, tasks } = await start();
    expect(await codeOf(wire.send({ noParts: true }))).toBe(-32602);
    expect(await codeOf(wire.stream({ noParts: true }))).toBe(-32602);
    expect(tasks.tasks.size).toBe(0);
  });

  it("CORE-GET-001, CORE-GET-002, CORE-HIST-003: reads a task, with the newest of its history", async () => {
    const { wire } = await start();
    const { id } = await wire.send({ text: "ask" });
    await wire.send({ text: "blue", taskId: id });
    const whole = await wire.get(id);
    expect(whole).toMatchObject({ id, state: "completed", history: ["ask", "Which one?", "blue"] });
    expect((await wire.get(id, 1)).history).toEqual(["blue"]);
    expect((await wire.send({ text: "x", historyLength: 1 })).history).toHaveLength(1);
    expect(await codeOf(wire.get("nobody"))).toBe(-32001);
  });

  it("CORE-CANCEL-001, CORE-CANCEL-002: cancels what has not ended, and again", async () => {
    const { wire } = await start();
    const { id } = await wire.send({ text: "hold", blocking: false });
    for (const _ of [1, 2]) expect(await wire.cancel(id)).toMatchObject({ id, state: "canceled" });
    expect(await codeOf(wire.cancel((await wire.send({ text: "x" })).id))).toBe(-32002);
    expect(await codeOf(wire.cancel("nobody"))).toBe(-32001);
  });

  it("CORE-STREAM-001..003: streams the task, then what happens to it, to its end or its question", async () => {
    const { wire } = await start();
    expect(await rest(await wire.stream({ text: "x" }))).toEqual([
      { kind: "task", state: "submitted" },
      { kind: "status", state: "working", final: false },
      { kind: "artifact" },
      { kind: "status", state: "completed", final: true },
    ]);
    expect((await rest(await wire.stream({ text: "ask" }))).at(-1)).toEqual({
      ...{ kind: "status", state: "input-required", final: true },
    });
  });

  it("STREAM-SUB-001, STREAM-SUB-002, STREAM-ORDER-001..004: subscribers see the task and all that follows", async () => {
    const { wire, tasks } = await start();
    const { id } = await wire.send({ text: "hold", blocking: false });
    const [one, two, three] = [await wire.resubscribe(id), await wire.resubscribe(id), await wire.resubscribe(id)];
    for (const stream of [one, two, three]) expect(await stream.next()).toEqual({ kind: "task", state: "working" });
    three.cancel();
    tasks.append(id, { type: "task.inputRequired", data: { path: "p", kind: "input", prompt: [{ text: "?" }] } });
    tasks.append(id, { type: "task.resumed", data: { reason: "input" } });
    tasks.append(id, { type: "task.completed", data: { output: "done" } });
    const seen = await rest(one);
    expect(seen.map(({ kind, state }) => state ?? kind)).toEqual([
      "input-required",
      "working",
      "artifact",
      "completed",
    ]);
    expect(seen.at(-1)).toMatchObject({ final: true });
    expect(await rest(two)).toEqual(seen);
  });

  it("STREAM-SUB-003, STREAM-SUB-004: there is no subscribing to what has ended or is not there", async () => {
    const { wire } = await start();
    expect(await codeOf(wire.resubscribe((await wire.send({ text: "x" })).id))).toBe(-32004);
    expect(await codeOf(wire.resubscribe("nobody"))).toBe(-32001);
  });

  it("PUSH-CREATE, PUSH-GET, PUSH-LIST, PUSH-DELETE: keeps push configurations, also of a message", async () => {
    const { wire } = await start();
    const push = { id: "c1", url: "https://hooks.test/1" };
    const { id } = await wire.send({ text: "hold", blocking: false, push });
    expect(await wire.getConfig(id, "c1")).toMatchObject(push);
    const other = { id: "c2", url: "https://hooks.test/2" };
    expect(await wire.setConfig(id, other)).toMatchObject(other);
    const changed = { ...other, url: "https://hooks.test/3" };
    await wire.setConfig(id, changed);
    expect(await wire.listConfigs(id)).toMatchObject([push, changed]);
    for (const _ of [1, 2]) await wire.deleteConfig(id, "c1");
    expect(await codeOf(wire.getConfig(id, "c1"))).toBe(-32001);
    expect(await codeOf(wire.setConfig("nobody", push))).toBe(-32001);
    expect(await codeOf(wire.listConfigs("nobody"))).toBe(-32001);
    for (const url of ["no url at all", "file:///etc/passwd"])
      expect(await codeOf(wire.setConfig(id, { id: "c3", url }))).toBe(-32602);
  });

  it("AC-1.14-anonymous, AC-1.14-foreign: shows nothing to strangers, and another caller its own only", async () => {
    const apiKeys = parseApiKeys([`${ANN} caller=ann`, `${BOB} caller=bob`]);
    const { as } = await start({ apiKeys });
    const { id, contextId } = await as(ANN).send({ text: "ask", contextId: "shared" });
    const strangers = [as().get(id), as().send({ text: "x" }), as().resubscribe(id), as("c".repeat(20)).get(id)];
    expect(new Set(await Promise.all(strangers.map(codeOf)))).toEqual(new Set(["unauthenticated"]));
    const bob = as(BOB);
    const foreign = [
      ...[bob.get(id), bob.cancel(id), bob.resubscribe(id), bob.send({ text: "x", taskId: id })],
      ...[bob.setConfig(id, { id: "c", url: "https://hooks.test/" }), bob.listConfigs(id)],
    ];
    expect(new Set(await Promise.all(foreign.map(codeOf)))).toEqual(new Set([-32001]));
    expect(await bob.send({ text: "x", contextId })).toMatchObject({ contextId, history: ["x"] });
    expect(await as(ANN).get(id)).toMatchObject({ state: "input-required" });
  });

  it("CARD-EXT-001, CARD-EXT-002, CORE-CAP-003: shows the extended card to those who authenticated", async () => {
    const apiKeys = parseApiKeys([`${ANN} caller=ann`]);
    const { as } = await start({ apiKeys }, { extendedCard: { description: "The whole of it" } });
    expect(await as(ANN).card()).toBe("The whole of it");
    expect(await codeOf(as().card())).toBe("unauthenticated");
    const without = await start({ apiKeys });
    expect(await codeOf(without.as(ANN).card())).toBe(-32004);
  });
});
