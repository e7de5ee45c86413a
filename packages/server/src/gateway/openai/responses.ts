/** `POST /v1/responses`, as far as it keeps nothing: the request as a question, and answers in its form. Source: OpenAI's API reference. */
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
  type: z.enum(["input_text", "output_text", "text"], {
    error: "expected input_text or output_text: images, audio and files are not taken",
  }),
  text: z.string({ error: "expected text" }),
});

const Content = z.unknown().transform(textReader(TextPart, "text"));

const MESSAGE = "message";

const Item = z.preprocess(
  // A message may leave out what it is.
  (value) => (typeof value === "object" && value !== null && !("type" in value) ? { type: MESSAGE, ...value } : value),
  z.discriminatedUnion(
    "type",
    [
      z.object({
        type: z.literal(MESSAGE),
        role: z.enum(["system", "developer", "user", "assistant"], {
          error: "expected role system, developer, user or assistant",
        }),
        content: Content,
      }),
      z.object({
        type: z.literal("function_call"),
        call_id: Id,
        name: FunctionName,
        arguments: z.string({ error: "expected JSON as text" }),
      }),
      z.object({ type: z.literal("function_call_output"), call_id: Id, output: Content }),
      // What a model thought before: nothing that another could read.
      z.object({ type: z.literal("reasoning") }),
    ],
    { error: "expected a message, function_call, function_call_output or reasoning: nothing else is taken" },
  ),
);

const FunctionTool = z.object({
  type: FunctionType,
  ...FunctionMembers,
});

const ToolChoice = z.union([ToolMode, z.object({ type: z.literal("function"), name: FunctionName })], {
  error: "expected none, auto, required or { type: function, name }",
});

const Format = z.discriminatedUnion(
  "type",
  [
    z.object({ type: z.literal("text") }),
    z.object({ type: z.literal("json_object") }),
    z.object({ type: z.literal("json_schema"), name: FunctionName, schema: JsonObject }),
  ],
  { error: "expected type text, json_object or json_schema" },
);

const KEEPS_NOTHING = "nothing is kept between requests: send the conversation as input";

