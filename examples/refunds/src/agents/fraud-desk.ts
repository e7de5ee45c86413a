import { agent } from "agentcore";
import { z } from "zod";

const MOST_RETURNS = 5;

export const fraudDesk = agent({
  name: "fraud-desk",
  description: "Says whether somebody sends back more than people do",
  input: z.object({ customer: z.string(), returnsThisYear: z.number() }),
  output: z.object({ suspicious: z.boolean(), why: z.string() }),
  run: ({ input: { customer, returnsThisYear } }) => ({
    suspicious: returnsThisYear > MOST_RETURNS,
    why: `${customer} has sent back ${returnsThisYear} orders this year`,
  }),
});
