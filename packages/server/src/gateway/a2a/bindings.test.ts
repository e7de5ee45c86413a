import { AgentCard, ERROR_CODES, PlatformError } from "@agentcore/contract";
import { describe, expect, it } from "vitest";
import { BASE, createFixture, describeAgent, userMessage } from "../../../test/gateway/gateway-fixture.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";
import { A2A_ERRORS, toRestError } from "./a2a-errors.ts";

const V1 = { "content-type": "application/json", "a2a-version": "1.0" };
const envelope = (more: Record<string, unknown>) =>
  JSON.stringify({ jsonrpc: "2.0", id: 1, method: "GetTask", params: { id: "x" }, ...more });
const deep = `${'{"a":'.repeat(5000)}1${"}".repeat(5000)}`;

describe("JSON-RPC", () => {
  it.each([
    ["no JSON", "{", V1, -32700, null],
    ["nothing", "", V1, -32700, null],
    ["too deep", deep, V1, -32700, null],
    ["a batch", `[${envelope({})}]`, V1, -32600, null],
    ["a scalar", "3", V1, -32600, null],
    ["another jsonrpc", envelope({ jsonrpc: "1.0" }), V1, -32600, 1],
    ["no method", envelope({ method: undefined }), V1, -32600, 1],
    ["no id", envelope({ id: undefined }), V1, -32600, null],
    ["an object as id", envelope({ id: {} }), V1, -32600, null],
    ["an id of 257 characters", envelope({ id: "x".repeat(257) }), V1, -32600, null],
    ["an id beyond all numbers", envelope({}).replace('"id":1', '"id":1e400'), V1, -32600, null],
    ["an id with more digits than a number keeps", envelope({ id: 2 ** 53 }), V1, -32600, null],
    ["positional params", envelope({ params: ["x"] }), V1, -32602, 1],
    ["an unknown method", envelope({ method: "Nope" }), V1, -32601, 1],
    ["a method of Object", envelope({ method: "constructor" }), V1, -32601, 1],
    ["a 0.3 method", envelope({ method: "tasks/get" }), V1, -32601, 1],
    ["text/plain", envelope({}), { ...V1, "content-type": "text/plain" }, -32005, null],
    ["version 2.0", envelope({}), { ...V1, "a2a-version": "2.0" }, -32009, 1],
    ["version nonsense", envelope({}), { ...V1, "a2a-version": "one" }, -32009, 1],
    ["a missing id param", envelope({ params: {} }), V1, -32602, 1],
    ["negative history", envelope({ params: { id: "x", historyLength: -1 } }), V1, -32602, 1],
    [
      "no parts",
      envelope({ method: "SendMessage", params: { message: { messageId: "m", role: "ROLE_USER", parts: [] } } }),
      V1,
      -32602,
      1,
    ],
    [
      "a lower-case role",
      envelope({
        method: "SendMessage",
        params: { message: { messageId: "m", role: "user", parts: [{ text: "x" }] } },
      }),
      V1,
      -32602,
      1,
    ],
    [
      "two kinds in a part",
      envelope({
        method: "SendMessage",
        params: { message: { messageId: "m", role: "ROLE_USER", parts: [{ text: "x", url: "y" }] } },
      }),
      V1,
      -32602,
      1,
    ],
    ["an unknown task", envelope({}), V1, -32001, 1],
  ])("answers %s as JSON-RPC with HTTP 200", async (_, body, headers, code, id) => {
    const response = await createFixture().call("/a2a/echo", { method: "POST", body, headers });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/json");
    const answer = await response.json();
    expect(answer).toMatchObject({ jsonrpc: "2.0", id, error: { code } });
    expect(Object.keys(answer).toSorted()).toEqual(["error", "id", "jsonrpc"]);
    expect(JSON.stringify(answer)).not.toContain(".ts:");
  });

  it("VER-CLIENT-002: ignores a patch part; takes the version from the query too; says what it supports", async () => {
    const { call } = createFixture();
    const headers = { "content-type": "application/json" };
    const body = envelope({});
    const patched = await call("/a2a/echo", { method: "POST", body, headers: { ...headers, "a2a-version": "1.0.7" } });
    expect((await patched.json()).error.code).toBe(-32001);
    const queried = await call("/a2a/echo?A2A-Version=1.0", { method: "POST", body, headers });
    expect((await queried.json()).error.code).toBe(-32001);
    const asked = { ...headers, "a2a-version": "2.0" };
    const refused = await (await call("/a2a/echo", { method: "POST", body, headers: asked })).json();
    expect(refused.error.message).toContain("supported are 1.0, 0.3");
  });

  it("CORE-ERR-002: names the refused fields", async () => {
    const { error } = createFixture();
    const { data } = await error("SendMessage", { message: { messageId: "m", role: "ROLE_USER", parts: [{}] } });
    expect(data[0]["@type"]).toBe("type.googleapis.com/google.rpc.BadRequest");
    expect(data[0].fieldViolations[0].field).toBe("message.parts[0]");
  });

  it("serves the only agent at / and /a2a, and none when there are two", async () => {
    const one = createFixture();
    expect((await one.result("SendMessage", userMessage("x"), { path: "/" })).task.id).toBe("task-1");
    expect((await one.result("SendMessage", userMessage("y"), { path: "/a2a" })).task.id).toBe("task-2");
    const two = createFixture({}, [describeAgent("a"), describeAgent("b")]);
    const response = await two.rpc("GetTask", { id: "x" }, { path: "/a2a" });
    expect([response.status, (await response.json()).error.code]).toEqual([404, -32000]);
  });

  it("bodies over the limit are 413, declared or not", async () => {
    const { call } = createFixture({ settings: { maxBodyBytes: 100 } });
    const body = "x".repeat(101);
    const declared = await call("/a2a/echo", { method: "POST", body, headers: { ...V1, "content-length": "101" } });
    const streamed = await call("/a2a/echo", { method: "POST", body, headers: V1 });
    for (const response of [declared, streamed]) {
      expect(response.status).toBe(413);
      expect((await response.json()).error.code).toBe(-32000);
    }
  });

  it("a defect is an id to the caller and the cause to the log", async () => {
    const { rpc, errors, tasks } = createFixture();
    tasks.head = () => Promise.reject(new Error("secret: select * from tasks"));
    const text = await (await rpc("GetTask", { id: "x" })).text();
    expect(text).toContain("-32603");
    expect(text).not.toContain("secret");
    expect(String(errors[0])).toContain("secret");
  });
});

