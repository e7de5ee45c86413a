/** Tables. Identifiers and payloads are text; payloads hold JSON as it was written, so that a codec may encrypt them. */
export const TABLES = `
create table workers (
  id bigint generated always as identity primary key,
  node text not null,
  joined_at timestamptz not null default now(),
  -- By the database's clock: no other clock decides who holds what.
  lease_until timestamptz not null
);

create table heads (
  id bigint generated always as identity primary key,
  tenant_id text not null,
  task_id text not null,
  agent text not null,
  revision text not null,
  context_id text not null,
  caller text not null,
  state text not null,
  seq integer not null,
  checkpoint_seq integer not null,
  token bigint not null,
  leased_by bigint,
  due_at bigint,
  priority smallint not null,
  attempts integer not null,
  deadline bigint,
  parent_task_id text,
  parent_path text,
  created_at bigint not null,
  updated_at bigint not null,
  exclusive boolean not null,
  unique (tenant_id, task_id)
-- Room for the next version of a row beside it: an append that keeps its state touches no index (HOT).
) with (fillfactor = 70);
create index heads_claimable on heads (tenant_id, agent, priority, due_at, id) where leased_by is null and due_at is not null;
create index heads_due on heads (due_at) where leased_by is null and due_at is not null;
create index heads_leased on heads (leased_by) where leased_by is not null;
create index heads_updated on heads (tenant_id, updated_at, task_id);
create index heads_context on heads (tenant_id, context_id);
create index heads_parent on heads (tenant_id, parent_task_id) where parent_task_id is not null;
create index heads_exclusive on heads (tenant_id, agent, context_id, id)
  where exclusive and state in ('submitted', 'working', 'input-required', 'auth-required', 'parked');

-- What has not begun and only has to be ended.
create index heads_expiring on heads (deadline) where state = 'submitted' and leased_by is null and deadline is not null;

create table idempotency_keys (
  tenant_id text not null, caller text not null, key text not null, task_id text not null,
  primary key (tenant_id, caller, key)
);

create table events (
  task bigint not null,
  seq integer not null,
  type text not null,
  at bigint not null,
  data text not null,
  -- Readers across tasks go by (transaction, position) and read only what no open transaction can still come before.
  transaction xid8 not null default pg_current_xact_id(),
  position bigint generated always as identity,
  primary key (task, seq)
);
create index events_tail on events (transaction, position);

create table mailbox (
  position bigint generated always as identity primary key,
  task bigint not null,
  key text not null,
  kind text not null,
  payload text not null,
  inserted_at bigint not null,
  consumed boolean not null default false,
  unique (task, key)
);
create index mailbox_cancels on mailbox (task) where kind = 'cancel' and not consumed;

create table outbox (
  position bigint generated always as identity primary key,
  transaction xid8 not null default pg_current_xact_id(),
  tenant_id text not null,
  id text not null,
  kind text not null,
  payload text not null
);

create sequence key_value_versions;
create table key_values (
  tenant_id text not null,
  namespace text not null,
  -- Compared byte by byte, so that order and prefixes are those of every other store.
  key text collate "C" not null,
  value text not null,
  version bigint not null,
  expires_at bigint,
  primary key (tenant_id, namespace, key)
);
create index key_values_expiry on key_values (expires_at) where expires_at is not null;
`;
