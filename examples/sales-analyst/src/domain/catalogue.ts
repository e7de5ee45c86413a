import type { FilterField } from "./intent.ts";

/** The names and the days the data holds: all that the parser knows of it. */
export interface Catalogue {
  readonly names: Readonly<Record<FilterField, readonly string[]>>;
  readonly firstDay: string;
  readonly lastDay: string;
}
