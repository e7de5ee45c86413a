/**
 * keep_ledger: the reservations and settlements of a batch of units, judged in order, in one pass over a copy of the accounts; and
 * expire_reservations, which settles what nobody has.
 *
 * Locks are taken in one order, each kind in the order of its keys: after the heads, reservations that are named, accounts, sums of usage. So
 * nodes that share accounts wait for each other and never in a circle. A transaction of several batches takes all of them first
 * (\`only_locks\`). Two batches that make a reservation under the same new key at once are not kept apart by a lock: the second to
 * insert it fails, as a whole, and is written again, which finds the first's held and refuses.
 *
 * Rows are found one by one, by their keys: a join would be planned while the tables are small.
 */
import { COUNT_COLUMNS } from "../../usage-row.ts";

const MOST = Number.MAX_SAFE_INTEGER;

const counts = (of: (column: string) => string): string => COUNT_COLUMNS.map(of).join(", ");

export const KEEP_LEDGER = `
-- In the order of their keys, so that nobody waits in a circle.
create or replace function count_usage(counted jsonb[]) returns void language sql
set enable_seqscan = off set jit = off as $$
  insert into ledger_usage (tenant_id, hour, names, agent, team, model, caller, ${counts((column) => column)})
  select u.tenant, u.hour, u.names, min(u.agent), min(u.team), min(u.model), min(u.caller),
    ${counts((column) => `least(${MOST}, sum(u.${column}))`)}
  from unnest(counted) c cross join jsonb_to_record(c)
    u (tenant text, hour bigint, names text, agent text, team text, model text, caller text, ${counts((column) => `${column} bigint`)})
  group by u.tenant, u.hour, u.names order by u.tenant, u.hour, u.names
  on conflict (tenant_id, hour, names) do update set
    ${counts((column) => `${column} = least(${MOST}, ledger_usage.${column} + excluded.${column})`)};
$$;

create or replace function keep_ledger(ledger jsonb, verdicts text[], only_locks boolean) returns text[] language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  found_one record;
  row_place tid;
  row_amounts jsonb;
  -- What is held under keys that are named here: places by tenant and key, then by place. Rows that are gone are still there to look up.
  held jsonb not null := '{}';
  held_names text[] not null := '{}';
  held_tenants text[] not null := '{}';
  held_rows tid[] not null := '{}';
  held_amounts jsonb[] not null := '{}';
  is_gone boolean[] not null := '{}';
  -- Accounts: places by tenant and account, then by place.
  accounts jsonb not null := '{}';
  account_tenants text[] not null := '{}';
  account_names text[] not null := '{}';
  spent_of bigint[] not null := '{}';
  reserved_of bigint[] not null := '{}';
  -- What this batch says of when they end; null: nothing.
  ends_of bigint[] not null := '{}';
  found_spent bigint;
  found_reserved bigint;
  is_kept boolean[] not null := array_fill(false, array[cardinality(verdicts)]);
  counted jsonb[] not null := '{}';
  place integer;
  account_place integer;
  ends jsonb;
  one jsonb;
  amount jsonb;
  refusal text;
  gone_before boolean[];
  spent_before bigint[];
  reserved_before bigint[];
  counted_before jsonb[];
begin
  for found_one in
    select distinct l.tenant as tenant, k.key as key
    from jsonb_to_recordset(ledger) l (unit integer, tenant text, settle jsonb, reserve jsonb)
      cross join lateral (select e->>'key' as key from jsonb_array_elements(l.settle) e union all select l.reserve->>'key') k
    where verdicts[l.unit] is null and k.key is not null order by 1, 2
  loop
    select r.ctid, r.amounts into row_place, row_amounts from ledger_reservations r
      where r.tenant_id = found_one.tenant and r.key = found_one.key for update;
    if found then
      place := cardinality(held_rows) + 1;
      held_names[place] := found_one.tenant || '\\t' || found_one.key;
      held_rows[place] := row_place;
      held_tenants[place] := found_one.tenant;
      held_amounts[place] := row_amounts;
      is_gone[place] := false;
    end if;
  end loop;
  if cardinality(held_names) > 0 then
    select jsonb_object_agg(n.name, n.place) into held from unnest(held_names) with ordinality n (name, place);
  end if;

  for found_one in
    select a.tenant as tenant, a.account as account, max(a.ends) as ends from (
      select l.tenant, m.account, m."endsAt" as ends from jsonb_to_recordset(ledger) l (unit integer, tenant text, reserve jsonb)
        cross join lateral jsonb_to_recordset(l.reserve->'amounts') m (account text, "endsAt" bigint)
        where verdicts[l.unit] is null and l.reserve is not null
      union all
      select h.tenant, m.account, m."endsAt" from unnest(held_tenants, held_amounts) h (tenant, amounts)
        cross join lateral jsonb_to_recordset(h.amounts) m (account text, "endsAt" bigint)
    ) a group by 1, 2 order by 1, 2
  loop
    loop
      select a.spent, a.reserved into found_spent, found_reserved from ledger_accounts a
        where a.tenant_id = found_one.tenant and a.account = found_one.account for update;
      exit when found;
      -- It stays also when all that name it are refused, and is to go some time like others.
      insert into ledger_accounts (tenant_id, account, spent, reserved, ends_at)
        values (found_one.tenant, found_one.account, 0, 0, found_one.ends) on conflict do nothing;
    end loop;
    place := cardinality(spent_of) + 1;
    account_tenants[place] := found_one.tenant;
    account_names[place] := found_one.account;
    spent_of[place] := found_spent;
    reserved_of[place] := found_reserved;
    ends_of[place] := null;
  end loop;

  if only_locks then
    for found_one in
      select distinct (e->'usage'->>'tenant') as tenant, (e->'usage'->>'hour')::bigint as hour, (e->'usage'->>'names') as names
      from jsonb_to_recordset(ledger) l (settle jsonb) cross join lateral jsonb_array_elements(l.settle) e order by 1, 2, 3
    loop
      perform from ledger_usage s where s.tenant_id = found_one.tenant and s.hour = found_one.hour and s.names = found_one.names for update;
    end loop;
    return verdicts;
  end if;

  if cardinality(account_names) > 0 then
    select jsonb_object_agg(n.tenant || '\\t' || n.account, n.place) into accounts
      from unnest(account_tenants, account_names) with ordinality n (tenant, account, place);
  end if;
  for found_one in
    select l.* from jsonb_to_recordset(ledger) l (unit integer, tenant text, settle jsonb, reserve jsonb)
    where verdicts[l.unit] is null order by l.unit
  loop
    ends := found_one.settle;
    if found_one.reserve is not null and jsonb_array_length(ends) > 0 then
      gone_before := is_gone;
      spent_before := spent_of;
      reserved_before := reserved_of;
      counted_before := counted;
    end if;

    for number in 0 .. jsonb_array_length(ends) - 1 loop
      one := ends->number;
      if one->>'key' is null then
        counted := array_append(counted, one->'usage');
        continue;
      end if;
      place := (held->>(found_one.tenant || '\\t' || (one->>'key')))::integer;
      continue when place is null or is_gone[place];
      for item in 0 .. jsonb_array_length(held_amounts[place]) - 1 loop
        amount := held_amounts[place]->item;
        account_place := (accounts->>(found_one.tenant || '\\t' || (amount->>'account')))::integer;
        reserved_of[account_place] := reserved_of[account_place] - (amount->'amount')::bigint;
        spent_of[account_place] := least(${MOST}, spent_of[account_place] + coalesce((one->'amounts'->(amount->>'account'))::bigint, 0));
      end loop;
      is_gone[place] := true;
      counted := array_append(counted, one->'usage');
    end loop;

    continue when found_one.reserve is null;
    refusal := null;
    place := (held->>(found_one.tenant || '\\t' || (found_one.reserve->>'key')))::integer;
    if place is not null and not is_gone[place] then
      refusal := 'stale exists';
    else
      for item in 0 .. jsonb_array_length(found_one.reserve->'amounts') - 1 loop
        amount := found_one.reserve->'amounts'->item;
        account_place := (accounts->>(found_one.tenant || '\\t' || (amount->>'account')))::integer;
        if spent_of[account_place] + reserved_of[account_place] + (amount->'amount')::bigint > (amount->'ceiling')::bigint then
          refusal := 'stale limit ' || (amount->>'account');
          exit;
        end if;
      end loop;
    end if;
    if refusal is null then
      for item in 0 .. jsonb_array_length(found_one.reserve->'amounts') - 1 loop
        amount := found_one.reserve->'amounts'->item;
        account_place := (accounts->>(found_one.tenant || '\\t' || (amount->>'account')))::integer;
        reserved_of[account_place] := reserved_of[account_place] + (amount->'amount')::bigint;
        ends_of[account_place] := greatest(ends_of[account_place], (amount->'endsAt')::bigint);
      end loop;
      is_kept[found_one.unit] := true;
    else
      verdicts[found_one.unit] := refusal;
      if jsonb_array_length(ends) > 0 then
        is_gone := gone_before;
        spent_of := spent_before;
        reserved_of := reserved_before;
        counted := counted_before;
      end if;
    end if;
  end loop;

  delete from ledger_reservations where ctid = any (array(select h.place from unnest(held_rows, is_gone) h (place, is_gone) where h.is_gone));
  insert into ledger_reservations (tenant_id, key, expires_at, amounts, usage)
    select l.tenant, l.reserve->>'key', (l.reserve->'expires')::bigint, l.reserve->'amounts', l.reserve->'usage'
    from jsonb_to_recordset(ledger) l (unit integer, tenant text, reserve jsonb)
    where is_kept[l.unit] order by l.tenant, (l.reserve->>'key');
  for number in 1 .. cardinality(account_names) loop
    update ledger_accounts a set spent = spent_of[number], reserved = reserved_of[number], ends_at = greatest(a.ends_at, ends_of[number])
      where a.tenant_id = account_tenants[number] and a.account = account_names[number]
        and (a.spent <> spent_of[number] or a.reserved <> reserved_of[number] or ends_of[number] > coalesce(a.ends_at, -1));
  end loop;
  if cardinality(counted) > 0 then perform count_usage(counted); end if;
  return verdicts;
end $$;

create or replace function expire_reservations(expired_by bigint, max_rows integer) returns integer language plpgsql
set plan_cache_mode = force_generic_plan set enable_seqscan = off set jit = off as $$
declare
  due_rows tid[];
  due_amounts jsonb[];
  counted jsonb[];
  found_one record;
begin
  -- Those that somebody settles at this moment are left to him.
  select array_agg(r.place), array_agg(r.amounts), array_agg(r.usage) into due_rows, due_amounts, counted from (
    select ctid as place, l.amounts, l.usage from ledger_reservations l
    where l.expires_at <= expired_by order by l.expires_at limit max_rows for update skip locked
  ) r;
  if due_rows is null then return 0; end if;
  for found_one in
    select (h.u->>'tenant') as tenant, m.account as account, sum(m.amount)::bigint as amount
    from unnest(due_amounts, counted) h (amounts, u) cross join lateral jsonb_to_recordset(h.amounts) m (account text, amount bigint)
    group by 1, 2 order by 1, 2
  loop
    update ledger_accounts a set spent = least(${MOST}, a.spent + found_one.amount), reserved = a.reserved - found_one.amount
      where a.tenant_id = found_one.tenant and a.account = found_one.account;
  end loop;
  perform count_usage(counted);
  delete from ledger_reservations where ctid = any (due_rows);
  return cardinality(due_rows);
end $$;
`;
