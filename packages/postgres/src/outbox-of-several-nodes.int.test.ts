/** Durable events where several nodes share the store: each is carried by one of them. */
import pg from "pg";
import { afterEach, beforeEach, expect } from "vitest";
import { define, type EngineNode, LEASE_MS, SCOPE, startEngineNode } from "../test/engine-nodes.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres, type PostgresStores } from "./index.ts";

let schema: ReturnType<typeof newSchema>;
let closing: (() => Promise<void>)[] = [];
beforeEach(() => {
  schema = newSchema();
  closing = [];
});
afterEach(async () => {
  for (const close of closing) await close();
  await schema.drop();
});

const open = async (node: string, leaseMs = LEASE_MS): Promise<PostgresStores> => {
  const stores = await openPostgres({ url, node, schema: schema.schema, leaseMs, maxConnections: 4 });
  closing.push(stores.close);
  return stores;
};

const AGENTS = [
  define("teller", (task, ctx) => ctx.emit("loan.decided", task.input, { durable: true })),
  define("letters", (task) => task.input, { subscribes: ["loan.decided"] }),
  define("ledger", (task) => task.input, { subscribes: ["loan.decided"] }),
];

const start = async (name: string): Promise<EngineNode> => {
  const node = await startEngineNode({ schema: schema.schema, name, agents: AGENTS });
  closing.push(node.close);
  return node;
};

const insert = async (store: PostgresStores, ids: readonly string[]): Promise<void> => {
  const outbox = ids.map((id) => ({ id, kind: "event" as const, payload: null }));
  await store.tasks.commit([{ tenantId: "acme", outbox }]);
};

const take = async ({ tasks }: PostgresStores, limit = 100) => {
  const { rows, more } = await tasks.takeOutbox(limit);
  return { ids: rows.map(({ id }) => id), more, positions: rows.map(({ position }) => position) };
};

test("each durable event makes one task per subscriber, and is heard once by subscribers in the node that had it", async () => {
  const a = await start("a");
  const b = await start("b");
  const events = Array.from({ length: 60 }, (_, index) => index);
  await Promise.all(
    events.map((input) => (input % 2 === 0 ? a : b).service.submit(SCOPE, { target: { agent: "teller" }, input })),
  );
  const operator = { ...SCOPE, operator: true };
  const completed = async (agent: string) =>
    (await a.service.list(operator, { agent, states: ["completed"], pageSize: 1 })).totalSize;
  await expect.poll(() => completed("letters"), { timeout: 10_000 }).toBe(60);
  await expect.poll(() => completed("ledger"), { timeout: 10_000 }).toBe(60);
  // Tasks may run on either, so what each has heard adds up.
  await expect.poll(() => a.heard.length + b.heard.length, { timeout: 5_000 }).toBe(60);
  expect((await a.service.list(operator, { pageSize: 1 })).totalSize).toBe(180);
  await expect.poll(async () => (await a.store.takeOutbox(10)).rows, { timeout: 5_000 }).toEqual([]);
});

test("what one worker has taken no other is given, until it has lost its lease; then it acknowledges nothing", async () => {
  const [a, b] = [await open("a", 60_000), await open("b", 60_000)];
  await insert(a, ["1", "2", "3", "4"]);
  const first = await take(b, 2);
  expect(first).toMatchObject({ ids: ["1", "2"], more: true });
  const second = await take(a);
  expect(second).toMatchObject({ ids: ["3", "4"], more: false });
  await b.tasks.acknowledgeOutbox(second.positions);
  expect((await take(a)).ids).toEqual(["3", "4"]);
  // Another process takes the place of the first.
  const again = await open("a", 60_000);
  await a.tasks.acknowledgeOutbox(second.positions);
  await expect(a.tasks.takeOutbox(9)).rejects.toMatchObject({ code: "LEASE_LOST" });
  expect((await take(b)).ids).toEqual(["1", "2", "3", "4"]);
  expect((await take(again)).ids).toEqual([]);
});

test("events of a worker that is silent are free when somebody reclaims", async () => {
  const [a, b] = [await open("a"), await open("b", 60_000)];
  await insert(a, ["1"]);
  expect((await take(a)).ids).toEqual(["1"]);
  await expect.poll(() => b.tasks.reclaim(), { timeout: 5_000 }).toBe(1);
  expect((await take(b)).ids).toEqual(["1"]);
});

test("behind a row that a worker has kept come also those before it that are free since, each once", async () => {
  const [a, b] = [await open("a"), await open("b", 60_000)];
  await insert(a, ["1", "2"]);
  expect((await take(a, 1)).ids).toEqual(["1"]);
  const kept = await take(b);
  expect(kept.ids).toEqual(["2"]);
  await insert(b, ["3"]);
  const behind = async (limit: number) => (await b.tasks.takeOutbox(limit, kept.positions[0])).rows.map(({ id }) => id);
  expect(await behind(9)).toEqual(["3"]);
  await expect.poll(() => b.tasks.reclaim(), { timeout: 5_000 }).toBe(1);
  expect(await behind(9)).toEqual(["1", "3"]);
  expect(await behind(9)).toEqual(["3"]);
  expect((await take(b)).ids).toEqual(["1", "2", "3"]);
});

test("rows that an open transaction may still come before are not given, and two takers do not wait for each other", async () => {
  const [a, b] = [await open("a", 60_000), await open("b", 60_000)];
  const early = new pg.Client({ connectionString: url });
  await early.connect();
  await early.query("begin");
  await early.query("select pg_current_xact_id()");
  await insert(a, ["late"]);
  expect(await take(b)).toMatchObject({ ids: [], more: true });
  await early.query(
    `insert into ${schema.schema}.outbox (tenant_id, id, kind, payload) values ('acme', 'early', 'event', 'null')`,
  );
  await early.query("commit");
  // Locked by a taker that has not committed yet.
  await early.query("begin");
  await early.query(`select from ${schema.schema}.outbox where id = 'early' for update`);
  expect(await take(b)).toMatchObject({ ids: ["late"], more: true });
  await early.query("rollback");
  await early.end();
  expect(await take(a)).toMatchObject({ ids: ["early"], more: false });
});
