import { expect, test } from "vitest";
import { define, EngineWorld, SCOPE } from "../../test/engine-world.ts";
import { isoTime } from "./index.ts";

test("progress of a task that asks moves neither its status nor its time in a list", async () => {
  const world = new EngineWorld([
    define("asker", async (_, ctx) => {
      const answer = ctx.waitForInput("?");
      await ctx.sleep(1_000);
      await ctx.progress("meanwhile");
      return answer;
    }),
  ]);
  const taskId = await world.submit("asker");
  await world.quiet();
  const { service } = await world.alive();
  const listed = async () => (await service.list(SCOPE, {})).heads[0]?.updatedAt ?? 0;
  const asked = await listed();
  await world.advance(1_000);
  expect(await world.types(taskId)).toContain("task.progressed");
  expect(await listed()).toBe(asked);
  expect((await service.view(SCOPE, taskId)).status.timestamp).toBe(isoTime(asked));
  await world.say(taskId, "yes");
  expect(await world.state(taskId)).toBe("completed");
  expect(await listed()).toBeGreaterThan(asked);
});

test("a list tells of each task the time of its status, as the task itself does, finds it and sorts by it, also after progress", async () => {
  const world = new EngineWorld([
    define("worker", async (_, ctx) => {
      await ctx.sleep(1_000);
      await ctx.progress("half", 0.5);
      await ctx.step("s", () => 1);
      await ctx.sleep(60_000);
    }),
  ]);
  const first = await world.submit("worker");
  await world.advance(500);
  const begun = world.clock.now();
  const second = await world.submit("worker");
  await world.advance(700);
  const { service } = await world.alive();
  const { tasks, heads } = await service.list(SCOPE, { views: {} });
  // The first has told of progress since the second began.
  expect(tasks.map(({ id }) => id)).toEqual([first, second]);
  for (const [index, { id, status }] of tasks.entries()) {
    expect((await service.view(SCOPE, id)).status).toEqual(status);
    expect(status.timestamp).toBe(isoTime(heads[index]?.updatedAt ?? 0));
  }
  const since = async (updatedSince: number) =>
    (await service.list(SCOPE, { updatedSince })).heads.map(({ taskId }) => taskId);
  expect(await since(begun + 1)).toEqual([first]);
});
