import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { VectorScope } from "@agentcore/core/ports";

const SPACE = "select id, dimensions from vector_spaces where tenant_id = ? and namespace = ?";
const ADD_SPACE =
  "insert into vector_spaces (tenant_id, namespace, dimensions) values (?, ?, ?) returning id, dimensions";
const REMOVE_SPACE = "delete from vector_spaces where id = ?";
const PUT = `insert into vectors (space, id, metadata, vector) values (?, ?, ?, ?)
  on conflict (space, id) do update set metadata = excluded.metadata, vector = excluded.vector`;
const GET = "select id, metadata, vector from vectors where space = ? and id = ?";
const PAGE = "select id, metadata, vector from vectors where space = ? and id > ? order by id limit ?";
const LIST = "select id, metadata from vectors where space = ? and id > ? order by id limit ?";
const COUNT = "select count(*) as count from vectors where space = ?";
const REMOVE = "delete from vectors where space = ? and id = ?";
const CLEAR = "delete from vectors where space = ?";

/** What a scope is in the file: its number never comes again. */
export interface VectorSpace {
  readonly id: number;
  readonly dimensions: number;
}

export interface VectorLabel {
  readonly id: string;
  readonly metadata: string;
}

export interface VectorRow extends VectorLabel {
  readonly vector: Uint8Array;
}

const STATEMENTS = {
  space: SPACE,
  addSpace: ADD_SPACE,
  removeSpace: REMOVE_SPACE,
  put: PUT,
  get: GET,
  page: PAGE,
  list: LIST,
  count: COUNT,
  remove: REMOVE,
  clear: CLEAR,
} as const;

export class Vectors {
  private readonly statements: Readonly<Record<keyof typeof STATEMENTS, StatementSync>>;

  constructor(database: DatabaseSync) {
    const prepared = Object.entries(STATEMENTS).map(([name, text]) => [name, database.prepare(text)]);
    this.statements = Object.fromEntries(prepared) as Record<keyof typeof STATEMENTS, StatementSync>;
  }

  space({ tenantId, namespace }: VectorScope): VectorSpace | null {
    return (this.statements.space.get(tenantId, namespace) as unknown as VectorSpace | undefined) ?? null;
  }

  /** Returns the dimensions of the scope; nothing was written when they are others than `dimensions`. */
  upsert(scope: VectorScope, dimensions: number, rows: readonly VectorRow[]): number {
    const { tenantId, namespace } = scope;
    const space =
      this.space(scope) ?? (this.statements.addSpace.get(tenantId, namespace, dimensions) as unknown as VectorSpace);
    if (space.dimensions !== dimensions) return space.dimensions;
    for (const { id, metadata, vector } of rows) this.statements.put.run(space.id, id, metadata, vector);
    return dimensions;
  }

  get(scope: VectorScope, ids: readonly string[]): VectorRow[] {
    const space = this.space(scope);
    if (space === null) return [];
    return ids.flatMap((id) => (this.statements.get.get(space.id, id) as unknown as VectorRow | undefined) ?? []);
  }

  page(space: number, after: string, limit: number): VectorRow[] {
    return this.statements.page.all(space, after, limit) as unknown as VectorRow[];
  }

  list(scope: VectorScope, after: string, limit: number): VectorLabel[] {
    const space = this.space(scope);
    return space === null ? [] : (this.statements.list.all(space.id, after, limit) as unknown as VectorLabel[]);
  }

  count(scope: VectorScope): number {
    const space = this.space(scope);
    return space === null ? 0 : Number(this.statements.count.get(space.id)?.["count"]);
  }

  remove(scope: VectorScope, ids: readonly string[]): number {
    const space = this.space(scope);
    if (space === null) return 0;
    return ids.reduce((sum, id) => sum + Number(this.statements.remove.run(space.id, id).changes), 0);
  }

  clear(scope: VectorScope): number {
    const space = this.space(scope);
    if (space === null) return 0;
    this.statements.removeSpace.run(space.id);
    return Number(this.statements.clear.run(space.id).changes);
  }
}
