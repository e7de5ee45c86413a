import { PlatformError, tool } from "@agentcore/sdk";
import { testAgent } from "@agentcore/testing";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import type { DatabaseShape } from "./database-shape.ts";
import { readQuestion } from "./read-question.ts";
import { sqlAgent } from "./sql.ts";

const database: DatabaseShape = {
  dialect: "SQLite",
  tables: [
    {
      name: "orders",
      columns: [
        { name: "id", type: "INTEGER" },
        { name: "status", type: "TEXT" },
        { name: "region", type: "TEXT" },
        { name: "total_amount", type: "REAL" },
        { name: "created_at", type: "TIMESTAMP" },
      ],
    },
    {
      name: "order_items",
      columns: [
        { name: "order_id", type: "INTEGER" },
        { name: "price", type: "REAL" },
      ],
    },
    {
      name: "customers",
      columns: [
        { name: "id", type: "INTEGER" },
        { name: "name", type: "TEXT" },
      ],
    },
  ],
};
const words = { revenue: "orders.total_amount", clients: "customers" };
const read = (question: string, shape = database) => readQuestion(question, shape, words, 100);

describe("questions that are read without a model", () => {
  test.each([
    ["How many orders are there?", 'SELECT COUNT(*) AS count FROM "orders"', []],
    ["how many clients do we have", 'SELECT COUNT(*) AS count FROM "customers"', []],
    [
      "How many orders are there where status is open?",
      'SELECT COUNT(*) AS count FROM "orders" WHERE "status" = ?',
      ["open"],
    ],
    [
      "total revenue of orders by region",
      'SELECT "region", SUM("total_amount") AS sum FROM "orders" GROUP BY "region" ORDER BY sum DESC, "region" LIMIT 100',
      [],
    ],
    [
      "average total amount of orders in 2025 per region",
      'SELECT "region", AVG("total_amount") AS avg FROM "orders" WHERE "created_at" >= ? AND "created_at" < ? GROUP BY "region" ORDER BY avg DESC, "region" LIMIT 100',
      ["2025-01-01", "2026-01-01"],
    ],
    [
      "list orders with total amount above 1,000 and status = 'in transit' since 2026-01-31",
      'SELECT * FROM "orders" WHERE "total_amount" > ? AND "status" = ? AND "created_at" >= ? LIMIT 100',
      [1000, "in transit", "2026-01-31"],
    ],
    ["top 5 orders by total amount", 'SELECT * FROM "orders" ORDER BY "total_amount" DESC LIMIT 5', []],
    [
      "total amount of orders by region",
      'SELECT "region", SUM("total_amount") AS sum FROM "orders" GROUP BY "region" ORDER BY sum DESC, "region" LIMIT 100',
      [],
    ],
    [
      "top 3 regions by total revenue of orders",
      'SELECT "region", SUM("total_amount") AS sum FROM "orders" GROUP BY "region" ORDER BY sum DESC, "region" LIMIT 3',
      [],
    ],
    [
      "how many orders with total amount above -5!",
      'SELECT COUNT(*) AS count FROM "orders" WHERE "total_amount" > ?',
      [-5],
    ],
    [
      "how many orders after 2024-02-28",
      'SELECT COUNT(*) AS count FROM "orders" WHERE "created_at" >= ?',
      ["2024-02-29"],
    ],
    [
      "how many orders until 2025-12-31",
      'SELECT COUNT(*) AS count FROM "orders" WHERE "created_at" < ?',
      ["2026-01-01"],
    ],
    [
      "how many orders where created at is 2025-03-01",
      'SELECT COUNT(*) AS count FROM "orders" WHERE "created_at" >= ? AND "created_at" < ?',
      ["2025-03-01", "2025-03-02"],
    ],
    [
      "how many orders where region is 'hey! you'",
      'SELECT COUNT(*) AS count FROM "orders" WHERE "region" = ?',
      ["hey! you"],
    ],
    ["what is the average price of order items", 'SELECT AVG("price") AS avg FROM "order_items"', []],
  ])("%s", (question, sql, parameters) => {
    expect(read(question)).toMatchObject({ sql, parameters });
  });

  test.each([
    ["how many orders are not open", "may turn round"],
    ["how many orders did Ada place", "not understood: Ada, place"],
    ["how many customers have orders", "several tables"],
    ["what is the weather", "it names no table"],
    ["total orders by region", "of which column"],
    ["orders by region", "what is counted"],
    ["orders where status", "does not say which"],
    ["list orders where total amount is high", '"high" is none'],
    ["how many orders where status != open", "not understood: !"],
    ["how many orders where status ≠ open", "not understood: ≠"],
    ["how many orders with total amount ≤ 100", "not understood: ≤"],
    ["how many orders where status !open", "not understood: !"],
    ["how many orders on monday", "not understood: monday"],
  ])("%s is left to a model: %s", (question, why) => {
    expect(read(question)).toEqual({ unread: expect.stringContaining(why) });
  });

  test("names of PostgreSQL go in as it tells them, and values as its parameters", () => {
    const [orders] = database.tables;
    const shape = {
      dialect: "PostgreSQL",
      tables: [{ ...orders, name: 'sales."Orders"' } as DatabaseShape["tables"][number]],
    };
    expect(read("how many orders where region is 'no; DROP TABLE x'", shape)).toMatchObject({
      sql: 'SELECT COUNT(*) AS count FROM sales."Orders" WHERE region = $1',
      parameters: ["no; DROP TABLE x"],
    });
  });
});

