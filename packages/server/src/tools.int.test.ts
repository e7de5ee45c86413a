/** Tools are judged where they run: by scopes of keys, by Policy manifests, by budgets, over a node's HTTP API. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningNode, startNode } from "./start-node.ts";

const code = fileURLToPath(new URL("../test/tools/clerk.ts", import.meta.url));
const KEYS = {
  boss: "key-of-the-boss-0123456789 role=operator caller=boss",
  mailer: "key-of-mailer-0123456789 caller=mailer scopes=mail:send",
  reader: "key-of-reader-0123456789 caller=reader scopes=mail:read",
  elsewhere: "key-of-elsewhere-0123456789 role=operator tenant=elsewhere caller=boss",
};
type Who = keyof typeof KEYS;

let folder: string;
let node: RunningNode;

const manifest = (kind: string, name: string, spec: Record<string, unknown>) => ({
  ...{ apiVersion: "agentcore.dev/v1", kind, metadata: { name }, spec },
});
const agents = ["clerk", "chief"].map((name) => manifest("Agent", name, { code: { path: code, export: name } }));

const start = () =>
  startNode({
    ...{ port: 0, dataDirectory: folder, logLevel: "error", env: {}, codeRoots: [dirname(code)] },
    apiKeys: Object.values(KEYS),
  });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-tools-"));
  node = await start();
  await node.ready;
  await call("boss", "POST", "/api/v1/manifests", agents);
  await call("elsewhere", "POST", "/api/v1/manifests", agents);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
});

const call = async (who: Who, method: string, path: string, body?: unknown) => {
  const response = await fetch(`${node.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${KEYS[who].split(" ")[0]}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: response.status === 204 ? null : await response.json() };
};

const outputFor = async (who: Who, name: string, agent = "clerk"): Promise<string> => {
  const { body } = await call(who, "POST", "/api/v1/tasks", {
    ...{ target: `agent:${agent}`, input: { name, to: "bob@acme.example" }, wait: true },
  });
  return body.task?.artifacts?.[0]?.parts?.[0]?.text ?? JSON.stringify(body);
};

test("a tool asks for a scope of whoever the task works for, also through a child", async () => {
  for (const agent of ["clerk", "chief"]) {
    expect(await outputFor("boss", "send_mail", agent)).toBe("sent to bob@acme.example");
    expect(await outputFor("mailer", "send_mail", agent)).toBe("sent to bob@acme.example");
    expect(await outputFor("reader", "send_mail", agent)).toMatch(/^PERMISSION_DENIED: .*asks for the scope mail:send/);
  }
});

test("agents of a pattern work for who asked for it, and what the platform lets it through with stands in no log", async () => {
  const execute = async (who: Who) => {
    const { body } = await call(who, "POST", "/api/v1/orchestration/execute", {
      ...{ pattern: "sequential", input: { name: "send_mail", to: "bob@acme.example" }, wait: true },
      configuration: { agents: [{ agent: "clerk", input: "${input}" }] },
    });
    const log = await fetch(`${node.url}/api/v1/tasks/${body.head.taskId}/events`, {
      headers: { authorization: `Bearer ${KEYS[who].split(" ")[0]}` },
    });
    return JSON.stringify(body.task.artifacts) + (await log.text());
  };
  const allowed = await execute("mailer");
  expect(allowed).toContain("sent to bob@acme.example");
  expect(allowed).toContain('"permissions":["mail:send"]');
  expect(await execute("reader")).toContain("asks for the scope mail:send");
});

test("a policy is applied, shown, holds over a restart, is of its tenant alone, and goes when it is deleted", async () => {
  const policy = manifest("Policy", "no-mail", {
    agents: { labels: {} },
    tools: [{ match: "send_*", deny: true, reason: "mail is down" }],
  });
  const applied = await call("boss", "POST", "/api/v1/manifests", [policy]);
  expect(applied.body.results).toMatchObject([{ kind: "Policy", name: "no-mail", change: "created" }]);
  expect((await call("boss", "POST", "/api/v1/manifests", [policy])).body.results[0].change).toBe("unchanged");
  const denied = "PERMISSION_DENIED: tool send_mail may not run: policy no-mail denies send_*: mail is down";
  expect(await outputFor("boss", "send_mail")).toBe(denied);
  expect(await outputFor("elsewhere", "send_mail")).toBe("sent to bob@acme.example");
  await node.close(0);
  node = await start();
  await node.ready;
  expect(await outputFor("boss", "send_mail")).toBe(denied);
  expect((await call("boss", "GET", "/api/v1/manifests/Policy/no-mail")).body).toMatchObject(policy);
  expect((await call("boss", "DELETE", "/api/v1/manifests/Policy/no-mail")).status).toBe(204);
  expect(await outputFor("boss", "send_mail")).toBe("sent to bob@acme.example");
});

test("a policy that says nothing, or widens, is refused with what was expected", async () => {
  const bad = manifest("Policy", "bad", { tools: [{ match: "send mail" }, { match: "*", approval: "never" }] });
  const { status, body } = await call("boss", "POST", "/api/v1/manifests", [bad]);
  expect(status).toBe(400);
  const told = JSON.stringify(body.error.violations);
  expect(told).toContain("expected the name of a tool");
  expect(told).toContain("a policy can only narrow");
});

test("guardrails of a manifest stand around code as well, and wrong ones are refused with their place", async () => {
  const guarded = (guardrails: unknown) =>
    manifest("Agent", "guarded", { code: { path: code, export: "clerk" }, guardrails });
  const wrong = await call("boss", "POST", "/api/v1/manifests", [
    guarded([{ name: "redaction", options: { kinds: [] } }]),
  ]);
  expect(wrong.status).toBe(400);
  expect(wrong.body.error.violations[0].field).toBe("spec.guardrails[0].options.kinds");
  const options = { block: ["*@acme.example"], tools: ["send_*"] };
  await call("boss", "POST", "/api/v1/manifests", [guarded([{ name: "blocked-patterns", options }])]);
  expect(await outputFor("boss", "send_mail", "guarded")).toMatch(
    /^PERMISSION_DENIED: guardrail blocked-patterns refuses/,
  );
  expect(await outputFor("boss", "search_web", "guarded")).toBe("found bob@acme.example");
});

test("what a tool costs counts for budgets of the tenant, and is shown in its usage", async () => {
  const budget = manifest("Budget", "desk", { scope: { agent: "clerk" }, limit: { usd: 0.3 } });
  await call("boss", "POST", "/api/v1/manifests", [budget]);
  expect(await outputFor("mailer", "search_web")).toBe("found bob@acme.example");
  expect(await outputFor("mailer", "search_web")).toMatch(/^BUDGET_EXCEEDED: budget desk has too little left/);
  const { body } = await call("boss", "GET", "/api/v1/usage?by=model&agent=clerk");
  expect(body.usage).toMatchObject([{ model: "tool:search_web", calls: 1, costUsd: 0.25 }]);
});
