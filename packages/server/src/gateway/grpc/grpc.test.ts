import { once } from "node:events";
import { connect as connectSocket } from "node:net";
import { ClientFactory, ClientFactoryOptions } from "@a2a-js/sdk/client";
import { GrpcTransportFactory } from "@a2a-js/sdk/client/grpc";
import { LegacyA2AService } from "@a2a-js/sdk/compat/v0_3/server/grpc";
import { type ServiceDefinition, type ServiceError, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import { connectGrpc } from "../../../../a2a/test/connect-grpc.ts";
import type { FakeTaskService } from "../../../test/gateway/fake-task-service.ts";
import { createFixture, describeAgent } from "../../../test/gateway/gateway-fixture.ts";
import { grpcMessage } from "../../../test/gateway/grpc-message.ts";
import type { AgentDescription } from "../deps/agents.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";
import { shutDown } from "../shut-down.ts";
import { type GrpcListener, type ListenGrpcOptions, listenGrpc } from "./listen-grpc.ts";

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

const start = async (
  deps: Partial<GatewayDeps> = {},
  agents?: readonly AgentDescription[],
  options: Partial<ListenGrpcOptions> = {},
) => {
  const fixture = createFixture({ ...deps, grpcAddress: () => `127.0.0.1:${listener.port}` }, agents);
  const listener: GrpcListener = await listenGrpc(fixture.gateway, { port: 0, ...options });
  let closing: Promise<void> | undefined;
  const close = (graceMs = 0) => (closing ??= shutDown(fixture.gateway, [listener], graceMs));
  const address = `127.0.0.1:${listener.port}`;
  const grpc = connectGrpc(address);
  const legacy = connectGrpc(address, { definition: LegacyA2AService });
  ends.push(close, grpc.close, legacy.close);
  return { ...fixture, address, close, grpc, legacy };
};

const failureOf = async (work: Promise<unknown>): Promise<ServiceError> => {
  try {
    await work;
  } catch (error) {
    return error as ServiceError;
  }
  throw new Error("it did not fail");
};

const SERVING = Buffer.from([0x08, 1]);
const bytes = (value: Buffer | null) => value ?? Buffer.alloc(0);
const HEALTH: ServiceDefinition = {
  check: {
    ...{ path: "/grpc.health.v1.Health/Check", requestStream: false, responseStream: false },
    ...{ requestSerialize: bytes, requestDeserialize: bytes, responseSerialize: bytes, responseDeserialize: bytes },
  },
};

const agentsOf = ({ tasks }: FakeTaskService) => [...tasks.values()].map(({ agent }) => agent);

const caseOf = (chunk: unknown) => (chunk as { payload: { $case: string } }).payload.$case;

describe("the SDK's client, which has nothing but the card", () => {
  const connect = async (agents?: readonly AgentDescription[]) => {
    const world = await start({}, agents);
    const card = await (await world.get("/a2a/echo/.well-known/agent-card.json")).json();
    const factory = new ClientFactory({
      ...ClientFactoryOptions.default,
      transports: [new GrpcTransportFactory()],
      preferredTransports: ["GRPC"],
    });
    return { ...world, card, client: await factory.createFromAgentCard(card) };
  };

  it("sends, streams, reads, lists and cancels at the agent of the card, beside others", async () => {
    const { client, card, address, tasks } = await connect([describeAgent("other"), describeAgent("echo")]);
    expect(card.supportedInterfaces.at(-1)).toEqual({
      ...{ url: address, protocolBinding: "GRPC", protocolVersion: "1.0", tenant: "default/echo" },
    });
    const { tenant: _, ...sent } = grpcMessage("hello");
    const answer = (await client.sendMessage(sent as never)) as { readonly id: string };
    expect(answer).toMatchObject({ status: { state: 3 }, artifacts: [{ parts: [{ content: { value: "hello" } }] }] });
    const events: unknown[] = [];
    for await (const event of client.sendMessageStream(grpcMessage("hello") as never)) events.push(event);
    expect(events.map(caseOf)).toEqual(["task", "statusUpdate", "artifactUpdate", "statusUpdate"]);
    expect(await client.getTask({ id: answer.id } as never)).toMatchObject({ id: answer.id });
    expect(await client.listTasks({ contextId: "", status: 0, pageToken: "" } as never)).toMatchObject({
      totalSize: 2,
    });
    const held = (await client.sendMessage({
      ...grpcMessage("hold"),
      configuration: { acceptedOutputModes: [], returnImmediately: true },
    } as never)) as { readonly id: string };
    expect(await client.cancelTask({ id: held.id } as never)).toMatchObject({ status: { state: 5 } });
    expect(tasks.tasks.size).toBe(3);
  });

  it("gets A2A's errors as the classes that it has for them", async () => {
    const { client } = await connect();
    await expect(client.getTask({ id: "nope" } as never)).rejects.toMatchObject({
      name: "TaskNotFoundError",
      message: "there is no task nope",
    });
  });
});

describe("which agent", () => {
  const agents = [describeAgent("echo"), describeAgent("other")];
  const list = (tenant: string) => ({ tenant, contextId: "", status: 0, pageToken: "" });

  it.each(["default/echo", "/echo"])("the tenant %s names it", async (tenant) => {
    const { grpc, tasks } = await start({}, agents);
    await grpc.unary("sendMessage", grpcMessage("hello", tenant));
    expect(agentsOf(tasks)).toEqual(["echo"]);
  });

  it.each(["default", ""])("the tenant %j means the default one", async (tenant) => {
    const { grpc, tasks } = await start({}, [describeAgent("other")]);
    await grpc.unary("sendMessage", grpcMessage("hello", tenant));
    expect(agentsOf(tasks)).toEqual(["other"]);
    const { grpc: without } = await start({}, agents);
    const error = await failureOf(without.unary("listTasks", list(tenant)));
    expect([error.code, error.details]).toEqual([status.NOT_FOUND, expect.stringContaining("TENANT/NAME")]);
  });

  it("a tenant with more than two parts names nobody", async () => {
    const { grpc, tasks } = await start({}, agents);
    const error = await failureOf(grpc.unary("sendMessage", grpcMessage("hello", "default/echo/other")));
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining("TENANT/AGENT")]);
    expect(tasks.tasks.size).toBe(0);
  });

  it("a configuration that comes with the message may say the same tenant, and no other", async () => {
    const { grpc } = await start({}, agents);
    const send = (tenant: string) =>
      grpc.unary("sendMessage", {
        ...grpcMessage("hello", "default/echo"),
        configuration: {
          acceptedOutputModes: [],
          taskPushNotificationConfig: { tenant, id: "", taskId: "", url: "https://hooks.test/", token: "" },
        },
      });
    for (const tenant of ["default/echo", "default", "/echo", ""]) await send(tenant);
    for (const [tenant, code] of [
      ["acme/echo", status.PERMISSION_DENIED],
      ["acme", status.PERMISSION_DENIED],
      ["default/other", status.INVALID_ARGUMENT],
      ["default/echo/other", status.INVALID_ARGUMENT],
    ] as const)
      expect((await failureOf(send(tenant))).code, tenant).toBe(code);
  });

  it("another tenant is refused before anything is looked up", async () => {
    const { grpc } = await start({}, agents);
    const error = await failureOf(grpc.unary("listTasks", list("acme/nobody")));
    expect([error.code, error.details]).toEqual([
      status.PERMISSION_DENIED,
      "the credential does not belong to that tenant",
    ]);
  });

  it("protocol 0.3 has the default one", async () => {
    const { legacy, tasks } = await start();
    const request = {
      messageId: "m1",
      contextId: "",
      taskId: "",
      role: 1,
      content: [{ part: { $case: "text", value: "hi" } }],
    };
    const answer = await legacy.unary("sendMessage", { request: { ...request, extensions: [] } });
    expect(answer).toMatchObject({ payload: { $case: "task", value: { status: { state: 3 } } } });
    expect(agentsOf(tasks)).toEqual(["echo"]);
  });
});

