/** Nodes in this process that share a database of their own, made for a test and removed after it. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "@agentcore/contract";
import type { BlobStore } from "@agentcore/core/ports";
import { test as anyTest } from "vitest";
import { CODE_NAMESPACE } from "../src/agents/shared-code.ts";
import { type ComposeOptions, compose, type NodeParts } from "../src/compose.ts";
import { createJsonLogger, createSystemSenses } from "../src/system-senses.ts";
import { createDatabase, hasPostgres, type OwnDatabase } from "./own-database.ts";

export const test = hasPostgres ? anyTest : anyTest.skip;
export const SCOPE = { tenantId: "default", caller: "ann", operator: true };

export class SharedDatabase {
  readonly folder: string;
  readonly url: string;
  private readonly database: OwnDatabase;
  private readonly nodes = new Set<NodeParts>();

  private constructor(folder: string, database: OwnDatabase) {
    this.folder = folder;
    this.database = database;
    this.url = database.url;
  }

  static async create(): Promise<SharedDatabase> {
    return new SharedDatabase(await mkdtemp(join(tmpdir(), "agentcore-nodes-")), await createDatabase());
  }

  /** `loads`: false for a node on which nothing loads that was applied to another. */
  async start(
    name: string,
    { loads = true, ...more }: { readonly loads?: boolean } & Partial<ComposeOptions> = {},
  ): Promise<NodeParts> {
    const node = await compose({
      dataDirectory: join(this.folder, name),
      senses: createSystemSenses(createJsonLogger("error")),
      node: name,
      address: () => `http://${name}`,
      version: "1.2.3",
      env: {},
      database: { url: this.url, leaseMs: 1_000 },
      ...more,
      wrap: (port, value) => (loads || port !== "blobs" ? value : withoutCode(value)),
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
    await this.database.drop();
    await rm(this.folder, { recursive: true });
  }

  /**
   * A manifest of an agent in a folder that nodes read only when it is applied. `run` is the text of its function.
   */
  async writeAgent(name: string, run: string, more: object = {}, subscribes: readonly string[] = []): Promise<object> {
    const code = join(this.folder, "code");
    await mkdir(code, { recursive: true });
    await writeFile(join(code, "package.json"), '{ "type": "module" }');
    await writeFile(
      join(code, `${name}.mjs`),
      `export const agent = { name: "${name}", description: "For tests", version: "1", skills: [], labels: {}, tools: [],
        idempotent: false, subscribes: ${JSON.stringify(subscribes)}, run: ${run} };`,
    );
    const spec = { code: { path: join(code, `${name}.mjs`), export: "agent" }, ...more };
    return { apiVersion: API_VERSION, kind: "Agent", metadata: { name }, spec };
  }
}

const withoutCode = <Port extends object>(blobs: Port): Port =>
  new Proxy(blobs, {
    get: (target, name) =>
      name === "get"
        ? (...given: Parameters<BlobStore["get"]>) =>
            given[0].namespace === CODE_NAMESPACE ? null : (target as unknown as BlobStore).get(...given)
        : Reflect.get(target, name),
  });

/** What the task returned, or the event that it ended with. */
export const ask = async (node: NodeParts, agent: string, input?: unknown): Promise<unknown> => {
  const { taskId } = await node.tasks.submit(SCOPE, { target: { agent }, input });
  await node.tasks.settled(SCOPE, taskId);
  const last = (await node.tasks.log(SCOPE, taskId)).at(-1);
  return last?.type === "task.completed" ? last.data.output : last;
};
