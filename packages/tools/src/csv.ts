import { tool } from "@agentcore/sdk";
import { parse } from "csv-parse/browser/esm/sync";
import { z } from "zod";
import { aggregate, type Cell, type Row } from "./aggregate.ts";
import { refuse } from "./refuse.ts";

const MAX_CHARACTERS = 5_000_000;
const MAX_ROWS = 100_000;
const MAX_SHOWN = 500;

const Value = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const Condition = z.object({
  column: z.string(),
  is: z.enum(["=", "!=", "<", "<=", ">", ">=", "contains"]),
  value: Value,
});

export const Query = z.object({
  csv: z.string().max(MAX_CHARACTERS).describe("The text, with a line of column names first"),
  delimiter: z.string().length(1).default(","),
  where: z.array(Condition).max(20).default([]).describe("All must hold"),
  select: z.array(z.string()).max(200).optional(),
  groupBy: z.array(z.string()).max(10).optional(),
  compute: z
    .array(z.object({ of: z.enum(["count", "sum", "avg", "min", "max"]), column: z.string().optional() }))
    .max(20)
    .default([])
    .describe("Per group, or of all rows"),
  orderBy: z.object({ column: z.string(), descending: z.boolean().default(false) }).optional(),
  limit: z.int().min(1).max(MAX_SHOWN).default(50),
});

/** Filters, groups and sums a table; numbers are compared as numbers where both sides are. */
export const csvQuery = () =>
  tool({
    name: "csv_query",
    description: "Answers questions on a table in CSV: filter, select, group, count, sum, avg, min, max, order",
    input: Query,
    readOnly: true,
    execute: ({ csv, delimiter, where, select, groupBy, compute, orderBy, limit }) => {
      const rows = rowsOf(csv, delimiter);
      const columns = Object.keys(rows[0] ?? {});
      const known = (column: string): string => {
        if (columns.includes(column)) return column;
        throw refuse("csv_query", `there is no column "${column}"; columns: ${columns.join(", ")}`);
      };
      for (const { column } of where) known(column);
      const kept = rows.filter((row) => where.every((condition) => holds(row, condition)));
      const isGrouped = compute.length > 0 || groupBy !== undefined;
      const computed = isGrouped
        ? aggregate(
            kept,
            (groupBy ?? []).map(known),
            compute.map(({ of, column }) => ({ of, column: column === undefined ? undefined : known(column) })),
          )
        : kept.map((row) =>
            select === undefined ? row : Object.fromEntries(select.map((column) => [known(column), row[column]])),
          );
      const ordered = orderBy === undefined ? computed : inOrder(computed, orderBy);
      return { total: ordered.length, rows: ordered.slice(0, limit) };
    },
  });

const rowsOf = (csv: string, delimiter: string): readonly Row[] => {
  const rows = parsed(csv, delimiter);
  if (rows.length > MAX_ROWS) throw refuse("csv_query", `it has more than ${MAX_ROWS} rows; ask of a part of them`);
  return rows;
};

const parsed = (csv: string, delimiter: string): readonly Row[] => {
  try {
    return parse(csv, {
      ...{ columns: true, delimiter, bom: true, trim: true, skip_empty_lines: true, relax_column_count: false },
      to: MAX_ROWS + 1,
      cast: (value, { header }) => (header ? value : cast(value)),
    }) as Row[];
  } catch (error) {
    throw refuse("csv_query", error instanceof Error ? error.message : String(error));
  }
};

// A number with a leading zero, as a postcode has it, is a text.
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?$/;
const cast = (value: string): string | number => (NUMBER.test(value) && value.length < 16 ? Number(value) : value);

const holds = (row: Row, { column, is, value }: z.infer<typeof Condition>): boolean => {
  const found = row[column] ?? null;
  if (is === "contains") return String(found).toLowerCase().includes(String(value).toLowerCase());
  const order = compare(found, value);
  switch (is) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
};

const compare = (one: Cell, other: Cell | boolean): number => {
  const [left, right] = [Number(one), Number(other)];
  if (typeof one === "number" && other !== "" && !Number.isNaN(right)) return left - right;
  const [first, second] = [String(one), String(other)];
  return first < second ? -1 : first > second ? 1 : 0;
};

const inOrder = (
  rows: readonly Row[],
  { column, descending }: { readonly column: string; readonly descending: boolean },
) => {
  if (rows[0] !== undefined && !Object.hasOwn(rows[0], column))
    throw refuse(
      "csv_query",
      `orderBy: there is no column "${column}" in the result; columns: ${Object.keys(rows[0]).join(", ")}`,
    );
  return rows.toSorted((one, other) => compare(one[column], other[column]) * (descending ? -1 : 1));
};
