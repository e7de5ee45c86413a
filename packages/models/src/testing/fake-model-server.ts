/** A provider for tests and benchmarks: a real HTTP server on this machine that answers in a dialect, or fails as providers do. */
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { FakeAnswer, ModelDialect } from "./model-dialect.ts";

export interface FakeRequest {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface FakeExchange {
  readonly dialect: ModelDialect;
  readonly request: FakeRequest;
  readonly isStreamed: boolean;
  readonly response: ServerResponse;
}

export type FakeBehaviour = (exchange: FakeExchange) => void;

export interface FakeModelServer {
  /** With the path under which a client looks for generations. */
  readonly baseUrl: string;
  readonly requests: readonly FakeRequest[];
  /** Resolves when that many requests have come. */
  arrived(count: number): Promise<void>;
  /** Resolves when the client has closed that many connections before their answer was complete. */
  abandoned(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Behaves in turn as told, and then as the last says. */
export const startFakeModelServer = async (
  dialect: ModelDialect,
  ...behaviours: readonly FakeBehaviour[]
): Promise<FakeModelServer> => {
  const requests: FakeRequest[] = [];
  const arrivals = createCounter();
  const departures = createCounter();
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const text = Buffer.concat(chunks).toString();
      const body = (text === "" ? {} : JSON.parse(text)) as Readonly<Record<string, unknown>>;
      const request = { path: incoming.url ?? "", headers: incoming.headers, body };
      const behave = behaviours[Math.min(requests.length, behaviours.length - 1)] ?? answering({ text: "ok" });
      requests.push(request);
      response.on("close", () => {
        if (!response.writableFinished) departures.add();
      });
      arrivals.add();
      behave({ dialect, request, isStreamed: body["stream"] === true, response });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    baseUrl: `http://127.0.0.1:${port}${dialect.basePath}`,
    requests,
    arrived: arrivals.reach,
    abandoned: departures.reach,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const createCounter = () => {
  let count = 0;
  const waiting = new Set<{ readonly count: number; readonly resolve: () => void }>();
  return {
    add: (): void => {
      count++;
      for (const waiter of waiting) {
        if (waiter.count > count) continue;
        waiting.delete(waiter);
        waiter.resolve();
      }
    },
    reach: (wanted: number): Promise<void> =>
      count >= wanted ? Promise.resolve() : new Promise((resolve) => waiting.add({ count: wanted, resolve })),
  };
};

const SSE = { "content-type": "text/event-stream" };
const JSON_TYPE = { "content-type": "application/json" };

const sendJson = (response: ServerResponse, body: unknown): void => {
  response.writeHead(200, JSON_TYPE).end(JSON.stringify(body));
};

/** As it was asked: whole, or streamed; vectors where they are asked for. */
export const answering =
  (answer: FakeAnswer): FakeBehaviour =>
  ({ dialect, request, isStreamed, response }) => {
    if (request.path.endsWith("/embeddings")) {
      const { input } = request.body;
      return sendJson(response, dialect.embeddings?.(Array.isArray(input) ? input.map(String) : [String(input)]));
    }
    if (!isStreamed) return sendJson(response, dialect.body(answer));
    response.writeHead(200, SSE);
    for (const event of dialect.events(answer)) response.write(event);
    response.end();
  };

export const refusing =
  (
    status: number,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    type = "api_error",
  ): FakeBehaviour =>
  ({ dialect, response }) => {
    response.writeHead(status, { ...JSON_TYPE, ...headers }).end(JSON.stringify(dialect.errorBody(message, type)));
  };

/** Takes the request, and says nothing; `headers`: says that an answer comes, and no more. */
export const hanging =
  (headers = false): FakeBehaviour =>
  ({ response, isStreamed }) => {
    if (headers) response.writeHead(200, isStreamed ? SSE : JSON_TYPE).flushHeaders();
  };

/** Begins the stream, `events` of it, and then does `then`; an answer in one piece is cut in its middle. */
const breaking =
  (answer: FakeAnswer, events: number, then: FakeBehaviour): FakeBehaviour =>
  (exchange) => {
    const { dialect, isStreamed, response } = exchange;
    const whole = JSON.stringify(dialect.body(answer));
    const begun = isStreamed
      ? dialect.events(answer).slice(0, events).join("")
      : whole.slice(0, Math.floor(whole.length / 2));
    const length = isStreamed ? {} : { "content-length": Buffer.byteLength(whole) };
    response.writeHead(200, { ...(isStreamed ? SSE : JSON_TYPE), ...length });
    response.write(begun, () => then(exchange));
  };

/** The connection goes away in the middle. */
export const cutting = (answer: FakeAnswer, events: number): FakeBehaviour =>
  breaking(answer, events, ({ response }) => void response.destroy());

/** Nothing more comes after the beginning. */
export const stalling = (answer: FakeAnswer, events: number): FakeBehaviour =>
  breaking(answer, events, () => undefined);

/** The stream ends as if it were complete, and the connection with it: a client that was told a length would wait for the rest until then. */
export const ending = (answer: FakeAnswer, events: number): FakeBehaviour =>
  breaking(answer, events, ({ response }) => {
    const { socket } = response;
    response.end(() => void socket?.end());
  });

/** The provider says in the stream that it fails. */
export const failing = (answer: FakeAnswer, events: number, message: string, type: string): FakeBehaviour =>
  breaking(answer, events, ({ dialect, response }) => void response.end(dialect.errorEvent(message, type)));

/** What comes is no JSON. */
export const garbling =
  (answer: FakeAnswer, events: number): FakeBehaviour =>
  (exchange) => {
    const { dialect, isStreamed, response } = exchange;
    if (!isStreamed) return void response.writeHead(200, JSON_TYPE).end('{"choices": [');
    response.writeHead(200, SSE);
    response.end(`${dialect.events(answer).slice(0, events).join("")}data: {"id": \n\n`);
  };
