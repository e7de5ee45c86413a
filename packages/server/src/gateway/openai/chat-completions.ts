/** `POST /v1/chat/completions`: the request as a question, and answers in its form. Source: OpenAI's API reference. */
import type { ModelMessage, ModelRequest } from "@agentcore/contract/authoring";
import { z } from "zod";
import type { SseFrame } from "../http/server-sent-events.ts";
import {
  addToolCalls,
  argumentsOf,
  FunctionMembers,
  FunctionName,
  FunctionType,
  ToolMode,
  ToolNames,
  toolList,
  toTool,
  toToolCall,
} from "./function-tools.ts";
import { toOpenAiError } from "./openai-errors.ts";
import type { Answer, AnswerEvent, AnswerForm, Question } from "./question.ts";
import {
  COMMON_MEMBERS,
  Id,
  JsonObject,
  MAX_MESSAGES,
  TokenCount,
  toQuestion,
  unsupported,
} from "./request-members.ts";
import { textReader } from "./text-content.ts";

const TextPart = z.object({
  type: z.literal("text", { error: "expected text: images, audio and files are not taken" }),
  text: z.string({ error: "expected text" }),
});

const contentOf = textReader(TextPart, "type text");
const Content = z.unknown().transform(contentOf);
/** Of an assistant who only called tools. */
const ContentIfAny = z.unknown().transform((value, context) => contentOf(value ?? "", context));

const ToolCall = z.object({
  id: Id,
  type: z.literal("function", { error: "expected function" }),
  function: z.object({ name: FunctionName, arguments: z.string({ error: "expected JSON as text" }) }),
});

const Message = z.discriminatedUnion(
  "role",
  [
    z.object({ role: z.enum(["system", "developer", "user"]), content: Content }),
    z.object({
      role: z.literal("assistant"),
      content: ContentIfAny,
      tool_calls: toolList(ToolCall).nullish(),
      audio: unsupported("there is no sound").optional(),
    }),
    z.object({ role: z.literal("tool"), content: Content, tool_call_id: Id }),
  ],
  { error: "expected role system, developer, user, assistant or tool" },
);

const FunctionTool = z.object({
  type: FunctionType,
  function: z.object(FunctionMembers),
});

const ToolChoice = z.union(
  [ToolMode, z.object({ type: z.literal("function"), function: z.object({ name: FunctionName }) })],
  { error: "expected none, auto, required or { type: function, function: { name } }" },
);

const ResponseFormat = z.discriminatedUnion(
  "type",
  [
    z.object({ type: z.literal("text") }),
    z.object({ type: z.literal("json_object") }),
    z.object({
      type: z.literal("json_schema"),
      json_schema: z.object({ name: FunctionName, schema: JsonObject.optional() }),
    }),
  ],
  { error: "expected type text, json_object or json_schema" },
);

/** Members that are not named here are ignored, as docs/models.md lists them. */
export const ChatCompletionBody = z.object({
  ...COMMON_MEMBERS,
  messages: z
    .array(Message, { error: "expected a list of messages" })
    .min(1, { error: "expected at least one message" })
    .max(MAX_MESSAGES, { error: `expected at most ${MAX_MESSAGES} messages` }),
  stream_options: z.object({ include_usage: z.boolean().nullish() }).nullish(),
  n: unsupported(
    "one answer a request, n: 1",
    (value) => value === undefined || value === null || value === 1,
  ).optional(),
  stop: z.union([z.string(), z.array(z.string()).max(4)], { error: "expected a text or up to 4" }).nullish(),
  seed: z.int({ error: "expected a whole number" }).nullish(),
  max_tokens: TokenCount,
  max_completion_tokens: TokenCount,
  tools: toolList(FunctionTool).nullish(),
  tool_choice: ToolChoice.nullish(),
  response_format: ResponseFormat.nullish(),
  presence_penalty: unsupported("leave it out, or say 0").optional(),
  frequency_penalty: unsupported("leave it out, or say 0").optional(),
  logit_bias: unsupported("leave it out").optional(),
  logprobs: unsupported("providers are not asked for probabilities").optional(),
  top_logprobs: unsupported("providers are not asked for probabilities").optional(),
  audio: unsupported("answers are text").optional(),
  modalities: unsupported("answers are text", (value) => isTextOnly(value)).optional(),
  functions: unsupported("use tools").optional(),
  function_call: unsupported("use tool_choice").optional(),
  web_search_options: unsupported("name a tool of your own").optional(),
});
export type ChatCompletionBody = z.infer<typeof ChatCompletionBody>;

const isTextOnly = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.every((each) => each === "text"));

/** Throws INVALID_ARGUMENT for the result of a call that no message before it has. */
export const chatQuestion = (body: ChatCompletionBody): Question =>
  toQuestion(body, {
    messages: messagesOf(body.messages),
    seed: body.seed,
    stop: typeof body.stop === "string" ? [body.stop] : (body.stop ?? undefined),
    maxOutputTokens: body.max_completion_tokens ?? body.max_tokens,
    tools: body.tools?.map((tool) => toTool(tool.function)),
    toolChoice: toolChoiceOf(body.tool_choice),
    output: outputOf(body.response_format),
  });

