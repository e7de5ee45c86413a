/** What model calls may cost and have cost. Amounts and sums are at most 2^53 - 1. */
export const LEDGER = `
create table ledger_accounts (
  tenant_id text not null,
  -- In the order of its bytes, so that all that begin alike lie together.
  account text collate "C" not null,
  spent bigint not null,
  reserved bigint not null,
  primary key (tenant_id, account)
-- Room for the next version of a row beside it, which no index is told of (HOT): everybody writes the same few.
) with (fillfactor = 50);

create table ledger_reservations (
  tenant_id text not null,
  key text not null,
  expires_at bigint not null,
  -- [{ account, amount, ceiling }]
  amounts jsonb not null,
  -- What is counted when it expires, as usage-row.ts has it.
  usage jsonb not null,
  primary key (tenant_id, key)
);
-- No other index may begin with the tenant: a plan made while the table was empty would look keys up in it.
create index ledger_reservations_expiry on ledger_reservations (expires_at);

create table ledger_usage (
  tenant_id text not null,
  hour bigint not null,
  -- SHA-256 of agent, team, model and caller, which together are longer than the key of an index may be.
  names text not null,
  agent text not null,
  team text not null,
  model text not null,
  caller text not null,
  calls bigint not null,
  estimated_calls bigint not null,
  input_tokens bigint not null,
  cached_input_tokens bigint not null,
  output_tokens bigint not null,
  cost_nano_usd bigint not null,
  cache_hits bigint not null,
  saved_nano_usd bigint not null,
  primary key (tenant_id, hour, names)
) with (fillfactor = 70);
`;
