/** What the crash matrix runs: every kind of durable call, once or more, each effect counted outside. */
import { agent, type Context } from "@agentcore/sdk";
import { reportEffect } from "./report-effect.ts";

const step = <T>(ctx: Context, taskId: string, name: string, result: T, key?: string): Promise<T> =>
  ctx.step(
    name,
    async ({ idempotencyKey }) => {
      const path = key === undefined ? `step:${name}` : `step:${name}[${key}]`;
      await reportEffect(ctx.env, { task: taskId, path, key: idempotencyKey });
      return result;
    },
    key === undefined ? {} : { key },
  );

export const main = agent({
  name: "matrix-main",
  description: "Does one of everything",
  async run(task, ctx) {
    const first = await step(ctx, task.id, "first", 1);
    const parallel = await Promise.all(["a", "b", "c"].map((key, index) => step(ctx, task.id, "parallel", index, key)));
    const child = await ctx.command<number>({ agent: "matrix-child" }, { from: first });
    await ctx.progress("half way", 0.5);
    await ctx.sleep(1_020);
    const oracle = await ctx.query<string>({ agent: "matrix-oracle" }, { task: task.id });
    const model = await ctx.model({ model: "matrix-model", messages: [{ role: "user", content: task.id }] });
    await ctx.memory.set("answer", 42);
    const memory = await ctx.memory.get("answer");
    await ctx.emit("matrix.passed", { child }, { durable: true });
    const answer = await ctx.waitForInput("What is your name?");
    const access = await ctx.waitForAuthorization({ prompt: "May I?", name: "matrix" });
    const guarded = await ctx.step("guarded", async (guard) => {
      await reportEffect(ctx.env, { task: task.id, path: "step:guarded", key: guard.idempotencyKey });
      return (await guard.credential(access)).value.length;
    });
    await ctx.artifact({ name: "greeting", text: `Hello ${answer}` });
    const last = await step(ctx, task.id, "last", "end");
    return { first, parallel, child, oracle, model: model.text, memory, answer, guarded, last };
  },
});

export const child = agent({
  name: "matrix-child",
  description: "A child with steps of its own",
  async run(task, ctx) {
    const one = await step(ctx, task.id, "one", 10);
    const two = await step(ctx, task.id, "two", 20);
    return one + two;
  },
});

export const oracle = agent({
  name: "matrix-oracle",
  description: "Answers queries",
  async answer({ payload }, ctx) {
    const { task } = payload as { readonly task: string };
    await reportEffect(ctx.env, { task, path: "query:agent:matrix-oracle", key: task });
    return "forty-two";
  },
});

export const subscriber = agent({
  name: "matrix-subscriber",
  description: "Gets a task for every event",
  subscribes: ["matrix.passed"],
  async run(task, ctx) {
    return step(ctx, task.id, "note", "noted");
  },
});
