/** Agents that decide not to do a task. */
import { type PlatformError, RejectedError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";

const picky = define("picky", async (task, ctx) => {
  if (task.input === "at once") throw new RejectedError("not my field");
  await ctx.step("look", () => 1);
  throw new RejectedError("too small an order");
});

for (const [when, input, commits, reason] of [
  ["at once, with the commit that creates it", "at once", 1, "not my field"],
  ["later", "later", 2, "too small an order"],
] as const)
  test(`a task is rejected ${when}`, async () => {
    const world = new EngineWorld([picky]);
    const taskId = await world.submit("picky", input);
    expect([await world.state(taskId), world.commits]).toEqual(["rejected", commits]);
    expect(await world.last(taskId)).toMatchObject({
      type: "task.rejected",
      data: { error: { code: "REJECTED", message: reason } },
    });
    const { status } = await (await world.alive()).service.view(SCOPE, taskId);
    expect(status).toMatchObject({
      state: "TASK_STATE_REJECTED",
      message: { parts: [{ text: `REJECTED: ${reason}` }] },
    });
  });

test("a parent hears that its child was rejected and why; not caught, that is its failure and no rejection of its own", async () => {
  const world = new EngineWorld([
    picky,
    define("careful", (_, ctx) =>
      ctx.command({ agent: "picky" }, 1).catch((error: PlatformError) => `${error.code}: ${error.message}`),
    ),
    define("careless", (_, ctx) => ctx.command({ agent: "picky" }, 1)),
  ]);
  expect(outputOf(await world.last(await world.submit("careful")))).toBe("REJECTED: too small an order");
  expect(await world.last(await world.submit("careless"))).toMatchObject({
    type: "task.failed",
    data: { error: { code: "REJECTED" } },
  });
});

test("a cancel that was committed first stands", async () => {
  const world = new EngineWorld([
    define("slow", async (_, ctx) => {
      await ctx.waitForInput("?").catch(() => undefined);
      throw new RejectedError("no");
    }),
  ]);
  const taskId = await world.submit("slow");
  await world.cancel(taskId);
  expect(await world.state(taskId)).toBe("canceled");
});
