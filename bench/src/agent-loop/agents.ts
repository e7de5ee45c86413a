/** The loop as an agent of ours. */
import { agent, react, tool } from "@agentcore/sdk";
import { z } from "zod";
import { INSTRUCTIONS, MODEL, priceOf, TOOL_DESCRIPTION, TOOL_NAME, TURNS } from "./loop.ts";

export const price = tool({
  name: TOOL_NAME,
  description: TOOL_DESCRIPTION,
  input: z.object({ part: z.number() }),
  execute: priceOf,
});

export const strategy = react({ maxTurns: TURNS });

export const buyer = agent({
  name: "buyer",
  description: "Says what an order costs",
  model: MODEL,
  instructions: INSTRUCTIONS,
  tools: [price],
  strategy,
});