describe("the interfaces of a card", () => {
  const grpcOf = async (world: Awaited<ReturnType<typeof start>>, headers: Readonly<Record<string, string>> = {}) => {
    const card = await (await world.call("/a2a/echo/.well-known/agent-card.json", { headers })).json();
    const isGrpc = (each: Readonly<Record<string, string>>) =>
      each["protocolBinding"] === "GRPC" || each["transport"] === "GRPC";
    return { own: card.supportedInterfaces.filter(isGrpc), legacy: card.additionalInterfaces?.filter(isGrpc) };
  };
  const echo = describeAgent("echo");

  it("BIND-FIELD-001: have gRPC of both versions for the default agent", async () => {
    const world = await start({}, [echo]);
    const url = world.address;
    const own = [
      { url, protocolBinding: "GRPC", protocolVersion: "1.0", tenant: "default/echo" },
      { url, protocolBinding: "GRPC", protocolVersion: "0.3" },
    ];
    expect(await grpcOf(world)).toEqual({ own, legacy: [{ url, transport: "GRPC" }] });
    expect((await grpcOf(world, { "a2a-version": "1.0" })).own).toEqual(own);
  });

  it("have no gRPC of 0.3 for another agent, nor gRPC of a version that is not served", async () => {
    const others = await start({}, [echo, describeAgent("other")]);
    expect(await grpcOf(others)).toMatchObject({ own: [{ protocolVersion: "1.0" }], legacy: [] });
    const modern = await start({}, [describeAgent("echo", { a2aVersions: ["1.0"] })]);
    expect(await grpcOf(modern)).toMatchObject({ own: [{ protocolVersion: "1.0" }] });
    const former = await start({}, [describeAgent("echo", { a2aVersions: ["0.3"] })]);
    expect(await grpcOf(former)).toMatchObject({ own: [{ protocolVersion: "0.3" }], legacy: [{ transport: "GRPC" }] });
    const none = createFixture();
    const card = await (await none.call("/a2a/echo/.well-known/agent-card.json")).text();
    expect(card).not.toContain("GRPC");
  });

  it("change when another agent comes and this one is the only one no more", async () => {
    const agents = [echo];
    const world = await start({}, agents);
    expect((await grpcOf(world)).own).toHaveLength(2);
    agents.push(describeAgent("other"));
    expect((await grpcOf(world)).own).toHaveLength(1);
  });
});

