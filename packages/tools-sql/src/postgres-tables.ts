import { z } from "zod";
import type { Cell, TableShape } from "./database.ts";

type Rows = (text: string) => Promise<{ readonly rows: readonly (readonly Cell[])[] }>;

const MAX_TABLES = 2_000;

/** What the role may select from, with names as a query has to write them. */
const TABLES = `
SELECT CASE n.nspname WHEN 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident(c.relname),
  CASE WHEN c.relkind IN ('v', 'm') THEN 'view' ELSE 'table' END,
  obj_description(c.oid, 'pg_class'),
  (SELECT json_agg(json_build_object('name', quote_ident(a.attname), 'type', format_type(a.atttypid, a.atttypmod),
      'nullable', NOT a.attnotnull, 'comment', col_description(c.oid, a.attnum)) ORDER BY a.attnum)
    FROM pg_attribute a
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND has_column_privilege(c.oid, a.attnum, 'SELECT')),
  (SELECT json_agg(quote_ident(a.attname) ORDER BY k.place)
    FROM pg_constraint p CROSS JOIN unnest(p.conkey) WITH ORDINALITY AS k(attnum, place)
      JOIN pg_attribute a ON a.attrelid = p.conrelid AND a.attnum = k.attnum
    WHERE p.conrelid = c.oid AND p.contype = 'p'),
  (SELECT json_agg(regexp_replace(pg_get_constraintdef(p.oid), '^FOREIGN KEY \\((.*?)\\) REFERENCES ', '\\1 -> ') ORDER BY p.conname)
    FROM pg_constraint p WHERE p.conrelid = c.oid AND p.contype = 'f')
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
  AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
  AND has_schema_privilege(n.oid, 'USAGE') AND has_any_column_privilege(c.oid, 'SELECT')
ORDER BY n.nspname, c.relname LIMIT ${MAX_TABLES}`;

const Row = z.tuple([
  z.string(),
  z.enum(["table", "view"]),
  z.string().nullable(),
  z.array(z.object({ name: z.string(), type: z.string(), nullable: z.boolean(), comment: z.string().nullable() })),
  z.array(z.string()).nullable(),
  z.array(z.string()).nullable(),
]);

export const readTables = async (rows: Rows): Promise<readonly TableShape[]> =>
  (await rows(TABLES)).rows.map((row) => {
    const [name, kind, comment, columns, primaryKey, references] = Row.parse(row);
    return {
      ...{ name, kind },
      ...(comment === null ? {} : { comment }),
      columns: columns.map(({ comment: said, ...column }) => (said === null ? column : { ...column, comment: said })),
      ...(primaryKey === null ? {} : { primaryKey }),
      ...(references === null ? {} : { references }),
    };
  });
