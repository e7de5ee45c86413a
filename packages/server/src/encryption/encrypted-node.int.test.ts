/** A node whose operator gave keys: nothing that callers and agents said is readable at rest, keys rotate, a missing one is told. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { API_VERSION } from "@agentcore/contract";
import pg from "pg";
import { afterEach, test as anyTest, beforeEach, describe, expect } from "vitest";
import { compose, type NodeParts } from "../compose.ts";
import { createJsonLogger, createSystemSenses } from "../system-senses.ts";
import { parseEncryptionKeys } from "./parse-encryption-keys.ts";

const url = process.env["AGENTCORE_TEST_POSTGRES_URL"] ?? "";
const SCOPE = { tenantId: "default", caller: "ann", operator: true };
const SECRET = "the launch code is 0000";
const TOKEN = "s3cr3t-token-of-ann";
const [K1, K2] = ["k1", "k2"].map((name) => `${name}:${randomBytes(32).toString("base64")}`) as [string, string];

let folder: string;
let nodes: NodeParts[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "agentcore-encrypted-"));
});
afterEach(async () => {
  for (const node of nodes.splice(0)) await node.close(0);
  await rm(folder, { recursive: true });
});

/** Remembers a secret, makes a large one of it in a step, asks for the rest. */
const AGENT = `export const keeper = { name: "keeper", description: "Keeps", version: "1", skills: [], labels: {}, tools: [],
  idempotent: false, subscribes: [], run: async (task, ctx) => {
    if (task.input === "access") {
      const access = await ctx.waitForAuthorization({ prompt: "May I?", name: "vault" });
      const length = await ctx.step("use", async (step) => (await step.credential(access)).value.length);
      return [length, await ctx.waitForInput("and now?")];
    }
    await ctx.memory.set("secret", task.input);
    const large = await ctx.step("large", () => task.input.repeat(10000));
    const answer = await ctx.waitForInput("and? " + task.input);
    return [large.length, await ctx.memory.get("secret"), answer];
  } };`;

const manifest = async (): Promise<object> => {
  const code = join(folder, "code");
  await mkdir(code, { recursive: true });
  await writeFile(join(code, "package.json"), '{ "type": "module" }');
  await writeFile(join(code, "keeper.mjs"), AGENT);
  const spec = { code: { path: join(code, "keeper.mjs"), export: "keeper" }, env: { NOTE: SECRET } };
  return { apiVersion: API_VERSION, kind: "Agent", metadata: { name: "keeper" }, spec };
};

const start = async (keys: readonly string[], database: string | undefined): Promise<NodeParts> => {
  for (const node of nodes.splice(0)) await node.close(0);
  const node = await compose({
    dataDirectory: join(folder, "data"),
    senses: createSystemSenses(createJsonLogger("error")),
    node: "n1",
    env: {},
    encryptionKeys: parseEncryptionKeys(keys),
    ...(database === undefined ? {} : { database: { url: database, leaseMs: 1_000 } }),
  });
  nodes.push(node);
  await node.start();
  return node;
};

const waiting = async (node: NodeParts): Promise<string> => {
  const { taskId } = await node.tasks.submit(SCOPE, { target: { agent: "keeper" }, input: SECRET });
  await expect.poll(async () => (await node.tasks.head(SCOPE, taskId)).state).toBe("input-required");
  return taskId;
};

const answer = async (node: NodeParts, taskId: string): Promise<unknown> => {
  await node.tasks.send(SCOPE, taskId, { messageId: `m-${taskId}`, role: "ROLE_USER", parts: [{ text: SECRET }] });
  await expect.poll(async () => (await node.tasks.head(SCOPE, taskId)).state).toBe("completed");
  const last = (await node.tasks.log(SCOPE, taskId)).at(-1);
  return last?.type === "task.completed" ? last.data.output : last;
};
const OUTPUT = [SECRET.length * 10_000, SECRET, SECRET];

/** Everything that lies in the data folder, but for the copies of agents' code, which are the operator's. */
const bytesAtRest = async (): Promise<string> => {
  const files = await readdir(join(folder, "data"), { recursive: true, withFileTypes: true });
  const read = files
    .filter((file) => file.isFile() && !file.parentPath.includes("revisions"))
    .map((file) => readFile(join(file.parentPath, file.name), "latin1"));
  return (await Promise.all(read)).join("\n");
};

const rowsAtRest = async (database: string): Promise<string> => {
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const tables = await client.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'agentcore'",
  );
  let text = "";
  for (const { name } of tables.rows) {
    const { rows } = await client.query<Record<string, unknown>>(`select * from agentcore.${name}`);
    for (const row of rows)
      for (const value of Object.values(row))
        text += `${Buffer.isBuffer(value) ? value.toString("latin1") : String(value)}\n`;
  }
  await client.end();
  return text;
};

const [PLAIN, SEALED_WITH_K1] = [0, 1];

/** What a query of docs/encryption.md counts, by place. */
const counted = async (database: string, which: number): Promise<Record<string, number>> => {
  const page = await readFile(new URL("../../../../docs/encryption.md", import.meta.url), "utf8");
  const query = [...page.matchAll(/```sql\n(.*?)```/gs)][which]?.[1] ?? "";
  const client = new pg.Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query<{ place: string; count: string }>(query);
  await client.end();
  return Object.fromEntries(rows.map(({ place, count }) => [place, Number(count)]));
};

