import type { Cell } from "./database.ts";

// Numbers of types, as pg_type has them.
const BOOL = 16;
const JSON_TYPES = new Set([114, 3802]);
const NUMBERS = new Set([20, 21, 23, 26, 700, 701]);

// What is longer is cut, and so text, in any case; what is shorter is nested no deeper than any stack.
const MAX_JSON = 4_000;

const asText = (value: string): Cell => value;
/** What no number of JavaScript holds exactly stays text, as decimals (`numeric`) do. */
const asNumber = (value: string): Cell => {
  const number = Number(value);
  return Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : value;
};

const asJson = (value: string): Cell =>
  value.length > MAX_JSON
    ? value
    : (JSON.parse(value, (_, part: unknown, { source }: { readonly source?: string } = {}) =>
        typeof part === "number" && source !== undefined ? asNumber(source) : part,
      ) as Cell);

/** Cells as a model reads them: dates and decimals as the database writes them, and no objects of any library. */
export const parserOf = (type: number): ((value: string) => Cell) => {
  if (type === BOOL) return (value) => value === "t";
  if (NUMBERS.has(type)) return asNumber;
  if (JSON_TYPES.has(type)) return asJson;
  return asText;
};
