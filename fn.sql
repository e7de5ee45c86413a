set search_path = agentcore;
create or replace function append_batch(
  p_tenant text[], p_task text[], p_seq int[], p_token bigint[], p_state text[], p_due bigint[], p_release boolean[],
  e_unit int[], e_seq int[], e_type text[], e_at bigint[], e_data text[], p_worker bigint
) returns text[] language plpgsql set search_path = agentcore as $$
declare
  ids bigint[]; verdicts text[];
begin
  -- lock in id order
  perform 1 from heads h join unnest(p_tenant, p_task) u(tenant, task) on h.tenant_id = u.tenant and h.task_id = u.task order by h.id for update of h;
  select array_agg(h.id order by u.n), array_agg(
     case when h.id is null then 'missing' when h.token <> u.token then 'fenced' when h.state in ('completed','failed','canceled','rejected') then 'terminal'
          when h.leased_by is distinct from p_worker then 'fenced' when h.seq <> u.seq then 'sequence' else 'ok' end order by u.n)
    into ids, verdicts
    from unnest(p_tenant, p_task, p_seq, p_token) with ordinality u(tenant, task, seq, token, n)
    left join heads h on h.tenant_id = u.tenant and h.task_id = u.task;
  update heads h set seq = h.seq + c.count, state = u.state, attempts = 0
    from unnest(ids, verdicts, p_state) with ordinality u(id, verdict, state, n)
    join (select unit, count(*) as count from unnest(e_unit) x(unit) group by unit) c on c.unit = u.n
    where h.id = u.id and u.verdict = 'ok';
  insert into events (task, seq, type, at, data)
    select ids[e.unit], p_seq[e.unit] + e.seq, e.type, e.at, e.data from unnest(e_unit, e_seq, e_type, e_at, e_data) with ordinality e(unit, seq, type, at, data, n)
    where verdicts[e.unit] = 'ok' order by e.n;
  return verdicts;
end $$;
