import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { ManualClock } from "@agentcore/core/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqlite, type SqliteOptions, type SqliteStores } from "./index.ts";
import { MIGRATIONS } from "./migrations.ts";

const CHILD = fileURLToPath(new URL("../test/crash-child.ts", import.meta.url));
const faultModule = (name: string): string => new URL(`../test/${name}.ts`, import.meta.url).href;

let directory = "";
let opened: SqliteStores[] = [];

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), "agentcore-sqlite-")), "data");
  opened = [];
});
afterEach(async () => {
  for (const stores of opened) await stores.close();
  rmSync(join(directory, ".."), { recursive: true });
});

const open = async (options: Partial<SqliteOptions> = {}): Promise<SqliteStores> => {
  const stores = await openSqlite({ directory, ...options });
  opened.push(stores);
  return stores;
};

const put = (stores: SqliteStores, key: string, bytes = 10) =>
  stores.keyValue.put({ tenantId: "t", namespace: "n" }, key, "x".repeat(bytes));

const startChild = (fault?: string): ChildProcess =>
  spawn(process.execPath, ["-C", "agentcore-source", CHILD, directory, ...(fault === undefined ? [] : [fault])], {
    stdio: ["ignore", "pipe", "inherit"],
  });

/** Kills the child at its `lines`th acknowledgement unless it kills itself; resolves with the last acknowledged number of each task. */
const acknowledgedBy = async (child: ChildProcess, lines: number): Promise<ReadonlyMap<string, number>> => {
  let output = "";
  let seen = 0;
  child.stdout?.on("data", (chunk: Buffer) => {
    output += chunk.toString();
    seen += chunk.toString().split("\n").length - 1;
    if (seen >= lines) child.kill("SIGKILL");
  });
  await once(child, "close");
  const acknowledged = new Map<string, number>();
  for (const line of output.split("\n").slice(0, -1)) {
    const [index, seq] = line.split(" ");
    acknowledged.set(`task-${index}`, Number(seq));
  }
  return acknowledged;
};

const expectAllThere = async (acknowledged: ReadonlyMap<string, number>): Promise<void> => {
  expect(acknowledged.size).toBeGreaterThan(0);
  const { tasks } = await open();
  let settled = 0;
  for (const [taskId, seq] of acknowledged) {
    const log = await tasks.readLog({ tenantId: "t", taskId });
    expect(log.length, taskId).toBeGreaterThanOrEqual(seq);
    expect(log.map((event) => event.seq)).toEqual(log.map((_, index) => index + 1));
    // Each unit wrote one event and one item of mail: neither stands without the other.
    expect((await tasks.mailbox({ tenantId: "t", taskId })).items).toHaveLength(log.length - 1);
    expect((await tasks.head({ tenantId: "t", taskId }))?.seq).toBe(log.length);
    // And each settled the call before it and reserved one.
    expect(await tasks.balances("t", [taskId])).toEqual([{ account: taskId, spent: log.length - 2, reserved: 1 }]);
    settled += log.length - 2;
  }
  const [usage] = await tasks.usage({ tenantId: "t", from: 0, to: 1 });
  expect(usage?.calls ?? 0).toBe((await tasks.balances("t", ["all"]))[0]?.spent);
  expect(usage?.calls ?? 0).toBeGreaterThanOrEqual(settled);
  expect(await tasks.claim({ limit: 100, now: Date.now() })).toHaveLength(20);
};

test.each([1, 500, 5000])(
  "a process killed after %d acknowledgements leaves every one, whole (I1, I5)",
  async (lines) => {
    await expectAllThere(await acknowledgedBy(startChild(), lines));
  },
  30_000,
);

test("killed inside a transaction, before COMMIT: what was acknowledged is there (I5)", async () => {
  await expectAllThere(await acknowledgedBy(startChild(faultModule("kill-inside")), Number.POSITIVE_INFINITY));
}, 30_000);

test("killed after COMMIT, before the answer: what was written is whole (I5)", async () => {
  await expectAllThere(await acknowledgedBy(startChild(faultModule("kill-written")), Number.POSITIVE_INFINITY));
}, 30_000);

test("a second process is refused with DATA_LOCKED and the folder's name, and may come when the first is gone", async () => {
  const child = startChild();
  await once(child.stdout ?? child, "data");
  await expect(open()).rejects.toMatchObject({ code: "DATA_LOCKED", message: expect.stringContaining(directory) });
  child.kill("SIGKILL");
  await once(child, "close");
  await open();
}, 30_000);

test("a second store in the same process is refused too, and harms the first in nothing", async () => {
  const stores = await open();
  await expect(open()).rejects.toMatchObject({ code: "DATA_LOCKED" });
  expect(await put(stores, "k")).toBe(1);
  await stores.close();
  expect(await (await open()).keyValue.get({ tenantId: "t", namespace: "n" }, "k")).toMatchObject({
    value: "x".repeat(10),
  });
});

