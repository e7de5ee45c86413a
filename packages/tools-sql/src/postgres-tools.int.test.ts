/** What a role that may read can do to PostgreSQL through the tools, and what it cannot. */
import { randomUUID } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type SqlToolsOptions, sqlTools } from "./sql-tools.ts";

const url = process.env["AGENTCORE_TEST_POSTGRES_URL"] ?? "";
const name = `tools_sql_${randomUUID().replaceAll("-", "").slice(0, 12)}`;
const reader = `${name}_reader`;
const password = randomUUID();

const addressOf = (user: string): string => {
  const address = new URL(url);
  address.pathname = name;
  if (user !== "") [address.username, address.password] = [user, password];
  return address.href;
};

const run = async (address: string, ...statements: string[]): Promise<unknown[][]> => {
  const client = new Client(address);
  await client.connect();
  try {
    let rows: unknown[][] = [];
    for (const text of statements) ({ rows } = await client.query({ text, rowMode: "array" }));
    return rows;
  } finally {
    await client.end();
  }
};

const { signal } = new AbortController();
const toolsOf = (
  options: Partial<SqlToolsOptions> & { readonly user?: string; readonly signal?: AbortSignal } = {},
) => {
  const { user = reader, signal: given = signal, ...more } = options;
  const [schema, query] = sqlTools({
    ...{ database: { postgres: { urlEnv: "REPORTS_SECRET" } }, ...more },
    readVariable: (variable) => (variable === "REPORTS_SECRET" ? addressOf(user) : undefined),
  });
  return {
    schema: (search = "") => schema?.execute({ search }, { signal: given, idempotencyKey: "k" }),
    query: async (sql: string, parameters: readonly unknown[] = []) =>
      (await query?.execute({ sql, parameters }, { signal: given, idempotencyKey: "k" })) as {
        rows: unknown[][];
        more: boolean;
      },
  };
};

