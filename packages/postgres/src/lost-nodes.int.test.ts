/** Nodes that vanish, hang or come back in the middle of what they do: nobody waits for them, and they wait for nobody. */
import type { CommitUnit, StoredEvent } from "@agentcore/core/ports";
import pg from "pg";
import { beforeEach, expect, onTestFinished } from "vitest";
import { claimedTask, newTask } from "../test/new-task.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { startSilentProxy } from "../test/silent-proxy.ts";
import { waitsFor } from "../test/waits-for.ts";
import { openPostgres, type PostgresOptions, type PostgresStores } from "./index.ts";

const LEASE_MS = 900;
// Of a commit of several statements: the text of the one that comes before them.
const LOCK_TASKS = "= any ($1) order by h.id for update";
const T = { tenantId: "acme", taskId: "t" };

let schema: ReturnType<typeof newSchema>;
beforeEach(() => {
  schema = newSchema();
  // Later than all that a test opens, which is closed in the reverse order.
  onTestFinished(() => schema.drop());
});

const open = async (node: string, more: Partial<PostgresOptions> = {}): Promise<PostgresStores> => {
  const stores = await openPostgres({ url, node, schema: schema.schema, leaseMs: LEASE_MS, ...more });
  onTestFinished(() => stores.close());
  return stores;
};

/** A session of somebody else's, in the same schema. */
const connect = async (as = url): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: as });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`set search_path = ${schema.schema}`);
  return client;
};

/** Two that touch one task, so that they take a transaction of several statements. */
const inSeveralStatements: readonly CommitUnit<StoredEvent>[] = [1, 2].map((number) => ({
  tenantId: "acme",
  mail: [{ taskId: "t", key: `m${number}`, kind: "signal", payload: 1, ifTerminal: "drop" }],
}));

test("a node that vanishes in the middle of a commit of several statements keeps its tasks for no longer than its lease (I10)", async () => {
  const proxy = await startSilentProxy(url, { instead: LOCK_TASKS });
  onTestFinished(proxy.close);
  const lost = await openPostgres({ url: proxy.url, node: "lost", schema: schema.schema, leaseMs: LEASE_MS });
  const other = await open("other", { leaseMs: 60_000 });
  await lost.tasks.commit([{ tenantId: "acme", create: [claimedTask("t")] }]);
  void lost.tasks.commit(inSeveralStatements).catch(() => undefined);
  await proxy.silence;
  await expect.poll(() => other.tasks.reclaim(), { timeout: 10_000 }).toBe(1);
  expect(await other.tasks.claim({ limit: 1, now: 10 })).toHaveLength(1);
});

test("one that is started again under its name takes its tasks back, although its last transaction is open still", async () => {
  const proxy = await startSilentProxy(url, { instead: LOCK_TASKS });
  onTestFinished(proxy.close);
  const lost = await openPostgres({ url: proxy.url, node: "n", schema: schema.schema, leaseMs: LEASE_MS });
  await lost.tasks.commit([{ tenantId: "acme", create: [claimedTask("t")] }]);
  void lost.tasks.commit(inSeveralStatements).catch(() => undefined);
  await proxy.silence;
  const again = await open("n", { statementTimeoutMs: 10_000 });
  expect(await again.tasks.claim({ limit: 1, now: 10 })).toHaveLength(1);
});

test("a renewal that nobody answers fails within the lease", async () => {
  const proxy = await startSilentProxy(url);
  onTestFinished(proxy.close);
  const stores = await openPostgres({ url: proxy.url, node: "n", schema: schema.schema, leaseMs: LEASE_MS });
  await stores.tasks.renew();
  proxy.fallSilent();
  const askedAt = performance.now();
  await expect(stores.tasks.renew()).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  expect(performance.now() - askedAt).toBeLessThan(LEASE_MS + 1_000);
});

