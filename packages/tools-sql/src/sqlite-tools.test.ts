import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SqlToolsOptions, sqlTools } from "./sql-tools.ts";

let folder = "";
let file = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "agentcore-sql-"));
  file = join(folder, "shop.db");
  const database = new DatabaseSync(file);
  database.exec(`
    CREATE TABLE customers (id INTEGER PRIMARY KEY, name TEXT NOT NULL, iban TEXT);
    CREATE TABLE orders (id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers(id), total REAL, blob BLOB);
    CREATE TABLE secrets (value TEXT);
    CREATE VIEW best AS SELECT c.name, s.value FROM customers c, secrets s;
    CREATE VIEW nested AS WITH w AS (SELECT name FROM best) SELECT name FROM w;
    CREATE VIEW "own ""x" AS SELECT name FROM customers WHERE iban IS NOT NULL;
    INSERT INTO customers VALUES (1, 'Ada', 'NO93'), (2, 'Bo', 'DE89');
    INSERT INTO orders VALUES (1, 1, 12.5, x'00ff'), (2, 1, 7, NULL), (3, 2, 9007199254740993, NULL);
    INSERT INTO secrets VALUES ('SECRET');
    CREATE TABLE numbers AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c LIMIT 1000) SELECT x FROM c;
  `);
  database.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

const toolsOf = (options: Partial<SqlToolsOptions> = {}, signal = new AbortController().signal) => {
  const [schema, query] = sqlTools({ database: { sqlite: { file } }, ...options });
  return {
    schema: (input: object = { search: "" }) => schema?.execute(input, { signal, idempotencyKey: "k" }),
    query: async (sql: string, parameters: readonly unknown[] = []) =>
      (await query?.execute({ sql, parameters }, { signal, idempotencyKey: "k" })) as {
        rows: unknown[][];
        columns: string[];
        more: boolean;
      },
  };
};

test("tables are shown as they are, and rows are read with their parameters bound", async () => {
  const { schema, query } = toolsOf();
  expect(await schema({ search: "orders" })).toEqual({
    dialect: "SQLite",
    tables: [
      {
        ...{ name: "orders", kind: "table", primaryKey: ["id"], references: ["customer -> customers(id)"] },
        columns: [
          { name: "id", type: "INTEGER", nullable: true },
          { name: "customer", type: "INTEGER", nullable: true },
          { name: "total", type: "REAL", nullable: true },
          { name: "blob", type: "BLOB", nullable: true },
        ],
      },
    ],
  });
  expect(await query("SELECT name FROM customers WHERE name = ? AND ?", ["Ada' OR 1=1 --", true])).toMatchObject({
    rows: [],
  });
  expect(await query("SELECT id, blob, 9007199254740993 big FROM orders WHERE id < ? ORDER BY id", [3])).toEqual({
    columns: ["id", "blob", "big"],
    rows: [
      [1, "\\x00ff", "9007199254740993"],
      [2, null, "9007199254740993"],
    ],
    more: false,
  });
  expect(await query("select count(*) n from customers ; ")).toMatchObject({ rows: [[2]] });
  expect(await query("VALUES (1), (2)")).toMatchObject({ rows: [[1], [2]] });
});

test("an answer has as many rows and bytes as it may, and says that there are more", async () => {
  expect(await toolsOf({ maxRows: 3 }).query("SELECT x FROM numbers")).toMatchObject({
    rows: [[1], [2], [3]],
    more: true,
  });
  const { rows, more } = await toolsOf({ maxBytes: 10_000 }).query("SELECT printf('%.*c', 3000, 'x') FROM numbers");
  expect([rows.length, more]).toEqual([3, true]);
  const long = await toolsOf().query("SELECT printf('%.*c', 5000, 'x') y");
  expect(String(long.rows[0]?.[0])).toMatch(/^x{4000}… \(5000 characters\)$/);
});

const REFUSED: readonly (readonly [sql: string, message: RegExp])[] = [
  ["INSERT INTO customers VALUES (9, 'x', 'y')", /not authorized/],
  ["UPDATE customers SET name = 'x'", /not authorized/],
  ["DELETE FROM customers", /not authorized/],
  ["WITH x AS (SELECT 1) DELETE FROM customers RETURNING *", /not authorized/],
  ["REPLACE INTO customers VALUES (1, 'x', 'y') RETURNING id", /not authorized/],
  ["DROP TABLE customers", /not authorized/],
  ["CREATE TABLE x (y)", /not authorized/],
  ["CREATE TEMP TABLE x AS SELECT * FROM customers", /not authorized/],
  ["ATTACH DATABASE 'FOLDER/other.db' AS other", /not authorized/],
  ["ATTACH DATABASE '/etc/passwd' AS other", /not authorized/],
  ["DETACH DATABASE main", /not authorized/],
  ["VACUUM", /not authorized|gives rows/],
  ["VACUUM INTO 'FOLDER/copy.db'", /not authorized|gives rows/],
  ["PRAGMA journal_mode = DELETE", /not authorized/],
  ["PRAGMA query_only = OFF", /not authorized/],
  ["PRAGMA writable_schema = ON", /not authorized/],
  ["PRAGMA temp_store_directory = '/'", /not authorized/],
  ["SELECT * FROM pragma_journal_mode", /not authorized/],
  ["SELECT * FROM pragma_hard_heap_limit(1000000000000)", /not authorized|too many arguments/],
  ["BEGIN IMMEDIATE", /not authorized/],
  ["COMMIT", /not authorized/],
  ["SAVEPOINT x", /not authorized/],
  ["ANALYZE", /not authorized/],
  ["REINDEX", /not authorized|gives rows/],
  ["SELECT load_extension('/tmp/x.so')", /not authorized/],
  ["SELECT fts3_tokenizer('simple', x'00')", /not authorized|no such function/],
  ["SELECT writefile('FOLDER/x', 'y')", /not authorized|no such function/],
  ["SELECT readfile('/etc/passwd')", /not authorized|no such function/],
  ["SELECT 1; DELETE FROM customers", /expected one statement/],
  ["SELECT 1; -- and a comment", /expected one statement/],
  ["-- nothing", /./],
  ["SELEC 1", /syntax error/],
  ["SELECT * FROM none", /no such table: none/],
  ['SELECT "none" FROM customers', /no such column/],
];

