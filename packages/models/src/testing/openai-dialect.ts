import { DEFAULT_USAGE, type FakeAnswer, finishOf, type ModelDialect, piecesOf } from "./model-dialect.ts";

const usageOf = ({ usage = DEFAULT_USAGE }: FakeAnswer) =>
  usage === null
    ? undefined
    : {
        prompt_tokens: usage.input,
        completion_tokens: usage.output,
        total_tokens: usage.input + usage.output,
        ...(usage.cachedInput === undefined ? {} : { prompt_tokens_details: { cached_tokens: usage.cachedInput } }),
        ...(usage.reasoning === undefined ? {} : { completion_tokens_details: { reasoning_tokens: usage.reasoning } }),
      };

const FINISH = { stop: "stop", length: "length", "tool-calls": "tool_calls" } as const;

const event = (value: unknown): string => `data: ${JSON.stringify(value)}\n\n`;
const chunk = (choices: readonly object[], usage?: object): string =>
  event({
    ...{ id: "chatcmpl-1", object: "chat.completion.chunk", created: 1, model: "small", choices },
    ...(usage === undefined ? {} : { usage }),
  });
const delta = (value: object, finish_reason: string | null = null): string =>
  chunk([{ index: 0, delta: value, finish_reason }]);

const embeddings = (texts: readonly string[]) => ({
  object: "list",
  data: texts.map((text, index) => ({ object: "embedding", index, embedding: [text.length, 0.5, -1] })),
  model: "vectors",
  usage: { prompt_tokens: texts.length * 2, total_tokens: texts.length * 2 },
});

/** Chat completions. Tool inputs come in pieces, usage in a chunk of its own before `[DONE]`. */
export const openaiDialect: ModelDialect = {
  name: "openai",
  basePath: "/v1",
  path: "/chat/completions",
  body: (answer) => ({
    ...{ id: "chatcmpl-1", object: "chat.completion", created: 1, model: "small" },
    choices: [
      {
        index: 0,
        message: {
          role: "assistant",
          content: answer.text ?? null,
          ...(answer.toolCalls === undefined
            ? {}
            : {
                tool_calls: answer.toolCalls.map(({ id, name, input }) => ({
                  ...{ id, type: "function", function: { name, arguments: input } },
                })),
              }),
        },
        finish_reason: FINISH[finishOf(answer)],
      },
    ],
    usage: usageOf(answer),
  }),
  events: (answer) => {
    const usage = usageOf(answer);
    return [
      delta({ role: "assistant", content: "" }),
      ...piecesOf(answer.text ?? "").map((content) => delta({ content })),
      ...(answer.toolCalls ?? []).flatMap(({ id, name, input }, index) => [
        delta({ tool_calls: [{ index, id, type: "function", function: { name, arguments: "" } }] }),
        ...piecesOf(input).map((piece) => delta({ tool_calls: [{ index, function: { arguments: piece } }] })),
      ]),
      delta({}, FINISH[finishOf(answer)]),
      ...(usage === undefined ? [] : [chunk([], usage)]),
      "data: [DONE]\n\n",
    ];
  },
  errorBody: (message, type) => ({ error: { message, type, param: null, code: null } }),
  errorEvent: (message, type) => event({ error: { message, type, param: null, code: null } }),
  embeddings,
};

/** The door of Ollama that speaks OpenAI's dialect: whole tool calls in one chunk, no details of usage. */
export const ollamaDialect: ModelDialect = {
  ...openaiDialect,
  name: "ollama",
  events: (answer) => {
    const usage = usageOf(answer);
    return [
      ...piecesOf(answer.text ?? "").map((content) => delta({ role: "assistant", content })),
      ...(answer.toolCalls ?? []).map(({ id, name, input }, index) =>
        delta({
          role: "assistant",
          content: "",
          tool_calls: [{ id, index, type: "function", function: { name, arguments: input } }],
        }),
      ),
      delta({ role: "assistant", content: "" }, FINISH[finishOf(answer)]),
      ...(usage === undefined ? [] : [chunk([], usage)]),
      "data: [DONE]\n\n",
    ];
  },
};
