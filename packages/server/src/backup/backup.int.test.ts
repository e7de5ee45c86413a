/** Backups of running nodes, restored into stores of either kind, with tasks that wait on both sides. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import pg from "pg";
import { expect, onTestFinished, test } from "vitest";
import { type RunningNode, startNode } from "../start-node.ts";
import { type RestoreTarget, restoreBackup } from "./restore-backup.ts";

const url = process.env["AGENTCORE_TEST_POSTGRES_URL"] ?? "";
const withDatabase = url === "" ? test.skip : test;
const code = fileURLToPath(new URL("../../test/backup/asker.ts", import.meta.url));

const folder = async (): Promise<string> => {
  const directory = await mkdtemp(join(tmpdir(), "agentcore-backup-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
};

let made = 0;
const database = async (): Promise<string> => {
  const name = `backup_${process.pid}_${++made}`;
  const admin = async (statement: string): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(statement);
    await client.end();
  };
  await admin(`create database ${name}`);
  onTestFinished(() => admin(`drop database ${name} with (force)`));
  const address = new URL(url);
  address.pathname = `/${name}`;
  return address.href;
};

/** Counts the effects of steps, in a process that no restore touches. */
const effects = async (): Promise<{ readonly address: string; readonly seen: string[] }> => {
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(request.url ?? "");
    response.end("ok");
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
};

const start = async (where: { readonly database?: string; readonly dataDirectory?: string }): Promise<RunningNode> => {
  const dataDirectory = where.dataDirectory ?? (await folder());
  const node = await startNode({ port: 0, logLevel: "error", env: {}, ...where, dataDirectory });
  onTestFinished(() => node.close(0));
  await node.ready;
  return node;
};

interface Answer {
  readonly head: { readonly taskId: string; readonly state: string; readonly seq: number };
  readonly task: { readonly artifacts?: readonly { readonly name?: string; readonly parts: readonly unknown[] }[] };
}

const call = async (node: RunningNode, path: string, body?: unknown): Promise<Answer> => {
  const init =
    body === undefined
      ? {}
      : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const response = await fetch(`${node.url}/api/v1${path}`, init);
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as Answer;
};

const apply = (node: RunningNode, address: string) =>
  node.apply([
    {
      apiVersion: "agentcore.dev/v1",
      kind: "Agent",
      metadata: { name: "asker" },
      spec: { code: { path: code, export: "asker" }, env: { EFFECTS: address } },
    },
  ]);

const backup = async (node: RunningNode): Promise<string> => {
  const file = join(await folder(), "node.backup");
  const { body, status } = await fetch(`${node.url}/api/v1/backup`);
  expect(status).toBe(200);
  if (body === null) throw new Error("no body");
  await writeFile(file, body);
  return file;
};

const asked = async (node: RunningNode, name: string): Promise<Answer> =>
  call(node, "/tasks", { target: "agent:asker", input: { name }, wait: true, idempotencyKey: name });

const answered = async (node: RunningNode, { head: { taskId } }: Answer): Promise<Answer> => {
  await call(node, `/tasks/${taskId}/messages`, { text: "yes" });
  await expect.poll(async () => (await call(node, `/tasks/${taskId}`)).head.state).toBe("completed");
  return call(node, `/tasks/${taskId}`);
};

type Place = "a data folder" | "a database";
const target = async (place: Place): Promise<RestoreTarget> =>
  place === "a database" ? { database: await database() } : { dataDirectory: await folder() };

const moves = [
  ["a data folder", "a database"],
  ["a database", "a data folder"],
  ["a data folder", "a data folder"],
] as const;

