import type { Period } from "./calendar.ts";
import { monthOf, yearOf } from "./calendar.ts";
import type { Dimension, IntentFilter, Measure, SalesIntent } from "./intent.ts";
import { unitOf } from "./question/calendar-phrase.ts";

const dayInWords = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });
const monthInWords = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });

export const measureNames: Readonly<Record<Measure, string>> = {
  revenue: "Revenue",
  units: "Units sold",
  orders: "Number of orders",
  averageOrderValue: "Average order value",
  customers: "Number of customers who ordered",
};

const dimensionPlurals: Readonly<Record<Dimension, string>> = {
  category: "categories",
  customer: "customers",
  product: "products",
  region: "regions",
  day: "days",
  week: "weeks",
  month: "months",
  quarter: "quarters",
  year: "years",
};

export function pluralOf(dimension: Dimension, count: number): string {
  return count === 1 ? dimension : dimensionPlurals[dimension];
}

/** "1 March 2025". */
export function describeDay(day: string): string {
  return dayInWords.format(new Date(day));
}

/** "2024", "Q1 2025", "May 2025", or the two days. */
export function describePeriod({ from, to }: Period): string {
  const year = yearOf(from);
  switch (unitOf({ from, to })) {
    case "year":
      return String(year);
    case "half":
      return `the ${monthOf(from) === 1 ? "first" : "second"} half of ${year}`;
    case "quarter":
      return `Q${Math.ceil(monthOf(from) / 3)} ${year}`;
    case "month":
      return monthInWords.format(new Date(from));
    case "day":
      return describeDay(from);
    default:
      return `${describeDay(from)} to ${describeDay(to)}`;
  }
}

/** "in 2024", "on 1 March 2025", "from … to …", "in all the data". */
export function describeTime(period: Period | undefined): string {
  if (!period) return "in all the data";
  const unit = unitOf(period);
  return `${unit === "day" ? "on" : unit === undefined || unit === "week" ? "from" : "in"} ${describePeriod(period)}`;
}

/** What is measured and of what, so that a reader can check what was understood. */
export function describeSubject({ measure, filters }: SalesIntent): string {
  return `${measureNames[measure]}${filters.length > 0 ? ` (${filters.map(describeFilter).join("; ")})` : ""}`;
}

function describeFilter({ field, mode, values }: IntentFilter): string {
  const list =
    values.length === 1
      ? values.join("")
      : `${values.slice(0, -1).join(", ")} ${mode === "in" ? "or" : "and"} ${values.at(-1)}`;
  return `${mode === "in" ? "" : "without "}${pluralOf(field, values.length)} ${list}`;
}
