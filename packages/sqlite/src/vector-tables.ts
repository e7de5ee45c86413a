/**
 * Vectors lie beside their ids as 4-byte numbers in the machine's order, which is little-endian wherever Node runs but on
 * s390x. Metadata come first in a row, so that lists need not walk over the vectors.
 */
export const VECTOR_TABLES = `
-- autoincrement: whoever still reads a scope that was cleared must not find another in its place.
create table vector_spaces (
  id integer primary key autoincrement,
  tenant_id text not null,
  namespace text not null,
  dimensions integer not null,
  unique (tenant_id, namespace)
) strict;

create table vectors (
  space integer not null,
  id text not null,
  metadata text not null,
  vector blob not null
) strict;
create unique index vectors_id on vectors (space, id);
`;
