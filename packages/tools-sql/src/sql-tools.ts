import { PlatformError, type Tool, tool } from "@agentcore/sdk";
import { z } from "zod";
import type { Database, TableShape } from "./database.ts";
import { openPostgres } from "./open-postgres.ts";
import { openSqlite } from "./open-sqlite.ts";

export interface SqlToolsOptions {
  /** `urlEnv` names the environment variable that holds the address with user and password; `file` is opened read-only. */
  readonly database:
    | { readonly postgres: { readonly urlEnv: string } }
    | { readonly sqlite: { readonly file: string } };
  /** Put before the names of the tools, for an agent with several databases: "sales" makes `sales_sql_query`. @default none */
  readonly name?: string | undefined;
  /** What is in it, for the model. @default "a database" */
  readonly description?: string | undefined;
  /**
   * Tables and views that are shown, as `sql_schema` names them, each with the columns that are shown or `true` for all. On SQLite nothing else can be
   * read; on PostgreSQL what can be read is said by grants alone. @default all
   */
  readonly show?: Readonly<Record<string, true | readonly string[]>> | undefined;
  /** Rows of one answer. @default 200, at most 10,000 */
  readonly maxRows?: number | undefined;
  /** Of the rows of one answer, as JSON. @default 64 KiB, at most 4 MiB */
  readonly maxBytes?: number | undefined;
  /** Milliseconds of one query. @default 30,000, at most 600,000 */
  readonly timeoutMs?: number | undefined;
  /** A scope that whoever asks must have. @default none */
  readonly permission?: string | undefined;
  /** @default those of the process */
  readonly readVariable?: ((name: string) => string | undefined) | undefined;
}

export const BOUNDS = {
  maxRows: { usual: 200, most: 10_000 },
  maxBytes: { usual: 64 * 1024, most: 4 * 1024 * 1024 },
  timeoutMs: { usual: 30_000, most: 600_000 },
} as const;
const MAX_SQL = 20_000;
const MAX_TABLES = 50;

/** `sql_schema` and `sql_query`. Neither changes anything: the database sees to that. */
export const sqlTools = (options: SqlToolsOptions): readonly Tool[] => {
  const { database: source, description = "a database", show } = options;
  const limits = {
    maxRows: bounded(options, "maxRows"),
    maxBytes: bounded(options, "maxBytes"),
    timeoutMs: bounded(options, "timeoutMs"),
  };
  const database = openDatabase(source, options);
  const named = (name: string): string => (options.name === undefined ? name : `${options.name}_${name}`);
  const rules = { readOnly: true, permission: options.permission };
  return [
    tool({
      ...rules,
      name: named("sql_schema"),
      description: `Shows tables and columns of ${description} (${database.dialect}).`,
      input: z.object({
        search: z.string().max(200).default("").describe("part of the name of a table or column"),
      }),
      async execute({ search }, { signal }) {
        const shown = (await database.tables(signal)).flatMap((table) => shownOf(table, show));
        const found = shown.filter((table) => hasName(table, search.toLowerCase()));
        const names = found.slice(MAX_TABLES).map(({ name }) => name);
        return {
          dialect: database.dialect,
          tables: found.slice(0, MAX_TABLES),
          ...(names.length === 0 ? {} : { others: names }),
        };
      },
    }),
    tool({
      ...rules,
      name: named("sql_query"),
      description: `Reads from ${description} by one SELECT of ${database.dialect}. Gives up to ${limits.maxRows} rows: have the database count, sum and order.`,
      input: z.object({
        sql: z.string().trim().min(1).max(MAX_SQL),
        parameters: z
          .array(z.union([z.string().max(100_000), z.number(), z.boolean(), z.null()]))
          .max(100)
          .default([])
          .describe(`values for ${database.dialect === "SQLite" ? "?" : "$1, $2 …"}: never write them into the query`),
      }),
      execute: ({ sql, parameters }, { signal }) => database.query({ sql, parameters, limits }, signal),
    }),
  ] as readonly Tool[];
};

const openDatabase = (
  source: SqlToolsOptions["database"],
  { show, readVariable = (name) => process.env[name] }: SqlToolsOptions,
): Database => {
  if ("sqlite" in source) return openSqlite({ file: source.sqlite.file, readable: show });
  const { urlEnv } = source.postgres;
  return openPostgres({
    url: () => {
      const url = readVariable(urlEnv);
      if (url) return url;
      throw new PlatformError(
        "CONFIG_INVALID",
        `the environment variable ${urlEnv} with the address of the database is not set`,
      );
    },
  });
};

const bounded = (options: SqlToolsOptions, name: keyof typeof BOUNDS): number => {
  const { usual, most } = BOUNDS[name];
  const value = options[name] ?? usual;
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new PlatformError(
    "INVALID_ARGUMENT",
    `sqlTools: ${name}: expected a whole number from 1 to ${most}, got ${value}`,
  );
};

const shownOf = (table: TableShape, show: SqlToolsOptions["show"]): TableShape[] => {
  if (show === undefined) return [table];
  const columns = Object.hasOwn(show, table.name) ? show[table.name] : undefined;
  if (columns === undefined) return [];
  return columns === true
    ? [table]
    : [{ ...table, columns: table.columns.filter(({ name }) => columns.includes(name)) }];
};

const hasName = ({ name, columns }: TableShape, search: string): boolean =>
  [name, ...columns.map((column) => column.name)].some((each) => each.toLowerCase().includes(search));
