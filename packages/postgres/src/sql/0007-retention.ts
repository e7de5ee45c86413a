/** Logs are folded, tasks removed; both find theirs by an index. Constant defaults: no row is written again. */
export const RETENTION = `
alter table heads add column floor integer not null default 0;
-- It has ended, and nothing more can be folded.
alter table heads add column folded boolean not null default false;
create index heads_removable on heads (tenant_id, updated_at, task_id collate "C")
  where state in ('completed', 'failed', 'canceled', 'rejected');
create index heads_foldable on heads (tenant_id, created_at, task_id collate "C")
  where state in ('completed', 'failed', 'canceled', 'rejected') and not folded;
create index heads_checkpointed on heads (tenant_id, created_at, task_id collate "C")
  where checkpoint_seq > floor + 1 and state in ('submitted', 'working', 'input-required', 'auth-required', 'parked');
create index idempotency_keys_task on idempotency_keys (tenant_id, task_id);
`;
