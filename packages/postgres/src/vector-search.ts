/** Two ways to the same answer: pgvector compares in the database, or rows are read and compared here. Both are exact. */
import type { NearVector, StoredVector, VectorScope } from "@agentcore/core/ports";
import { type CheckedQuery, dimensionsDiffer, NearestList, searchExactly } from "@agentcore/core/storage";
import type { Database } from "./database.ts";
import { escapeText } from "./escape-text.ts";
import { decodeFloats, encodeFloats } from "./float-array.ts";
import { fromJsonText, toJsonText } from "./vector-metadata.ts";

// Four times that on the wire; decoding and comparing it holds the thread for some milliseconds.
const PAGE_BYTES = 1024 * 1024;
const MAX_PAGE_ROWS = 1000;

const DIMENSIONS = "select dimensions from vector_spaces where tenant_id = $1 and namespace = $2";
const PAGE = `select id, metadata::text as metadata, array_send(embedding) as embedding from vectors
  where tenant_id = $1 and namespace = $2 and id > $3 and metadata @> $4::jsonb order by id limit $5`;

/**
 * One row at least where the scope has dimensions; the vectors of others are not compared. The question is made a vector
 * once, in a query of its own, and what is too far is left out at the end: else cast and comparison were made again for each row.
 */
const nearest = (schema: string): string => `select s.dimensions, n.id, n.metadata::text as metadata, n.similarity
  from vector_spaces s left join lateral (
    select id, metadata, least(1, greatest(-1,
      -(direction operator(${schema}.<#>) (select $3::real[]::${schema}.vector)))) as similarity
    from vectors
    where tenant_id = $1 and namespace = $2 and s.dimensions = $4 and metadata @> $5::jsonb
    order by similarity desc, id limit $7
  ) n on n.similarity >= $6
  where s.tenant_id = $1 and s.namespace = $2 order by n.similarity desc, n.id`;

interface NearestRow {
  readonly dimensions: number;
  readonly id: string | null;
  readonly metadata: string;
  readonly similarity: number;
}

export interface VectorRow {
  readonly id: string;
  readonly metadata: string;
  readonly embedding: Buffer;
}

/** `schema`: where the extension is, quoted. */
export const searchWithPgvector = async (
  database: Database,
  schema: string,
  scope: VectorScope,
  { vector, limit, filter, minSimilarity }: CheckedQuery,
): Promise<readonly NearVector[]> => {
  const rows = await database.query<NearestRow>("nearest-vectors", nearest(schema), [
    ...[escapeText(scope.tenantId), escapeText(scope.namespace), encodeFloats([vector]), vector.length],
    ...[toJsonText(filter), minSimilarity, limit],
  ]);
  const stored = rows[0]?.dimensions ?? vector.length;
  if (stored !== vector.length) throw dimensionsDiffer(scope, stored, vector.length);
  return rows.flatMap(({ id, metadata, similarity }) =>
    id === null ? [] : [{ id, similarity, metadata: fromJsonText(metadata) }],
  );
};

/** Reads the scope as it is at one moment, a page at a time. */
export const searchInPages = async (
  database: Database,
  scope: VectorScope,
  query: CheckedQuery,
): Promise<readonly NearVector[]> => {
  const address = [escapeText(scope.tenantId), escapeText(scope.namespace)];
  const filter = toJsonText(query.filter);
  const dimensions = query.vector.length;
  const pageRows = Math.min(MAX_PAGE_ROWS, Math.ceil(PAGE_BYTES / (4 * dimensions)));
  const nearestOnes = new NearestList(query.limit);
  await database.transaction(async (client) => {
    await client.query("set transaction isolation level repeatable read, read only");
    const { rows: spaces } = await client.query<{ dimensions: number }>(DIMENSIONS, address);
    const stored = spaces[0]?.dimensions ?? dimensions;
    if (stored !== dimensions) throw dimensionsDiffer(scope, stored, dimensions);
    for (let after = ""; ; ) {
      const values = [...address, after, filter, pageRows];
      const { rows } = await client.query<VectorRow>({ name: "vector-page", text: PAGE, values });
      searchExactly(nearestOnes, { ...query, filter: {} }, rows.map(toVector));
      const last = rows[pageRows - 1];
      if (last === undefined) return;
      after = last.id;
    }
  });
  return nearestOnes.sorted();
};

export const toVector = ({ id, metadata, embedding }: VectorRow): StoredVector => ({
  id,
  metadata: fromJsonText(metadata),
  vector: decodeFloats(embedding),
});
