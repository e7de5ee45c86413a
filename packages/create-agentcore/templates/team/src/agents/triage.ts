import { agent } from "agentcore";
import { z } from "zod";

/** Reads what is asked, and hands it over to who knows. */
export const triage = agent({
  name: "triage",
  description: "Knows who knows",
  // What a member of a conversation is told, as far as this one looks at it.
  input: z.object({ task: z.string() }),
  run: ({ input: { task } }) => {
    const isMoney = /invoice|pay|price/i.test(task);
    return {
      handoff: { to: isMoney ? "billing" : "technician", reason: isMoney ? "it is about money" : "it does not work" },
    };
  },
});
