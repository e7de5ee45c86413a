/** The schema: tables as numbered steps that are never edited once released, functions as they are in this version. */
import { createHash } from "node:crypto";
import { PlatformError } from "@agentcore/contract";
import type { ClientBase } from "pg";
import { TABLES } from "./sql/0001-tables.ts";
import { BLOBS } from "./sql/0004-blobs.ts";
import { PAYLOAD_BLOBS } from "./sql/0008-payload-blobs.ts";
import { CLAIM_TASKS } from "./sql/functions/claim-tasks.ts";
import { COMMIT_UNITS } from "./sql/functions/commit-units.ts";

// 2 and 3 were functions, which are no steps any more.
const MIGRATIONS: ReadonlyMap<number, string> = new Map([
  [1, TABLES],
  [4, BLOBS],
  [8, PAYLOAD_BLOBS],
]);
const NEWEST = Math.max(...MIGRATIONS.keys());
// A function of another signature is another function: the earlier one stays for nodes of the earlier version until a numbered step drops it.
const FUNCTIONS = `${COMMIT_UNITS}${CLAIM_TASKS}`;

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
    await client.query(`
      create table if not exists ${name}.migrations (number integer primary key, applied_at timestamptz not null default now());
      create table if not exists ${name}.functions (digest text primary key, applied_at timestamptz not null default now());
    `);
    const { rows } = await client.query<{ version: number }>(
      `select coalesce(max(number), 0) as version from ${name}.migrations`,
    );
    const version = rows[0]?.version ?? 0;
    if (version > NEWEST)
      throw new PlatformError(
        "CONFIG_INVALID",
        `schema ${schema} has version ${version}, written by a newer AgentCore; this one knows ${NEWEST}. Start the newer version, or name another schema`,
      );
    for (const [number, step] of MIGRATIONS) {
      if (number <= version) continue;
      await client.query(step);
      await client.query(`insert into ${name}.migrations (number) values ($1)`, [number]);
    }
    await defineFunctions(client, name);
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
};

const defineFunctions = async (client: ClientBase, schema: string): Promise<void> => {
  const digest = createHash("sha256").update(FUNCTIONS).digest("hex");
  const defined = await client.query(`select from ${schema}.functions where digest = $1`, [digest]);
  if (defined.rowCount !== 0) return;
  await client.query(FUNCTIONS);
  await client.query(`delete from ${schema}.functions`);
  await client.query(`insert into ${schema}.functions (digest) values ($1)`, [digest]);
};
