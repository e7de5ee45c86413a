/** The schema: tables as numbered steps that are never edited once released, functions as they are in this version. */
import { createHash } from "node:crypto";
import { PlatformError } from "@agentcore/contract";
import type { ClientBase } from "pg";
import { TABLES } from "./sql/0001-tables.ts";
import { BLOBS } from "./sql/0004-blobs.ts";
import { LEASED } from "./sql/0005-leased.ts";
import { OUTBOX_TAKERS } from "./sql/0006-outbox-takers.ts";
import { RETENTION } from "./sql/0007-retention.ts";
import { PAYLOAD_BLOBS } from "./sql/0008-payload-blobs.ts";
import { VECTORS } from "./sql/0009-vectors.ts";
import { TASK_KEY } from "./sql/0010-task-key.ts";
import { URGENCY } from "./sql/0011-urgency.ts";
import { CLAIM_TASKS } from "./sql/functions/claim-tasks.ts";
import { COMMIT_UNITS } from "./sql/functions/commit-units.ts";
import { COMPACT_LOG } from "./sql/functions/compact-log.ts";
import { REMOVE_TASKS } from "./sql/functions/remove-tasks.ts";
import { TAKE_OUTBOX } from "./sql/functions/take-outbox.ts";

// 2 and 3 were functions, which are no steps any more.
const MIGRATIONS: ReadonlyMap<number, string> = new Map([
  [1, TABLES],
  [4, BLOBS],
  [5, LEASED],
  [6, OUTBOX_TAKERS],
  [7, RETENTION],
  [8, PAYLOAD_BLOBS],
  [9, VECTORS],
  [10, TASK_KEY],
  [11, URGENCY],
]);
export const NEWEST = Math.max(...MIGRATIONS.keys());
// A function of another signature is another function: the earlier one stays for nodes of the earlier version until a numbered step drops it.
const FUNCTIONS = `${COMMIT_UNITS}${CLAIM_TASKS}${TAKE_OUTBOX}${COMPACT_LOG}${REMOVE_TASKS}`;
const FUNCTIONS_DIGEST = createHash("sha256").update(FUNCTIONS).digest("hex");

// Any number that no other program uses: nodes that start together take turns at the schema.
const MIGRATION_LOCK = 4_700_170_047;

/** Brings the schema to the newest version in one transaction; waits for another node that does so. Throws CONFIG_INVALID for a newer one. */
export const migrate = async (client: ClientBase, schema: string): Promise<void> => {
  const name = `"${schema.replaceAll('"', '""')}"`;
  await client.query("begin");
  try {
    await client.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]);
    // Asked first: "create … if not exists" wants the right to create also where there is nothing to do.
    const found = await client.query("select from pg_namespace where nspname = $1", [schema]);
    if (found.rowCount === 0) await client.query(`create schema ${name}`);
    await createBooks(client, name);
    const version = await versionOf(client, name);
    if (version > NEWEST)
      throw new PlatformError(
        "CONFIG_INVALID",
        `schema ${schema} has version ${version}, written by a newer AgentCore; this one knows ${NEWEST}. Start the newer version, or name another schema`,
      );
    await applySteps(client, name, version);
    await defineFunctions(client, name);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
};

/** The whole of it in an empty schema that is on the search path, within the caller's transaction. `schema` is quoted. */
export const createAll = async (client: ClientBase, schema: string): Promise<void> => {
  await createBooks(client, schema);
  await applySteps(client, schema, 0);
  await defineFunctions(client, schema);
};

/** Number of the last step that was taken; 0 before the first. `schema` is quoted. */
export const versionOf = async (client: ClientBase, schema: string): Promise<number> => {
  const { rows } = await client.query<{ version: number }>(
    `select coalesce(max(number), 0) as version from ${schema}.migrations`,
  );
  return rows[0]?.version ?? 0;
};

/** Whether the functions there were last defined by this version. `schema` is quoted. */
export const isDefinedHere = async (client: ClientBase, schema: string): Promise<boolean> => {
  return (await client.query(`select from ${schema}.functions where digest = $1`, [FUNCTIONS_DIGEST])).rowCount !== 0;
};

/** Where it is written what was done. */
const createBooks = (client: ClientBase, schema: string): Promise<unknown> =>
  client.query(`
    create table if not exists ${schema}.migrations (number integer primary key, applied_at timestamptz not null default now());
    create table if not exists ${schema}.functions (digest text primary key, applied_at timestamptz not null default now());
  `);

const applySteps = async (client: ClientBase, schema: string, version: number): Promise<void> => {
  for (const [number, step] of MIGRATIONS) {
    if (number <= version) continue;
    await client.query(step);
    await client.query(`insert into ${schema}.migrations (number) values ($1)`, [number]);
  }
};

const defineFunctions = async (client: ClientBase, schema: string): Promise<void> => {
  if (await isDefinedHere(client, schema)) return;
  await client.query(FUNCTIONS);
  await client.query(`delete from ${schema}.functions`);
  await client.query(`insert into ${schema}.functions (digest) values ($1)`, [FUNCTIONS_DIGEST]);
};
