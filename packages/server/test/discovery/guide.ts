import { agent } from "@agentcore/sdk";

/** Asks the platform's registry what it is asked. */
export const guide = agent({
  name: "guide",
  description: "Tells who there is",
  run: ({ input }, ctx) => ctx.query({ capability: "system.registry" }, input),
});
