/** Schemas that are brought up to date while others use them, take long to be, or come from elsewhere. */
import pg from "pg";
import { beforeEach, expect, onTestFinished } from "vitest";
import { newTask } from "../test/new-task.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { waitsFor } from "../test/waits-for.ts";
import { Database } from "./database.ts";
import { openPostgres, type PostgresOptions, type PostgresStores } from "./index.ts";
import { TABLES } from "./sql/0001-tables.ts";
import { BLOBS } from "./sql/0004-blobs.ts";
import { LEASED } from "./sql/0005-leased.ts";
import { OUTBOX_TAKERS } from "./sql/0006-outbox-takers.ts";
import { RETENTION } from "./sql/0007-retention.ts";
import { PAYLOAD_BLOBS } from "./sql/0008-payload-blobs.ts";
import { VECTORS } from "./sql/0009-vectors.ts";

const TO_4 = `${TABLES}${BLOBS}`;
const TO_9 = `${TO_4}${LEASED}${OUTBOX_TAKERS}${RETENTION}${PAYLOAD_BLOBS}${VECTORS}`;

let schema: ReturnType<typeof newSchema>;
beforeEach(() => {
  schema = newSchema();
  // Later than all that a test opens, which is closed in the reverse order.
  onTestFinished(() => schema.drop());
});

const open = async (more: Partial<PostgresOptions> = {}): Promise<PostgresStores> => {
  const stores = await openPostgres({ url, node: "n", schema: schema.schema, maxConnections: 4, ...more });
  onTestFinished(() => stores.close());
  return stores;
};

const connect = async (): Promise<pg.Client> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`set search_path = ${schema.schema}`);
  return client;
};

/** As an earlier version left it, whose last step this was. */
const makeEarlierSchema = async (steps: string, last: number): Promise<pg.Client> => {
  const client = await connect();
  await client.query(`create schema ${schema.schema};
    create table migrations (number integer primary key, applied_at timestamptz not null default now());
    insert into migrations (number) values (${last}); ${steps}`);
  return client;
};

test("a step may take longer than a statement", async () => {
  const client = await makeEarlierSchema(TO_4, 4);
  await client.query(`insert into blobs (tenant_id, hash, bytes) values ('acme', 'a', '');
    create function slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.6); return new; end';
    create trigger slow before update on blobs for each row execute function slow()`);
  const stores = await open({ statementTimeoutMs: 300 });
  expect(await stores.blobs.tenants("code")).toEqual(["acme"]);
});

test("a step does not wait for a node that waits for it", async () => {
  const client = await makeEarlierSchema(TO_9, 9);
  // As a commit does: a task is locked, then written, and then what it sends.
  await client.query("begin");
  await client.query("select from heads for update");
  const opened = open();
  await waitsFor(client, "lock table heads");
  await client.query("update heads set seq = seq + 1");
  await client.query("insert into outbox (tenant_id, id, kind, payload) values ('acme', 'i', 'event', '{}')");
  await client.query("commit");
  expect((await (await opened).tasks.takeOutbox(9)).rows).toHaveLength(1);
});

test("who waits too long for another node that brings the schema up to date is told so", async () => {
  const client = await connect();
  await client.query("begin");
  await client.query("select pg_advisory_xact_lock(4700170047)");
  await expect(open({ statementTimeoutMs: 300 })).rejects.toMatchObject({
    code: "STORE_UNAVAILABLE",
    message: expect.stringContaining("another node is bringing the schema up to date"),
  });
});

test("rows that a dump brought from a cluster further on are read and delivered, in their order", async () => {
  const stores = await open();
  await stores.tasks.commit([
    { tenantId: "acme", create: [newTask("t")], outbox: [{ id: "first", kind: "event", payload: 1 }] },
    { tenantId: "acme", create: [newTask("u")], outbox: [{ id: "second", kind: "event", payload: 2 }] },
  ]);
  await stores.close();
  const client = await connect();
  for (const table of ["events", "outbox"])
    await client.query(`update ${table} set transaction = (transaction::text::bigint + 1000000000)::text::xid8`);
  const later = await open();
  expect((await later.tasks.tail({ after: null, limit: 9 })).map(({ taskId }) => taskId)).toEqual(["t", "u"]);
  expect((await later.tasks.takeOutbox(9)).rows.map(({ id }) => id)).toEqual(["first", "second"]);
  await later.tasks.commit([{ tenantId: "acme", create: [newTask("v")] }]);
  const tasks = (await later.tasks.tail({ after: null, limit: 9 })).map(({ taskId }) => taskId);
  expect(tasks).toEqual(["t", "u", "v"]);
});

test("a node that runs while another alters a table asks again where its plans are of no use any more", async () => {
  await open();
  const limits = { statementTimeoutMs: 30_000, idleInTransactionMs: 10_000 };
  const database = new Database({ url, schema: schema.schema, maxConnections: 3, ...limits });
  onTestFinished(() => database.close());
  const ask = (): Promise<unknown[]> =>
    Promise.all([1, 2, 3].map(() => database.query("all", "select * from workers, pg_sleep(0.05)", [])));
  await ask();
  const client = await connect();
  await client.query("alter table workers add column more integer");
  expect(await ask()).toHaveLength(3);
  const within = () =>
    database.transaction((one) => one.query({ name: "within", text: "select * from workers" })).then(() => "answered");
  await Promise.all([within(), within(), within()]);
  await client.query("alter table workers drop column more");
  const answers: string[] = [];
  for (let tries = 0; tries < 4; tries++) answers.push(await within().catch(() => "refused"));
  expect(answers.at(-1)).toBe("answered");
});
