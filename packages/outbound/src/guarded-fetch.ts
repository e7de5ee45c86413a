/**
 * `fetch` for calls to an address somebody else chose. The built-in one resolves names by itself, after any check that could
 * be made before; here the very addresses that are connected to are judged. Redirects are answers, never followed, and no
 * proxy is asked.
 */
import { lookup as systemLookup } from "node:dns";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import type { LookupFunction } from "node:net";
import { Readable } from "node:stream";
import { PlatformError } from "@agentcore/contract/errors";
import { refuseUrl } from "./address-guard.ts";
import { type GuardedLookupOptions, refuseAddresses } from "./guarded-lookup.ts";

// More than a result may have (16 MiB), with room for what is said around it.
const MAX_ANSWER_BYTES = 32 * 1024 * 1024;
const BODYLESS = new Set([204, 205, 304]);

export interface GuardedFetchOptions extends GuardedLookupOptions {
  /** @default 33554432 */
  readonly maxAnswerBytes?: number | undefined;
  /** Hears that the whole of a request has left: from then on it may have been acted upon. */
  readonly onSent?: (() => void) | undefined;
}

/** An endpoint may be anybody's, and its answer is held in memory. */
const atMost = (maxBytes: number, host: string): TransformStream<Uint8Array, Uint8Array> => {
  let bytes = 0;
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength;
      if (bytes <= maxBytes) controller.enqueue(chunk);
      else controller.error(new PlatformError("TOO_LARGE", `the answer of ${host} is over ${maxBytes} bytes`));
    },
  });
};

/**
 * Rejects with CONFIG_INVALID when the address, or what its name leads to, is forbidden by the policy; else as `fetch` does. The body
 * fails with TOO_LARGE over its bound.
 */
export const createGuardedFetch = (options: GuardedFetchOptions): typeof fetch => {
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

  return async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const refused = refuseUrl(url, options);
    if (refused !== undefined) throw new PlatformError("CONFIG_INVALID", `${url.hostname}: ${refused}`);
    const secure = url.protocol === "https:";
    const body = Buffer.from(await request.arrayBuffer());
    const message = await new Promise<IncomingMessage>((resolve, reject) => {
      const outgoing = (secure ? httpsRequest : httpRequest)(
        url,
        {
          method: request.method,
          // What is not decoded here must not come encoded.
          headers: {
            ...Object.fromEntries(request.headers),
            "accept-encoding": "identity",
            "content-length": body.length,
          },
          // A connection a call: a kept one would not be looked up again, and beside an answer of seconds a handshake is nothing.
          agent: false,
          lookup: guardedLookup(url.protocol),
          signal: request.signal,
        },
        resolve,
      );
      if (options.onSent !== undefined) outgoing.once("finish", options.onSent);
      // Else the request just closes, and nobody hears of it.
      outgoing.on("upgrade", (_message, socket) => {
        socket.destroy();
        reject(new TypeError("fetch failed", { cause: new Error("the answer changes the protocol") }));
      });
      outgoing.on("error", (cause) => {
        reject(PlatformError.is(cause) || request.signal.aborted ? cause : new TypeError("fetch failed", { cause }));
      });
      // Without an error also where no answer came: after a 101, which nobody asked for.
      outgoing.on("close", () => reject(new TypeError("fetch failed")));
      outgoing.end(body);
    });
    try {
      return responseOf(message, request, atMost(options.maxAnswerBytes ?? MAX_ANSWER_BYTES, url.host));
    } catch (cause) {
      // Nobody would ever read it.
      message.destroy();
      throw new TypeError("fetch failed", { cause });
    }
  };
};

const responseOf = (
  message: IncomingMessage,
  request: Request,
  bound: TransformStream<Uint8Array, Uint8Array>,
): Response => {
  const headers = new Headers();
  for (let index = 0; index < message.rawHeaders.length; index += 2)
    headers.append(message.rawHeaders[index] ?? "", message.rawHeaders[index + 1] ?? "");
  const status = message.statusCode ?? 0;
  if (BODYLESS.has(status)) {
    // A body that comes all the same is nobody's, and may have no end.
    message.destroy();
    return new Response(null, { status, headers });
  }
  // Throws outside of 200 to 599, while the message can still be destroyed.
  const { status: valid } = new Response(null, { status });
  // Until its end. A request that nobody holds may be collected, and then hears no signal.
  const abort = (): void => void message.destroy(request.signal.reason);
  request.signal.addEventListener("abort", abort, { once: true });
  message.once("close", () => request.signal.removeEventListener("abort", abort));
  const body = (Readable.toWeb(message) as ReadableStream<Uint8Array>).pipeThrough(bound);
  return new Response(body, { status: valid, headers });
};
