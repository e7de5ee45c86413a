/** Protocol 0.3 beside 1.0: which of them a request means, and 0.3 over both of its bindings. */
import { AgentCard } from "@agentcore/contract";
import { describe, expect, it } from "vitest";
import {
  BASE,
  createFixture,
  describeAgent,
  readSse,
  type Sse,
  userMessage,
} from "../../../test/gateway/gateway-fixture.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";

type Fixture = ReturnType<typeof createFixture>;
type Headers = Readonly<Record<string, string>>;

const JSON_TYPE = { "content-type": "application/json" };
const SSE_ONLY = { accept: "text/event-stream" };

const rpcOf =
  ({ call }: Fixture, path = "/a2a/echo") =>
  (method: string, params: unknown, headers: Headers = {}, id: unknown = 7) =>
    call(path, {
      method: "POST",
      headers: { ...JSON_TYPE, ...headers },
      body: JSON.stringify({ jsonrpc: "2.0", id, method, params }),
    });

const restOf =
  ({ call }: Fixture) =>
  (method: string, path: string, body?: unknown, headers: Headers = {}) =>
    call(`/a2a/echo${path}`, {
      method,
      headers: { ...JSON_TYPE, ...headers },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });

const framesOf = async (sse: Sse): Promise<NonNullable<Awaited<ReturnType<Sse["next"]>>>[]> => {
  const frames = [];
  for (let frame = await sse.next(); frame !== null; frame = await sse.next()) frames.push(frame);
  return frames;
};

let count = 0;
const message = (text: string, more: Record<string, unknown> = {}) => ({
  message: { kind: "message", messageId: `legacy-${++count}`, role: "user", parts: [{ kind: "text", text }], ...more },
});
const restMessage = (text: string, more: Record<string, unknown> = {}) => ({
  message: { messageId: `legacy-${++count}`, role: "ROLE_USER", content: [{ text }], ...more },
});
const only = (...a2aVersions: ("1.0" | "0.3")[]) => createFixture({}, [describeAgent("echo", { a2aVersions })]);

describe("the version of a JSON-RPC request", () => {
  const OLD = ["tasks/get", { id: "nobody" }] as const;
  const NEW = ["GetTask", { id: "nobody" }] as const;

  it.each([
    ["nothing stated means 0.3", OLD, {}, -32001],
    ["an empty header means 0.3", OLD, { "a2a-version": "" }, -32001],
    ["0.3 with a patch part is 0.3", OLD, { "a2a-version": "0.3.0" }, -32001],
    ["a method that 1.0 alone has means 1.0", NEW, {}, -32001],
    ["1.0 with a patch part is 1.0", NEW, { "a2a-version": "1.0.7" }, -32001],
    ["1.0 has no methods of 0.3", OLD, { "a2a-version": "1.0" }, -32601],
    ["0.3 has no methods of 1.0", NEW, { "a2a-version": "0.3" }, -32601],
    ["a method that neither has is looked for in 0.3", ["tasks/list", {}], {}, -32601],
    ["a method of Object is none", ["constructor", {}], {}, -32601],
    ["0.2 is not served", OLD, { "a2a-version": "0.2.5" }, -32009],
    ["2.0 is not served", NEW, { "a2a-version": "2.0" }, -32009],
    ["a word is no version", NEW, { "a2a-version": "latest" }, -32009],
  ] as const)("%s", async (_, [method, params], headers, code) => {
    const response = await rpcOf(createFixture())(method, params, headers);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ jsonrpc: "2.0", id: 7, error: { code } });
  });

  it("comes from the query when there is no header", async () => {
    const old = await rpcOf(createFixture(), "/a2a/echo?A2A-Version=1.0")(...OLD);
    expect((await old.json()).error.code).toBe(-32601);
    const header = await rpcOf(createFixture(), "/a2a/echo?A2A-Version=1.0")(...OLD, { "a2a-version": "0.3" });
    expect((await header.json()).error.code).toBe(-32001);
  });

  it("VER-SERVER-003: one that the agent does not serve is refused, with those it serves", async () => {
    const { error } = await (await rpcOf(only("1.0"))(...OLD)).json();
    expect(error).toMatchObject({
      code: -32009,
      data: [{ reason: "VERSION_NOT_SUPPORTED", metadata: { requestedVersion: "0.3", supportedVersions: "1.0" } }],
    });
    const refused = await (await rpcOf(only("0.3"))(...NEW, { "a2a-version": "1.0" })).json();
    expect(refused.error.code).toBe(-32009);
  });

  it.each([
    ["1.0", NEW, {}, -32009],
    ["1.0", NEW, { "a2a-version": "" }, -32009],
    ["1.0", OLD, {}, -32009],
    ["1.0", ["tasks/list", {}], {}, -32009],
    ["1.0", NEW, { "a2a-version": "1.0" }, -32001],
    ["0.3", OLD, {}, -32001],
    ["0.3", NEW, {}, -32601],
  ] as const)("VER-SERVER-003: an agent of %s alone takes none for 0.3: %j %j", async (served, call, headers, code) => {
    const [method, params] = call;
    const response = await rpcOf(only(served))(method, params, headers);
    expect((await response.json()).error.code).toBe(code);
  });
});