describe("what is asked of a call", () => {
  const KEY = "a-key-of-twenty-chars";
  const list = { tenant: "", contextId: "", status: 0, pageToken: "" };
  const keyed = { apiKeys: parseApiKeys([`${KEY} role=caller caller=ann`]) };

  it("a key, in either of the two headers, of both protocols; none for health", async () => {
    const { grpc, legacy, address } = await start(keyed);
    const health = connectGrpc(address, { definition: HEALTH });
    ends.push(health.close);
    expect(await health.unary("check", null)).toEqual(SERVING);
    expect((await failureOf(grpc.unary("listTasks", list))).code).toBe(status.UNAUTHENTICATED);
    expect((await failureOf(legacy.unary("getTask", { name: "tasks/t1", historyLength: 0 }))).code).toBe(
      status.UNAUTHENTICATED,
    );
    expect(await grpc.unary("listTasks", list, { authorization: `Bearer ${KEY}` })).toMatchObject({ totalSize: 0 });
    expect(await grpc.unary("listTasks", list, { "x-api-key": KEY })).toMatchObject({ totalSize: 0 });
  });

  it("its version may be left out, but not be another", async () => {
    const { grpc, legacy } = await start();
    expect(await grpc.unary("listTasks", list, { "a2a-version": "1.0.7" })).toMatchObject({ totalSize: 0 });
    for (const work of [
      grpc.unary("listTasks", list, { "a2a-version": "0.3" }),
      legacy.unary("getTask", { name: "tasks/t1", historyLength: 0 }, { "a2a-version": "1.0" }),
    ])
      expect(await failureOf(work)).toMatchObject({
        code: status.FAILED_PRECONDITION,
        details: expect.stringContaining("is not what this service speaks"),
      });
  });

  it("a version that the agent is served in", async () => {
    const modern = await start({}, [describeAgent("echo", { a2aVersions: ["1.0"] })]);
    const former = await start({}, [describeAgent("echo", { a2aVersions: ["0.3"] })]);
    const get = { name: "tasks/t1", historyLength: 0 };
    expect(await modern.grpc.unary("listTasks", list)).toMatchObject({ totalSize: 0 });
    expect(await failureOf(former.legacy.unary("getTask", get))).toMatchObject({ code: status.NOT_FOUND });
    for (const work of [modern.legacy.unary("getTask", get), former.grpc.unary("listTasks", list)])
      expect(await failureOf(work)).toMatchObject({
        code: status.FAILED_PRECONDITION,
        details: expect.stringContaining("is not supported here"),
      });
  });

  it("extensions that the agent insists on; those that are active are named in the answer", async () => {
    const uri = "https://a.test/x";
    const { grpc } = await start({}, [describeAgent("echo", { extensions: [{ uri, required: true }] })]);
    expect((await failureOf(grpc.unary("listTasks", list))).code).toBe(status.FAILED_PRECONDITION);
    const stream = grpc.stream("sendStreamingMessage", grpcMessage("hello"), {
      "a2a-extensions": `https://b.test, ${uri}`,
    });
    const [metadata] = (await once(stream, "metadata")) as [{ get(name: string): unknown[] }];
    expect(metadata.get("a2a-extensions")).toEqual([uri]);
    await stream.toArray();
  });

  it("modes of output that the agent has", async () => {
    const { grpc, tasks } = await start({}, [describeAgent("echo", { outputModes: ["text/plain"] })]);
    const asking = (mode: string) =>
      grpc.unary("sendMessage", { ...grpcMessage("x"), configuration: { acceptedOutputModes: [mode] } });
    expect((await failureOf(asking("image/png"))).code).toBe(status.INVALID_ARGUMENT);
    expect(tasks.tasks.size).toBe(0);
    expect(await asking("text/plain")).toMatchObject({ payload: { $case: "task" } });
  });

  it("every field as over HTTP, with the violations beside the error", async () => {
    const { grpc } = await start();
    const error = await failureOf(grpc.unary("sendMessage", grpcMessage("hello", "", { parts: [] })));
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining("message.parts")]);
    expect(String(error.metadata.get("grpc-status-details-bin")[0])).toContain("google.rpc.BadRequest");
  });

  it.each([null, 0, "", false, [1, "two"], { deep: [null] }])("a data part may be %j", async (value) => {
    const { grpc } = await start();
    const part = { content: { $case: "data", value }, metadata: undefined, filename: "", mediaType: "" };
    const answer = await grpc.unary("sendMessage", grpcMessage("", "", { parts: [part] }));
    expect(answer).toMatchObject({
      payload: { value: { history: [{ parts: [{ content: { $case: "data", value } }] }] } },
    });
  });

  it("nesting of a hundred levels at most", async () => {
    const { grpc } = await start();
    let deep: unknown = 1;
    for (let level = 0; level < 120; level += 1) deep = { a: deep };
    const error = await failureOf(grpc.unary("sendMessage", { ...grpcMessage("hello"), metadata: { deep } }));
    expect([error.code, error.details]).toEqual([status.INVALID_ARGUMENT, expect.stringContaining("100 levels")]);
  });

  it("without keys, this machine's own names and addresses", async () => {
    const { gateway } = createFixture();
    await expect(listenGrpc(gateway, { port: 0, host: "0.0.0.0" })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    const far = gateway.grpc(() => ({ remoteAddress: "10.1.2.3" }));
    const request = { headers: new Headers(), authority: "127.0.0.1:4701", connection: "10.1.2.3:5 10.1.2.4:4701" };
    await expect(far.admit(request, "1.0")).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
    expect(() => far.admitPublic(request)).toThrow("on loopback only");
    const near = gateway.grpc(() => ({ remoteAddress: "127.0.0.1" }));
    for (const authority of ["rebound.test", "[", "127.0.0.1:99999", ""])
      await expect(near.admit({ ...request, authority }, "1.0"), authority).rejects.toMatchObject({
        code: "PERMISSION_DENIED",
      });
  });
});

