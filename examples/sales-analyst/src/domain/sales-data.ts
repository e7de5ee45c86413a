import { join } from "node:path";
import type { Catalogue } from "./catalogue.ts";
import { openSalesDatabase, type SalesDatabase } from "./sales-database.ts";

const defaultFolder = join(import.meta.dirname, "../../.data");

/** Read-only handles, one a folder, opened when first asked for and kept as long as the process lives: opening and
 *  preparing cost more than a query. Nothing else is shared, and nobody can write through them. */
const opened = new Map<string, OpenedData>();

interface OpenedData {
  readonly database: SalesDatabase;
  known: { readonly version: string; readonly catalogue: Catalogue } | undefined;
}

function open(folder: string | undefined): OpenedData {
  const path = folder ?? defaultFolder;
  const found = opened.get(path) ?? { database: openSalesDatabase(path), known: undefined };
  opened.set(path, found);
  return found;
}

/** The sales data of a folder; the first use creates it there. */
export function salesData(folder?: string): SalesDatabase {
  return open(folder).database;
}

/** The names and days in the data, read again only when the data has changed. */
export function salesCatalogue(folder?: string): { readonly version: string; readonly catalogue: Catalogue } {
  const data = open(folder);
  const version = data.database.version();
  if (data.known?.version !== version) data.known = { version, catalogue: data.database.catalogue() };
  return data.known;
}
