import { unitAround } from "./calendar.ts";
import type { Catalogue } from "./catalogue.ts";
import { describeDay } from "./describe-intent.ts";
import type { SalesIntent } from "./intent.ts";
import { isTime } from "./intent.ts";
import type { SalesResult } from "./sales-database.ts";

type Coverage = Pick<Catalogue, "firstDay" | "lastDay">;

/** What would mislead if it were left unsaid: times the data does not cover, rows that overlap, lists that end early. */
export function findNotes(intent: SalesIntent, results: readonly SalesResult[], coverage: Coverage): string[] {
  const { measure, groupBy, filters, limit, order, periods } = intent;
  const { firstDay, lastDay } = coverage;
  const goods = (fields: readonly string[]): boolean => fields.includes("product") || fields.includes("category");
  const isCut = results.some(({ next }) => next !== null);
  const isTied = limit !== null && results.some(({ rows, next }) => next !== null && next.value === rows.at(-1)?.value);
  // A customer has one region; everything else can hold a customer twice, and goods can hold an order twice.
  const overlap =
    measure === "customers" && groupBy.some((dimension) => dimension !== "region")
      ? "customer"
      : measure === "orders" && goods(groupBy)
        ? "order"
        : undefined;
  const partial = partialUnit(intent, coverage);
  return [
    ...(periods.some(({ from }) => from < firstDay) ? [`The data begins on ${describeDay(firstDay)}.`] : []),
    ...(periods.some(({ to }) => to > lastDay) ? [`The data ends on ${describeDay(lastDay)}.`] : []),
    ...(partial ? [`The first or last ${partial} is not complete.`] : []),
    ...(measure === "orders" && goods([...groupBy, ...filters.map(({ field }) => field)])
      ? ["An order counts where it holds at least one such product."]
      : []),
    ...(overlap ? [`The rows do not add up: one ${overlap} can count in several.`] : []),
    ...(order === "lowest" ? ["Only those with at least one sale are ranked."] : []),
    ...(isTied ? ["The last place is shared with others that are not shown."] : []),
    ...(isCut && limit === null ? ["The list was cut; a narrower question shows the rest."] : []),
  ];
}

/** A week, month or year that the time asked for, or the data, shows only in part. */
function partialUnit({ groupBy, periods }: SalesIntent, { firstDay, lastDay }: Coverage): string | undefined {
  const unit = groupBy.find(isTime);
  if (!unit || periods.length > 1) return undefined;
  const [period = { from: firstDay, to: lastDay }] = periods;
  const from = period.from < firstDay ? firstDay : period.from;
  const to = period.to > lastDay ? lastDay : period.to;
  return unitAround(from, unit).from < from || unitAround(to, unit).to > to ? unit : undefined;
}
