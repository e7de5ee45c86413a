/** How a provider puts an answer on the wire. */
export interface FakeUsage {
  readonly input: number;
  readonly output: number;
  readonly cachedInput?: number;
  readonly cacheWrite?: number;
  readonly reasoning?: number;
}

export interface FakeAnswer {
  readonly text?: string;
  /** `input` as text, as it goes over the wire. */
  readonly toolCalls?: readonly { readonly id: string; readonly name: string; readonly input: string }[];
  /** @default "tool-calls" when there are some, else "stop" */
  readonly finish?: "stop" | "length" | "tool-calls";
  /** Null: none is reported. @default 7 of input, 3 of output */
  readonly usage?: FakeUsage | null;
}

export interface ModelDialect {
  readonly name: string;
  /** Of the address that a client is given. */
  readonly basePath: string;
  /** Of generations, below it. */
  readonly path: string;
  readonly body: (answer: FakeAnswer) => unknown;
  /** Server-sent events, each with its blank line; texts and tool inputs in pieces. */
  readonly events: (answer: FakeAnswer) => readonly string[];
  readonly errorBody: (message: string, type: string) => unknown;
  /** An error in the middle of a stream. */
  readonly errorEvent: (message: string, type: string) => string;
  readonly embeddings?: (texts: readonly string[]) => unknown;
}

export const DEFAULT_USAGE: FakeUsage = { input: 7, output: 3 };

export const piecesOf = (text: string, length = 5): readonly string[] =>
  Array.from({ length: Math.ceil(text.length / length) }, (_, index) =>
    text.slice(index * length, (index + 1) * length),
  );

export const finishOf = ({ finish, toolCalls = [] }: FakeAnswer): NonNullable<FakeAnswer["finish"]> =>
  finish ?? (toolCalls.length > 0 ? "tool-calls" : "stop");
