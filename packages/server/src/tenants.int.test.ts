/** Two tenants and two callers on one node, over HTTP: nobody sees, finds or touches what is another's (I7). */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { type RunningNode, startNode } from "./start-node.ts";

const KEYS = {
  root: "operator-of-all-00001",
  rootA: "operator-of-acme-0001",
  annA: "caller-ann-of-acme-01",
  bobA: "caller-bob-of-acme-01",
  rootB: "operator-of-bolt-0001",
  annB: "caller-ann-of-bolt-01",
} as const;
type Who = keyof typeof KEYS;
const ENTRIES = [
  `${KEYS.root} role=operator caller=root`,
  `${KEYS.rootA} role=operator tenant=acme caller=root`,
  `${KEYS.annA} tenant=acme caller=ann`,
  `${KEYS.bobA} tenant=acme caller=bob`,
  `${KEYS.rootB} role=operator tenant=bolt caller=root`,
  // The same caller's name as in the other tenant: names mean nothing beyond one.
  `${KEYS.annB} tenant=bolt caller=ann`,
];
// Stands in everything that belongs to the first tenant; in no answer to anybody else.
const SECRET = "kumquat";
const strangers: readonly Who[] = ["rootB", "annB"];
const code = fileURLToPath(new URL("../test/tenants/keeper.ts", import.meta.url));

let folder: string;
let node: RunningNode;
let taskId: string;
let contextId: string;

const call = async (who: Who | null, path: string, init: { method?: string; body?: unknown; accept?: string } = {}) => {
  const response = await fetch(`${node.url}${path}`, {
    method: init.method ?? (init.body === undefined ? "GET" : "POST"),
    headers: {
      "a2a-version": "1.0",
      ...(who === null ? {} : { authorization: `Bearer ${KEYS[who]}` }),
      ...(init.body === undefined ? {} : { "content-type": "application/json" }),
      ...(init.accept === undefined ? {} : { accept: init.accept }),
    },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  });
  const text = await response.text();
  // oxlint-disable-next-line typescript/no-explicit-any
  return { status: response.status, text, json: (): any => JSON.parse(text) };
};

const rpc = (who: Who, agent: string, method: string, params: unknown) =>
  call(who, `/a2a/${agent}`, { body: { jsonrpc: "2.0", id: 1, method, params } });

const message = (id: string, more: Record<string, unknown> = {}) => ({
  message: { messageId: id, role: "ROLE_USER", parts: [{ data: { told: SECRET } }], ...more },
  configuration: { returnImmediately: true },
});

const apply = (who: Who, name: string, labels: Record<string, string>) =>
  call(who, "/api/v1/manifests", {
    body: {
      apiVersion: "agentcore.dev/v1",
      kind: "Agent",
      metadata: { name, labels },
      spec: {
        code: { path: code, export: "keeper" },
        env: { NOTE: labels["note"] ?? "" },
        extensions: [{ uri: "https://extensions.test/timing/v1" }],
      },
    },
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-tenants-"));
  node = await startNode({
    port: 0,
    dataDirectory: folder,
    apiKeys: ENTRIES,
    codeRoots: [dirname(code)],
    publicUrl: "https://agents.example.com/base/",
    logLevel: "error",
    env: {},
  });
  await node.ready;
  expect((await apply("rootA", `${SECRET}-keeper`, { note: SECRET })).status).toBe(200);
  expect((await apply("rootB", "plain-keeper", { note: "plain" })).status).toBe(200);
  const submitted = await call("annA", "/api/v1/tasks", {
    body: { target: `agent:${SECRET}-keeper`, input: { told: SECRET }, idempotencyKey: "one", wait: true },
  });
  expect(submitted.status).toBe(201);
  ({ taskId, contextId } = submitted.json().head);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
});

const UNKNOWN = "00000000-0000-7000-8000-000000000000";

