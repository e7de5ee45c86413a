import type { NearVector, VectorEntry, VectorIndex } from "@agentcore/core/ports";
import { vectorIndexSuite } from "@agentcore/core/testing";
import pg from "pg";
import { expect, onTestFinished } from "vitest";
import { pgvectorSuperuserTest, pgvectorTest } from "../test/pgvector.ts";
import { newSchema, test, url } from "../test/schema.ts";
import { Database } from "./database.ts";
import { openPostgres } from "./index.ts";
import { Pgvector } from "./pgvector.ts";

for (const [name, testIt, usePgvector] of [
  ["PostgreSQL with pgvector", pgvectorTest, true],
  ["PostgreSQL without pgvector", test, false],
] as const) {
  vectorIndexSuite({
    name,
    test: testIt,
    open: async () => {
      const { schema, drop } = newSchema();
      const stores = await openPostgres({ url, node: "n1", schema, maxConnections: 4, usePgvector });
      return {
        index: stores.vectors,
        close: async () => {
          await stores.close();
          await drop();
        },
      };
    },
  });
}

const scope = { tenantId: "acme", namespace: "passages" };

/** The same rows, searched by the database and by this process. */
const openBoth = async (): Promise<{ readonly withIt: VectorIndex; readonly without: VectorIndex }> => {
  const { schema, drop } = newSchema();
  const [withIt, without] = await Promise.all([
    openPostgres({ url, node: "n1", schema, maxConnections: 4 }),
    openPostgres({ url, node: "n2", schema, maxConnections: 4, usePgvector: false }),
  ]);
  onTestFinished(async () => {
    await Promise.all([withIt.close(), without.close()]);
    await drop();
  });
  return { withIt: withIt.vectors, without: without.vectors };
};

const query = async (text: string, databaseUrl = url): Promise<readonly Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows;
  } finally {
    await client.end();
  }
};

const made = (count: number, dimensions: number): VectorEntry[] =>
  Array.from({ length: count }, (_, place) => ({
    id: `p${place}`,
    vector: Array.from({ length: dimensions }, (__, index) => Math.sin((place + 1) * (index + 1) * 0.7)),
    metadata: { third: place % 3 },
  }));

pgvectorTest("with and without pgvector the same rows give the same answers", async () => {
  const { withIt, without } = await openBoth();
  // More than two pages of those that are read.
  for (let hundred = 0; hundred < 24; hundred++)
    await withIt.upsert(scope, made(2400, 384).slice(hundred * 100, hundred * 100 + 100));
  for (const filter of [{}, { third: 1 }]) {
    for (const probe of made(2400, 384).slice(0, 5)) {
      const ask = (index: VectorIndex): Promise<readonly NearVector[]> =>
        index.nearest(scope, { vector: probe.vector, limit: 50, filter, minSimilarity: 0.01 });
      const [found, expected] = [await ask(withIt), await ask(without)];
      expect(found.map(({ id }) => id)).toEqual(expected.map(({ id }) => id));
      expect(found.length).toBeGreaterThan(10);
      for (const [place, { similarity }] of found.entries())
        expect(Math.abs(similarity - (expected[place]?.similarity ?? 0))).toBeLessThan(1e-5);
    }
  }
});

pgvectorTest("what is written without pgvector is found by it, before and after it came", async () => {
  const { withIt, without } = await openBoth();
  const ask = { vector: made(1, 8)[0]?.vector ?? [], limit: 3 };
  for (const count of [10, 20]) {
    await without.upsert(scope, made(count, 8).reverse());
    const found = await withIt.nearest(scope, ask);
    expect(found.map(({ id }) => id)).toEqual((await without.nearest(scope, ask)).map(({ id }) => id));
    expect(found[0]?.id).toBe("p0");
  }
});