describe("streams", () => {
  it("count as those over HTTP do, also when the client just goes away", async () => {
    const { grpc, gateway, rpc } = await start({ settings: { maxStreams: 1 } });
    const stream = grpc.stream("sendStreamingMessage", grpcMessage("hold"));
    stream.on("error", () => {});
    await once(stream, "data");
    expect(gateway.openStreams).toBe(1);
    const refused = await (await rpc("SendStreamingMessage", { message: {} })).json();
    expect(refused.error.code).toBe(-32602);
    const second = await failureOf(grpc.stream("sendStreamingMessage", grpcMessage("hold")).toArray());
    expect([second.code, second.details]).toEqual([status.RESOURCE_EXHAUSTED, "this node already serves 1 streams"]);
    stream.cancel();
    await expect.poll(() => gateway.openStreams).toBe(0);
  });

  it("go on after the event that the client has", async () => {
    const { grpc, tasks } = await start();
    await grpc.unary("sendMessage", grpcMessage("hello"));
    const [taskId = ""] = tasks.tasks.keys();
    const whole = await failureOf(grpc.stream("subscribeToTask", { tenant: "", id: taskId }).toArray());
    expect(whole.code).toBe(status.FAILED_PRECONDITION);
    const rest = await grpc.stream("subscribeToTask", { tenant: "", id: taskId }, { "last-event-id": "2" }).toArray();
    expect(rest.map(caseOf)).toEqual(["artifactUpdate", "statusUpdate"]);
  });

  it("tell what a model says before it is in the log, and then the rest", async () => {
    const { grpc, tasks } = await start();
    const name = "letter";
    const live = { path: "model:m", artifact: { artifactId: name, name }, append: false };
    const stream = grpc.stream("sendStreamingMessage", grpcMessage("hold"));
    const parts: unknown[] = [];
    stream.on("data", ({ payload }) => {
      if (payload.$case === "artifactUpdate")
        parts.push([payload.value.artifact.parts[0].content.value, payload.value.append]);
    });
    await once(stream, "data");
    tasks.speak("task-1", { ...live, text: "Hel" });
    await expect.poll(() => parts).toEqual([["Hel", false]]);
    const artifact = { artifactId: name, name, parts: [{ text: "Hello" }] };
    tasks.append(
      "task-1",
      { type: "artifact.appended", data: { ...live, kind: "model", artifact, lastChunk: true } },
      { type: "task.completed", data: {} },
    );
    await once(stream, "end");
    expect(parts.slice(0, 2)).toEqual([
      ["Hel", false],
      ["lo", true],
    ]);
  });

  it("end as UNAVAILABLE when the node does, and calls that wait are answered", async () => {
    const { grpc, close } = await start();
    const stream = grpc.stream("sendStreamingMessage", grpcMessage("hold"));
    await once(stream, "data");
    const rest = failureOf(stream.toArray());
    const waiting = grpc.unary("sendMessage", grpcMessage("hold"));
    waiting.catch(() => {});
    // On the same connection, so it is there before what follows it.
    await grpc.unary("listTasks", { tenant: "", contextId: "", status: 0, pageToken: "" });
    await close(50);
    expect((await rest).code).toBe(status.UNAVAILABLE);
    expect(await waiting).toMatchObject({ payload: { $case: "task", value: { status: { state: 2 } } } });
  });
});

it("connections beyond the limit are closed", async () => {
  const { address } = await start({}, undefined, { maxConnections: 1 });
  const port = Number(address.split(":")[1]);
  const first = connectSocket(port, "127.0.0.1");
  await once(first, "connect");
  const second = connectSocket(port, "127.0.0.1");
  await once(second, "close");
  first.destroy();
});
