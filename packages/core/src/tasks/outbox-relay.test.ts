import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, SCOPE } from "../../test/engine-world.ts";

test("an event whose subscribers cannot be told now stays in the outbox, and is carried when they can", async () => {
  const world = new EngineWorld([
    define("emitter", (_, ctx) => ctx.emit("loan.decided", 1, { durable: true })),
    define("listener", () => "heard", { subscribes: ["loan.decided"] }),
  ]);
  const { engine } = await world.alive();
  const { subscribers } = engine.router;
  engine.router.subscribers = async () => {
    throw new PlatformError("STORE_UNAVAILABLE", "the key-value is away");
  };
  await world.submit("emitter");
  await world.advance(5_000);
  expect((await world.store.takeOutbox(10)).rows).toHaveLength(1);
  engine.router.subscribers = subscribers;
  await world.advance(2_000);
  expect((await world.store.takeOutbox(10)).rows).toEqual([]);
  expect((await world.heads()).map(({ agent, state }) => [agent, state])).toContainEqual(["listener", "completed"]);
});

test("a tenant whose subscribers cannot be told holds up nobody else's events, and gets its own when they can", async () => {
  const world = new EngineWorld([
    define("emitter", (_, ctx) => ctx.emit("loan.decided", 1, { durable: true })),
    define("listener", () => "heard", { subscribes: ["loan.decided"] }),
  ]);
  const { engine } = await world.alive();
  const { subscribers } = engine.router;
  const asked: string[] = [];
  engine.router.subscribers = async (tenantId) => {
    asked.push(tenantId);
    if (tenantId === SCOPE.tenantId) throw new PlatformError("PAYLOAD_UNREADABLE", "no key");
    return subscribers(tenantId);
  };
  const listenersOf = async (tenantId: string) =>
    (await world.store.list({ tenantId, agent: "listener", limit: 10 })).heads.map(({ state }) => state);
  for (let round = 0; round < 3; round++) await world.submit("emitter");
  await world.submit("emitter", undefined, {}, { tenantId: "other", caller: "bob" });
  await world.advance(5_000);
  expect([await listenersOf("other"), await listenersOf(SCOPE.tenantId)]).toEqual([["completed"], []]);
  expect((await world.store.takeOutbox(10)).rows.map(({ tenantId }) => tenantId)).toEqual(
    Array(3).fill(SCOPE.tenantId),
  );
  // Neither asked each second for ever, nor said more than once a minute.
  const before = asked.length;
  await world.advance(50_000);
  expect(asked).toHaveLength(before);
  expect(world.logger.records.filter(({ message }) => message === "events not delivered: no key")).toHaveLength(1);
  engine.router.subscribers = subscribers;
  await world.advance(60_000);
  expect(await listenersOf(SCOPE.tenantId)).toEqual(Array(3).fill("completed"));
  expect((await world.store.takeOutbox(10)).rows).toEqual([]);
});

test("subscribers are asked for once a batch and tenant, whatever its topics", async () => {
  const world = new EngineWorld([
    define("emitter", async (_, ctx) => {
      await Promise.all(["a", "b", "c"].map((topic) => ctx.emit(topic, 1, { durable: true })));
    }),
    define("listener", () => "heard", { subscribes: ["a", "c"] }),
  ]);
  const { engine } = await world.alive();
  const { subscribers } = engine.router;
  let asked = 0;
  engine.router.subscribers = (tenantId) => {
    asked++;
    return subscribers(tenantId);
  };
  await world.submit("emitter");
  await world.advance(1_000);
  expect((await world.heads()).filter(({ agent }) => agent === "listener")).toHaveLength(2);
  expect(asked).toBe(1);
});
