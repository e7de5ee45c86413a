/** A correct server whose answers are changed on their way: what a check has to notice. */
import type { PushReceiver } from "@agentcore/a2a/verify";

type Json = Readonly<Record<string, unknown>>;

export interface SeenCall {
  /** Of A2A 1.0, whichever the binding; "card" for cards, "" for what is none. */
  readonly operation: string;
  readonly params: Json;
  readonly request: Request;
  readonly body: string;
  /** Undefined when the body is none. */
  readonly id: unknown;
  readonly isRest: boolean;
}

export interface SeenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The text where it is no JSON. */
  readonly body: unknown;
}

export interface Mutation {
  /** An answer instead of the server's own. */
  readonly instead?: (call: SeenCall) => SeenAnswer | undefined | Promise<SeenAnswer | undefined>;
  /** A changed request. */
  readonly request?: (call: SeenCall) => Request | undefined;
  readonly answer?: (call: SeenCall, answer: SeenAnswer) => SeenAnswer | Promise<SeenAnswer>;
  /** Of a stream: the StreamResponses that take the place of one. */
  readonly frame?: (call: SeenCall, frame: Json, index: number) => readonly unknown[];
  /** Changes the text of an event as it goes over the wire. */
  readonly event?: (call: SeenCall, text: string) => string;
  /** Another notification than the one that came in; null when it is lost. */
  readonly delivery?: (delivery: Delivery) => Delivery | null;
}

export type Delivery = ReturnType<PushReceiver["inbox"]>["deliveries"][number];

export type Serve = (request: Request) => Promise<Response>;

export const mutated =
  (serve: Serve, mutation: Mutation): Serve =>
  async (request) => {
    const call = await seen(request);
    const instead = await mutation.instead?.(call);
    if (instead !== undefined) return toResponse(instead);
    const response = await serve(mutation.request?.(call) ?? rebuilt(call));
    const isStream = response.headers.get("content-type")?.startsWith("text/event-stream") === true;
    if (isStream) return mutation.frame || mutation.event ? mutatedStream(response, call, mutation) : response;
    if (mutation.answer === undefined) return response;
    const text = await response.text();
    const headers = Object.fromEntries(response.headers);
    return toResponse(await mutation.answer(call, { status: response.status, headers, body: parsed(text) }));
  };

export const mutatedReceiver = (receiver: PushReceiver, { delivery = (same) => same }: Mutation): PushReceiver => ({
  ...receiver,
  inbox() {
    const inbox = receiver.inbox();
    const changed = (all: readonly Delivery[]) => all.flatMap((each) => delivery(each) ?? []);
    return {
      url: inbox.url,
      get deliveries() {
        return changed(inbox.deliveries);
      },
      // Once all has come that is sent, nothing is left to be patient for.
      until: async (isEnough, signal) =>
        changed(await inbox.until((all) => isEnough(changed(all)) || isEnough(all), signal)),
    };
  },
});

/** The request again, with another body or other headers. */
export const rebuilt = (
  { request, body }: SeenCall,
  change: { url?: string; body?: string; headers?: Json } = {},
): Request =>
  new Request(change.url ?? request.url, {
    method: request.method,
    signal: request.signal,
    headers: (change.headers as Record<string, string> | undefined) ?? Object.fromEntries(request.headers),
    ...(request.method === "GET" || request.method === "DELETE" ? {} : { body: change.body ?? body }),
  });

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
};

const toResponse = ({ status, headers, body }: SeenAnswer): Response =>
  new Response(status === 204 || status === 304 ? null : typeof body === "string" ? body : JSON.stringify(body), {
    status,
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => name !== "content-length")),
  });

const REST: readonly (readonly [string, RegExp, string])[] = [
  ["POST", /\/message:send$/, "SendMessage"],
  ["POST", /\/message:stream$/, "SendStreamingMessage"],
  ["GET", /\/tasks$/, "ListTasks"],
  ["GET", /\/tasks\/([^/:]+)$/, "GetTask"],
  ["POST", /\/tasks\/([^/:]+):cancel$/, "CancelTask"],
  ["GET", /\/tasks\/([^/:]+):subscribe$/, "SubscribeToTask"],
  ["POST", /\/tasks\/([^/:]+):subscribe$/, "SubscribeToTask"],
  ["GET", /\/extendedAgentCard$/, "GetExtendedAgentCard"],
];

