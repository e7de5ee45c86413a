/** The process that reads a SQLite file. It can be killed: a query cannot be ended in any other way, neither from its own thread nor from another. */
import { constants, DatabaseSync, type SQLOutputValue } from "node:sqlite";
import { PlatformError } from "@agentcore/contract/errors";
import { serveCalls } from "@agentcore/sandbox/bounded";
import type { Cell, QueryRequest, QueryRows, TableShape } from "./database.ts";
import { RowCollector } from "./row-collector.ts";
import type { Readable, SqliteRequest } from "./sqlite-messages.ts";

// Of SQLite's own memory; sorting and grouping stay in it, too, so that no query fills a disk.
const HEAP_BYTES = 256 * 1024 * 1024;
const { SQLITE_DENY, SQLITE_OK, SQLITE_READ, SQLITE_SELECT, SQLITE_FUNCTION, SQLITE_RECURSIVE } = constants;
/** Functions that reach beyond rows. */
const DENIED_FUNCTIONS = new Set(["load_extension", "fts3_tokenizer", "writefile", "readfile", "edit", "sqlite_log"]);

const opened = ({ file, busyMs }: SqliteRequest): DatabaseSync => {
  try {
    const database = new DatabaseSync(file, {
      ...{ readOnly: true, allowExtension: false, timeout: busyMs, enableDoubleQuotedStringLiterals: false },
      ...{ readBigInts: true, returnArrays: true },
    });
    database.exec(
      `PRAGMA hard_heap_limit = ${HEAP_BYTES}; PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA query_only = ON`,
    );
    return database;
  } catch (error) {
    throw new PlatformError("UPSTREAM_FAILED", `the file cannot be opened: ${messageOf(error)}`);
  }
};

/** What is read within a view or a WITH is judged as all else, or has been. Of rows that are only counted, SQLite does not tell within what. */
type Within = "judged" | "seen";

const authorize = (database: DatabaseSync, readable: Readable | null, within: Within): void =>
  database.setAuthorizer((action, first, second, _database, accessor) => {
    switch (action) {
      case SQLITE_SELECT:
      case SQLITE_RECURSIVE:
        return SQLITE_OK;
      case SQLITE_READ:
        return readable === null ||
          (within === "seen" && (accessor !== null || !second)) ||
          mayRead(readable, first, second)
          ? SQLITE_OK
          : SQLITE_DENY;
      case SQLITE_FUNCTION:
        return DENIED_FUNCTIONS.has(second?.toLowerCase() ?? "") ? SQLITE_DENY : SQLITE_OK;
      default:
        return SQLITE_DENY;
    }
  });

/**
 * Holds what the query reads by its own words to what may be read: on a connection where empty tables stand in the place of the views, so that nothing is read within one.
 */
const judgeReads = (request: SqliteRequest, sql: string, readable: Readable): void => {
  const database = opened(request);
  try {
    const views = rowsOf(database, "SELECT name FROM main.sqlite_schema WHERE type = 'view'")
      .map(([name]) => String(name))
      .filter((name) => readable.has(name.toLowerCase()));
    database.exec("PRAGMA query_only = OFF");
    for (const view of views) {
      const columns = rowsOf(database, "SELECT name FROM pragma_table_info(?, 'main')", view).map(([name]) =>
        quotedName(String(name)),
      );
      database.exec(`CREATE TEMP TABLE ${quotedName(view)} (${columns.join(", ")})`);
    }
    authorize(database, readable, "judged");
    database.prepare(sql);
  } finally {
    database.close();
  }
};

const quotedName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

const query = (
  database: DatabaseSync,
  { sql, parameters, limits }: QueryRequest,
  readable: Readable | null,
): QueryRows => {
  // What a view reads itself is its maker's choice. A WITH is told as a view would be, and may have a view's name: "judged" has seen to what it reads.
  authorize(database, readable, "seen");
  const statement = database.prepare(sql);
  // It compiles the first statement, and is silent about what comes after.
  if (sql.slice(sql.indexOf(statement.sourceSQL) + statement.sourceSQL.length).trim() !== "")
    throw new PlatformError("INVALID_ARGUMENT", "expected one statement");
  const columns = statement.columns().map(({ name }) => name);
  if (columns.length === 0) throw new PlatformError("INVALID_ARGUMENT", "expected a statement that gives rows");
  const collector = new RowCollector(limits);
  const values = parameters.map((value) => (typeof value === "boolean" ? Number(value) : value));
  for (const row of statement.iterate(...values)) {
    // As `returnArrays` has it, which the types do not know.
    if (!collector.add((row as unknown as SQLOutputValue[]).map(cellOf))) break;
  }
  return collector.collected(columns);
};

