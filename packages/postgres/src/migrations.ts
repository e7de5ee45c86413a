/** The schema, as numbered steps that are never edited once released. */
import { PlatformError } from "@agentcore/contract";
import type { ClientBase } from "pg";
import { TABLES } from "./sql/0001-tables.ts";
import { COMMIT_UNITS } from "./sql/0002-commit-units.ts";
import { CLAIM_TASKS } from "./sql/0003-claim-tasks.ts";
import { BLOBS } from "./sql/0004-blobs.ts";
import { VECTORS } from "./sql/0009-vectors.ts";

const MIGRATIONS: readonly string[] = [TABLES, COMMIT_UNITS, CLAIM_TASKS, BLOBS, VECTORS];

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
    await client.query(
      `create table if not exists ${name}.migrations (number integer primary key, applied_at timestamptz not null default now())`,
    );
    const { rows } = await client.query<{ version: number }>(
      `select coalesce(max(number), 0) as version from ${name}.migrations`,
    );
    const version = rows[0]?.version ?? 0;
    if (version > MIGRATIONS.length)
      throw new PlatformError(
        "CONFIG_INVALID",
        `schema ${schema} has version ${version}, written by a newer AgentCore; this one knows ${MIGRATIONS.length}. Start the newer version, or name another schema`,
      );
    for (let number = version + 1; number <= MIGRATIONS.length; number++) {
      await client.query(MIGRATIONS[number - 1] ?? "");
      await client.query(`insert into ${name}.migrations (number) values ($1)`, [number]);
    }
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
};
