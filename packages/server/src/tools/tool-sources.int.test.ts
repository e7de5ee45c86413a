/** Tool manifests on a node: what is taken, what agents get, what an operator sees. */

import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { serveTools, type ToolServer } from "../../../mcp/test/tool-server.ts";
import { answering, startFakeModelServer } from "../../../models/src/testing/fake-model-server.ts";
import { openaiDialect } from "../../../models/src/testing/openai-dialect.ts";
import { type RunningNode, startNode } from "../start-node.ts";

const code = fileURLToPath(new URL("../../test/mcp/users-of-tools.ts", import.meta.url));
const ownLibrary = fileURLToPath(new URL("../../test/mcp/own-library.ts", import.meta.url));
const program = fileURLToPath(new URL("../../../mcp/test/tool-server.ts", import.meta.url));

const header = { apiVersion: "agentcore.dev/v1" };
const tool = (name: string, mcp: object) => ({ ...header, kind: "Tool", metadata: { name }, spec: { mcp } });
const stdio = (more: object = {}) => ({
  stdio: { command: process.execPath, args: ["-C", "agentcore-source", program], ...more },
});

let folder: string;
let node: RunningNode;
let remote: ToolServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-tools-"));
  remote = await serveTools();
  remote.authorization = "Bearer of-the-desk";
  node = await startNode({
    ...{ port: 0, dataDirectory: folder, logLevel: "error" },
    toolLibraries: [ownLibrary],
    env: { PATH: process.env["PATH"], DESK_TOKEN: "of-the-desk", AGENTCORE_PRIVATE: "not for tools" },
  });
  await node.ready;
  await node.apply([
    tool("remote", { http: { url: remote.url, auth: { bearerEnv: "DESK_TOKEN" } }, tools: ["add", "look.up"] }),
    tool("program", stdio()),
    { ...header, kind: "Agent", metadata: { name: "caller" }, spec: { code: { path: code, export: "caller" } } },
  ]);
});

afterAll(async () => {
  await node.close(0);
  await remote.close();
  await rm(folder, { recursive: true, force: true });
});

