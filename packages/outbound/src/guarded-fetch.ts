/**
 * `fetch` for calls to an address somebody else chose. The built-in one resolves names by itself, after any check that could
 * be made before; here the very addresses that are connected to are judged. Redirects are answers, never followed, and no
 * proxy is asked.
 */
import { PlatformError } from "@agentcore/contract/errors";
import { refuseUrl } from "./address-guard.ts";
import { Answer } from "./answer.ts";
import { type Connections, openConnections } from "./connections.ts";
import { createConnectionLookup, type GuardedLookupOptions } from "./guarded-lookup.ts";

// More than a result may have (16 MiB), with room for what is said around it.
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;

export interface GuardedFetchOptions extends GuardedLookupOptions {
  /** @default 33554432 */
  readonly maxAnswerBytes?: number | undefined;
  /**
   * Whether a connection is kept for the next call of the same host, 4 s unused at most. It goes where it was judged to go when it
   * was opened. Without it each call has a connection of its own, and names are looked up each time.
   * @default false
   */
  readonly keepsConnections?: boolean | undefined;
}

/** Of one call. */
export interface GuardedCall {
  /** @default that of the options */
  readonly maxAnswerBytes?: number | undefined;
  /** Hears that the whole of the request has left: from then on it may have been acted upon. */
  readonly onSent?: (() => void) | undefined;
}

export interface GuardedFetch {
  (input: string | URL | Request, init?: RequestInit, call?: GuardedCall): Promise<Response>;
  /** Closes kept connections, and those under way; later calls open others. */
  close(): void;
}

/**
 * Rejects with CONFIG_INVALID when the address, or what its name leads to, is forbidden by the policy; else as `fetch` does. The body
 * fails with TOO_LARGE over its bound.
 */
export const createGuardedFetch = (options: GuardedFetchOptions): GuardedFetch => {
  const { keepsConnections = false } = options;
  let opening: Promise<Connections> | undefined;
  let connections: Connections | undefined;
  const opened = async (): Promise<Connections> => {
    opening ??= openConnections({ lookupFor: createConnectionLookup(options), keepsConnections });
    connections = await opening;
    return connections;
  };

  const guardedFetch = async (
    input: string | URL | Request,
    init?: RequestInit,
    { maxAnswerBytes = options.maxAnswerBytes ?? MAX_ANSWER_BYTES, onSent }: GuardedCall = {},
  ): Promise<Response> => {
    const { url, method, headers, body } = await readRequest(input, init);
    const given = input instanceof Request ? input : undefined;
    const signal = init?.signal ?? given?.signal ?? null;
    if (url.protocol !== "http:" && url.protocol !== "https:")
      throw new TypeError("fetch failed", { cause: new Error(`expected http: or https:, got ${url.protocol}`) });
    const refused = refuseUrl(url, options);
    if (refused !== undefined) throw new PlatformError("CONFIG_INVALID", `${url.hostname}: ${refused}`);
    const { send } = connections ?? (await opened());
    signal?.throwIfAborted();
    // What is not decoded here must not come encoded.
    headers["accept-encoding"] = "identity";
    const answer = new Answer({ maxBytes: maxAnswerBytes, host: url.host, signal, onSent, given });
    send({ origin: url.origin, path: url.pathname + url.search, method, headers, body }, answer);
    return answer.response;
  };
  return Object.assign(guardedFetch, { close: () => connections?.close() });
};

interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
}

/** Throws as `fetch` does for what is none. */
const readRequest = async (input: string | URL | Request, init?: RequestInit): Promise<OutgoingRequest> => {
  const body = init?.body;
  // What nearly every call is; a Request costs as much as all the rest of it.
  if (!(input instanceof Request) && init?.method === "POST" && typeof body === "string") {
    const url = new URL(input);
    if (url.username === "" && url.password === "") {
      const headers = headersOf(init.headers);
      headers["content-type"] ??= "text/plain;charset=UTF-8";
      return { url, method: "POST", headers, body };
    }
  }
  const request = new Request(input, init);
  return {
    url: new URL(request.url),
    method: request.method,
    headers: Object.fromEntries(request.headers),
    body: Buffer.from(await request.arrayBuffer()),
  };
};

/** As `Headers` has them; their characters are checked when they are sent. */
const headersOf = (given: RequestInit["headers"]): Record<string, string> => {
  if (!isPlain(given)) return Object.fromEntries(new Headers(given));
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const key = name.toLowerCase();
    const earlier = headers[key];
    headers[key] = earlier === undefined ? value.trim() : `${earlier}, ${value.trim()}`;
  }
  return headers;
};

const isPlain = (given: RequestInit["headers"]): given is Record<string, string> =>
  given !== undefined && Object.getPrototypeOf(given) === Object.prototype;
