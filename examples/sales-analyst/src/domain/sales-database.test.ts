import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, describe, expect, test } from "vitest";
import { seedCatalogue } from "../../seed/seed-catalogue.ts";
import { openSalesDatabase, SalesDatabase } from "./sales-database.ts";

const folder = mkdtempSync(join(tmpdir(), "sales-"));
const database = openSalesDatabase(folder);
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function run(sql: string, parameters: readonly (string | number)[] = [], maxRows = 10) {
  return database.run({ sql, parameters, groupCount: 1, maxRows });
}

test("the catalogue is what the seed put in", () => {
  expect(database.catalogue()).toEqual(seedCatalogue());
});

describe("nothing but reading the sales is possible", () => {
  test.each([
    "DELETE FROM orders",
    "INSERT INTO regions VALUES (9, 'Moon')",
    "UPDATE products SET price_cents = 1",
    "DROP TABLE orders",
    "CREATE TABLE loot (x)",
    "CREATE TEMP TABLE loot (x)",
    "ATTACH DATABASE ':memory:' AS other",
    "PRAGMA query_only = OFF",
    "PRAGMA writable_schema = ON",
    "PRAGMA database_list",
    "VACUUM INTO 'copy.sqlite'",
    "BEGIN",
    "SELECT name AS group1, 1 AS value FROM sqlite_master",
    "SELECT 'x' AS group1, load_extension('x') AS value",
    "SELECT hex(randomblob(9)) AS group1, 1 AS value",
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT 'x' AS group1, x AS value FROM n",
  ])("%s", (sql) => expect(() => run(sql)).toThrow(/not authorized|authorization denied|readonly|prohibited/));

  test("a second statement behind the first is never run", () => {
    expect(run("SELECT 'x' AS group1, count(*) AS value FROM orders; DELETE FROM orders").rows).toEqual([
      { labels: ["x"], value: 5_000 },
    ]);
    expect(run("SELECT 'x' AS group1, count(*) AS value FROM orders").rows[0]?.value).toBe(5_000);
  });

  test("without the authorizer the file still refuses", () => {
    using plain = new DatabaseSync(join(folder, "sales.sqlite"), { readOnly: true });
    expect(() => plain.exec("DELETE FROM orders")).toThrow(/readonly/);
  });
});

test("no more rows come back than were asked for, and the first one beyond is told", () => {
  const { rows, next } = run("SELECT name AS group1, id AS value FROM products ORDER BY id", [], 3);
  expect(rows.map(({ value }) => value)).toEqual([1, 2, 3]);
  expect(next?.value).toBe(4);
});

test("the version stays with the content and changes with it, also under an open connection", () => {
  const path = join(folder, "copy.sqlite");
  copyFileSync(join(folder, "sales.sqlite"), path);
  using copy = new SalesDatabase(path);
  expect(copy.version()).toBe(database.version());
  {
    using writer = new DatabaseSync(path);
    writer.exec("UPDATE order_lines SET quantity = quantity + 1 WHERE order_id = 1");
  }
  expect(copy.version()).not.toBe(database.version());
});
