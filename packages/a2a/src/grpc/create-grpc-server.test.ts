import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { LegacyA2AService } from "@a2a-js/sdk/compat/v0_3/server/grpc";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { PlatformError, type StreamResponse } from "@agentcore/contract";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceDefinition,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { StreamFrame } from "../server/operations.ts";
import { createGrpcServer, type GrpcServer, type GrpcServerOptions } from "./create-grpc-server.ts";
import type { A2AGrpcVersion, GrpcRequest, RpcStatus } from "./grpc-gateway.ts";
import { decode, jsonService, messageNamed } from "./protocol/descriptors.ts";

const TASK = { id: "t1", contextId: "c1", status: { state: "TASK_STATE_WORKING" as const } };
const CONFIG = { taskId: "t1", id: "p1", url: "https://hook.test" };
const RESULTS: Readonly<Record<string, unknown>> = {
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
const LAST: StreamResponse = {
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
  read: number;
  /** Resolves once the client of the last call is gone. */
  gone: Promise<void>;
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const end of open.splice(0)) end();
});

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

const start = async (options: Partial<GrpcServerOptions> = {}) => {
  const world: World = {
    asked: [],
    opened: [],
    requests: [],
    fault: null,
    refuse: null,
    ready: true,
    released: 0,
    extensions: [],
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
                  return RESULTS[operation];
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
                      return: (value) => frames.return(value),
                    },
                    release: () => {
                      if (!released) world.released += 1;
                      released = true;
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
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const address = `127.0.0.1:${(listener.address() as AddressInfo).port}`;
  open.push(() => {
    listener.close();
    grpc.cut();
  });
  const connect = (definition: ServiceDefinition) => {
    const client = new (makeGenericClientConstructor(definition, "Test"))(address, credentials.createInsecure());
    open.push(() => client.close());
    const methods = client as unknown as Record<string, (...args: unknown[]) => unknown>;
    return {
      unary: (method: string, request: unknown, metadata = new Metadata(), callOptions = {}) =>
        new Promise<Record<string, unknown>>((resolve, reject) => {
          methods[method]?.call(client, request, metadata, callOptions, (error: ServiceError | null, value: never) =>
            error === null ? resolve(value) : reject(error),
          );
        }),
      stream: (method: string, request: unknown, metadata = new Metadata()) =>
        methods[method]?.call(client, request, metadata) as ClientReadableStream<Record<string, unknown>>,
      duplex: (method: string) =>
        methods[method]?.call(client, new Metadata()) as ClientDuplexStream<unknown, Record<string, unknown>>,
    };
  };
  return {
    world,
    grpc,
    sockets,
    address,
    a2a: connect(A2AService as unknown as ServiceDefinition),
    legacy: connect(LegacyA2AService as unknown as ServiceDefinition),
    health: connect(jsonService("grpc.health.v1.Health")),
    reflection: (version: string) => connect(jsonService(`grpc.reflection.${version}.ServerReflection`)),
  };
};

const MESSAGE = {
  messageId: "m1",
  contextId: "",
  taskId: "",
  role: 1,
  parts: [{ content: { $case: "text", value: "hello" }, metadata: undefined, filename: "", mediaType: "" }],
  metadata: undefined,
  extensions: [],
  referenceTaskIds: [],
};
const SEND = { tenant: "acme/echo", message: MESSAGE, configuration: undefined, metadata: undefined };
const SENT = { message: { messageId: "m1", role: "ROLE_USER", parts: [{ text: "hello" }] } };

const all = async (stream: ClientReadableStream<Record<string, unknown>>) => {
  const chunks: Record<string, unknown>[] = [];
  for await (const chunk of stream) chunks.push(chunk as Record<string, unknown>);
  return chunks;
};

const detailsOf = (error: ServiceError) => {
  const [bytes] = error.metadata.get("grpc-status-details-bin");
  return decode(messageNamed("google.rpc.Status"), bytes as Buffer);
};

const failureOf = async (work: Promise<unknown>): Promise<ServiceError> => {
  try {
    await work;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error("it did not fail");
};

describe("A2A 1.0", () => {
  it.each([
    ["sendMessage", SEND, "SendMessage", SENT],
    ["getTask", { tenant: "acme/echo", id: "t1", historyLength: 0 }, "GetTask", { id: "t1", historyLength: 0 }],
    [
      "listTasks",
      { tenant: "acme/echo", contextId: "c1", status: 2, pageToken: "" },
      "ListTasks",
      { contextId: "c1", status: "TASK_STATE_WORKING" },
    ],
    ["cancelTask", { tenant: "acme/echo", id: "t1" }, "CancelTask", { id: "t1" }],
    [
      "createTaskPushNotificationConfig",
      { tenant: "acme/echo", ...CONFIG, token: "" },
      "CreateTaskPushNotificationConfig",
      CONFIG,
    ],
    [
      "getTaskPushNotificationConfig",
      { tenant: "acme/echo", taskId: "t1", id: "p1" },
      "GetTaskPushNotificationConfig",
      { taskId: "t1", id: "p1" },
    ],
    [
      "listTaskPushNotificationConfigs",
      { tenant: "acme/echo", taskId: "t1", pageSize: 0, pageToken: "" },
      "ListTaskPushNotificationConfigs",
      { taskId: "t1" },
    ],
    [
      "deleteTaskPushNotificationConfig",
      { tenant: "acme/echo", taskId: "t1", id: "p1" },
      "DeleteTaskPushNotificationConfig",
      { taskId: "t1", id: "p1" },
    ],
    ["getExtendedAgentCard", { tenant: "acme/echo" }, "GetExtendedAgentCard", {}],
  ])("%s asks the node in JSON and answers in protobuf", async (method, request, operation, params) => {
    const { world, a2a } = await start();
    const answer = await a2a.unary(method, request);
    expect(world.asked).toEqual([{ operation, params }]);
    expect(world.opened).toEqual(["acme/echo"]);
    expect(answer).toBeDefined();
    expect(world.requests[0]).toMatchObject({ version: "1.0" });
  });

  it.each([
    ["sendStreamingMessage", SEND, "SendStreamingMessage", SENT],
    ["subscribeToTask", { tenant: "acme/echo", id: "t1" }, "SubscribeToTask", { id: "t1" }],
  ])("%s streams every frame, then ends and gives its source back", async (method, request, operation, params) => {
    const { world, a2a } = await start();
    const chunks = await all(a2a.stream(method, request));
    expect(world.asked).toEqual([{ operation, params }]);
    expect(chunks.map(({ payload }) => (payload as { $case: string }).$case)).toEqual(["task", "statusUpdate"]);
    expect(world.released).toBe(1);
  });

  it("null is data too, wherever a part may stand", async () => {
    const { world, a2a } = await start();
    const parts = [{ data: null }];
    const message = { messageId: "m", role: "ROLE_AGENT" as const, parts };
    const status = { state: "TASK_STATE_WORKING" as const, message };
    const ids = { taskId: "t1", contextId: "c1" };
    world.frames = async function* () {
      const artifact = { artifactId: "a", parts };
      yield { response: { task: { ...TASK, status, artifacts: [artifact], history: [message] } } };
      yield { response: { statusUpdate: { ...ids, status } } };
      yield { response: { artifactUpdate: { ...ids, artifact, append: false, lastChunk: true } } };
      yield { response: { message } };
    };
    const chunks = await all(a2a.stream("sendStreamingMessage", SEND));
    const text = JSON.stringify(chunks);
    expect(text.match(/"content":\{"\$case":"data","value":null\}/g)).toHaveLength(6);
  });

  it("hands on the metadata, and names the active extensions before the answer", async () => {
    const { world, a2a } = await start();
    world.extensions = ["https://a.test/x", "https://a.test/y"];
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer secret");
    metadata.set("last-event-id", "7");
    metadata.set("some-bin", Buffer.from([1]));
    const stream = a2a.stream("subscribeToTask", { tenant: "", id: "t1" }, metadata);
    const [answered] = (await once(stream, "metadata")) as [Metadata];
    expect(answered.get("a2a-extensions")).toEqual(["https://a.test/x, https://a.test/y"]);
    await all(stream);
    const { headers, authority, peer } = world.requests[0] ?? { headers: new Headers(), authority: "", peer: "" };
    expect([headers.get("authorization"), headers.get("last-event-id")]).toEqual(["Bearer secret", "7"]);
    expect(headers.has("some-bin")).toBe(false);
    expect([authority, peer]).toEqual([
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      expect.stringMatching(/^127\.0\.0\.1:\d+$/),
    ]);
  });

  it.each(["sendMessage", "sendStreamingMessage"])(
    "an error of %s comes with its reason and its violations",
    async (method) => {
      const { world, a2a } = await start();
      world.fault = new PlatformError("INVALID_ARGUMENT", "message.parts: expected at least one", {
        violations: [{ field: "message.parts", description: "expected at least one" }],
      });
      const work = method === "sendMessage" ? a2a.unary(method, SEND) : all(a2a.stream(method, SEND));
      const error = await failureOf(work);
      expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, "message.parts: expected at least one"]);
      expect(detailsOf(error)).toEqual({
        code: 3,
        message: "message.parts: expected at least one",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "INVALID_ARGUMENT",
            domain: "a2a-protocol.org",
            metadata: { taskId: "t9" },
          },
          {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            fieldViolations: [{ field: "message.parts", description: "expected at least one" }],
          },
        ],
      });
    },
  );

  it("an error too long for trailers still arrives, with the first of its violations", async () => {
    const { world, a2a } = await start();
    const violations = Array.from({ length: 1000 }, (_, index) => ({
      field: `parts.${index}`,
      description: "é".repeat(50),
    }));
    world.fault = new PlatformError("INVALID_ARGUMENT", "é".repeat(20_000), { violations });
    const error = await failureOf(a2a.unary("sendMessage", SEND));
    expect(error.code).toBe(status.INVALID_ARGUMENT);
    const [, badRequest] = detailsOf(error)["details"] as { fieldViolations: { field: string }[] }[];
    expect(badRequest?.fieldViolations[0]?.field).toBe("parts.0");
  });

  it("who is refused is refused before a message is read", async () => {
    const { world, a2a } = await start({ maxMessageBytes: 100 });
    world.refuse = new PlatformError("UNAUTHENTICATED", "send an API key");
    const large = { ...SEND, message: { ...MESSAGE, messageId: "m".repeat(10_000) } };
    expect((await failureOf(a2a.unary("sendMessage", large))).code).toBe(status.UNAUTHENTICATED);
    world.refuse = null;
    expect((await failureOf(a2a.unary("sendMessage", large))).code).toBe(status.RESOURCE_EXHAUSTED);
    expect(world.asked).toEqual([]);
  });

  it("a slow reader is not run ahead of", async () => {
    const { world, a2a, address } = await start();
    const total = 400;
    world.frames = async function* () {
      const history = [{ messageId: "m", role: "ROLE_USER" as const, parts: [{ text: "x".repeat(20_000) }] }];
      for (let index = 0; index < total; index += 1) yield { response: { task: { ...TASK, history } } };
    };
    // grpc-js reads ahead of who reads from it, so this is HTTP/2 by hand.
    const session = connectHttp2(`http://${address}`);
    open.push(() => session.destroy());
    const request = session.request({
      ...{ ":method": "POST", ":path": A2AService.subscribeToTask.path },
      ...{ "content-type": "application/grpc", te: "trailers" },
    });
    const body = A2AService.subscribeToTask.requestSerialize({ tenant: "", id: "t1" });
    request.end(Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]));
    await once(request, "response");
    // Time enough for a writer that does not wait.
    for (let turn = 0; turn < 50; turn += 1) await a2a.unary("getTask", { tenant: "", id: "t1" });
    expect(world.read).toBeLessThan(50);
    let received = 0;
    request.on("data", (chunk: Buffer) => (received += chunk.length));
    await once(request, "end");
    expect(received).toBeGreaterThan(total * 20_000);
    expect(world.read).toBe(total + 1);
  });

  it.each(["cancels", "loses its connection"])("a stream is released at once when its client %s", async (how) => {
    const { world, a2a, sockets } = await start();
    world.frames = async function* (client) {
      yield { response: { task: TASK } };
      await once(client, "abort");
    };
    const stream = a2a.stream("subscribeToTask", { tenant: "", id: "t1" });
    stream.on("error", () => {});
    await once(stream, "data");
    if (how === "cancels") stream.cancel();
    else for (const socket of sockets) socket.destroy();
    await world.gone;
    await expect.poll(() => world.released).toBe(1);
  });

  it("a call ends at its deadline, and the node hears of it", async () => {
    const { world, a2a } = await start();
    const work = a2a.unary("cancelTask", { tenant: "", id: "hangs" }, new Metadata(), { deadline: Date.now() + 100 });
    expect((await failureOf(work)).code).toBe(status.DEADLINE_EXCEEDED);
    await world.gone;
  });

  it("a request that never arrives as a whole does not stay open", async () => {
    const { world, address } = await start({ requestTimeoutMs: 50 });
    const session = connectHttp2(`http://${address}`);
    open.push(() => session.destroy());
    const request = session.request({
      ...{ ":method": "POST", ":path": A2AService.getTask.path },
      ...{ "content-type": "application/grpc", te: "trailers" },
    });
    request.write(Buffer.from([0, 0, 0, 0, 9]));
    const [headers] = (await once(request, "response")) as [Record<string, string>];
    expect(headers["grpc-status"]).toBe(String(status.DEADLINE_EXCEEDED));
    expect(world.asked).toEqual([]);
  });

  it("values nested deeper than the codec's stack are refused, and the server goes on", async () => {
    const { a2a } = await start({ maxMessageBytes: 10_000_000 });
    let deep: unknown = 1;
    for (let level = 0; level < 2000; level += 1) deep = { a: deep };
    const error = await failureOf(
      a2a.unary("sendMessage", { ...SEND, metadata: { deep } }).then(() => Promise.reject({ code: 0 })),
    );
    expect([status.OK, status.INTERNAL]).toContain(error.code);
    expect(await a2a.unary("getTask", { tenant: "", id: "t1" })).toMatchObject({ id: "t1" });
  });
});

