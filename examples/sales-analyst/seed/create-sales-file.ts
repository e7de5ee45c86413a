import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { SalesRows } from "./generate-sales.ts";
import { generateSales, snapshotFirstDay, snapshotLastDay } from "./generate-sales.ts";

const schema = `
  CREATE TABLE snapshot    (first_day TEXT NOT NULL, last_day TEXT NOT NULL) STRICT;
  CREATE TABLE regions     (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE categories  (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
  CREATE TABLE customers   (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, region_id INTEGER NOT NULL REFERENCES regions (id)) STRICT;
  CREATE TABLE products    (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, category_id INTEGER NOT NULL REFERENCES categories (id), price_cents INTEGER NOT NULL) STRICT;
  CREATE TABLE orders      (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customers (id), ordered_on TEXT NOT NULL) STRICT;
  CREATE TABLE order_lines (order_id INTEGER NOT NULL REFERENCES orders (id), product_id INTEGER NOT NULL REFERENCES products (id),
                            quantity INTEGER NOT NULL CHECK (quantity > 0), unit_price_cents INTEGER NOT NULL, PRIMARY KEY (order_id, product_id)) STRICT, WITHOUT ROWID;
  CREATE INDEX orders_by_day ON orders (ordered_on);
`;

function fill(database: DatabaseSync, rows: SalesRows): void {
  const insert = (sql: string, values: readonly (readonly (string | number)[])[]): void => {
    const statement = database.prepare(sql);
    for (const value of values) statement.run(...value);
  };
  insert("INSERT INTO snapshot VALUES (?, ?)", [[snapshotFirstDay, snapshotLastDay]]);
  insert(
    "INSERT INTO regions VALUES (?, ?)",
    rows.regions.map(({ id, name }) => [id, name]),
  );
  insert(
    "INSERT INTO categories VALUES (?, ?)",
    rows.categories.map(({ id, name }) => [id, name]),
  );
  insert(
    "INSERT INTO customers VALUES (?, ?, ?)",
    rows.customers.map(({ id, name, regionId }) => [id, name, regionId]),
  );
  insert(
    "INSERT INTO products VALUES (?, ?, ?, ?)",
    rows.products.map(({ id, name, categoryId, priceCents }) => [id, name, categoryId, priceCents]),
  );
  insert(
    "INSERT INTO orders VALUES (?, ?, ?)",
    rows.orders.map(({ id, customerId, orderedOn }) => [id, customerId, orderedOn]),
  );
  insert(
    "INSERT INTO order_lines VALUES (?, ?, ?, ?)",
    rows.orderLines.map(({ orderId, productId, quantity, unitPriceCents }) => [
      orderId,
      productId,
      quantity,
      unitPriceCents,
    ]),
  );
}

/** Creates the seeded database unless the file exists. It is written aside and renamed, so a reader never meets half a
 *  database, and two processes that start together end with the same content. */
export function createSalesFile(path: string): void {
  if (existsSync(path)) return;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}.draft`;
  try {
    const database = new DatabaseSync(draft, { enableForeignKeyConstraints: true });
    try {
      database.exec("PRAGMA journal_mode = MEMORY");
      database.exec("BEGIN");
      database.exec(schema);
      fill(database, generateSales());
      database.exec("COMMIT");
    } finally {
      database.close();
    }
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}
