/** MCP with what others have written: servers and clients from npm, and the protocol's own checks of both of our sides. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serveTools } from "../../packages/mcp/test/tool-server.ts";
import { type RunningNode, startNode } from "../../packages/server/src/start-node.ts";
import { NODE_COMPILE_CACHE, NodeProcess } from "./node-process.ts";
import { addressOf, RunningProgram, root, runProgram } from "./programs.ts";

const interop = join(root, "test/interop/node_modules/@modelcontextprotocol");
const conformance = join(interop, "conformance/dist/index.js");
const everything = join(interop, "server-everything/dist/index.js");
const source = ["-C", "agentcore-source"];

const temporaryFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), "agentcore-mcp-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
};

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

describe("a server from npm", () => {
  const header = { apiVersion: "agentcore.dev/v1" };
  const code = fileURLToPath(new URL("../../packages/server/test/mcp/users-of-tools.ts", import.meta.url));
  let folder: string;
  let node: RunningNode;
  let server: RunningProgram;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "agentcore-mcp-"));
    const port = await freePort();
    server = new RunningProgram(process.execPath, [everything, "streamableHttp"], {
      ...{ cwd: folder, env: { PORT: String(port) } },
    });
    await server.says(/listening on port/);
    node = await startNode({
      ...{ port: 0, dataDirectory: folder, logLevel: "error" },
      env: { PATH: process.env["PATH"] },
    });
    await node.ready;
    const tool = (name: string, mcp: object) => ({ ...header, kind: "Tool", metadata: { name }, spec: { mcp } });
    await node.apply([
      tool("program", { stdio: { command: process.execPath, args: [everything, "stdio"], env: { SEEN: "yes" } } }),
      tool("remote", { http: { url: `http://127.0.0.1:${port}/mcp` } }),
      { ...header, kind: "Agent", metadata: { name: "caller" }, spec: { code: { path: code, export: "caller" } } },
    ]);
  });

  afterAll(async () => {
    await node.close(0);
    await server.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  const call = async (from: string, tool: string, input: object) => {
    const response = await fetch(`${node.url}/api/v1/tasks`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ target: "agent:caller", input: { from, tool: `${from}__${tool}`, input }, wait: true }),
    });
    const { head, task } = await response.json();
    return head.state === "completed" ? task.artifacts[0].parts[0].data.result : task.status.message.parts[0].text;
  };

  test.each(["program", "remote"])("gives its tools to agents, over %s", async (from) => {
    expect(await call(from, "echo", { message: "hello" })).toBe("Echo: hello");
    expect(await call(from, "get-sum", { a: 2, b: 40 })).toMatch(/42/);
    expect(await call(from, "get-structured-content", { location: "Chicago" })).toEqual({
      ...{ temperature: expect.any(Number), conditions: expect.any(String), humidity: expect.any(Number) },
    });
    expect(await call(from, "get-tiny-image", {})).toMatchObject({ files: [{ mediaType: "image/png" }] });
    expect(await call(from, "get-sum", { a: "two", b: 1 })).toMatch(/expected number, got string/);
    const status = await (await fetch(`${node.url}/api/v1/tools`)).json();
    expect(status.items.find(({ name }: { name: string }) => name === from)).toMatchObject({
      ...{ state: "open", server: { name: "mcp-servers/everything", protocol: "2025-11-25" } },
    });
  });

  test("sees of the node's environment what it was given", async () => {
    const seen = JSON.parse(await call("program", "get-env", {}));
    expect(Object.keys(seen).toSorted()).toEqual(["PATH", "SEEN"]);
  });
});

test.each([
  { tool: "wait", says: "comes again with its key", calls: ["add", "wait", "wait"] },
  { tool: "charge", says: "is not made again, as it may not act twice", calls: ["add", "charge"] },
])(
  "when the node is killed in a call, what is recorded is not asked again, and the call of $tool $says",
  async ({ tool, calls }) => {
    const server = await serveTools();
    onTestFinished(() => server.close());
    const folder = await temporaryFolder();
    const start = async (): Promise<NodeProcess> => {
      const program = new URL("./mcp-user-node.ts", import.meta.url);
      const node = NodeProcess.launch(folder, { MCP_URL: server.url }, program);
      onTestFinished(async () => void (await node.kill()));
      await node.ready();
      return node;
    };
    const first = await start();
    const { taskId } = await first.call("submit", { target: { agent: "twice" }, input: tool });
    await expect.poll(() => server.calls.map((call) => call.tool)).toEqual(["add", tool]);
    expect(await first.kill()).toBe("SIGKILL");
    server.waits = false;
    const second = await start();
    await second.call("settled", taskId);
    const last = (await second.call("log", taskId)).at(-1);
    expect(last).toMatchObject(
      tool === "wait"
        ? { type: "task.completed", data: { output: ["3", "at once"] } }
        : { type: "task.failed", data: { error: { code: "OUTCOME_UNKNOWN" } } },
    );
    const seen = server.calls.filter((call) => call.tool !== "wait canceled");
    expect(seen.map((call) => call.tool)).toEqual(calls);
    expect(seen[1]?.key).not.toBe(seen[0]?.key);
    if (calls.length > 2) expect(seen[2]?.key).toBe(seen[1]?.key);
  },
);

describe("a node", () => {
  let folder: string;
  let node: RunningProgram;
  let url: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "agentcore-mcp-"));
    const program = fileURLToPath(new URL("./mcp-node.ts", import.meta.url));
    node = new RunningProgram(process.execPath, [...source, program, folder], { cwd: root });
    url = await addressOf(node);
  });

  afterAll(async () => {
    await node.kill("SIGKILL");
    await rm(folder, { recursive: true, force: true });
  });

  test.each(["http", "stdio"])("gives its agents to the protocol's first client, over %s", async (over) => {
    const agentcore = [process.execPath, ...source, join(root, "packages/cli/bin/agentcore.mjs"), "mcp", "--url", url];
    const { code, stdout, stderr } = await runProgram(
      process.execPath,
      [join(root, "test/interop/clients/mcp.mjs"), over, ...(over === "http" ? [`${url}/mcp`] : agentcore)],
      { cwd: tmpdir() },
    );
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      server: { name: "agentcore" },
      tools: expect.arrayContaining(["test_simple_text", "tasks_get", "json_schema_2020_12_tool"]),
      text: [{ type: "text", text: "This is a simple text response for testing." }],
      told: "It is done.",
      progress: ["on its way (0 %)", "on its way (50 %)", "on its way (100 %)"],
      questions: ["Step 1: What is your name?", "Step 2: What is your favorite color?"],
      asked: { named: "answer 1", color: "answer 2" },
      failed: true,
    });
  });

  // What does not pass, each with its reason in docs/mcp.md: what the node does not offer, and so does not declare.
  const NOT_OFFERED = {
    prompts: [
      "prompts-list",
      "prompts-get-simple",
      "prompts-get-with-args",
      "prompts-get-embedded-resource",
      "prompts-get-with-image",
    ],
    addresses: ["resources-read-text", "resources-read-binary", "resources-templates-read"],
    completion: ["completion-complete"],
    ofPeople: ["elicitation-sep1034-defaults", "elicitation-sep1330-enums"],
    subscriptions: ["resources-subscribe", "resources-unsubscribe"],
    logs: ["logging-set-level", "tools-call-with-logging"],
    sampling: ["tools-call-sampling"],
    ofClients: [
      ...["input-required-result-basic-sampling", "input-required-result-basic-list-roots"],
      ...["input-required-result-multiple-input-requests", "input-required-result-non-tool-request"],
      ...["input-required-result-capability-check"],
    ],
    // Of their checks those that need one of these tools, or prompts.
    partly: ["server-stateless", "caching"],
  };
  const { prompts, addresses, completion, ofPeople, subscriptions, logs, sampling, ofClients, partly } = NOT_OFFERED;

  test.each([
    ["2025-11-25", [...prompts, ...addresses, ...completion, ...ofPeople, ...subscriptions, ...logs, ...sampling]],
    ["2026-07-28", [...prompts, ...addresses, ...completion, ...ofClients, ...partly]],
  ])(
    "passes what the protocol's checks of servers ask in %s, but for what it does not offer",
    async (version, expected) => {
      const results = await temporaryFolder();
      await runProgram(
        process.execPath,
        [conformance, "server", "--url", `${url}/mcp`, "--requirements", version, "-o", results],
        { cwd: results },
      );
      const outcomes = await readOutcomes(results);
      const required = [...outcomes].filter(([name]) => !NOT_SCORED.test(name));
      expect(required.length).toBeGreaterThan(25);
      const failed = required.filter(([, checks]) => checks.some(({ status }) => status === "FAILURE"));
      expect(failed.map(([name]) => name).toSorted()).toEqual(expected.toSorted());
      // Nothing is done wrongly: what fails is not there.
      for (const [name, checks] of failed)
        for (const { status, errorMessage = "" } of checks)
          if (status === "FAILURE")
            expect({ name, errorMessage }).toEqual({ name, errorMessage: expect.stringMatching(IS_MISSING) });
    },
  );
});

const CLIENT_SCENARIOS = [
  ...(["tools_call", "sse-retry", "auth/client-credentials-basic"] as const).map((name) => ["2025-11-25", name]),
  ...(["tools_call", "request-metadata", "http-standard-headers", "http-custom-headers"] as const).map((name) => [
    "2026-07-28",
    name,
  ]),
  ["2026-07-28", "sep-2322-client-request-state"],
  ...(["http-invalid-tool-headers", "json-schema-ref-no-deref"] as const).map((name) => ["2026-07-28", name]),
  ...(["metadata-var3", "scope-retry-limit", "token-endpoint-auth-basic"] as const).map((name) => [
    "2025-11-25",
    `auth/${name}`,
  ]),
  ...(["metadata-default", "basic-cimd", "scope-step-up", "token-endpoint-auth-none", "pre-registration"] as const).map(
    (name) => ["2026-07-28", `auth/${name}`],
  ),
  ...(["resource-mismatch", "offline-access-scope", "authorization-server-migration"] as const).map((name) => [
    "2026-07-28",
    `auth/${name}`,
  ]),
  ...(
    [
      "iss-supported",
      "iss-supported-missing",
      "iss-wrong-issuer",
      "iss-unexpected",
      "metadata-issuer-mismatch",
    ] as const
  ).map((name) => ["2026-07-28", `auth/${name}`]),
];

test("the client passes the protocol's checks of clients, of what it offers", async () => {
  const client = fileURLToPath(new URL("./mcp-conformance-client.ts", import.meta.url));
  const command = [process.execPath, ...source, client].join(" ");
  const check = async ([version = "", scenario = ""]: readonly string[]) => {
    const results = await temporaryFolder();
    const { code, stdout } = await runProgram(
      process.execPath,
      [
        ...[conformance, "client", "--command", command, "--scenario", scenario],
        ...["--spec-version", version, "--force", "-o", results],
      ],
      { cwd: root, env: { NODE_COMPILE_CACHE } },
    );
    const [checks = []] = (await readOutcomes(results)).values();
    const failed = checks.filter(({ status }) => status === "FAILURE");
    return { version, scenario, code, checked: checks.length > 0, failed, said: code === 0 ? "" : stdout };
  };
  const ran: unknown[] = [];
  // A few at once: each is two programs that mostly start.
  for (let at = 0; at < CLIENT_SCENARIOS.length; at += 4)
    ran.push(...(await Promise.all(CLIENT_SCENARIOS.slice(at, at + 4).map(check))));
  expect(ran).toEqual(
    CLIENT_SCENARIOS.map(([version, scenario]) => ({
      version,
      scenario,
      code: 0,
      checked: true,
      failed: [],
      said: "",
    })),
  );
}, 180_000);

interface Check {
  readonly status: string;
  readonly errorMessage?: string;
}

// Extensions, and what was added to the checks after the version was: the package does not count them either.
const NOT_SCORED =
  /^(tasks-|json-schema-2020-12|http-custom-header-server-validation|http-header-validation|server-sse-polling|server-session-lifecycle)/;
const IS_MISSING = /Method not found|Resource not found|there is no tool|Not testable|Expected InputRequiredResult/;

/** By scenario, as the package writes them: a folder each, named after it and the time. */
const readOutcomes = async (folder: string): Promise<ReadonlyMap<string, readonly Check[]>> => {
  const outcomes = new Map<string, readonly Check[]>();
  for (const entry of await readdir(folder, { recursive: true })) {
    if (!entry.endsWith("checks.json")) continue;
    const name = entry
      .replace(/\/checks\.json$/, "")
      .replace(/-\d{4}-\d\d-\d\dT.*$/, "")
      .replace(/^server-(?!initialize|stateless|sse|session)/, "");
    outcomes.set(name, JSON.parse(await readFile(join(folder, entry), "utf8")));
  }
  return outcomes;
};
