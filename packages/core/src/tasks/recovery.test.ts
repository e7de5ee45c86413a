/** I10: nothing stays working for ever; what cannot go on is parked, visible and retriable. */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, outputOf } from "../../test/engine-world.ts";
import { wrapWholeStore } from "../../test/wrap-store.ts";

test("after five claims without a new event a task is parked; retry goes on (I10)", async () => {
  let poison = true;
  let started = 0;
  const world: EngineWorld = new EngineWorld([
    define("killer", async (_, ctx) => {
      await ctx.step("calm", () => 1);
      return ctx.step("poison", async () => {
        started++;
        // Long enough for everything that is known to be written.
        for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
        if (poison) {
          world.crash();
          return new Promise(() => {});
        }
        return "survived";
      });
    }),
  ]);
  const taskId = await world.submit("killer");
  for (let lives = 0; lives < 10; lives++) for (let turns = 0; turns < 10; turns++) await world.quiet();
  expect(codeOf(await world.last(taskId))).toBe("ATTEMPTS_EXHAUSTED");
  // The life that wrote the last event, and five claims.
  expect(started).toBe(6);
  poison = false;
  await world.retry(taskId);
  for (let turns = 0; turns < 10; turns++) await world.quiet();
  expect(outputOf(await world.last(taskId))).toBe("survived");
});

test("orphaned work is continued without a person (I10)", async () => {
  const world = new EngineWorld(
    [define("worker", async (_, ctx) => (await ctx.step("a", () => 1)) + (await ctx.step("b", () => 2)))],
    { crashes: [{ commit: 2, when: "before" }] },
  );
  const taskId = await world.submit("worker");
  expect(outputOf(await world.last(taskId))).toBe(3);
});

const original = define("x", async (_, ctx) => {
  await ctx.step("a", () => 1);
  await ctx.sleep(60_000);
  return "done";
});
const cases = [
  ["a removed step", define("x", async (_, ctx) => ctx.sleep(60_000)), "step:a"],
  ["a step that became a command", define("x", async (_, ctx) => ctx.command({ agent: "x" }, 1)), "step:a"],
  ["a changed input", define("x", async (_, ctx) => (await ctx.step("a", () => 1), ctx.sleep(1))), "sleep:sleep"],
] as const;
for (const [name, changed, path] of cases) {
  test(`${name} parks the task with both sides shown; retry with that code parks it once more, with the old code it goes on`, async () => {
    const world = new EngineWorld([original]);
    const taskId = await world.submit("x");
    world.change(changed);
    world.crash();
    await world.advance(61_000);
    const parked = await world.last(taskId);
    expect(codeOf(parked)).toBe("NON_DETERMINISTIC");
    const details = parked?.type === "task.parked" ? parked.data.error.details : {};
    expect(JSON.stringify(details)).toContain(path);
    expect(Object.keys(details ?? {})).toEqual(expect.arrayContaining(["recorded", "asked"]));
    await world.retry(taskId);
    await world.advance(5000);
    const types = await world.types(taskId);
    expect(types.filter((type) => type === "task.parked")).toHaveLength(2);
    world.change(original);
    await world.retry(taskId);
    await world.advance(61_000);
    expect(outputOf(await world.last(taskId))).toBe("done");
  });
}

test("a revision that cannot be loaded parks the task once; when it is back, retry goes on (I10)", async () => {
  const world = new EngineWorld([original]);
  const taskId = await world.submit("x");
  world.remove("x");
  world.crash();
  await world.advance(61_000);
  expect(codeOf(await world.last(taskId))).toBe("REVISION_UNAVAILABLE");
  await world.retry(taskId);
  await world.advance(5000);
  expect((await world.types(taskId)).filter((type) => type === "task.parked")).toHaveLength(2);
  world.change(original);
  await world.retry(taskId);
  await world.advance(61_000);
  expect(outputOf(await world.last(taskId))).toBe("done");
});

test("while nothing can be written, what a step does is not done over and over; when it can, the task goes on soon (I10)", async () => {
  let isFull = true;
  let done = 0;
  const world = new EngineWorld(
    [define("payer", (_, ctx) => ctx.step("pay", () => ++done)), define("other", () => Promise.resolve("ok"))],
    {
      wrap: (store) =>
        wrapWholeStore(store, async (name, ask) => {
          // A claim writes nothing where nothing is due.
          if (name === "commit" && isFull && done > 0) throw new PlatformError("STORE_UNAVAILABLE", "the disk is full");
          return ask();
        }),
    },
  );
  const taskId = await world.submit("payer");
  await world.advance(3_600_000);
  expect(done).toBeGreaterThan(1);
  expect(done).toBeLessThan(140);
  isFull = false;
  const other = await world.submit("other");
  expect(outputOf(await world.last(other))).toBe("ok");
  await world.advance(250);
  expect(outputOf(await world.last(taskId))).toBe(done);
});

for (const method of ["readLog", "commit"] as const) {
  test(`a store that fails to ${method} for a moment leaves nothing stuck (I10)`, async () => {
    let failing = false;
    const world = new EngineWorld([original], {
      wrap: (store) =>
        wrapWholeStore(store, async (name, ask) => {
          if (name === method && failing) throw new PlatformError("STORE_UNAVAILABLE", "no disk");
          return ask();
        }),
    });
    const taskId = await world.submit("x");
    await world.advance(59_900);
    failing = true;
    await world.advance(700);
    failing = false;
    await world.advance(3000);
    expect(outputOf(await world.last(taskId))).toBe("done");
  });
}