/** Members that are not named here are ignored, as docs/models.md lists them. */
export const ResponseBody = z.object({
  ...COMMON_MEMBERS,
  input: z.preprocess(
    (value) => (typeof value === "string" ? [{ role: "user", content: value }] : value),
    z
      .array(Item, { error: "expected text, or a list of items" })
      .min(1, { error: "expected at least one item" })
      .max(MAX_MESSAGES, { error: `expected at most ${MAX_MESSAGES} items` }),
  ),
  instructions: z.string({ error: "expected text" }).nullish(),
  max_output_tokens: TokenCount,
  tools: toolList(FunctionTool).nullish(),
  tool_choice: ToolChoice.nullish(),
  text: z.object({ format: Format.optional() }).nullish(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullish(),
  store: unsupported(`${KEEPS_NOTHING}, and leave store out or say false`).optional(),
  previous_response_id: unsupported(KEEPS_NOTHING).optional(),
  conversation: unsupported(KEEPS_NOTHING).optional(),
  background: unsupported("give work that goes on without you to an agent").optional(),
  prompt: unsupported("send instructions").optional(),
  truncation: unsupported("what does not fit is refused", (value) => value !== "auto").optional(),
  top_logprobs: unsupported("providers are not asked for probabilities").optional(),
});
export type ResponseBody = z.infer<typeof ResponseBody>;

/** Throws INVALID_ARGUMENT for the result of a call that no item before it has. */
export const responseQuestion = (body: ResponseBody): Question =>
  toQuestion(body, {
    messages: [
      ...(typeof body.instructions === "string" ? [{ role: "system" as const, content: body.instructions }] : []),
      ...messagesOf(body.input),
    ],
    maxOutputTokens: body.max_output_tokens,
    tools: body.tools?.map(toTool),
    toolChoice: toolChoiceOf(body.tool_choice),
    output: outputOf(body.text?.format),
  });

const toolChoiceOf = (choice: ResponseBody["tool_choice"]): ModelRequest["toolChoice"] | null =>
  typeof choice === "object" && choice !== null ? { name: choice.name } : choice;

const outputOf = (format: z.infer<typeof Format> | undefined): ModelRequest["output"] => {
  if (format === undefined || format.type === "text") return undefined;
  return format.type === "json_object" ? {} : { name: format.name, schema: format.schema };
};

const messagesOf = (items: readonly z.infer<typeof Item>[]): ModelMessage[] => {
  const out: ModelMessage[] = [];
  const tools = new ToolNames();
  for (const [index, item] of items.entries())
    switch (item.type) {
      case "message":
        out.push({ role: item.role === "developer" ? "system" : item.role, content: item.content });
        break;
      case "function_call": {
        const calls = [toToolCall(item.call_id, item.name, item.arguments)];
        addToolCalls(out, calls);
        tools.add(calls);
        break;
      }
      case "function_call_output": {
        const { call_id: toolCallId, output: content } = item;
        const toolName = tools.of(toolCallId, `input[${index}].call_id`);
        out.push({ role: "tool", content, toolCallId, toolName });
        break;
      }
      case "reasoning":
        break;
    }
  return out;
};

const INCOMPLETE: Readonly<Record<string, string>> = {
  length: "max_output_tokens",
  "content-filter": "content_filter",
};

const usageOf = ({ usage }: Answer) =>
  usage === undefined
    ? null
    : {
        input_tokens: usage.inputTokens,
        input_tokens_details: { cached_tokens: usage.cachedInputTokens ?? 0 },
        output_tokens: usage.outputTokens,
        output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
        total_tokens: usage.inputTokens + usage.outputTokens,
      };

const frame = (body: ResponseBody, { id, now }: AnswerForm) => ({
  id: `resp_${id}`,
  object: "response",
  created_at: now,
  error: null as unknown,
  incomplete_details: null as unknown,
  instructions: body.instructions ?? null,
  max_output_tokens: body.max_output_tokens ?? null,
  metadata: body.metadata ?? {},
  model: body.model,
  parallel_tool_calls: true,
  previous_response_id: null,
  store: false,
  temperature: body.temperature ?? null,
  text: { format: body.text?.format ?? { type: "text" } },
  tool_choice: body.tool_choice ?? "auto",
  tools: body.tools ?? [],
  top_p: body.top_p ?? null,
  truncation: "disabled",
});

const textPart = (text: string) => ({ type: "output_text", text, annotations: [], logprobs: [] });

const messageItem = (id: string, status: string, content: readonly object[]) => ({
  ...{ type: "message", id: `msg_${id}`, status, role: "assistant", content },
});

/** In the order that they are streamed in: the text, then what is asked of tools. */
const itemsOf = (answer: Answer, id: string, status: string) => [
  ...(answer.text === "" && answer.toolCalls.length > 0 ? [] : [messageItem(id, status, [textPart(answer.text)])]),
  ...answer.toolCalls.map((call, index) => ({
    ...{ type: "function_call", id: `fc_${id}_${index}`, call_id: call.id, name: call.name },
    ...{ arguments: argumentsOf(call), status: "completed" },
  })),
];

export const modelResponse = (body: ResponseBody, answer: Answer, form: AnswerForm) => {
  const reason = INCOMPLETE[answer.finishReason];
  const status = reason === undefined ? "completed" : "incomplete";
  return {
    ...frame(body, form),
    ...{ status, model: answer.model, output: itemsOf(answer, form.id, status), usage: usageOf(answer) },
    ...(reason === undefined ? {} : { incomplete_details: { reason } }),
    agentcore: answer.agentcore,
  };
};

/** Events of an answer as it comes, numbered. */
export const responseWriter = (body: ResponseBody, form: AnswerForm) => {
  const { id } = form;
  let number = 0;
  let isBegun = false;
  let hasText = false;
  let said = "";
  const event = (type: string, more: object): SseFrame => ({
    event: type,
    data: JSON.stringify({ type, sequence_number: number++, ...more }),
  });
  const inText = { item_id: `msg_${id}`, output_index: 0, content_index: 0 };

  const begin = (): SseFrame[] => {
    if (isBegun) return [];
    isBegun = true;
    const response = { ...frame(body, form), status: "in_progress", output: [], usage: null };
    return [event("response.created", { response }), event("response.in_progress", { response })];
  };
  const beginText = (): SseFrame[] => {
    if (hasText) return [];
    hasText = true;
    return [
      event("response.output_item.added", { output_index: 0, item: messageItem(id, "in_progress", []) }),
      event("response.content_part.added", { ...inText, part: textPart("") }),
    ];
  };
  const add = (delta: string): SseFrame[] => {
    said += delta;
    return [...begin(), ...beginText(), event("response.output_text.delta", { ...inText, delta, logprobs: [] })];
  };
  const end = (answer: Answer): SseFrame[] => {
    const response = modelResponse(body, { ...answer, text: said }, form);
    const items = response.output.flatMap((item, index) => {
      if (item.type === "message")
        return [
          ...beginText(),
          event("response.output_text.done", { ...inText, text: said, logprobs: [] }),
          event("response.content_part.done", { ...inText, part: textPart(said) }),
          event("response.output_item.done", { output_index: index, item }),
        ];
      const call = item as Extract<typeof item, { readonly arguments: string }>;
      const at = { item_id: call.id, output_index: index };
      return [
        event("response.output_item.added", {
          output_index: index,
          item: { ...call, arguments: "", status: "in_progress" },
        }),
        event("response.function_call_arguments.delta", { ...at, delta: call.arguments }),
        event("response.function_call_arguments.done", { ...at, name: call.name, arguments: call.arguments }),
        event("response.output_item.done", { output_index: index, item }),
      ];
    });
    return [...begin(), ...items, event(`response.${response.status}`, { response })];
  };

  return (piece: AnswerEvent): readonly SseFrame[] => {
    if ("text" in piece) return add(piece.text);
    if ("answer" in piece) return end(piece.answer);
    const { code, message, agentcore } = toOpenAiError(piece.error);
    const response = { ...frame(body, form), status: "failed", error: { code, message }, output: [], usage: null };
    return [...begin(), event("response.failed", { response: { ...response, agentcore } })];
  };
};
