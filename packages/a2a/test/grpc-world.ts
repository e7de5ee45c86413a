/** A gRPC server whose node is a test, with clients of all its services. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { PlatformError, type StreamResponse } from "@agentcore/contract";
import type { ClientReadableStream, ServiceError } from "@grpc/grpc-js";
import { createGrpcServer, type GrpcServer, type GrpcServerOptions } from "../src/grpc/create-grpc-server.ts";
import type { A2AGrpcVersion, GrpcRequest, RpcStatus } from "../src/grpc/grpc-gateway.ts";
import { decode, jsonService, messageNamed } from "../src/grpc/protocol/descriptors.ts";
import type { StreamFrame } from "../src/server/operations.ts";
import { connectGrpc } from "./connect-grpc.ts";
import { A2A_SERVICE, LEGACY_A2A_SERVICE } from "./sdk-services.ts";

export const TASK = { id: "t1", contextId: "c1", status: { state: "TASK_STATE_WORKING" as const } };
export const CONFIG = { taskId: "t1", id: "p1", url: "https://hook.test" };
export const RESULTS: Readonly<Record<string, unknown>> = {
  SendMessage: { task: TASK },
  GetTask: TASK,
  ListTasks: { tasks: [TASK], nextPageToken: "", pageSize: 50, totalSize: 1 },
  CancelTask: TASK,
  CreateTaskPushNotificationConfig: CONFIG,
  GetTaskPushNotificationConfig: CONFIG,
  ListTaskPushNotificationConfigs: { configs: [CONFIG] },
  DeleteTaskPushNotificationConfig: {},
  GetExtendedAgentCard: { name: "echo", description: "Says it again" },
};
export const LAST: StreamResponse = {
  statusUpdate: { taskId: "t1", contextId: "c1", status: { state: "TASK_STATE_COMPLETED" } },
};

interface World {
  readonly asked: { operation: string; params: unknown }[];
  readonly opened: string[];
  readonly requests: (GrpcRequest & { readonly version?: A2AGrpcVersion })[];
  /** What every operation throws. */
  fault: Error | null;
  refuse: Error | null;
  ready: boolean;
  frames: (client: AbortSignal) => AsyncGenerator<StreamFrame, void>;
  released: number;
  extensions: string[];
  /** What each operation answers. */
  answers: Readonly<Record<string, unknown>>;
  hold: (bytes: number) => () => void;
  read: number;
  /** Resolves once the client of the last call is gone. */
  gone: Promise<void>;
}

/** Ends of what tests have opened, the latest last. */
export const open: (() => void)[] = [];

/** After each test. */
export const closeAll = (): void => {
  for (const end of open.splice(0)) end();
};

const codeOf = (error: unknown): string => (PlatformError.is(error) ? error.code : "INTERNAL");

const statusOf = (thrown: unknown): RpcStatus => ({
  status: codeOf(thrown) === "TASK_NOT_FOUND" ? "NOT_FOUND" : codeOf(thrown),
  message: thrown instanceof Error ? thrown.message : String(thrown),
  details: [
    {
      "@type": "type.googleapis.com/google.rpc.ErrorInfo",
      reason: codeOf(thrown),
      domain: "a2a-protocol.org",
      metadata: { taskId: "t9" },
    },
    ...(PlatformError.is(thrown) && thrown.violations !== undefined
      ? [{ "@type": "type.googleapis.com/google.rpc.BadRequest", fieldViolations: thrown.violations }]
      : []),
  ],
});

export const startGrpc = async ({
  host = "127.0.0.1",
  ...options
}: Partial<GrpcServerOptions & { readonly host: string }> = {}) => {
  const world: World = {
    asked: [],
    opened: [],
    requests: [],
    fault: null,
    refuse: null,
    ready: true,
    released: 0,
    extensions: [],
    answers: RESULTS,
    hold: () => () => {},
    read: 0,
    gone: Promise.resolve(),
    async *frames() {
      yield { response: { task: TASK } };
      yield { response: LAST };
    },
  };
  const grpc: GrpcServer = createGrpcServer(
    {
      async admit(request, version) {
        world.requests.push({ ...request, version });
        if (world.refuse !== null) throw world.refuse;
        return {
          hold: (bytes) => world.hold(bytes),
          open(tenant, client) {
            world.opened.push(tenant);
            world.gone = new Promise((resolve) => client.addEventListener("abort", () => resolve(), { once: true }));
            const ask = (operation: string, params: unknown) => {
              world.asked.push({ operation, params });
              if (world.fault !== null) throw world.fault;
            };
            return {
              extensions: world.extensions,
              runner: {
                async unary(operation, params) {
                  ask(operation, params);
                  if (operation === "CancelTask" && (params as { id: string }).id === "hangs") await world.gone;
                  return world.answers[operation];
                },
                async stream(operation, params) {
                  ask(operation, params);
                  const frames = world.frames(client);
                  let released = false;
                  return {
                    frames: {
                      next() {
                        world.read += 1;
                        return frames.next();
                      },
                    },
                    release: () => {
                      if (!released) world.released += 1;
                      released = true;
                      void frames.return(undefined);
                    },
                  };
                },
              },
            };
          },
        };
      },
      admitPublic(request) {
        world.requests.push(request);
        if (world.refuse !== null) throw world.refuse;
      },
      statusOf,
      ready: () => world.ready,
    },
    { maxMessageBytes: 1_000_000, ...options },
  );
  const sockets = new Set<Socket>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    grpc.accept(socket);
  });
  listener.listen(0, host);
  await once(listener, "listening");
  const address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  open.push(() => {
    listener.close();
    grpc.cut();
  });
  const connect = (definition: object) => {
    const client = connectGrpc(address, { definition });
    open.push(client.close);
    return client;
  };
  return {
    world,
    grpc,
    sockets,
    address,
    a2a: connect(A2A_SERVICE),
    legacy: connect(LEGACY_A2A_SERVICE),
    health: connect(jsonService("grpc.health.v1.Health")),
    reflection: (version: string) => connect(jsonService(`grpc.reflection.${version}.ServerReflection`)),
  };
};

export const MESSAGE = {
  messageId: "m1",
  contextId: "",
  taskId: "",
  role: 1,
  parts: [{ content: { $case: "text", value: "hello" }, metadata: undefined, filename: "", mediaType: "" }],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
};
export const SEND = { tenant: "acme/echo", message: MESSAGE, configuration: undefined, metadata: undefined };
export const SENT = { message: { messageId: "m1", role: "ROLE_USER", parts: [{ text: "hello" }] } };

export const all = async (stream: ClientReadableStream<Record<string, unknown>>) => {
  const chunks: Record<string, unknown>[] = [];
  for await (const chunk of stream) chunks.push(chunk as Record<string, unknown>);
  return chunks;
};

export const detailsOf = (error: ServiceError) => {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  return decode(messageNamed("google.rpc.Status"), bytes as Buffer);
};

export const failureOf = async (work: Promise<unknown>): Promise<ServiceError> => {
  try {
    await work;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error("it did not fail");
};
