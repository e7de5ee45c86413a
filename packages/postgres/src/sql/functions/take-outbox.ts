/**
 * take_outbox: gives a worker up to `max_rows` rows, those it has taken already among them. Free rows are taken in the order of
 * (transaction, position), and only when no open transaction can still come before them; those that another worker is taking
 * at this moment are left to it.
 */
export const TAKE_OUTBOX = `
create or replace function take_outbox(worker bigint, max_rows integer) returns setof outbox language plpgsql as $$
begin
  -- A worker whose lease was given to others would keep rows that nobody frees any more.
  perform from workers where id = worker for key share;
  if not found then raise exception 'the lease of this worker is lost' using errcode = 'AC001'; end if;

  update outbox set taken_by = worker where position in (
    select o.position from outbox o
    where o.taken_by is null and o.transaction < pg_snapshot_xmin(pg_current_snapshot())
    order by o.transaction, o.position
    limit greatest(0, max_rows - (select count(*) from outbox mine where mine.taken_by = worker))
    for update skip locked);

  return query select * from outbox where taken_by = worker order by transaction, position limit max_rows;
end $$;
`;
