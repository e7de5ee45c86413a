/**
 * WebSockets to addresses that somebody else chose, judged as `createGuardedFetch` judges them: the very addresses that are connected to, no
 * redirect, no proxy. They are those of `ws`: undici's, which Node has built in, does not tell the status of a refused handshake, cannot be paused, always
 * offers to have messages compressed, and brings all of `fetch` along (docs/decisions/0017).
 */
import { PlatformError, RetryableError } from "@agentcore/contract/errors";
import type { ClientOptions, WebSocket } from "ws";
import { refuseUrl } from "./address-guard.ts";
import { createConnectionLookup, type GuardedLookupOptions } from "./guarded-lookup.ts";
import { httpUrlOf } from "./http-url-of.ts";
import { MessageSocket, type MessageSocketOptions } from "./message-socket.ts";

/** Of one connection. */
export interface WebSocketCall {
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Subprotocols, of which the server has to choose one. @default none */
  readonly protocols?: readonly string[] | undefined;
  /** Of one message; the connection of a longer one is closed. @default 1048576 */
  readonly maxMessageBytes?: number | undefined;
  /** For the whole of the handshake. @default 10000 */
  readonly openTimeoutMs?: number | undefined;
  /** For one message to be given to the network; the connection of a server that reads nothing for longer is ended. @default 30000 */
  readonly sendTimeoutMs?: number | undefined;
  /** Are starred out of what the server says when it closes, which goes into errors and logs. @default none */
  readonly secrets?: readonly string[] | undefined;
  /** Ends the connection, whenever it aborts. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Rejects with CONFIG_INVALID when the address, or what its name leads to, is forbidden by the policy, or a header cannot be sent, with UPSTREAM_FAILED where there is no
 * handshake: as a RetryableError where it may be another soon.
 */
export type OpenWebSocket = (address: string | URL, call?: WebSocketCall) => Promise<MessageSocket>;

const MAX_MESSAGE_BYTES = 1024 * 1024;
const OPEN_TIMEOUT_MS = 10_000;
const SEND_TIMEOUT_MS = 30_000;
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504]);
// Each is an object: a message in pieces of a byte would cost a hundred times what it says.
const MAX_FRAGMENTS = 1024;
const MAX_CHUNKS = 16 * 1024;

export const createGuardedWebSocket = (options: GuardedLookupOptions): OpenWebSocket => {
  const lookupFor = createConnectionLookup(options);
  return async (
    address,
    {
      headers = {},
      protocols = [],
      maxMessageBytes = MAX_MESSAGE_BYTES,
      openTimeoutMs = OPEN_TIMEOUT_MS,
      sendTimeoutMs = SEND_TIMEOUT_MS,
      secrets = [],
      signal,
    }: WebSocketCall = {},
  ) => {
    const url = httpUrlOf(new URL(address));
    if (url.protocol !== "http:" && url.protocol !== "https:")
      throw new PlatformError("INVALID_ARGUMENT", "expected a ws:// or wss:// address");
    const refused = refuseUrl(url, options);
    if (refused !== undefined) throw new PlatformError("CONFIG_INVALID", `${url.hostname}: ${refused}`);
    const { WebSocket: Socket } = await import("ws");
    signal?.throwIfAborted();
    const begin = (clientOptions: ClientOptions): WebSocket => {
      try {
        return new Socket(url, [...protocols], clientOptions);
      } catch (cause) {
        // It names the header, and does not say what stands in it: a secret may.
        const { code, message } = cause as NodeJS.ErrnoException;
        if (code !== "ERR_INVALID_CHAR") throw cause;
        throw new PlatformError(
          "CONFIG_INVALID",
          `${url.host}: ${message}: no line break and no control character may`,
          {
            cause,
          },
        );
      }
    };
    const socket = begin({
      headers: { "user-agent": "agentcore", ...headers },
      lookup: lookupFor(url.protocol),
      followRedirects: false,
      // What is not unfolded cannot unfold to anything.
      perMessageDeflate: false,
      maxPayload: maxMessageBytes,
      maxFragments: MAX_FRAGMENTS,
      maxBufferedChunks: MAX_CHUNKS,
    } as ClientOptions);
    return opened(socket, openTimeoutMs, { host: url.host, maxMessageBytes, sendTimeoutMs, secrets, signal });
  };
};

const opened = (socket: WebSocket, openTimeoutMs: number, options: MessageSocketOptions): Promise<MessageSocket> =>
  new Promise((resolve, reject) => {
    const { host, signal } = options;
    const over = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", aborted);
    };
    const fail = (reason: unknown): void => {
      over();
      reject(reason);
      socket.terminate();
    };
    const aborted = (): void => fail(signal?.reason);
    // Not the library's own, which begins anew with each byte.
    const timer = setTimeout(
      () =>
        fail(
          new RetryableError(`${host} was not connected to in ${openTimeoutMs} ms`, {
            code: "UPSTREAM_FAILED",
          }),
        ),
      openTimeoutMs,
    );
    signal?.addEventListener("abort", aborted, { once: true });
    socket.once("open", () => {
      over();
      socket.off("error", failed);
      // At once: messages may have come along with the answer, and are told before a promise is.
      resolve(new MessageSocket(socket, options));
    });
    socket.once("unexpected-response", (request, response) => {
      request.destroy();
      fail(refusal(host, response.statusCode ?? 0));
    });
    // Also for what is told after it was given up.
    const failed = (error: Error): void => fail(unconnected(host, error));
    socket.on("error", failed);
  });

const refusal = (host: string, status: number): PlatformError => {
  const why =
    status >= 300 && status < 400
      ? `${host} redirects (status ${status}), which is not followed: name the address that it leads to`
      : `${host} refused the handshake with status ${status}`;
  const options = { code: "UPSTREAM_FAILED", details: { status } } as const;
  return PASSING.has(status)
    ? new RetryableError(why, options)
    : new PlatformError("UPSTREAM_FAILED", why, { ...options, retryable: false });
};

const unconnected = (host: string, error: Error & { code?: string }): PlatformError => {
  if (PlatformError.is(error)) return error;
  // Of the network, which has codes for all that it says; what has none is about the handshake, and is the same next time.
  return error.code === undefined
    ? new PlatformError("UPSTREAM_FAILED", `${host}: ${error.message}`, { cause: error, retryable: false })
    : new RetryableError(`${host} was not connected to: ${error.message}`, { code: "UPSTREAM_FAILED", cause: error });
};
