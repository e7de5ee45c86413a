/** What the tools need of a database. It, and not they, holds a query to reading. */

export type Scalar = string | number | boolean | null;
export type Cell = Scalar | readonly unknown[] | Readonly<Record<string, unknown>>;

export interface QueryLimits {
  readonly maxRows: number;
  /** Of the rows as JSON. */
  readonly maxBytes: number;
  readonly timeoutMs: number;
}

export interface QueryRequest {
  /** One statement that gives rows, with `$1` or `?` for its parameters. */
  readonly sql: string;
  readonly parameters: readonly Scalar[];
  readonly limits: QueryLimits;
}

export interface QueryRows {
  readonly columns: readonly string[];
  /** By column; a cell is cut at 4,000 characters, and says so. */
  readonly rows: readonly (readonly Cell[])[];
  /** There are more rows than were asked for, or than have room. */
  readonly more: boolean;
}

export interface TableColumn {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly comment?: string;
}

export interface TableShape {
  /** With its schema where that is not the usual one. */
  readonly name: string;
  readonly kind: "table" | "view";
  readonly comment?: string;
  readonly columns: readonly TableColumn[];
  readonly primaryKey?: readonly string[];
  /** "customer_id -> customers(id)" */
  readonly references?: readonly string[];
}

export interface Database {
  readonly dialect: "PostgreSQL" | "SQLite";
  /** Throws INVALID_ARGUMENT for what the database does not understand, PERMISSION_DENIED for what it does not let be, DEADLINE_EXCEEDED, UPSTREAM_FAILED. */
  query(request: QueryRequest, signal: AbortSignal): Promise<QueryRows>;
  tables(signal: AbortSignal): Promise<readonly TableShape[]>;
}
