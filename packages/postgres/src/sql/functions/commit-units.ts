/**
 * commit_units: a batch of units in one statement, each all or nothing, one verdict each: null for committed, else
 * 'fenced' or 'stale reason [task or account]'. No two units of a batch touch the same task, key or recipient (unit-batches.ts sees to it), so
 * the parts of all units are checked together and written together.
 *
 * Every statement below sees what was committed before it began, and nothing it rests on changes afterwards: heads are
 * locked first, in the order of their ids, so that two nodes never wait for each other; and whoever writes a mailbox locks its head.
 *
 * Numbers of heads are given in no order of commits: of two tasks made at the same time the later number may be there first. Where
 * that order decides who runs (one at a time, claim-tasks.ts), those who make such tasks take turns, by an advisory lock of the context
 * that is held to the end of the transaction. A transaction takes all of its own at once, in the order of their numbers, before it
 * locks a head; so whoever waits for one holds only lower ones and the share of its worker's row, for neither of which
 * the holder waits, and there is no circle. Claims take locks of another kind, and hold no head while they wait.
 *
 * Tasks are found once, by their key; after that by id. Plans are settled at the first call and never read a whole table: a plan
 * made while a table was empty would otherwise stay until the next analyse, and cost 20 times as much. What was just made is joined in
 * full: it is guessed to be one row, and any other join would go through all of it for each (10,000 creations: 0.9 s instead of 18).
 */

// Any number that no other program uses; it tells our locks from others' in the same database.
const CONTEXTS_SEED = 4_700_170_051;

// The server's table of locks has room for 6,400 as it comes, for everybody. Contexts that share a number only wait now and then.
const CONTEXT_LOCKS = 1024;

