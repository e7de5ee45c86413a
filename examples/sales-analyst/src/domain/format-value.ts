import type { Measure } from "./intent.ts";

const euros = new Intl.NumberFormat("en-GB", { style: "currency", currency: "EUR" });
const counts = new Intl.NumberFormat("en-GB", { maximumFractionDigits: 0 });

/** Money comes in cents; an average of cents is rounded to the cent here and nowhere earlier. */
export function formatValue(measure: Measure, value: number | null): string {
  if (value === null) return "–";
  return measure === "revenue" || measure === "averageOrderValue"
    ? euros.format(Math.round(value) / 100)
    : counts.format(value);
}

/** "+€1,200.00 (+4.0 %)"; no percentage of nothing. */
export function formatChange(measure: Measure, before: number | null, after: number | null): string {
  if (before === null || after === null) return "–";
  const difference = after - before;
  const sign = difference > 0 ? "+" : "";
  const amount = `${sign}${formatValue(measure, difference)}`;
  return before === 0 ? amount : `${amount} (${sign}${((100 * difference) / before).toFixed(1)} %)`;
}
