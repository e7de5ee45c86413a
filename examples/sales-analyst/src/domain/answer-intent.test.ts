import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { generateSales } from "../../seed/generate-sales.ts";
import { computeFromRows } from "../../seed/sales-rows-oracle.ts";
import type { AnswerCache } from "./answer-cache.ts";
import type { SalesSource } from "./answer-intent.ts";
import { answerIntent } from "./answer-intent.ts";
import type { SalesIntent } from "./intent.ts";
import { dimensions, filterFields, measures, SalesIntentSchema } from "./intent.ts";
import { parseQuestion } from "./parse-question.ts";
import { buildQueries } from "./query-builder.ts";
import { openSalesDatabase } from "./sales-database.ts";

const folder = mkdtempSync(join(tmpdir(), "sales-"));
const database = openSalesDatabase(folder);
const catalogue = database.catalogue();
const rows = generateSales();
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

function intentOf(question: string): SalesIntent {
  const parsed = parseQuestion(question, { today: catalogue.lastDay, catalogue });
  if (!parsed.understood) throw new Error(parsed.message);
  return parsed.intent;
}

function expectSameAsRows(intent: SalesIntent): void {
  for (const [index, query] of buildQueries(intent).entries()) {
    const expected = computeFromRows(rows, intent, intent.periods[index]);
    const { rows: found, next } = database.run(query);
    for (const { labels, value } of found)
      expect(value ?? Number.NaN).toBeCloseTo(expected.get(labels.join("\n")) ?? Number.NaN, 6);
    if (!next) expect(found).toHaveLength(expected.size);
    if (intent.order !== "natural") {
      const sorted = [...expected.values()].sort((left, right) =>
        intent.order === "highest" ? right - left : left - right,
      );
      expect(found.map(({ value }) => value)).toEqual(sorted.slice(0, intent.limit ?? 200));
    }
  }
}

describe("the SQL gives what adding up the rows by hand gives", () => {
  test.each([
    "What was our total revenue in 2024?",
    "Show me revenue by region for last quarter",
    "Top 5 products by units sold in 2024",
    "How many orders did we get last month?",
    "AOV for North in 2025",
    "How many customers bought tents in 2024?",
    "Weekly orders in 2024",
    "Revenue by quarter excluding South",
    "Compare revenue in 2023 and 2024 by category",
    "Which 7 customers had the lowest average order value in 2024?",
    "Number of customers by region and year",
  ])("%s", (question) => expectSameAsRows(intentOf(question)));

  test("for any intent", () => {
    const day = fc
      .integer({ min: 0, max: 911 })
      .map((offset) => new Date(Date.UTC(2023, 0, 1 + offset)).toISOString().slice(0, 10));
    const filter = fc.constantFrom(...filterFields).chain((field) =>
      fc.record({
        field: fc.constant(field),
        mode: fc.constantFrom("in" as const, "notIn" as const),
        values: fc.uniqueArray(fc.constantFrom(...catalogue.names[field]), { minLength: 1, maxLength: 3 }),
      }),
    );
    const intent = fc
      .record({
        measure: fc.constantFrom(...measures),
        groupBy: fc.uniqueArray(fc.constantFrom(...dimensions), { maxLength: 2 }),
        filters: fc.uniqueArray(filter, { maxLength: 3, selector: ({ field }) => field }),
        periods: fc.array(
          fc
            .tuple(day, day)
            .map((days) => days.sort())
            .map(([from, to]) => ({ from, to })),
          { maxLength: 1 },
        ),
        order: fc.constantFrom("natural" as const, "highest" as const, "lowest" as const),
        limit: fc.constantFrom<number | null>(null, 1, 5),
      })
      .filter(
        (candidate): candidate is SalesIntent =>
          SalesIntentSchema.safeParse(candidate).success &&
          (candidate.order === "natural" || candidate.groupBy.length > 0),
      );
    fc.assert(
      fc.property(intent, (candidate) => {
        // Nothing to average gives no row by hand and one empty row in SQL.
        fc.pre(candidate.measure !== "averageOrderValue" || candidate.groupBy.length > 0);
        expectSameAsRows(candidate);
      }),
      { numRuns: 60 },
    );
  });
});

function countingSource(): SalesSource & { queries: number } {
  return {
    queries: 0,
    run(query) {
      this.queries += 1;
      return database.run(query);
    },
    catalogue: () => catalogue,
    version: () => database.version(),
  };
}

function memoryCache(): AnswerCache & { readonly entries: Map<string, unknown> } {
  const entries = new Map<string, unknown>();
  return {
    entries,
    get: async (key) => entries.get(key),
    set: async (key, value) => void entries.set(key, structuredClone(value)),
  };
}

describe("the cache", () => {
  test("the second time costs no query, also when it is asked in other words", async () => {
    const [source, cache] = [countingSource(), memoryCache()];
    const first = await answerIntent(intentOf("What was our total revenue in 2024?"), source, cache);
    const second = await answerIntent(intentOf("last year's turnover"), source, cache);
    expect([first.fromCache, second.fromCache, source.queries]).toEqual([false, true, 1]);
    expect(second.answer).toEqual(first.answer);
  });

  test("new data is never answered with old figures", async () => {
    const [source, cache] = [countingSource(), memoryCache()];
    await answerIntent(intentOf("orders in 2024"), source, cache);
    const changed: SalesSource = { ...source, run: (query) => source.run(query), version: () => "another" };
    expect((await answerIntent(intentOf("orders in 2024"), changed, cache)).fromCache).toBe(false);
  });

  test("an entry that is not an answer is computed again", async () => {
    const [source, cache] = [countingSource(), memoryCache()];
    await answerIntent(intentOf("orders in 2024"), source, cache);
    for (const key of cache.entries.keys()) cache.entries.set(key, { sentence: 5 });
    expect((await answerIntent(intentOf("orders in 2024"), source, cache)).fromCache).toBe(false);
  });

  test("a key holds nothing a person wrote", async () => {
    const cache = memoryCache();
    await answerIntent(intentOf("units for customer Harbor Outfitters last year"), countingSource(), cache);
    expect([...cache.entries.keys()].join()).toMatch(/^answer\/1\/[0-9a-f]{16}\/[0-9a-f]{32}$/);
  });
});
