import { addDays, daysBetween, monthOf, yearOf } from "../src/domain/calendar.ts";
import { categoryNames, customerNames, productRange, regionWeights } from "./product-range.ts";
import { RandomSource } from "./random-source.ts";

/** The data is a closed snapshot. Its last day plays "today" for relative dates, so that "last month" always has rows. */
export const snapshotFirstDay = "2023-01-01";
export const snapshotLastDay = "2025-06-30";

const orderCount = 5_000;

export interface NamedRow {
  readonly id: number;
  readonly name: string;
}
export interface CustomerRow extends NamedRow {
  readonly regionId: number;
}
export interface ProductRow extends NamedRow {
  readonly categoryId: number;
  readonly priceCents: number;
}
export interface OrderRow {
  readonly id: number;
  readonly customerId: number;
  readonly orderedOn: string;
}
export interface OrderLineRow {
  readonly orderId: number;
  readonly productId: number;
  readonly quantity: number;
  readonly unitPriceCents: number;
}
export interface SalesRows {
  readonly regions: readonly NamedRow[];
  readonly categories: readonly NamedRow[];
  readonly customers: readonly CustomerRow[];
  readonly products: readonly ProductRow[];
  readonly orders: readonly OrderRow[];
  readonly orderLines: readonly OrderLineRow[];
}

/** Spring and December sell more; each year sells about a sixth more than the one before. */
const monthWeights = [70, 75, 95, 115, 130, 135, 125, 105, 90, 80, 100, 140];
const yearWeights: Readonly<Record<number, number>> = { 2023: 6, 2024: 7, 2025: 8 };

function dayWeight(day: string): number {
  return (monthWeights[monthOf(day) - 1] ?? 0) * (yearWeights[yearOf(day)] ?? 0);
}

/** Prices rise by 4 % every January; whole cents. */
function priceIn(year: number, priceCents: number): number {
  return Math.round((priceCents * (100 + 4 * (year - 2023))) / 100);
}

/** The same rows on every machine and every run. */
export function generateSales(): SalesRows {
  const random = new RandomSource(20_230_101);
  const regions = regionWeights.map(({ name }, index) => ({ id: index + 1, name }));
  const categories = categoryNames.map((name, index) => ({ id: index + 1, name: name as string }));
  const customers = customerNames.map((name, index) => ({
    id: index + 1,
    name,
    regionId: random.weighted(regionWeights.map(({ weight }) => weight)) + 1,
  }));
  const products = productRange.map(({ name, category, priceCents }, index) => ({
    id: index + 1,
    name,
    priceCents,
    categoryId: categoryNames.findIndex((candidate) => candidate === category) + 1,
  }));

  const days = Array.from({ length: daysBetween(snapshotFirstDay, snapshotLastDay) + 1 }, (_, index) =>
    addDays(snapshotFirstDay, index),
  );
  const dayWeights = days.map(dayWeight);
  const customerWeights = customers.map(() => 1 + random.integer(20));
  const productWeights = productRange.map(({ popularity }) => popularity);
  const orderedDays = Array.from(
    { length: orderCount },
    () => days[random.weighted(dayWeights)] ?? snapshotFirstDay,
  ).sort();

  const orders: OrderRow[] = [];
  const orderLines: OrderLineRow[] = [];
  for (const [index, orderedOn] of orderedDays.entries()) {
    const id = index + 1;
    orders.push({ id, customerId: random.weighted(customerWeights) + 1, orderedOn });
    const chosen = new Set(Array.from({ length: 1 + random.integer(4) }, () => random.weighted(productWeights)));
    for (const productIndex of chosen) {
      const product = products[productIndex];
      if (!product) continue;
      orderLines.push({
        orderId: id,
        productId: product.id,
        quantity: 1 + random.integer(8),
        unitPriceCents: priceIn(yearOf(orderedOn), product.priceCents),
      });
    }
  }
  return { regions, categories, customers, products, orders, orderLines };
}
