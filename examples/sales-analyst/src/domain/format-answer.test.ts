import { expect, test } from "vitest";
import { formatAnswer } from "./format-answer.ts";
import type { SalesIntent } from "./intent.ts";
import { parseQuestion } from "./parse-question.ts";
import { renderAnswer, renderRefusal } from "./render-answer.ts";

const coverage = { firstDay: "2023-01-01", lastDay: "2025-06-30" };
const year = { from: "2024-01-01", to: "2024-12-31" };
const base: SalesIntent = {
  measure: "revenue",
  groupBy: [],
  filters: [],
  periods: [year],
  order: "natural",
  limit: null,
};
const row = (value: number | null, ...labels: string[]) => ({ labels, value });

test("one figure is one sentence that says what was understood", () => {
  const intent: SalesIntent = {
    ...base,
    filters: [
      { field: "category", mode: "in", values: ["Tents"] },
      { field: "region", mode: "notIn", values: ["East", "North"] },
    ],
  };
  const answer = formatAnswer(intent, [{ rows: [row(123_456)], next: null }], coverage);
  expect(renderAnswer(answer)).toBe("Revenue (category Tents; without regions East and North) in 2024: €1,234.56.");
});

test("several figures are a sentence and a table", () => {
  const answer = formatAnswer(
    { ...base, groupBy: ["region"] },
    [{ rows: [row(500, "North"), row(300, "West")], next: null }],
    coverage,
  );
  expect(renderAnswer(answer)).toBe(
    "Revenue in 2024, by region: highest North (€5.00), lowest West (€3.00).\n\n| Region | Revenue |\n| --- | --- |\n| North | €5.00 |\n| West | €3.00 |",
  );
});

test("a shared last place is told", () => {
  const intent: SalesIntent = { ...base, measure: "units", groupBy: ["product"], order: "highest", limit: 1 };
  const { sentence, notes } = formatAnswer(
    intent,
    [{ rows: [row(7, "Camp Stove")], next: row(7, "Pan Set") }],
    coverage,
  );
  expect(sentence).toBe("Units sold in 2024, highest product: Camp Stove (7).");
  expect(notes).toEqual(["The last place is shared with others that are not shown."]);
});

test("a comparison shows both times and the change; nothing is compared with what was cut away", () => {
  const periods = [{ from: "2023-01-01", to: "2023-12-31" }, year];
  const one = formatAnswer(
    { ...base, periods },
    [
      { rows: [row(10_000)], next: null },
      { rows: [row(9_000)], next: null },
    ],
    coverage,
  );
  expect(one.sentence).toBe("Revenue: €100.00 in 2023, €90.00 in 2024: -€10.00 (-10.0 %).");
  const many = formatAnswer(
    { ...base, periods, groupBy: ["product"] },
    [
      { rows: [], next: null },
      { rows: [row(9_000, "Pan Set")], next: null },
    ],
    coverage,
  );
  expect(many.rows).toEqual([["Pan Set", "€0.00", "€90.00", "+€90.00"]]);
  const cut = formatAnswer(
    { ...base, periods, groupBy: ["product"] },
    [
      { rows: [], next: row(1, "x") },
      { rows: [row(9_000, "Pan Set")], next: null },
    ],
    coverage,
  );
  expect(cut.rows).toEqual([["Pan Set", "–", "€90.00", "–"]]);
});

test("times the data does not cover are told", () => {
  const partly = formatAnswer(
    { ...base, groupBy: ["year"], periods: [{ from: "2022-06-01", to: "2025-12-31" }] },
    [{ rows: [row(1, "2023"), row(2, "2025")], next: null }],
    coverage,
  );
  expect(partly.notes).toEqual([
    "The data begins on 1 January 2023.",
    "The data ends on 30 June 2025.",
    "The first or last year is not complete.",
  ]);
});

test("nothing sold is said, not shown as an empty table", () => {
  const answer = formatAnswer({ ...base, groupBy: ["product"] }, [{ rows: [], next: null }], coverage);
  expect(renderAnswer(answer)).toBe("Revenue in 2024: nothing was sold.");
});

test("a refusal says why and what can be asked", () => {
  const parsed = parseQuestion("What is the capital of France?", {
    today: "2025-06-30",
    catalogue: { ...coverage, names: { category: [], customer: [], product: [], region: [] } },
  });
  expect(!parsed.understood && renderRefusal(parsed)).toContain(
    'I do not know "capital", "france".\n\nYou can ask, for example:\n\n- What was the revenue in 2024?',
  );
});
