/** The gateway on a socket, with the limits that a socket needs. */

import { createServer, type Server as HttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Server, Socket } from "node:net";
import { PlatformError } from "@agentcore/contract";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { systemClock } from "../system-senses.ts";
import { connectionInfo } from "./connection-info.ts";
import type { Gateway } from "./create-gateway.ts";
import type { ConnectionInfo } from "./deps/connection-info.ts";
import { errorResponse } from "./http/error-response.ts";
import { isLoopbackName } from "./http/origin-guard.ts";
import { JSON_HEADERS, refusalOf, sizeOfAnswer } from "./http/responses.ts";
import { eventStreamOf } from "./http/server-sent-events.ts";
import { createEventStreamWriter } from "./http/write-event-stream.ts";
import { type Door, shutDown } from "./shut-down.ts";
import type { TlsIdentity } from "./tls/tls-identity.ts";
import { trackSockets } from "./tls/track-sockets.ts";

export interface ListenOptions {
  /** @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  /** @default plain HTTP */
  readonly tls?: TlsIdentity | undefined;
  /** Until the headers are there. @default 10,000 */
  readonly headersTimeoutMs?: number | undefined;
  /** Until the body is there. Blocking calls and streams may answer as late as they like. @default 60,000 */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * A connection is cut that takes nothing of what is written to it for so long, a stream's too, whose client resumes it; seen within twice
   * that time. @default 60,000
   */
  readonly answerTimeoutMs?: number | undefined;
  /** @default 65,000, above the 60 s of common load balancers, so that it is they who close */
  readonly keepAliveTimeoutMs?: number | undefined;
  /** One more is answered 503 with Retry-After. @default 10,000 */
  readonly maxConnections?: number | undefined;
  /** Closes the listener, without grace. */
  readonly signal?: AbortSignal | undefined;
}

export interface Listener extends Door {
  readonly url: string;
  readonly port: number;
  /** Ends streams at once, lets calls finish for up to `graceMs`, then answers or cuts what is left. Idempotent. */
  close(graceMs?: number): Promise<void>;
}

// Over the limit a connection still gets its 503; beyond this many more the kernel's queue has to do.
const REFUSAL_RESERVE = 64;
const CHECK_MS = 5_000;
// A year, after which a browser that has not been here asks in plain text again.
const HSTS = "max-age=31536000";

/** Throws CONFIG_INVALID when a node without API keys would be reachable from outside. */
export const assertReachable = (gateway: Gateway, host: string): void => {
  if (gateway.authenticated || isLoopbackName(host.includes(":") ? `[${host}]` : host)) return;
  throw new PlatformError(
    "CONFIG_INVALID",
    `listening on ${host} needs API keys or an auth file: without them anyone who can reach this node is its operator`,
  );
};