test("SQLite itself lets nothing but rows be read", async () => {
  const before = readFileSync(file);
  const { query } = toolsOf();
  const passed: unknown[] = [];
  for (const [sql, message] of REFUSED) {
    const told = await query(sql.replace("FOLDER", folder)).catch((error: Error) => error.message);
    if (typeof told !== "string" || !message.test(told)) passed.push([sql, told]);
  }
  expect(passed).toEqual([]);
  expect(readFileSync(file).equals(before)).toBe(true);
  for (const name of ["other.db", "copy.db", "x"]) expect(existsSync(join(folder, name)), name).toBe(false);
});

test("where tables are named, nothing else can be read, but for what a named view reads", async () => {
  const { schema, query } = toolsOf({ show: { customers: ["id", "name"], best: true } });
  expect(await schema()).toMatchObject({
    tables: [
      { name: "best", kind: "view" },
      { name: "customers", columns: [{ name: "id" }, { name: "name" }] },
    ],
  });
  expect(await query("SELECT c.name, count(*) FROM Customers c GROUP BY 1")).toMatchObject({
    rows: [
      ["Ada", 1],
      ["Bo", 1],
    ],
  });
  expect(await query("SELECT value FROM best LIMIT 1")).toMatchObject({ rows: [["SECRET"]] });
  for (const sql of [
    "SELECT * FROM secrets",
    "SELECT iban FROM customers",
    "SELECT * FROM customers",
    "SELECT name FROM customers WHERE iban LIKE 'NO%'",
    "SELECT (SELECT value FROM secrets)",
    "SELECT sql FROM sqlite_master",
    "SELECT * FROM pragma_table_info('secrets')",
    "SELECT * FROM sqlite_dbpage",
    "SELECT * FROM dbstat",
  ])
    await expect(query(sql), sql).rejects.toThrow(/prohibited|not authorized|no such table/);
});

test("a WITH that has the name of what may be read does not open what it reads itself", async () => {
  const { query } = toolsOf({ show: { customers: ["id", "name"], best: ["name"], nested: true, 'own "x': true } });
  for (const sql of [
    "WITH customers AS (SELECT value FROM secrets) SELECT * FROM customers",
    "WITH best AS (SELECT value FROM secrets) SELECT * FROM best",
    "WITH Best(a) AS MATERIALIZED (SELECT iban FROM customers) SELECT a FROM Best, main.best",
    "WITH nested AS (SELECT * FROM customers) SELECT * FROM nested",
    "WITH nested AS (SELECT (SELECT value FROM secrets) FROM customers) SELECT * FROM nested",
    'WITH \'own "x\' AS (SELECT iban FROM customers) SELECT * FROM "own ""x"',
    "WITH best AS (SELECT value FROM best) SELECT * FROM best",
    "SELECT value FROM best",
    "SELECT * FROM (WITH w AS (SELECT value FROM secrets) SELECT * FROM w)",
  ])
    await expect(query(sql), sql).rejects.toThrow(/prohibited|circular/);
  // What is read within what may be read stays open, also by way of a WITH.
  expect(await query("WITH w AS (SELECT name FROM nested) SELECT DISTINCT name FROM w ORDER BY 1")).toMatchObject({
    rows: [["Ada"], ["Bo"]],
  });
  expect((await query('SELECT name FROM "own ""x"')).rows.length).toBeGreaterThan(0);
});

test("a query without end is ended, by its time and by whoever gave it up, and the next one is answered", async () => {
  const endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
  const begin = performance.now();
  await expect(toolsOf({ timeoutMs: 300 }).query(endless)).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const stop = new AbortController();
  const { query } = toolsOf({}, stop.signal);
  const given = query(endless);
  setTimeout(() => stop.abort(new Error("enough")), 200);
  await expect(given).rejects.toThrow("enough");
  expect(performance.now() - begin).toBeLessThan(5_000);
  expect(await toolsOf().query("SELECT 1")).toMatchObject({ rows: [[1]] });
});

test.each([
  "SELECT length(group_concat(a.x || b.x || printf('%.*c', 10000, 'x'))) FROM numbers a, numbers b",
  "SELECT zeroblob(900000000)",
  "WITH RECURSIVE c(x) AS (SELECT zeroblob(1000000) UNION ALL SELECT x || zeroblob(100) FROM c) SELECT x FROM c ORDER BY 1 DESC",
])("a query that takes all memory is refused, or ended: %s", async (sql) => {
  await expect(toolsOf({ timeoutMs: 15_000 }).query(sql)).rejects.toMatchObject({ code: "TOO_LARGE" });
});

test("a file that is not there is not made, and one that is none is said", async () => {
  const none = join(folder, "none.db");
  await expect(toolsOf({ database: { sqlite: { file: none } } }).query("SELECT 1")).rejects.toThrow("cannot be opened");
  expect(existsSync(none)).toBe(false);
  const text = toolsOf({ database: { sqlite: { file: new URL(import.meta.url).pathname } } });
  await expect(text.query("SELECT * FROM x")).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
});

test("what cannot be a bound is told when the tools are made", () => {
  expect(() => sqlTools({ database: { sqlite: { file } }, maxRows: 0 })).toThrow("maxRows: expected a whole number");
});
