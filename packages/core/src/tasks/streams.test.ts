/** I6: every reader sees every event once, in order, from any number. */
import type { TaskEvent } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { define, EngineWorld, gate, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

test("readers that come at any time and begin anywhere see each event once, in order, up to the end (I6)", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.record({ after: fc.nat(12), joins: fc.nat(8) }), { minLength: 1, maxLength: 12 }),
      async (steps, readers) => {
        const world = new EngineWorld([
          define("talker", async (_, ctx) => {
            for (let step = 0; step < steps; step++) {
              await ctx.step("work", () => step);
              await ctx.progress(`${step}`);
              await ctx.sleep(100);
            }
          }),
        ]);
        const taskId = await world.submit("talker");
        const { service } = await world.alive();
        const reading: Promise<{ readonly after: number; readonly seen: readonly number[] }>[] = [];
        const read = async (after: number) => {
          const seen: number[] = [];
          for await (const { seq } of service.events(SCOPE, taskId, { after }) as AsyncIterable<TaskEvent>)
            seen.push(seq);
          return { after, seen };
        };
        for (let round = 0; round <= 8; round++) {
          for (const { after, joins } of readers) if (joins === round) reading.push(read(after));
          await world.advance(100);
        }
        await world.advance(2000);
        const last = (await world.log(taskId)).length;
        for (const { after, seen } of await Promise.all(reading)) {
          expect(seen).toEqual(Array.from({ length: Math.max(0, last - after) }, (_, index) => after + index + 1));
        }
      },
    ),
    { numRuns: 25, seed: 1 },
  );
});

test.each(["return", "deadline"])(
  "an end by %s that comes while an earlier write is under way is not taken for written (I6)",
  async (how) => {
    const held: (() => void)[] = [];
    let holding = false;
    const progress = gate();
    const end = gate();
    const world = new EngineWorld(
      [
        define("talker", async (_, ctx) => {
          await ctx.step("first", () => 1);
          await progress.opened;
          await ctx.progress("on its way");
          await end.opened;
          return 5;
        }),
      ],
      {
        wrap: (store) =>
          wrapStore(store, {
            async commit(next, ...units) {
              if (holding) await new Promise<void>((resolve) => held.push(resolve));
              return next(...units);
            },
          }),
      },
    );
    const taskId = await world.submit(
      "talker",
      undefined,
      how === "deadline" ? { deadline: world.clock.now() + 1000 } : {},
    );
    const { service } = await world.alive();
    const seen: string[] = [];
    const reading = (async () => {
      for await (const { type } of service.events(SCOPE, taskId)) seen.push(type);
    })();
    await world.quiet();
    holding = true;
    progress.open();
    await world.quiet();
    if (how === "deadline") await world.advance(1500);
    else end.open();
    await world.quiet();
    held.shift()?.();
    await world.quiet();
    holding = false;
    for (const release of held) release();
    await world.quiet();
    await reading;
    expect(seen).toEqual(await world.types(taskId));
  },
);