/** Throws CONFIG_INVALID when a node without API keys would be reachable from outside. */
export const listen = async (gateway: Gateway, options: ListenOptions): Promise<Listener> => {
  const host = options.host ?? "127.0.0.1";
  assertReachable(gateway, host);
  const { tls } = options;
  const maxConnections = options.maxConnections ?? 10_000;
  const refused = new WeakSet<Socket>();
  const infos = new WeakMap<Socket, ConnectionInfo>();
  let connections = 0;

  /** The response, or, when too much waits for clients to take it, a refusal in its place. For those that count. */
  const counted = async (
    request: Request,
    response: Response,
    size: number,
    outgoing: ServerResponse,
    info: ConnectionInfo | undefined,
  ): Promise<Response> => {
    try {
      const release = await gateway.holdAnswer(request, size, info);
      if (outgoing.closed) release();
      else outgoing.once("close", release);
      return response;
    } catch (thrown) {
      const refuse = refusalOf(response) ?? errorResponse;
      return refuse(PlatformError.from(thrown));
    }
  };

  const writeEventStream = createEventStreamWriter(systemClock);
  const answer = getRequestListener(async (request, env) => {
    const info = infos.get((env.incoming as IncomingMessage).socket);
    const response = await gateway.fetch(request, info);
    const stream = eventStreamOf(response);
    const outgoing = env.outgoing as ServerResponse;
    if (stream !== undefined) {
      writeEventStream(outgoing, response, stream);
      return RESPONSE_ALREADY_SENT;
    }
    const size = sizeOfAnswer(response);
    return size === 0 ? response : counted(request, response, size, outgoing, info);
  });
  const onRequest = (request: IncomingMessage, response: ServerResponse): void => {
    if (tls !== undefined && !isLoopbackAuthority(request.headers.host))
      response.setHeader("strict-transport-security", HSTS);
    // Node asks again after progress, and tells only a silent connection; between answers it closes the connection itself.
    response.on("timeout", cutStalled);
    if (refused.has(request.socket)) return refuse(response);
    void answer(request, response);
  };
  const headersTimeoutMs = options.headersTimeoutMs ?? 10_000;
  // Node would look for late ones every 30 s, and leave them that much longer.
  const http = { connectionsCheckingInterval: Math.min(headersTimeoutMs, CHECK_MS) };
  const server =
    tls === undefined ? createServer(http, onRequest) : createSecureServer({ ...tls.options, ...http }, onRequest);
  let cutHandshakes = () => {};
  if ("setSecureContext" in server) {
    tls?.serve(server);
    cutHandshakes = trackSockets(server);
  }
  server.timeout = options.answerTimeoutMs ?? 60_000;
  server.headersTimeout = headersTimeoutMs;
  server.requestTimeout = options.requestTimeoutMs ?? 60_000;
  server.keepAliveTimeout = options.keepAliveTimeoutMs ?? 65_000;
  server.maxConnections = maxConnections + REFUSAL_RESERVE;
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    infos.set(socket, connectionInfo(socket));
    connections += 1;
    if (connections > maxConnections) refused.add(socket);
    socket.once("close", () => {
      connections -= 1;
    });
  });

  await bound(server, options.port, host);
  const { port } = server.address() as AddressInfo;

  let stopped: Promise<void> | undefined;
  const door: Door = {
    stop: () => (stopped ??= stopServing(server)),
    cut() {
      server.closeAllConnections();
      cutHandshakes();
    },
  };
  let closing: Promise<void> | undefined;
  const close = (graceMs = 10_000): Promise<void> => (closing ??= shutDown(gateway, [door], graceMs));
  options.signal?.addEventListener("abort", () => void close(0), { once: true });
  const scheme = tls === undefined ? "http" : "https";
  return { url: `${scheme}://${host.includes(":") ? `[${host}]` : host}:${port}`, port, close, ...door };
};

/** A call that waits for its task is silent too: it has nothing to be taken. */
const cutStalled = (socket: Socket): void => {
  if (socket.writableLength > 0) socket.destroy();
};

/** A pin to https would hold for every port of a loopback name, and behind the others are other programs. */
const isLoopbackAuthority = (authority = ""): boolean => isLoopbackName(authority.replace(/:\d*$/, ""));

/** Throws CONFIG_INVALID when the address cannot be had. */
export const bound = (server: Server, port: number, host: string): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const why = cause.code === "EADDRINUSE" ? "another process has it" : cause.message;
      reject(
        new PlatformError("CONFIG_INVALID", `cannot listen on ${host}:${port}: ${why}`, { cause, details: { port } }),
      );
    });
    server.listen(port, host, resolve);
  });

const refuse = (response: ServerResponse): void => {
  const error = new PlatformError("UNAVAILABLE", "this node has as many connections as it takes", {
    retryAfterMs: 1000,
  });
  response.writeHead(503, { ...JSON_HEADERS, "retry-after": "1", connection: "close" });
  response.end(JSON.stringify({ error: error.toJSON() }));
};

const stopServing = async (server: Pick<HttpServer, "close" | "closeIdleConnections">): Promise<void> => {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  // A kept-alive connection becomes idle only once its last answer is out, so this is looked at again and again.
  const sweeper = setInterval(() => server.closeIdleConnections(), 50);
  await closed;
  clearInterval(sweeper);
};
