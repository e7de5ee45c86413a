/** Agents that tests of the MCP door call. */
import { agent } from "@agentcore/sdk";
import { z } from "zod";

const PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==";

export const adder = agent({
  name: "adder",
  description: "Adds two numbers",
  skills: [{ id: "add", name: "Add", description: "The sum of two numbers", examples: ["1 and 2"] }],
  input: z.object({ a: z.number(), b: z.number() }),
  run: ({ input }) => ({ sum: input.a + input.b }),
});

export const echo = agent({
  name: "echo",
  description: "Says it again",
  run: ({ input }) => `you said ${String(input)}`,
});

export const lister = agent({
  name: "lister",
  description: "Counts a list",
  input: z.array(z.string()),
  run: ({ input }) => input.length,
});

export const asker = agent({
  name: "asker",
  description: "Asks for a name, and for an age",
  async run(_task, ctx) {
    const name = await ctx.waitForInput("What is your name?");
    const age = await ctx.waitForInput({ prompt: `How old are you, ${name}?`, schema: z.coerce.number().int() });
    return { name, age };
  },
});

export const slow = agent({
  name: "slow",
  description: "Takes its time, and tells how far it is",
  async run(_task, ctx) {
    for (let turn = 1; turn <= 3; turn += 1) {
      await ctx.progress(`turn ${turn}`, turn / 4);
      await ctx.step(`turn ${turn}`, () => turn);
    }
    await ctx.sleep(600_000);
    return "done";
  },
});

export const painter = agent({
  name: "painter",
  description: "Makes a picture and a table",
  async run(_task, ctx) {
    await ctx.artifact({ name: "pixel", parts: [{ raw: PIXEL, mediaType: "image/png" }] });
    await ctx.artifact({ name: "table.csv", parts: [{ text: "a,b\n1,2", mediaType: "text/csv" }] });
    return "painted";
  },
});

export const failer = agent({
  name: "failer",
  description: "Fails",
  run() {
    throw new Error("it cannot be done");
  },
});

export const answerer = agent({ name: "answerer", description: "Answers queries only", answer: () => 1 });
