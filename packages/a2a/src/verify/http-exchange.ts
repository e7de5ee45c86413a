/** One request and its answer over HTTP, bounded in bytes; whoever makes it bounds it in time. */
import { PlatformError } from "@agentcore/contract/errors";
import { parsedJson } from "./json-values.ts";

export type Fetch = (request: Request) => Promise<Response>;

export interface HttpRequest {
  readonly url: string;
  /** @default GET */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined when the body is no JSON. */
  readonly json: unknown;
}

export interface ServerEvent {
  readonly data: string;
  readonly id?: string | undefined;
  /** A line that begins with a colon; such an event has no data. */
  readonly comment?: string | undefined;
}

export interface OpenAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly isEventStream: boolean;
  /** The body as a whole. */
  text(): Promise<string>;
  events(): AsyncGenerator<ServerEvent, void>;
}

export interface HttpExchange {
  /** Ends all that is under way. */
  readonly signal: AbortSignal;
  request(request: HttpRequest): Promise<HttpAnswer>;
  /** Resolves with the headers. The body ends with the signal at the latest. */
  open(request: HttpRequest): Promise<OpenAnswer>;
}

// A server under test may send anything; an answer of this protocol is far below.
const MAX_ANSWER_BYTES = 16 * 1024 * 1024;

export const createHttpExchange = (fetchRequest: Fetch, signal: AbortSignal): HttpExchange => {
  const open = async ({ url, method = "GET", headers, body }: HttpRequest): Promise<OpenAnswer> => {
    const request = new Request(url, {
      method,
      signal,
      // Credentials go to the address they were given for and nowhere else.
      redirect: "manual",
      ...(headers === undefined ? {} : { headers: { ...headers } }),
      ...(body === undefined ? {} : { body: new TextEncoder().encode(body) }),
    });
    const response = await fetchRequest(request);
    // Also a body that nobody has begun to read holds the server's place for it.
    signal.addEventListener("abort", () => void (response.bodyUsed || response.body?.cancel().catch(() => {})), {
      once: true,
    });
    const isEventStream = /^text\/event-stream\b/i.test(response.headers.get("content-type") ?? "");
    return {
      status: response.status,
      headers: response.headers,
      isEventStream,
      text: () => readText(response, signal),
      events: () => readEvents(response, signal),
    };
  };
  return {
    signal,
    open,
    async request(asked) {
      const answer = await open(asked);
      // A stream where none was asked for may never end.
      const text = answer.isEventStream ? "" : await answer.text();
      return { status: answer.status, headers: answer.headers, text, json: parsedJson(text) };
    },
  };
};

async function* chunksOf(response: Response, signal: AbortSignal): AsyncGenerator<string, void> {
  if (response.body === null) return;
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  const stop = () => void reader.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      bytes += value.byteLength;
      if (bytes > MAX_ANSWER_BYTES)
        throw new PlatformError("TOO_LARGE", `the answer is over ${MAX_ANSWER_BYTES} bytes, which no check asks for`);
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

const readText = async (response: Response, signal: AbortSignal): Promise<string> => {
  let text = "";
  for await (const chunk of chunksOf(response, signal)) text += chunk;
  return text;
};

/** Source: the event stream format of the HTML standard, section 9.2.6. */
async function* readEvents(response: Response, signal: AbortSignal): AsyncGenerator<ServerEvent, void> {
  let buffer = "";
  for await (const chunk of chunksOf(response, signal)) {
    buffer = (buffer + chunk).replaceAll("\r\n", "\n");
    for (let end = buffer.indexOf("\n\n"); end !== -1; end = buffer.indexOf("\n\n")) {
      yield parseEvent(buffer.slice(0, end));
      buffer = buffer.slice(end + 2);
    }
  }
}

const parseEvent = (block: string): ServerEvent => {
  const data: string[] = [];
  let id: string | undefined;
  let comment: string | undefined;
  for (const line of block.split("\n")) {
    const colon = line.indexOf(":");
    const name = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (name === "data") data.push(value);
    else if (name === "id") id = value;
    else if (name === "") comment = value;
  }
  return { data: data.join("\n"), id, comment };
};