describe("A2A 0.3", () => {
  it("sends, reads and streams through the translation", async () => {
    const { world, legacy } = await start();
    const message = {
      messageId: "m1",
      contextId: "",
      taskId: "",
      role: 1,
      content: [{ part: { $case: "text", value: "hello" } }],
      extensions: [],
    };
    const request = { request: message, configuration: undefined, metadata: undefined };
    const sent = await legacy.unary("sendMessage", request);
    expect(sent["payload"]).toMatchObject({ $case: "task", value: { id: "t1", status: { state: 2 } } });
    expect(await legacy.unary("getTask", { name: "tasks/t1", historyLength: 0 })).toMatchObject({ id: "t1" });
    const chunks = await all(legacy.stream("sendStreamingMessage", request));
    expect(chunks.at(-1)?.["payload"]).toMatchObject({ $case: "statusUpdate", value: { final: true } });
    await all(legacy.stream("taskSubscription", { name: "tasks/t1" }));
    expect(world.asked.map(({ operation }) => operation)).toEqual([
      "SendMessage",
      "GetTask",
      "SendStreamingMessage",
      "SubscribeToTask",
    ]);
    expect(world.asked[0]?.params).toMatchObject({
      message: { messageId: "m1", role: "ROLE_USER", parts: [{ text: "hello" }] },
    });
    expect(world.opened).toEqual(["", "", "", ""]);
    expect(world.requests[0]).toMatchObject({ version: "0.3" });
    expect(world.released).toBe(2);
  });

  const config = { id: "p1", url: "https://hook.test", token: "", authentication: undefined };
  const name = "tasks/t1/pushNotificationConfigs/p1";

  it.each([
    ["cancelTask", { name: "tasks/t1" }, "CancelTask", { id: "t1" }],
    [
      "createTaskPushNotificationConfig",
      { parent: "tasks/t1", configId: "p1", config: { name, pushNotificationConfig: config } },
      "CreateTaskPushNotificationConfig",
      { taskId: "t1", id: "p1", url: "https://hook.test" },
    ],
    ["getTaskPushNotificationConfig", { name }, "GetTaskPushNotificationConfig", { taskId: "t1", id: "p1" }],
    [
      "listTaskPushNotificationConfig",
      { parent: "tasks/t1", pageSize: 0, pageToken: "" },
      "ListTaskPushNotificationConfigs",
      { taskId: "t1" },
    ],
    ["deleteTaskPushNotificationConfig", { name }, "DeleteTaskPushNotificationConfig", { taskId: "t1", id: "p1" }],
    ["getAgentCard", {}, "GetExtendedAgentCard", {}],
  ])("%s asks for the operation of 1.0", async (method, request, operation, params) => {
    const { world, legacy } = await start();
    await legacy.unary(method, request);
    expect(world.asked).toMatchObject([{ operation, params }]);
  });

  it("a history length that is not set asks for the whole history", async () => {
    const { world, legacy } = await start();
    const message = { messageId: "m1", contextId: "", taskId: "", role: 1, content: [], extensions: [] };
    const configuration = { acceptedOutputModes: [], pushNotification: undefined, blocking: true };
    const lengths = [0, 2];
    for (const historyLength of lengths) {
      await legacy.unary("getTask", { name: "tasks/t1", historyLength });
      await legacy.unary("sendMessage", { request: message, configuration: { ...configuration, historyLength } });
    }
    const [all, sentAll, two, sentTwo] = world.asked.map(({ params }) => params as Record<string, object>);
    expect([all, two]).toEqual([{ id: "t1" }, { id: "t1", historyLength: 2 }]);
    expect(sentAll?.["configuration"]).not.toHaveProperty("historyLength");
    expect(sentTwo?.["configuration"]).toMatchObject({ historyLength: 2 });
  });

  it("an error comes as the node threw it", async () => {
    const { world, legacy } = await start();
    world.fault = new PlatformError("TASK_NOT_FOUND", "there is no task t9");
    const error = await failureOf(legacy.unary("getTask", { name: "tasks/t9", historyLength: 0 }));
    expect([error.code, error.details]).toEqual([status.NOT_FOUND, "there is no task t9"]);
    expect(detailsOf(error)["details"]).toMatchObject([{ reason: "TASK_NOT_FOUND" }]);
    const streamed = await failureOf(all(legacy.stream("taskSubscription", { name: "tasks/t9" })));
    expect([streamed.code, streamed.details]).toEqual([status.NOT_FOUND, "there is no task t9"]);
    const nameless = await failureOf(legacy.unary("getTask", { name: "nothing", historyLength: 0 }));
    expect(nameless.code).toBe(status.INVALID_ARGUMENT);
  });

  it("a client that goes away ends its stream", async () => {
    const { world, legacy } = await start();
    world.frames = async function* (client) {
      yield { response: { task: TASK } };
      await once(client, "abort");
    };
    const stream = legacy.stream("taskSubscription", { name: "tasks/t1" });
    stream.on("error", () => {});
    await once(stream, "data");
    stream.cancel();
    await world.gone;
    await expect.poll(() => world.released).toBeGreaterThan(0);
  });
});