describe("HTTP+JSON", () => {
  it("BIND-EQUIV-001: sends, gets, lists and cancels as JSON-RPC does", async () => {
    const { post, get } = createFixture();
    const { task } = await (await post("/a2a/echo/message:send", userMessage("ask"))).json();
    expect(task.status.state).toBe("TASK_STATE_INPUT_REQUIRED");
    expect((await (await get(`/a2a/echo/tasks/${task.id}?historyLength=1`)).json()).history).toHaveLength(1);
    expect((await (await get("/a2a/echo/tasks?pageSize=1&includeArtifacts=true")).json()).tasks[0].artifacts).toEqual(
      [],
    );
    expect((await (await get(`/a2a/echo/default/tasks/${task.id}`)).json()).id).toBe(task.id);
    const canceled = await post(`/a2a/echo/tasks/${task.id}:cancel`, {});
    expect((await canceled.json()).status.state).toBe("TASK_STATE_CANCELED");
  });

  it.each([
    ["POST", "/message:send", 400, "INVALID_ARGUMENT"],
    ["POST", "/message:stream", 400, "INVALID_ARGUMENT"],
    ["GET", "/tasks", 200, undefined],
    ["GET", "/tasks/nobody", 404, "NOT_FOUND"],
    ["POST", "/tasks/nobody:cancel", 404, "NOT_FOUND"],
    ["GET", "/tasks/nobody:subscribe", 404, "NOT_FOUND"],
    ["POST", "/tasks/nobody/pushNotificationConfigs", 400, "INVALID_ARGUMENT"],
    ["GET", "/tasks/nobody/pushNotificationConfigs", 404, "NOT_FOUND"],
    ["GET", "/tasks/nobody/pushNotificationConfigs/c", 404, "NOT_FOUND"],
    ["DELETE", "/tasks/nobody/pushNotificationConfigs/c", 404, "NOT_FOUND"],
    ["GET", "/extendedAgentCard", 400, "FAILED_PRECONDITION"],
  ])("%s %s is taken below its tenant too, and another's is refused", async (method, path, status, name) => {
    const ask = (tenant: string) =>
      createFixture().call(`/a2a/echo${tenant}${path}`, {
        method,
        headers: V1,
        ...(method === "POST" && { body: "{}" }),
      });
    for (const tenant of ["", "/default"]) {
      const response = await ask(tenant);
      expect([response.status, (await response.json()).error?.status]).toEqual([status, name]);
    }
    // What is malformed is so for every tenant.
    const other = status === 400 && method === "POST" ? name : "PERMISSION_DENIED";
    expect((await (await ask("/acme")).json()).error.status).toBe(other);
  });

  it.each([
    ["GET", "/a2a/echo/tasks/nobody", undefined, 404, "NOT_FOUND"],
    ["GET", "/a2a/echo/tasks?pageSize=500", undefined, 400, "INVALID_ARGUMENT"],
    ["GET", "/a2a/echo/tasks?pageSize=x", undefined, 400, "INVALID_ARGUMENT"],
    ["GET", "/a2a/echo/tasks?status=done", undefined, 400, "INVALID_ARGUMENT"],
    ["GET", "/a2a/echo/extendedAgentCard", undefined, 400, "FAILED_PRECONDITION"],
    ["POST", "/a2a/echo/tasks/x/pushNotificationConfigs", "{}", 400, "INVALID_ARGUMENT"],
    ["POST", "/a2a/echo/message:send", "{", 400, "INVALID_ARGUMENT"],
    ["POST", "/a2a/echo/message:send", "{}", 400, "INVALID_ARGUMENT"],
    ["POST", "/a2a/echo/tasks/nobody:cancel", "", 404, "NOT_FOUND"],
    ["GET", "/a2a/echo/message:send", undefined, 405, "UNIMPLEMENTED"],
    ["GET", "/a2a/echo", undefined, 405, "UNIMPLEMENTED"],
    ["GET", "/a2a/echo/nowhere/at/all", undefined, 404, "UNIMPLEMENTED"],
    ["GET", "/a2a/nobody/tasks", undefined, 404, "NOT_FOUND"],
    ["GET", "/a2a/echo/acme/tasks", undefined, 403, "PERMISSION_DENIED"],
  ])("%s %s is a JSON error", async (method, path, body, status, name) => {
    const response = await createFixture().call(path, { method, headers: V1, ...(body === undefined ? {} : { body }) });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect((await response.json()).error).toMatchObject({ code: status, status: name });
  });

  it("A2A 5.4: every error code has its place, and A2A's own carry ErrorInfo", () => {
    expect(Object.keys(A2A_ERRORS).toSorted()).toEqual(Object.keys(ERROR_CODES).toSorted());
    expect(toRestError(new PlatformError("TASK_NOT_FOUND", "m", { details: { taskId: "t" } }))).toEqual({
      error: {
        code: 404,
        status: "NOT_FOUND",
        message: "m",
        details: [
          {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            reason: "TASK_NOT_FOUND",
            domain: "a2a-protocol.org",
            metadata: { taskId: "t" },
          },
        ],
      },
    });
  });
});

