import type { ClientBase } from "pg";
import { quoteIdentifier } from "../database.ts";

/** What the connected user may do. */
export interface Rights {
  readonly exists: boolean;
  readonly hasTables: boolean;
  readonly mayCreate: boolean;
  /** `update on heads`, … */
  readonly missing: readonly string[];
}

export const readRights = async (client: ClientBase, schema: string): Promise<Rights> => {
  const { rows } = await client.query<{
    exists: boolean;
    hasTables: boolean;
    mayCreate: boolean;
    mayUse: boolean | null;
  }>(
    `select n.oid is not null as exists, has_database_privilege(current_database(), 'create') as "mayCreate",
      has_schema_privilege(n.oid, 'usage') as "mayUse",
      exists (select from pg_class c where c.relnamespace = n.oid and c.relname = 'migrations') as "hasTables"
    from (select 1) one left join pg_namespace n on n.nspname = $1`,
    [schema],
  );
  const [row] = rows;
  const { exists = false, hasTables = false, mayCreate = false, mayUse = null } = row ?? {};
  if (!exists) return { exists, hasTables, mayCreate, missing: [] };
  if (mayUse !== true) return { exists, hasTables, mayCreate, missing: [`use the schema ${schema}`] };
  const missing = await client.query<{ right: string }>(
    `select r.name || ' on ' || c.relname as right from pg_class c cross join unnest(array['select', 'insert', 'update', 'delete']) r (name)
    where c.relnamespace = $1::regnamespace and c.relkind = 'r' and not has_table_privilege(c.oid, r.name) order by 1`,
    [quoteIdentifier(schema)],
  );
  return { exists, hasTables, mayCreate, missing: missing.rows.map(({ right }) => right) };
};
