import { agent } from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import { expect, test } from "vitest";
import { hybrid } from "./hybrid.ts";

test("the work of a rule goes on in a fresh log, and no model is asked", async () => {
  const counter = agent({
    name: "counter",
    description: "Counts to three, each in a log of its own",
    model: "m",
    strategy: hybrid({
      rules: [
        {
          name: "count",
          when: (input: string) => input === "count",
          run: async (task, ctx) => {
            const count = Number(task.continuedFrom ?? 0) + 1;
            await ctx.step("count", () => count);
            return count < 3 ? ctx.continueAs(count) : count;
          },
        },
      ],
    }),
  });
  const world = await testAgent(counter, { model: () => "asked" });
  expect((await world.run("count")).output).toBe(3);
  expect((await world.run("else")).output).toBe("asked");
});
