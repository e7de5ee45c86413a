import type { Tool } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { calculator } from "./calculator.ts";
import { csvQuery } from "./csv.ts";
import { dateTools } from "./dates.ts";
import { jsonQuery } from "./json.ts";

/** As `ctx.tool` calls it: what its schema makes of the input. */
const use = async <Input>(tool: Tool<Input, unknown> | undefined, input: unknown): Promise<unknown> => {
  const checked = await tool?.input["~standard"].validate(input);
  if (checked?.issues !== undefined) throw new Error(checked.issues.map(({ message }) => message).join("; "));
  return tool?.execute(checked?.value as Input, { signal: new AbortController().signal, idempotencyKey: "k" });
};

// A Sunday.
const now = Date.parse("2026-11-22T20:30:00Z");
const dates = dateTools({ timeZone: "Europe/Oslo", now: () => now });
const date = (name: string, input: unknown) =>
  use(
    dates.find((tool) => tool.name === name),
    input,
  );

test("all of them change nothing, and say what they take", () => {
  for (const tool of [calculator(), csvQuery(), jsonQuery(), ...dates]) {
    expect(tool).toMatchObject({ readOnly: true, inputJsonSchema: { type: "object" } });
  }
});

test("the calculator gives its result as text, so that no digit is lost", async () => {
  expect(await use(calculator(), { expression: "2^100" })).toBe("1267650600228229401496703205376");
});

test("it is now where one is", async () => {
  expect(await date("now", {})).toEqual({
    ...{ iso: "2026-11-22T21:30:00+01:00", date: "2026-11-22", timeZone: "Europe/Oslo" },
    ...{ weekday: "Sunday", week: 47 },
  });
  expect(await date("now", { timeZone: "Asia/Tokyo" })).toMatchObject({ date: "2026-11-23", weekday: "Monday" });
  await expect(date("now", { timeZone: "Mars" })).rejects.toThrow('there is no time zone "Mars"');
});

test.each([
  ["2026-01-31", "P1M", "2026-02-28T00:00:00+01:00"],
  ["2024-02-29", "P1Y", "2025-02-28T00:00:00+01:00"],
  // A day has 23 hours where clocks go forward.
  ["2026-03-28T12:00", "P1D", "2026-03-29T12:00:00+02:00"],
  ["2026-03-28T12:00", "PT24H", "2026-03-29T13:00:00+02:00"],
  ["2026-11-22T20:30:00Z", "-P2W", "2026-11-08T21:30:00+01:00"],
])("%s and %s is %s", async (from, duration, iso) => {
  expect(await date("date_add", { date: from, duration })).toMatchObject({ iso });
});

test.each([
  [
    { from: "2026-11-22", to: "2026-12-24" },
    { days: 32, businessDays: 23 },
  ],
  [
    { from: "2026-12-24", to: "2026-11-22" },
    { days: -32, businessDays: -23 },
  ],
  [
    { from: "2026-11-21", to: "2026-11-23" },
    { days: 2, businessDays: 0 },
  ],
  [
    { from: "2000-05-20", to: "2026-11-22", unit: "years" },
    { years: 26, exact: "P26Y6M2D" },
  ],
  [{ from: "2026-11-22T10:00", to: "2026-11-22T12:45", unit: "minutes" }, { minutes: 165 }],
])("from %j it is %j", async (input, expected) => {
  expect(await date("date_difference", input)).toMatchObject(expected);
});

test.each([
  ["date_add", { date: "tomorrow", duration: "P1D" }, '"tomorrow" is no date in ISO 8601'],
  ["date_add", { date: "2026-02-30", duration: "P1D" }, '"2026-02-30" is no date'],
  ["date_add", { date: "2026-01-01", duration: "a month" }, '"a month" is no length of time'],
  ["date_add", { date: "2026-01-01", duration: "P999999999Y" }, "beyond all dates"],
])("%s refuses %j", async (name, input, message) => {
  await expect(date(name, input)).rejects.toThrow(message);
});

const csv = "city,year,sold,code\nOslo,2025,10,0150\nOslo,2026,12.5,0150\nBergen,2026,7,5003\n";
const table = (query: object) => use(csvQuery(), { csv, ...query });

test("a table is filtered, selected and ordered", async () => {
  expect(
    await table({
      where: [{ column: "year", is: ">=", value: 2026 }],
      select: ["city", "sold"],
      orderBy: { column: "sold" },
    }),
  ).toEqual({
    total: 2,
    rows: [
      { city: "Bergen", sold: 7 },
      { city: "Oslo", sold: 12.5 },
    ],
  });
  expect(await table({ where: [{ column: "city", is: "contains", value: "OSL" }], limit: 1 })).toMatchObject({
    total: 2,
    rows: [{ city: "Oslo", code: "0150" }],
  });
});

test("a table is grouped and counted", async () => {
  expect(
    await table({
      groupBy: ["city"],
      compute: [{ of: "count" }, { of: "sum", column: "sold" }, { of: "avg", column: "sold" }],
      orderBy: { column: "sum_sold", descending: true },
    }),
  ).toEqual({
    total: 2,
    rows: [
      { city: "Oslo", count: 2, sum_sold: 22.5, avg_sold: 11.25 },
      { city: "Bergen", count: 1, sum_sold: 7, avg_sold: 7 },
    ],
  });
  expect(await table({ compute: [{ of: "max", column: "city" }] })).toEqual({ total: 1, rows: [{ max_city: null }] });
});

test.each([
  [{ select: ["town"] }, 'there is no column "town"; columns: city, year, sold, code'],
  [{ where: [{ column: "town", is: "=", value: 1 }] }, 'there is no column "town"'],
  [{ compute: [{ of: "sum", column: "sold" }], orderBy: { column: "sold" } }, "columns: sum_sold"],
  [{ csv: 'a,b\n1,"2' }, "Quote Not Closed"],
  [{ csv: "a,b\n1,2,3" }, "Invalid Record Length"],
  [{ csv: `a\n${"1\n".repeat(100_001)}` }, "it has more than 100000 rows"],
])("a table refuses %j", async (query, message) => {
  await expect(table(query)).rejects.toThrow(message);
});

test("JSON is asked by JMESPath", async () => {
  const json = JSON.stringify({
    orders: [
      { id: 1, total: 50 },
      { id: 2, total: 150 },
    ],
  });
  expect(await use(jsonQuery(), { json, query: "orders[?total > `100`].id" })).toEqual([2]);
  await expect(use(jsonQuery(), { json: "{", query: "a" })).rejects.toThrow("json_query: json:");
  await expect(use(jsonQuery(), { json, query: "orders[?" })).rejects.toThrow("json_query: query:");
});
