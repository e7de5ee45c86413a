/** A node as an MCP server, as clients of the protocol's SDK see it, in the stateless protocol and in those before it. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Client, ProtocolError, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { type RunningNode, startNode } from "../../start-node.ts";

const code = fileURLToPath(new URL("../../../test/mcp/workers.ts", import.meta.url));
const KEYS = {
  ann: "key-of-ann-0123456789 caller=ann scopes=math:do",
  bob: "key-of-bob-0123456789 caller=bob",
  far: "key-of-far-0123456789 tenant=elsewhere caller=ann",
  boss: "key-of-boss-0123456789 role=operator caller=boss",
};
const AGENTS = ["adder", "echo", "lister", "asker", "slow", "painter", "failer", "answerer"] as const;

let folder: string;
let node: RunningNode;

const manifest = (name: string, a2a?: object) => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Agent",
  metadata: { name },
  spec: { code: { path: code, export: name }, ...(a2a === undefined ? {} : { a2a }) },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-mcp-"));
  node = await startNode({
    ...{ port: 0, dataDirectory: folder, logLevel: "error", env: {}, codeRoots: [dirname(code)] },
    apiKeys: Object.values(KEYS),
  });
  await node.ready;
  await node.apply(AGENTS.map((name) => manifest(name, name === "adder" ? { scopes: ["math:do"] } : undefined)));
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
});

type Who = keyof typeof KEYS;
type Era = "stateless" | "sessions";

const connect = async (
  who: Who,
  era: Era,
  { answers, url = node.url }: { answers?: (message: string) => string | undefined; url?: string } = {},
) => {
  const changed: number[] = [];
  const client = new Client(
    { name: "test", version: "1" },
    {
      capabilities: answers === undefined ? {} : { elicitation: { form: {} } },
      versionNegotiation: { mode: era === "stateless" ? { pin: "2026-07-28" } : "legacy" },
      listChanged: { tools: { autoRefresh: false, debounceMs: 0, onChanged: () => changed.push(1) } },
    },
  );
  if (answers !== undefined)
    client.setRequestHandler("elicitation/create", ({ params }) => {
      const answer = answers(params.message);
      return answer === undefined ? { action: "decline" } : { action: "accept", content: { answer } };
    });
  const transport = new StreamableHTTPClientTransport(new URL(`${url}/mcp`), {
    requestInit: { headers: { authorization: `Bearer ${KEYS[who].split(" ")[0]}` } },
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  return { client, transport, changed };
};

const api = async (who: Who, path: string) => {
  const response = await fetch(`${node.url}/api/v1${path}`, {
    headers: { authorization: `Bearer ${KEYS[who].split(" ")[0]}` },
  });
  return response.json();
};

const states = async (who: Who, agent: string): Promise<readonly string[]> =>
  (await api(who, `/tasks?agent=${agent}`)).heads.map(({ state }: { readonly state: string }) => state);

const textOf = ({ content }: { readonly content: readonly { readonly type: string }[] }): string =>
  content.flatMap((block) => ("text" in block ? [String(block.text)] : [])).join("\n");

const until = async (holds: () => Promise<boolean> | boolean): Promise<void> => {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe.each(["stateless", "sessions"] as const)("with %s", (era) => {
  test("an agent that its caller may call is a tool with its input's schema, and no other is", async () => {
    const { client } = await connect("ann", era);
    expect(client.getNegotiatedProtocolVersion()).toBe(era === "stateless" ? "2026-07-28" : "2025-11-25");
    const { tools } = await client.listTools();
    expect(tools.find(({ name }) => name === "adder")).toMatchObject({
      description: expect.stringContaining("- Add: The sum of two numbers (for example: 1 and 2)"),
      inputSchema: {
        type: "object",
        required: ["a", "b"],
        properties: { a: { type: "number" }, b: { type: "number" } },
      },
    });
    expect(tools.find(({ name }) => name === "echo")?.inputSchema).toMatchObject({ required: ["message"] });
    expect(tools.find(({ name }) => name === "lister")?.inputSchema).toMatchObject({ required: ["input"] });
    expect(tools.some(({ name }) => name === "answerer")).toBe(false);
    const others = (await (await connect("bob", era)).client.listTools()).tools.map(({ name }) => name);
    expect(others).toContain("echo");
    expect(others).not.toContain("adder");
    const foreign = (await (await connect("far", era)).client.listTools()).tools.map(({ name }) => name);
    expect(foreign.filter((name) => !name.includes("_"))).toEqual([]);
  });

  test("a call is a task, and what it came to is the result, in text and as data", async () => {
    const { client } = await connect("ann", era);
    const sum = await client.callTool({ name: "adder", arguments: { a: 1, b: 2 } });
    expect(sum).toMatchObject({ structuredContent: { sum: 3 }, content: [{ type: "text", text: '{"sum":3}' }] });
    const taskId = String(sum._meta?.["agentcore.dev/task"]);
    expect(await api("ann", `/tasks/${taskId}`)).toMatchObject({ head: { agent: "adder", state: "completed" } });
    expect(textOf(await client.callTool({ name: "echo", arguments: { message: "hello" } }))).toBe("you said hello");
    expect(textOf(await client.callTool({ name: "lister", arguments: { input: ["a", "b"] } }))).toBe("2");
  });

  test("what fails is told as the result, with the task; arguments that do not fit too", async () => {
    const { client } = await connect("ann", era);
    const failed = await client.callTool({ name: "failer", arguments: { message: "try" } });
    expect(failed).toMatchObject({ isError: true });
    expect(textOf(failed)).toMatch(/^Task \S+ is failed: it cannot be done \(AGENT_FAILED\)$/);
    const refused = await client.callTool({ name: "adder", arguments: { a: "one", b: 2 } });
    expect(refused).toMatchObject({ isError: true });
    expect(textOf(refused)).toMatch(/INVALID_ARGUMENT/);
    await expect(client.callTool({ name: "adder2", arguments: {} })).rejects.toThrow(/there is no tool "adder2"/);
    // Whether it is there is not told to who may not call it.
    const { client: bob } = await connect("bob", era);
    await expect(bob.callTool({ name: "adder", arguments: { a: 1, b: 1 } })).rejects.toThrow(
      /there is no tool "adder"/,
    );
  });

  test("the same key finds the task of then", async () => {
    const { client } = await connect("ann", era);
    const call = () =>
      client.callTool({
        name: "adder",
        arguments: { a: 1, b: 5 },
        _meta: { "agentcore.dev/idempotency-key": `k-${era}` },
      });
    const [one, other] = [await call(), await call()];
    expect(other._meta).toEqual(one._meta);
    expect(other.structuredContent).toEqual({ sum: 6 });
  });

  test("pictures and documents that a task made come with its result, and can be read by their addresses", async () => {
    const { client } = await connect("ann", era);
    const { content } = await client.callTool({ name: "painter", arguments: { message: "go" } });
    expect(content).toMatchObject([
      { type: "text", text: "painted" },
      { type: "image", mimeType: "image/png" },
      { type: "resource", resource: { mimeType: "text/csv", text: "a,b\n1,2" } },
    ]);
    const table = content.flatMap((block) => (block.type === "resource" ? [block.resource.uri] : []))[0] ?? "";
    expect((await client.readResource({ uri: table })).contents).toMatchObject([{ text: "a,b\n1,2" }]);
    expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(1);
    const { client: bob } = await connect("bob", era);
    await expect(bob.readResource({ uri: table })).rejects.toThrow(ProtocolError);
  });

  test("progress of the task is the progress of the call; to cancel the call cancels the task", async () => {
    const { client } = await connect("ann", era);
    const told: { progress: number; message?: string | undefined }[] = [];
    const abort = new AbortController();
    const call = client.callTool(
      { name: "slow", arguments: { message: "go" } },
      { signal: abort.signal, onprogress: (progress) => told.push(progress) },
    );
    call.catch(() => undefined);
    await until(() => told.length === 3);
    expect(told.map(({ message }) => message)).toEqual(["turn 1 (25 %)", "turn 2 (50 %)", "turn 3 (75 %)"]);
    expect(told.map(({ progress }) => progress)).toEqual([1, 2, 3]);
    abort.abort(new Error("enough"));
    await expect(call).rejects.toThrow();
    await until(async () => (await states("ann", "slow")).every((state) => state === "canceled"));
  });

  test("what a task asks is asked of the person at the client, again when the answer does not fit", async () => {
    const said: string[] = [];
    const { client } = await connect("ann", era, {
      answers: (message) => {
        said.push(message);
        if (message.includes("name")) return "Ada";
        return said.length === 2 ? "many" : "36";
      },
    });
    const result = await client.callTool({ name: "asker", arguments: { message: "go" } });
    expect(result.structuredContent).toEqual({ name: "Ada", age: 36 });
    expect(said.map((each) => each.split("\n")[0])).toEqual([
      "What is your name?",
      "How old are you, Ada?",
      "How old are you, Ada?",
    ]);
  });

  test("a client that cannot ask is told what is asked, by which task, and how to answer", async () => {
    const { client } = await connect("ann", era);
    const asked = await client.callTool({ name: "asker", arguments: { message: "go" } });
    expect(asked.isError).toBeUndefined();
    const taskId = String(asked._meta?.["agentcore.dev/task"]);
    expect(textOf(asked)).toBe(
      `Task ${taskId} asks: What is your name?\nTo answer, send it with the tool tasks_answer, or \`agentcore send\`.`,
    );
    await client.callTool({ name: "tasks_answer", arguments: { taskId, answer: "Bo" } });
    await until(async () =>
      textOf(await client.callTool({ name: "tasks_get", arguments: { taskId } })).includes("How old are you, Bo?"),
    );
    await client.callTool({ name: "tasks_answer", arguments: { taskId, answer: "7" } });
    await until(async () => (await api("ann", `/tasks/${taskId}`)).head.state === "completed");
    const got = await client.callTool({ name: "tasks_get", arguments: { taskId } });
    expect(got.structuredContent).toMatchObject({ state: "completed", output: { name: "Bo", age: 7 } });
    const { client: bob } = await connect("bob", era);
    expect(await bob.callTool({ name: "tasks_get", arguments: { taskId } })).toMatchObject({ isError: true });
    const declined = await connect("ann", era, { answers: () => undefined });
    const left = await declined.client.callTool({ name: "asker", arguments: { message: "go" } });
    expect(textOf(left)).toMatch(/was not answered \(decline\)\. Task \S+ still waits/);
  });

  test("skills of the platform are tools too: agents are found, tasks listed, canceled and explained", async () => {
    const { client } = await connect("ann", era);
    const agents = await client.callTool({ name: "agents_find", arguments: { words: "picture table" } });
    expect(agents.structuredContent).toMatchObject({ agents: [{ name: "painter" }] });
    const listed = await client.callTool({ name: "tasks_list", arguments: { agent: "adder", pageSize: 1 } });
    expect(listed.structuredContent).toMatchObject({ tasks: [{ agent: "adder", state: "completed" }] });
    const { _meta } = await client.callTool({ name: "adder", arguments: { a: 1, b: 1 } });
    const why = await client.callTool({ name: "tasks_why", arguments: { taskId: _meta?.["agentcore.dev/task"] } });
    expect(why.structuredContent).toMatchObject({
      decisions: [{ kind: "routing", choice: expect.stringContaining("adder") }],
    });
    const wrong = await client.callTool({ name: "tasks_cancel", arguments: { taskId: "none" } });
    expect(wrong).toMatchObject({ isError: true });
  });

  test("clients hear that tools are others now, of their own tenant", async () => {
    const { client, changed } = await connect("ann", era);
    const far = await connect("far", era);
    await client.listTools();
    const before = changed.length;
    await node.apply([{ ...manifest("echo"), metadata: { name: `echo-${era}` } }]);
    await until(() => changed.length > before);
    expect((await client.listTools()).tools.some(({ name }) => name === `echo-${era}`)).toBe(true);
    expect(far.changed).toEqual([]);
  });
});

test("a session is its caller's alone, and one that is over has to be begun again", async () => {
  const { client, transport } = await connect("ann", "sessions");
  const send = (key: Who, method: string) =>
    fetch(`${node.url}/mcp`, {
      method,
      headers: {
        authorization: `Bearer ${KEYS[key].split(" ")[0]}`,
        accept: "application/json, text/event-stream",
        "content-type": "application/json",
        "mcp-session-id": transport.sessionId ?? "",
        "mcp-protocol-version": "2025-11-25",
      },
      ...(method === "POST" ? { body: '{"jsonrpc":"2.0","id":9,"method":"tools/list"}' } : {}),
    });
  expect((await send("bob", "POST")).status).toBe(404);
  expect((await send("far", "DELETE")).status).toBe(404);
  expect((await send("ann", "POST")).status).toBe(200);
  await client.listTools();
  expect((await send("ann", "DELETE")).status).toBe(200);
  expect((await send("ann", "POST")).status).toBe(404);
});

test("a stream that was lost is gone on with: the result of a call that ended meanwhile comes", async () => {
  const headers = {
    authorization: `Bearer ${KEYS.ann.split(" ")[0]}`,
    accept: "application/json, text/event-stream",
    "content-type": "application/json",
    "mcp-protocol-version": "2025-11-25",
  };
  const post = (body: object, more: Record<string, string> = {}, signal: AbortSignal | null = null) =>
    fetch(`${node.url}/mcp`, { method: "POST", headers: { ...headers, ...more }, body: JSON.stringify(body), signal });
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo: { name: "t", version: "1" } };
  const begun = await post({ jsonrpc: "2.0", id: 1, method: "initialize", params });
  const session = { "mcp-session-id": begun.headers.get("mcp-session-id") ?? "" };
  await begun.text();
  await post({ jsonrpc: "2.0", method: "notifications/initialized" }, session);
  const lost = new AbortController();
  const call = { name: "asker", arguments: { message: "go" }, _meta: { progressToken: 1 } };
  const stream = await post({ jsonrpc: "2.0", id: 2, method: "tools/call", params: call }, session, lost.signal);
  const reader = stream.body?.getReader();
  const first = new TextDecoder().decode((await reader?.read())?.value);
  const id = /^id: (.+)$/m.exec(first)?.[1] ?? "";
  expect(id).not.toBe("");
  lost.abort();
  const { accept: _, ...rest } = headers;
  // As long as the node has not seen that the connection is gone, the stream has one.
  let resume = await fetch(`${node.url}/mcp`);
  await until(async () => {
    resume = await fetch(`${node.url}/mcp`, {
      headers: { ...rest, ...session, accept: "text/event-stream", "last-event-id": id },
    });
    return resume.status !== 409;
  });
  expect(resume.status).toBe(200);
  const resumed = resume.body?.getReader();
  let said = "";
  await until(async () => {
    said += new TextDecoder().decode((await resumed?.read())?.value);
    return said.includes('"id":2');
  });
  expect(said).toContain("What is your name?");
  await resumed?.cancel();
});

test("who is not known is asked for a credential; who comes from another page, or with something else, is refused", async () => {
  const post = (headers: Record<string, string>, body = "{}") =>
    fetch(`${node.url}/mcp`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body });
  const unknown = await post({});
  expect(unknown.status).toBe(401);
  expect(unknown.headers.get("www-authenticate")).toMatch(/^Bearer/);
  expect(await unknown.json()).toMatchObject({
    jsonrpc: "2.0",
    id: null,
    error: { data: { code: "UNAUTHENTICATED" } },
  });
  const authorization = `Bearer ${KEYS.ann.split(" ")[0]}`;
  expect((await post({ authorization, "content-type": "text/plain" })).status).toBe(415);
  expect((await post({ authorization }, "{")).status).toBe(400);
  expect(
    (
      await post(
        { authorization },
        JSON.stringify({ jsonrpc: "2.0", id: 1, method: "x", params: "y".repeat(11_000_000) }),
      )
    ).status,
  ).toBe(413);
});

test("a node that stops lets calls go, and their tasks go on", async () => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-mcp-stop-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const start = () =>
    startNode({
      ...{ port: 0, dataDirectory: directory, logLevel: "error" as const, env: {} },
      codeRoots: [dirname(code)],
    });
  const first = await start();
  await first.ready;
  await first.apply([manifest("slow")]);
  const ends = (["stateless", "sessions"] as const).map(async (era) => {
    const client = new Client(
      { name: "test", version: "1" },
      { versionNegotiation: { mode: era === "stateless" ? { pin: "2026-07-28" } : "legacy" } },
    );
    await client.connect(new StreamableHTTPClientTransport(new URL(`${first.url}/mcp`)));
    let begun = (): void => undefined;
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const call = client
      .callTool({ name: "slow", arguments: { message: "go" } }, { onprogress: () => begun() })
      .catch((error: unknown) => error);
    await running;
    return async () => {
      await Promise.race([call, new Promise((resolve) => setTimeout(resolve, 500))]);
      await client.close();
    };
  });
  const closers = await Promise.all(ends);
  await first.close(0);
  for (const close of closers) await close();
  const second = await start();
  onTestFinished(() => second.close(0));
  await second.ready;
  const { heads } = (await (await fetch(`${second.url}/api/v1/tasks?agent=slow`)).json()) as {
    heads: readonly { state: string }[];
  };
  expect(heads.map(({ state }) => state)).toEqual(["working", "working"]);
});

test.each(["stateless", "sessions"] as const)(
  "a node that stops does not wait for clients that wait for news: %s",
  async (era) => {
    const directory = await mkdtemp(join(tmpdir(), "agentcore-mcp-stop-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const stopping = await startNode({ port: 0, dataDirectory: directory, logLevel: "error", env: {} });
    await stopping.ready;
    const { client } = await connect("ann", era, { url: stopping.url });
    await client.listTools();
    // Far longer than a test may take.
    await stopping.close(600_000);
  },
);
