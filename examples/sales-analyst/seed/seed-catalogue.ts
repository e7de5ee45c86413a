import type { Catalogue } from "../src/domain/catalogue.ts";
import { generateSales, snapshotFirstDay, snapshotLastDay } from "./generate-sales.ts";

/** The catalogue of the seeded data without a database, for tests of the parser. */
export function seedCatalogue(): Catalogue {
  const { categories, customers, products, regions } = generateSales();
  const names = (rows: readonly { readonly name: string }[]): string[] => rows.map(({ name }) => name);
  return {
    names: {
      category: names(categories),
      customer: names(customers),
      product: names(products),
      region: names(regions),
    },
    firstDay: snapshotFirstDay,
    lastDay: snapshotLastDay,
  };
}
