/** The gateway's gRPC port: connections, TLS and their bounds; what is spoken on them is @agentcore/a2a's. */
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { connectionInfo } from "../connection-info.ts";
import type { Gateway } from "../create-gateway.ts";
import type { ConnectionInfo } from "../deps/connection-info.ts";
import { assertReachable, bound } from "../listen.ts";
import type { Door } from "../shut-down.ts";
import type { TlsIdentity } from "../tls/tls-identity.ts";
import { trackSockets } from "../tls/track-sockets.ts";

export interface ListenGrpcOptions {
  /** @default "127.0.0.1" */
  readonly host?: string | undefined;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tls?: TlsIdentity | undefined;
  /** A connection is cut whose client does not take a message for so long, and a second more for each 64 KB of it. @default 60,000 */
  readonly answerTimeoutMs?: number | undefined;
  /** One more is closed without a word. @default 10,000 */
  readonly maxConnections?: number | undefined;
}

export interface GrpcListener extends Door {
  readonly port: number;
}

/** Throws CONFIG_INVALID, also when a node without API keys would be reachable from outside. */
export const listenGrpc = async (gateway: Gateway, options: ListenGrpcOptions): Promise<GrpcListener> => {
  const host = options.host ?? "127.0.0.1";
  assertReachable(gateway, host);
  // Only now: most nodes do without it, and it is the largest of what a node can load.
  const { connectionKey, createGrpcServer } = await import("@agentcore/a2a/grpc");
  // As long as they are open.
  const connections = new Map<string, ConnectionInfo>();
  const grpc = createGrpcServer(
    gateway.grpc((connection) => connections.get(connection)),
    { maxMessageBytes: gateway.maxBodyBytes, answerTimeoutMs: options.answerTimeoutMs },
  );
  const accept = (socket: Socket): void => {
    const key = connectionKey(socket);
    const info = connectionInfo(socket);
    connections.set(key, info);
    socket.once("close", () => {
      // Its ends may have been taken by another by now.
      if (connections.get(key) === info) connections.delete(key);
    });
    // A connection that breaks is the client's affair.
    socket.on("error", () => {});
    grpc.accept(socket);
  };
  const server =
    options.tls === undefined
      ? createServer(accept)
      : createTlsServer({ ...options.tls.options, ALPNProtocols: ["h2"] }, accept);
  let cutHandshakes = () => {};
  if ("setSecureContext" in server) {
    options.tls?.serve(server);
    cutHandshakes = trackSockets(server);
  }
  server.maxConnections = options.maxConnections ?? 10_000;
  await bound(server, options.port, host);
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      server.close();
      await grpc.stop();
    },
    cut() {
      grpc.cut();
      cutHandshakes();
    },
  };
};