describe("health", () => {
  it("is the node's readiness, for the node and for each service", async () => {
    const { world, health } = await start();
    expect(await health.unary("check", {})).toEqual({ status: "SERVING" });
    expect(await health.unary("check", { service: "lf.a2a.v1.A2AService" })).toEqual({ status: "SERVING" });
    world.ready = false;
    expect(await health.unary("check", { service: "a2a.v1.A2AService" })).toEqual({ status: "NOT_SERVING" });
    expect((await failureOf(health.unary("check", { service: "no.such.Service" }))).code).toBe(status.NOT_FOUND);
  });

  it("a watcher hears of changes, and of the end", async () => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
    open.push(() => vi.useRealTimers());
    const { world, grpc, health } = await start();
    const stream = health.stream("watch", { service: "" });
    const next = async () => ((await once(stream, "data")) as [unknown])[0];
    expect(await next()).toEqual({ status: "SERVING" });
    for (const [ready, told] of [
      [false, "NOT_SERVING"],
      [true, "SERVING"],
    ] as const) {
      world.ready = ready;
      const heard = next();
      vi.advanceTimersByTime(1000);
      expect(await heard).toEqual({ status: told });
    }
    const last = next();
    const ended = once(stream, "end");
    const stopped = grpc.stop();
    expect(await last).toEqual({ status: "NOT_SERVING" });
    await ended;
    await stopped;
  });
});

