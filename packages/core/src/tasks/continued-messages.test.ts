/** Messages that come around `ctx.continueAs`: the code that goes on is told of each, once (I5). */
import type { A2AMessage } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Crash, codeOf, define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";

const idsOf = (messages: readonly A2AMessage[]): string[] => messages.map(({ messageId }) => messageId);

/** As a caller who asks again when the process died before it answered. */
const tell = async (world: EngineWorld, taskId: string, messageId: string): Promise<void> => {
  for (let isTaken = false; !isTaken; ) {
    const { service } = await world.alive();
    const message: A2AMessage = { messageId, role: "ROLE_USER", parts: [{ text: messageId }] };
    void service.send(SCOPE, taskId, message).then(() => {
      isTaken = true;
    });
    await world.quiet();
  }
};

test("a message that comes after the code's last look is there when it goes on", async () => {
  const world = new EngineWorld([
    define("sleeper", async (task, ctx) => {
      if (task.continuedFrom !== undefined) return [task.continuedFrom, idsOf(ctx.messages)];
      await ctx.sleep(10_000);
      const heard = idsOf(ctx.messages);
      await ctx.sleep(10_000);
      return ctx.continueAs(heard);
    }),
  ]);
  const taskId = await world.submit("sleeper");
  await tell(world, taskId, "m1");
  await world.advance(11_000);
  await tell(world, taskId, "m2");
  await world.advance(11_000);
  expect(outputOf(await world.last(taskId))).toEqual([["m1"], ["m2"]]);
});

test("what the code was given as an answer is not there again", async () => {
  const world = new EngineWorld([
    define("asker", async (task, ctx) => {
      if (task.continuedFrom !== undefined) return [task.continuedFrom, idsOf(ctx.messages)];
      const answers = [await ctx.waitForInput("first?"), await ctx.waitForInput("second?")];
      return ctx.continueAs(answers);
    }),
  ]);
  const taskId = await world.submit("asker");
  await tell(world, taskId, "m1");
  world.crash();
  await tell(world, taskId, "m2");
  expect(outputOf(await world.last(taskId))).toEqual([["m1", "m2"], []]);
});

test("a message that nobody looks at is there after any number of times", async () => {
  const world = new EngineWorld([
    define("deaf", async (task, ctx) => {
      const round = Number(task.continuedFrom ?? 0);
      await ctx.sleep(10_000);
      return round === 3 ? idsOf(ctx.messages) : ctx.continueAs(round + 1);
    }),
  ]);
  const taskId = await world.submit("deaf");
  await tell(world, taskId, "m1");
  await world.advance(41_000);
  expect(outputOf(await world.last(taskId))).toEqual(["m1"]);
});

test("wherever its process dies and whenever they come, the code hears each message once, in order", async () => {
  const crash = fc.record({
    commit: fc.integer({ min: 2, max: 25 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 6 }),
      fc.array(crash, { maxLength: 3 }),
      fc.constantFrom(0, 300, 2000),
      async (gaps, crashes: Crash[], pauseMs) => {
        const world: EngineWorld = new EngineWorld(
          [
            define("looper", async (task, ctx) => {
              const { heard, round } = (task.continuedFrom ?? { heard: [], round: 0 }) as {
                heard: readonly string[];
                round: number;
              };
              const said = [...heard, ...idsOf(ctx.messages)];
              // It comes at the time of the checkpoint: before, with it, or while it is on its way.
              await ctx.step("talk", () => void tell(world, task.id, `own ${round}`));
              if (pauseMs > 0) await ctx.sleep(pauseMs);
              if (round < 3) return ctx.continueAs({ heard: said, round: round + 1 });
              await ctx.sleep(60_000);
              return [...heard, ...idsOf(ctx.messages)];
            }),
          ],
          { crashes },
        );
        const taskId = await world.submit("looper");
        for (const [index, gap] of gaps.entries()) {
          await world.advance(gap);
          await tell(world, taskId, `other ${index}`);
        }
        await world.advance(120_000);
        const heard = outputOf(await world.last(taskId)) as string[];
        const wanted = ["own 0", "own 1", "own 2", "own 3", ...gaps.map((_, index) => `other ${index}`)];
        expect([...heard].sort()).toEqual(wanted.sort());
        const taken = (await world.log(taskId)).flatMap((event) =>
          event.type === "message.added" ? [event.data.message.messageId] : [],
        );
        expect(heard).toEqual(taken);
      },
    ),
    { numRuns: 60, seed: 5 },
  );
});

test("code that reads none of its messages is told when they are too many to go on with", async () => {
  const world = new EngineWorld([
    define("deaf", async (_, ctx) => {
      await ctx.sleep(10_000);
      return ctx.continueAs(1);
    }),
  ]);
  const taskId = await world.submit("deaf");
  for (let count = 0; count < 3; count++) await world.say(taskId, { text: "x".repeat(6 * 1024 * 1024) });
  await world.advance(11_000);
  const end = await world.last(taskId);
  expect(codeOf(end)).toBe("TOO_LARGE");
  expect(JSON.stringify(end)).toContain("ctx.messages");
});