const seen = async (request: Request): Promise<SeenCall> => {
  const body = await request.text();
  const { pathname, searchParams } = new URL(request.url);
  const json = parsed(body) as { method?: unknown; params?: Json; id?: unknown } | undefined;
  const base = { request, body };
  if (pathname.endsWith(".json")) return { ...base, operation: "card", params: {}, id: undefined, isRest: false };
  for (const [method, path, operation] of REST) {
    const match = path.exec(pathname);
    if (match === null || method !== request.method) continue;
    const own = match[1] === undefined ? {} : { id: match[1] };
    return {
      ...base,
      operation,
      params: { ...Object.fromEntries(searchParams), ...(typeof json === "object" ? json : {}), ...own },
      id: undefined,
      isRest: true,
    };
  }
  const isRpc = typeof json === "object" && json !== null && typeof json.method === "string";
  if (!isRpc) return { ...base, operation: "", params: {}, id: undefined, isRest: false };
  return { ...base, operation: json.method as string, params: json.params ?? {}, id: json.id, isRest: false };
};

const mutatedStream = (response: Response, call: SeenCall, mutation: Mutation): Response => {
  let buffer = "";
  let index = 0;
  const change = (block: string): string => {
    const lines = block.split("\n");
    const data = lines.find((line) => line.startsWith("data: "));
    if (data === undefined) return `${block}\n\n`;
    const envelope = JSON.parse(data.slice(6)) as Json;
    const frame = (call.isRest ? envelope : (envelope["result"] ?? {})) as Json;
    const frames = mutation.frame?.(call, frame, index) ?? [frame];
    index += 1;
    return frames
      .map((each) => {
        const text = JSON.stringify(call.isRest ? each : { ...envelope, result: each });
        const others = lines.filter((line) => line !== data);
        return `${[...others, `data: ${mutation.event?.(call, text) ?? text}`].join("\n")}\n\n`;
      })
      .join("");
  };
  const stream = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(
    new TransformStream<string, string>({
      transform(chunk, controller) {
        buffer += chunk;
        for (let end = buffer.indexOf("\n\n"); end !== -1; end = buffer.indexOf("\n\n")) {
          controller.enqueue(change(buffer.slice(0, end)));
          buffer = buffer.slice(end + 2);
        }
      },
    }),
  );
  return new Response(stream?.pipeThrough(new TextEncoderStream()) ?? null, {
    status: response.status,
    headers: response.headers,
  });
};

// ---- changes that many mutations share

/** Changes what an operation answers when it succeeds. */
export const result = (operation: string, change: (value: never, call: SeenCall) => unknown): Mutation => ({
  answer: (call, answer) => {
    if (call.operation !== operation || answer.status >= 300) return answer;
    const body = answer.body as Json;
    if (call.isRest) return { ...answer, body: change(body as never, call) };
    return "result" in body ? { ...answer, body: { ...body, result: change(body["result"] as never, call) } } : answer;
  },
});

/** Answers a call with a result whatever the server says. */
export const accept = (when: (call: SeenCall) => boolean, value: unknown): Mutation => ({
  instead: (call) => (when(call) ? success(call, value) : undefined),
});

export const success = (call: SeenCall, value: unknown): SeenAnswer => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: call.isRest ? value : { jsonrpc: "2.0", id: call.id ?? null, result: value },
});

/** Another code for the errors that match; reason and status of the original go with it. */
export const errorCode = (from: number, to: number, operation?: string): Mutation => ({
  answer: (call, answer) => {
    const error = (answer.body as { error?: { code?: number } } | undefined)?.error;
    if (error?.code !== from || (operation !== undefined && call.operation !== operation)) return answer;
    return { ...answer, body: { ...(answer.body as Json), error: { ...error, code: to } } };
  },
});

export const cardMember = (change: (card: Json) => Json, when: (call: SeenCall) => boolean = () => true): Mutation => ({
  answer: (call, answer) =>
    call.operation === "card" && answer.status === 200 && call.request.url.endsWith("agent-card.json") && when(call)
      ? { ...answer, body: change(answer.body as Json) }
      : answer,
});

export const cardHeader = (name: string, value: string | undefined): Mutation => ({
  answer: (call, answer) => {
    if (call.operation !== "card") return answer;
    const { [name]: _, ...others } = answer.headers;
    return { ...answer, headers: { ...others, ...(value === undefined ? {} : { [name]: value }) } };
  },
});
