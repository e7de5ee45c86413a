/** Code that was changed under tasks that run: noticed before anything is lost by it (I3, I10). */
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, outputOf, Pause } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

test("code that comes to something new before a wait that the log has open is parked, not left without the end of that wait", async () => {
  const child = define("child", async (_, ctx) => {
    await ctx.sleep(5000);
    return "grown up";
  });
  const before = define("parent", (_, ctx) => ctx.command({ agent: "child" }, {}));
  const after = define("parent", async (_, ctx) => {
    // The child ends meanwhile, and nobody waits for it yet.
    await ctx.sleep(60_000);
    return ctx.command({ agent: "child" }, {});
  });
  const world = new EngineWorld([before, child]);
  const taskId = await world.submit("parent");
  await world.advance(1000);
  world.crash();
  world.change(after);
  await world.advance(6000);
  expect(codeOf(await world.last(taskId))).toBe("NON_DETERMINISTIC");
  // As it was, it goes on from its log.
  world.crash();
  world.change(before);
  await world.advance(10_000);
  await world.retry(taskId);
  await world.advance(1000);
  expect(await world.last(taskId)).toMatchObject({ type: "task.completed", data: { output: "grown up" } });
});

test("code that goes on in a fresh log past a wait that the log has open is parked, with the wait", async () => {
  const child = define("child", async (_, ctx) => {
    await ctx.sleep(5000);
    return "grown up";
  });
  const before = define("parent", async (_, ctx) => {
    await ctx.sleep(1);
    return ctx.command({ agent: "child" }, {});
  });
  const world = new EngineWorld([before, child]);
  const taskId = await world.submit("parent");
  await world.advance(1000);
  world.crash();
  world.change(
    define("parent", async (task, ctx) => {
      await ctx.sleep(1);
      return task.continuedFrom ?? ctx.continueAs("without the child");
    }),
  );
  await world.advance(6000);
  expect(codeOf(await world.last(taskId))).toBe("NON_DETERMINISTIC");
  expect(await world.types(taskId)).not.toContain("checkpoint.created");
  world.crash();
  world.change(before);
  await world.retry(taskId);
  await world.advance(1000);
  expect(outputOf(await world.last(taskId))).toBe("grown up");
});

test("a task that was parked in the clean-up after a cancel can be canceled once more", async () => {
  const before = define("asker", async (_, ctx) => {
    await ctx.step("first", () => 1);
    return ctx.waitForInput("?");
  });
  const world = new EngineWorld([before]);
  const taskId = await world.submit("asker");
  world.crash();
  world.change(
    define("asker", async (_, ctx) => {
      await ctx.step("first", () => 1);
      try {
        return await ctx.waitForInput("?");
      } finally {
        // Nothing that comes through ctx.
        await new Promise(() => {});
      }
    }),
  );
  await world.cancel(taskId);
  await world.advance(10_000);
  expect(codeOf(await world.last(taskId))).toBe("OUTSIDE_AWAIT");
  await world.cancel(taskId);
  expect(await world.state(taskId)).toBe("canceled");
});

test("mail that is read while a task is being parked is still there when it goes on", async () => {
  const child = define("child", async (_, ctx) => {
    await ctx.sleep(5000);
    return "grown up";
  });
  const before = define("parent", (_, ctx) => ctx.command({ agent: "child" }, {}));
  const read = new Pause();
  let taskId = "";
  const world = new EngineWorld([before, child], {
    wrap: (store) =>
      wrapStore(store, {
        mailbox: async (next, key) => (key.taskId === taskId ? read.pass(await next(key)) : next(key)),
      }),
  });
  taskId = await world.submit("parent");
  await world.advance(1000);
  world.crash();
  world.change(define("parent", () => "something else"));
  // The child has ended; its parent's mailbox is read when it has just turned out that the parent must be parked.
  read.arm();
  const { logger } = world;
  const log = logger.log;
  Object.assign(logger, {
    log: (...given: Parameters<typeof log>) => {
      log(...given);
      if (read.isHolding && given[1].startsWith("task parked")) read.open();
    },
  });
  await world.advance(6000);
  expect(read.isHolding).toBe(false);
  expect(codeOf(await world.last(taskId))).toBe("NON_DETERMINISTIC");
  world.change(before);
  await world.retry(taskId);
  await world.advance(1000);
  expect(await world.last(taskId)).toMatchObject({ type: "task.completed", data: { output: "grown up" } });
});
