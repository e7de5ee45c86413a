import { agent } from "agentcore";
import { z } from "zod";

export const greeter = agent({
  name: "greeter",
  description: "Greets people",
  input: z.object({ name: z.string().min(1) }),
  output: z.object({ greeting: z.string(), hour: z.number() }),
  async run({ input }, ctx) {
    // What has an effect, or is not the same twice, goes through ctx: once it is recorded it is never done again.
    const hour = await ctx.step("look-at-the-clock", () => new Date().getHours());
    await ctx.progress("thinking of something nice");
    return { greeting: `${hour < 12 ? "Good morning" : "Hello"}, ${input.name}!`, hour };
  },
});
