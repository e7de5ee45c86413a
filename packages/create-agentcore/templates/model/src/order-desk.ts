import { agent, react, tool } from "agentcore";
import { hybrid } from "agentcore/strategies";
import { z } from "zod";
import { orders } from "./orders.ts";

const Question = z.object({ question: z.string(), order: z.number().optional() });

const findOrder = tool({
  name: "find_order",
  description: "Finds an order by its number",
  input: z.object({ order: z.number() }),
  execute: ({ order }) => orders.get(order) ?? "there is no such order",
});

export const orderDesk = agent({
  name: "order-desk",
  description: "Answers questions about orders",
  model: "smart",
  instructions: "Answer questions about orders in one sentence. Say only what the tools told you.",
  input: Question,
  tools: [findOrder],
  // What a rule can answer costs nothing; the model is asked the rest.
  strategy: hybrid({
    rules: [
      {
        name: "where-is-it",
        when: ({ question, order }: z.infer<typeof Question>) => order !== undefined && /^where is/i.test(question),
        run: async ({ input: { order } }, ctx) => {
          const found = await ctx.tool(findOrder, { order: Number(order) });
          return typeof found === "string" ? found : `Order ${order} is ${found.state}.`;
        },
      },
    ],
    otherwise: react({ maxTurns: 5 }),
  }),
});
