/**
 * The schema, as numbered steps that are never edited once released. Tables are STRICT: a column holds its type, so rows
 * need no check of types when read.
 */
import type { DatabaseSync } from "node:sqlite";
import { VECTOR_TABLES } from "./vector-tables.ts";
import { WorkerFailure } from "./worker-failure.ts";

/** Heads have integer ids so that rows of events and mail stay small and are written in sequence. */
const FIRST = `
create table meta (name text primary key, value integer not null) strict, without rowid;
insert into meta (name, value) values ('epoch', 0), ('keyValueVersion', 0);

create table heads (
  id integer primary key,
  tenant_id text not null,
  task_id text not null,
  agent text not null,
  revision text not null,
  context_id text not null,
  caller text not null,
  state text not null,
  seq integer not null,
  checkpoint_seq integer not null,
  token integer not null,
  leased integer not null,
  due_at integer,
  priority integer not null,
  attempts integer not null,
  deadline integer,
  parent_task_id text,
  parent_path text,
  created_at integer not null,
  updated_at integer not null,
  unique (tenant_id, task_id)
) strict;
-- None of these holds seq or attempts: an append that keeps its state touches no index but that of events.
create index heads_claimable on heads (tenant_id, agent, priority, due_at) where leased = 0 and due_at is not null;
create index heads_due on heads (due_at) where leased = 0 and due_at is not null;
create index heads_updated on heads (tenant_id, updated_at, task_id);
create index heads_context on heads (tenant_id, context_id);
create index heads_parent on heads (tenant_id, parent_task_id) where parent_task_id is not null;

create table idempotency (
  tenant_id text not null, agent text not null, caller text not null, key text not null, task_id text not null,
  primary key (tenant_id, agent, caller, key)
) strict, without rowid;

create table events (
  position integer primary key,
  task integer not null,
  seq integer not null,
  type text not null,
  at integer not null,
  data text not null
) strict;
create unique index events_log on events (task, seq);

-- autoincrement: a position is a cursor, so that of a removed row must not come again.
create table mailbox (
  position integer primary key autoincrement,
  task integer not null,
  key text not null,
  kind text not null,
  payload text not null,
  inserted_at integer not null,
  consumed integer not null default 0
) strict;
create unique index mailbox_key on mailbox (task, key);

create table outbox (
  position integer primary key autoincrement,
  tenant_id text not null,
  id text not null,
  kind text not null,
  payload text not null
) strict;

create table key_values (
  tenant_id text not null,
  namespace text not null,
  key text not null,
  value text not null,
  version integer not null,
  expires_at integer,
  primary key (tenant_id, namespace, key)
) strict, without rowid;
create index key_values_expiry on key_values (expires_at) where expires_at is not null;
`;

/** Work on one context one at a time; one idempotency key per caller, whichever agent took the work. */
const SECOND = `
alter table heads add column exclusive integer not null default 0;
create index heads_exclusive on heads (tenant_id, agent, context_id, id)
  where exclusive = 1 and state in ('submitted', 'working', 'input-required', 'auth-required', 'parked');
-- What has not begun and only has to be ended.
create index heads_expiring on heads (deadline) where state = 'submitted' and leased = 0 and deadline is not null;
create index mailbox_cancels on mailbox (task) where kind = 'cancel' and consumed = 0;

create table idempotency_keys (
  tenant_id text not null, caller text not null, key text not null, task_id text not null,
  primary key (tenant_id, caller, key)
) strict, without rowid;
insert or ignore into idempotency_keys select tenant_id, caller, key, task_id from idempotency;
-- A2A's keys have named their agent since.
insert or ignore into idempotency_keys select tenant_id, caller, agent || '/' || key, task_id from idempotency;
drop table idempotency;
`;

/** How many tasks of a tenant or an agent are leased, where that is limited. */
const THIRD = `
create index heads_leased on heads (tenant_id, agent) where leased = 1;
`;

/** Logs are folded, tasks removed; both find theirs without looking at the others. */
const FOURTH = `
alter table heads add column floor integer not null default 0;
-- It has ended, and nothing more can be folded.
alter table heads add column folded integer not null default 0;
create index heads_removable on heads (tenant_id, updated_at, task_id)
  where state in ('completed', 'failed', 'canceled', 'rejected');
create index heads_foldable on heads (tenant_id, created_at, task_id)
  where state in ('completed', 'failed', 'canceled', 'rejected') and folded = 0;
create index heads_checkpointed on heads (tenant_id, created_at, task_id)
  where checkpoint_seq > floor + 1 and state in ('submitted', 'working', 'input-required', 'auth-required', 'parked');
create index idempotency_keys_task on idempotency_keys (tenant_id, task_id);
`;

/** Which blobs the payloads of a task refer to; they go with the task. */
const FIFTH = `
create table task_blobs (
  tenant_id text not null,
  name text not null,
  task integer not null references heads (id) on delete cascade,
  primary key (tenant_id, name, task)
) strict, without rowid;
create index task_blobs_task on task_blobs (task);
`;

/** What model calls may cost and have cost. Amounts and sums are at most 2^53 - 1. */
const SEVENTH = `
create table ledger_accounts (
  tenant_id text not null, account text not null, spent integer not null, reserved integer not null,
  primary key (tenant_id, account)
) strict, without rowid;

create table ledger_reservations (
  tenant_id text not null,
  key text not null,
  expires_at integer not null,
  -- JSON: what is held in which account, and what is noted when it expires.
  amounts text not null,
  usage text not null,
  primary key (tenant_id, key)
) strict, without rowid;
create index ledger_reservations_expiry on ledger_reservations (expires_at);

create table ledger_usage (
  tenant_id text not null,
  hour integer not null,
  agent text not null,
  team text not null,
  model text not null,
  caller text not null,
  calls integer not null,
  estimated_calls integer not null,
  input_tokens integer not null,
  cached_input_tokens integer not null,
  output_tokens integer not null,
  cost_nano_usd integer not null,
  cache_hits integer not null,
  saved_nano_usd integer not null,
  primary key (tenant_id, hour, agent, team, model, caller)
) strict, without rowid;
`;

/** When accounts may go. */
const EIGHTH = `
alter table ledger_accounts add column ends_at integer;
create index ledger_accounts_end on ledger_accounts (tenant_id, ends_at) where ends_at is not null;
`;

/** What waits in a mailbox, however much of it was taken in before. */
const NINTH = `
create index mailbox_waiting on mailbox (task, position) where consumed = 0;
`;

export const MIGRATIONS: readonly string[] = [
  FIRST,
  SECOND,
  THIRD,
  FOURTH,
  FIFTH,
  VECTOR_TABLES,
  SEVENTH,
  EIGHTH,
  NINTH,
];

/** Brings the file to the newest schema in one transaction. Throws CONFIG_INVALID for a file of a newer version. */
export const migrate = (database: DatabaseSync, file: string): void => {
  const version = Number(database.prepare("pragma user_version").get()?.["user_version"] ?? 0);
  if (version > MIGRATIONS.length) {
    throw new WorkerFailure(
      "CONFIG_INVALID",
      `${file} has schema version ${version}, written by a newer AgentCore; this one knows ${MIGRATIONS.length}. Start the newer version, or use another data folder`,
    );
  }
  if (version === MIGRATIONS.length) return;
  database.exec("begin immediate");
  for (const migration of MIGRATIONS.slice(version)) database.exec(migration);
  database.exec(`pragma user_version = ${MIGRATIONS.length}`);
  database.exec("commit");
};