describe("those without a credential", () => {
  const dial = (address: string) => {
    const session = connectHttp2(`http://${address}`);
    open.push(() => session.destroy());
    return (path: string, message: readonly number[]) => {
      const headers = { "content-type": "application/grpc", te: "trailers" };
      const request = session.request({ ":method": "POST", ":path": path, ...headers });
      request.on("error", () => {});
      request.write(Buffer.from(message));
      return request;
    };
  };
  const EMPTY = [0, 0, 0, 0, 0];
  const CUT_OFF = [0, 0, 0, 0, 9];
  const statusOfFirst = async (request: ReturnType<ReturnType<typeof dial>>): Promise<unknown> => {
    const [headers] = (await once(request, "response")) as [Record<string, string>];
    return headers["grpc-status"];
  };

  it("get 64 watches at once between them, 8 over one connection, and checks and A2A's calls none fewer", async () => {
    const { health, a2a, address } = await start();
    const watch = (call: ReturnType<typeof dial>) => call("/grpc.health.v1.Health/Watch", EMPTY).end();
    const tooMany = String(status.RESOURCE_EXHAUSTED);
    const first = dial(address);
    const answers = await Promise.all(Array.from({ length: 9 }, () => statusOfFirst(watch(first))));
    expect(answers.filter((answer) => answer === undefined)).toHaveLength(8);
    expect(answers).toContain(tooMany);
    const others = Array.from({ length: 7 }, () => dial(address));
    const more = others.flatMap((call) => Array.from({ length: 8 }, () => statusOfFirst(watch(call))));
    expect(await Promise.all(more)).toEqual(Array(56).fill(undefined));
    const late = dial(address);
    expect(await statusOfFirst(watch(late))).toBe(tooMany);
    expect(await health.unary("check", {})).toEqual({ status: "SERVING" });
    expect(await a2a.unary("getTask", { tenant: "", id: "t1" })).toMatchObject({ id: "t1" });
    for (const end of open.splice(-9)) end();
    await expect.poll(() => statusOfFirst(watch(dial(address)))).toBe(undefined);
  });

  it("have 64 checks under way at most: another ends the oldest, and is answered", async () => {
    const { health, address } = await start();
    const call = dial(address);
    const held = Array.from({ length: 65 }, () => call("/grpc.health.v1.Health/Check", CUT_OFF));
    const answers = held.slice(0, 2).map(statusOfFirst);
    expect(await answers[0]).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(await health.unary("check", {})).toEqual({ status: "SERVING" });
    expect(await answers[1]).toBe(String(status.RESOURCE_EXHAUSTED));
    expect(held[2]?.closed).toBe(false);
  });
});

