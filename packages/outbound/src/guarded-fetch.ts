/**
 * `fetch` for calls to an address somebody else chose. The built-in one resolves names by itself, after any check that could
 * be made before; here the very addresses that are connected to are judged. Redirects are answers, never followed, and no
 * proxy is asked.
 */
import { lookup as systemLookup } from "node:dns";
import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { PlatformError } from "@agentcore/contract/errors";
import { refuseUrl } from "./address-guard.ts";
import { type GuardedLookupOptions, refuseAddresses } from "./guarded-lookup.ts";

// More than a result may have (16 MiB), with room for what is said around it.
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const BODYLESS = new Set([204, 205, 304]);
// Shorter than most servers keep theirs: what is sent on a connection that the server just closes is lost.
const KEPT_MS = 4_000;
// Of one host.
const MAX_KEPT = 64;

export interface GuardedFetchOptions extends GuardedLookupOptions {
  /** @default 33554432 */
  readonly maxAnswerBytes?: number | undefined;
  /**
   * Whether a connection is kept for the next call of the same host, 4 s unused at most, 64 of a host. It goes where it was judged to go when it
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
  const guardedLookup =
    (protocol: string): LookupFunction =>
    (hostname, { all }, callback) => {
      (options.lookup ?? systemLookup)(hostname, { all: true }, (error, addresses) => {
        if (error !== null) return callback(error, "");
        const refused = refuseAddresses(hostname, addresses, protocol, options);
        if (refused !== undefined) return callback(refused, "");
        const [first] = addresses;
        if (all === true || first === undefined) callback(null, addresses);
        else callback(null, first.address, first.family);
      });
    };
  const lookups = { "http:": guardedLookup("http:"), "https:": guardedLookup("https:") };
  const kept = { keepAlive: true, timeout: KEPT_MS, maxFreeSockets: MAX_KEPT };
  const agents =
    options.keepsConnections === true ? { "http:": new HttpAgent(kept), "https:": new HttpsAgent(kept) } : null;

  const guardedFetch = async (
    input: string | URL | Request,
    init?: RequestInit,
    { maxAnswerBytes = options.maxAnswerBytes ?? MAX_ANSWER_BYTES, onSent }: GuardedCall = {},
  ): Promise<Response> => {
    const { url, method, headers, body, signal } = await readRequest(input, init);
    const refused = refuseUrl(url, options);
    if (refused !== undefined) throw new PlatformError("CONFIG_INVALID", `${url.hostname}: ${refused}`);
    signal?.throwIfAborted();
    const protocol = url.protocol === "https:" ? "https:" : "http:";
    // What is not decoded here must not come encoded.
    headers["accept-encoding"] = "identity";
    headers["content-length"] = String(Buffer.byteLength(body));
    return new Promise<Response>((resolve, reject) => {
      let isAnswered = false;
      const outgoing = (protocol === "https:" ? httpsRequest : httpRequest)(
        url,
        { method, headers, agent: agents === null ? false : agents[protocol], lookup: lookups[protocol] },
        (message) => {
          isAnswered = true;
          try {
            resolve(responseOf(message, { maxAnswerBytes, host: url.host, signal }));
          } catch (cause) {
            // Nobody would ever read it.
            message.destroy();
            reject(new TypeError("fetch failed", { cause }));
          }
        },
      );
      const abort = (): void => {
        reject(signal?.reason);
        outgoing.destroy();
      };
      signal?.addEventListener("abort", abort, { once: true });
      if (onSent !== undefined) outgoing.once("finish", onSent);
      // Else the request just closes, and nobody hears of it.
      outgoing.on("upgrade", (_message, socket) => {
        socket.destroy();
        reject(new TypeError("fetch failed", { cause: new Error("the answer changes the protocol") }));
      });
      outgoing.on("error", (cause) => {
        reject(PlatformError.is(cause) ? cause : new TypeError("fetch failed", { cause }));
      });
      outgoing.on("close", () => {
        signal?.removeEventListener("abort", abort);
        // Without an error also where no answer came: after a 101, which nobody asked for.
        if (!isAnswered) reject(new TypeError("fetch failed"));
      });
      outgoing.end(body);
    });
  };
  return Object.assign(guardedFetch, {
    close: () => {
      agents?.["http:"].destroy();
      agents?.["https:"].destroy();
    },
  });
};

interface OutgoingRequest {
  readonly url: URL;
  readonly method: string;
  readonly headers: Record<string, string>;
  readonly body: string | Buffer;
  readonly signal: AbortSignal | null;
}

/** Throws as `fetch` does for what is none. */
const readRequest = async (input: string | URL | Request, init?: RequestInit): Promise<OutgoingRequest> => {
  const body = init?.body;
  // What nearly every call is; a Request costs as much as all the rest of it.
  if (!(input instanceof Request) && init?.method === "POST" && typeof body === "string") {
    const url = new URL(input);
    if (url.username === "" && url.password === "") {
      const headers = Object.fromEntries(new Headers(init.headers));
      headers["content-type"] ??= "text/plain;charset=UTF-8";
      return { url, method: "POST", headers, body, signal: init.signal ?? null };
    }
  }
  const request = new Request(input, init);
  return {
    url: new URL(request.url),
    method: request.method,
    headers: Object.fromEntries(request.headers),
    body: Buffer.from(await request.arrayBuffer()),
    signal: request.signal,
  };
};

interface Answering {
  readonly maxAnswerBytes: number;
  readonly host: string;
  readonly signal: AbortSignal | null;
}

const responseOf = (message: IncomingMessage, answering: Answering): Response => {
  const headers = new Headers();
  for (let index = 0; index < message.rawHeaders.length; index += 2)
    headers.append(message.rawHeaders[index] ?? "", message.rawHeaders[index + 1] ?? "");
  const status = message.statusCode ?? 0;
  if (BODYLESS.has(status)) {
    // A body that comes all the same is nobody's, and may have no end.
    message.destroy();
    return new Response(null, { status, headers });
  }
  // As a Response would, but while the message can still be destroyed.
  if (status < 200 || status > 599) throw new RangeError(`status ${status} is none of an answer`);
  return new Response(bodyOf(message, answering), { status, headers });
};

/** An endpoint may be anybody's, and its answer is held in memory. */
const bodyOf = (
  message: IncomingMessage,
  { maxAnswerBytes, host, signal }: Answering,
): ReadableStream<Uint8Array<ArrayBuffer>> => {
  let bytes = 0;
  let isOver = false;
  return new ReadableStream<Uint8Array<ArrayBuffer>>(
    {
      start(controller) {
        const fail = (error: unknown): void => {
          if (isOver) return;
          isOver = true;
          controller.error(error);
          message.destroy();
        };
        const abort = (): void => fail(signal?.reason);
        signal?.addEventListener("abort", abort, { once: true });
        message.pause();
        message.on("data", (chunk: Buffer<ArrayBuffer>) => {
          if (isOver) return;
          bytes += chunk.length;
          if (bytes > maxAnswerBytes)
            return fail(new PlatformError("TOO_LARGE", `the answer of ${host} is over ${maxAnswerBytes} bytes`));
          controller.enqueue(chunk);
          message.pause();
        });
        message.on("end", () => {
          if (isOver) return;
          isOver = true;
          controller.close();
        });
        message.on("error", fail);
        message.on("close", () => {
          signal?.removeEventListener("abort", abort);
          if (!isOver) fail(new TypeError("terminated"));
        });
      },
      pull() {
        message.resume();
      },
      cancel() {
        isOver = true;
        message.destroy();
      },
    },
    // Nothing is read that nobody asks for.
    { highWaterMark: 0 },
  );
};
