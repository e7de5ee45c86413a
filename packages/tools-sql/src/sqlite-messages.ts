import type { QueryRequest } from "./database.ts";

/** Tables and views that may be read, and their columns; null: all. In lower case. */
export type Readable = ReadonlyMap<string, readonly string[] | null>;

export type SqliteRequest = {
  readonly file: string;
  readonly busyMs: number;
  readonly readable: Readable | null;
} & ({ readonly kind: "query"; readonly query: QueryRequest } | { readonly kind: "tables" });
