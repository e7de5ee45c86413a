import { z } from "zod";
import { isDay } from "./calendar.ts";

export const measures = ["revenue", "units", "orders", "averageOrderValue", "customers"] as const;
export const filterFields = ["category", "customer", "product", "region"] as const;
export const timeDimensions = ["day", "week", "month", "quarter", "year"] as const;
export const dimensions = [...filterFields, ...timeDimensions] as const;

export type Measure = (typeof measures)[number];
export type FilterField = (typeof filterFields)[number];
export type TimeDimension = (typeof timeDimensions)[number];
export type Dimension = (typeof dimensions)[number];

/** More rows than a reader can use; `limit` and the database both stop here. */
export const maxAnswerRows = 200;

const day = z.string().refine(isDay, "must be a day that exists, as YYYY-MM-DD");
const period = z
  .strictObject({ from: day, to: day })
  .refine(({ from, to }) => from <= to, "must not end before it begins");
const filter = z.strictObject({
  field: z.enum(filterFields),
  mode: z.enum(["in", "notIn"]),
  values: z.array(z.string().min(1).max(100)).min(1).max(50),
});

const shape = z.strictObject({
  measure: z.enum(measures),
  groupBy: z.array(z.enum(dimensions)).max(2),
  filters: z.array(filter).max(8),
  /** None: everything. One: that time. Two: a comparison, earlier first. */
  periods: z.array(period).max(2),
  /** `natural`: by time where the first group is a time, otherwise the highest value first. */
  order: z.enum(["natural", "highest", "lowest"]),
  limit: z.int().min(1).max(maxAnswerRows).nullable(),
});

/** What a question about sales means; everything after the parser sees only this, never the question. */
export type SalesIntent = z.infer<typeof shape>;
export type IntentFilter = SalesIntent["filters"][number];

export const SalesIntentSchema = shape.superRefine((intent, context) => {
  const problem = findIntentProblem(intent);
  if (problem) context.addIssue({ code: "custom", message: problem });
});

/** Why a well-formed intent still has no one right answer, in words for the person who asked; nothing when it has. */
export function findIntentProblem(intent: SalesIntent): string | undefined {
  const touches = (...fields: readonly Dimension[]): boolean =>
    intent.groupBy.some((dimension) => fields.includes(dimension)) ||
    intent.filters.some(({ field }) => fields.includes(field));
  const excludes = intent.filters.some(
    ({ field, mode }) => mode === "notIn" && (field === "product" || field === "category"),
  );
  const included = intent.filters.filter(({ mode }) => mode === "in").map(({ field }) => field);

  if (intent.measure === "averageOrderValue" && touches("product", "category")) {
    return "an order holds several products, so its value cannot be given for a product or a category";
  }
  if (excludes && intent.measure !== "revenue" && intent.measure !== "units") {
    return "leaving products out works for revenue and units only: an order may hold both";
  }
  if (intent.measure === "customers" && touches("customer")) return "customers cannot be counted for a single customer";
  if (included.includes("product") && included.includes("category")) return "name products or categories, not both";
  if (new Set(intent.filters.map(({ field }) => field)).size < intent.filters.length)
    return "one thing cannot be both included and left out";
  if (new Set(intent.groupBy).size < intent.groupBy.length) return "it is grouped by the same thing twice";
  if (intent.limit !== null && intent.limit > maxAnswerRows) return `a list may have ${maxAnswerRows} rows`;
  if (intent.limit !== null && intent.groupBy.length !== 1) return "a ranking needs exactly one thing to rank";
  if (intent.limit !== null && intent.periods.length > 1) return "a ranking and a comparison are two questions";
  const ranked =
    intent.limit === null
      ? undefined
      : intent.filters.find(({ field, mode }) => mode === "in" && field === intent.groupBy[0]);
  if (ranked && ranked.values.length === 1) return `a ranking of one ${ranked.field} says nothing`;
  if (intent.periods.length > 1 && intent.groupBy.length > 1)
    return "a comparison of two times can be grouped by one thing only";
  if (intent.periods.length > 1 && intent.groupBy.some(isTime))
    return "two times cannot be compared by a smaller time; ask for the whole time instead, by month for example";
  const [earlier, later] = intent.periods;
  if (earlier && later && earlier.from === later.from && earlier.to === later.to)
    return "both sides of the comparison are the same time";
  if (earlier && later && later.from <= earlier.to)
    return "the two times of the comparison overlap or are not in order";
  return undefined;
}

export function isTime(dimension: Dimension): dimension is TimeDimension {
  return timeDimensions.some((candidate) => candidate === dimension);
}

/** The same meaning gives the same intent: filters by field, values by name, periods by time. */
export function canonicalIntent(intent: SalesIntent): SalesIntent {
  return {
    measure: intent.measure,
    groupBy: [...intent.groupBy],
    filters: intent.filters
      .map(({ field, mode, values }) => ({ field, mode, values: [...new Set(values)].sort() }))
      .sort((left, right) => (left.field + left.mode < right.field + right.mode ? -1 : 1)),
    periods: intent.periods
      .map(({ from, to }) => ({ from, to }))
      .sort((left, right) => (left.from + left.to < right.from + right.to ? -1 : 1)),
    order: intent.order,
    limit: intent.limit,
  };
}

/** One text for one meaning, however it was asked. */
export function intentKey(intent: SalesIntent): string {
  return JSON.stringify(canonicalIntent(intent));
}