pgvectorTest(
  "a table that is large already is not rewritten while nodes use it, but when somebody does, is used",
  async () => {
    const { schema, drop } = newSchema();
    const stores = await openPostgres({ url, node: "n1", schema, maxConnections: 2, usePgvector: false });
    const database = new Database({
      url,
      schema,
      maxConnections: 2,
      statementTimeoutMs: 30_000,
      idleInTransactionMs: 10_000,
    });
    onTestFinished(async () => {
      await stores.close();
      await database.close();
      await drop();
    });
    await stores.vectors.upsert(scope, made(20, 8));
    const careful = new Pgvector(database, 1000);
    expect([await careful.schema(), await careful.schema()]).toEqual([null, null]);
    const type = `${(await extensionIn(url)) as string}.vector`;
    await query(
      `alter table ${schema}.vectors add column direction ${type} generated always as (embedding::${type}) stored`,
    );
    expect(await careful.schema()).not.toBeNull();
  },
);

/** A database of its own, with a role that may make schemas but no extension. */
const newDatabase = async (): Promise<{ readonly superUrl: string; readonly roleUrl: string }> => {
  const name = `test_vectors_${process.pid}`;
  await query(`create database ${name}`);
  await query(`create role ${name} login password '${name}'`);
  await query(`grant create on database ${name} to ${name}`);
  onTestFinished(async () => {
    await query(`drop database ${name} with (force)`);
    await query(`drop role ${name}`);
  });
  const superUrl = new URL(url);
  superUrl.pathname = `/${name}`;
  const roleUrl = new URL(superUrl);
  [roleUrl.username, roleUrl.password] = [name, name];
  return { superUrl: superUrl.href, roleUrl: roleUrl.href };
};

const extensionIn = async (databaseUrl: string): Promise<unknown> => {
  const text = "select nspname from pg_extension join pg_namespace n on n.oid = extnamespace where extname = 'vector'";
  return (await query(text, databaseUrl))[0]?.["nspname"];
};

pgvectorSuperuserTest(
  "a role that may not create the extension searches without it, and with it once somebody has",
  async () => {
    const { superUrl, roleUrl } = await newDatabase();
    const stores = await openPostgres({ url: roleUrl, node: "n1", maxConnections: 2 });
    onTestFinished(() => stores.close());
    await stores.vectors.upsert(scope, made(20, 8));
    const search = async (): Promise<readonly string[]> =>
      (await stores.vectors.nearest(scope, { vector: made(1, 8)[0]?.vector ?? [], limit: 3 })).map(({ id }) => id);
    const searchedThere = async (): Promise<boolean> =>
      (
        await query(
          "select query from pg_stat_activity where application_name = 'agentcore' and datname = current_database()",
          superUrl,
        )
      ).some((row) => String(row["query"]).includes("<#>"));
    const found = await search();
    expect([await extensionIn(superUrl), await searchedThere()]).toEqual([undefined, false]);
    await query("create schema elsewhere", superUrl);
    await query("create extension vector schema elsewhere", superUrl);
    await query("grant usage on schema elsewhere to public", superUrl);
    expect(await search()).toEqual(found);
    expect(await searchedThere()).toBe(true);
  },
);

pgvectorSuperuserTest(
  "the extension is created by the first search, outside our schema, which can be dropped without it",
  async () => {
    const { superUrl } = await newDatabase();
    const [one, two] = await Promise.all(
      ["n1", "n2"].map((node) => openPostgres({ url: superUrl, node, maxConnections: 2 })),
    );
    onTestFinished(async () => void (await Promise.all([one?.close(), two?.close()])));
    await one?.vectors.upsert(scope, made(5, 3));
    expect(await extensionIn(superUrl)).toBeUndefined();
    const ask = { vector: [1, 0, 0], limit: 5 };
    const found = await Promise.all([one, two].map((stores) => stores?.vectors.nearest(scope, ask)));
    expect(found.map((each) => each?.length)).toEqual([5, 5]);
    expect(await extensionIn(superUrl)).toBe("public");
  },
);

test("every row of vectors names its tenant and namespace, and is found by them alone", async () => {
  const { schema, drop } = newSchema();
  const stores = await openPostgres({ url, node: "n1", schema, maxConnections: 4, usePgvector: false });
  onTestFinished(async () => {
    await stores.close();
    await drop();
  });
  await stores.vectors.upsert(scope, made(2, 3));
  expect(await query(`select tenant_id, namespace, id from ${schema}.vectors order by id`)).toEqual([
    { tenant_id: "acme", namespace: "passages", id: "p0" },
    { tenant_id: "acme", namespace: "passages", id: "p1" },
  ]);
});