describe.each(["v1", "v1alpha"])("reflection %s", (version) => {
  const ask = async (requests: readonly unknown[]) => {
    const { reflection } = await start();
    const stream = reflection(version).duplex("serverReflectionInfo");
    for (const request of requests) stream.write(request);
    stream.end();
    return all(stream);
  };

  it("lists the services", async () => {
    const [answer = {}] = await ask([{ listServices: "" }]);
    const { service } = answer["listServicesResponse"] as { service: { name: string }[] };
    expect(service.map(({ name }) => name)).toEqual(
      expect.arrayContaining(["lf.a2a.v1.A2AService", "a2a.v1.A2AService", "grpc.health.v1.Health"]),
    );
  });

  it.each(["lf.a2a.v1.A2AService", "a2a.v1.A2AService"])(
    "gives the files of %s, from which a client can be made",
    async (name) => {
      const [answer = {}] = await ask([{ fileContainingSymbol: name }]);
      const { fileDescriptorProto } = answer["fileDescriptorResponse"] as { fileDescriptorProto: string[] };
      const files = fileDescriptorProto.map((bytes) =>
        fromBinary(FileDescriptorProtoSchema, Buffer.from(bytes, "base64")),
      );
      const registry = createFileRegistry({ $typeName: FileDescriptorSetSchema.typeName, file: files.toReversed() });
      expect(registry.getService(name)?.methods.map(({ name: method }) => method)).toContain("SendStreamingMessage");
    },
  );

  it("answers by file name and by method, and says what it does not have", async () => {
    const answers = await ask([
      { fileByFilename: "google/protobuf/struct.proto" },
      { fileContainingSymbol: "lf.a2a.v1.A2AService.GetTask" },
      { fileContainingSymbol: "lf.a2a.v1.A2AService.Nothing" },
      { fileByFilename: "nothing.proto" },
      { fileContainingExtension: { containingType: "lf.a2a.v1.Task", extensionNumber: 7 } },
      { allExtensionNumbersOfType: "lf.a2a.v1.Task" },
      {},
    ]);
    const kinds = answers.map((answer) => Object.keys(answer).find((key) => /^(error|file|all)/.test(key)));
    expect(kinds).toEqual([
      "fileDescriptorResponse",
      "fileDescriptorResponse",
      "errorResponse",
      "errorResponse",
      "errorResponse",
      "allExtensionNumbersResponse",
      "errorResponse",
    ]);
  });
});

describe("the end", () => {
  it("lets calls finish, refuses what comes, and tells streams that it was the node that ended", async () => {
    const { world, grpc, a2a } = await start();
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    world.frames = async function* () {
      yield { response: { task: TASK } };
      await held;
    };
    const stream = a2a.stream("subscribeToTask", { tenant: "", id: "t1" });
    await once(stream, "data");
    const stopped = grpc.stop();
    const failed = failureOf(all(stream));
    release();
    const error = await failed;
    expect([error.code, error.details]).toEqual([status.UNAVAILABLE, "the node is stopping"]);
    await stopped;
  });

  it("cuts what does not end", async () => {
    const { world, grpc, a2a } = await start();
    world.frames = async function* (client) {
      yield { response: { task: TASK } };
      await once(client, "abort");
    };
    const stream = a2a.stream("subscribeToTask", { tenant: "", id: "t1" });
    await once(stream, "data");
    const failed = failureOf(all(stream));
    const stopped = grpc.stop();
    grpc.cut();
    expect((await failed).code).toBeGreaterThan(0);
    await stopped;
    await world.gone;
  });
});
