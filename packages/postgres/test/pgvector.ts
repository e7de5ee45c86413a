/** Tests that need the extension pgvector: skipped, and said so, where the test server cannot give it. */
import pg from "pg";
import { test as anyTest } from "vitest";
import { url } from "./schema.ts";

const look = async (): Promise<{ readonly isThere: boolean; readonly isSuperuser: boolean }> => {
  if (url === "") return { isThere: false, isSuperuser: false };
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ rolsuper: boolean }>(
      "select rolsuper from pg_roles where rolname = current_user",
    );
    // As the adapter does it: else a suite would pass without it.
    await client.query("create extension if not exists vector schema public").catch(() => undefined);
    const { rowCount } = await client.query("select from pg_extension where extname = 'vector'");
    if (rowCount === 0) console.error("TESTS ARE SKIPPED. The test server has no extension pgvector.");
    return { isThere: rowCount !== 0, isSuperuser: rows[0]?.rolsuper ?? false };
  } finally {
    await client.end();
  }
};

const { isThere, isSuperuser } = await look();

export const pgvectorTest = isThere ? anyTest : anyTest.skip;
/** For tests that make databases and roles of their own too. */
export const pgvectorSuperuserTest = isThere && isSuperuser ? anyTest : anyTest.skip;