const toolChoiceOf = (choice: ChatCompletionBody["tool_choice"]): ModelRequest["toolChoice"] | null =>
  typeof choice === "object" && choice !== null ? { name: choice.function.name } : choice;

const outputOf = (format: ChatCompletionBody["response_format"]): ModelRequest["output"] => {
  if (format === undefined || format === null || format.type === "text") return undefined;
  if (format.type === "json_object") return {};
  const { name, schema } = format.json_schema;
  return { name, ...(schema === undefined ? {} : { schema }) };
};

const messagesOf = (messages: ChatCompletionBody["messages"]): ModelMessage[] => {
  const out: ModelMessage[] = [];
  const tools = new ToolNames();
  for (const [index, message] of messages.entries())
    switch (message.role) {
      case "system":
      case "developer":
        out.push({ role: "system", content: message.content });
        break;
      case "user":
        out.push({ role: "user", content: message.content });
        break;
      case "assistant": {
        const calls = (message.tool_calls ?? []).map((call) =>
          toToolCall(call.id, call.function.name, call.function.arguments),
        );
        out.push({ role: "assistant", content: message.content });
        if (calls.length > 0) addToolCalls(out, calls);
        tools.add(calls);
        break;
      }
      case "tool": {
        const { tool_call_id: toolCallId, content } = message;
        const toolName = tools.of(toolCallId, `messages[${index}].tool_call_id`);
        out.push({ role: "tool", content, toolCallId, toolName });
      }
    }
  return out;
};

const FINISH: Readonly<Record<string, string>> = {
  length: "length",
  "tool-calls": "tool_calls",
  "content-filter": "content_filter",
};
const finishOf = ({ finishReason }: Answer): string => FINISH[finishReason] ?? "stop";

const usageOf = ({ usage }: Answer) =>
  usage === undefined
    ? undefined
    : {
        prompt_tokens: usage.inputTokens,
        completion_tokens: usage.outputTokens,
        total_tokens: usage.inputTokens + usage.outputTokens,
        prompt_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0 },
        completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
      };

const callsOf = ({ toolCalls }: Answer) =>
  toolCalls.map((call) => ({
    id: call.id,
    type: "function" as const,
    function: { name: call.name, arguments: argumentsOf(call) },
  }));

export const chatCompletion = (answer: Answer, { id, now }: AnswerForm) => {
  const calls = callsOf(answer);
  return {
    id: `chatcmpl-${id}`,
    object: "chat.completion",
    created: now,
    model: answer.model,
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: answer.text === "" && calls.length > 0 ? null : answer.text,
          refusal: null,
          ...(calls.length === 0 ? {} : { tool_calls: calls }),
        },
        logprobs: null,
        finish_reason: finishOf(answer),
      },
    ],
    ...(answer.usage === undefined ? {} : { usage: usageOf(answer) }),
    agentcore: answer.agentcore,
  };
};

/** Chunks of an answer as it comes; a failure after the first is an event of its own, which clients throw. */
export const chatWriter = ({ model, stream_options: options }: ChatCompletionBody, { id, now }: AnswerForm) => {
  let isBegun = false;
  const wantsUsage = options?.include_usage === true;
  const chunk = (more: object, as = model): SseFrame => ({
    data: JSON.stringify({ id: `chatcmpl-${id}`, object: "chat.completion.chunk", created: now, model: as, ...more }),
  });
  const delta = (value: object, finish: string | null = null, more: object = {}, as = model): SseFrame =>
    chunk(
      {
        choices: [{ index: 0, delta: value, logprobs: null, finish_reason: finish }],
        ...(wantsUsage ? { usage: null } : {}),
        ...more,
      },
      as,
    );
  const begin = (): SseFrame[] => {
    if (isBegun) return [];
    isBegun = true;
    return [delta({ role: "assistant", content: "" })];
  };
  return (event: AnswerEvent): readonly SseFrame[] => {
    if ("text" in event) return [...begin(), delta({ content: event.text })];
    if ("error" in event) return [{ data: JSON.stringify({ error: toOpenAiError(event.error) }) }, DONE];
    const { answer } = event;
    const calls = callsOf(answer).map((call, index) => ({ index, ...call }));
    return [
      ...begin(),
      ...(calls.length === 0 ? [] : [delta({ tool_calls: calls })]),
      delta({}, finishOf(answer), { agentcore: answer.agentcore }, answer.model),
      ...(wantsUsage && answer.usage !== undefined
        ? [chunk({ choices: [], usage: usageOf(answer) }, answer.model)]
        : []),
      DONE,
    ];
  };
};

const DONE: SseFrame = { data: "[DONE]" };
