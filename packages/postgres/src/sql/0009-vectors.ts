/**
 * Vectors are plain arrays, so that they can be kept and read where pgvector is not installed. Where it is, a column of its
 * type is made from them (pgvector.ts).
 * Tenant and namespace stand in every row and head its key: no statement finds a row without them (I7).
 */
export const VECTORS = `
create table vector_spaces (
  tenant_id text not null,
  namespace text not null,
  dimensions integer not null,
  primary key (tenant_id, namespace)
);

create table vectors (
  tenant_id text not null,
  namespace text not null,
  -- Compared byte by byte, so that order is that of every other store.
  id text collate "C" not null,
  embedding real[] not null,
  metadata jsonb not null,
  primary key (tenant_id, namespace, id)
);
-- Numbers of a direction cannot be compressed; trying costs time.
alter table vectors alter column embedding set storage external;
`;
