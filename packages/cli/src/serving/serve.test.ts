import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { PlatformError } from "@agentcore/contract/errors";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startFakeNode } from "../../test/fake-node.ts";
import { submitted, taskLog } from "../../test/task-log.ts";
import { command as up } from "../commands/up.ts";
import { connect } from "../node/connect.ts";
import { Output } from "../output.ts";
import { parseCommandLine } from "../parse-command-line.ts";
import { explainStart } from "./explain-start.ts";
import type { NodeOptions, RunningNode } from "./node-options.ts";
import { decisionTable } from "./report-first-run.ts";
import { type ServeOptions, serve } from "./serve.ts";

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "agentcore-up-"));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

/** Stops the node when stderr matches `until`. */
const serveInTest = async (words: readonly string[], options: ServeOptions, until?: RegExp) => {
  const written = { stdout: "", stderr: "" };
  const stop = new AbortController();
  const parsed = parseCommandLine(up, words, {});
  const code = serve(
    {
      arguments: parsed.arguments,
      options: parsed.options as Parameters<typeof serve>[0]["options"],
      globals: parsed.globals,
      output: new Output({
        stdout: { write: (text) => (written.stdout += text) },
        stderr: {
          write: (text) => {
            written.stderr += text;
            if (until?.test(written.stderr)) stop.abort();
          },
        },
        environment: {},
      }),
      cwd,
      environment: {},
      readStdin: async () => "",
      signal: stop.signal,
      client: () => connect(parsed.globals),
    },
    options,
  );
  return { code: await code, ...written };
};

test("up applies, runs the agent on its own folder, prints a line per decision, and closes when it is told to stop", async () => {
  await mkdir(join(cwd, "agents/data"), { recursive: true });
  await writeFile(
    join(cwd, "agents/loan-triage.agent.yaml"),
    "kind: Agent\nmetadata: { name: loan-triage, annotations: { agentcore.dev/default-input: ./data } }\nspec: { model: m }\n",
  );
  const http = await startFakeNode({
    inbox: [{ kind: "approval", taskId: "t2", agent: "loan-application" }],
    manifests: [
      {
        kind: "Agent",
        metadata: { name: "loan-triage", annotations: { "agentcore.dev/default-input": join(cwd, "agents/data") } },
      },
    ],
    tasks: [
      {
        taskId: "t1",
        agent: "loan-triage",
        state: "completed",
        events: taskLog(submitted("loan-triage"), {
          type: "task.completed",
          data: {
            output: {
              decisions: [
                {
                  application: "A-1",
                  applicant: "Ada",
                  decision: "approve",
                  reason: "income covers it",
                  letter: "/tmp/a",
                },
                { application: "A-2", applicant: "Bob", decision: "reject" },
              ],
              lettersDirectory: "/tmp/letters",
              waiting: ["A-2"],
            },
          },
        }),
      },
    ],
  });
  const calls: unknown[] = [];
  const node: RunningNode = {
    url: http.url,
    grpcAddress: undefined,
    fetch,
    apiKey: "one",
    ready: Promise.resolve(),
    async apply(manifests) {
      calls.push(manifests);
      return [{ kind: "Agent", name: "loan-triage", change: "created" }];
    },
    async close() {
      calls.push("close");
    },
  };
  let started: NodeOptions | undefined;
  const ran = await serveInTest(
    ["--port", "0", "--apply", "agents", "--run", "loan-triage", "--api-keys", "one role=operator, two"],
    {
      loadServer: async () => async (options) => {
        started = options;
        return node;
      },
      whileServing: async () => void calls.push("serving"),
    },
    /^Open /m,
  );
  expect(ran.code).toBe(0);
  expect(started).toEqual({
    host: "127.0.0.1",
    port: 0,
    publicUrl: undefined,
    dataDirectory: join(cwd, ".agentcore"),
    database: undefined,
    leaseMs: undefined,
    gcIntervalMs: 3_600_000,
    memoryEmbedder: undefined,
    node: undefined,
    maxTasks: 2000,
    apiKeys: ["one role=operator", "two"],
    authFile: undefined,
    encryptionKeys: [],
    cardSigningKeys: [],
    codeRoots: [],
    allowPrivateModels: false,
    recording: undefined,
    allowPrivateWebhooks: false,
    allowPrivateAgents: false,
    allowPrivateTools: false,
    toolCommands: undefined,
    toolLibraries: [],
    toolFolders: undefined,
    logLevel: "warn",
  });
  const annotations = { "agentcore.dev/default-input": join(cwd, "agents/data") };
  expect(calls).toMatchObject([
    [{ kind: "Agent", metadata: { name: "loan-triage", annotations } }],
    "serving",
    "close",
  ]);
  expect(http.requests.find(({ path }) => path === "/api/v1/tasks")).toMatchObject({
    method: "POST",
    authorization: "Bearer one",
    body: { target: "agent:loan-triage", input: { directory: join(cwd, "agents/data") } },
  });
  expect(ran.stdout).toContain(`AgentCore is ready at ${http.url}`);
  expect(ran.stdout).toMatch(/A-1 +Ada +approve +income covers it\nA-2 +Bob +reject +-/);
  expect(ran.stderr).toContain("agent/loan-triage created");
  expect(ran.stderr).toContain(`input ${join(cwd, "agents/data")} (the default of loan-triage`);
  expect(ran.stdout).not.toContain("LETTER");
  expect(ran.stderr).toContain("Letters: /tmp/letters\nWaiting for a person: 1; agentcore inbox");
  expect(ran.stderr).toContain(`Open ${http.url}`);
});

