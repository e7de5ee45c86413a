import { AgentManifest, API_VERSION } from "@agentcore/contract";
import { expect, test } from "vitest";
import { AgentTriggers } from "./agent-triggers.ts";

const open = async (...triggers: readonly unknown[]) =>
  new AgentTriggers((text) => String(text.length)).of(
    AgentManifest.parse({
      ...{ apiVersion: API_VERSION, kind: "Agent", metadata: { name: "keeper" } },
      spec: { model: "m", triggers },
    }),
  );
const event = (payload: unknown) => ({ id: "e1", topic: "order.paid", source: "shop", payload });

test("a trigger chooses by its condition, and makes key and input of the event", async () => {
  const [trigger] = await open({
    topic: "order.*",
    where: "event.payload.total >= 100.0 && event.source == 'shop'",
    correlate: "event.payload.order",
    input: { order: "${event.payload.order}", text: "paid: ${event.payload.total}", fixed: [1] },
  });
  expect(trigger?.topic).toBe("order.*");
  expect(trigger?.select(event({ total: 99, order: 7 }))).toBeNull();
  expect(trigger?.select(event({ total: 120, order: 7 }))).toEqual({
    input: { order: 7, text: "paid: 120", fixed: [1] },
    key: "7",
  });
  // The number and the text are not the same case.
  expect(trigger?.select(event({ total: 120, order: "7" }))?.key).toBe('"7"');
  expect(() => trigger?.select(event({ order: 7 }))).toThrow(/total/);
});

test("without more it gets every event as it is, each in a task of its own", async () => {
  const [all, keyed] = await open({ topic: "*" }, { topic: "*", correlate: "event.payload.order" });
  expect(all?.select(event(1))).toEqual({ input: event(1), key: null });
  for (const order of [null, ""]) expect(keyed?.select(event({ order }))?.key).toBeNull();
});

test("the same trigger is compiled once, another has another id", async () => {
  const triggers = new AgentTriggers((text) => text);
  const manifest = (where: string) =>
    AgentManifest.parse({
      ...{ apiVersion: API_VERSION, kind: "Agent", metadata: { name: "keeper" } },
      spec: { model: "m", triggers: [{ topic: "a", where }] },
    });
  const [first] = await triggers.of(manifest("event.payload > 1"));
  expect((await triggers.of(manifest("event.payload > 1")))[0]).toBe(first);
  expect((await triggers.of(manifest("event.payload > 2")))[0]).not.toBe(first);
});

test.for([
  [{ where: "event.payload >" }, "spec.triggers.0.where"],
  [{ where: "input.x == 1" }, "spec.triggers.0.where"],
  [{ where: "'yes'" }, "spec.triggers.0.where"],
  [{ correlate: "nodes.a" }, "spec.triggers.0.correlate"],
  [{ input: { a: "${event.payload.}" } }, "spec.triggers.0.input"],
] as const)("what is wrong is refused with its place: %j", async ([member, field]) => {
  const refused = { code: "INVALID_ARGUMENT", violations: [{ field }] };
  await expect(open({ topic: "a", ...member })).rejects.toMatchObject(refused);
});

test("a topic that is none is refused by the schema", async () => {
  await expect(open({ topic: "a.*.b" })).rejects.toThrow(/loan\.decided/);
});

test("a pause is in milliseconds, and the number of events goes into an input that is the event as it is", async () => {
  const [plain, bounded, made] = await open(
    { topic: "*" },
    { topic: "*", debounce: "30s", maxWait: "10m" },
    { topic: "*", debounce: "2s", input: { to: "${event.topic}" } },
  );
  expect(plain?.debounce).toBeUndefined();
  expect(bounded?.debounce).toEqual({ quietMs: 30_000, maxWaitMs: 600_000, counts: true });
  expect(made?.debounce).toEqual({ quietMs: 2_000, maxWaitMs: undefined, counts: false });
});

test("a longest wait without a pause, or below it, is refused, and a pause beyond a day", async () => {
  const places = async (trigger: object): Promise<readonly unknown[]> => {
    const parsed = AgentManifest.safeParse({
      ...{ apiVersion: API_VERSION, kind: "Agent", metadata: { name: "keeper" } },
      spec: { model: "m", triggers: [{ topic: "*", ...trigger }] },
    });
    return (parsed.error?.issues ?? []).map(({ path }) => path.join("."));
  };
  expect(await places({ maxWait: "1m" })).toEqual(["spec.triggers.0.maxWait"]);
  expect(await places({ debounce: "1m", maxWait: "30s" })).toEqual(["spec.triggers.0.maxWait"]);
  expect(await places({ debounce: "2d" })).toEqual(["spec.triggers.0.debounce"]);
  expect(await places({ debounce: "1m", maxWait: "1m" })).toEqual([]);
});
