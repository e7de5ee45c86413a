import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { constants, DatabaseSync } from "node:sqlite";
import { z } from "zod";
import { createSalesFile } from "../../seed/create-sales-file.ts";
import type { Catalogue } from "./catalogue.ts";
import type { SalesQuery } from "./query-builder.ts";

export interface SalesRow {
  readonly labels: readonly string[];
  /** Euro cents for money, a count otherwise; null where there is nothing to average. */
  readonly value: number | null;
}

export interface SalesResult {
  readonly rows: readonly SalesRow[];
  /** The first row beyond the limit, where there is one. */
  readonly next: SalesRow | null;
}

const tables = new Set(["snapshot", "regions", "categories", "customers", "products", "orders", "order_lines"]);
const functions = new Set(["sum", "count", "coalesce", "substr", "strftime"]);

const ResultRow = z.object({
  group1: z.string().optional(),
  group2: z.string().optional(),
  value: z.number().nullable(),
});
const NameRow = z.object({ name: z.string() });
const SnapshotRow = z.object({ first_day: z.string(), last_day: z.string() });
const DataVersionRow = z.object({ data_version: z.number() });

/** The sales data, for reading only (SQLite's defensive mode is Node's default). Four things each forbid a write: the file is opened read-only, `query_only` is on, an
 *  authorizer admits nothing but SELECT on the known tables and functions, and no text of a question reaches the SQL. */
export class SalesDatabase {
  readonly #path: string;
  readonly #database: DatabaseSync;
  #version: { readonly dataVersion: number; readonly hash: string } | undefined;

  constructor(path: string) {
    this.#path = path;
    this.#database = new DatabaseSync(path, { readOnly: true, allowExtension: false });
    this.#database.exec(
      "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0",
    );
    this.#database.setAuthorizer(authorise);
  }

  /** Runs one query of the query builder; at most `maxRows` rows come back. */
  run(query: SalesQuery): SalesResult {
    const found = this.#database
      .prepare(query.sql)
      .all(...query.parameters)
      .slice(0, query.maxRows + 1)
      .map((row) => {
        const { group1, group2, value } = ResultRow.parse(row);
        return { labels: [group1, group2].filter((label) => label !== undefined).slice(0, query.groupCount), value };
      });
    return { rows: found.slice(0, query.maxRows), next: found[query.maxRows] ?? null };
  }

  /** The names and days in the data, which is what a question may speak of. */
  catalogue(): Catalogue {
    const names = (sql: string): string[] =>
      this.#database
        .prepare(sql)
        .all()
        .map((row) => NameRow.parse(row).name);
    const { first_day: firstDay, last_day: lastDay } = SnapshotRow.parse(
      this.#database.prepare("SELECT first_day, last_day FROM snapshot").get(),
    );
    return {
      names: {
        category: names("SELECT name FROM categories ORDER BY id"),
        customer: names("SELECT name FROM customers ORDER BY id"),
        product: names("SELECT name FROM products ORDER BY id"),
        region: names("SELECT name FROM regions ORDER BY id"),
      },
      firstDay,
      lastDay,
    };
  }

  /** Changes exactly when the content does, so that an answer cached under it can never be stale. */
  version(): string {
    const { data_version: dataVersion } = DataVersionRow.parse(this.#database.prepare("PRAGMA data_version").get());
    if (this.#version?.dataVersion !== dataVersion) {
      this.#version = {
        dataVersion,
        hash: createHash("sha256").update(readFileSync(this.#path)).digest("hex").slice(0, 16),
      };
    }
    return this.#version.hash;
  }

  close(): void {
    this.#database.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** Opens the sales data in a folder; the first use creates it there. */
export function openSalesDatabase(folder: string): SalesDatabase {
  const path = join(folder, "sales.sqlite");
  createSalesFile(path);
  return new SalesDatabase(path);
}

function authorise(action: number, first: string | null, second: string | null): number {
  const allowed =
    action === constants.SQLITE_SELECT ||
    (action === constants.SQLITE_READ && first !== null && tables.has(first)) ||
    (action === constants.SQLITE_FUNCTION && second !== null && functions.has(second)) ||
    (action === constants.SQLITE_PRAGMA && first === "data_version" && second === null);
  return allowed ? constants.SQLITE_OK : constants.SQLITE_DENY;
}
