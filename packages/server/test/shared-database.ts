/** Nodes in this process that share a database of their own, made for a test and removed after it. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "@agentcore/contract";
import pg from "pg";
import { test as anyTest } from "vitest";
import { compose, type NodeParts } from "../src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../src/system-senses.ts";

const url = process.env["AGENTCORE_TEST_POSTGRES_URL"] ?? "";
export const test = url === "" ? anyTest.skip : anyTest;
export const SCOPE = { tenantId: "default", caller: "ann", operator: true };

const admin = async (statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
};

export class SharedDatabase {
  readonly folder: string;
  readonly url: string;
  private readonly name: string;
  private readonly nodes = new Set<NodeParts>();

  private constructor(folder: string, name: string) {
    this.folder = folder;
    this.name = name;
    this.url = Object.assign(new URL(url), { pathname: `/${name}` }).href;
  }

  static async create(): Promise<SharedDatabase> {
    const folder = await mkdtemp(join(tmpdir(), "agentcore-nodes-"));
    const name = `nodes_${process.pid}_${Date.now()}`;
    await admin(`create database ${name}`);
    return new SharedDatabase(folder, name);
  }

  async start(name: string): Promise<NodeParts> {
    const node = await compose({
      dataDirectory: join(this.folder, name),
      senses: createSystemSenses(createJsonLogger("error")),
      node: name,
      address: () => `http://${name}`,
      version: "1.2.3",
      env: {},
      database: { url: this.url, leaseMs: 1_000 },
    });
    this.nodes.add(node);
    await node.start();
    return node;
  }

  async stop(node: NodeParts): Promise<void> {
    this.nodes.delete(node);
    await node.close(0);
  }

  async remove(): Promise<void> {
    for (const node of this.nodes) await this.stop(node);
    await admin(`drop database ${this.name} with (force)`);
    await rm(this.folder, { recursive: true });
  }

  /** A manifest of an agent in a folder that nodes read only when it is applied. `run` is the text of its function. */
  async writeAgent(name: string, run: string): Promise<object> {
    const code = join(this.folder, "code");
    await mkdir(code, { recursive: true });
    await writeFile(join(code, "package.json"), '{ "type": "module" }');
    await writeFile(
      join(code, `${name}.mjs`),
      `export const agent = { name: "${name}", description: "For tests", version: "1", skills: [], labels: {}, tools: [],
        idempotent: false, subscribes: [], run: ${run} };`,
    );
    const spec = { code: { path: join(code, `${name}.mjs`), export: "agent" } };
    return { apiVersion: API_VERSION, kind: "Agent", metadata: { name }, spec };
  }
}

/** What the task returned, or the event that it ended with. */
export const ask = async (node: NodeParts, agent: string, input?: unknown): Promise<unknown> => {
  const { taskId } = await node.tasks.submit(SCOPE, { target: { agent }, input });
  await node.tasks.settled(SCOPE, taskId);
  const last = (await node.tasks.log(SCOPE, taskId)).at(-1);
  return last?.type === "task.completed" ? last.data.output : last;
};
