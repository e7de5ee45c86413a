/** Members that the requests of OpenAI's API have in common, and what they are to a model. */
import { PlatformError, type Priority } from "@agentcore/contract";
import type { ModelMessage, ModelRequest, ModelToolCall, Tool } from "@agentcore/contract/authoring";
import { z } from "zod";
import { parseJson } from "../http/parse-json.ts";

export const MAX_MESSAGES = 2_000;
export const MAX_PARTS = 1_000;
// OpenAI's own.
const MAX_TOOLS = 128;

export const Id = z.string().min(1).max(256);

export const ModelId = z
  .string({ error: "expected the name of a model, or agent/NAME" })
  .min(1, { error: "expected the name of a model, or agent/NAME" })
  .max(256);

/** Source: OpenAI's API. */
export const FunctionName = z
  .string({ error: "expected a name" })
  .regex(/^[A-Za-z0-9_-]{1,64}$/, { error: "expected 1 to 64 letters, digits, _ and -" });

export const JsonObject = z.record(z.string(), z.unknown());

export const FunctionMembers = {
  name: FunctionName,
  description: z.string().nullish(),
  parameters: JsonObject.nullish(),
};

export const toolList = <T extends z.ZodType>(tool: T) =>
  z.array(tool).max(MAX_TOOLS, { error: `expected at most ${MAX_TOOLS} tools` });

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

export const TokenCount = z.int({ error: "expected a whole number" }).min(1).max(10_000_000).nullish();

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

/** What a model is shown of a tool; the client runs it, and judges its input. */
export const toTool = ({
  name,
  description,
  parameters,
}: {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly parameters?: Readonly<Record<string, unknown>> | null | undefined;
}): Tool => ({
  name,
  description: description ?? "",
  input: { "~standard": { version: 1, vendor: "agentcore", validate: (value) => ({ value }) } },
  inputJsonSchema: parameters ?? { type: "object", properties: {} },
  execute() {
    throw new PlatformError("UNSUPPORTED_OPERATION", `tool ${name} is run by the client that named it`);
  },
});

/** Arguments that are no JSON stay text, as they came from a model. */
export const toToolCall = (id: string, name: string, text: string): ModelToolCall => {
  try {
    return { id, name, input: parseJson(text === "" ? "{}" : text) };
  } catch {
    return { id, name, input: text };
  }
};

export const argumentsOf = ({ input }: ModelToolCall): string =>
  typeof input === "string" ? input : JSON.stringify(input ?? {});

export const priorityOf = (tier: ServiceTier | null | undefined): Priority =>
  tier === "flex" ? "low" : tier === "priority" ? "high" : "normal";

/** Names of the tools that results are of, as far as the messages so far have asked for them. */
export class ToolNames {
  private readonly names = new Map<string, string>();

  add(calls: readonly ModelToolCall[]): void {
    for (const { id, name } of calls) this.names.set(id, name);
  }

  /** Throws INVALID_ARGUMENT: `field` is where the id stands. */
  of(id: string, field: string): string {
    const name = this.names.get(id);
    if (name !== undefined) return name;
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `the body is not valid: ${field}: no message before it has a call of that id`,
      {
        violations: [{ field, description: "expected the id of a call in a message before" }],
      },
    );
  }
}

/** Adds what an assistant asked of tools to what it said just before. */
export const addToolCalls = (messages: ModelMessage[], calls: readonly ModelToolCall[]): void => {
  const last = messages.at(-1);
  if (last?.role === "assistant")
    messages[messages.length - 1] = { ...last, toolCalls: [...(last.toolCalls ?? []), ...calls] };
  else messages.push({ role: "assistant", content: "", toolCalls: calls });
};

interface Settings {
  readonly temperature?: number | null | undefined;
  readonly top_p?: number | null | undefined;
  readonly seed?: number | null | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly maxOutputTokens?: number | null | undefined;
  readonly tools?: readonly Tool[] | undefined;
  readonly toolChoice?: ModelRequest["toolChoice"];
  readonly output?: ModelRequest["output"];
}

/** Only what is said: what is null or left out is the model's to settle. */
export const settingsOf = (said: Settings): Omit<ModelRequest, "model" | "messages"> => ({
  ...(typeof said.temperature === "number" ? { temperature: said.temperature } : {}),
  ...(typeof said.top_p === "number" ? { topP: said.top_p } : {}),
  ...(typeof said.seed === "number" ? { seed: said.seed } : {}),
  ...(said.stop === undefined || said.stop.length === 0 ? {} : { stop: said.stop }),
  ...(typeof said.maxOutputTokens === "number" ? { maxOutputTokens: said.maxOutputTokens } : {}),
  ...(said.tools === undefined || said.tools.length === 0 ? {} : { tools: said.tools }),
  ...(said.toolChoice === undefined ? {} : { toolChoice: said.toolChoice }),
  ...(said.output === undefined ? {} : { output: said.output }),
});
