/**
 * claim_tasks: leases due tasks for a worker. Queues (tenant, agent) are found by jumping along the index, so that neither a
 * long queue nor an agent without a free slot costs anything. Within a queue each priority gives its oldest: a few at first, more
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

// Rows of each queue and priority to read at first, and how many times as many when that was not enough. With 400 lists of tasks
// due, 4 rows of each take 14 ms, 1 row 11 ms, 32 rows 80 ms.
const FIRST_DEPTH = 4;
const DEEPER = 8;

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
  chosen bigint[];
  wanted integer;
  depth integer;
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

  -- What has not begun and only has to be ended needs no slot.
  select coalesce(array_agg(id), '{}') into ending from (
    select id from heads where id in (
      select id from heads where state = 'submitted' and leased_by is null and deadline is not null and deadline <= clock
      union
      select h.id from mailbox m join heads h on h.id = m.task
        where m.kind = 'cancel' and not m.consumed and h.state = 'submitted' and h.leased_by is null
    ) and state = 'submitted' and leased_by is null limit max_tasks for update skip locked
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

  chosen := ending;
  wanted := max_tasks - cardinality(ending);
  depth := greatest(${FIRST_DEPTH}, ceil(wanted::numeric / cardinality(queue_slots)));
  while wanted > 0 and cardinality(queue_slots) > 0 loop
    with waiting as (
      select q.tenant_id, q.agent, q.slots, p.priority, w.id, w.due_at - p.priority * ${PRIORITY_STEP_MS}::bigint as urgency
      from unnest(queue_tenants, queue_agents, queue_slots) q (tenant_id, agent, slots)
      cross join generate_series(0, 3) p (priority) cross join lateral (
        select h.id, h.due_at from heads h
        where h.leased_by is null and h.due_at is not null and h.tenant_id = q.tenant_id and h.agent = q.agent
          and h.priority = p.priority and h.due_at <= clock and h.id <> all (ending)
          and (not h.exclusive or not exists (
            select from heads older where older.tenant_id = h.tenant_id and older.agent = h.agent and older.context_id = h.context_id
              and older.id < h.id and older.exclusive
              and older.state in ('submitted', 'working', 'input-required', 'auth-required', 'parked')))
        -- Locked as they are found: who claims at the same time finds the next ones. A few more than are taken, until this commits.
        order by h.due_at, h.id limit least(q.slots, depth) for update of h skip locked
      ) w
    ), within as (
      select *, row_number() over (partition by tenant_id, agent order by urgency, id) as place_of_agent from waiting
    ), ranked as (
      select id, tenant_id, row_number() over (partition by tenant_id order by urgency, id) - 1 as before from within where place_of_agent <= slots
    ), taken as (
      select id, r.tenant_id, pass + before / weight as place
      from ranked r join unnest(tenant_ids, tenant_passes, tenant_weights, tenant_rooms) t (tenant_id, pass, weight, room) on t.tenant_id = r.tenant_id
      where before < room order by place, r.tenant_id limit wanted
    ), ends as (
      select distinct on (tenant_id, agent, priority) id, slots > depth and count(*) over list = depth as more
      from waiting window list as (partition by tenant_id, agent, priority) order by tenant_id, agent, priority, urgency desc, id desc
    )
    select ending || coalesce((select array_agg(id order by place, tenant_id) from taken), '{}'),
      -- What lies deeper in a list comes after what was found there: only a list of which all was taken may hold more.
      exists (select from ends where more and id in (select id from taken)) into chosen, deeper;
    exit when not deeper;
    depth := depth * ${DEEPER};
  end loop;

  return query
  with leased as (
    update heads h set leased_by = worker, token = h.token + 1, attempts = h.attempts + 1 where h.id = any (chosen) returning h.*
  )
  select * from leased order by array_position(chosen, id);
end $$;
`;
