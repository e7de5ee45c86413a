import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { LegacyA2AService } from "@a2a-js/sdk/compat/v0_3/server/grpc";
import { A2AService } from "@a2a-js/sdk/server/grpc";
import { PlatformError } from "@agentcore/contract";
import { type Metadata, status } from "@grpc/grpc-js";
import { afterEach, describe, expect, it } from "vitest";
import {
  all,
  CONFIG,
  closeAll,
  detailsOf,
  failureOf,
  MESSAGE,
  open,
  SEND,
  SENT,
  startGrpc,
  TASK,
} from "../../test/grpc-world.ts";

afterEach(closeAll);

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
    const { world, a2a } = await startGrpc();
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
    const { world, a2a } = await startGrpc();
    const chunks = await all(a2a.stream(method, request));
    expect(world.asked).toEqual([{ operation, params }]);
    expect(chunks.map(({ payload }) => (payload as { $case: string }).$case)).toEqual(["task", "statusUpdate"]);
    expect(world.released).toBe(1);
  });

  it("null is data too, wherever a part may stand", async () => {
    const { world, a2a } = await startGrpc();
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
    const { world, a2a } = await startGrpc();
    world.extensions = ["https://a.test/x", "https://a.test/y"];
    const sent = { authorization: "Bearer secret", "last-event-id": "7", "some-bin": Buffer.from([1]) };
    const stream = a2a.stream("subscribeToTask", { tenant: "", id: "t1" }, sent);
    const [answered] = (await once(stream, "metadata")) as [Metadata];
    expect(answered.get("a2a-extensions")).toEqual(["https://a.test/x, https://a.test/y"]);
    await all(stream);
    const { headers, authority, connection } = world.requests[0] ?? {
      ...{ headers: new Headers(), authority: "", connection: "" },
    };
    expect([headers.get("authorization"), headers.get("last-event-id")]).toEqual(["Bearer secret", "7"]);
    expect(headers.has("some-bin")).toBe(false);
    expect(authority).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(connection).toMatch(/^127\.0\.0\.1:\d+ 127\.0\.0\.1:\d+$/);
  });

  it.each(["sendMessage", "sendStreamingMessage"])(
    "an error of %s comes with its reason and its violations",
    async (method) => {
      const { world, a2a } = await startGrpc();
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
    const { world, a2a } = await startGrpc();
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
    const { world, a2a } = await startGrpc({ maxMessageBytes: 100 });
    world.refuse = new PlatformError("UNAUTHENTICATED", "send an API key");
    const large = { ...SEND, message: { ...MESSAGE, messageId: "m".repeat(10_000) } };
    expect((await failureOf(a2a.unary("sendMessage", large))).code).toBe(status.UNAUTHENTICATED);
    world.refuse = null;
    expect((await failureOf(a2a.unary("sendMessage", large))).code).toBe(status.RESOURCE_EXHAUSTED);
    expect(world.asked).toEqual([]);
  });

  it.each([
    ["1.0", A2AService.subscribeToTask.path, A2AService.subscribeToTask.requestSerialize({ tenant: "", id: "t1" })],
    [
      "0.3",
      LegacyA2AService.taskSubscription.path,
      LegacyA2AService.taskSubscription.requestSerialize({ name: "tasks/t1" }),
    ],
  ])("a slow reader of %s is not run ahead of by a message", async (_, path, body) => {
    const { world, a2a, address } = await startGrpc();
    const total = 400;
    world.frames = async function* () {
      const history = [{ messageId: "m", role: "ROLE_USER" as const, parts: [{ text: "x".repeat(20_000) }] }];
      for (let index = 0; index < total; index += 1) yield { response: { task: { ...TASK, history } } };
    };
    // grpc-js reads ahead of who reads from it, so this is HTTP/2 by hand.
    const session = connectHttp2(`http://${address}`);
    open.push(() => session.destroy());
    const request = session.request({
      ...{ ":method": "POST", ":path": path },
      ...{ "content-type": "application/grpc", te: "trailers" },
    });
    request.end(Buffer.concat([Buffer.from([0, 0, 0, 0, body.length]), body]));
    await once(request, "response");
    // Time enough for a writer that does not wait.
    for (let turn = 0; turn < 50; turn += 1) await a2a.unary("getTask", { tenant: "", id: "t1" });
    // Three are within the 64 KB that HTTP/2 lets go out unasked, and one is on its way.
    expect(world.read).toBe(4);
    let received = 0;
    request.on("data", (chunk: Buffer) => (received += chunk.length));
    await once(request, "end");
    expect(received).toBeGreaterThan(total * 20_000);
    expect(world.read).toBe(total + 1);
  });

  it.each(["cancels", "loses its connection"])("a stream is released at once when its client %s", async (how) => {
    const { world, a2a, sockets } = await startGrpc();
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
    const { world, a2a } = await startGrpc();
    const work = a2a.unary("cancelTask", { tenant: "", id: "hangs" }, {}, { deadline: Date.now() + 100 });
    expect((await failureOf(work)).code).toBe(status.DEADLINE_EXCEEDED);
    await world.gone;
  });

  it("a request that never arrives as a whole does not stay open", async () => {
    const { world, address } = await startGrpc({ requestTimeoutMs: 50 });
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
    const { a2a } = await startGrpc({ maxMessageBytes: 10_000_000 });
    let deep: unknown = 1;
    for (let level = 0; level < 2000; level += 1) deep = { a: deep };
    const error = await failureOf(
      a2a.unary("sendMessage", { ...SEND, metadata: { deep } }).then(() => Promise.reject({ code: 0 })),
    );
    expect([status.OK, status.INTERNAL]).toContain(error.code);
    expect(await a2a.unary("getTask", { tenant: "", id: "t1" })).toMatchObject({ id: "t1" });
  });
});
