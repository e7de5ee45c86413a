/** Agents whose node dies under them. */
import { existsSync } from "node:fs";
import { agent } from "@agentcore/sdk";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Five steps, one after another, each of some length; the sum of what they return. */
export const adder = agent<{ readonly start: number }, number>({
  name: "adder",
  description: "Adds 1 to 5",
  async run(task, ctx) {
    let sum = task.input.start;
    for (let number = 1; number <= 5; number++) {
      sum += await ctx.step("add", async () => {
        await pause(20 + (task.input.start % 7) * 10);
        return number;
      });
    }
    return sum;
  },
});

/** Kills its process in the step after `steps` others for as long as the file DEADLY is there. */
export const killer = agent<{ readonly steps: number }, string[]>({
  name: "killer",
  description: "Kills its process",
  async run(task, ctx) {
    const lived: string[] = [];
    for (let step = 0; step < task.input.steps; step++) lived.push(await ctx.step("before", () => "alive"));
    const after = await ctx.step("deadly", async () => {
      await pause(100);
      if (existsSync(ctx.env["DEADLY"] ?? "")) process.kill(process.pid, "SIGKILL");
      return "survived";
    });
    return [...lived, after];
  },
});

export const asker = agent({
  name: "asker",
  description: "Asks, then says what it heard",
  async run(_task, ctx) {
    return { heard: await ctx.waitForInput("Well?") };
  },
});
