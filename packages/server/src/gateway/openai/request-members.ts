/** Members that the requests of OpenAI's API have in common, and what they are to a model. */
import type { Priority } from "@agentcore/contract";
import type { ModelMessage, ModelRequest, Tool } from "@agentcore/contract/authoring";
import { z } from "zod";
import type { Question } from "./question.ts";

export const MAX_MESSAGES = 2_000;

export const Id = z.string().min(1).max(256);

export const ModelId = z
  .string({ error: "expected the name of a model, or agent/NAME" })
  .min(1, { error: "expected the name of a model, or agent/NAME" })
  .max(256);

export const JsonObject = z.record(z.string(), z.unknown());

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === 0 ||
  value === false ||
  (typeof value === "object" && Object.keys(value).length === 0);

/** A member that would change the answer and cannot be honoured: refused unless it says nothing. */
export const unsupported = (why: string, saysNothing: (value: unknown) => boolean = isEmpty) =>
  z.unknown().refine(saysNothing, { error: `not supported: ${why}` });

const SERVICE_TIERS = ["auto", "default", "flex", "priority"] as const;
type ServiceTier = (typeof SERVICE_TIERS)[number];

export const TokenCount = z
  .int({ error: "expected a whole number from 1 to 10000000" })
  .min(1)
  .max(10_000_000)
  .nullish();

export const COMMON_MEMBERS = {
  model: ModelId,
  temperature: z.number({ error: "expected 0 to 2" }).min(0).max(2).nullish(),
  top_p: z.number({ error: "expected 0 to 1" }).min(0).max(1).nullish(),
  stream: z.boolean().nullish(),
  /** `flex` is priority low, `priority` high. */
  service_tier: z.enum(SERVICE_TIERS, { error: `expected one of ${SERVICE_TIERS.join(", ")}` }).nullish(),
  parallel_tool_calls: unsupported("a model may call several tools at once", (value) => value !== false).optional(),
  /** For agents: the task that the last message goes to, or the conversation that the new one belongs to. */
  agentcore: z.strictObject({ taskId: Id.optional(), contextId: Id.optional() }).optional(),
};

const priorityOf = (tier: ServiceTier | null | undefined): Priority =>
  tier === "flex" ? "low" : tier === "priority" ? "high" : "normal";

interface Common {
  readonly model: string;
  readonly service_tier?: ServiceTier | null | undefined;
  readonly agentcore?: Question["task"] | undefined;
  readonly temperature?: number | null | undefined;
  readonly top_p?: number | null | undefined;
}

/** What each form has under names of its own. */
interface Said {
  readonly messages: readonly ModelMessage[];
  readonly seed?: number | null | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly maxOutputTokens?: number | null | undefined;
  readonly tools?: readonly Tool[] | undefined;
  /** By its name, or how it is to be chosen. */
  readonly toolChoice?: ModelRequest["toolChoice"] | null;
  readonly output?: ModelRequest["output"];
}

/** Only what is said: what is null or left out is the model's to settle. */
export const toQuestion = (
  { model, temperature, top_p: topP, service_tier: tier, agentcore: task = {} }: Common,
  { messages, seed, stop = [], maxOutputTokens, tools = [], toolChoice, output }: Said,
): Question => ({
  request: {
    ...{ model, messages },
    ...(typeof temperature === "number" ? { temperature } : {}),
    ...(typeof topP === "number" ? { topP } : {}),
    ...(typeof seed === "number" ? { seed } : {}),
    ...(stop.length === 0 ? {} : { stop }),
    ...(typeof maxOutputTokens === "number" ? { maxOutputTokens } : {}),
    ...(tools.length === 0 ? {} : { tools }),
    ...(toolChoice === undefined || toolChoice === null ? {} : { toolChoice }),
    ...(output === undefined ? {} : { output }),
  },
  priority: priorityOf(tier),
  task,
});
