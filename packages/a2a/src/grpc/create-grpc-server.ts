/**
 * The A2A services of both versions, health and reflection over connections that the node accepts: it has the socket, and with
 * it TLS and the bound on connections.
 */
import type { Socket } from "node:net";
import { LegacyA2AService } from "@a2a-js/sdk/compat/v0_3/server/grpc";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { PlatformError } from "@agentcore/contract";
import {
  type Metadata,
  Server,
  ServerCredentials,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { createA2AService } from "./a2a-service.ts";
import { headersOf, type ServiceDeps } from "./call-context.ts";
import { connectionKey } from "./connection-key.ts";
import type { A2AGrpcVersion, GrpcAdmission, GrpcGateway } from "./grpc-gateway.ts";
import { createHealthService } from "./health-service.ts";
import { createLegacyA2AService } from "./legacy-a2a-service.ts";
import { jsonService } from "./protocol/descriptors.ts";
import { REFLECTION_VERSIONS } from "./protocol/grpc-services.ts";
import { createReflectionService } from "./reflection-service.ts";
import { toServiceError } from "./service-error.ts";
import { WatchedCall } from "./watched-call.ts";

export interface GrpcServerOptions {
  /** Of one message, also after decompression. */
  readonly maxMessageBytes: number;
  /** Until a request is there as a whole, in milliseconds. @default 60,000 */
  readonly requestTimeoutMs?: number | undefined;
  /**
   * A connection is cut whose client does not take a message for so long, and a second more for each 64 KB of it, in milliseconds. A stream's
   * client resumes it. @default 60,000
   */
  readonly answerTimeoutMs?: number | undefined;
  /** A ping is sent on a connection that was silent for so long, in milliseconds. @default 15,000 */
  readonly keepaliveMs?: number | undefined;
}

export interface GrpcServer {
  /** A connection, past its TLS handshake. */
  accept(connection: Socket): void;
  /** Takes no new calls; resolves when the last connection has closed. Streams are for the node to end. */
  stop(): Promise<void>;
  /** Ends everything at once. */
  cut(): void;
}

const A2A_VERSIONS: Readonly<Record<string, A2AGrpcVersion>> = {
  "lf.a2a.v1.A2AService": "1.0",
  "a2a.v1.A2AService": "0.3",
};
const HEALTH = "grpc.health.v1.Health";
const REFLECTION = REFLECTION_VERSIONS.map((version) => `grpc.reflection.${version}.ServerReflection`);

// As many as one caller may have open; what waits besides gets in line at the client.
const MAX_CALLS_PER_CONNECTION = 500;
// Of those without a credential, whose messages are read all the same. Who looks whether the node lives always gets through:
// watches and reflection stay open and count apart, and of checks, which end at once, one too many ends the oldest.
const MAX_HEALTH_CHECKS = 64;
const MAX_PUBLIC_STREAMS = 64;
const MAX_PUBLIC_STREAMS_PER_CONNECTION = 8;
// A service's name or a file's: strangers send no more, and before it is looked at.
const MAX_PUBLIC_MESSAGE_BYTES = 4 * 1024;
const TOO_MANY = { code: status.RESOURCE_EXHAUSTED, details: "too many such calls at once" };
const REQUEST_TIMEOUT_MS = 60_000;
const ANSWER_TIMEOUT_MS = 60_000;
const KEEPALIVE_MS = 15_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;
// Long enough not to disturb clients that call now and then.
const IDLE_MS = 300_000;
const MAX_SESSION_MEGABYTES = 64;

export const createGrpcServer = (gateway: GrpcGateway, options: GrpcServerOptions): GrpcServer => {
  const admissions = new WeakMap<Metadata, GrpcAdmission>();
  let stopping: Promise<void> | undefined;
  const checks = new Set<ServerInterceptingCallInterface>();
  /** With the connection of each. */
  const publicStreams = new Map<ServerInterceptingCallInterface, string>();

  const failed = (thrown: unknown) => toServiceError(gateway.statusOf(thrown));

  const admit = async (
    path: string,
    metadata: Metadata,
    call: ServerInterceptingCallInterface,
  ): Promise<GrpcAdmission | null> => {
    const connection = connectionKey(call.getConnectionInfo());
    const request = { headers: headersOf(metadata), authority: call.getHost(), connection };
    const version = A2A_VERSIONS[path.slice(1, path.lastIndexOf("/"))];
    if (version === undefined) {
      gateway.admitPublic(request);
      boundMessages(call, MAX_PUBLIC_MESSAGE_BYTES);
      return null;
    }
    const admission = await gateway.admit(request, version);
    admissions.set(metadata, admission);
    return admission;
  };

  const takeCheck = (call: ServerInterceptingCallInterface): boolean => {
    const [oldest] = checks;
    if (checks.size >= MAX_HEALTH_CHECKS && oldest !== undefined) {
      checks.delete(oldest);
      oldest.sendStatus(TOO_MANY);
    }
    checks.add(call);
    return true;
  };

  const takePublicStream = (call: ServerInterceptingCallInterface): boolean => {
    const connection = connectionKey(call.getConnectionInfo());
    const ofConnection = [...publicStreams.values()].filter((each) => each === connection).length;
    if (publicStreams.size >= MAX_PUBLIC_STREAMS || ofConnection >= MAX_PUBLIC_STREAMS_PER_CONNECTION) return false;
    publicStreams.set(call, connection);
    return true;
  };

  const counted: ServerInterceptor = (method, call) => {
    if (method.path.slice(1, method.path.lastIndexOf("/")) in A2A_VERSIONS) return new ServerInterceptingCall(call);
    const free = () => {
      checks.delete(call);
      publicStreams.delete(call);
    };
    const take = method.path === `/${HEALTH}/Check` ? takeCheck : takePublicStream;
    return new ServerInterceptingCall(call, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            if (take(call)) proceed(metadata);
            else call.sendStatus(TOO_MANY);
          },
          onCancel: free,
        });
      },
      sendStatus(sent, proceed) {
        free();
        proceed(sent);
      },
    });
  };

  const guarded: ServerInterceptor = (method, call) => {
    let late: NodeJS.Timeout | undefined;
    let admission: GrpcAdmission | null = null;
    const watched = new WatchedCall(call, {
      serialize: (message) => method.responseSerialize(message),
      // A stream has one message on its way, of a piece that is counted where it was read.
      hold: (bytes) => (admission === null || method.responseStream ? nothing : admission.hold(bytes)),
      failed,
      cut: () => connections.get(connectionKey(call.getConnectionInfo()))?.destroy(),
      timeoutMs: options.answerTimeoutMs ?? ANSWER_TIMEOUT_MS,
    });
    return new ServerInterceptingCall(watched, {
      start(next) {
        next({
          onReceiveMetadata(metadata, proceed) {
            late = setTimeout(() => {
              watched.sendStatus({ code: status.DEADLINE_EXCEEDED, details: "the request took too long to arrive" });
            }, options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS).unref();
            admit(method.path, metadata, call).then(
              (admitted) => {
                admission = admitted;
                proceed(metadata);
              },
              (thrown: unknown) => watched.sendStatus(failed(thrown)),
            );
          },
          onReceiveHalfClose(proceed) {
            clearTimeout(late);
            proceed();
          },
          // Of every call that is over.
          onCancel() {
            clearTimeout(late);
            watched.end();
          },
        });
      },
    });
  };

  const server = new Server({
    interceptors: [guarded, counted],
    "grpc.max_receive_message_length": options.maxMessageBytes,
    "grpc.max_concurrent_streams": MAX_CALLS_PER_CONNECTION,
    "grpc.keepalive_time_ms": options.keepaliveMs ?? KEEPALIVE_MS,
    "grpc.keepalive_timeout_ms": KEEPALIVE_TIMEOUT_MS,
    "grpc.max_connection_idle_ms": IDLE_MS,
    "grpc-node.max_session_memory": MAX_SESSION_MEGABYTES,
    "grpc.enable_channelz": 0,
  });

  const deps: ServiceDeps = {
    failed,
    admitted(metadata) {
      const admission = admissions.get(metadata);
      if (admission === undefined) throw new PlatformError("INTERNAL", "a call came past its admission");
      return admission;
    },
    interrupted: () =>
      stopping === undefined ? null : new PlatformError("UNAVAILABLE", "the node is stopping", { retryAfterMs: 1000 }),
  };
  const services = [...Object.keys(A2A_VERSIONS), HEALTH, ...REFLECTION];
  const health = createHealthService(services, () => gateway.ready());
  server.addService(serialised(A2AService), createA2AService(deps));
  server.addService(serialised(LegacyA2AService), createLegacyA2AService(deps));
  server.addService(serialised(jsonService(HEALTH)), health.implementation);
  for (const name of REFLECTION) server.addService(serialised(jsonService(name)), createReflectionService(services));

  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  // Kept here, since grpc-js neither waits for injected connections nor ends them when it is told to.
  const connections = new Map<string, Socket>();
  let lastClosed = () => {};
  return {
    accept(connection) {
      const key = connectionKey(connection);
      connections.set(key, connection);
      connection.once("close", () => {
        // Its ends may have been taken by another by now.
        if (connections.get(key) === connection) connections.delete(key);
        if (connections.size === 0) lastClosed();
      });
      injector.injectConnection(connection);
    },
    stop() {
      stopping ??= new Promise((resolve) => {
        lastClosed = resolve;
        if (connections.size === 0) resolve();
        health.close();
        // Clients are told to go; each connection closes with the last of its calls.
        server.tryShutdown(() => {});
      });
      return stopping;
    },
    cut() {
      health.close();
      server.forceShutdown();
      for (const connection of connections.values()) connection.destroy();
    },
  };
};

const nothing = (): void => {};

/** Of calls where grpc-js keeps its bound, which it has for all services of a port alike. */
interface BoundedCall {
  maxReceiveMessageSize: number;
  readonly decoder: { maxReadMessageLength: number };
}

/** Refuses larger messages of this call by their announced length, and what decompresses to more. Before the first is read. */
const boundMessages = (call: ServerInterceptingCallInterface, bytes: number): void => {
  // Not part of grpc-js's types: its version is exact, and a test sends too much.
  const bounded = call as unknown as BoundedCall;
  bounded.maxReceiveMessageSize = bytes;
  bounded.decoder.maxReadMessageLength = bytes;
};

/** What is bytes already goes out as it is: its size was asked for before. */
const serialised = (service: ServiceDefinition): ServiceDefinition =>
  Object.fromEntries(
    Object.entries(service).map(([name, method]) => [
      name,
      {
        ...method,
        responseSerialize: (answer: unknown) => (Buffer.isBuffer(answer) ? answer : method.responseSerialize(answer)),
      },
    ]),
  );