describe("the version of an HTTP+JSON request", () => {
  it.each([
    ["/v1 is 0.3's", "/v1/tasks/nobody", {}, 404, -32001],
    ["/v1 with 0.3 stated", "/v1/tasks/nobody?A2A-Version=0.3.1", {}, 404, -32001],
    ["0.3 has no path outside of /v1", "/tasks/nobody", { "a2a-version": "0.3" }, 404, -32601],
    ["0.3 has no list", "/v1/tasks", {}, 404, -32601],
    ["0.3 has no other path", "/v1/nowhere", {}, 404, -32601],
  ] as const)("%s", async (_, path, headers, status, code) => {
    const response = await restOf(createFixture())("GET", path, undefined, headers);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, message: expect.any(String) });
  });

  it("other paths are 1.0's, and /v1 is a tenant for who states 1.0", async () => {
    const get = restOf(createFixture());
    expect((await (await get("GET", "/tasks/nobody")).json()).error.code).toBe(404);
    expect((await get("GET", "/v1/tasks/nobody", undefined, { "a2a-version": "1.0" })).status).toBe(403);
  });

  it("VER-SERVER-003: one that is not served is refused in 1.0's words", async () => {
    for (const [served, path, headers] of [
      ["1.0", "/v1/tasks/nobody", {}],
      ["1.0", "/tasks/nobody", {}],
      ["1.0", "/tasks/nobody", { "a2a-version": "" }],
      ["1.0", "/nowhere", {}],
      ["0.3", "/tasks/nobody", { "a2a-version": "1.0" }],
    ] as const) {
      const response = await restOf(only(served))("GET", path, undefined, headers);
      expect([response.status, path]).toEqual([400, path]);
      expect((await response.json()).error.details[0].reason).toBe("VERSION_NOT_SUPPORTED");
    }
  });

  it("VER-SERVER-003: an agent of 0.3 alone takes none for 0.3, whose paths begin with /v1", async () => {
    const get = restOf(only("0.3"));
    expect(await (await get("GET", "/v1/tasks/nobody")).json()).toMatchObject({ code: -32001 });
    expect(await (await get("GET", "/tasks/nobody")).json()).toMatchObject({ code: -32601 });
  });

  it("a wrong method is told the right ones", async () => {
    const response = await restOf(createFixture())("GET", "/v1/message:send");
    expect([response.status, response.headers.get("allow")]).toEqual([405, "POST"]);
  });
});

