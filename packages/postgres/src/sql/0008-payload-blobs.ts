/** Blobs have a namespace and an age; which of them the payloads of a task refer to goes with the task. */
export const PAYLOAD_BLOBS = `
-- What was there before is code of agents.
alter table blobs add column namespace text not null default 'code';
alter table blobs alter column namespace drop default;
alter table blobs rename column hash to name;
alter table blobs alter column name type text collate "C";
alter table blobs drop constraint blobs_pkey;
alter table blobs add primary key (tenant_id, namespace, name);
-- By the clock of whoever put it, as everything the store dates.
alter table blobs add column put_at bigint not null default 0;
update blobs set put_at = extract(epoch from made_at) * 1000;
alter table blobs alter column put_at drop default;
alter table blobs drop column made_at;

create table task_blobs (
  tenant_id text not null,
  name text not null,
  task bigint not null references heads (id) on delete cascade,
  primary key (tenant_id, name, task)
);
create index task_blobs_task on task_blobs (task);
`;