const api = async (path: string, body?: unknown) => {
  const response = await fetch(`${node.url}/api/v1${path}`, {
    method: body === undefined ? "GET" : "POST",
    ...(body === undefined ? {} : { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
  });
  return response.json();
};

const run = async (input: object, agent = "caller") => {
  const { head, task } = await api("/tasks", { target: `agent:${agent}`, input, wait: true });
  if (head.state !== "completed") return task.status.message.parts[0].text as string;
  return task.artifacts[0].parts[0].data;
};

test("an agent calls the tools that its manifests name, wherever their servers are", async () => {
  expect(await run({ from: "remote", tool: "", input: {} })).toEqual({
    tools: ["remote__add", expect.stringMatching(/^remote__look_up_[0-9a-f]{8}$/)],
  });
  expect(await run({ from: "remote", tool: "remote__add", input: { a: 1, b: 2 } })).toEqual({ result: "3" });
  expect(await run({ from: "program", tool: "program__add", input: { a: 2, b: 2 } })).toEqual({ result: "4" });
  expect(await run({ from: "remote", tool: "remote__add", input: { a: "one", b: 2 } })).toMatch(
    /expected number, got string/,
  );
});

test.each(["thread", "process"])("code that runs apart, in a %s, calls them as any other", async (isolation) => {
  const spec = { code: { path: code, export: "caller" }, isolation };
  await node.apply([{ ...header, kind: "Agent", metadata: { name: `caller-in-${isolation}` }, spec }]);
  const before = remote.calls.length;
  const input = { from: "remote", tool: "remote__add", input: { a: 2, b: 3 } };
  expect(await run(input, `caller-in-${isolation}`)).toEqual({ result: "5" });
  expect(await run({ ...input, input: { a: "2" } }, `caller-in-${isolation}`)).toContain(
    "the input of tool remote__add is refused",
  );
  expect(remote.calls.slice(before)).toMatchObject([
    { tool: "add", input: { a: 2, b: 3 }, key: expect.stringMatching(/./) },
  ]);
});

test("each call carries the key of its step, and calls of one task have different ones", async () => {
  const before = remote.calls.length;
  await run({ from: "remote", tool: "remote__add", input: { a: 1, b: 2 } });
  await run({ from: "remote", tool: "remote__add", input: { a: 1, b: 2 } });
  const keys = remote.calls.slice(before).map(({ key }) => key);
  expect(keys).toHaveLength(2);
  expect(new Set(keys).size).toBe(2);
  for (const key of keys) expect(key).toMatch(/^[0-9a-f]{64}$/);
});

test("one that is not declared is told with those that are", async () => {
  expect(await run({ from: "absent", tool: "", input: {} })).toBe(
    'NOT_FOUND: there is no Tool "absent"; there are program, remote',
  );
});

test("what the node knows stays with it: a program sees PATH and what is named", async () => {
  const { result } = await run({ from: "program", tool: "program__environment", input: {} });
  expect(Object.keys(JSON.parse(result).env)).toEqual(["PATH"]);
});

test("an operator sees how servers are, lists their tools and calls one by hand", async () => {
  const { items } = await api("/tools");
  expect(items).toMatchObject([
    { name: "program", from: "stdio", state: "open", server: { name: "test-tools", protocol: "2026-07-28" } },
    { name: "remote", from: "http", state: "open" },
  ]);
  expect((await api("/tools/remote")).items).toMatchObject([
    { name: "remote__add", origin: "add", hints: { readOnly: true } },
    { origin: "look.up" },
  ]);
  expect(await api("/tools/remote/call", { tool: "add", input: { a: 4, b: 4 } })).toEqual({ result: "8" });
  const before = remote.calls.length;
  expect(await api("/tools/remote/call", { tool: "add", input: { a: "4" } })).toMatchObject({
    error: { code: "INVALID_ARGUMENT", violations: expect.arrayContaining([expect.objectContaining({ field: "a" })]) },
  });
  expect(remote.calls).toHaveLength(before);
  expect(await api("/tools/remote/call", { tool: "fail" })).toMatchObject({ error: { code: "NOT_FOUND" } });
});

test("an older server that is started anew is gone on with, also by tools that may not act twice", async () => {
  const older = await serveTools({ keepsSessions: true });
  onTestFinished(() => older.close());
  older.waits = false;
  await node.apply([tool("older", { http: { url: older.url } })]);
  expect(await api("/tools/older/call", { tool: "charge" })).toEqual({ result: "charged" });
  older.forgetSessions();
  expect(await api("/tools/older/call", { tool: "charge" })).toEqual({ result: "charged" });
  expect(older.calls).toHaveLength(2);
});

test("one that is deleted is closed, and its program ends", async () => {
  await node.apply([tool("short", stdio())]);
  const { pid } = JSON.parse((await api("/tools/short/call", { tool: "environment" })).result);
  await fetch(`${node.url}/api/v1/manifests/Tool/short`, { method: "DELETE" });
  const isThere = (): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  while (isThere()) await new Promise((resolve) => setTimeout(resolve, 20));
  expect((await api("/tools")).items.map(({ name }: { name: string }) => name)).not.toContain("short");
});

test("an agent in YAML names tools, and its model calls them", async () => {
  const models = await startFakeModelServer(
    openaiDialect,
    answering({ toolCalls: [{ id: "1", name: "remote__add", input: '{"a":20,"b":22}' }] }),
    answering({ text: "It is 42." }),
  );
  onTestFinished(() => models.close());
  await node.apply([
    { ...header, kind: "Model", metadata: { name: "fake" }, spec: { baseUrl: models.baseUrl, model: "m" } },
    { ...header, kind: "Agent", metadata: { name: "clerk" }, spec: { model: "fake", tools: ["remote"] } },
  ]);
  const { task } = await api("/tasks", { target: "agent:clerk", input: "20 and 22?", wait: true });
  expect(task.artifacts[0].parts).toEqual([{ text: "It is 42." }]);
  expect(remote.calls.at(-1)).toMatchObject({ tool: "add", input: { a: 20, b: 22 } });
});

const library = (name: string, of: object) => ({ ...header, kind: "Tool", metadata: { name }, spec: { library: of } });

test("an agent in YAML gets the tools of a library, options set, and recorded as any others", async () => {
  const models = await startFakeModelServer(
    openaiDialect,
    answering({ toolCalls: [{ id: "1", name: "sums__calculator", input: '{"expression":"0.1 + 0.2"}' }] }),
    answering({ text: "It is 0.3." }),
  );
  onTestFinished(() => models.close());
  expect((await api("/tool-libraries")).items).toContainEqual(
    expect.objectContaining({ name: "dates", from: "@agentcore/tools", installed: true }),
  );
  await node.apply([
    { ...header, kind: "Model", metadata: { name: "fake-sums" }, spec: { baseUrl: models.baseUrl, model: "m" } },
    library("sums", { name: "calculator" }),
    library("days", { name: "dates", options: { timeZone: "Europe/Oslo" }, tools: ["now"] }),
    { ...header, kind: "Agent", metadata: { name: "counter" }, spec: { model: "fake-sums", tools: ["sums", "days"] } },
  ]);
  const { head, task } = await api("/tasks", { target: "agent:counter", input: "0.1 + 0.2?", wait: true });
  expect(task.artifacts[0].parts).toEqual([{ text: "It is 0.3." }]);
  expect(models.requests[0]?.body).toMatchObject({
    tools: [{ function: { name: "sums__calculator" } }, { function: { name: "days__now" } }],
  });
  const { events } = await api(`/tasks/${head.taskId}/events`);
  const steps = events.filter(({ type }: { type: string }) => type === "step.completed");
  expect(steps.map(({ data }: { data: { path: string } }) => data.path)).toEqual(
    expect.arrayContaining(["step:tools of sums", expect.stringContaining("sums__calculator")]),
  );
  expect((await api("/tools/days/call", { tool: "now" })).result).toMatchObject({ timeZone: "Europe/Oslo" });
  expect((await api("/tools")).items).toContainEqual({
    ...{ name: "days", description: "", from: "library", library: "dates", state: "open" },
  });
  expect((await api("/tools/sums")).items).toMatchObject([
    { name: "sums__calculator", hints: { readOnly: true }, terms: { timeoutMs: 60_000 } },
  ]);
});

test("what a library's tool asks of people is asked, and it acts once under the key of its step", async () => {
  const sent: { readonly body: string; readonly key: unknown }[] = [];
  const shop = createServer((request, response) => {
    request
      .setEncoding("utf8")
      .on("data", (body: string) => sent.push({ body, key: request.headers["idempotency-key"] }));
    request.on("end", () => response.writeHead(201, { "content-type": "text/plain" }).end("ordered"));
  });
  await new Promise<void>((resolve) => shop.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void shop.close());
  const origin = `http://127.0.0.1:${(shop.address() as AddressInfo).port}`;
  const models = await startFakeModelServer(
    openaiDialect,
    answering({
      toolCalls: [{ id: "1", name: "shop__http_send", input: JSON.stringify({ url: origin, text: "2 pens" }) }],
    }),
    answering({ text: "Done." }),
  );
  onTestFinished(() => models.close());
  await node.apply([
    { ...header, kind: "Model", metadata: { name: "fake-shop" }, spec: { baseUrl: models.baseUrl, model: "m" } },
    library("shop", {
      name: "http",
      options: { origins: [origin], send: { origins: [origin] } },
      tools: ["http_send"],
    }),
    { ...header, kind: "Agent", metadata: { name: "buyer" }, spec: { model: "fake-shop", tools: ["shop"] } },
  ]);
  const { head } = await api("/tasks", { target: "agent:buyer", input: "2 pens", wait: true });
  expect(head.state).toBe("input-required");
  expect(sent).toEqual([]);
  const { items } = await api(`/inbox?taskId=${head.taskId}`);
  const [{ approval }] = items;
  expect(approval.show).toEqual({ tool: "shop__http_send", input: { url: origin, text: "2 pens" } });
  await api(`/tasks/${head.taskId}/decisions`, { token: approval.token, choice: "approve" });
  await vi.waitFor(async () => expect((await api(`/tasks/${head.taskId}`)).head.state).toBe("completed"), 10_000);
  expect(sent).toEqual([{ body: "2 pens", key: expect.stringMatching(/^[0-9a-f]{64}$/) }]);
});

test("a library of the operator's own is named as any other, and opened anew when its manifest changes", async () => {
  await node.apply([library("hello", { name: "greetings", options: { word: "Hei" } })]);
  const greet = async () => (await api("/tools/hello/call", { tool: "greet", input: { name: "Ann" } })).result;
  expect(await greet()).toBe("Hei Ann of default");
  await node.apply([library("hello", { name: "greetings", options: { word: "Hallo" } })]);
  expect(await greet()).toBe("Hallo Ann of default");
  await expect(node.apply([library("hello", { name: "greetings" })])).rejects.toMatchObject({
    violations: [{ field: "spec.library.options.word" }],
  });
});

test("options of a library that do not fit are refused when it is applied, and nothing is stored", async () => {
  await expect(node.apply([library("mars", { name: "dates", options: { timeZone: "Mars" } })])).rejects.toMatchObject({
    violations: [{ field: "spec.library.options.timeZone" }],
  });
  await expect(node.apply([library("none", { name: "nonsense" })])).rejects.toMatchObject({
    violations: [{ field: "spec.library.name" }],
  });
  await expect(
    node.apply([{ ...library("both", { name: "json" }), spec: { library: { name: "json" }, mcp: stdio() } }]),
  ).rejects.toMatchObject({ violations: [{ field: "spec.mcp" }] });
  expect((await api("/tools")).items.map(({ name }: { name: string }) => name)).not.toContain("mars");
});

test("what a manifest may not do is refused, with the place", async () => {
  const refused = async (mcp: object) => {
    try {
      await node.apply([tool("refused", mcp)]);
    } catch (error) {
      return ((error as { violations?: readonly { field: string }[] }).violations ?? []).map(({ field }) => field);
    }
    throw new Error("it was taken");
  };
  expect(await refused({ http: { url: "http://10.0.0.1/mcp" } })).toEqual(["spec.mcp.http.url"]);
  expect(await refused({ http: { url: "http://user:pw@127.0.0.1/mcp" } })).toEqual(["spec.mcp.http.url"]);
  expect(await refused({ http: { url: "http://example.com/mcp", auth: { bearerEnv: "AGENTCORE_X_KEY" } } })).toEqual([
    "spec.mcp.http.auth.bearerEnv",
  ]);
  expect(await refused({ http: { url: "https://example.com/mcp", headers: { authorization: "Bearer x" } } })).toEqual([
    "spec.mcp.http.headers.authorization",
  ]);
  expect(await refused({ ...stdio({ env: { GITHUB_TOKEN: "secret" } }) })).toEqual(["spec.mcp.stdio.env.GITHUB_TOKEN"]);
  expect(await refused({ ...stdio(), http: { url: "https://example.com" } })).toEqual(["spec.mcp.stdio"]);
});

test("a node with keys starts only the programs, and opens only the folders, that its operator has named", async () => {
  const start = async (toolCommands?: readonly string[]) => {
    const directory = await mkdtemp(join(tmpdir(), "agentcore-tools-keys-"));
    const other = await startNode({
      ...{
        port: 0,
        dataDirectory: directory,
        logLevel: "error",
        env: {},
        apiKeys: ["key-of-boss-0123456789 role=operator", "key-of-far-0123456789 role=operator tenant=elsewhere"],
      },
      toolCommands,
    });
    onTestFinished(async () => {
      await other.close(0);
      await rm(directory, { recursive: true, force: true });
    });
    await other.ready;
    return other;
  };
  const closed = await start();
  await expect(closed.apply([tool("program", stdio())])).rejects.toMatchObject({
    violations: [
      { field: "spec.mcp.stdio.command", description: expect.stringContaining("--tool-command names: none") },
    ],
  });
  const programs = { programs: { names: ["wc"], folder: { path: folder, access: "read-only" } } };
  await expect(closed.apply([library("wc", { name: "code", options: programs })])).rejects.toMatchObject({
    violations: [
      { field: "spec.library.options.programs.names[0]", description: expect.stringContaining("--tool-command") },
      { field: "spec.library.options.programs.folder.path", description: expect.stringContaining("--tool-folder") },
    ],
  });
  const opened = await start([process.execPath]);
  expect(await opened.apply([tool("program", stdio())])).toMatchObject([{ change: "created" }]);
  // And they are their tenant's alone.
  const seenBy = async (key: string, path: string) => {
    const headers = { authorization: `Bearer ${key}-0123456789` };
    return (await fetch(`${opened.url}/api/v1/tools${path}`, { headers })).json();
  };
  expect((await seenBy("key-of-boss", "")).items).toHaveLength(1);
  expect((await seenBy("key-of-far", "")).items).toEqual([]);
  expect(await seenBy("key-of-far", "/program")).toMatchObject({ error: { code: "NOT_FOUND" } });
  await expect(opened.apply([tool("other", { stdio: { command: "sh" } })])).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});

test("what a server asks before it goes on is asked of a person by the task, and by hand it is said what is asked", async () => {
  const input = { from: "program", tool: "program__ask", input: { what: "tea" } };
  const { head, task } = await api("/tasks", { target: "agent:caller", input, wait: true });
  expect(head.state).toBe("input-required");
  expect(task.status.message.parts).toMatchObject([
    { text: 'The tools "program" ask: Who is it for?' },
    { data: { form: { properties: { name: { type: "string" } } } } },
  ]);
  const answer = async (body: object): Promise<void> => void (await api(`/tasks/${head.taskId}/messages`, body));
  await answer({ data: { nobody: true } });
  await expect
    .poll(async () => (await api(`/tasks/${head.taskId}`)).task.status.message.parts[0].text)
    .toContain("name: expected");
  await answer({ data: { name: "Ann" } });
  await expect.poll(async () => (await api(`/tasks/${head.taskId}`)).head.state).toBe("completed");
  const { task: done } = await api(`/tasks/${head.taskId}`);
  expect(done.artifacts[0].parts[0].data).toEqual({ result: { given: "tea for Ann (asked for tea)" } });
  const byHand = await api("/tools/program/call", { tool: "ask", input: { what: "tea" } });
  expect(byHand.error).toMatchObject({
    code: "INPUT_REQUIRED",
    details: { question: { manifest: "program", forms: [{ id: "who" }] } },
  });
});
