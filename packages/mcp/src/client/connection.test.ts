import { fileURLToPath } from "node:url";
import type { McpServerSpec } from "@agentcore/contract";
import { expect, onTestFinished, test } from "vitest";
import { serveTools, type ToolServer } from "../../test/tool-server.ts";
import { ForgottenSession } from "./forgotten-session.ts";
import { type Connection, type ConnectionOptions, openConnection } from "./open-connection.ts";

const PROGRAM = fileURLToPath(new URL("../../test/tool-server.ts", import.meta.url));
const never = new AbortController().signal;

const open = async (spec: McpServerSpec, more: Partial<ConnectionOptions> = {}): Promise<Connection> => {
  const connection = await openConnection(
    {
      ...{ what: 'MCP server "test"', spec, version: "1", path: process.env["PATH"], onChanged: () => undefined },
      policy: { allowLoopback: true, allowPrivate: false, sendsSecret: false, option: "--x" },
      read: (name) => `value-of-${name}`,
      ...more,
    },
    never,
  );
  onTestFinished(() => connection.close());
  return connection;
};

const stdio = (more: Partial<NonNullable<McpServerSpec["stdio"]>> = {}): McpServerSpec => ({
  stdio: { command: process.execPath, args: ["-C", "agentcore-source", PROGRAM], ...more },
});

const remote = async (): Promise<ToolServer> => {
  const server = await serveTools();
  onTestFinished(() => server.close());
  return server;
};

const call = (tool: string, input: Record<string, unknown> = {}, more: object = {}) => ({
  ...{ tool, input, idempotencyKey: "key-1", mayRepeat: false, signal: never },
  ...more,
});

test.each(["stdio", "http"] as const)(
  "over %s tools are listed and called, and what they give is told plainly",
  async (transport) => {
    const connection = await open(transport === "stdio" ? stdio() : { http: { url: (await remote()).url } });
    expect(connection.server).toEqual({ name: "test-tools", version: "2.0.0", protocol: "2026-07-28" });
    const tools = await connection.list(never);
    expect(tools.find(({ name }) => name === "add")).toMatchObject({
      description: "Adds two numbers",
      inputJsonSchema: { type: "object", required: ["a", "b"] },
      hints: { readOnly: true },
    });
    expect(await connection.call(call("add", { a: 1, b: 2 }))).toBe("3");
    expect(await connection.call(call("look.up", { id: "x" }))).toEqual({ id: "x" });
    expect(await connection.call(call("picture"))).toEqual({
      text: "here",
      files: [
        { mediaType: "image/png", bytes: "aGk=" },
        { uri: "test://doc", mediaType: "text/plain", text: "a document" },
      ],
    });
    await expect(connection.call(call("fail"))).rejects.toMatchObject({
      ...{ code: "UPSTREAM_FAILED", message: "no such record", retryable: false },
    });
    await expect(connection.call(call("large"))).rejects.toMatchObject({
      message: expect.stringContaining("maxResultBytes"),
    });
    await expect(connection.call(call("add", { a: "one" }))).rejects.toMatchObject({ retryable: false });
  },
);

test.each(["stdio", "http"] as const)(
  "over %s what a server asks before it goes on is told with where it stands, and the call is made again with the answer",
  async (transport) => {
    const connection = await open(transport === "stdio" ? stdio() : { http: { url: (await remote()).url } });
    for (const isListed of [false, true]) {
      if (isListed) await connection.list(never);
      const asked = await connection.call(call("ask", { what: "tea" })).catch((error: unknown) => error);
      expect(asked).toMatchObject({
        code: "INPUT_REQUIRED",
        details: {
          question: {
            forms: [{ id: "who", message: "Who is it for?", form: { required: ["name"] } }],
            state: "asked for tea",
          },
        },
      });
      const answer = (reply: object) =>
        connection.call(call("ask", { what: "tea" }, { answers: { replies: { who: reply }, state: "asked for tea" } }));
      expect(await answer({ action: "accept", content: { name: "Ann" } })).toEqual({
        given: "tea for Ann (asked for tea)",
      });
      expect(await answer({ action: "decline" })).toEqual({ given: "nothing" });
    }
  },
);

test("an older server is offered no person to ask", async () => {
  const server = await serveTools({ keepsSessions: true });
  onTestFinished(() => server.close());
  const connection = await open({ http: { url: server.url } });
  await expect(connection.call(call("ask", { what: "tea" }))).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
});

test("a call carries its key, and what the manifest names, to the server alone", async () => {
  const server = await remote();
  server.authorization = "Bearer value-of-A_TOKEN";
  const connection = await open({
    http: { url: server.url, auth: { bearerEnv: "A_TOKEN" }, headers: { "x-team": "desk", "x-key": { env: "B_KEY" } } },
  });
  await connection.call(call("add", { a: 1, b: 1 }, { idempotencyKey: "abc" }));
  expect(server.calls).toMatchObject([
    { tool: "add", key: "abc", headers: { "x-team": "desk", "x-key": "value-of-B_KEY" } },
  ]);
});

