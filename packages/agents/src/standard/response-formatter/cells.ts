/** Values as people read them, and rows of what is a list of records. */

export type Row = Readonly<Record<string, unknown>>;

export const isRecord = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isTable = (value: unknown): value is readonly Row[] =>
  Array.isArray(value) && value.length > 0 && value.every(isRecord);

/** One line: what is nested is JSON. */
export const cellText = (value: unknown): string => {
  if (value === null || value === undefined) return "";
  if (typeof value === "string") return value;
  return JSON.stringify(value) ?? "";
};

/** Those that are named, else all in the order in which rows first have them. */
export const columnsOf = (rows: readonly Row[], named: readonly string[] | undefined): readonly string[] =>
  named ?? [...new Set(rows.flatMap((row) => Object.keys(row)))];

/** `orderDate`, `order_date` and `order-date` as `Order date`. */
export const title = (name: string): string => {
  const words = name
    .replace(/([a-z\d])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim();
  return words === "" ? name : `${words[0]?.toUpperCase()}${words.slice(1).toLowerCase()}`;
};
