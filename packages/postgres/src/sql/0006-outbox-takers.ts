/** Outbox rows are taken by one worker at a time. */
export const OUTBOX_TAKERS = `
alter table outbox add column taken_by bigint;
create index outbox_free on outbox (transaction, position) where taken_by is null;
create index outbox_taken on outbox (taken_by) where taken_by is not null;
`;
