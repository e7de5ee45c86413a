/** The built-in guardrails by name, as manifests name them. */
import { parseInput } from "@agentcore/contract";
import type { Guardrail } from "@agentcore/sdk";
import { z } from "zod";
import { blockedPatterns, blockedPatternsSchema } from "./blocked-patterns.ts";
import { injectionMarkers, injectionMarkersSchema } from "./injection-markers.ts";
import { noVerbatimTargets, noVerbatimTargetsSchema } from "./no-verbatim-targets.ts";
import { redaction, redactionSchema } from "./redaction.ts";
import { safeLinks, safeLinksSchema } from "./safe-links.ts";
import { sizeLimits, sizeLimitsSchema } from "./size-limits.ts";

export interface GuardrailDescription {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of its options. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Throws INVALID_ARGUMENT with every option that is wrong. */
  define(options: unknown): Guardrail;
}

const describe = (
  name: string,
  description: string,
  schema: z.ZodType,
  make: (options: never) => Guardrail,
): GuardrailDescription => {
  let json: Readonly<Record<string, unknown>> | undefined;
  return {
    ...{ name, description },
    get options() {
      return (json ??= z.toJSONSchema(schema, { io: "input" }));
    },
    define: (options) => make(parseInput(schema, options ?? {}, `the options of guardrail "${name}"`) as never),
  };
};

const guardrails: readonly GuardrailDescription[] = [
  describe(
    "no-verbatim-targets",
    "Asks about addresses, links, accounts and paths that whoever asks has not named",
    noVerbatimTargetsSchema,
    noVerbatimTargets,
  ),
  describe(
    "injection-markers",
    "Marks texts that try to give orders, and asks about what is changed after one was read",
    injectionMarkersSchema,
    injectionMarkers,
  ),
  describe("redaction", "Takes secrets and personal numbers out of the output", redactionSchema, redaction),
  describe(
    "safe-links",
    "Takes pictures of strangers and links of the model's own out of the output",
    safeLinksSchema,
    safeLinks,
  ),
  describe("blocked-patterns", "Refuses what is written in certain ways", blockedPatternsSchema, blockedPatterns),
  describe("size-limits", "Refuses what is too large", sizeLimitsSchema, sizeLimits),
];

export const guardrailCatalogue: ReadonlyMap<string, GuardrailDescription> = new Map(
  guardrails.map((each) => [each.name, each]),
);
