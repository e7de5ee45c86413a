import { blobStoreSuite, keyValueSuite, storeArchiveSuite } from "@agentcore/core/testing";
import pg from "pg";
import { expect, onTestFinished } from "vitest";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres, restorePostgres } from "./index.ts";
import { TABLES } from "./sql/0001-tables.ts";
import { BLOBS } from "./sql/0004-blobs.ts";

keyValueSuite({
  name: "PostgreSQL",
  test,
  open: async ({ clock }) => {
    const { schema, drop } = newSchema();
    const stores = await openPostgres({ url, node: "n1", schema, clock, maxConnections: 4 });
    return {
      store: stores.keyValue,
      close: async () => {
        await stores.close();
        await drop();
      },
    };
  },
});

test("code of agents that an earlier version put is there under its namespace, dated as it was put", async () => {
  const { schema, drop } = newSchema();
  onTestFinished(drop);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const name = "a".repeat(64);
  await client.query(`create schema ${schema}; set search_path = ${schema};
    create table migrations (number integer primary key, applied_at timestamptz not null default now());
    insert into migrations (number) values (1), (2), (3), (4); ${TABLES} ${BLOBS}
    insert into blobs (tenant_id, hash, bytes, made_at) values ('acme', '${name}', '\\x0102', to_timestamp(1700000000))`);
  await client.end();
  const stores = await openPostgres({ url, node: "n1", schema, maxConnections: 4 });
  onTestFinished(() => stores.close());
  const scope = { tenantId: "acme", namespace: "code" };
  expect(await stores.blobs.get(scope, name)).toEqual(new Uint8Array([1, 2]));
  expect(await stores.blobs.list(scope)).toEqual([{ name, putAt: 1_700_000_000_000 }]);
  expect(await stores.blobs.tenants("payloads")).toEqual([]);
});

test("what a task refers to goes with its row", async () => {
  const { schema, drop } = newSchema();
  onTestFinished(drop);
  const stores = await openPostgres({ url, node: "n1", schema, maxConnections: 4 });
  onTestFinished(() => stores.close());
  const name = "a".repeat(64);
  const { tasks } = stores;
  await tasks.commit([
    {
      tenantId: "acme",
      create: [
        {
          ...{ taskId: "t", agent: "a", revision: "1", contextId: "c", caller: "ann", priority: "normal" },
          ...{ deadline: null, parent: null, dueAt: 1, createdAt: 1 },
          events: [{ type: "task.submitted", at: 1, data: {} }],
        },
      ],
      blobs: [{ taskId: "t", name }],
    },
  ]);
  expect([...(await tasks.referredBlobs("acme", [name]))]).toEqual([name]);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`delete from ${schema}.heads`);
  await client.end();
  expect([...(await tasks.referredBlobs("acme", [name]))]).toEqual([]);
});

blobStoreSuite({
  name: "PostgreSQL",
  test,
  open: async ({ clock }) => {
    const { schema, drop } = newSchema();
    const stores = await openPostgres({ url, node: "n1", schema, clock, maxConnections: 4 });
    return {
      store: stores.blobs,
      close: async () => {
        await stores.close();
        await drop();
      },
    };
  },
});

storeArchiveSuite({
  name: "PostgreSQL",
  test,
  place: async ({ clock }) => {
    const { schema, drop } = newSchema();
    return {
      restore: (pages) => restorePostgres({ url, schema }, pages),
      open: () => openPostgres({ url, node: "n1", schema, clock, maxConnections: 4 }),
      dispose: drop,
    };
  },
});
