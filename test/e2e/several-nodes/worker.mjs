/** Four steps, each of which tells a process outside of the node that it has run. */
const STEPS = ["one", "two", "three", "four"];

export const worker = {
  ...{ name: "worker", description: "Works in steps", version: "1", skills: [], labels: {}, tools: [], subscribes: [] },
  idempotent: false,
  async run(task, ctx) {
    const { effects, stepMs } = task.input;
    const results = [];
    for (const name of STEPS) {
      results.push(
        await ctx.step(name, async ({ idempotencyKey }) => {
          const body = JSON.stringify({ task: task.id, path: name, key: idempotencyKey, pid: process.pid });
          await fetch(effects, { method: "POST", body });
          await new Promise((resolve) => setTimeout(resolve, stepMs));
          return `${name} of ${idempotencyKey.slice(0, 6)}`;
        }),
      );
    }
    return results.length;
  },
};

export const asker = {
  ...{ name: "asker", description: "Asks", version: "1", skills: [], labels: {}, tools: [], subscribes: [] },
  idempotent: false,
  run: (_task, ctx) => ctx.waitForInput("What?"),
};