describe("0.3 over JSON-RPC", () => {
  it("sends, gets and cancels, with results of 0.3", async () => {
    const fixture = createFixture();
    const rpc = rpcOf(fixture);
    const { result: task } = await (await rpc("message/send", message("ask"), {}, "an id")).json();
    expect(task).toMatchObject({
      kind: "task",
      status: { state: "input-required", message: { kind: "message", role: "agent" } },
      history: [
        { kind: "message", role: "user", parts: [{ kind: "text", text: "ask" }], taskId: task.id },
        { kind: "message", role: "agent", parts: [{ kind: "text", text: "Which one?" }] },
      ],
    });
    const { result: got } = await (await rpc("tasks/get", { id: task.id, historyLength: 0 })).json();
    expect(Object.keys(got).toSorted()).toEqual(["contextId", "id", "kind", "status"]);
    const { result: canceled } = await (await rpc("tasks/cancel", { id: task.id })).json();
    expect(canceled.status.state).toBe("canceled");
  });

  it.each([
    [undefined, "completed"],
    [{}, "completed"],
    [{ blocking: true }, "completed"],
    [{ acceptedOutputModes: [] }, "completed"],
  ])("waits unless told not to (%j)", async (configuration, state) => {
    const fixture = createFixture();
    const sent = rpcOf(fixture)("message/send", { ...message("hold"), configuration });
    while (fixture.tasks.tasks.size === 0) await new Promise(setImmediate);
    fixture.tasks.append("task-1", { type: "task.completed", data: { output: null } });
    expect((await (await sent).json()).result.status.state).toBe(state);
  });

  it("does not wait when told so", async () => {
    const params = { ...message("hold"), configuration: { blocking: false } };
    const { result } = await (await rpcOf(createFixture())("message/send", params)).json();
    expect(result.status.state).toBe("working");
  });

  it("streams with the request's id, numbers and `final`, and ends with a question", async () => {
    const response = await rpcOf(createFixture())("message/stream", message("ask"));
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const events = await framesOf(readSse(response));
    expect(events.map(({ id }) => id)).toEqual(["1", "2", "3"]);
    expect(events.map(({ data }) => [data.jsonrpc, data.id, data.result.kind, data.result.final])).toEqual([
      ["2.0", 7, "task", undefined],
      ["2.0", 7, "status-update", false],
      ["2.0", 7, "status-update", true],
    ]);
  });

  it("tasks/resubscribe begins with the task, stays open through a question, and goes on after Last-Event-ID", async () => {
    const fixture = createFixture();
    const rpc = rpcOf(fixture);
    const { result: task } = await (await rpc("message/send", message("ask"))).json();
    const stream = readSse(await rpc("tasks/resubscribe", { id: task.id }));
    expect((await stream.next())?.data.result).toMatchObject({ kind: "task", status: { state: "input-required" } });
    await rpc("message/send", message("done", { taskId: task.id }));
    const rest = (await stream.all()).map((data) => [data.result.kind, data.result.status?.state, data.result.final]);
    expect(rest.at(-1)).toEqual(["status-update", "completed", true]);
    const resumed = await framesOf(readSse(await rpc("tasks/resubscribe", { id: task.id }, { "last-event-id": "4" })));
    expect(resumed[0]?.id).toBe("5");
    expect(resumed.at(-1)?.data.result.final).toBe(true);
  });

  it("tells what a model says before it is in the log, numbered behind it, and then the rest", async () => {
    const fixture = createFixture();
    const rpc = rpcOf(fixture);
    const stream = readSse(await rpc("message/stream", message("hold")));
    expect((await stream.next())?.data.result.kind).toBe("task");
    expect((await stream.next())?.id).toBe("2");
    const live = { path: "model:m", artifact: { artifactId: "a", name: "a" }, append: false };
    fixture.tasks.speak("task-1", { ...live, text: "Hel" });
    const artifact = { ...live.artifact, parts: [{ text: "Hello" }] };
    const said = await stream.next();
    fixture.tasks.append("task-1", {
      type: "artifact.appended",
      data: { ...live, kind: "model", artifact, lastChunk: true },
    });
    expect([said, await stream.next()].map((frame) => [frame?.id, frame?.data.result])).toMatchObject([
      ["2.1", { kind: "artifact-update", append: false, artifact: { parts: [{ kind: "text", text: "Hel" }] } }],
      ["3", { kind: "artifact-update", append: true, artifact: { parts: [{ kind: "text", text: "lo" }] } }],
    ]);
    await stream.cancel();
    const resumed = readSse(await rpc("tasks/resubscribe", { id: "task-1" }, { "last-event-id": "2.1" }));
    expect(await resumed.next()).toMatchObject({ id: "2", data: { result: { kind: "task" } } });
    expect(await resumed.next()).toMatchObject({
      id: "3",
      data: { result: { artifact: { parts: [{ text: "Hello" }] } } },
    });
    await resumed.cancel();
  });

  it("CORE-ERR-002: names the refused fields as 0.3 does", async () => {
    const params = message("x", { parts: [{ kind: "file", file: { uri: "" } }] });
    const { error } = await (await rpcOf(createFixture())("message/send", params)).json();
    expect(error.code).toBe(-32602);
    expect(error.data[0].fieldViolations[0].field).toBe("message.parts[0].file.uri");
  });

  it("tells an error of a stream as an event to who takes nothing else, and as JSON to everybody else", async () => {
    const rpc = rpcOf(createFixture());
    for (const [method, params, code] of [
      ["tasks/resubscribe", { id: "nobody" }, -32001],
      ["message/stream", {}, -32602],
    ] as const) {
      const response = await rpc(method, params, SSE_ONLY);
      expect([response.status, response.headers.get("content-type")]).toEqual([200, "text/event-stream"]);
      expect(await readSse(response).all()).toMatchObject([{ jsonrpc: "2.0", id: 7, error: { code } }]);
      for (const accept of ["*/*", "application/json, text/event-stream"])
        expect((await (await rpc(method, params, { accept })).json()).error.code).toBe(code);
    }
    const full = createFixture({ settings: { maxStreams: 1 } });
    await rpcOf(full)("message/stream", message("hold"));
    const refused = await rpcOf(full)("message/stream", message("hold"), SSE_ONLY);
    expect([refused.status, (await refused.json()).error.data[0].reason]).toEqual([429, "OVERLOADED"]);
  });

  it("a defect is an id to the caller and the cause to the log, once", async () => {
    const fixture = createFixture();
    fixture.tasks.head = () => Promise.reject(new Error("secret: select * from tasks"));
    for (const [method, headers] of [
      ["tasks/get", {}],
      ["tasks/resubscribe", {}],
      ["tasks/resubscribe", SSE_ONLY],
    ] as const) {
      fixture.errors.length = 0;
      const text = await (await rpcOf(fixture)(method, { id: "x" }, headers)).text();
      expect(text).toContain("-32603");
      expect(text).not.toContain("secret");
      expect(fixture.errors.map(String)).toEqual(["Error: secret: select * from tasks"]);
    }
  });

  it("who goes away releases the stream", async () => {
    const fixture = createFixture();
    const stream = readSse(await rpcOf(fixture)("message/stream", message("hold")));
    await stream.next();
    expect([fixture.gateway.openStreams, fixture.tasks.readers]).toEqual([1, 1]);
    await stream.cancel();
    while (fixture.tasks.readers > 0) await new Promise(setImmediate);
    expect(fixture.gateway.openStreams).toBe(0);
  });

  it("push configs are set, read, listed and deleted in 0.3's shape", async () => {
    const rpc = rpcOf(createFixture());
    const call = async (method: string, params: unknown) => (await (await rpc(method, params)).json()).result;
    const task = await call("message/send", message("ask"));
    const hook = {
      id: "hook",
      url: "https://hooks.test/",
      token: "t",
      authentication: { schemes: ["Bearer"], credentials: "c" },
    };
    const config = { taskId: task.id, pushNotificationConfig: hook };
    expect(await call("tasks/pushNotificationConfig/set", config)).toEqual(config);
    expect(await call("tasks/pushNotificationConfig/get", { id: task.id })).toEqual(config);
    const named = { id: task.id, pushNotificationConfigId: "hook" };
    expect(await call("tasks/pushNotificationConfig/get", named)).toEqual(config);
    expect(await call("tasks/pushNotificationConfig/list", { id: task.id })).toEqual([config]);
    expect(await call("tasks/pushNotificationConfig/delete", named)).toBeNull();
    expect(await call("tasks/pushNotificationConfig/list", { id: task.id })).toEqual([]);
    expect((await (await rpc("tasks/pushNotificationConfig/get", named)).json()).error.code).toBe(-32001);
  });

  const pushNotificationConfig = { url: "https://hooks.test/" };
  const configs = "/v1/tasks/nobody/pushNotificationConfigs";
  it.each([
    {
      operation: ["CreateTaskPushNotificationConfig", { taskId: "nobody", ...pushNotificationConfig }],
      method: ["tasks/pushNotificationConfig/set", { taskId: "nobody", pushNotificationConfig }],
      path: ["POST", configs, { pushNotificationConfig }],
    },
    {
      operation: ["GetTaskPushNotificationConfig", { taskId: "nobody", id: "c" }],
      method: ["tasks/pushNotificationConfig/get", { id: "nobody", pushNotificationConfigId: "c" }],
      path: ["GET", `${configs}/c`],
    },
    {
      operation: ["ListTaskPushNotificationConfigs", { taskId: "nobody" }],
      method: ["tasks/pushNotificationConfig/list", { id: "nobody" }],
      path: ["GET", configs],
    },
    {
      operation: ["DeleteTaskPushNotificationConfig", { taskId: "nobody", id: "c" }],
      method: ["tasks/pushNotificationConfig/delete", { id: "nobody", pushNotificationConfigId: "c" }],
      path: ["DELETE", `${configs}/c`],
    },
    {
      operation: ["GetExtendedAgentCard", undefined],
      method: ["agent/getAuthenticatedExtendedCard", undefined],
      path: ["GET", "/v1/card"],
    },
  ] as const)("BIND-EQUIV-001: $method.0 is refused as 1.0 refuses it, over both bindings", async (one) => {
    const fixture = createFixture();
    const { code } = await fixture.error(one.operation[0], one.operation[1]);
    expect((await (await rpcOf(fixture)(one.method[0], one.method[1])).json()).error.code).toBe(code);
    const [verb, path, body] = one.path;
    expect((await (await restOf(fixture)(verb, path, body)).json()).code).toBe(code);
  });
});

