import type { SalesIntent } from "../src/domain/intent.ts";
import type { SalesRows } from "./generate-sales.ts";

/** A second, plain computation of an intent over the rows in memory: no SQL, nothing shared with the query builder. For tests. */
export function computeFromRows(rows: SalesRows, intent: SalesIntent, period = intent.periods[0]): Map<string, number> {
  const sales = rows.orderLines.map((line) => {
    const order = rows.orders[line.orderId - 1]!;
    const customer = rows.customers[order.customerId - 1]!;
    const product = rows.products[line.productId - 1]!;
    const date = new Date(`${order.orderedOn}T12:00:00Z`);
    return {
      order: order.id,
      cents: line.quantity * line.unitPriceCents,
      units: line.quantity,
      labels: {
        customer: customer.name,
        region: rows.regions[customer.regionId - 1]!.name,
        product: product.name,
        category: rows.categories[product.categoryId - 1]!.name,
        day: order.orderedOn,
        week: isoWeek(date),
        month: `${date.getUTCFullYear()}-${String(date.getUTCMonth() + 1).padStart(2, "0")}`,
        quarter: `${date.getUTCFullYear()}-Q${Math.floor(date.getUTCMonth() / 3) + 1}`,
        year: String(date.getUTCFullYear()),
      },
    };
  });
  const kept = sales.filter(
    ({ labels }) =>
      (!period || (labels.day >= period.from && labels.day <= period.to)) &&
      intent.filters.every(({ field, mode, values }) => values.includes(labels[field]) === (mode === "in")),
  );

  const groups = new Map<string, { cents: number; units: number; orders: Set<number>; customers: Set<string> }>();
  if (intent.groupBy.length === 0) groups.set("", { cents: 0, units: 0, orders: new Set(), customers: new Set() });
  for (const { order, cents, units, labels } of kept) {
    const key = intent.groupBy.map((dimension) => labels[dimension]).join("\n");
    const group = groups.get(key) ?? { cents: 0, units: 0, orders: new Set<number>(), customers: new Set<string>() };
    groups.set(key, group);
    group.cents += cents;
    group.units += units;
    group.orders.add(order);
    group.customers.add(labels.customer);
  }
  return new Map(
    [...groups].map(([key, { cents, units, orders, customers }]) => [
      key,
      {
        revenue: cents,
        units,
        orders: orders.size,
        customers: customers.size,
        averageOrderValue: cents / orders.size,
      }[intent.measure],
    ]),
  );
}

/** ISO 8601: the week belongs to the year of its Thursday. */
function isoWeek(date: Date): string {
  const thursday = new Date(date.getTime() + (4 - (date.getUTCDay() || 7)) * 86_400_000);
  const start = Date.UTC(thursday.getUTCFullYear(), 0, 1);
  const week = Math.floor((thursday.getTime() - start) / 86_400_000 / 7) + 1;
  return `${thursday.getUTCFullYear()}-W${String(week).padStart(2, "0")}`;
}
