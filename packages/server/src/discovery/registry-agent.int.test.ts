/** The platform's registry on a node with keys: what a task is told follows the scopes of whom it works for, and ends at its tenant. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RunningNode, startNode } from "../start-node.ts";

const code = fileURLToPath(new URL("../../test/discovery/guide.ts", import.meta.url));
const KEYS = {
  boss: "key-of-the-boss-0123456789 role=operator caller=boss",
  ann: "key-of-ann-0123456789-0123 caller=ann",
  auditor: "key-of-the-auditor-0123456 caller=auditor scopes=ledger:read",
  elsewhere: "key-of-elsewhere-0123456789 role=operator tenant=elsewhere caller=boss",
};
type Who = keyof typeof KEYS;

let folder: string;
let node: RunningNode;

const call = async (who: Who, path: string, body: unknown) => {
  const response = await fetch(`${node.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${KEYS[who].split(" ")[0]}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  // oxlint-disable-next-line typescript/no-explicit-any
  return { status: response.status, body: (await response.json()) as any };
};
const ask = async (who: Who, input: unknown) => {
  const { body } = await call(who, "/api/v1/tasks", { target: "agent:guide", input, wait: true });
  return body.task.artifacts.at(-1).parts[0].data;
};
const names = (agents: readonly { readonly agent: string }[]): readonly string[] => agents.map(({ agent }) => agent);

const manifest = (kind: string, name: string, spec: Record<string, unknown>) => ({
  ...{ apiVersion: "agentcore.dev/v1", kind, metadata: { name }, spec },
});
const says = (name: string, description: string, more: Record<string, unknown> = {}) =>
  manifest("Workflow", name, { description, start: "say", nodes: { say: { type: "end", output: name } }, ...more });
const guide = manifest("Agent", "guide", { code: { path: code, export: "guide" } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-registry-"));
  node = await startNode({
    ...{ port: 0, dataDirectory: folder, logLevel: "error", env: {}, codeRoots: [dirname(code)] },
    apiKeys: Object.values(KEYS),
  });
  await node.ready;
  const applied = await call("boss", "/api/v1/manifests", [
    guide,
    says("open-ledger", "Reads the ledger of sales"),
    says("closed-ledger", "Reads the ledger of wages", { a2a: { scopes: ["ledger:read"] } }),
  ]);
  expect(applied.status).toBe(200);
  const abroad = await call("elsewhere", "/api/v1/manifests", [guide, says("far-ledger", "Reads the ledger of sales")]);
  expect(abroad.status).toBe(200);
});

afterAll(async () => {
  await node.close(0);
  await rm(folder, { recursive: true, force: true });
});

test("agents that ask for scopes are offered to tasks of those who have them", async () => {
  const need = { need: "read the ledger" };
  expect(names((await ask("ann", need)).found)).toEqual(["open-ledger"]);
  expect(names((await ask("auditor", need)).found).toSorted()).toEqual(["closed-ledger", "open-ledger"]);
  expect(names((await ask("boss", need)).found).toSorted()).toEqual(["closed-ledger", "open-ledger"]);
  expect((await ask("ann", { agent: "closed-ledger" })).found).toEqual([]);
  expect(names((await ask("ann", { list: true })).agents)).toEqual(["guide", "open-ledger"]);
  expect(names((await ask("auditor", { list: true })).agents)).toEqual(["closed-ledger", "guide", "open-ledger"]);
});

test("of agents that it may not call a task is told nothing, in no word of the answer", async () => {
  for (const question of [{ need: "read the ledger" }, { need: "ledger of wages" }])
    expect(JSON.stringify(await ask("ann", question))).not.toContain("closed-ledger");
  const closed = await ask("ann", { agent: "closed-ledger" });
  expect(closed.reasons).toEqual(["nobody matches agent:closed-ledger"]);
});

test("nobody is told of another tenant's agents", async () => {
  expect(names((await ask("elsewhere", { list: true })).agents)).toEqual(["far-ledger", "guide"]);
  expect((await ask("boss", { agent: "far-ledger" })).found).toEqual([]);
  expect(names((await ask("elsewhere", { need: "read the ledger" })).found)).toEqual(["far-ledger"]);
});

test("it takes no work, and no manifest has its name or a skill of the platform", async () => {
  const direct = await call("boss", "/api/v1/tasks", { target: "agent:agentcore-registry", input: { list: true } });
  expect(direct.body.error.message).toContain('ctx.query({ capability: "system.registry" }');
  const named = await call("boss", "/api/v1/manifests", [says("agentcore-registry", "mine")]);
  expect(named.body.error.violations).toMatchObject([{ field: "metadata.name" }]);
  const skills = [{ id: "system.registry", name: "mine", description: "mine", tags: [] }];
  const skilled = await call("boss", "/api/v1/manifests", [says("mine", "mine", { skills })]);
  expect(skilled.body.error.violations).toMatchObject([{ field: "spec.skills[0].id" }]);
});
