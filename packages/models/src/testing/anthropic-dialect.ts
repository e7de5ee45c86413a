import { DEFAULT_USAGE, type FakeAnswer, finishOf, type ModelDialect, piecesOf } from "./model-dialect.ts";

const FINISH = { stop: "end_turn", length: "max_tokens", "tool-calls": "tool_use" } as const;

const usageOf = ({ usage = DEFAULT_USAGE }: FakeAnswer) => {
  // The protocol has no answers without usage: what reports none, as some in front of Anthropic, says nothing but zeros.
  const { input, output, cachedInput = 0, cacheWrite = 0, reasoning } = usage ?? { input: 0, output: 0 };
  return {
    // Without what was read from, and written to, the cache.
    input_tokens: input - cachedInput - cacheWrite,
    output_tokens: output,
    cache_read_input_tokens: cachedInput,
    cache_creation_input_tokens: cacheWrite,
    output_tokens_details: reasoning === undefined ? undefined : { thinking_tokens: reasoning },
  };
};

const message = (content: readonly unknown[], stop_reason: string | null, usage: object) => ({
  ...{ id: "msg_1", type: "message", role: "assistant", model: "small", content },
  ...{ stop_reason, stop_sequence: null, usage },
});

const event = (value: { readonly type: string; readonly [field: string]: unknown }): string =>
  `event: ${value.type}\ndata: ${JSON.stringify(value)}\n\n`;

const block = (index: number, content_block: object, deltas: readonly object[]): readonly string[] => [
  event({ type: "content_block_start", index, content_block }),
  ...deltas.map((delta) => event({ type: "content_block_delta", index, delta })),
  event({ type: "content_block_stop", index }),
];

/** Messages. */
export const anthropicDialect: ModelDialect = {
  name: "anthropic",
  basePath: "/v1",
  path: "/messages",
  body: (answer) =>
    message(
      [
        ...(answer.text === undefined ? [] : [{ type: "text", text: answer.text }]),
        ...(answer.toolCalls ?? []).map(({ id, name, input }) => ({
          ...{ type: "tool_use", id, name, input: JSON.parse(input) as unknown },
        })),
      ],
      FINISH[finishOf(answer)],
      usageOf(answer),
    ),
  events: (answer) => {
    const { output_tokens, output_tokens_details, ...input } = usageOf(answer);
    const texts = answer.text === undefined ? [] : [answer.text];
    return [
      event({
        type: "message_start",
        message: message([], null, { ...input, output_tokens: Math.min(1, output_tokens) }),
      }),
      event({ type: "ping" }),
      ...texts.flatMap((text) =>
        block(
          0,
          { type: "text", text: "" },
          piecesOf(text).map((piece) => ({ type: "text_delta", text: piece })),
        ),
      ),
      ...(answer.toolCalls ?? []).flatMap(({ id, name, input: text }, index) =>
        block(
          texts.length + index,
          { type: "tool_use", id, name, input: {} },
          piecesOf(text).map((partial_json) => ({ type: "input_json_delta", partial_json })),
        ),
      ),
      event({
        type: "message_delta",
        delta: { stop_reason: FINISH[finishOf(answer)], stop_sequence: null },
        usage: { output_tokens, ...(output_tokens_details === undefined ? {} : { output_tokens_details }) },
      }),
      event({ type: "message_stop" }),
    ];
  },
  errorBody: (text, type) => ({ type: "error", error: { type, message: text } }),
  errorEvent: (text, type) => event({ type: "error", error: { type, message: text } }),
};