describe("0.3 over HTTP+JSON", () => {
  it("BIND-EQUIV-001: sends, gets and cancels in the JSON of 0.3's proto file", async () => {
    const rest = restOf(createFixture());
    const { task } = await (await rest("POST", "/v1/message:send", restMessage("ask"))).json();
    expect(task).toMatchObject({
      status: {
        state: "TASK_STATE_INPUT_REQUIRED",
        message: { role: "ROLE_AGENT", content: [{ text: "Which one?" }] },
      },
      history: [
        { role: "ROLE_USER", content: [{ text: "ask" }] },
        { role: "ROLE_AGENT", content: [{ text: "Which one?" }] },
      ],
    });
    const got = await (await rest("GET", `/v1/tasks/${task.id}?historyLength=0`)).json();
    expect(Object.keys(got).toSorted()).toEqual(["contextId", "id", "status"]);
    // Clients in Go and Python write the absent body as null.
    const canceled = await (await rest("POST", `/v1/tasks/${task.id}:cancel`, "null")).json();
    expect(canceled.status.state).toBe("TASK_STATE_CANCELLED");
  });

  it("waits as proto 3 says it: without a configuration, or with `blocking: true`", async () => {
    const rest = restOf(createFixture());
    const state = async (configuration: unknown) =>
      (await (await rest("POST", "/v1/message:send", { ...restMessage("hold"), configuration })).json()).task.status
        .state;
    expect(await state({})).toBe("TASK_STATE_WORKING");
    expect(await state({ blocking: false })).toBe("TASK_STATE_WORKING");
    const fixture = createFixture();
    for (const [index, configuration] of [undefined, { blocking: true }].entries()) {
      const sent = restOf(fixture)("POST", "/v1/message:send", { ...restMessage("hold"), configuration });
      while (fixture.tasks.tasks.size === index) await new Promise(setImmediate);
      fixture.tasks.append(`task-${index + 1}`, { type: "task.completed", data: { output: null } });
      expect((await (await sent).json()).task.status.state).toBe("TASK_STATE_COMPLETED");
    }
  });

  it("streams bare events with their numbers, by GET and by POST", async () => {
    const fixture = createFixture();
    const rest = restOf(fixture);
    const events = await framesOf(readSse(await rest("POST", "/v1/message:stream", restMessage("ask"))));
    expect(events.map(({ id, data }) => [id, Object.keys(data)[0], data.statusUpdate?.final])).toEqual([
      ["1", "task", undefined],
      ["2", "statusUpdate", false],
      ["3", "statusUpdate", true],
    ]);
    for (const method of ["GET", "POST"]) {
      const stream = readSse(await rest(method, "/v1/tasks/task-1:subscribe"));
      expect(Object.keys((await stream.next())?.data)).toEqual(["task"]);
      await stream.cancel();
    }
  });

  it.each([
    ["GET", "/v1/tasks/nobody", undefined, 404, -32001],
    ["POST", "/v1/tasks/nobody:cancel", "", 404, -32001],
    ["POST", "/v1/tasks/nobody:subscribe", undefined, 404, -32001],
    ["POST", "/v1/message:send", "{", 400, -32700],
    ["POST", "/v1/message:send", "null", 400, -32602],
    ["POST", "/v1/message:send", {}, 400, -32602],
    ["POST", "/v1/message:stream", {}, 400, -32602],
    ["GET", "/v1/tasks/nobody?historyLength=-1", undefined, 400, -32602],
  ])("%s %s %j is a flat error", async (method, path, body, status, code) => {
    const response = await restOf(createFixture())(method, path, body);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ code, message: expect.any(String) });
  });

  it("says where 0.3's HTTP+JSON differs from JSON-RPC to who mixes them up", async () => {
    const response = await restOf(createFixture())("POST", "/v1/message:send", message("x"));
    const { data } = await response.json();
    expect(data[0].fieldViolations).toContainEqual({
      field: "message.content",
      description: expect.stringContaining("not as parts"),
    });
  });

  it("asks for the credential in 0.3's words", async () => {
    const response = await restOf(createFixture({ apiKeys: parseApiKeys(["k".repeat(20)]) }))("GET", "/v1/tasks/x");
    expect([response.status, response.headers.get("www-authenticate")]).toEqual([
      401,
      expect.stringContaining("Bearer"),
    ]);
    expect((await response.json()).code).toBe(-32000);
  });
});

