import fc from "fast-check";
import { expect, test } from "vitest";
import type { SalesIntent } from "./intent.ts";
import { dimensions, filterFields, measures } from "./intent.ts";
import { buildQueries } from "./query-builder.ts";

/** Any intent at all, names of products included: the query builder must not depend on the parser's good manners. */
const anyText = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
const anyDay = fc
  .date({ min: new Date("2000-01-01"), max: new Date("2099-12-31"), noInvalidDate: true })
  .map((date) => date.toISOString().slice(0, 10));
const anyIntent: fc.Arbitrary<SalesIntent> = fc.record({
  measure: fc.constantFrom(...measures),
  groupBy: fc.uniqueArray(fc.constantFrom(...dimensions), { maxLength: 2 }),
  filters: fc.array(
    fc.record({
      field: fc.constantFrom(...filterFields),
      mode: fc.constantFrom("in" as const, "notIn" as const),
      values: fc.array(anyText, { minLength: 1, maxLength: 4 }),
    }),
    { maxLength: 4 },
  ),
  periods: fc.array(fc.record({ from: anyDay, to: anyDay }), { maxLength: 2 }),
  order: fc.constantFrom("natural" as const, "highest" as const, "lowest" as const),
  limit: fc.option(fc.integer({ min: 1, max: 200 })),
});

test("the SQL does not change with what was said, only with its form", () => {
  fc.assert(
    fc.property(anyIntent, anyText, anyDay, (intent, text, day) => {
      const other: SalesIntent = {
        ...intent,
        filters: intent.filters.map((filter) => ({ ...filter, values: filter.values.map(() => text) })),
        periods: intent.periods.map(() => ({ from: day, to: day })),
      };
      expect(buildQueries(intent).map(({ sql }) => sql)).toEqual(buildQueries(other).map(({ sql }) => sql));
    }),
  );
});

test("every value is a parameter, in the order of its placeholder", () => {
  fc.assert(
    fc.property(anyIntent, (intent) => {
      for (const [index, { sql, parameters, maxRows }] of buildQueries(intent).entries()) {
        const period = intent.periods[index];
        expect(sql.split("?")).toHaveLength(parameters.length + 1);
        expect(parameters).toEqual([
          ...intent.filters.flatMap(({ values }) => values),
          ...(period ? [period.from, period.to] : []),
          maxRows + 1,
        ]);
      }
    }),
  );
});

test("the SQL is one SELECT made of a closed vocabulary", () => {
  const vocabulary = new Set(
    (
      "SELECT AS FROM JOIN ON WHERE AND IN NOT BETWEEN GROUP BY ORDER DESC ASC LIMIT DISTINCT CAST INTEGER sum count coalesce substr strftime " +
      "order_lines orders customers regions products categories id order_id customer_id region_id product_id category_id name ordered_on quantity unit_price_cents " +
      "group1 group2 value Q G W V"
    ).split(" "),
  );
  fc.assert(
    fc.property(anyIntent, (intent) => {
      for (const { sql } of buildQueries(intent)) {
        expect(sql).not.toContain(";");
        expect((sql.match(/[A-Za-z_]\w*/g) ?? []).filter((word) => !vocabulary.has(word))).toEqual([]);
      }
    }),
  );
});