const queryJudged = (database: DatabaseSync, request: SqliteRequest, asked: QueryRequest): QueryRows => {
  if (request.readable !== null) judgeReads(request, asked.sql, request.readable);
  return query(database, asked, request.readable);
};

/** A column without a name: the rows are counted. */
const mayRead = (readable: Readable, table: string | null, column: string | null): boolean => {
  const columns = readable.get(table?.toLowerCase() ?? "");
  return columns === null || (columns !== undefined && (!column || columns.includes(column.toLowerCase())));
};

const cellOf = (value: SQLOutputValue): Cell => {
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  if (value instanceof Uint8Array) return `\\x${Buffer.from(value.subarray(0, 4_000)).toString("hex")}`;
  return value;
};

const tablesOf = (database: DatabaseSync, readable: Readable | null): readonly TableShape[] =>
  rowsOf(
    database,
    "SELECT name, type FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name",
  )
    .map(([name, type]) => ({ name: String(name), kind: type === "view" ? ("view" as const) : ("table" as const) }))
    .filter(({ name }) => readable === null || readable.has(name.toLowerCase()))
    .map(({ name, kind }) => {
      const columns = rowsOf(database, 'SELECT name, type, "notnull", pk FROM pragma_table_info(?)', name);
      const keys = columns
        .filter(([, , , place]) => Number(place) > 0)
        .sort((left, right) => Number(left[3]) - Number(right[3]));
      const references = rowsOf(database, 'SELECT "from", "table", "to" FROM pragma_foreign_key_list(?)', name).map(
        ([from, table, to]) => `${String(from)} -> ${String(table)}${to === null ? "" : `(${String(to)})`}`,
      );
      return {
        ...{ name, kind },
        columns: columns.map(([column, type, notNull]) => ({
          ...{ name: String(column), type: String(type), nullable: Number(notNull) === 0 },
        })),
        ...(keys.length === 0 ? {} : { primaryKey: keys.map(([key]) => String(key)) }),
        ...(references.length === 0 ? {} : { references }),
      };
    });

const rowsOf = (database: DatabaseSync, sql: string, ...values: string[]): SQLOutputValue[][] => {
  return database.prepare(sql).all(...values) as unknown as SQLOutputValue[][];
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

// SQLite's own numbers: https://sqlite.org/rescode.html
const BUSY = 5;
const NO_MEMORY = 7;
const READ_ONLY = 8;
const DENIED = 23;
const OFTEN_OTHERS: ReadonlySet<number> = new Set([10, 11, 13, 14, 26]);

const failureOf = (error: unknown): PlatformError => {
  if (PlatformError.is(error)) return error;
  const code = error instanceof Error && "errcode" in error ? Number(error.errcode) & 0xff : 0;
  if (code === BUSY) return new PlatformError("UPSTREAM_FAILED", "the database is being written to; try again");
  if (code === NO_MEMORY)
    return new PlatformError("TOO_LARGE", `the query takes more than ${HEAP_BYTES} bytes of memory`);
  if (code === READ_ONLY || code === DENIED)
    return new PlatformError(
      "PERMISSION_DENIED",
      `the database lets only rows of tables be read (${messageOf(error)})`,
    );
  if (OFTEN_OTHERS.has(code)) return new PlatformError("UPSTREAM_FAILED", messageOf(error));
  return new PlatformError("INVALID_ARGUMENT", messageOf(error));
};

// The request is what this package sends itself.
serveCalls((value) => {
  const request = value as SqliteRequest;
  // Anew each time: what one query did to its connection is gone, and a file that was replaced is read.
  const database = opened(request);
  try {
    return request.kind === "tables"
      ? tablesOf(database, request.readable)
      : queryJudged(database, request, request.query);
  } catch (error) {
    throw failureOf(error);
  } finally {
    database.close();
  }
});
