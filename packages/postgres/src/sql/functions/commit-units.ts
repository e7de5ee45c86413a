/**
 * commit_units: a batch of units in one statement, each all or nothing, one verdict each: null for committed, else
 * 'fenced' or 'stale reason [task]'. No two units of a batch touch the same task, key or recipient (unit-batches.ts sees to it), so
 * the parts of all units are checked together and written together.
 *
 * Every statement below sees what was committed before it began, and nothing it rests on changes afterwards: heads are
 * locked first, in the order of their ids, so that two nodes never wait for each other; and whoever writes a mailbox locks its head.
 */
export const COMMIT_UNITS = `
create or replace function is_terminal(state text) returns boolean language sql immutable parallel safe
  return state in ('completed', 'failed', 'canceled', 'rejected');

create or replace function wakes_task(state text, kind text) returns boolean language sql immutable parallel safe
  return state <> 'parked' or kind in ('retry', 'cancel');

create or replace function commit_units(units jsonb, worker bigint, clock bigint) returns text[] language plpgsql as $$
declare
  verdicts text[] := array_fill(null::text, array[(units->>'count')::integer]);
  refused record;
  made bigint[];
begin
  -- A worker whose lease was given to others may make nothing that would be leased to it.
  perform from workers where id = worker for key share;
  if not found then raise exception 'the lease of this worker is lost' using errcode = 'AC001'; end if;

  perform from heads where id in (
    select h.id from jsonb_to_recordset(units->'appends') a (tenant text, task text)
      join heads h on h.tenant_id = a.tenant and h.task_id = a.task
    union
    select h.id from jsonb_to_recordset(units->'mail') m (tenant text, task text)
      join heads h on h.tenant_id = m.tenant and h.task_id = m.task
  ) order by id for update;

  for refused in
    select unit, verdict from (
      select a.unit, case
        when h.id is null then 'stale missing'
        when h.token <> a.token then 'fenced'
        when is_terminal(h.state) then 'stale terminal'
        when h.leased_by is distinct from worker then 'fenced'
        when h.seq <> a.seq then 'stale sequence'
        when a.empty and exists (
          select from mailbox b where b.task = h.id and not b.consumed and not (a.consume ? b.key)) then 'stale mailbox'
        end as verdict
      from jsonb_to_recordset(units->'appends')
        a (unit integer, tenant text, task text, seq integer, token bigint, empty boolean, consume jsonb)
      left join heads h on h.tenant_id = a.tenant and h.task_id = a.task
    ) judged where verdict is not null
  loop verdicts[refused.unit] := refused.verdict; end loop;

  if jsonb_array_length(units->'creates') > 0 then
    for refused in
      with wanted as (
        select c.* from jsonb_to_recordset(units->'creates') c (unit integer, tenant text, task text, caller text, key text, ignore boolean)
        where verdicts[c.unit] is null and not (c.ignore and exists (select from heads h where h.tenant_id = c.tenant and h.task_id = c.task))
      ), reserved as (
        insert into idempotency_keys select tenant, caller, key, task from wanted where key is not null
        on conflict do nothing returning tenant_id, caller, key
      )
      select distinct on (w.unit) w.unit, 'stale exists ' || coalesce(
        (select k.task_id from idempotency_keys k where k.tenant_id = w.tenant and k.caller = w.caller and k.key = w.key), w.task) as verdict
      from wanted w
      where w.key is not null and not exists (
        select from reserved r where r.tenant_id = w.tenant and r.caller = w.caller and r.key = w.key)
    loop verdicts[refused.unit] := refused.verdict; end loop;

    for refused in
      with wanted as (
        select c.* from jsonb_to_recordset(units->'creates') c (unit integer, tenant text, task text, agent text, revision text, context text,
          caller text, priority smallint, deadline bigint, parent_task text, parent_path text, due bigint, created bigint, ignore boolean,
          exclusive boolean, claimed text, checkpoint integer, releases boolean, release_due bigint, count integer, changed bigint)
        where verdicts[c.unit] is null
      ), inserted as (
        insert into heads (tenant_id, task_id, agent, revision, context_id, caller, state, seq, checkpoint_seq, token, leased_by, due_at,
          priority, attempts, deadline, parent_task_id, parent_path, created_at, updated_at, exclusive)
        select tenant, task, agent, revision, context, caller, coalesce(claimed, 'submitted'), count, checkpoint,
          case when claimed is null then 0 else 1 end,
          case when claimed is null or releases or is_terminal(claimed) then null else worker end,
          case when is_terminal(coalesce(claimed, 'submitted')) then null when releases then release_due else due end,
          priority, case when claimed is null then 0 else 1 end, deadline, parent_task, parent_path, created, changed, exclusive
        from wanted
        on conflict (tenant_id, task_id) do nothing returning id, tenant_id, task_id
      ), kept as (select array_agg(id) as ids from inserted)
      select w.unit, 'stale exists ' || w.task as verdict, (select ids from kept) as ids, w.ignore,
        exists (select from inserted i where i.tenant_id = w.tenant and i.task_id = w.task) as isnew
      from wanted w
    loop
      made := refused.ids;
      if not refused.isnew and not refused.ignore then verdicts[refused.unit] := refused.verdict; end if;
    end loop;
  end if;

  for refused in
    select m.unit, case when h.id is null then 'stale missing' else 'stale terminal' end as verdict
    from jsonb_to_recordset(units->'mail') m (unit integer, tenant text, task text, refuse boolean)
    left join heads h on h.tenant_id = m.tenant and h.task_id = m.task
    where m.refuse and verdicts[m.unit] is null and (h.id is null or is_terminal(h.state))
  loop verdicts[refused.unit] := refused.verdict; end loop;

  -- What a refused unit has made so far goes again; nobody else has seen it.
  if exists (select from unnest(verdicts) v where v is not null) then
    delete from heads h using jsonb_to_recordset(units->'creates') c (unit integer, tenant text, task text)
      where verdicts[c.unit] is not null and h.id = any (made) and h.tenant_id = c.tenant and h.task_id = c.task;
    delete from idempotency_keys k using jsonb_to_recordset(units->'creates') c (unit integer, tenant text, task text, caller text, key text)
      where verdicts[c.unit] is not null and k.tenant_id = c.tenant and k.caller = c.caller and k.key = c.key and k.task_id = c.task
        and not exists (select from heads h where h.tenant_id = c.tenant and h.task_id = c.task);
  end if;

  update heads h set
    seq = h.seq + a.count,
    state = a.state,
    checkpoint_seq = coalesce(a.checkpoint, h.checkpoint_seq),
    -- Giving a lease back is not losing it: the attempt does not count.
    attempts = case when a.count > 0 then 0 when a.releases then greatest(0, h.attempts - 1) else h.attempts end,
    leased_by = case when a.releases or is_terminal(a.state) then null else h.leased_by end,
    -- Mail that came while the holder was busy would otherwise sleep with the task.
    due_at = case when is_terminal(a.state) then null when not a.releases then h.due_at
      when exists (select from mailbox b where b.task = h.id and not b.consumed and not (a.consume ? b.key) and wakes_task(a.state, b.kind))
        then least(coalesce(a.due, clock), clock)
      else a.due end,
    updated_at = case when a.state = h.state then h.updated_at else coalesce(a.changed, clock) end
  from jsonb_to_recordset(units->'appends') a (unit integer, tenant text, task text, count integer, state text, checkpoint integer,
    releases boolean, due bigint, changed bigint, consume jsonb)
  where verdicts[a.unit] is null and h.tenant_id = a.tenant and h.task_id = a.task;

  insert into events (task, seq, type, at, data)
  select h.id, e.seq, e.type, e.at, e.data
  from rows from (jsonb_to_recordset(units->'events')
      as (unit integer, tenant text, task text, born boolean, seq integer, type text, at bigint, data text))
    with ordinality e (unit, tenant, task, born, seq, type, at, data, place)
  join heads h on h.tenant_id = e.tenant and h.task_id = e.task
  -- A task that was there already, and was asked to be ignored, keeps its own beginning.
  where verdicts[e.unit] is null and (not e.born or h.id = any (made)) order by e.place;

  update mailbox b set consumed = true, payload = 'null'
  from jsonb_to_recordset(units->'appends') a (unit integer, tenant text, task text, consume jsonb), heads h
  where verdicts[a.unit] is null and jsonb_array_length(a.consume) > 0 and h.tenant_id = a.tenant and h.task_id = a.task
    and b.task = h.id and not b.consumed and a.consume ? b.key;

  delete from mailbox b
  using jsonb_to_recordset(units->'appends') a (unit integer, tenant text, task text, state text), heads h
  where verdicts[a.unit] is null and is_terminal(a.state) and h.tenant_id = a.tenant and h.task_id = a.task and b.task = h.id;

  if jsonb_array_length(units->'mail') > 0 then
    with delivered as (
      insert into mailbox (task, key, kind, payload, inserted_at)
      select h.id, m.key, m.kind, m.payload, clock
      from rows from (jsonb_to_recordset(units->'mail') as (unit integer, tenant text, task text, key text, kind text, payload text))
        with ordinality m (unit, tenant, task, key, kind, payload, place)
      join heads h on h.tenant_id = m.tenant and h.task_id = m.task
      where verdicts[m.unit] is null and not is_terminal(h.state) order by m.place
      on conflict (task, key) do nothing returning task, kind
    )
    update heads h set due_at = least(coalesce(h.due_at, clock), clock)
    from delivered d where h.id = d.task and wakes_task(h.state, d.kind);
  end if;

  if jsonb_array_length(units->'outbox') > 0 then
    insert into outbox (tenant_id, id, kind, payload)
    select o.tenant, o.id, o.kind, o.payload
    from rows from (jsonb_to_recordset(units->'outbox') as (unit integer, tenant text, id text, kind text, payload text))
      with ordinality o (unit, tenant, id, kind, payload, place)
    where verdicts[o.unit] is null order by o.place;
  end if;

  if jsonb_array_length(units->'blobs') > 0 then
    insert into task_blobs (tenant_id, name, task)
    select r.tenant, r.name, h.id from jsonb_to_recordset(units->'blobs') r (unit integer, tenant text, task text, born boolean, name text)
      join heads h on h.tenant_id = r.tenant and h.task_id = r.task
    -- Only of heads that are locked: the foreign key locks them too.
    where verdicts[r.unit] is null and (not r.born or h.id = any (made))
    on conflict do nothing;
  end if;

  return verdicts;
end $$;
`;
