import pg from "pg";
import { beforeEach, expect, onTestFinished } from "vitest";
import { newSchema, test, url } from "../test/schema.ts";
import { waitsFor } from "../test/waits-for.ts";
import { openPostgres, type PostgresStores } from "./index.ts";

const SCOPE = { tenantId: "acme", namespace: "n" };

let stores: PostgresStores;
let client: pg.Client;
let now = 0;
beforeEach(async () => {
  const { schema, drop } = newSchema();
  onTestFinished(drop);
  now = 1_000;
  stores = await openPostgres({ url, node: "n", schema, maxConnections: 4, clock: { now: () => now } });
  onTestFinished(() => stores.close());
  client = new pg.Client({ connectionString: url });
  await client.connect();
  onTestFinished(() => client.end());
  await client.query(`set search_path = ${schema}`);
});

const keys = async (): Promise<readonly string[]> =>
  (await client.query<{ key: string }>("select key from key_values order by key")).rows.map(({ key }) => key);

test("rows that have expired are removed now and then, whoever has written them", async () => {
  await stores.keyValue.put(SCOPE, "short", 1, { ttlMs: 10 });
  await stores.keyValue.put(SCOPE, "long", 1, { ttlMs: 10_000 });
  await stores.keyValue.put(SCOPE, "kept", 1);
  now += 100;
  expect(await keys()).toEqual(["kept", "long", "short"]);
  for (let written = 0; written < 1_000; written++) await stores.keyValue.add(SCOPE, "count", 1);
  expect(await keys()).toEqual(["count", "kept", "long"]);
});

test("versions of a key go up, also when one write waits for another", async () => {
  for (const write of [() => stores.keyValue.put(SCOPE, "k", 2), () => stores.keyValue.add(SCOPE, "k", 2)] as const) {
    await stores.keyValue.put(SCOPE, "k", 1);
    await client.query("begin");
    await client.query("select from key_values for update");
    const written = write();
    await waitsFor(client, "insert into key_values");
    const { rows } = await client.query<{ version: string }>(
      "update key_values set version = nextval('key_value_versions') returning version",
    );
    await client.query("commit");
    await written;
    expect((await stores.keyValue.get(SCOPE, "k"))?.version).toBeGreaterThan(Number(rows[0]?.version));
  }
});
