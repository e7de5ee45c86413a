import { agent } from "@agentcore/sdk";

export const writer = agent<{ readonly n: number }, string>({
  name: "writer",
  description: "Asks a model, once",
  async run(task, ctx) {
    const { text } = await ctx.model({
      model: "desk",
      messages: [{ role: "user", content: `Write number ${task.input.n}.` }],
      // What the provider does to a call is to be seen, not mended by trying for long.
      retry: { maxAttempts: 3, initialDelayMs: 20 },
    });
    return text;
  },
});
