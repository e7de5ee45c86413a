import { agent } from "@agentcore/sdk";
import { z } from "zod";

const Need = z.object({ need: z.string() });

/** Has somebody answer what is needed, when it is asked itself. */
export const clerk = agent({
  name: "clerk",
  description: "Passes questions on",
  run: () => "asked nobody",
  answer: ({ payload }, ctx) => ctx.query(Need.parse(payload), {}),
});

/** Asks the clerk. */
export const customer = agent({
  name: "customer",
  description: "Is in a hurry",
  input: Need,
  run: ({ input }, ctx) =>
    ctx.query({ agent: "clerk" }, input).catch((error: unknown) => (error instanceof Error ? error.message : "")),
});

/** Gives work away, and thinks better of it. */
export const waverer = agent({
  name: "waverer",
  description: "Changes its mind",
  input: Need.extend({ waitMs: z.number().default(200) }),
  async run({ input: { waitMs, ...input } }, ctx) {
    const enough = new AbortController();
    const given = ctx
      .command(input, {}, { signal: enough.signal })
      .catch((error: unknown) => (error instanceof Error ? error.message : ""));
    await Promise.race([given, ctx.sleep(waitMs)]);
    enough.abort();
    return given;
  },
});

/** Asks the platform's registry what it is asked. */
export const guide = agent({
  name: "guide",
  description: "Tells who there is",
  run: ({ input }, ctx) => ctx.query({ capability: "system.registry" }, input),
});
