/** Random work that is taken back, with a cancel, a deadline and crashes at random: all that was done is undone, in reverse, once. */
import type { Context } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { define, EngineWorld } from "../../test/engine-world.ts";

const RUNS = 300;
const MS = 400;

type Item =
  | { readonly kind: "step" | "nap" | "child" | "ask" | "fail"; readonly ms: number }
  | { readonly kind: "beside"; readonly ms: number; readonly others: readonly number[] };

const ms = fc.integer({ min: 0, max: 3 * MS });
const item: fc.Arbitrary<Item> = fc.oneof(
  fc.record({ kind: fc.constantFrom("step", "nap", "child", "ask", "fail"), ms }),
  fc.record({ kind: fc.constant("beside" as const), ms, others: fc.array(ms, { minLength: 1, maxLength: 3 }) }),
);
const plan = fc.record({
  items: fc.array(item, { minLength: 1, maxLength: 6 }),
  cancelAt: fc.option(fc.integer({ min: 0, max: 6 * MS }), { nil: null }),
  deadlineAt: fc.option(fc.integer({ min: 1, max: 6 * MS }), { nil: null }),
  crashes: fc.uniqueArray(
    fc.record({ commit: fc.integer({ min: 1, max: 30 }), when: fc.constantFrom("before", "after") }),
    {
      maxLength: 4,
      selector: ({ commit }) => commit,
    },
  ),
});

interface Carried {
  readonly at: number;
  readonly done: readonly string[];
  readonly failed: boolean;
}

const sagaOf = (items: readonly Item[]) =>
  define(
    "saga",
    async (task, ctx) => {
      const from = (task.continuedFrom as Carried | undefined) ?? { at: 0, done: [], failed: false };
      const done = [...from.done];
      try {
        if (from.failed) throw new Error("as before");
        for (const [at, each] of items.entries()) if (at >= from.at) await carryOut(ctx, each, at, done);
        ctx.signal.throwIfAborted();
        return done;
      } catch (error) {
        // Half of it in a fresh log.
        if (!from.failed && done.length > 2) await ctx.continueAs({ at: items.length, done, failed: true });
        for (const name of [...done].reverse()) {
          await ctx.sleep(2 * MS);
          await ctx.step(`undo ${name}`, () => null);
        }
        throw error;
      }
    },
    { compensates: true },
  );

const carryOut = async (ctx: Context, each: Item, at: number, done: string[]): Promise<void> => {
  const { signal } = ctx;
  const finish = (name: string): void => void done.push(name);
  signal.throwIfAborted();
  const send = (name: string, wait: number): Promise<void> =>
    ctx.command({ agent: "worker" }, wait, { key: name, signal }).then(() => finish(name));
  switch (each.kind) {
    case "step":
      return ctx.step(`do ${at}`, () => null).then(() => finish(`do ${at}`));
    case "nap":
      return ctx.sleep(each.ms * 4, { signal });
    case "child":
      return send(`do ${at}`, each.ms);
    case "ask":
      return ctx.waitForInput({ prompt: "?", signal }).then(() => undefined);
    case "fail":
      throw new Error("it went wrong");
    case "beside": {
      const all = await Promise.allSettled(each.others.map((wait, index) => send(`do ${at}.${index}`, wait)));
      if (all.some(({ status }) => status === "rejected")) throw new Error("one of them went wrong");
    }
  }
};

const worker = define("worker", async (task, ctx) => {
  await ctx.sleep(Number(task.input) * 2);
  return ctx.step("work", () => null);
});

test("all that was done is taken back, in reverse and once, whatever comes when", async () => {
  await fc.assert(
    fc.asyncProperty(plan, async ({ items, cancelAt, deadlineAt, crashes }) => {
      const world = new EngineWorld([sagaOf(items), worker], { crashes });
      const begun = world.clock.now();
      const taskId = await world.submit("saga", null, deadlineAt === null ? {} : { deadline: begun + deadlineAt });
      if (cancelAt !== null) {
        await world.advance(cancelAt);
        await world.cancel(taskId).catch(() => null);
      }
      await world.advance(20 * MS);
      for (const _ of items) {
        if ((await world.state(taskId)) === "input-required") await world.say(taskId, "go on");
        await world.advance(20 * MS);
      }
      const log = await world.log(taskId);
      const paths = log.flatMap((event) => (event.type === "step.completed" ? [event.data.path] : []));
      const named = (pattern: RegExp) => paths.flatMap((path) => pattern.exec(path)?.[1] ?? []);
      const done = named(/^(?:step:|command:agent:worker\[)(do [\d.]+)/);
      const undone = named(/^step:undo (do [\d.]+)/);
      const last = log.at(-1);
      const types = log.map(({ type }) => type);
      if (last?.type === "task.completed") expect(undone).toEqual([]);
      else {
        expect(["task.failed", "task.canceled"]).toContain(last?.type);
        expect(undone).toEqual([...done].reverse());
      }
      if (last?.type === "task.canceled") expect(types).toContain("task.cancelRequested");
      for (const once of ["task.cancelRequested", "task.deadlinePassed"] as const)
        expect(types.filter((type) => type === once).length).toBeLessThan(2);
      for (const child of await world.children(taskId))
        expect(["completed", "canceled", "failed"]).toContain(await world.state(child));
    }),
    { numRuns: RUNS },
  );
}, 120_000);