describe("extensions in 0.3", () => {
  const uri = "https://extensions.test/audit/v2";
  const fixture = () => createFixture({}, [describeAgent("echo", { extensions: [{ uri, required: true }] })]);

  it("are listed in the header of either version, and answered in that of 0.3", async () => {
    const f = fixture();
    for (const name of ["x-a2a-extensions", "a2a-extensions"]) {
      const headers = { [name]: `https://extensions.test/other, ${uri}` };
      for (const response of [
        await rpcOf(f)("message/send", message("x"), headers),
        await rpcOf(f)("message/stream", message("x"), headers),
        await restOf(f)("POST", "/v1/message:send", restMessage("x"), headers),
      ]) {
        expect(response.status).toBe(200);
        expect(response.headers.get("x-a2a-extensions")).toBe(uri);
        expect(response.headers.get("a2a-extensions")).toBeNull();
        await response.body?.cancel();
      }
    }
    const modern = await f.rpc("SendMessage", userMessage("x"), { headers: { "x-a2a-extensions": uri } });
    expect(modern.headers.get("a2a-extensions")).toBe(uri);
  });

  it("CORE-CAP-004: a required one that is missing is an operation not supported: 0.3 has no code for it", async () => {
    const { error } = await (await rpcOf(fixture())("message/send", message("x"))).json();
    expect(error).toMatchObject({ code: -32004, data: [{ reason: "EXTENSION_SUPPORT_REQUIRED" }] });
    const response = await restOf(fixture())("POST", "/v1/message:send", restMessage("x"));
    expect([response.status, (await response.json()).code]).toEqual([400, -32004]);
  });
});