for (const [from, to] of moves) {
  const each = from === to ? test : withDatabase;
  each(
    `tasks that wait in ${from} go on in ${to} that a backup was restored into, and repeat nothing (I3)`,
    async () => {
      const { address, seen } = await effects();
      const first = await start(await target(from));
      await apply(first, address);
      const [ended, waiting] = [await asked(first, "ended"), await asked(first, "waiting")];
      await answered(first, ended);
      expect(waiting.head.state).toBe("input-required");
      const file = await backup(first);
      const before = await call(first, `/tasks/${ended.head.taskId}`);
      await first.close(0);
      expect([...seen].sort()).toEqual(["/before/ended", "/before/waiting", "/after/ended"].sort());

      const place = await target(to);
      const { header, counts } = await restoreBackup(file, place);
      expect([header.store, counts["task"], counts["blob"]]).toEqual([
        from === "a database" ? "postgres" : "sqlite",
        2,
        1,
      ]);
      // Nothing is applied: manifests and code came with the backup.
      const second = await start(place);
      expect(await call(second, `/tasks/${ended.head.taskId}`)).toEqual(before);
      expect((await asked(second, "waiting")).head.taskId).toBe(waiting.head.taskId);
      const done = await answered(second, waiting);
      expect(done.task.artifacts?.at(-1)?.parts).toEqual([{ data: { name: "waiting", answer: "yes" } }]);
      expect(seen.filter((effect) => effect.endsWith("/waiting"))).toEqual(["/before/waiting", "/after/waiting"]);
    },
  );
}

test("a file that was cut or changed anywhere is refused, and leaves an empty folder", async () => {
  const node = await start({});
  const { address } = await effects();
  await apply(node, address);
  await asked(node, "one");
  const whole = await readFile(await backup(node));
  await node.close(0);
  const text = gunzipSync(whole).toString("utf8");
  const lines = text.split("\n");
  const broken: readonly (readonly [string, Buffer])[] = [
    ["half", whole.subarray(0, whole.length / 2)],
    ["all but the end", whole.subarray(0, whole.length - 9)],
    ["no footer", gzipSync(lines.slice(0, -2).join("\n") + "\n")],
    ["a row less", gzipSync([...lines.slice(0, 1), ...lines.slice(2)].join("\n"))],
    ["another value", gzipSync(text.replace('"priority":"normal"', '"priority":"urgent"'))],
    ["a kind of the future", gzipSync(text.replace('"kind":"event"', '"kind":"dream"'))],
    ["no gzip", Buffer.from(text)],
    ["another file", gzipSync('{"header":{"format":"zip"}}\n')],
    ["a newer format", gzipSync(text.replace('"version":2', '"version":3'))],
    ["nothing", Buffer.alloc(0)],
  ];
  const dataDirectory = await folder();
  const file = join(await folder(), "broken");
  for (const [name, bytes] of broken) {
    await writeFile(file, bytes);
    const refusal = await restoreBackup(file, { dataDirectory }).then(
      () => "restored",
      (error: unknown) => (error as { code?: string }).code,
    );
    expect([name, refusal]).toEqual([name, "INVALID_ARGUMENT"]);
  }
  await writeFile(file, whole);
  await restoreBackup(file, { dataDirectory });
  await expect(restoreBackup(file, { dataDirectory })).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

withDatabase("a database that a node uses is not restored into", async () => {
  const node = await start({});
  const file = await backup(node);
  const used = await database();
  await start({ database: used });
  await expect(restoreBackup(file, { database: used })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("a node uses"),
  });
});

test("a backup that is broken off makes room for the next, and tasks go on meanwhile", async () => {
  const node = await start({});
  const { address } = await effects();
  await apply(node, address);
  for (let index = 0; index < 50; index++) await asked(node, `t${index}`);
  const abort = new AbortController();
  const first = await fetch(`${node.url}/api/v1/backup`, { signal: abort.signal });
  const second = await fetch(`${node.url}/api/v1/backup`);
  await second.body?.cancel();
  abort.abort();
  await first.body?.cancel().catch(() => undefined);
  // The first of so little may be through already.
  expect([200, 429]).toContain(second.status);
  expect((await asked(node, "meanwhile")).head.state).toBe("input-required");
  const again = async (): Promise<number> => {
    const response = await fetch(`${node.url}/api/v1/backup`);
    await response.arrayBuffer();
    return response.status;
  };
  await expect.poll(again, { timeout: 20_000, interval: 100 }).toBe(200);
});
