/** The schema: tables as numbered steps that are never edited once released, functions as they are in this version. */
import { createHash } from "node:crypto";
import { PlatformError } from "@agentcore/contract";
import type { ClientBase } from "pg";
import { type BoundedQuery, codeOf } from "./database.ts";
import { TABLES } from "./sql/0001-tables.ts";
import { BLOBS } from "./sql/0004-blobs.ts";
import { LEASED } from "./sql/0005-leased.ts";
import { OUTBOX_TAKERS } from "./sql/0006-outbox-takers.ts";
import { RETENTION } from "./sql/0007-retention.ts";
import { PAYLOAD_BLOBS } from "./sql/0008-payload-blobs.ts";
import { VECTORS } from "./sql/0009-vectors.ts";
import { TASK_KEY } from "./sql/0010-task-key.ts";
import { URGENCY } from "./sql/0011-urgency.ts";
import { WAITING_MAIL } from "./sql/0012-waiting-mail.ts";
import { LEDGER } from "./sql/0013-ledger.ts";
import { ACCOUNT_END } from "./sql/0014-account-end.ts";
import { CLAIM_TASKS } from "./sql/functions/claim-tasks.ts";
import { COMMIT_UNITS } from "./sql/functions/commit-units.ts";
import { COMPACT_LOG } from "./sql/functions/compact-log.ts";
import { KEEP_LEDGER } from "./sql/functions/keep-ledger.ts";
import { REMOVE_TASKS } from "./sql/functions/remove-tasks.ts";
import { TAKE_OUTBOX } from "./sql/functions/take-outbox.ts";

interface Step {
  readonly number: number;
  readonly sql: string;
  /** Tables of earlier steps that this one alters, indexes or refers to. */
  readonly alters: readonly (typeof LOCK_ORDER)[number][];
}

// As nodes lock them.
const LOCK_ORDER = ["heads", "idempotency_keys", "ledger_accounts", "mailbox", "outbox", "blobs"] as const;
// 2 and 3 were functions, which are no steps any more.
export const STEPS: readonly Step[] = [
  { number: 1, sql: TABLES, alters: [] },
  { number: 4, sql: BLOBS, alters: [] },
  { number: 5, sql: LEASED, alters: ["heads"] },
  { number: 6, sql: OUTBOX_TAKERS, alters: ["outbox"] },
  { number: 7, sql: RETENTION, alters: ["heads", "idempotency_keys"] },
  { number: 8, sql: PAYLOAD_BLOBS, alters: ["heads", "blobs"] },
  { number: 9, sql: VECTORS, alters: [] },
  { number: 10, sql: TASK_KEY, alters: ["heads"] },
  { number: 11, sql: URGENCY, alters: ["heads"] },
  { number: 12, sql: WAITING_MAIL, alters: ["mailbox"] },
  { number: 13, sql: LEDGER, alters: [] },
  { number: 14, sql: ACCOUNT_END, alters: ["ledger_accounts"] },
];
export const NEWEST = Math.max(...STEPS.map(({ number }) => number));
// A function of another signature is another function: the earlier one stays for nodes of the earlier version until a numbered step drops it.
const FUNCTIONS = `${KEEP_LEDGER}${COMMIT_UNITS}${CLAIM_TASKS}${TAKE_OUTBOX}${COMPACT_LOG}${REMOVE_TASKS}`;
const FUNCTIONS_DIGEST = createHash("sha256").update(FUNCTIONS).digest("hex");

// Any number that no other program uses: nodes that start together take turns at the schema.
const MIGRATION_LOCK = 4_700_170_047;
const CANCELED = "57014";
// An index over a large table takes as long as it takes, and would be begun again by the next start; locks are waited for no longer
// than any statement may take, since whoever comes later waits behind.
const TAKE_TIME =
  "select set_config('lock_timeout', current_setting('statement_timeout'), true), set_config('statement_timeout', '0', true)";
const STEP_LIMIT_MS = 24 * 3_600_000;

/**
 * Rows that a dump brought from another cluster, whose count of transactions was further on: nobody would read them until this one's
 * is as far. What is seen was committed, so its transaction is before the end of the snapshot.
 */
const IS_AHEAD = "transaction >= pg_snapshot_xmax(pg_current_snapshot())";
const SETTLE_OUTBOX = `update outbox set transaction = pg_current_xact_id() where ${IS_AHEAD}`;
// Along the index: this runs at every start.
const SETTLE_EVENTS = `update events set transaction = pg_current_xact_id() where ${IS_AHEAD}
  and (select ${IS_AHEAD} from events order by transaction desc, position desc limit 1)`;

/** Brings the schema to the newest version in one transaction; waits for another node that does so. Throws CONFIG_INVALID for a newer one. */
export const migrate = async (client: ClientBase, schema: string): Promise<void> => {
  const name = `"${schema.replaceAll('"', '""')}"`;
  await client.query("begin");
  try {
    await client.query("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK]).catch(speakOfWaiting);
    await client.query(TAKE_TIME);
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
    await client.query(patiently(SETTLE_OUTBOX));
    await client.query(patiently(SETTLE_EVENTS));
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => undefined);
    throw error;
  }
};

const speakOfWaiting = (error: unknown): never => {
  if (codeOf(error) !== CANCELED) throw error;
  throw new PlatformError(
    "STORE_UNAVAILABLE",
    "another node is bringing the schema up to date; start this one again when it is through",
    { cause: error },
  );
};

const patiently = (text: string): BoundedQuery => ({ text, query_timeout: STEP_LIMIT_MS });

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
  const steps = STEPS.filter(({ number }) => number > version);
  if (version > 0) await lockTables(client, steps);
  for (const { number, sql } of steps) {
    await client.query(patiently(sql));
    await client.query(`insert into ${schema}.migrations (number) values ($1)`, [number]);
  }
};

/** All at once, first, and whole: a lock that grows as the steps go on would wait for running nodes that wait for it. */
const lockTables = async (client: ClientBase, steps: readonly Step[]): Promise<void> => {
  const altered = new Set(steps.flatMap(({ alters }) => alters));
  // What these steps make themselves nobody else knows.
  const { rows } = await client.query<{ name: string }>(
    "select name from unnest($1::text[]) name where to_regclass(name) is not null",
    [[...altered]],
  );
  const there = new Set(rows.map(({ name }) => name));
  const tables = LOCK_ORDER.filter((table) => there.has(table));
  if (tables.length > 0) await client.query(`lock table ${tables.join(", ")} in access exclusive mode`);
};

const defineFunctions = async (client: ClientBase, schema: string): Promise<void> => {
  if (await isDefinedHere(client, schema)) return;
  await client.query(FUNCTIONS);
  await client.query(`delete from ${schema}.functions`);
  await client.query(`insert into ${schema}.functions (digest) values ($1)`, [FUNCTIONS_DIGEST]);
};
