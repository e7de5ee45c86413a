/** Blobs lie in rows: where there is a database, there is nothing else to set up. */
export const BLOBS = `
create table blobs (
  tenant_id text not null,
  hash text not null,
  bytes bytea not null,
  made_at timestamptz not null default now(),
  primary key (tenant_id, hash)
);
-- Code is compressed already, or small.
alter table blobs alter column bytes set storage external;
`;
