import {
  type AgentDefinition,
  askFor,
  askModel,
  type Context,
  inputText,
  type ModelMessage,
  type ModelResponse,
  PlatformError,
  type Schema,
  type TaskInput,
} from "@agentcore/sdk";
import { z } from "zod";
import { checkStandard, type StandardKind, type StandardOptions, standardAgent } from "../standard-agent.ts";

const Model = z.string().min(1).max(256);

const shape = {
  /** Asked in this order when the one before cannot answer: beside what the Model manifest itself falls back to. */
  fallback: z.array(Model).max(5).default([]),
  /** Said before every prompt. */
  instructions: z.string().min(1).max(50_000).optional(),
  maxOutputTokens: z.int().min(1).max(1_000_000).optional(),
  temperature: z.number().min(0).max(2).optional(),
  /** Milliseconds that one of the models may take. */
  timeoutMs: z.int().min(100).max(3_600_000).optional(),
  /** Whether a kept answer will do, where the model has a cache. */
  cache: z.boolean().default(true),
  /** What the answer is to be, as a schema in code, or as JSON Schema: it is `value`, repaired once. */
  schema: z
    .custom<Schema | Readonly<Record<string, unknown>>>((value) => typeof value === "object" && value !== null, {
      error: "expected a schema",
    })
    .optional(),
};

export const modelKind: StandardKind<typeof shape> = {
  name: "model",
  description: "Has a model answer a prompt, kept answers first, another model where one cannot answer",
  latencyMs: { from: 300, to: 30_000 },
  doesNot: ["call tools", "remember what was said before", "check what the model says"],
  skills: [
    {
      id: "ask-model",
      name: "Ask a model",
      description: "Gives the answer of a language model to a prompt, with its tokens and its price",
      tags: ["model", "llm", "text"],
      examples: ["Say this in one sentence: …"],
    },
  ],
  shape,
  model: "required",
  tools: "never",
  example: { options: { instructions: "Answer briefly.", fallback: [] }, input: "Why is the sky blue?" },
};

export type ModelAgentOptions = StandardOptions<typeof shape>;

export interface ModelAnswer {
  readonly text: string;
  /** With `schema`. */
  readonly value?: unknown;
  readonly model: string;
  readonly usage?: ModelResponse["usage"];
  readonly costUsd?: number;
  /** The level of the cache that it comes from. */
  readonly cache?: ModelResponse["cache"];
  /** Models before it that could not answer. */
  readonly failed: readonly { readonly model: string; readonly code: string }[];
}

const Text = z.string().min(1).max(1_000_000);
const Request = z.strictObject({
  prompt: Text,
  /** In place of the agent's. */
  instructions: z.string().min(1).max(50_000).optional(),
  maxOutputTokens: z.int().min(1).max(1_000_000).optional(),
  cache: z.boolean().optional(),
});
const Input = z.union([Text, Request], {
  error: "expected a prompt, or { prompt, instructions, maxOutputTokens, cache }",
});

// Another model would be refused for the same, or must not be asked.
const FINAL = new Set([
  "CANCELED",
  "DEADLINE_EXCEEDED",
  "BUDGET_EXCEEDED",
  "PERMISSION_DENIED",
  "INVALID_ARGUMENT",
  "TOO_LARGE",
]);

/** An agent that is a model and nothing else. */
export const modelAgent = (options: ModelAgentOptions): AgentDefinition => {
  const checked = checkStandard(modelKind, options);
  const { model = "", fallback, maxOutputTokens, temperature, timeoutMs, cache, instructions } = checked;
  const schema = checked.schema as Schema | undefined;
  return standardAgent(modelKind, checked, {
    input: Input,
    async run(task: TaskInput<z.output<typeof Input>>, ctx): Promise<ModelAnswer> {
      const request: Partial<z.output<typeof Request>> = typeof task.input === "object" ? task.input : {};
      const said = request.instructions ?? instructions;
      const messages: readonly ModelMessage[] = [
        ...(said === undefined ? [] : [{ role: "system" as const, content: said }]),
        { role: "user", content: request.prompt ?? inputText(task) },
      ];
      const bound = request.maxOutputTokens ?? maxOutputTokens;
      const settings = {
        ...(bound === undefined ? {} : { maxOutputTokens: bound }),
        ...(temperature === undefined ? {} : { temperature }),
        ...(timeoutMs === undefined ? {} : { timeoutMs }),
        cache: request.cache ?? cache,
      };
      const failed: { model: string; code: string }[] = [];
      for (const each of [model, ...fallback]) {
        try {
          return { ...(await ask(ctx, messages, each, settings, schema)), failed };
        } catch (error) {
          const { code, message } = PlatformError.from(error);
          const isLast = failed.length === fallback.length;
          if (isLast || FINAL.has(code) || ctx.signal.aborted) throw error;
          failed.push({ model: each, code });
          ctx.decide("fallback", () => ({
            choice: fallback[failed.length - 1] ?? "",
            reasons: [`${each} could not answer: ${message}`],
          }));
        }
      }
      throw new PlatformError("INTERNAL", "the last model has answered or failed");
    },
  });
};

type ModelRequest = Parameters<Context["model"]>[0];
type Settings = Pick<ModelRequest, "maxOutputTokens" | "temperature" | "timeoutMs" | "cache">;

const ask = async (
  ctx: Context,
  messages: readonly ModelMessage[],
  model: string,
  settings: Settings,
  schema: Schema | undefined,
): Promise<Omit<ModelAnswer, "failed">> => {
  let last: ModelResponse | undefined;
  // What the strategies' parts of a turn do not ask about.
  const own: Context = Object.defineProperties({} as Context, {
    ...Object.getOwnPropertyDescriptors(ctx),
    model: {
      value: async (request: ModelRequest) => (last = await ctx.model({ ...request, ...settings })),
      enumerable: true,
    },
  });
  const value = schema === undefined ? undefined : await askFor(own, messages, schema, { name: "answer", model });
  const response = schema === undefined ? await askModel(own, messages, { model }) : last;
  const { text = "", usage, costUsd, cache, model: answered = model } = response ?? {};
  return {
    text,
    model: answered,
    ...(schema === undefined ? {} : { value }),
    ...(usage === undefined ? {} : { usage }),
    ...(costUsd === undefined ? {} : { costUsd }),
    ...(cache === undefined ? {} : { cache }),
  };
};
