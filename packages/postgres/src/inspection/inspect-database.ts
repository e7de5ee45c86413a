/** What `agentcore doctor` says about a database. Changes nothing: what it makes to compare with is rolled back. */
import pg from "pg";
import { quoteIdentifier } from "../database.ts";
import { NEWEST, versionOf } from "../migrations.ts";
import { OLDEST_VERSION } from "../server-version.ts";
import { checkDrift } from "./check-drift.ts";
import type { DatabaseFinding } from "./database-finding.ts";
import { messageOf } from "./message-of.ts";
import { readRights } from "./read-rights.ts";

const DEFAULT_SCHEMA = "agentcore";

/** Never rejects: a database that cannot be reached is a finding. */
export const inspectDatabase = async (options: {
  readonly url: string;
  /** @default "agentcore" */
  readonly schema?: string | undefined;
}): Promise<readonly DatabaseFinding[]> => {
  const { url, schema = DEFAULT_SCHEMA } = options;
  const client = new pg.Client({
    ...{ connectionString: url, application_name: "agentcore doctor", connectionTimeoutMillis: 5_000 },
    statement_timeout: 30_000,
  });
  // What breaks is told by the query that was under way.
  client.on("error", () => undefined);
  try {
    await client.connect();
  } catch (error) {
    const nextStep = "Give an address that this machine reaches, with --database or AGENTCORE_DATABASE_URL.";
    return [{ check: "database", status: "fail", detail: messageOf(error), nextStep }];
  }
  try {
    const server = await checkServer(client);
    if (server.status === "fail") return [server];
    return [
      server,
      ...(await checkSettings(client)),
      ...(await checkSchema(client, schema)),
      await checkVector(client),
    ];
  } catch (error) {
    return [{ check: "database", status: "fail", detail: `could not be looked at: ${messageOf(error)}` }];
  } finally {
    await client.end().catch(() => undefined);
  }
};

const checkServer = async (client: pg.ClientBase): Promise<DatabaseFinding> => {
  const { rows } = await client.query<{
    number: number;
    text: string;
    login: string;
    name: string;
    inRecovery: boolean;
  }>(
    `select current_setting('server_version_num')::int as number, current_setting('server_version') as text,
      current_user as login, current_database() as name, pg_is_in_recovery() as "inRecovery"`,
  );
  const [row] = rows;
  if (row === undefined) return { check: "database", status: "fail", detail: "the server says nothing of itself" };
  const { number, text, login, name, inRecovery } = row;
  const detail = `PostgreSQL ${text}, database ${name}, as ${login}`;
  if (number < OLDEST_VERSION)
    return { check: "database", status: "fail", detail, nextStep: "14 is the oldest version that works." };
  if (inRecovery)
    return { check: "database", status: "fail", detail: `${detail}: a standby`, nextStep: "Name the primary server." };
  return { check: "database", status: "ok", detail };
};

const checkSettings = async (client: pg.ClientBase): Promise<readonly DatabaseFinding[]> => {
  const { rows } = await client.query<{ name: string }>(
    "select name from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes') and setting = 'off' order by name",
  );
  if (rows.length === 0) return [{ check: "durability", status: "ok", detail: "what is committed is on disk" }];
  return rows.map(({ name }) => ({
    ...{ check: "durability", status: "warn", detail: `${name} is off: work that was acknowledged may be lost` },
    nextStep: `Set ${name} to on, unless you can do without what was done last.`,
  }));
};

const checkVector = async (client: pg.ClientBase): Promise<DatabaseFinding> => {
  const { rows } = await client.query<{ installed: string | null; available: string }>(
    "select installed_version as installed, default_version as available from pg_available_extensions where name = 'vector'",
  );
  const [row] = rows;
  const detail =
    row === undefined
      ? "not installed on the server"
      : row.installed === null
        ? `${row.available} is there, not enabled in this database`
        : row.installed;
  return { check: "pgvector", status: "ok", detail };
};

const checkSchema = async (client: pg.ClientBase, schema: string): Promise<readonly DatabaseFinding[]> => {
  const name = quoteIdentifier(schema);
  const rights = await readRights(client, schema);
  if (!rights.exists) {
    const check = "schema";
    const detail = `${schema} is not there yet`;
    return rights.mayCreate
      ? [{ check, status: "ok", detail: `${detail}; the first node that starts makes it` }]
      : [
          {
            check,
            status: "fail",
            detail,
            nextStep: `grant create on database … to its user, or: create schema ${name} authorization …`,
          },
        ];
  }
  if (rights.missing.length > 0)
    return [
      {
        ...{ check: "schema", status: "fail", detail: `no right to ${rights.missing.join(", ")}` },
        nextStep: `Connect as the owner of the schema ${schema}, or let it grant these.`,
      },
    ];
  if (!rights.hasTables)
    return [
      { check: "schema", status: "ok", detail: `${schema} has no tables yet; the first node that starts makes them` },
    ];
  const version = await versionOf(client, name);
  const check = "schema";
  const detail = `${schema} has version ${version}`;
  if (version > NEWEST)
    return [
      {
        check,
        status: "fail",
        detail: `${detail}, this AgentCore knows ${NEWEST}`,
        nextStep: "Update this AgentCore.",
      },
    ];
  if (version < NEWEST)
    return [
      {
        ...{ check, status: "warn", detail: `${detail}, this AgentCore makes it ${NEWEST}` },
        nextStep: "The next node of this version that starts brings it up to date.",
      },
    ];
  return [{ check, status: "ok", detail }, ...(await checkDrift(client, schema, rights.mayCreate))];
};
