/** Tasks of an agent that this node cannot run, and perhaps no other: they wait, but can be ended (I10). */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld } from "../../test/engine-world.ts";

const asker = define("asker", async (_, ctx) => `heard ${await ctx.waitForInput<string>("?")}`);
const broken = new PlatformError("INVALID_ARGUMENT", "a package is missing");

/** A task that waits in the store; from `leave` on the agent does not load here, and is left to others. */
const asleep = async (how: "gone" | "throws", deadlineInMs?: number) => {
  let isLeft = false;
  const world: EngineWorld = new EngineWorld([asker], {
    wrapLoad: (load) => (revision) => {
      if (!isLeft) return load(revision);
      world.capacities.set("acme/asker", 0);
      if (how === "throws") throw broken;
      return null;
    },
  });
  const taskId = await world.submit(
    "asker",
    undefined,
    deadlineInMs === undefined ? {} : { deadline: world.clock.now() + deadlineInMs },
  );
  world.crash();
  await world.quiet();
  return { world, taskId, leave: () => void (isLeft = true) };
};

for (const how of ["gone", "throws"] as const) {
  test(`mail for a task whose agent is left to others does not park it, when its code ${how}`, async () => {
    const { world, taskId, leave } = await asleep(how);
    leave();
    await world.say(taskId, "you");
    await world.advance(10_000);
    expect(await world.state(taskId)).toBe("input-required");
  });

  test(`a cancel ends a task that is found to be for others, when its code ${how}`, async () => {
    const { world, taskId, leave } = await asleep(how);
    leave();
    await world.cancel(taskId);
    await world.advance(1000);
    expect(await world.state(taskId)).toBe("canceled");
    expect((await world.types(taskId)).slice(-3)).toEqual(["task.parked", "task.cancelRequested", "task.canceled"]);
  });
}

test("a task that is found to be for others after its deadline is parked, and can be canceled", async () => {
  const { world, taskId, leave } = await asleep("gone", 60_000);
  leave();
  await world.advance(61_000);
  expect([await world.state(taskId), codeOf(await world.last(taskId))]).toEqual(["parked", "REVISION_UNAVAILABLE"]);
  await world.cancel(taskId);
  await world.advance(1000);
  expect(await world.state(taskId)).toBe("canceled");
});

test("a parked task of an agent scaled to zero, or that nobody runs, is canceled; a retry waits", async () => {
  const { world, taskId } = await asleep("gone");
  world.remove("asker");
  await world.say(taskId, "you");
  await world.advance(1000);
  expect(await world.state(taskId)).toBe("parked");
  world.capacities.set("acme/asker", 0);
  await world.retry(taskId);
  await world.advance(10_000);
  expect(await world.state(taskId)).toBe("parked");
  await world.cancel(taskId);
  await world.advance(1000);
  expect(await world.state(taskId)).toBe("canceled");
});
