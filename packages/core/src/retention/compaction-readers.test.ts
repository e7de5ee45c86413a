/** I6 while logs are folded under their readers, and I3 for tasks whose log was folded while they waited. */
import { submissionOf, type TaskEvent } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { define, EngineWorld, SCOPE } from "../../test/engine-world.ts";
import { viewTask } from "../tasks/view.ts";
import { compactTask } from "./compact-task.ts";

const looper = (rounds: number, ran: number[]) =>
  define("looper", async (task, ctx) => {
    const round = (task.continuedFrom as number | undefined) ?? 0;
    await ctx.step("work", () => ran.push(round));
    await ctx.artifact({ name: "log", text: `${round} `, append: round > 0 });
    await ctx.sleep(2000);
    if (round < rounds) await ctx.continueAs(round + 1);
    return round;
  });

test("readers anywhere in a log that is folded meanwhile see each number once, in order, and the same task (I6)", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ after: fc.nat(12), joins: fc.nat(6) }), { minLength: 1, maxLength: 6 }),
      async (readers) => {
        const ran: number[] = [];
        const world = new EngineWorld([looper(5, ran)]);
        const taskId = await world.submit("looper");
        const whole = new Map<number, TaskEvent>();
        const reading: Promise<{ readonly after: number; readonly seen: readonly TaskEvent[] }>[] = [];
        const read = async (after: number) => {
          const seen: TaskEvent[] = [];
          for await (const event of (await world.alive()).service.events(SCOPE, taskId, { after })) seen.push(event);
          return { after, seen };
        };
        for (let round = 0; round <= 6; round++) {
          for (const event of await world.log(taskId)) if (event.type !== "log.compacted") whole.set(event.seq, event);
          for (const { after, joins } of readers) if (joins === round) reading.push(read(after));
          const head = await world.store.head({ tenantId: SCOPE.tenantId, taskId });
          if (head !== null && round % 2 === 1)
            await compactTask(world.store, head, { before: Number.POSITIVE_INFINITY, dryRun: false });
          await world.advance(2000);
        }
        await world.advance(10_000);
        for (const event of await world.log(taskId)) if (event.type !== "log.compacted") whole.set(event.seq, event);
        const log = [...whole.values()].sort((left, right) => left.seq - right.seq);
        expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
        expect([...ran]).toEqual([0, 1, 2, 3, 4, 5]);
        for (const { after, seen } of await Promise.all(reading)) {
          const numbers = seen.map(({ seq }) => seq);
          expect(numbers).toEqual([...new Set(numbers)].sort((left, right) => left - right));
          expect(numbers.at(-1)).toBe(log.length);
          // Where numbers are missing stands a fold that holds what they said.
          for (const [index, { type, seq }] of seen.entries())
            if (seq !== (seen[index - 1]?.seq ?? after) + 1) expect(type).toBe("log.compacted");
          const missed = log.filter(({ seq }) => seq <= after);
          expect(viewTask(taskId, [...missed, ...seen])).toEqual(viewTask(taskId, log));
        }
      },
    ),
    { numRuns: 15, seed: 1 },
  );
});

test("a task goes on from a folded log in a new process: no recorded step runs again, and its view stays (I3)", async () => {
  const ran: number[] = [];
  const world = new EngineWorld([looper(3, ran)]);
  const taskId = await world.submit("looper");
  await world.advance(4500);
  const before = await world.log(taskId);
  const head = await world.store.head({ tenantId: SCOPE.tenantId, taskId });
  if (head === null) throw new Error("no head");
  expect(await compactTask(world.store, head, { before: world.clock.now(), dryRun: false })).toBeGreaterThan(3);
  const folded = await world.log(taskId);
  expect(folded.length).toBeLessThan(before.length);
  expect(submissionOf(folded[0])?.data).toEqual(before[0]?.data);
  expect(viewTask(taskId, folded)).toEqual(viewTask(taskId, before));
  world.crash();
  await world.advance(20_000);
  expect(ran).toEqual([0, 1, 2, 3]);
  expect(await world.state(taskId)).toBe("completed");
});
