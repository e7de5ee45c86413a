import { agent } from "@agentcore/sdk";

/** Grants what two people approve of. */
export const loans = agent({
  name: "loans",
  description: "Grants loans that two people approve of",
  async run(task, ctx) {
    const { choice, by } = await ctx.waitForDecision({
      prompt: "Grant the loan?",
      show: task.input,
      approvers: ["bob", "carol", "dora"],
      fourEyes: 2,
    });
    return { choice, by: by.map(({ caller }) => caller) };
  },
});

/** Asks whoever may talk to it. */
export const simple = agent({
  name: "simple",
  description: "Does what its caller approves of",
  run: async (_, ctx) => (await ctx.waitForDecision({ prompt: "Do it?" })).choice,
});
