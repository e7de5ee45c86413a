/** What the cluster works on. Each effect is written down outside of every store, before the step that has it ends. */
import { appendFileSync } from "node:fs";
import { agent, type Context } from "@agentcore/sdk";

export interface Effect {
  readonly task: string;
  readonly path: string;
  readonly key: string;
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const effect = <T>(ctx: Context, task: string, name: string, result: T, key?: string): Promise<T> =>
  ctx.step(
    name,
    async ({ idempotencyKey }) => {
      const path = key === undefined ? `step:${name}` : `step:${name}[${key}]`;
      const line: Effect = { task, path, key: idempotencyKey, pid: process.pid, at: Date.now() };
      // One write of one line, at the end of the file: no other process's comes between, and it outlives this one.
      appendFileSync(ctx.env["LEDGER"] ?? "", `${JSON.stringify(line)}\n`);
      await pause(result === 0 ? 30 : 3);
      return result;
    },
    key === undefined ? {} : { key },
  );

export const worker = agent<{ readonly n: number }, number>({
  name: "worker",
  description: "Three steps one after another, then three at once",
  async run(task, ctx) {
    let sum = task.input.n;
    for (const name of ["one", "two", "three"]) sum += await effect(ctx, task.id, name, 1);
    const parts = await Promise.all(["a", "b", "c"].map((key) => effect(ctx, task.id, "part", 10, key)));
    return parts.reduce((total, part) => total + part, sum);
  },
});

export const parent = agent<{ readonly n: number }, number>({
  name: "parent",
  description: "A step, two children at once, a step",
  async run(task, ctx) {
    const before = await effect(ctx, task.id, "before", 1);
    const children = await Promise.all(
      [1, 2].map((n) => ctx.command<number>({ agent: "worker" }, { n: n * task.input.n }, { key: `${n}` })),
    );
    const after = await effect(ctx, task.id, "after", 1);
    return children.reduce((total, child) => total + child, before + after);
  },
});

export const sleeper = agent<{ readonly n: number }, number>({
  name: "sleeper",
  description: "Steps with time between them, long enough to leave memory",
  async run(task, ctx) {
    const before = await effect(ctx, task.id, "before", 1);
    await ctx.sleep(5_500 + (task.input.n % 40) * 100);
    return before + (await effect(ctx, task.id, "after", task.input.n));
  },
});

export const asker = agent<{ readonly n: number }, string>({
  name: "asker",
  description: "Asks, and goes on with the answer",
  async run(task, ctx) {
    await effect(ctx, task.id, "before", 1);
    const answer = await ctx.waitForInput("Well?");
    return effect(ctx, task.id, "after", `${answer}`);
  },
});

export const stayer = agent({
  name: "stayer",
  description: "Waits for an answer that never comes, until it is canceled",
  async run(task, ctx) {
    await effect(ctx, task.id, "before", 1);
    return ctx.waitForInput("Never?");
  },
});