test("a lease without a database is refused, since it would change nothing", async () => {
  const ran = serveInTest(["--lease-ms", "2000"], { loadServer: () => Promise.reject(new Error("not started")) });
  await expect(ran).rejects.toThrow("--lease-ms needs --database");
});

test("calls of models are recorded into a folder named from here, or replayed from one, and not both", async () => {
  const started: NodeOptions["recording"][] = [];
  const loadServer = async () => async (options: NodeOptions) => {
    started.push(options.recording);
    throw new Error("seen");
  };
  await expect(serveInTest(["--record", "tapes"], { loadServer })).rejects.toThrow("seen");
  await expect(serveInTest(["--replay", "/tapes"], { loadServer })).rejects.toThrow("seen");
  expect(started).toEqual([
    { mode: "record", directory: join(cwd, "tapes") },
    { mode: "replay", directory: "/tapes" },
  ]);
  const both = serveInTest(["--record", "a", "--replay", "b"], { loadServer });
  await expect(both).rejects.toThrow("--record and --replay exclude each other");
});

test("card keys are read from several files, one option or several, and the auth file is named from here", async () => {
  for (const name of ["a.pem", "b.pem", "c.pem"]) await writeFile(join(cwd, name), name, { mode: 0o600 });
  const keys = ["--card-signing-key", `a.pem${delimiter}b.pem`, "--card-signing-key", "c.pem"];
  let started: NodeOptions | undefined;
  const loadServer = async () => async (options: NodeOptions) => {
    started = options;
    throw new Error("seen");
  };
  await expect(serveInTest([...keys, "--auth", "auth.yaml"], { loadServer })).rejects.toThrow("seen");
  expect(started).toMatchObject({
    cardSigningKeys: ["a.pem", "b.pem", "c.pem"],
    authFile: join(cwd, "auth.yaml"),
  });
  await chmod(join(cwd, "b.pem"), 0o644);
  if (process.platform !== "win32") await expect(serveInTest(keys, { loadServer })).rejects.toThrow("mode 644");
});

test.each(["0", "100001", "many"])("--max-tasks %s is refused", async (text) => {
  const ran = serveInTest(["--max-tasks", text], { loadServer: () => Promise.reject(new Error("not started")) });
  await expect(ran).rejects.toThrow(`--max-tasks ${text}: expected a number from 1 to 100000`);
});

test.each([
  [["--grpc-port", "70000"], "--grpc-port 70000: expected a number from 0 to 65535"],
  [["--grpc-public-address", "a.example:443"], "--grpc-public-address needs --grpc-port"],
  [["--grpc-port", "0", "--grpc-public-address", "https://a.example"], "expected HOST:PORT"],
  [["--tls-cert", "cert.pem"], "--tls-cert needs --tls-key"],
  [["--tls-key", "key.pem"], "--tls-key needs --tls-cert"],
  [["--tls-client-ca", "ca.pem"], "--tls-client-ca needs --tls-cert and --tls-key"],
])("%j is refused", async (words, message) => {
  const ran = serveInTest(words, { loadServer: () => Promise.reject(new Error("not started")) });
  await expect(ran).rejects.toThrow(message);
});

