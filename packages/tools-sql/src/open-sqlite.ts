import { resolve } from "node:path";
import { openProcess } from "@agentcore/sandbox/bounded";
import type { Database, QueryRows, TableShape } from "./database.ts";
import type { Readable, SqliteRequest } from "./sqlite-messages.ts";

export interface SqliteOptions {
  /** Opened anew for each query, read-only. */
  readonly file: string;
  /** Tables and views that can be read, with their columns or all of them, and no others. @default all */
  readonly readable?: Readonly<Record<string, true | readonly string[]>> | undefined;
}

// From source it is `.ts`, from dist `.js`; it lies beside this file in both.
const worker = new URL(import.meta.url.endsWith(".ts") ? "./sqlite-worker.ts" : "./sqlite-worker.js", import.meta.url);
// The process itself takes some 60 MB; SQLite's share is bounded in it.
const MEMORY_BYTES = 768 * 1024 * 1024;
const BUSY_MS = 2_000;
const SCHEMA_TIMEOUT_MS = 10_000;

/** A process reads it, one query after the other; it ends when it is idle, and is killed with a query that takes too long. */
export const openSqlite = ({ file, readable }: SqliteOptions): Database => {
  const process = openProcess({ file: worker, doing: "the query", memoryBytes: MEMORY_BYTES });
  const common = {
    file: resolve(file),
    busyMs: BUSY_MS,
    readable: readable === undefined ? null : inLowerCase(readable),
  };
  const ask = (request: SqliteRequest, timeoutMs: number, signal: AbortSignal): Promise<unknown> =>
    process.call(request, { timeoutMs, signal });
  return {
    dialect: "SQLite",
    // The answers are what this package sends itself.
    query: async (query, signal) =>
      (await ask({ ...common, kind: "query", query }, query.limits.timeoutMs, signal)) as QueryRows,
    tables: async (signal) =>
      (await ask({ ...common, kind: "tables" }, SCHEMA_TIMEOUT_MS, signal)) as readonly TableShape[],
  };
};

const inLowerCase = (readable: NonNullable<SqliteOptions["readable"]>): Readable =>
  new Map(
    Object.entries(readable).map(([table, columns]) => [
      table.toLowerCase(),
      columns === true ? null : columns.map((column) => column.toLowerCase()),
    ]),
  );
