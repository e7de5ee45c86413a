import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld } from "../../test/engine-world.ts";

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
