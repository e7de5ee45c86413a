/** A library that an operator brings. */
import { tool, toolLibrary } from "@agentcore/sdk";
import { z } from "zod";

export const greetings = toolLibrary({
  name: "greetings",
  description: "Says hello",
  options: z.strictObject({ word: z.string() }),
  open: ({ word }, { tenantId }) => [
    tool({
      name: "greet",
      description: "Says hello to somebody",
      input: z.object({ name: z.string() }),
      readOnly: true,
      execute: ({ name }) => `${word} ${name} of ${tenantId}`,
    }),
  ],
});