export const COMMIT_UNITS = `
create or replace function is_terminal(state text) returns boolean language sql immutable parallel safe
  return state in ('completed', 'failed', 'canceled', 'rejected');

create or replace function wakes_task(state text, kind text) returns boolean language sql immutable parallel safe
  return state <> 'parked' or kind in ('retry', 'cancel', 'migrate');

-- What is due by the writer's clock is due for everybody, whose clocks may be behind it. What is not due yet stays as it is.
create or replace function due_for_all(due bigint, clock bigint, due_now bigint) returns bigint language sql immutable parallel safe
  return case when due <= clock then least(due, due_now) else due end;

create or replace function lock_contexts(contexts jsonb) returns void language plpgsql as $$
declare
  number integer;
begin
  for number in
    select distinct (hashtextextended(context, ${CONTEXTS_SEED}) & ${CONTEXT_LOCKS - 1})::integer as number
    from jsonb_array_elements_text(contexts) context order by number
  loop
    perform pg_advisory_xact_lock((hashtextextended(current_schema, ${CONTEXTS_SEED}) % 2147483647)::integer, number);
  end loop;
end $$;

create or replace function commit_units(units jsonb, worker bigint, clock bigint) returns text[] language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  size constant integer not null := units->>'count';
  appends constant jsonb not null := units->'appends';
  creates constant jsonb not null := units->'creates';
  mails constant jsonb not null := units->'mail';
  verdicts text[] not null := array_fill(null::text, array[size]);
  -- By unit: the head that it appends to. By place among the creates: the head made. By place among the mail: the recipient's.
  held bigint[] not null := array_fill(null::bigint, array[size]);
  made bigint[] not null := array_fill(null::bigint, array[jsonb_array_length(creates)]);
  recipients bigint[] not null := array_fill(null::bigint, array[jsonb_array_length(mails)]);
  due_now constant bigint not null := least(clock, floor(extract(epoch from clock_timestamp()) * 1000));
  missing integer not null := jsonb_array_length(appends);
  is_refused boolean not null := false;
  found_one record;
  winner text;
  delivered bigint[];
  taken text[];
begin
  -- A worker whose lease was given to others may make nothing that would be leased to it.
  perform from workers where id = worker for key share;
  if not found then raise exception 'the lease of this worker is lost' using errcode = 'AC001'; end if;

  if jsonb_array_length(units->'contexts') > 0 then perform lock_contexts(units->'contexts'); end if;

  for found_one in
    select k.unit, h.id, case
      when h.token <> k.token then 'fenced'
      when is_terminal(h.state) then 'stale terminal'
      when h.leased_by is distinct from worker then 'fenced'
      when h.seq <> k.seq then 'stale sequence' end as verdict
    from (
      select unit, tenant, task, token, seq from jsonb_to_recordset(appends) a (unit integer, tenant text, task text, token bigint, seq integer)
      union all
      select null, tenant, task, null, null from jsonb_to_recordset(mails) m (tenant text, task text)
    ) k join heads h on h.tenant_id || '\\t' || h.task_id = k.tenant || '\\t' || k.task
    order by h.id for update of h
  loop
    if found_one.unit is not null then
      held[found_one.unit] := found_one.id;
      missing := missing - 1;
      if found_one.verdict is not null then
        verdicts[found_one.unit] := found_one.verdict;
        is_refused := true;
      end if;
    end if;
  end loop;

  if missing > 0 then
    for found_one in select a.unit from jsonb_to_recordset(appends) a (unit integer) where held[a.unit] is null
    loop
      verdicts[found_one.unit] := 'stale missing';
      is_refused := true;
    end loop;
  end if;

  if (units->>'checks')::boolean then
    for found_one in
      select a.unit from jsonb_to_recordset(appends) a (unit integer, empty boolean, consume jsonb)
      where a.empty and verdicts[a.unit] is null and exists (
        select from mailbox b where b.task = held[a.unit] and not b.consumed and not (a.consume ? b.key))
    loop
      verdicts[found_one.unit] := 'stale mailbox';
      is_refused := true;
    end loop;
  end if;

  if jsonb_array_length(creates) > 0 then
    for found_one in
      with wanted as (
        select c.* from jsonb_to_recordset(creates) c (unit integer, tenant text, task text, caller text, key text, ignore boolean)
        where c.key is not null and verdicts[c.unit] is null and not (c.ignore
          and exists (select from heads h where h.tenant_id || '\\t' || h.task_id = c.tenant || '\\t' || c.task))
      ), reserved as (
        insert into idempotency_keys select tenant, caller, key, task from wanted order by tenant, caller, key
        on conflict do nothing returning tenant_id, caller, key
      )
      select w.* from wanted w full join reserved r on r.tenant_id = w.tenant and r.caller = w.caller and r.key = w.key where r.key is null
    loop
      -- In a statement of its own: the one above does not see what another has committed while it was waited for.
      select k.task_id into winner from idempotency_keys k
        where k.tenant_id = found_one.tenant and k.caller = found_one.caller and k.key = found_one.key;
      -- None when it was removed since.
      verdicts[found_one.unit] := 'stale exists' || coalesce(' ' || winner, '');
      is_refused := true;
    end loop;

    for found_one in
      with wanted as (
        select c.* from rows from (jsonb_to_recordset(creates) as (unit integer, tenant text, task text, agent text, revision text,
            context text, caller text, priority smallint, deadline bigint, parent_task text, parent_path text, due bigint, created bigint,
            ignore boolean, exclusive boolean, claimed text, checkpoint integer, releases boolean, release_due bigint, count integer,
            changed bigint))
          with ordinality c (unit, tenant, task, agent, revision, context, caller, priority, deadline, parent_task, parent_path, due, created,
            ignore, exclusive, claimed, checkpoint, releases, release_due, count, changed, place)
        where verdicts[c.unit] is null
      ), inserted as (
        insert into heads (tenant_id, task_id, agent, revision, context_id, caller, state, seq, checkpoint_seq, token, leased_by, due_at,
          priority, attempts, deadline, parent_task_id, parent_path, created_at, updated_at, exclusive)
        select tenant, task, agent, revision, context, caller, coalesce(claimed, 'submitted'), count, checkpoint,
          case when claimed is null then 0 else 1 end,
          case when claimed is null or releases or is_terminal(claimed) then null else worker end,
          case when is_terminal(coalesce(claimed, 'submitted')) then null
            else due_for_all(case when releases then release_due else due end, clock, due_now) end,
          priority, case when claimed is null then 0 else 1 end, deadline, parent_task, parent_path, created, changed, exclusive
        -- In one order, so that nodes that make the same tasks do not wait for each other; one-at-a-time work by age.
        from wanted order by case when exclusive then place else 0 end, tenant, task
        on conflict ((tenant_id || '\\t' || task_id)) do nothing returning id, tenant_id, task_id
      )
      select w.unit, w.place, w.task, w.ignore, i.id from wanted w full join inserted i on i.tenant_id = w.tenant and i.task_id = w.task
    loop
      if found_one.id is not null then
        made[found_one.place] := found_one.id;
      elsif not found_one.ignore then
        verdicts[found_one.unit] := 'stale exists ' || found_one.task;
        is_refused := true;
      end if;
    end loop;
  end if;

  if jsonb_array_length(mails) > 0 then
    for found_one in
      select m.unit, m.place, m.refuse, h.id, is_terminal(h.state) as ended
      from rows from (jsonb_to_recordset(mails) as (unit integer, tenant text, task text, refuse boolean))
        with ordinality m (unit, tenant, task, refuse, place)
      left join heads h on h.tenant_id || '\\t' || h.task_id = m.tenant || '\\t' || m.task
    loop
      if found_one.id is not null and not found_one.ended then
        recipients[found_one.place] := found_one.id;
      elsif found_one.refuse and verdicts[found_one.unit] is null then
        verdicts[found_one.unit] := case when found_one.id is null then 'stale missing' else 'stale terminal' end;
        is_refused := true;
      end if;
    end loop;
  end if;

  -- Nobody else is given what a worker has taken while that has its lease, whose row is locked above; the lock is for what it writes late itself.
  if units ? 'delivers' then
    delivered := array(select d.position from jsonb_to_recordset(units->'delivers') d (position bigint));
    taken := array(
      select o.position || ' ' || o.tenant_id from outbox o
      where o.position = any (delivered) and o.taken_by = worker order by o.position for update);
    for found_one in
      select distinct d.unit from jsonb_to_recordset(units->'delivers') d (unit integer, tenant text, position bigint)
      where verdicts[d.unit] is null and not d.position || ' ' || d.tenant = any (taken)
    loop
      verdicts[found_one.unit] := 'stale delivered';
      is_refused := true;
    end loop;
  end if;

  -- Last of what may refuse: a unit that is refused for another reason reserves nothing.
  if units ? 'ledger' then
    verdicts := keep_ledger(units->'ledger', verdicts, false);
    is_refused := is_refused or exists (select from unnest(verdicts) verdict where verdict is not null);
  end if;

  -- What a refused unit has made so far goes again; nobody else has seen it.
  if is_refused and jsonb_array_length(creates) > 0 then
    delete from heads h using rows from (jsonb_to_recordset(creates) as (unit integer)) with ordinality c (unit, place)
      where verdicts[c.unit] is not null and h.id = made[c.place];
    delete from idempotency_keys k using jsonb_to_recordset(creates) c (unit integer, tenant text, task text, caller text, key text)
      where verdicts[c.unit] is not null and k.tenant_id = c.tenant and k.caller = c.caller and k.key = c.key and k.task_id = c.task
        and not exists (select from heads h where h.tenant_id || '\\t' || h.task_id = c.tenant || '\\t' || c.task);
  end if;

  update heads h set
    seq = h.seq + a.count,
    state = a.state,
    checkpoint_seq = coalesce(a.checkpoint, h.checkpoint_seq),
    revision = coalesce(a.revision, h.revision),
    -- Giving a lease back is not losing it: the attempt does not count.
    attempts = case when a.count > 0 then 0 when a.releases then greatest(0, h.attempts - 1) else h.attempts end,
    leased_by = case when a.releases or is_terminal(a.state) then null else h.leased_by end,
    -- Mail that came while the holder was busy would otherwise sleep with the task.
    due_at = case when is_terminal(a.state) then null when not a.releases then h.due_at
      when exists (select from mailbox b where b.task = h.id and not b.consumed and not (a.consume ? b.key) and wakes_task(a.state, b.kind))
        then least(a.due, due_now)
      else due_for_all(a.due, clock, due_now) end,
    updated_at = coalesce(a.changed, case when a.state = h.state then h.updated_at else clock end)
  from jsonb_to_recordset(appends) a (unit integer, count integer, state text, checkpoint integer, revision text, releases boolean,
    due bigint, changed bigint, consume jsonb)
  where verdicts[a.unit] is null and h.id = held[a.unit];

  insert into events (task, seq, type, at, data)
  select coalesce(made[e.born], held[e.unit]), e.seq, e.type, e.at, e.data
  from rows from (jsonb_to_recordset(units->'events') as (unit integer, born integer, seq integer, type text, at bigint, data text))
    with ordinality e (unit, born, seq, type, at, data, place)
  -- A task that was there already, and was asked to be ignored, keeps its own beginning.
  where verdicts[e.unit] is null and (e.born is null or made[e.born] is not null) order by e.place;

  if (units->>'consumes')::boolean then
    update mailbox b set consumed = true, payload = 'null'
    from jsonb_to_recordset(appends) a (unit integer, consume jsonb)
    where verdicts[a.unit] is null and b.task = held[a.unit] and not b.consumed and a.consume ? b.key;
  end if;

  if (units->>'ends')::boolean then
    delete from mailbox b using jsonb_to_recordset(appends) a (unit integer, state text)
    where verdicts[a.unit] is null and is_terminal(a.state) and b.task = held[a.unit];
  end if;

  if jsonb_array_length(mails) > 0 then
    with delivered as (
      insert into mailbox (task, key, kind, payload, inserted_at)
      select h.id, m.key, m.kind, m.payload, clock
      from rows from (jsonb_to_recordset(mails) as (unit integer, key text, kind text, payload text))
        with ordinality m (unit, key, kind, payload, place)
      join heads h on h.id = recipients[m.place]
      where verdicts[m.unit] is null and not is_terminal(h.state) order by m.place
      on conflict (task, key) do nothing returning task, kind
    )
    update heads h set due_at = least(h.due_at, due_now)
    from delivered d where h.id = d.task and wakes_task(h.state, d.kind);
  end if;

  if units ? 'delivers' then
    delivered := array(select d.position from jsonb_to_recordset(units->'delivers') d (unit integer, position bigint)
      where verdicts[d.unit] is null);
    delete from outbox where position = any (delivered);
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
      join heads h on h.tenant_id || '\\t' || h.task_id = r.tenant || '\\t' || r.task
    -- Only of heads that are locked: the foreign key locks them too.
    where verdicts[r.unit] is null and (not r.born or h.id = any (made))
    on conflict do nothing;
  end if;

  return verdicts;
end $$;
`;
