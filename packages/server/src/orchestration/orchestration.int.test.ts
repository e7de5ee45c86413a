/** Patterns over HTTP, on a node with tenants, callers and a restart. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RunningNode, startNode } from "../start-node.ts";

const KEYS = {
  root: "operator-of-acme-0001",
  ann: "caller-ann-of-acme-01",
  bob: "caller-bob-of-acme-01",
  stranger: "caller-of-bolt-000001",
} as const;
type Who = keyof typeof KEYS;

let folder: string;
let node: RunningNode;

const start = async (): Promise<RunningNode> => {
  const started = await startNode({
    port: 0,
    dataDirectory: folder,
    apiKeys: [
      `${KEYS.root} role=operator tenant=acme caller=root`,
      `${KEYS.ann} tenant=acme caller=ann`,
      `${KEYS.bob} tenant=acme caller=bob`,
      `${KEYS.stranger} tenant=bolt caller=ann`,
    ],
    env: {},
  });
  await started.ready;
  return started;
};

const call = async (who: Who, path: string, body?: unknown) => {
  const response = await fetch(`${node.url}${path}`, {
    method: body === undefined ? "GET" : "POST",
    headers: { authorization: `Bearer ${KEYS[who]}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  return { status: response.status, body: (await response.json()) as any };
};
const execute = (who: Who, body: object) => call(who, "/api/v1/orchestration/execute", { wait: true, ...body });
const outputOf = (answer: {
  readonly body: { readonly task: { readonly artifacts?: readonly { readonly parts: readonly unknown[] }[] } };
}) => answer.body.task.artifacts?.at(-1)?.parts[0];

const member = (name: string, nodes: Record<string, unknown>, more: Record<string, unknown> = {}) => ({
  apiVersion: "agentcore.dev/v1",
  kind: "Workflow",
  metadata: { name },
  spec: { start: Object.keys(nodes)[0], nodes, ...more },
});
const says = (name: string, output: unknown, more?: Record<string, unknown>) =>
  member(name, { say: { type: "end", output } }, more);
const skill = (id: string) => ({ skills: [{ id, name: id, description: id, tags: [] }] });

beforeAll(async () => {
  vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  folder = await mkdtemp(join(tmpdir(), "agentcore-orchestration-"));
  node = await start();
  const applied = await call("root", "/api/v1/manifests", [
    says("planner", {
      parts: [
        { worker: "facts", input: "one" },
        { worker: "prices", input: "two" },
      ],
    }),
    says("facts", "fact of ${input}"),
    says("shop", "price of ${input}", skill("price-lookup")),
    says("writer", "${input.results.join(' and ')}"),
    says("approver", { vote: "approve" }),
    says("refuser", { vote: "reject" }),
    member("asks", {
      ask: { type: "approval", prompt: "Go on?", next: "done" },
      done: { type: "end", output: "${previous.choice}" },
    }),
    says("triage", { handoff: { to: "billing", reason: "it is about money" } }),
    says("billing", "paid back"),
    says("guarded", "secret", { a2a: { scopes: ["loan:write"] } }),
  ]);
  expect(applied.status).toBe(200);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
  vi.restoreAllMocks();
});

test("the patterns are listed with the schema of their configuration and an example", async () => {
  const { body } = await call("ann", "/api/v1/patterns");
  expect(body.patterns.map(({ name }: { name: string }) => name)).toEqual([
    "sequential",
    "parallel",
    "supervisor",
    "hierarchical",
    "map-reduce",
    "vote",
    "debate",
    "evaluator-loop",
    "handoff",
    "group-chat",
    "crew",
    "network",
    "breakdown",
  ]);
  expect(body.patterns[0]).toMatchObject({
    configuration: { type: "object", required: ["agents"] },
    example: { configuration: { agents: [{ agent: "researcher" }, { agent: "writer" }] } },
  });
});

test("a pattern runs over agents of the tenant as one task, whose log tells it in plain words", async () => {
  const answer = await execute("ann", {
    pattern: "supervisor",
    description: "Compare",
    requirements: { agents: ["facts"], capabilities: ["price-lookup"] },
    configuration: {
      decompose: { agent: "planner" },
      workers: { facts: { agent: "facts" }, prices: { capability: "price-lookup" } },
      synthesise: { agent: "writer" },
    },
  });
  expect([answer.status, answer.body.head.state]).toEqual([201, "completed"]);
  expect(outputOf(answer)).toMatchObject({ text: "fact of one and price of two" });
  const progress = await call("ann", `/api/v1/tasks/${answer.body.head.taskId}/progress`);
  expect(progress.body).toMatchObject({ agent: "agentcore-orchestrator", state: "completed", share: 1 });
  expect(progress.body.nodes).toEqual(
    expect.arrayContaining([expect.objectContaining({ id: "decompose", state: "done" })]),
  );
  expect((await call("bob", `/api/v1/tasks/${answer.body.head.taskId}/progress`)).status).toBe(404);
  const log = await call("ann", `/api/v1/orchestration/${answer.body.head.taskId}/log`);
  const told = log.body.entries.map(({ who, what }: { who: string; what: string }) => `${who} ${what}`);
  expect(told).toEqual(
    expect.arrayContaining([
      "ann gave work to agentcore-orchestrator",
      "planner did decompose",
      "shop was given parts.1/worker2",
      "writer did synthesise",
      "agentcore-orchestrator completed",
    ]),
  );
  const rest = await call("ann", `/api/v1/orchestration/${answer.body.head.taskId}/log?after=${log.body.nextAfter}`);
  expect(rest.body).toEqual({ entries: [], nextAfter: log.body.nextAfter });
  expect((await call("bob", `/api/v1/orchestration/${answer.body.head.taskId}/log`)).status).toBe(404);
  expect((await call("stranger", `/api/v1/orchestration/${answer.body.head.taskId}/log`)).status).toBe(404);
});

test("a conversation is a task as well: who spoke and why is in its log", async () => {
  const configuration = { members: [{ agent: "triage" }, { agent: "billing" }] };
  const answer = await execute("ann", { pattern: "handoff", input: "my money!", configuration });
  expect([answer.status, outputOf(answer)]).toMatchObject([201, { data: { answer: "paid back", by: "billing" } }]);
  const { taskId } = answer.body.head;
  const log = await call("ann", `/api/v1/orchestration/${taskId}/log`);
  expect(log.body.entries).toEqual(
    expect.arrayContaining([expect.objectContaining({ who: "billing", result: "paid back" })]),
  );
  const progress = await call("ann", `/api/v1/tasks/${taskId}/progress`);
  expect([progress.status, progress.body.error.code]).toEqual([400, "UNSUPPORTED_OPERATION"]);
  const closed = { members: [{ agent: "triage" }, { agent: "guarded" }] };
  expect((await execute("ann", { pattern: "handoff", input: 1, configuration: closed })).status).toBe(403);
});

test("a request in plain words goes to whoever can do it, within the scopes of who asks, and the log tells its parts", async () => {
  const direct = await execute("ann", { pattern: "breakdown", description: "facts", configuration: {} });
  expect(outputOf(direct)).toMatchObject({ data: { answer: "fact of facts", path: "direct" } });
  const listed = await execute("ann", { pattern: "breakdown", description: "facts\nprice-lookup", configuration: {} });
  expect(outputOf(listed)).toMatchObject({
    data: { path: "divided", answer: { part1: "fact of facts", part2: "price of price-lookup" } },
  });
  const log = await call("ann", `/api/v1/orchestration/${listed.body.head.taskId}/log`);
  expect(log.body.entries).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ what: "decided agent of part2", result: "shop" }),
      expect.objectContaining({ what: "decided part part1", result: "done" }),
    ]),
  );
  const closed = await execute("ann", { pattern: "breakdown", description: "guarded", configuration: {} });
  expect(closed.body.head.state).toBe("failed");
  expect(JSON.stringify(closed.body.task)).toContain("nobody can do that");
  expect(JSON.stringify(closed.body.task)).not.toContain("loan:write");
  const open = await execute("root", { pattern: "breakdown", description: "guarded", configuration: {} });
  expect(outputOf(open)).toMatchObject({ data: { answer: "secret" } });
});

test("the same key gives the same task, and another run under it is a conflict", async () => {
  const run = {
    pattern: "vote",
    input: "?",
    idempotencyKey: "k",
    configuration: { voters: [{ agent: "approver" }, { agent: "refuser" }], undecided: "reject" },
  };
  const first = await execute("ann", run);
  expect([first.status, outputOf(first)]).toMatchObject([201, { data: { decision: "reject", by: "default" } }]);
  const again = await execute("ann", run);
  expect([again.status, again.body.head.taskId]).toEqual([200, first.body.head.taskId]);
  expect((await execute("ann", { ...run, input: "else" })).status).toBe(409);
});

test("what is missing is one error that names each", async () => {
  const refused = await execute("ann", {
    pattern: "vote",
    input: 1,
    requirements: { capabilities: ["translation", "price-lookup"] },
    configuration: { voters: { a: { agent: "approver" }, b: { agent: "nobody" }, c: { capability: "none" } } },
  });
  expect([refused.status, refused.body.error]).toMatchObject([
    404,
    {
      code: "NO_CANDIDATE",
      message: 'requirements.capabilities[0]: no agent has the capability "translation" (and 2 more)',
      violations: [
        { field: "requirements.capabilities[0]", description: 'no agent has the capability "translation"' },
        { field: "configuration.voters.b.agent", description: 'there is no agent "nobody"' },
        { field: "configuration.voters.c.capability", description: 'no agent has the capability "none"' },
      ],
    },
  ]);
  const abroad = await execute("stranger", {
    pattern: "sequential",
    input: 1,
    configuration: { agents: [{ agent: "facts" }] },
  });
  expect([abroad.status, abroad.body.error.message]).toEqual([
    404,
    'configuration.agents[0].agent: there is no agent "facts"',
  ]);
});

test.each([
  [{ pattern: "swarm", input: 1, configuration: {} }, "pattern", "expected one of sequential, parallel"],
  [{ pattern: "vote", input: 1, configuration: { voters: [{ agent: "facts" }] } }, "voters", "expected 2 to 50"],
  [{ pattern: "vote", configuration: {} }, "input", "expected exactly one of input and description"],
  [{ pattern: "vote", input: 1, description: "x", configuration: {} }, "input", "expected exactly one"],
  [
    { pattern: "sequential", input: 1, configuration: { agents: [{ agent: "facts", input: "${nodes.nowhere}" }] } },
    "nodes.step1.input",
    'there is no node "nowhere"',
  ],
  [
    { pattern: "sequential", input: 1, configuration: { agents: [{ agent: "facts", input: "${1 +}" }] } },
    "nodes.step1.input",
    "not valid",
  ],
  [
    { pattern: "sequential", input: 1, configuration: { agents: [{ agent: "facts", input: { $function: "x" } }] } },
    "nodes.step1.input",
    "there is no function",
  ],
])("%j is refused with its place", async (body, field, description) => {
  const refused = await execute("ann", body);
  expect([refused.status, refused.body.error.violations]).toMatchObject([
    400,
    [{ field, description: expect.stringContaining(description) }],
  ]);
});

test("nobody else reaches the orchestrator, and no manifest takes its name", async () => {
  await execute("ann", { pattern: "sequential", input: 1, configuration: { agents: [{ agent: "facts" }] } });
  const graph = { start: "z", nodes: { z: { type: "end" } } };
  const direct = await call("root", "/api/v1/tasks", { target: "agent:agentcore-orchestrator", input: { graph } });
  expect(direct.status).toBeGreaterThanOrEqual(400);
  expect(direct.body.error.message).toContain("POST /api/v1/orchestration/execute");
  const taken = await call("root", "/api/v1/manifests", says("agentcore-orchestrator", 1));
  expect([taken.status, taken.body.error.violations]).toMatchObject([400, [{ field: "metadata.name" }]]);
  expect((await call("ann", "/api/v1/agents")).body.agents.map(({ name }: { name: string }) => name)).not.toContain(
    "agentcore-orchestrator",
  );
});

test("a run goes on after a restart, with the graph that it began with", async () => {
  const begun = await execute("ann", {
    pattern: "sequential",
    input: 1,
    configuration: { agents: [{ agent: "asks" }, { agent: "facts" }] },
    wait: false,
  });
  const { taskId } = begun.body.head;
  const asked = () =>
    vi.waitFor(async () => {
      const { body } = await call("ann", "/api/v1/inbox");
      expect(body.items).toHaveLength(1);
      return body.items[0];
    }, 20_000);
  await asked();
  await node.close(0);
  node = await start();
  const { taskId: child, approval } = await asked();
  expect(
    (await call("ann", `/api/v1/tasks/${child}/decisions`, { token: approval.token, choice: "approve" })).status,
  ).toBe(200);
  await vi.waitFor(async () => {
    const { body } = await call("ann", `/api/v1/tasks/${taskId}`);
    expect(body.head.state).toBe("completed");
    expect(outputOf({ body })).toMatchObject({ text: "fact of approve" });
  }, 20_000);
});
