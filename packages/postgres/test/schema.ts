/** A schema of its own for each test, on the server that `npm run services` names. */
import pg from "pg";
import { test as anyTest } from "vitest";

/** "" when there is none: then the tests that need it are skipped, and `npm test` says so. */
export const url = process.env["AGENTCORE_TEST_POSTGRES_URL"] ?? "";
export const test = url === "" ? anyTest.skip : anyTest;
let made = 0;

export const newSchema = (): { readonly schema: string; readonly drop: () => Promise<void> } => {
  const schema = `test_${process.pid}_${++made}`;
  const drop = async (): Promise<void> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    await client.query(`drop schema if exists ${schema} cascade`);
    await client.end();
  };
  return { schema, drop };
};
