drop schema if exists agentcore cascade; create schema agentcore; set search_path = agentcore;
create table workers (id bigint generated always as identity primary key, node text not null, lease_until timestamptz not null, joined_at timestamptz not null default now());
create table heads (
  id bigint generated always as identity primary key,
  tenant_id text not null, task_id text not null,
  agent text not null, revision text not null, context_id text not null, caller text not null,
  state text not null, seq int not null, checkpoint_seq int not null, token bigint not null,
  leased_by bigint, due_at bigint, priority smallint not null, attempts smallint not null,
  mail int not null default 0,
  deadline bigint, parent_task_id text, parent_path text, created_at bigint not null, updated_at bigint not null,
  exclusive boolean not null default false,
  unique (tenant_id, task_id)
) with (fillfactor = 80);
create index heads_claimable on heads (tenant_id, agent, priority, due_at, id) where leased_by is null and due_at is not null;
create index heads_due on heads (due_at) where leased_by is null and due_at is not null;
create index heads_leased on heads (leased_by) where leased_by is not null;
create index heads_updated on heads (tenant_id, updated_at, task_id);
create index heads_context on heads (tenant_id, context_id);
create index heads_parent on heads (tenant_id, parent_task_id) where parent_task_id is not null;
create table events (
  task bigint not null, seq int not null, type text not null, at bigint not null, data text not null,
  transaction xid8 not null default pg_current_xact_id(), position bigint generated always as identity,
  primary key (task, seq)
);
create index events_tail on events (transaction, position);
