/** A database of its own for a test, on the server that `npm run services` names. */
import pg from "pg";

const url = process.env["AGENTCORE_TEST_POSTGRES_URL"] ?? "";

/** False when there is no server: then the tests that need it are skipped, and `npm test` says so. */
export const hasPostgres = url !== "";

let made = 0;

const admin = async (statement: string): Promise<void> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(statement);
  await client.end();
};

export interface OwnDatabase {
  readonly url: string;
  drop(): Promise<void>;
}

export const createDatabase = async (): Promise<OwnDatabase> => {
  made += 1;
  const name = `own_${process.pid}_${made}`;
  await admin(`create database ${name}`);
  return {
    url: Object.assign(new URL(url), { pathname: `/${name}` }).href,
    drop: () => admin(`drop database ${name} with (force)`),
  };
};