test("one that refuses the credential is told from one that is away", async () => {
  const server = await remote();
  server.authorization = "Bearer other";
  await expect(open({ http: { url: server.url, auth: { bearerEnv: "A_TOKEN" } } })).rejects.toMatchObject({
    code: "UNAUTHENTICATED",
  });
  await expect(open({ http: { url: "http://127.0.0.1:9/mcp" } })).rejects.toMatchObject({
    ...{ code: "UPSTREAM_FAILED", retryable: true },
  });
});

test("an older server that has forgotten the session says so before it does anything: the call may be made again", async () => {
  const server = await serveTools({ keepsSessions: true });
  onTestFinished(() => server.close());
  const connection = await open({ http: { url: server.url } });
  expect(connection.server.protocol).toBe("2025-11-25");
  expect(await connection.call(call("add", { a: 1, b: 2 }))).toBe("3");
  server.forgetSessions();
  const failure = await connection.call(call("add", { a: 1, b: 2 })).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(ForgottenSession);
  expect(server.calls).toHaveLength(1);
});

test("addresses are judged where they are connected to", async () => {
  const policy = { allowLoopback: false, allowPrivate: false, sendsSecret: false, option: "--allow-x" };
  await expect(open({ http: { url: "http://127.0.0.1:9/mcp" } }, { policy })).rejects.toMatchObject({
    ...{ code: "CONFIG_INVALID", message: expect.stringContaining("--allow-x") },
  });
  await expect(open({ http: { url: "http://localhost:9/mcp" } }, { policy })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
  await expect(open({ http: { url: "http://169.254.169.254/mcp" } })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a program has the environment that was named, and PATH; no shell reads its arguments", async () => {
  process.env["MCP_TEST_SECRET"] = "of the node";
  onTestFinished(() => void delete process.env["MCP_TEST_SECRET"]);
  const connection = await open(
    stdio({
      env: { LEVEL: "debug", A_TOKEN: { env: "A_TOKEN" } },
      cwd: "/",
      args: ["-C", "agentcore-source", PROGRAM, "$(id)"],
    }),
  );
  const told = JSON.parse(String(await connection.call(call("environment"))));
  expect(Object.keys(told.env).toSorted()).toEqual(["A_TOKEN", "LEVEL", "PATH"]);
  expect(told.env).toMatchObject({ LEVEL: "debug", A_TOKEN: "value-of-A_TOKEN" });
  expect(told.cwd).toBe("/");
});

test("a program that ends in a call fails it with its last words, and is told to be gone", async () => {
  const connection = await open(stdio());
  await expect(connection.call(call("crash"))).rejects.toMatchObject({
    ...{ code: "OUTCOME_UNKNOWN", retryable: false, message: expect.stringContaining("something is badly wrong") },
  });
  expect(connection.isOpen).toBe(false);
  const other = await open(stdio());
  await expect(other.call(call("crash", {}, { mayRepeat: true }))).rejects.toMatchObject({ retryable: true });
});

test("a program that is closed has ended", async () => {
  const connection = await open(stdio());
  const { pid } = JSON.parse(String(await connection.call(call("environment"))));
  await connection.close();
  expect(() => process.kill(pid, 0)).toThrow();
});

test("a program that is none, or says nothing of the protocol, is refused", async () => {
  await expect(open({ stdio: { command: "/no/such/program" } })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await expect(open({ stdio: { command: process.execPath, args: ["-e", "process.exit(1)"] } })).rejects.toMatchObject({
    ...{ code: "UPSTREAM_FAILED", retryable: true },
  });
});

test("a call that is given up is canceled at the server", async () => {
  const server = await remote();
  const connection = await open({ http: { url: server.url } });
  const abort = new AbortController();
  const waiting = connection.call(call("wait", {}, { signal: abort.signal }));
  while (server.calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  abort.abort(new Error("enough"));
  await expect(waiting).rejects.toThrow("enough");
  while (server.calls.length === 1) await new Promise((resolve) => setTimeout(resolve, 5));
  expect(server.calls[1]).toMatchObject({ tool: "wait canceled" });
});

test("a call that takes too long fails, and may be tried again where that does no harm", async () => {
  const server = await remote();
  const connection = await open({ http: { url: server.url }, timeoutMs: 150 });
  await expect(connection.call(call("wait"))).rejects.toMatchObject({ code: "OUTCOME_UNKNOWN", retryable: false });
  await expect(connection.call(call("wait", {}, { mayRepeat: true }))).rejects.toMatchObject({ retryable: true });
});

test("only the tools that are named are given, and one that is not there is told", async () => {
  const server = await remote();
  const connection = await open({ http: { url: server.url }, tools: ["add"] });
  expect((await connection.list(never)).map(({ name }) => name)).toEqual(["add"]);
  const other = await open({ http: { url: server.url }, tools: ["add", "none"] });
  await expect(other.list(never)).rejects.toMatchObject({
    ...{ code: "CONFIG_INVALID", message: expect.stringContaining("has no tool none") },
  });
});

test("it hears that the server's tools are others now", async () => {
  const server = await remote();
  let changes = 0;
  const connection = await open({ http: { url: server.url } }, { onChanged: () => (changes += 1) });
  await connection.list(never);
  server.change(["extra"]);
  while (changes === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  expect((await connection.list(never)).some(({ name }) => name === "extra")).toBe(true);
});