describe("cards", () => {
  it("one card per agent, the only agent's at the well-known path, and a catalogue of all", async () => {
    const { call, get } = createFixture();
    const card = await (await get("/a2a/echo/.well-known/agent-card.json")).json();
    expect(AgentCard.strict().parse(card)).toEqual(card);
    expect(card.supportedInterfaces.map((one: { protocolBinding: string }) => one.protocolBinding)).toEqual([
      "JSONRPC",
      "HTTP+JSON",
      "JSONRPC",
      "HTTP+JSON",
    ]);
    expect(await (await get("/.well-known/agent-card.json")).json()).toEqual(card);
    const catalog = await call("/.well-known/ai-catalog.json");
    expect(catalog.headers.get("content-type")).toBe("application/ai-catalog+json");
    expect((await catalog.json()).entries[0].url).toBe(`${BASE}/a2a/echo/.well-known/agent-card.json`);
  });

  it("CARD-CACHE-001..003: ETag, Last-Modified and Cache-Control; 304 to who has it", async () => {
    const { call } = createFixture();
    const path = "/.well-known/agent-card.json";
    const { headers } = await call(path);
    expect(headers.get("cache-control")).toContain("max-age=");
    const etag = headers.get("etag") ?? "";
    const modified = headers.get("last-modified") ?? "";
    expect((await call(path, { headers: { "if-none-match": `"x", W/${etag}` } })).status).toBe(304);
    expect((await call(path, { headers: { "if-modified-since": modified } })).status).toBe(304);
    expect((await call(path, { headers: { "if-none-match": '"x"', "if-modified-since": modified } })).status).toBe(200);
    expect((await call(path, { method: "HEAD" })).status).toBe(200);
  });

  it("with keys the card is public still and says how to authenticate", async () => {
    const { call } = createFixture({ apiKeys: parseApiKeys(["k".repeat(20)]) });
    const card = await (await call("/.well-known/agent-card.json")).json();
    expect(Object.keys(card.securitySchemes)).toEqual(["bearer", "apiKey"]);
    expect((await call("/a2a/nobody/.well-known/agent-card.json")).status).toBe(404);
  });
});
