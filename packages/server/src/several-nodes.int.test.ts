/** Two nodes on one PostgreSQL, as `up --database` starts them: what one is given, the other knows, runs and goes on with. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "@agentcore/contract";
import pg from "pg";
import { afterEach, test as anyTest, beforeEach, expect } from "vitest";
import { compose, type NodeParts } from "./compose.ts";
import { createJsonLogger, createSystemSenses } from "./system-senses.ts";

const url = process.env["AGENTCORE_TEST_POSTGRES_URL"] ?? "";
const test = url === "" ? anyTest.skip : anyTest;
const SCOPE = { tenantId: "default", caller: "ann", operator: true };

let folder: string;
let database: string;
let nodes: NodeParts[] = [];

const admin = async (statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-nodes-"));
  database = `nodes_${process.pid}_${Date.now()}`;
  await admin(`create database ${database}`);
});
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close(0);
  await admin(`drop database ${database} with (force)`);
  await rm(folder, { recursive: true });
});

const start = async (name: string): Promise<NodeParts> => {
  const node = await compose({
    dataDirectory: join(folder, name),
    senses: createSystemSenses(createJsonLogger("error")),
    node: name,
    env: {},
    database: { url: Object.assign(new URL(url), { pathname: `/${database}` }).href, leaseMs: 1_000 },
  });
  nodes.push(node);
  await node.start();
  return node;
};

/** An agent in a folder that only the first node has seen. */
const writeAgent = async (says: string): Promise<object> => {
  const code = join(folder, "code");
  await mkdir(code, { recursive: true });
  await writeFile(join(code, "package.json"), '{ "type": "module" }');
  await writeFile(
    join(code, "greeter.mjs"),
    `export const greeter = { name: "greeter", description: "Greets", version: "1", skills: [], labels: {}, tools: [],
      idempotent: false, subscribes: [], run: (task, ctx) => ctx.step("greet", () => "${says} " + task.input) };`,
  );
  const spec = { code: { path: join(code, "greeter.mjs"), export: "greeter" } };
  return { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "greeter" }, spec };
};

const ask = async (node: NodeParts): Promise<unknown> => {
  const { taskId } = await node.tasks.submit(SCOPE, { target: { agent: "greeter" }, input: "ada" });
  await node.tasks.settled(SCOPE, taskId);
  const last = (await node.tasks.log(SCOPE, taskId)).at(-1);
  return last?.type === "task.completed" ? last.data.output : last;
};

test("an agent applied to one node runs on the other, from its own copy of the code; a change and a delete arrive too", async () => {
  const a = await start("a");
  const b = await start("b");
  await a.manifests.apply("default", [await writeAgent("hello")], { dryRun: false });
  await rm(join(folder, "code"), { recursive: true });
  await expect.poll(() => b.catalogue.list("default").map(({ name }) => name)).toEqual(["greeter"]);
  expect(await ask(b)).toBe("hello ada");
  await b.manifests.apply("default", [await writeAgent("good day")], { dryRun: false });
  await expect.poll(() => ask(a)).toBe("good day ada");
  await a.manifests.delete("default", "Agent", "greeter");
  await expect.poll(() => b.catalogue.list("default")).toEqual([]);
  await expect(ask(b)).rejects.toMatchObject({ code: "AGENT_NOT_FOUND" });
});

test("a node that starts later has what was applied before", async () => {
  const a = await start("a");
  await a.manifests.apply("default", [await writeAgent("hello")], { dryRun: false });
  const b = await start("b");
  expect(await ask(b)).toBe("hello ada");
});
