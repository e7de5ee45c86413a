/** Does something, asks, does something else: each time seen from outside. */
import { agent } from "@agentcore/sdk";

export const asker = agent({
  name: "asker",
  description: "Asks in between",
  async run(task, ctx) {
    const { name } = task.input as { readonly name: string };
    const tell = async (when: string): Promise<void> => {
      await fetch(`${ctx.env["EFFECTS"]}/${when}/${name}`);
    };
    await ctx.step("before", () => tell("before"));
    const answer = await ctx.waitForInput("Go on?");
    await ctx.step("after", () => tell("after"));
    return { name, answer };
  },
});
