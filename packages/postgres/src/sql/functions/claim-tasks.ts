/**
 * claim_tasks: leases due tasks for a worker. Queues (tenant, agent) are found by jumping along the index, so that neither a
 * long queue nor an agent without a free slot costs anything. Each queue gives its most urgent: a few at first, more
 * only when all of those are taken, so that a claim reads about as much as it takes, however much waits. Of what others are
 * claiming at the same time nothing is waited for: a row they have locked is passed over.
 *
 * Limits hold over all workers, so those who claim tasks of one limited tenant or agent take turns, by advisory locks taken in the
 * order of their numbers. Nobody who holds one waits for anything but a later one (rows are never waited for here, and
 * commit_units takes no such lock), so there is no deadlock. What is leased is counted by statements that begin after the
 * locks are held, and so see what the one before has committed.
 */
import { PRIORITY_STEP_MS } from "@agentcore/core/ports";

// Any number that no other program uses; it tells our locks from others' in the same database.
const LOCK_SEED = 4_700_170_049;

// Rows of each queue to read at first, and how many times as many of one of which all are taken.
const FIRST_DEPTH = 2;
const DEEPER = 4;

// As the index has it (0011).
const URGENCY_OF_H = `(h.due_at - h.priority * ${PRIORITY_STEP_MS}::bigint)`;