const withDatabase = async (run: (database: string) => Promise<void>): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const name = `encrypted_${process.pid}_${Date.now()}`;
  await client.query(`create database ${name}`);
  try {
    await run(Object.assign(new URL(url), { pathname: `/${name}` }).href);
  } finally {
    for (const node of nodes.splice(0)) await node.close(0);
    await client.query(`drop database ${name} with (force)`);
    await client.end();
  }
};

const kinds = [
  {
    store: "a data folder",
    test: anyTest,
    run: (body: (database: string | undefined, atRest: () => Promise<string>) => Promise<void>) =>
      body(undefined, bytesAtRest),
  },
  {
    store: "PostgreSQL",
    test: url === "" ? anyTest.skip : anyTest,
    run: (body: (database: string | undefined, atRest: () => Promise<string>) => Promise<void>) =>
      withDatabase((database) => body(database, () => rowsAtRest(database))),
  },
];

describe.each(kinds)("on $store", ({ test, run }) => {
  test("nothing that was said is readable at rest; after a rotation old and new work goes on; without the old key it says so", () =>
    run(async (database, atRest) => {
      const first = await start([K1], database);
      await first.manifests.apply("default", [await manifest()], { dryRun: false });
      const old = await waiting(first);
      expect(await atRest()).not.toContain("launch code");
      expect(await atRest()).toContain("k1:");

      if (database !== undefined) {
        const { events = 0, values = 0, ...left } = await counted(database, SEALED_WITH_K1);
        expect([events > 0, values > 0, left]).toEqual([true, true, { mailbox: 0, outbox: 0, blobs: 2 }]);
      }

      const rotated = await start([K2, K1], database);
      expect(await answer(rotated, old)).toEqual(OUTPUT);
      expect(await answer(rotated, await waiting(rotated))).toEqual(OUTPUT);
      const rows = await atRest();
      expect(rows).not.toContain("launch code");
      expect(rows).toContain("k2:");

      const missing = {
        code: "PAYLOAD_UNREADABLE",
        message: expect.stringContaining('sealed with the encryption key "k1", which this node does not have'),
      };
      await expect(start([K2], database)).rejects.toMatchObject(missing);
      await expect(start([], database)).rejects.toMatchObject(missing);

      const back = await start([K2, K1], database);
      expect((await back.tasks.head(SCOPE, old)).state).toBe("completed");
      expect(await back.tasks.log(SCOPE, old)).not.toEqual([]);
    }));

  for (const keys of [[K1], []])
    test(`a credential that a task was given is ${keys.length > 0 ? "never readable at rest" : "readable at rest until the task ends"}`, () =>
      run(async (database, atRest) => {
        const node = await start(keys, database);
        await node.manifests.apply("default", [await manifest()], { dryRun: false });
        const { taskId } = await node.tasks.submit(SCOPE, { target: { agent: "keeper" }, input: "access" });
        const reaches = (at: NodeParts, state: string) =>
          expect.poll(async () => (await at.tasks.head(SCOPE, taskId)).state).toBe(state);
        await reaches(node, "auth-required");
        await node.tasks.authorize(SCOPE, taskId, { credential: { type: "bearer", value: TOKEN } });
        await reaches(node, "input-required");
        expect((await atRest()).includes(TOKEN)).toBe(keys.length === 0);

        const next = await start(keys, database);
        await next.tasks.send(SCOPE, taskId, { messageId: "m", role: "ROLE_USER", parts: [{ text: "done" }] });
        await reaches(next, "completed");
        expect((await next.tasks.log(SCOPE, taskId)).at(-1)?.data).toEqual({ output: [TOKEN.length, "done"] });
        for (const each of nodes.splice(0)) await each.close(0);
        expect(await atRest()).not.toContain(TOKEN);
      }));

  test("what was stored before there was a key stays readable, and goes on under one", () =>
    run(async (database, atRest) => {
      const plain = await start([], database);
      await plain.manifests.apply("default", [await manifest()], { dryRun: false });
      const old = await waiting(plain);
      expect(await atRest()).toContain("launch code");
      const keyed = await start([K1], database);
      expect(await answer(keyed, old)).toEqual(OUTPUT);
    }));

  test("with sealed-only a node works on what it sealed itself", () =>
    run(async (database) => {
      const strict = await start([K1, "sealed-only"], database);
      await strict.manifests.apply("default", [await manifest()], { dryRun: false });
      const task = await waiting(strict);
      if (database !== undefined) expect(Object.values(await counted(database, PLAIN))).toEqual([0, 0, 0, 0, 0]);
      const again = await start([K1, "sealed-only"], database);
      expect(await answer(again, task)).toEqual(OUTPUT);
    }));

  test("sealed-only refuses to start from manifests that lie plain, and starts when they were applied anew under a key", () =>
    run(async (database) => {
      const plain = await start([], database);
      await plain.manifests.apply("default", [await manifest()], { dryRun: false });
      const old = await waiting(plain);
      if (database !== undefined) expect(await counted(database, PLAIN)).toMatchObject({ blobs: 2 });
      await expect(start([K1, "sealed-only"], database)).rejects.toMatchObject({
        code: "PAYLOAD_UNREADABLE",
        message: expect.stringContaining("it is not sealed"),
      });
      const keyed = await start([K1], database);
      const changed = { ...(await manifest()), metadata: { name: "keeper", labels: { sealed: "yes" } } };
      await keyed.manifests.apply("default", [changed], { dryRun: false });
      const fresh = await waiting(keyed);
      const strict = await start([K1, "sealed-only"], database);
      expect(await answer(strict, fresh)).toEqual(OUTPUT);
      await expect(strict.tasks.log(SCOPE, old)).rejects.toMatchObject({ code: "PAYLOAD_UNREADABLE" });
    }));
});