describe("cards of both versions", () => {
  const CARD = "/a2a/echo/.well-known/agent-card.json";
  const cardOf = async ({ call }: Fixture, headers: Headers = {}, path = CARD) =>
    (await call(path, { headers })).json();

  it("one card for both: 1.0's with 0.3's members beside", async () => {
    const card = await cardOf(createFixture());
    const url = `${BASE}/a2a/echo`;
    expect(card.supportedInterfaces).toEqual([
      { url, protocolBinding: "JSONRPC", protocolVersion: "1.0" },
      { url, protocolBinding: "HTTP+JSON", protocolVersion: "1.0" },
      { url, protocolBinding: "JSONRPC", protocolVersion: "0.3" },
      { url, protocolBinding: "HTTP+JSON", protocolVersion: "0.3" },
    ]);
    expect(card).toMatchObject({
      protocolVersion: "0.3.0",
      url,
      preferredTransport: "JSONRPC",
      additionalInterfaces: [
        { url, transport: "JSONRPC" },
        { url, transport: "HTTP+JSON" },
      ],
      supportsAuthenticatedExtendedCard: false,
    });
    for (const stated of ["0.3", "2.0"]) expect(await cardOf(createFixture(), { "a2a-version": stated })).toEqual(card);
  });

  it("who states 1.0 gets 1.0's members only; caches keep the two apart", async () => {
    const fixture = createFixture();
    const card = await cardOf(fixture, { "a2a-version": "1.0" });
    expect(AgentCard.strict().parse(card)).toEqual(card);
    expect(await cardOf(fixture, {}, `${CARD}?A2A-Version=1.0`)).toEqual(card);
    const [bare, pure] = [await fixture.call(CARD), await fixture.call(CARD, { headers: { "a2a-version": "1.0" } })];
    expect(bare.headers.get("vary")).toBe("a2a-version");
    expect(bare.headers.get("etag")).not.toBe(pure.headers.get("etag"));
    expect((await fixture.call("/.well-known/ai-catalog.json")).headers.get("vary")).toBeNull();
  });

  it("an agent of 1.0 alone has a pure card for everybody, one of 0.3 alone lists no other interface", async () => {
    const card = await cardOf(only("1.0"));
    expect(AgentCard.strict().parse(card)).toEqual(card);
    const versions = async (fixture: Fixture, headers: Headers) =>
      (await cardOf(fixture, headers)).supportedInterfaces.map(
        (one: { protocolVersion: string }) => one.protocolVersion,
      );
    expect(await versions(only("1.0"), {})).toEqual(["1.0", "1.0"]);
    expect(await versions(only("0.3"), {})).toEqual(["0.3", "0.3"]);
    expect(await versions(only("0.3", "1.0"), {})).toEqual(["1.0", "1.0", "0.3", "0.3"]);
  });

  it("older clients find it as agent.json", async () => {
    const fixture = createFixture();
    const card = await cardOf(fixture);
    for (const path of ["/.well-known/agent.json", "/a2a/echo/.well-known/agent.json", "/.well-known/agent-card.json"])
      expect(await cardOf(fixture, {}, path)).toEqual(card);
  });

  it("a scheme has the shapes of both versions", async () => {
    const fixture = createFixture({ apiKeys: parseApiKeys(["k".repeat(20)]) });
    const card = await cardOf(fixture);
    expect(card.securitySchemes).toEqual({
      bearer: { type: "http", scheme: "Bearer", httpAuthSecurityScheme: { scheme: "Bearer" } },
      apiKey: {
        type: "apiKey",
        in: "header",
        name: "X-API-Key",
        apiKeySecurityScheme: { location: "header", name: "X-API-Key" },
      },
    });
    expect(card.security).toEqual([{ bearer: [] }, { apiKey: [] }]);
    expect((await fixture.call(CARD)).headers.get("vary")).toBe("a2a-version, authorization, x-api-key");
    expect((await cardOf(fixture, { "a2a-version": "1.0" })).securitySchemes.bearer).toEqual({
      httpAuthSecurityScheme: { scheme: "Bearer" },
    });
  });
});
