/**
 * compact_log: folds events up to a number into one, in the place of the last of them. With the head locked, so that what it
 * rests on stays: commit_units locks the same row before it appends. `others` null: what else the task refers to is not known.
 */
export const COMPACT_LOG = `
create or replace function compact_log(tenant text, task_name text, new_floor integer, event_at bigint, event_data text,
  added text[], dropped text[], others text[])
returns text language plpgsql as $$
declare
  head heads;
  is_whole boolean;
begin
  select * into head from heads h where h.tenant_id || '\\t' || h.task_id = tenant || '\\t' || task_name for update;
  if not found then return 'missing'; end if;
  if new_floor < 1 or new_floor >= (case when is_terminal(head.state) then head.seq else head.checkpoint_seq end) then return 'refused'; end if;
  if new_floor <= head.floor then return 'unchanged'; end if;
  -- In place: whoever reads all tasks finds it where the last event it stands for was.
  update events set type = 'log.compacted', at = event_at, data = event_data where task = head.id and seq = new_floor;
  delete from events where task = head.id and seq < new_floor;
  is_whole := is_terminal(head.state) and new_floor = head.seq - 1;
  update heads set floor = new_floor, folded = is_whole where id = head.id;
  delete from task_blobs where task = head.id
    and (name = any (dropped) or is_whole and others is not null and not name = any (added || others));
  insert into task_blobs (tenant_id, name, task) select head.tenant_id, name, head.id from unnest(added) name on conflict do nothing;
  return 'compacted';
end $$;
`;
