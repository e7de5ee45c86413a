/**
 * take_outbox: gives a worker up to `max_rows` rows, those it has taken already among them, but for those up to `after`, a row that it has. Free rows are taken
 * in the order of (transaction, position), and only when no open transaction can still come before them; those that another worker is taking
 * at this moment are left to it.
 */
export const TAKE_OUTBOX = `
create or replace function take_outbox(worker bigint, max_rows integer, after bigint) returns setof outbox language plpgsql as $$
declare
  last_one outbox;
  had integer;
  fresh bigint[];
begin
  -- A worker whose lease was given to others would keep rows that nobody frees any more.
  perform from workers where id = worker for key share;
  if not found then raise exception 'the lease of this worker is lost' using errcode = 'AC001'; end if;

  if after is not null then select * into last_one from outbox o where o.position = after and o.taken_by = worker; end if;
  select count(*) into had from (
    select from outbox o where o.taken_by = worker
      and (last_one.position is null or (o.transaction, o.position) > (last_one.transaction, last_one.position))
    limit max_rows) mine;

  with taken as (
    update outbox set taken_by = worker where position in (
      select o.position from outbox o
      where o.taken_by is null and o.transaction < pg_snapshot_xmin(pg_current_snapshot())
      order by o.transaction, o.position
      limit greatest(0, max_rows - had)
      for update skip locked
    ) returning position)
  select array_agg(position) into fresh from taken;

  return query select o.* from outbox o where o.taken_by = worker
    and (last_one.position is null or (o.transaction, o.position) > (last_one.transaction, last_one.position) or o.position = any (fresh))
    order by o.transaction, o.position limit max_rows;
end $$;
`;