test("a folder is made for its owner alone", async () => {
  await open();
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test("a folder that cannot be made is CONFIG_INVALID and named", async () => {
  const file = join(directory, "..", "file");
  writeFileSync(file, "");
  await expect(open({ directory: join(file, "data") })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(join(file, "data")),
  });
});

test("a file that is no database is CONFIG_INVALID", async () => {
  await (await open()).close();
  writeFileSync(join(directory, "agentcore.db"), "this is no database, but long enough to be looked at ".repeat(100));
  await expect(open()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test("a file of the first schema is brought forward with its tasks and keys, and its leases are void", async () => {
  mkdirSync(directory);
  const database = new DatabaseSync(join(directory, "agentcore.db"));
  database.exec(MIGRATIONS[0] ?? "");
  database.exec(`
    pragma user_version = 1;
    insert into heads (tenant_id, task_id, agent, revision, context_id, caller, state, seq, checkpoint_seq, token, leased, due_at,
      priority, attempts, created_at, updated_at)
      values ('acme', 'old', 'a', 'r', 'c', 'ann', 'working', 1, 0, 1, 1, 5, 1, 1, 5, 5);
    insert into events (task, seq, type, at, data) values (1, 1, 'task.submitted', 5,
      '{"agent":"a","revision":"r","contextId":"c","caller":"ann","priority":"normal"}');
    insert into idempotency (tenant_id, agent, caller, key, task_id) values ('acme', 'a', 'ann', 'k', 'old');`);
  database.close();
  const { tasks } = await open();
  expect(await tasks.findByIdempotencyKey({ tenantId: "acme", caller: "ann", idempotencyKey: "k" })).toBe("old");
  const [claimed] = await tasks.claim({ limit: 9, now: 10 });
  expect(claimed?.head).toMatchObject({ taskId: "old", token: 3, state: "working" });
  expect(await tasks.readLog({ tenantId: "acme", taskId: "old" })).toHaveLength(1);
});

test("data of a newer version is refused and left as it is", async () => {
  await (await open()).close();
  const database = new DatabaseSync(join(directory, "agentcore.db"));
  database.exec("pragma user_version = 99");
  database.close();
  await expect(open()).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("99") });
});

test("on a full disk a batch is refused as a whole, and later ones go through when there is room", async () => {
  const stores = await open({ maxPages: 64 });
  await put(stores, "kept");
  const failed = await Promise.allSettled([put(stores, "big", 400_000), put(stores, "small")]);
  expect(failed.map((result) => (result.status === "rejected" ? result.reason.code : "written"))).toEqual([
    "STORE_UNAVAILABLE",
    "STORE_UNAVAILABLE",
  ]);
  expect((await stores.keyValue.list({ tenantId: "t", namespace: "n" })).map((entry) => entry.key)).toEqual(["kept"]);
  expect(await put(stores, "small")).not.toBeNull();
});

test("a full disk is told until a write goes through, which whoever asks has tried, and what to do about it", async () => {
  const clock = new ManualClock();
  const stores = await open({ maxPages: 1024, clock });
  expect(stores.trouble()).toBeNull();
  await put(stores, "old", 2_500_000);
  const refused: unknown = await put(stores, "new", 2_500_000).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringMatching(/disk of the data folder \(--data, AGENTCORE_DATA\) is full: make room/) as string,
  });
  // Callers read it too.
  expect(String(refused)).not.toContain(directory);
  // Room for a little is none: the write that is tried has a megabyte.
  await put(stores, "beside", 1_000_000);
  expect(stores.trouble()).toMatchObject({ code: "STORE_UNAVAILABLE" });
  await put(stores, "small");
  await stores.keyValue.delete({ tenantId: "t", namespace: "n" }, "old");
  // Nothing is tried again before its time.
  expect(stores.trouble()).not.toBeNull();
  clock.stall(5_000);
  await expect.poll(() => stores.trouble()).toBeNull();
  expect(await stores.keyValue.list({ tenantId: "system", namespace: "disk-room" })).toEqual([]);
});

test("a failure inside the transaction rejects that batch only, and nothing of it stays", async () => {
  const stores = await open({ fault: { module: faultModule("throw-inside") } });
  const write = (id: string) =>
    stores.tasks.commit([{ tenantId: "t", outbox: [{ id, kind: "event", payload: null }] }]);
  await write("1");
  await expect(write("2")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await write("3");
  expect((await stores.tasks.takeOutbox(10)).rows.map((row) => row.id)).toEqual(["1", "3"]);
});

test("a call whose values no row can hold fails alone in its batch", async () => {
  const stores = await open();
  const write = (id: string) =>
    stores.tasks.commit([{ tenantId: "t", outbox: [{ id, kind: "event", payload: null }] }]);
  // Not a value the types allow: what a caller without them could send.
  const bad = stores.tasks.commit([
    { tenantId: "t", outbox: [{ id: Number.NaN as unknown as string, kind: "event", payload: null }] },
  ]);
  const results = await Promise.allSettled([
    write("1"),
    bad,
    write("2"),
    stores.tasks.commit([{ tenantId: "t", outbox: [{ id: "3", kind: "event", payload: 1n }] }]),
  ]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "rejected"]);
  expect((await stores.tasks.takeOutbox(10)).rows.map((row) => row.id)).toEqual(["1", "2"]);
});

test("close writes what was asked for before", async () => {
  const stores = await open({ fault: { syncDelayMs: 20 } });
  const writes = ["a", "b", "c"].map((key) => put(stores, key));
  await stores.close();
  expect((await Promise.all(writes)).every((version) => version !== null)).toBe(true);
  await expect(put(stores, "late")).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(await (await open()).keyValue.list({ tenantId: "t", namespace: "n" })).toHaveLength(3);
});

test("a slow disk does not block the main thread", async () => {
  const stores = await open({ fault: { syncDelayMs: 300 } });
  let turns = 0;
  const ticking = setInterval(() => (turns += 1), 10);
  await put(stores, "k");
  clearInterval(ticking);
  expect(turns).toBeGreaterThan(5);
});
