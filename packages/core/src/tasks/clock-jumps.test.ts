/** Somebody sets the machine's clock while tasks wait. */
import { expect, test } from "vitest";
import { define, EngineWorld } from "../../test/engine-world.ts";

const HOUR = 3_600_000;

test("a clock that is set back does not hold up what waits in memory for milliseconds", async () => {
  let tries = 0;
  const world = new EngineWorld([
    define("napper", (_, ctx) => ctx.sleep(500)),
    define("tryer", (_, ctx) =>
      ctx.step("flaky", () => {
        if (++tries < 2) throw new Error("not yet");
      }),
    ),
  ]);
  const napper = await world.submit("napper");
  const tryer = await world.submit("tryer");
  world.clock.jump(-HOUR);
  await world.advance(600);
  expect(await world.state(napper)).toBe("completed");
  expect(await world.state(tryer)).toBe("completed");
});

test("a clock that is set forward is noticed by what waits in memory within ten seconds", async () => {
  const world = new EngineWorld([
    define("parent", async (_, ctx) => {
      // Its child keeps the parent in memory.
      void ctx.command({ agent: "busy" }, {}).catch(() => undefined);
      await ctx.sleep(HOUR);
      return "rested";
    }),
    define("busy", (_, ctx) => ctx.step("work", () => new Promise(() => {}))),
  ]);
  const taskId = await world.submit("parent");
  world.clock.jump(HOUR);
  await world.advance(10_000);
  expect(await world.last(taskId)).toMatchObject({ type: "task.completed", data: { output: "rested" } });
});