export const CLAIM_TASKS = `
create or replace function claim_tasks(worker bigint, request jsonb) returns setof heads language plpgsql
-- Compiling the plan costs a second, and is chosen for its guess of millions of rows, of which the limits leave a few.
set jit = off as $$
declare
  max_tasks constant integer := request->'limit';
  clock constant bigint := request->'now';
  known_slots constant jsonb := request->'slots';
  other_slots constant integer := coalesce(request->'otherSlots', request->'limit');
  -- By tenant: pass, weight, maxLeased. By tenant/agent: most leased.
  turns constant jsonb := request->'tenants';
  agent_limits constant jsonb := request->'maxLeased';
  queue_tenants text[];
  queue_agents text[];
  queue_slots integer[];
  tenant_ids text[];
  tenant_passes float8[];
  tenant_weights float8[];
  tenant_rooms integer[];
  number bigint;
  ending bigint[];
  wanted integer;
  queues integer;
  -- Of each queue: how many were asked for so far, how many to read now, and the last that was found.
  queue_asked integer[];
  queue_reads integer[];
  queue_urgencies bigint[];
  queue_lasts bigint[];
  found_queues bigint[] := '{}';
  found_ids bigint[] := '{}';
  found_urgencies bigint[] := '{}';
  chosen bigint[] := '{}';
  locked bigint[];
  passed bigint[] := '{}';
  deeper boolean;
begin
  perform from workers where id = worker for key share;
  if not found then raise exception 'the lease of this worker is lost' using errcode = 'AC001'; end if;

  with recursive queues as (
    (select tenant_id, agent from heads where leased_by is null and due_at is not null order by tenant_id, agent limit 1)
    union all
    select next.tenant_id, next.agent from queues q cross join lateral (
      select h.tenant_id, h.agent from heads h where h.leased_by is null and h.due_at is not null
        and (h.tenant_id, h.agent) > (q.tenant_id, q.agent) order by h.tenant_id, h.agent limit 1) next
  ), free as (
    select tenant_id, agent, least(max_tasks, coalesce((known_slots->>(tenant_id || '/' || agent))::integer, other_slots)) as slots from queues
  )
  select array_agg(tenant_id), array_agg(agent), array_agg(slots) into queue_tenants, queue_agents, queue_slots from free where slots > 0;

  for number in
    select distinct hashtextextended(current_schema || ' ' || name, ${LOCK_SEED}) as number from (
      select tenant_id as name from unnest(queue_tenants) t (tenant_id) where turns->tenant_id ? 'maxLeased'
      union all
      select tenant_id || '/' || agent from unnest(queue_tenants, queue_agents) a (tenant_id, agent) where agent_limits ? (tenant_id || '/' || agent)
    ) limited order by number
  loop
    perform pg_advisory_xact_lock(number);
  end loop;

  -- What has not begun, or was given up, and only has to be ended needs no slot.
  select coalesce(array_agg(id), '{}') into ending from (
    select id from heads where id in (
      select id from heads where state = 'submitted' and leased_by is null and deadline is not null and deadline <= clock
      union
      -- Few cancels wait, whatever statistics make of it: by the key of each, never all heads (offset 0 keeps it apart).
      select h.id from mailbox m cross join lateral (
          select id from heads where id = m.task and state in ('submitted', 'parked') and leased_by is null offset 0) h
        where m.kind = 'cancel' and not m.consumed
    ) and leased_by is null and (state = 'submitted' or (state = 'parked' and exists (
      -- Asked of the row that was locked: it may have been parked since it was too late to begin.
      select from mailbox m where m.task = heads.id and m.kind = 'cancel' and not m.consumed
    ))) limit max_tasks for update skip locked
  ) e;

  select array_agg(tenant_id), array_agg(coalesce((turn->>'pass')::float8, 0)), array_agg(coalesce((turn->>'weight')::float8, 1)),
    array_agg(case when turn ? 'maxLeased' then (turn->>'maxLeased')::integer - (
      select count(*)::integer from heads l where l.tenant_id = t.tenant_id and l.leased_by is not null
    ) else max_tasks end)
  into tenant_ids, tenant_passes, tenant_weights, tenant_rooms
  from (select distinct tenant_id, turns->tenant_id as turn from unnest(queue_tenants) q (tenant_id)) t;

  select array_agg(tenant_id), array_agg(agent), array_agg(slots) into queue_tenants, queue_agents, queue_slots from (
    select q.tenant_id, q.agent, least(q.slots, t.room, (agent_limits->>(q.tenant_id || '/' || q.agent))::integer - (
      -- Asked only where there is a limit: null is left out of the least.
      select count(*)::integer from heads l
      where agent_limits ? (q.tenant_id || '/' || q.agent) and l.tenant_id = q.tenant_id and l.agent = q.agent and l.leased_by is not null
    )) as slots
    from unnest(queue_tenants, queue_agents, queue_slots) q (tenant_id, agent, slots)
    join unnest(tenant_ids, tenant_rooms) t (tenant_id, room) using (tenant_id)
  ) free where slots > 0;

  wanted := max_tasks - cardinality(ending);
  queues := coalesce(cardinality(queue_slots), 0);
  queue_asked := array_fill(greatest(${FIRST_DEPTH}, ceil(wanted::numeric / nullif(queues, 0))::integer), array[queues]);
  queue_reads := queue_asked;
  -- Before all: due times may be of a clock that begins at 0.
  queue_urgencies := array_fill(-9007199254740991, array[queues]);
  queue_lasts := queue_urgencies;
  while wanted > 0 and queues > 0 loop
    select found_queues || coalesce(array_agg(q.place), '{}'), found_ids || coalesce(array_agg(w.id), '{}'),
      found_urgencies || coalesce(array_agg(w.urgency), '{}')
    into found_queues, found_ids, found_urgencies
    from unnest(queue_tenants, queue_agents, queue_reads, queue_urgencies, queue_lasts) with ordinality
        q (tenant_id, agent, reads, urgency, last, place)
      cross join lateral (
        select h.id, ${URGENCY_OF_H} as urgency from heads h
        where h.leased_by is null and h.due_at is not null and h.tenant_id = q.tenant_id and h.agent = q.agent
          and (${URGENCY_OF_H}, h.id) > (q.urgency, q.last) and ${URGENCY_OF_H} <= clock
          and h.due_at <= clock and h.id <> all (ending)
          and (not h.exclusive or not exists (
            select from heads older where older.tenant_id = h.tenant_id and older.agent = h.agent and older.context_id = h.context_id
              and older.caller = h.caller and older.id < h.id and older.exclusive
              and older.state in ('submitted', 'working', 'input-required', 'auth-required', 'parked')))
        order by ${URGENCY_OF_H}, h.id limit q.reads
      ) w
    where q.reads > 0;

    with waiting as (
      select q.place, q.tenant_id, q.slots, f.id, f.urgency
      from unnest(found_queues, found_ids, found_urgencies) f (place, id, urgency)
      join unnest(queue_tenants, queue_slots) with ordinality q (tenant_id, slots, place) on q.place = f.place
    ), within as (
      select *, row_number() over (partition by place order by urgency, id) as place_in_queue from waiting where id <> all (passed)
    ), ranked as (
      select id, tenant_id, row_number() over (partition by tenant_id order by urgency, id) - 1 as before from within where place_in_queue <= slots
    ), taken as (
      select id, r.tenant_id, pass + before / weight as turn
      from ranked r join unnest(tenant_ids, tenant_passes, tenant_weights, tenant_rooms) t (tenant_id, pass, weight, room) on t.tenant_id = r.tenant_id
      where before < room order by turn, r.tenant_id limit wanted
    ), ends as (
      select distinct on (place) place, urgency, id, count(*) over (partition by place) as rows from waiting
      order by place, urgency desc, id desc
    ), further as (
      -- What lies deeper in a queue comes after what was found there: only one of which the last is taken may have more to give.
      select q.place, asked, coalesce(e.urgency, -9007199254740991) as urgency, coalesce(e.id, 0) as last,
        e.rows = asked and asked < slots + cardinality(passed) and (e.id = any (passed) or e.id in (select id from taken)) as more
      from unnest(queue_slots, queue_asked) with ordinality q (slots, asked, place) left join ends e on e.place = q.place
    )
    select coalesce((select array_agg(id order by turn, tenant_id) from taken), '{}'), bool_or(more),
      array_agg(case when more then asked * ${DEEPER} else asked end order by place),
      array_agg(case when more then asked * ${DEEPER} - asked else 0 end order by place),
      array_agg(urgency order by place), array_agg(last order by place)
    into chosen, deeper, queue_asked, queue_reads, queue_urgencies, queue_lasts from further;
    continue when deeper;

    -- Locked only now: what others have claimed meanwhile, or are claiming, is passed over, and others are chosen.
    locked := array(
      select id from heads where id = any (chosen) and leased_by is null and due_at <= clock for update skip locked);
    exit when cardinality(locked) = cardinality(chosen);
    passed := passed || array(select unnest(chosen) except select unnest(locked));
  end loop;

  chosen := ending || chosen;
  return query
  with leased as (
    update heads h set leased_by = worker, token = h.token + 1, attempts = h.attempts + 1 where h.id = any (chosen) returning h.*
  )
  select * from leased order by array_position(chosen, id);
end $$;
`;
