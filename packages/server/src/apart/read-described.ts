import { AgentSkill, PlatformError } from "@agentcore/contract";
import type { Schema } from "@agentcore/contract/authoring";
import { z } from "zod";
import type { DescribedAgent } from "./describe-definition.ts";

// Of what is listed: an agent is shown with all the others, to whoever asks.
const MAX_LISTED = 1_000;
const Text = z.string().max(100_000);

/** A schema of theirs, as it was decoded: what its library tells of it goes on cards, so it is an object or nothing. */
const DecodedSchema = z
  .custom<Schema>((value) => typeof value === "object" && value !== null && "~standard" in value)
  .transform((schema): Schema => {
    const { jsonSchema, ...standard } = schema["~standard"] as Schema["~standard"] & {
      readonly jsonSchema: Readonly<Record<"input" | "output", () => unknown>>;
    };
    const told = (side: "input" | "output") => () => {
      const json = jsonSchema[side]();
      return typeof json === "object" && json !== null && !Array.isArray(json) ? json : undefined;
    };
    return { "~standard": { ...standard, jsonSchema: { input: told("input"), output: told("output") } } } as Schema;
  });

const Described = z.object({
  name: Text,
  description: Text,
  version: Text,
  skills: z.array(AgentSkill).max(MAX_LISTED),
  labels: z.record(Text, Text),
  input: DecodedSchema.optional(),
  output: DecodedSchema.optional(),
  tools: z.array(z.object({ declared: Text })).max(MAX_LISTED),
  model: Text.optional(),
  instructions: z.string().optional(),
  idempotent: z.boolean(),
  timeoutMs: z.number().positive().optional(),
  concurrency: z.literal("context").optional(),
  subscribes: z.array(Text).max(MAX_LISTED),
  runs: z.boolean(),
  answers: z.boolean(),
});

/** What code that runs apart says that it is, which need not be so. Throws INVALID_ARGUMENT for what is no agent. */
export const readDescribed = (said: unknown): DescribedAgent => {
  const read = Described.safeParse(said);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const description = `its code says of itself what no agent is: ${issue?.path.join(".")}: ${issue?.message}`;
  throw new PlatformError("INVALID_ARGUMENT", description, {
    violations: [{ field: "spec.code.export", description }],
  });
};
