import type {
  ListedVector,
  NearestQuery,
  NearVector,
  StoredVector,
  VectorEntry,
  VectorIndex,
  VectorListQuery,
  VectorScope,
} from "@agentcore/core/ports";
import { checkEntries, checkIds, checkList, checkQuery, checkScope, dimensionsDiffer } from "@agentcore/core/storage";
import type { Database } from "./database.ts";
import { escapeText } from "./escape-text.ts";
import { encodeFloats } from "./float-array.ts";
import type { Pgvector } from "./pgvector.ts";
import { fromJsonText, toJsonText } from "./vector-metadata.ts";
import { searchInPages, searchWithPgvector, toVector, type VectorRow } from "./vector-search.ts";

// The row of a scope is locked by all who write it, so that they take turns and no two wait for each other's entries.
const UPSERT = `with space as (
    insert into vector_spaces as s (tenant_id, namespace, dimensions) values ($1, $2, $3)
    on conflict (tenant_id, namespace) do update set dimensions = s.dimensions
    returning dimensions
  ), written as (
    insert into vectors (tenant_id, namespace, id, embedding, metadata)
    select $1, $2, e.id, ($5::real[])[(e.place - 1) * $3 + 1 : e.place * $3], e.metadata::jsonb
    from space, unnest($4::text[], $6::text[]) with ordinality as e (id, metadata, place)
    where space.dimensions = $3
    on conflict (tenant_id, namespace, id) do update set embedding = excluded.embedding, metadata = excluded.metadata
  )
  select dimensions from space`;
const GET = `select id, metadata::text as metadata, array_send(embedding) as embedding from vectors
  where tenant_id = $1 and namespace = $2 and id = any($3::text[])`;
const LIST = `select id, metadata::text as metadata from vectors
  where tenant_id = $1 and namespace = $2 and id > $3 and metadata @> $4::jsonb order by id limit $5`;
const DELETE = `with space as (select from vector_spaces where tenant_id = $1 and namespace = $2 for update)
  delete from vectors where exists (select from space) and tenant_id = $1 and namespace = $2 and id = any($3::text[])
  returning id`;
const COUNT = "select count(*)::integer as count from vectors where tenant_id = $1 and namespace = $2";
const CLEAR_SPACE = "delete from vector_spaces where tenant_id = $1 and namespace = $2";
const CLEAR = "delete from vectors where tenant_id = $1 and namespace = $2";

/** Rows of a table; searched by pgvector where the database has it, else read and compared here. */
export class PostgresVectorIndex implements VectorIndex {
  private readonly database: Database;
  private readonly pgvector: Pgvector | null;

  constructor(database: Database, pgvector: Pgvector | null) {
    this.database = database;
    this.pgvector = pgvector;
  }

  async upsert(given: VectorScope, entries: readonly VectorEntry[]): Promise<void> {
    const scope = checkScope(given);
    const checked = checkEntries(entries);
    if (checked === null) return;
    const ids = checked.entries.map(({ id }) => id);
    const floats = encodeFloats(checked.entries.map(({ vector }) => vector));
    const metadata = checked.entries.map((entry) => toJsonText(entry.metadata));
    const values = [...address(scope), checked.dimensions, ids, floats, metadata];
    const [row] = await this.database.query<{ dimensions: number }>("upsert-vectors", UPSERT, values);
    const stored = row?.dimensions ?? checked.dimensions;
    if (stored !== checked.dimensions) throw dimensionsDiffer(scope, stored, checked.dimensions);
  }

  async nearest(given: VectorScope, question: NearestQuery): Promise<readonly NearVector[]> {
    const scope = checkScope(given);
    const query = checkQuery(question);
    const schema = (await this.pgvector?.schema()) ?? null;
    return schema === null
      ? searchInPages(this.database, scope, query)
      : searchWithPgvector(this.database, schema, scope, query);
  }

  async get(given: VectorScope, ids: readonly string[]): Promise<readonly StoredVector[]> {
    const values = [...address(checkScope(given)), checkIds(ids)];
    const rows = await this.database.query<VectorRow>("get-vectors", GET, values);
    const byId = new Map(rows.map((row) => [row.id, row]));
    return ids.flatMap((id) => byId.get(id) ?? []).map(toVector);
  }

  async list(given: VectorScope, question: VectorListQuery = {}): Promise<readonly ListedVector[]> {
    const scope = checkScope(given);
    const { after, limit, filter } = checkList(question);
    const values = [...address(scope), after ?? "", toJsonText(filter), limit];
    const rows = await this.database.query<{ id: string; metadata: string }>("list-vectors", LIST, values);
    return rows.map(({ id, metadata }) => ({ id, metadata: fromJsonText(metadata) }));
  }

  async delete(given: VectorScope, ids: readonly string[]): Promise<number> {
    const values = [...address(checkScope(given)), checkIds(ids)];
    return (await this.database.query("delete-vectors", DELETE, values)).length;
  }

  async count(given: VectorScope): Promise<number> {
    const values = address(checkScope(given));
    const [row] = await this.database.query<{ count: number }>("count-vectors", COUNT, values);
    return row?.count ?? 0;
  }

  async clear(given: VectorScope): Promise<number> {
    const values = address(checkScope(given));
    return this.database.transaction(async (client) => {
      await client.query(CLEAR_SPACE, values);
      return (await client.query(CLEAR, values)).rowCount ?? 0;
    });
  }
}

const address = ({ tenantId, namespace }: VectorScope): string[] => [escapeText(tenantId), escapeText(namespace)];