describe.skipIf(url === "")("PostgreSQL", () => {
  let hasDblink = false;
  beforeAll(async () => {
    await run(
      url,
      `CREATE DATABASE ${name}`,
      `CREATE ROLE ${reader} LOGIN PASSWORD '${password}'`,
      `CREATE ROLE ${name}_other`,
    );
    await run(
      addressOf(""),
      "CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, iban text)",
      "COMMENT ON TABLE customers IS 'Who buys'",
      "CREATE TABLE orders (id bigint PRIMARY KEY, customer int REFERENCES customers(id), total numeric, at timestamptz, about jsonb)",
      "CREATE TABLE hidden (value text)",
      'CREATE SCHEMA "Sales"; CREATE VIEW "Sales"."Best" AS SELECT name FROM customers',
      "INSERT INTO customers VALUES (1, 'Ada', 'NO93'), (2, 'Bo', 'DE89')",
      `INSERT INTO orders VALUES (1, 1, 12.50, '2026-05-01T10:00Z', '{"a": [1]}'), (9007199254740993, 2, 7, NULL, NULL)`,
      "INSERT INTO hidden VALUES ('SECRET')",
      "CREATE SEQUENCE counter",
      "CREATE FUNCTION erase() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM customers; SELECT 1'",
      `CREATE FUNCTION unlock() RETURNS text LANGUAGE plpgsql AS $$ BEGIN
         SET TRANSACTION READ WRITE; DELETE FROM customers; RETURN 'done'; END $$`,
      "CREATE PROCEDURE gone() LANGUAGE plpgsql AS 'BEGIN COMMIT; DELETE FROM customers; COMMIT; END'",
      `GRANT USAGE ON SCHEMA "Sales" TO ${reader}`,
      `GRANT SELECT ON orders, "Sales"."Best" TO ${reader}`,
      `GRANT SELECT (id, name) ON customers TO ${reader}`,
      // More than a reader should have, so that it is the transaction that holds.
      `GRANT INSERT, UPDATE, DELETE, TRUNCATE ON orders TO ${reader}`,
      `GRANT USAGE, UPDATE ON SEQUENCE counter TO ${reader}`,
      `GRANT CREATE ON SCHEMA public TO ${reader}`,
    );
    hasDblink = await run(addressOf(""), "CREATE EXTENSION dblink").then(
      () => true,
      () => false,
    );
  });
  afterAll(async () => {
    await run(url, `DROP DATABASE ${name} WITH (FORCE)`, `DROP ROLE ${reader}`, `DROP ROLE ${name}_other`);
  });

  test("tables are shown that the role may read, and rows are read with their parameters bound", async () => {
    const { schema, query } = toolsOf();
    expect(await schema()).toEqual({
      dialect: "PostgreSQL",
      tables: [
        {
          ...{ name: '"Sales"."Best"', kind: "view" },
          columns: [{ name: "name", type: "text", nullable: true }],
        },
        {
          ...{ name: "customers", kind: "table", comment: "Who buys", primaryKey: ["id"] },
          columns: [
            { name: "id", type: "integer", nullable: false },
            { name: "name", type: "text", nullable: false },
          ],
        },
        expect.objectContaining({ name: "orders", references: ["customer -> customers(id)"] }),
      ],
    });
    expect(await query("SELECT * FROM orders WHERE id > $1 ORDER BY id", [0])).toEqual({
      columns: ["id", "customer", "total", "at", "about"],
      rows: [
        [1, 1, "12.50", expect.stringMatching(/^2026-05-01 /), { a: [1] }],
        ["9007199254740993", 2, "7", null, null],
      ],
      more: false,
    });
    expect(await query("SELECT name FROM customers WHERE name = $1", ["Ada' OR true --"])).toMatchObject({ rows: [] });
    expect(await query("SELECT $1::bool, $2::text", [true, null])).toMatchObject({ rows: [[true, null]] });
    expect(await query("WITH x AS (SELECT 1 AS a) SELECT a FROM x -- said")).toMatchObject({ rows: [[1]] });
    expect(await query('TABLE "Sales"."Best"')).toMatchObject({ rows: [["Ada"], ["Bo"]] });
  });

  test("only what is to be shown is shown", async () => {
    const { schema } = toolsOf({ show: { customers: ["name"] } });
    expect(await schema()).toEqual({
      dialect: "PostgreSQL",
      tables: [
        expect.objectContaining({ name: "customers", columns: [{ name: "name", type: "text", nullable: false }] }),
      ],
    });
  });

  test("an answer has as many rows and bytes as it may", async () => {
    const { rows, more } = await toolsOf({ maxRows: 120 }).query("SELECT generate_series(1, 1000000000)");
    expect([rows.length, rows.at(-1), more]).toEqual([120, [120], true]);
    const large = await toolsOf({ maxBytes: 10_000 }).query("SELECT repeat('x', 3000) FROM generate_series(1, 10)");
    expect([large.rows.length, large.more]).toEqual([3, true]);
    await expect(toolsOf().query("SELECT repeat('x', 100000000)")).rejects.toMatchObject({ code: "TOO_LARGE" });
    const told = await toolsOf()
      .query("SELECT repeat('x', 1000000)::int")
      .catch((error: Error) => error.message);
    expect(told).toMatch(/^invalid input syntax for type integer: "x{900,970}…/);
  });

  test("JSON is given as it is: also numbers that JavaScript does not hold, and what is nested deeper than its stack", async () => {
    const { rows } = await toolsOf().query(`
      SELECT '{"id": 12345678901234567890, "price": 1.5, "tags": [1, "a", null]}'::jsonb, (repeat('[', 6000) || repeat(']', 6000))::json`);
    expect(rows[0]?.[0]).toEqual({ id: "12345678901234567890", price: 1.5, tags: [1, "a", null] });
    expect(rows[0]?.[1]).toMatch(/^\[{4000}… \(12000 characters\)$/);
    const nested = await toolsOf().query("SELECT (repeat('[', 1999) || repeat(']', 1999))::json");
    expect(JSON.stringify(nested.rows[0]?.[0])).toHaveLength(3998);
  });

  const syntax = /syntax error/;
  const readOnly = /read-only transaction/;
  const denied = /permission denied|must be|not allowed|only roles with/i;
  const refused: readonly (readonly [sql: string, message: RegExp])[] = [
    ["INSERT INTO orders VALUES (5)", syntax],
    ["DELETE FROM orders", syntax],
    ["TRUNCATE orders", syntax],
    ["CREATE TABLE x (y int)", syntax],
    ["WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x", /data-modifying statements in WITH/],
    ["SELECT * INTO x FROM orders", /INTO is not allowed/],
    ["SELECT * FROM orders FOR UPDATE", readOnly],
    ["SELECT nextval('counter')", readOnly],
    ["SELECT setval('counter', 9)", readOnly],
    ["SELECT erase()", readOnly],
    ["SELECT query_to_xml('DELETE FROM orders RETURNING id', true, true, '')", /read-only|non-volatile/],
    ["SELECT unlock()", /must be set before any query|inside a read-only transaction/],
    ["SELECT set_config('transaction_read_only', 'off', false), erase()", /must be set before any query/],
    ["SELECT 1; DELETE FROM orders", /multiple commands/],
    ["SELECT 1; COMMIT; DELETE FROM orders", /multiple commands/],
    ["COMMIT", syntax],
    ["ROLLBACK", syntax],
    ["SET ROLE postgres", syntax],
    ["RESET ROLE", syntax],
    ["SET TRANSACTION READ WRITE", syntax],
    ["SET SESSION AUTHORIZATION DEFAULT", syntax],
    [`SELECT set_config('role', '${name}_other', false)`, /permission denied to set role/],
    ["SELECT set_config('session_authorization', 'postgres', false)", denied],
    ["DO $$ BEGIN DELETE FROM orders; END $$", syntax],
    ["CALL gone()", syntax],
    ["COPY orders TO '/tmp/x'", syntax],
    ["COPY (SELECT 1) TO PROGRAM 'touch /tmp/x'", syntax],
    ["COPY orders FROM PROGRAM 'id'", syntax],
    ["LOCK TABLE orders", syntax],
    ["LISTEN x", syntax],
    ["EXPLAIN ANALYZE DELETE FROM orders", syntax],
    ["PREPARE x AS DELETE FROM orders", syntax],
    ["SELECT pg_read_file('/etc/passwd')", denied],
    ["SELECT pg_ls_dir('/')", denied],
    ["SELECT lo_import('/etc/passwd')", denied],
    ["SELECT pg_reload_conf()", denied],
    ["SELECT pg_switch_wal()", denied],
    ["SELECT value FROM hidden", denied],
    ["SELECT iban FROM customers", denied],
    ["SELECT rolpassword FROM pg_authid", denied],
    ["", /./],
    [") SELECT 1", syntax],
    ["SELECT $1", /./],
  ];

  test("PostgreSQL itself lets nothing but rows be read", async () => {
    const { query } = toolsOf();
    const before = await run(
      addressOf(""),
      "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customers), (SELECT last_value FROM counter)",
    );
    const passed: unknown[] = [];
    for (const [sql, message] of refused) {
      const told = await query(sql).catch((error: Error) => error.message);
      if (typeof told !== "string" || !message.test(told)) passed.push([sql, told]);
    }
    expect(passed).toEqual([]);
    const after = await run(
      addressOf(""),
      "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM customers), (SELECT last_value FROM counter)",
    );
    expect(after).toEqual(before);
    expect(await run(addressOf(""), "SELECT count(*) FROM pg_class WHERE relname = 'x'")).toEqual([["0"]]);
  });

  test("what a function leaves behind in its session or transaction is gone with it", async () => {
    const { query } = toolsOf();
    await query("SELECT pg_advisory_lock(7), pg_notify('x', 'y')");
    await query(
      "SELECT set_config('default_transaction_read_only', 'off', false), set_config('statement_timeout', '0', false)",
    );
    // Large objects may be made in a read-only transaction before PostgreSQL 16.
    await query("SELECT lo_from_bytea(0, '\\x00')").catch(() => null);
    expect(await query("SELECT current_setting('statement_timeout'), pg_try_advisory_lock(7)")).toMatchObject({
      rows: [["30s", true]],
    });
    const left =
      "SELECT (SELECT count(*) FROM pg_largeobject_metadata), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory')";
    await expect.poll(() => run(addressOf(""), left)).toEqual([["0", "0"]]);
  });

  test("dblink leads nowhere without a password of its own", async (context) => {
    if (!hasDblink) context.skip("the extension dblink is not installed");
    await expect(
      toolsOf().query(`SELECT * FROM dblink('dbname=${name}', 'DELETE FROM orders RETURNING id') AS x(id int)`),
    ).rejects.toThrow(/password|permission|could not/i);
    expect(await run(addressOf(""), "SELECT count(*) FROM orders")).toEqual([["2"]]);
  });

  const sleeping = `SELECT count(*) FROM pg_stat_activity WHERE datname = '${name}' AND application_name = 'agentcore-tools-sql'`;

  test("a query without end is ended in the server, by its time and by whoever gave it up", async () => {
    await expect(toolsOf({ timeoutMs: 300 }).query("SELECT pg_sleep(60)")).rejects.toMatchObject({
      code: "DEADLINE_EXCEEDED",
    });
    // One that has put off the server's own clock for the rows that come after.
    await expect(
      toolsOf({ timeoutMs: 500 }).query(
        "SELECT set_config('statement_timeout', '0', true) FROM generate_series(1, 60) WHERE generate_series < 51 OR pg_sleep(60) IS NULL",
      ),
    ).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    const stop = new AbortController();
    const given = toolsOf({ signal: stop.signal }).query("SELECT pg_sleep(60)");
    await expect.poll(() => run(url, sleeping)).toEqual([["1"]]);
    stop.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await expect.poll(() => run(url, sleeping)).toEqual([["0"]]);
  });

  test("a role that may reach the machine, or become one that does, is refused", async () => {
    await expect(toolsOf({ user: "" }).query("SELECT 1")).rejects.toMatchObject({
      ...{
        code: "CONFIG_INVALID",
        message: expect.stringContaining("which may do anything: give agents one that may only read"),
      },
    });
    await run(url, `GRANT pg_read_server_files TO ${name}_other`, `GRANT ${name}_other TO ${reader}`);
    try {
      await expect(toolsOf().query("SELECT 1")).rejects.toThrow(
        `the role ${reader} is a member of pg_read_server_files`,
      );
    } finally {
      await run(url, `REVOKE ${name}_other FROM ${reader}`);
    }
    expect(await toolsOf().query("SELECT 1")).toMatchObject({ rows: [[1]] });
  });

  test("what stands in the way is said without the address", async () => {
    const withAddress = (address: string | undefined) => {
      const [, query] = sqlTools({ database: { postgres: { urlEnv: "X_SECRET" } }, readVariable: () => address });
      return expect(query?.execute({ sql: "SELECT 1", parameters: [] }, { signal, idempotencyKey: "k" }));
    };
    await withAddress("postgres://user:geheim@127.0.0.1:1/x").rejects.toMatchObject({
      ...{ code: "UPSTREAM_FAILED", message: "the database cannot be reached (ECONNREFUSED)" },
    });
    await withAddress("postgres://user:geheim@[").rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.not.stringContaining("geheim"),
    });
    await withAddress(undefined).rejects.toThrow(
      "the environment variable X_SECRET with the address of the database is not set",
    );
    await withAddress(addressOf("nobody")).rejects.toMatchObject({ message: expect.not.stringContaining(password) });
    await expect(toolsOf().query("SELECT nothing FROM orders")).rejects.toThrow(
      'column "nothing" does not exist at character 8',
    );
  });

  test("more at once than there are connections wait for their turn", async () => {
    const { query } = toolsOf();
    const all = await Promise.all(Array.from({ length: 20 }, (_, at) => query("SELECT $1::int", [at])));
    expect(all.map(({ rows }) => rows[0]?.[0])).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });
});
