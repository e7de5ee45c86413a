import { z } from "zod";
import type { Catalogue } from "./catalogue.ts";
import { describePeriod, describeSubject, describeTime, measureNames, pluralOf } from "./describe-intent.ts";
import { findNotes } from "./find-notes.ts";
import { formatChange, formatValue } from "./format-value.ts";
import type { SalesIntent } from "./intent.ts";
import type { SalesResult, SalesRow } from "./sales-database.ts";

export const AnswerSchema = z.strictObject({
  /** One sentence that also says how the question was understood. */
  sentence: z.string(),
  columns: z.array(z.string()),
  rows: z.array(z.array(z.string())),
  /** What a careful reader should know about the figures. */
  notes: z.array(z.string()),
});
export type Answer = z.infer<typeof AnswerSchema>;

/** A sentence with more names than this is not read. */
const namedInSentence = 10;

/** Puts the results of `buildQueries(intent)`, in the same order, into words. */
export function formatAnswer(
  intent: SalesIntent,
  results: readonly SalesResult[],
  coverage: Pick<Catalogue, "firstDay" | "lastDay">,
): Answer {
  const [first = { rows: [], next: null }, second] = results;
  const table = second ? comparisonTable(intent, first, second) : plainTable(intent, first);
  return { ...table, notes: findNotes(intent, results, coverage) };
}

type Table = Pick<Answer, "sentence" | "columns" | "rows">;

function plainTable(intent: SalesIntent, { rows, next }: SalesResult): Table {
  const { measure, groupBy, order, limit } = intent;
  const subject = `${describeSubject(intent)} ${describeTime(intent.periods[0])}`;
  const columns = [...groupBy, measureNames[measure]].map(capitalised);
  const cells = rows.map(({ labels, value }) => [...labels, formatValue(measure, value)]);
  const [first] = rows;
  const [dimension] = groupBy;
  if (!first) return { sentence: `${subject}: nothing was sold.`, columns, rows: cells };
  if (!dimension) return { sentence: `${subject}: ${formatValue(measure, first.value)}.`, columns, rows: cells };
  if (limit !== null) {
    const ranked = `${order} ${rows.length === 1 ? "" : `${rows.length} `}${pluralOf(dimension, rows.length)}`;
    const more = rows.length > namedInSentence ? " and others" : "";
    return {
      sentence: `${subject}, ${ranked}: ${rows
        .slice(0, namedInSentence)
        .map((row) => named(intent, row))
        .join(", ")}${more}.`,
      columns,
      rows: cells,
    };
  }
  // The highest of a list that was cut may be among what was cut away.
  const summary = next ? `the first ${rows.length} rows` : extremes(intent, rows);
  return { sentence: `${subject}, by ${groupBy.join(" and ")}: ${summary}.`, columns, rows: cells };
}

function extremes(intent: SalesIntent, rows: readonly SalesRow[]): string {
  const sorted = rows.toSorted((left, right) => (right.value ?? 0) - (left.value ?? 0));
  const [highest, lowest] = [sorted[0], sorted.at(-1)];
  if (!highest || !lowest) return "nothing was sold";
  return sorted.length === 1
    ? named(intent, highest)
    : `highest ${named(intent, highest)}, lowest ${named(intent, lowest)}`;
}

function comparisonTable(intent: SalesIntent, earlier: SalesResult, later: SalesResult): Table {
  const { measure, groupBy } = intent;
  const [before, after] = intent.periods.map(describePeriod);
  const labels = new Map([...later.rows, ...earlier.rows].map((row) => [row.labels.join("\n"), row.labels]));
  // A row missing from a complete list sold nothing; missing from a list that was cut, it is not known.
  const valueOf = ({ rows, next }: SalesResult, key: string): number | null =>
    rows.find((row) => row.labels.join("\n") === key)?.value ?? (measure === "averageOrderValue" || next ? null : 0);
  const lines = [...labels].map(([key, label]) => ({
    label,
    values: [valueOf(earlier, key), valueOf(later, key)] as const,
  }));
  const [only] = lines;
  const subject = describeSubject(intent);
  const summary =
    groupBy.length === 0 && only
      ? `${formatValue(measure, only.values[0])} in ${before}, ${formatValue(measure, only.values[1])} in ${after}: ${formatChange(measure, ...only.values)}`
      : `${before} and ${after} compared, by ${groupBy.join(" and ")}`;
  return {
    sentence: `${subject}: ${summary}.`,
    columns: [...groupBy.map(capitalised), before ?? "", after ?? "", "Change"],
    rows: lines.map(({ label, values: [from, to] }) => [
      ...label,
      formatValue(measure, from),
      formatValue(measure, to),
      formatChange(measure, from, to),
    ]),
  };
}

function named({ measure }: SalesIntent, { labels, value }: SalesRow): string {
  return `${labels.join(", ")} (${formatValue(measure, value)})`;
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
