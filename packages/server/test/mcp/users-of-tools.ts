/** Agents that call tools of manifests. */
import { agent, declaredTools } from "@agentcore/sdk";
import { z } from "zod";

/** Calls a tool that answers, and then one that may not. */
export const twice = agent({
  name: "twice",
  description: "Calls two tools, the second by its name",
  input: z.string(),
  tools: [declaredTools("remote")],
  async run({ input }, ctx) {
    const tools = await ctx.tools("remote");
    const call = (name: string, given: object) => {
      const found = tools.find((tool) => tool.name === `remote__${name}`);
      if (found === undefined) throw new Error(`there is no ${name}`);
      return ctx.tool(found, given);
    };
    const sum = await call("add", { a: 1, b: 2 });
    return [sum, await call(input, {})];
  },
});

export const caller = agent({
  name: "caller",
  description: "Calls one tool of one manifest",
  input: z.object({ from: z.string(), tool: z.string(), input: z.record(z.string(), z.unknown()) }),
  tools: [declaredTools("remote"), declaredTools("program"), declaredTools("absent")],
  async run({ input }, ctx) {
    const tools = await ctx.tools(input.from);
    const tool = tools.find(({ name }) => name === input.tool);
    if (tool === undefined) return { tools: tools.map(({ name }) => name) };
    return { result: await ctx.tool(tool, input.input) };
  },
});

/** Asks for the tools of one manifest twice at once. */
export const both = agent({
  name: "both",
  description: "Asks for tools twice at once",
  input: z.object({}),
  tools: [declaredTools("remote")],
  async run(_, ctx) {
    const lists = await Promise.all(["a", "b"].map((key) => ctx.tools("remote", { key })));
    return { lists: lists.length };
  },
});