const asked: unknown[] = [];
const tools = [
  tool({
    name: "shop_sql_schema",
    description: "Schema",
    input: z.object({}),
    readOnly: true,
    execute: () => database,
  }),
  tool({
    name: "shop_sql_query",
    description: "Query",
    input: z.object({ sql: z.string(), parameters: z.array(z.unknown()) }),
    readOnly: true,
    execute: (query) => {
      asked.push(query);
      return { columns: ["count"], rows: [[3]], more: false };
    },
  }),
];

describe("a standard agent for SQL", () => {
  test("answers with the rows and the query, without a model where rules suffice", async () => {
    const world = await testAgent(sqlAgent({ tools, words }));
    const run = await world.run("how many orders where status is open");
    expect(run.output).toEqual({
      ...{ sql: 'SELECT COUNT(*) AS count FROM "orders" WHERE "status" = ?', parameters: ["open"] },
      ...{ columns: ["count"], rows: [[3]], more: false, by: "rules" },
      reasons: ["table orders", "how many", "status = open"],
    });
    expect((await world.run({ sql: "SELECT 1" })).output).toMatchObject({ by: "given", rows: [[3]] });
    const unread = await world.run("how many orders did Ada place");
    expect(unread.error?.message).toContain("it cannot be read without a model: not understood: Ada, place");
    await world.close();
  });

  test("has a model write what rules do not read, and tells it once what the database refuses", async () => {
    const refusing = tools.map((each) =>
      each.name !== "shop_sql_query"
        ? each
        : tool({
            ...{ name: each.name, description: "Query", readOnly: true },
            input: z.object({ sql: z.string(), parameters: z.array(z.unknown()) }),
            execute: ({ sql }) => {
              if (sql.includes("placed_by")) throw new PlatformError("INVALID_ARGUMENT", "no such column: placed_by");
              return { columns: ["n"], rows: [[1]], more: false };
            },
          }),
    );
    const model = [
      JSON.stringify({ sql: "SELECT COUNT(*) AS n FROM orders WHERE placed_by = ?", parameters: ["Ada"] }),
      JSON.stringify({ sql: "SELECT COUNT(*) AS n FROM orders WHERE region = ?", parameters: ["Ada"] }),
      JSON.stringify({ impossible: "no table has the weather" }),
    ];
    const world = await testAgent(sqlAgent({ tools: refusing, model: "m" }), { model });
    expect((await world.run("how many orders did Ada place")).output).toMatchObject({
      by: "model",
      rows: [[1]],
      reasons: ["not read by rules: not understood: Ada, place", "written by m, at try 2"],
    });
    expect((await world.run("what is the weather")).error?.message).toContain("no table has the weather");
    await world.close();
  });

  test("gives no more rows than it may, whoever wrote the query", async () => {
    const many = tools.map((each) =>
      each.name === "shop_sql_query"
        ? tool({
            ...{ name: each.name, description: "Query", readOnly: true, input: z.looseObject({}) },
            execute: () => ({ columns: ["n"], rows: [[1], [2], [3]], more: false }),
          })
        : each,
    );
    const world = await testAgent(sqlAgent({ tools: many, maxRows: 2 }));
    expect((await world.run({ sql: "SELECT n FROM t" })).output).toMatchObject({ rows: [[1], [2]], more: true });
    await world.close();
  });

  test("says what it lacks", async () => {
    expect(() => sqlAgent({} as never)).toThrow("tools");
    const world = await testAgent(sqlAgent({ tools: tools.slice(0, 1) }));
    expect((await world.run("how many orders")).error?.message).toContain(
      "needs one tool sql_query; it has shop_sql_schema",
    );
    await world.close();
  });
});
