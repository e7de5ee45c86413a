/** When accounts may go: the end of the period they stand for. */
export const ACCOUNT_END = `
alter table ledger_accounts add column ends_at bigint;
-- Only some have an end, so that no account is looked up by its name in it.
create index ledger_accounts_end on ledger_accounts (tenant_id, ends_at) where ends_at is not null;
`;