test("certificates and the gRPC port reach the node, and the start says where gRPC is", async () => {
  let started: NodeOptions | undefined;
  const node: RunningNode = {
    ...{ url: "https://127.0.0.1:4700", grpcAddress: "127.0.0.1:4701", fetch, apiKey: undefined },
    ready: Promise.resolve(),
    apply: async () => [],
    close: async () => {},
  };
  const words = ["--tls-cert", "tls/cert.pem", "--tls-key", "/keys/key.pem", "--tls-client-ca", "ca.pem"];
  const ran = serveInTest([...words, "--grpc-port", "4701", "-o", "json"], {
    loadServer: async () => async (options) => {
      started = options;
      return node;
    },
    whileServing: () => Promise.reject(new Error("enough")),
  });
  await expect(ran).rejects.toThrow("enough");
  expect(started).toMatchObject({
    grpcPort: 4701,
    tls: { cert: join(cwd, "tls/cert.pem"), key: "/keys/key.pem", clientCa: join(cwd, "ca.pem") },
  });
});

test("a first run that lacks its input is told as such, and the node stays up", async () => {
  const http = await startFakeNode();
  const node: RunningNode = {
    url: http.url,
    grpcAddress: undefined,
    fetch,
    apiKey: undefined,
    ready: Promise.resolve(),
    apply: async () => [],
    close: async () => {},
  };
  const { code, stderr } = await serveInTest(
    ["--run", "greeter"],
    { loadServer: async () => async () => node },
    /next: /,
  );
  expect(code).toBe(0);
  expect(stderr).toMatch(/^error USAGE: --input is missing.*\n +next: agentcore run greeter --input/m);
});

describe("a start that cannot work names the option that helps", () => {
  const refusing = (error: Error): ServeOptions => ({
    loadServer: async () => async () => {
      throw error;
    },
  });

  test("a taken port", async () => {
    const taken = Object.assign(new Error("listen"), { code: "EADDRINUSE" });
    await expect(serveInTest([], refusing(new Error("start", { cause: taken })))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: "port 4700 on 127.0.0.1 is taken (EADDRINUSE)",
      details: { nextStep: expect.stringContaining("--port") },
    });
  });

  test("a data folder that is a file", async () => {
    await writeFile(join(cwd, "file"), "");
    await expect(serveInTest(["--data", "file/data"], {})).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      details: { nextStep: expect.stringContaining("--data") },
    });
  });

  test("a data folder where none can be made", async () => {
    await expect(serveInTest(["--data", "/proc/agentcore/data"], {})).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });

  test("a key file without a key", async () => {
    await writeFile(join(cwd, "keys"), "# none\n");
    await expect(serveInTest(["--api-key-file", "keys"], {})).rejects.toThrow(/holds no key/);
  });

  test("a manifest with a typing error, before anything is started", async () => {
    await writeFile(join(cwd, "a.agent.yaml"), "kind: [\n");
    await expect(serveInTest(["--apply", "a.agent.yaml"], {})).rejects.toThrow(/^a\.agent\.yaml:\d+:\d+: /);
  });

  test("a gRPC port that is taken is told as such", () => {
    const cause = Object.assign(new Error("taken"), { code: "EADDRINUSE" });
    const error = new PlatformError("CONFIG_INVALID", "cannot listen", { cause, details: { port: 4701 } });
    expect(explainStart(error, { host: "127.0.0.1", port: 4700, grpcPort: 4701 })).toMatchObject({
      message: "port 4701 on 127.0.0.1 is taken (EADDRINUSE)",
      details: { nextStep: expect.stringContaining("--grpc-port or AGENTCORE_GRPC_PORT") },
    });
    expect(explainStart(error, { host: "127.0.0.1", port: 4701, grpcPort: undefined })).toMatchObject({
      details: { nextStep: expect.stringContaining("--port or AGENTCORE_PORT") },
    });
  });

  test("any other error stays what it is", () => {
    const error = new Error("else");
    expect(explainStart(error, { host: "h", port: 1 })).toBe(error);
  });
});

test("decisions of any shape get a line each", () => {
  expect(decisionTable([{ decision: "approve", application: "A" }, "odd"])).toBe(
    "APPLICATION  DECISION\nA            approve\n-            odd",
  );
});
