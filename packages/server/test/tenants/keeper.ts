/** Keeps what it is told and waits: a task to look for from elsewhere. */
import { agent } from "@agentcore/sdk";

export const keeper = agent({
  name: "keeper",
  description: "Keeps a secret",
  async run(task, ctx) {
    await ctx.artifact({ name: "kept.json", data: task.input });
    return ctx.waitForInput("What now?");
  },
});