test("what a place's earlier holder committed last is freed, whatever isolation the role is set to", async () => {
  const role = `repeatable_${schema.schema}`;
  const admin = await connect();
  await admin.query(`create role ${role} login`);
  await admin.query(`alter role ${role} set default_transaction_isolation = 'repeatable read'`);
  await admin.query(`create schema ${schema.schema} authorization ${role}`);
  onTestFinished(async () => {
    await schema.drop();
    await connectOnce(`drop role ${role}`);
  });
  const as = Object.assign(new URL(url), { username: role }).href;
  const earlier = await open("n", { url: as });
  await earlier.tasks.commit([{ tenantId: "acme", create: [newTask("t")] }]);
  // As its last claim does, which is not yet committed when the later one looks.
  await admin.query("begin");
  const { rows } = await admin.query<{ id: string }>("select id from workers for key share");
  await admin.query("update heads set leased_by = $1", [rows[0]?.id]);
  const later = open("n", { url: as });
  await waitsFor(admin, "delete from workers");
  await admin.query("commit");
  expect(await (await later).tasks.claim({ limit: 1, now: 10 })).toHaveLength(1);
});

/** While somebody takes the place of the worker that asks: it has begun, and comes to the tasks when the other waits for it. */
const whilePlaceIsTaken = async <T>(
  ask: (tasks: PostgresStores["tasks"]) => Promise<T>,
  statement: string,
): Promise<{ readonly answer: T; readonly left: number }> => {
  const earlier = await open("n");
  await earlier.tasks.commit([{ tenantId: "acme", create: [newTask("t")] }]);
  const other = await connect();
  await other.query("begin");
  await other.query("lock table heads in exclusive mode");
  const asked = ask(earlier.tasks);
  await waitsFor(other, statement);
  const later = open("n");
  await waitsFor(other, "delete from workers");
  await other.query("commit");
  const answer = await asked;
  return { answer, left: (await (await later).tasks.claim({ limit: 9, now: 10 })).length };
};

test("a task that a worker makes while its place is taken is free for who takes it (I10)", async () => {
  const make = (tasks: PostgresStores["tasks"]) => tasks.commit([{ tenantId: "acme", create: [claimedTask("made")] }]);
  const { answer, left } = await whilePlaceIsTaken(make, "select commit_units");
  expect(answer).toEqual([{ outcome: "committed" }]);
  expect(left).toBe(2);
});

test("a task that a worker claims while its place is taken is free for who takes it (I10)", async () => {
  const claim = (tasks: PostgresStores["tasks"]) => tasks.claim({ limit: 9, now: 10 });
  const { answer, left } = await whilePlaceIsTaken(claim, "select * from claim_tasks");
  expect(answer).toHaveLength(1);
  expect(left).toBe(1);
});

test("a commit of several statements locks its worker before any task, as those who take a worker's place do", async () => {
  const stores = await open("n");
  await stores.tasks.commit([{ tenantId: "acme", create: [claimedTask("t")] }]);
  const other = await connect();
  await other.query("begin");
  await other.query("select from workers for update");
  const committed = stores.tasks.commit(inSeveralStatements);
  await waitsFor(other, "select from workers");
  // Else the two would wait for each other from here on.
  await other.query("select from heads for update nowait");
  await other.query("commit");
  expect(await committed).toEqual([{ outcome: "committed" }, { outcome: "committed" }]);
});

test("a lease is renewed however much waits for a connection, and while what others left is waited for", async () => {
  const stores = await open("n", { maxConnections: 1 });
  const other = await connect();
  await stores.tasks.commit([{ tenantId: "acme", create: [claimedTask("t")] }]);
  const gone = "insert into workers (node, lease_until) values ('gone', now()) returning id";
  const { rows } = await other.query<{ id: string }>(gone);
  await other.query("update heads set leased_by = $1", [rows[0]?.id]);
  await other.query("begin");
  await other.query("select from heads for update");
  const committed = stores.tasks.commit(inSeveralStatements);
  const reads = Array.from({ length: 20 }, () => stores.tasks.head(T));
  const reclaimed = stores.tasks.reclaim();
  await waitsFor(other, "with lost as");
  expect(await stores.tasks.renew()).toEqual({ validForMs: LEASE_MS, isNew: false });
  await other.query("commit");
  expect([await reclaimed, (await committed).length, (await Promise.all(reads)).length]).toEqual([1, 2, 20]);
});

test("an archive waits for whoever takes its pages for longer than a lease", async () => {
  const stores = await open("n", { leaseMs: 200 });
  await stores.tasks.commit([{ tenantId: "acme", create: [claimedTask("t")] }]);
  const other = await connect();
  let pages = 0;
  for await (const _ of stores.archive.pages()) {
    pages += 1;
    await other.query("select pg_sleep(0.5)");
  }
  expect(pages).toBeGreaterThan(1);
});

const connectOnce = async (statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
};
