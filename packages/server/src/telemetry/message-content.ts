/** What was asked and answered, as attributes: only where somebody wants it, and bounded. */
import type { ModelMessage, ModelRequest, ModelResponse } from "@agentcore/contract/authoring";
import { finishReasonOf, type SpanAttributes } from "./model-attributes.ts";

// Spans wait in memory until they are sent; 2,048 of them at most.
const MAX_TEXT = 8 * 1024;
const MAX_ATTRIBUTE = 32 * 1024;

export const inputAttributes = ({ messages, tools = [] }: ModelRequest): SpanAttributes => ({
  "gen_ai.input.messages": listOf(messages.map(inputMessage)),
  ...(tools.length === 0
    ? {}
    : {
        "gen_ai.tool.definitions": listOf(
          tools.map(({ name, description }) => ({ type: "function", name, description: cut(description) })),
        ),
      }),
});

export const outputAttributes = ({ text, toolCalls, finishReason }: ModelResponse): SpanAttributes => ({
  "gen_ai.output.messages": listOf([
    {
      role: "assistant",
      parts: partsOf({ role: "assistant", content: text, toolCalls }),
      finish_reason: finishReasonOf(finishReason),
    },
  ]),
});

const inputMessage = (message: ModelMessage): object => ({ role: message.role, parts: partsOf(message) });

const partsOf = ({ role, content, toolCalls = [], toolCallId }: ModelMessage): readonly object[] =>
  role === "tool"
    ? [{ type: "tool_call_response", id: toolCallId ?? null, response: cut(content) }]
    : [
        ...(content === "" ? [] : [{ type: "text", content: cut(content) }]),
        ...toolCalls.map(({ id, name, input }) => ({ type: "tool_call", id, name, arguments: boundedInput(input) })),
      ];

const boundedInput = (input: unknown): unknown => {
  const text = JSON.stringify(input) ?? "null";
  return text.length > MAX_TEXT ? cut(text) : input;
};

const cut = (text: string): string => (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT).toWellFormed()}…` : text);

/** As many as there is room for: the first one, which most often is the system's, and the newest. */
const listOf = (items: readonly object[]): string => {
  const texts = items.map((item) => JSON.stringify(item));
  const [first = "", ...rest] = texts;
  const kept: string[] = [];
  let room = MAX_ATTRIBUTE - first.length;
  for (const text of rest.toReversed()) {
    room -= text.length + 1;
    if (room < 0) break;
    kept.unshift(text);
  }
  return `[${(texts.length === 0 ? [] : [first, ...kept]).join(",")}]`;
};
