/**
 * remove_tasks: removes ended tasks whole, or only tells what would go. A terminal head never changes, and of a parent that has ended none
 * begins to run again: so what is true when the heads are locked stays true.
 */
export const REMOVE_TASKS = `
create or replace function remove_tasks(tenant text, task_names text[], only_tell boolean)
returns table (names text[], event_count bigint, byte_count bigint) language plpgsql as $$
declare
  ids bigint[];
begin
  with ended as (
    select h.id from heads h where h.tenant_id || '\\t' || h.task_id = any (array(select tenant || '\\t' || name from unnest(task_names) name)) and is_terminal(h.state)
      and not exists (select from heads p where p.tenant_id || '\\t' || p.task_id = h.tenant_id || '\\t' || h.parent_task_id and not is_terminal(p.state))
    order by h.id for update
  )
  select coalesce(array_agg(id), '{}') into ids from ended;
  select coalesce(array_agg(task_id), '{}') into names from heads where id = any (ids);
  select count(*), coalesce(sum(octet_length(data)), 0) into event_count, byte_count from events where task = any (ids);
  if not only_tell then
    delete from idempotency_keys where tenant_id = tenant and task_id = any (names);
    delete from mailbox where task = any (ids);
    delete from events where task = any (ids);
    delete from heads where id = any (ids);
  end if;
  return next;
end $$;
`;