/** Ways that are for operators. */
const OPERATOR_WAYS = [
  ["replay", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/replay`, { method: "POST" })],
  ["fork", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/fork`, { method: "POST" })],
  ["its breakpoints", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/breakpoints`)],
  ["its checkpoints", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/checkpoints`)],
  ["debug", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/debug`, { body: { action: "continue" } })],
] as const;

/** Every way to name a task, as [title, call of one's own agent]. */
const waysToATask = (agent: string) =>
  [
    ["GET /api/v1/tasks/{id}", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}`)],
    ["its log", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/events`)],
    ["its stream", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/events`, { accept: "text/event-stream" })],
    ["a message", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/messages`, { body: { text: "x" } })],
    ["cancel", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/cancel`, { method: "POST" })],
    ["a signal", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/signals/go`, { body: { payload: "x" } })],
    ["retry", (who: Who, id: string) => call(who, `/api/v1/tasks/${id}/retry`, { method: "POST" })],
    ["GetTask", (who: Who, id: string) => rpc(who, agent, "GetTask", { id })],
    ["CancelTask", (who: Who, id: string) => rpc(who, agent, "CancelTask", { id })],
    ["SubscribeToTask", (who: Who, id: string) => rpc(who, agent, "SubscribeToTask", { id })],
    ["SendMessage to it", (who: Who, id: string) => rpc(who, agent, "SendMessage", message("m-x", { taskId: id }))],
    [
      "SendStreamingMessage to it",
      (who: Who, id: string) => rpc(who, agent, "SendStreamingMessage", message("m-y", { taskId: id })),
    ],
    ["GET …/tasks/{id}", (who: Who, id: string) => call(who, `/a2a/${agent}/tasks/${id}`)],
    [
      "POST …/tasks/{id}:cancel",
      (who: Who, id: string) => call(who, `/a2a/${agent}/tasks/${id}:cancel`, { method: "POST" }),
    ],
    ["GET …/tasks/{id}:subscribe", (who: Who, id: string) => call(who, `/a2a/${agent}/tasks/${id}:subscribe`)],
    [
      "POST …/message:send",
      (who: Who, id: string) => call(who, `/a2a/${agent}/message:send`, { body: message("m-z", { taskId: id }) }),
    ],
  ] as const;

const withoutIds = (text: string): string => text.replaceAll(taskId, "ID").replaceAll(UNKNOWN, "ID");

describe("another tenant's task", () => {
  test.each(waysToATask("plain-keeper"))("looks like one that does not exist: %s", async (_, ask) => {
    for (const who of strangers) {
      const [foreign, unknown] = [await ask(who, taskId), await ask(who, UNKNOWN)];
      expect(foreign.text).toContain("there is no task");
      expect([foreign.status, withoutIds(foreign.text)]).toEqual([unknown.status, withoutIds(unknown.text)]);
    }
  });

  test.each(OPERATOR_WAYS)("looks to another tenant's operator like one that does not exist: %s", async (_, ask) => {
    const [foreign, unknown] = [await ask("rootB", taskId), await ask("rootB", UNKNOWN)];
    expect(foreign.text).toContain("there is no task");
    expect([foreign.status, withoutIds(foreign.text)]).toEqual([unknown.status, withoutIds(unknown.text)]);
    // Its own caller may not either: answers that were given for one run are used for another.
    for (const id of [taskId, UNKNOWN]) expect((await ask("annA", id)).text).toContain("PERMISSION_DENIED");
  });

  test("is in no list, whatever is asked for", async () => {
    for (const who of strangers) {
      for (const path of [
        "/api/v1/tasks",
        `/api/v1/tasks?contextId=${contextId}`,
        `/api/v1/tasks?agent=${SECRET}-keeper`,
        "/a2a/plain-keeper/tasks",
        `/a2a/plain-keeper/tasks?contextId=${contextId}`,
      ]) {
        const { json } = await call(who, path);
        expect([path, json().totalSize, (json().heads ?? json().tasks).length]).toEqual([path, 0, 0]);
      }
    }
  });

  test("is not found again by its idempotency key or message id", async () => {
    for (const who of strangers) {
      const submitted = await call(who, "/api/v1/tasks", {
        body: { target: "agent:plain-keeper", input: {}, idempotencyKey: "one" },
      });
      expect([submitted.status, submitted.json().existing]).toEqual([201, false]);
      await call(who, `/api/v1/tasks/${submitted.json().head.taskId}/cancel`, { method: "POST" });
    }
  });
});

describe("another tenant's agents and manifests", () => {
  test.each([
    "/api/v1/agents",
    "/api/v1/manifests",
    "/api/v1/manifests?kind=Agent",
    "/.well-known/ai-catalog.json",
    "/.well-known/agent-card.json",
    "/metrics",
    "/openapi.json",
    "/healthz",
    "/readyz",
    "/",
  ])("%s says nothing of them, to whoever asks", async (path) => {
    for (const who of [...strangers, null]) expect((await call(who, path)).text).not.toContain(SECRET);
  });

  test("are not found by name, on any route", async () => {
    const name = `${SECRET}-keeper`;
    const asks = [
      (agent: string) => call("rootB", `/api/v1/agents/${agent}`),
      (agent: string) => call("rootB", `/api/v1/manifests/Agent/${agent}`),
      (agent: string) => call("rootB", `/api/v1/manifests/Agent/${agent}`, { method: "DELETE" }),
      (agent: string) => call("rootB", `/a2a/${agent}/.well-known/agent-card.json`),
      (agent: string) => call(null, `/a2a/${agent}/.well-known/agent-card.json`),
      (agent: string) => call("rootB", `/a2a/${agent}/tasks`),
      (agent: string) => rpc("rootB", agent, "SendMessage", message("m-0")),
      (agent: string) => call("rootB", "/api/v1/tasks", { body: { target: `agent:${agent}`, input: {} } }),
    ];
    for (const ask of asks) {
      const [foreign, unknown] = [await ask(name), await ask("no-such-agent")];
      expect(foreign.text.replaceAll(name, "NAME")).toBe(unknown.text.replaceAll("no-such-agent", "NAME"));
      expect([foreign.status, unknown.status]).toEqual([404, 404]);
    }
    expect((await call("rootA", `/api/v1/manifests/Agent/${name}`)).status).toBe(200);
  });

  test("are reached neither by label, capability nor meaning; what is said about it names one's own only", async () => {
    for (const target of [`labels:note=${SECRET}`, `capability:${SECRET}-keeper`, `need:"a ${SECRET} keeper"`]) {
      const { status, text } = await call("rootB", "/api/v1/tasks", { body: { target, input: {} } });
      expect(status).toBeGreaterThanOrEqual(400);
      expect(text.replaceAll(target, "").replaceAll(JSON.stringify(target).slice(1, -1), "")).not.toContain(
        `${SECRET}-keeper`,
      );
    }
  });

  test("a manifest of the same name does not replace theirs", async () => {
    const name = `${SECRET}-keeper`;
    expect((await apply("rootB", name, { note: "mine" })).json().results[0].change).toBe("created");
    expect((await call("rootA", `/api/v1/manifests/Agent/${name}`)).json().metadata.labels).toEqual({ note: SECRET });
    expect((await call("rootB", `/api/v1/manifests/Agent/${name}`, { method: "DELETE" })).status).toBe(204);
    expect((await call("annA", `/api/v1/agents/${name}`)).status).toBe(200);
  });

  test("a request that names the other tenant is refused", async () => {
    expect((await rpc("rootB", "plain-keeper", "ListTasks", { tenant: "acme" })).text).toContain("PERMISSION_DENIED");
    expect((await call("rootB", "/a2a/plain-keeper/acme/tasks")).status).toBe(403);
    expect((await call("annB", "/a2a/plain-keeper/acme/message:send", { body: message("m-1") })).status).toBe(403);
  });

  test("metrics count each tenant apart", async () => {
    expect((await call("rootA", "/metrics")).text).toContain(`tenant="acme"`);
    const other = (await call("rootB", "/metrics")).text;
    expect(other).toContain(`tenant="bolt"`);
    expect(other).not.toContain("acme");
  });
});

describe("Tenant manifests", () => {
  const declare = (who: Who, name: string, spec: object = {}) =>
    call(who, "/api/v1/manifests", {
      body: { apiVersion: "agentcore.dev/v1", kind: "Tenant", metadata: { name, labels: { note: SECRET } }, spec },
    });
  const names = async (who: Who, query = "") =>
    (await call(who, `/api/v1/manifests${query}`))
      .json()
      .manifests.filter(({ kind }: { kind: string }) => kind === "Tenant")
      .map(({ metadata }: { metadata: { name: string } }) => metadata.name);

  test("are declared and deleted by operators of the default tenant, and read by those of their own", async () => {
    for (const name of ["acme", "default"]) expect((await declare("root", name, { weight: 2 })).status).toBe(200);
    expect((await declare("root", "acme", { weight: 2 })).json().results[0].change).toBe("unchanged");
    for (const who of ["rootA", "rootB", "annA"] as const) {
      const denied = [
        await declare(who, "acme", { weight: 1000 }),
        await declare(who, "bolt"),
        await call(who, "/api/v1/manifests/Tenant/acme", { method: "DELETE" }),
        await call(who, "/api/v1/manifests/Tenant/nobody", { method: "DELETE" }),
      ];
      expect(denied.map(({ status }) => status)).toEqual(denied.map(() => 403));
    }
    expect(await names("root", "?kind=Tenant")).toEqual(["acme", "default"]);
    expect(await names("root")).toEqual(["acme", "default"]);
    expect(await names("rootA")).toEqual(["acme"]);
    expect((await call("rootA", "/api/v1/manifests/Tenant/acme")).json().spec).toEqual({ weight: 2 });
    for (const query of ["", "?kind=Tenant", "?kind=Tenant&name=acme"]) expect(await names("rootB", query)).toEqual([]);
    const [foreign, unknown] = [
      await call("rootB", "/api/v1/manifests/Tenant/acme"),
      await call("rootB", "/api/v1/manifests/Tenant/nobody"),
    ];
    expect([foreign.status, foreign.text.replaceAll("acme", "NAME")]).toEqual([
      404,
      unknown.text.replaceAll("nobody", "NAME"),
    ]);
    expect((await call("root", "/api/v1/manifests/Tenant/acme", { method: "DELETE" })).status).toBe(204);
    expect(await names("root")).toEqual(["default"]);
  });

  test.each(["system", "a--b"])("name no tenant that cannot be: %s", async (name) => {
    const { status, text } = await declare("root", name);
    expect([status, text]).toEqual([400, expect.stringContaining("metadata.name")]);
  });

  test("bound what a tenant has waiting, from the moment they are applied to the moment they are deleted", async () => {
    const name = "sleeps";
    const spec = { code: { path: code, export: "keeper" }, replicas: 0 };
    const manifest = { apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name }, spec };
    expect((await call("rootB", "/api/v1/manifests", { body: manifest })).status).toBe(200);
    const submit = () => call("annB", "/api/v1/tasks", { body: { target: `agent:${name}`, input: {} } });
    expect((await submit()).status).toBe(201);
    await declare("root", "bolt", { limits: { backlog: 1 } });
    const refused = await submit();
    expect([refused.status, refused.text]).toEqual([429, expect.stringContaining("1 are allowed")]);
    await call("root", "/api/v1/manifests/Tenant/bolt", { method: "DELETE" });
    expect((await submit()).status).toBe(201);
    await call("rootB", `/api/v1/manifests/Agent/${name}`, { method: "DELETE" });
  });
});

describe("within a tenant", () => {
  test.each(waysToATask(`${SECRET}-keeper`))(
    "another caller's task looks like one that does not exist: %s",
    async (_, ask) => {
      const [foreign, unknown] = [await ask("bobA", taskId), await ask("bobA", UNKNOWN)];
      expect([foreign.status, withoutIds(foreign.text)]).toEqual([unknown.status, withoutIds(unknown.text)]);
      expect(foreign.text).toContain("there is no task");
    },
  );

  test("a caller lists its own tasks only, an operator those of all", async () => {
    expect((await call("bobA", "/api/v1/tasks")).json().totalSize).toBe(0);
    expect((await call("bobA", `/a2a/${SECRET}-keeper/tasks?contextId=${contextId}`)).json().totalSize).toBe(0);
    expect((await call("annA", "/api/v1/tasks")).json().totalSize).toBe(1);
    expect((await call("rootA", "/api/v1/tasks")).json().totalSize).toBe(1);
    expect((await call("rootA", `/api/v1/tasks/${taskId}/events`)).status).toBe(200);
  });

  test("a caller neither reads nor writes manifests, nor reads metrics", async () => {
    const denied = [
      await apply("annA", "mine", {}),
      await call("annA", "/api/v1/manifests?dryRun=true", { body: {} }),
      await call("annA", "/api/v1/manifests"),
      await call("annA", `/api/v1/manifests/Agent/${SECRET}-keeper`),
      await call("annA", `/api/v1/manifests/Agent/${SECRET}-keeper`, { method: "DELETE" }),
      await call("annA", "/metrics"),
    ];
    expect(denied.map(({ status }) => status)).toEqual(denied.map(() => 403));
    expect((await call("annA", `/api/v1/agents/${SECRET}-keeper`)).status).toBe(200);
  });

  test("a caller sends to, reads and cancels its own task", async () => {
    const { json } = await rpc("bobA", `${SECRET}-keeper`, "SendMessage", message("m-2"));
    const own: string = json().result.task.id;
    expect((await call("bobA", `/api/v1/tasks/${own}`)).status).toBe(200);
    expect((await call("bobA", `/api/v1/tasks/${own}/messages`, { body: { text: "go on" } })).status).toBe(202);
    const other = (await rpc("bobA", `${SECRET}-keeper`, "SendMessage", message("m-3"))).json().result.task.id;
    expect((await rpc("bobA", `${SECRET}-keeper`, "CancelTask", { id: other })).json().result.status.state).toBe(
      "TASK_STATE_CANCELED",
    );
  });
});

test("without a key nothing but health, the API's description and the default tenant's cards is shown", async () => {
  for (const path of [
    "/api/v1/agents",
    "/api/v1/tasks",
    `/api/v1/tasks/${taskId}`,
    "/metrics",
    `/a2a/${SECRET}-keeper/tasks`,
  ])
    expect([path, (await call(null, path)).status]).toEqual([path, 401]);
  expect((await call(null, "/.well-known/ai-catalog.json")).json().entries).toEqual([]);
});

test("cards, catalogue and the API's description name the public URL, and the card what the manifest declares", async () => {
  const card = (await call("annA", `/a2a/${SECRET}-keeper/.well-known/agent-card.json`)).json();
  const base = "https://agents.example.com/base";
  expect(card.capabilities.extensions[0]).toEqual({ uri: "https://extensions.test/timing/v1" });
  expect(card.supportedInterfaces[0].url).toBe(`${base}/a2a/${SECRET}-keeper`);
  expect((await call("annA", "/.well-known/ai-catalog.json")).json().entries[0].url).toContain(`${base}/a2a/`);
  expect((await call(null, "/openapi.json")).json().servers).toEqual([{ url: base }]);
});

test("a caller states the priority of its work, and urgent is for operators", async () => {
  const submit = (who: Who, priority: string) =>
    call(who, "/api/v1/tasks", { body: { target: `agent:${SECRET}-keeper`, input: 1, priority } });
  const high = await submit("annA", "high");
  expect([high.status, high.json().head.priority]).toEqual([201, "high"]);
  const refused = await submit("annA", "urgent");
  expect([refused.status, refused.json().error]).toEqual([
    403,
    expect.objectContaining({
      code: "PERMISSION_DENIED",
      message: "priority: urgent needs the operator role; use high",
      violations: [{ field: "priority", description: "expected low, normal or high" }],
    }),
  ]);
  const urgent = await submit("rootA", "urgent");
  expect([urgent.status, urgent.json().head.priority]).toEqual([201, "urgent"]);
});

test("no key stands in a log line or an answer, however it was presented", async () => {
  const write = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  const dataDirectory = await mkdtemp(join(tmpdir(), "agentcore-log-"));
  const loud = await startNode({ port: 0, dataDirectory, apiKeys: ENTRIES, logLevel: "debug", env: {} });
  await loud.ready;
  const wrong = "a-key-that-nobody-has";
  let answers = "";
  for (const key of [KEYS.rootA, KEYS.annB, wrong]) {
    for (const headers of [
      { authorization: `Bearer ${key}` },
      { authorization: `Basic ${key}` },
      { "x-api-key": key },
    ]) {
      for (const path of [
        "/",
        "/api/v1/agents",
        "/api/v1/nowhere",
        "/metrics",
        "/a2a/nobody/tasks",
        "/.well-known/ai-catalog.json",
      ])
        answers += await (await fetch(`${loud.url}${path}`, { headers })).text();
      const body = { method: "POST", headers: { ...headers, "content-type": "application/json" }, body: "{}" };
      answers += await (await fetch(`${loud.url}/api/v1/tasks`, body)).text();
    }
  }
  await loud.close(0);
  await rm(dataDirectory, { recursive: true });
  const logged = write.mock.calls.map(([text]) => String(text)).join("");
  write.mockRestore();
  for (const key of [...Object.values(KEYS), wrong, loud.apiKey ?? "none"]) {
    expect(logged).not.toContain(key);
    expect(answers).not.toContain(key);
  }
});
