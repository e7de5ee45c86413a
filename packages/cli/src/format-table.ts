import { toPlainText } from "./plain-text.ts";

export type TableCell = string | number | boolean | null | undefined;
export type TableRow = readonly TableCell[];

/** Columns in capitals, two spaces apart, nothing after the last cell of a line. No rows: "none". */
export const formatTable = (columns: readonly string[], rows: readonly TableRow[]): string => {
  if (rows.length === 0) return "none";
  const lines = [
    columns.map((name) => name.toUpperCase()),
    ...rows.map((row) => columns.map((_, index) => cell(row[index]))),
  ];
  const widths = columns.map((_, index) => Math.max(...lines.map((line) => line[index]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((text, index) => text.padEnd(widths[index] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
};

const cell = (value: TableCell): string =>
  value === null || value === undefined || value === "" ? "-" : toPlainText(String(value));

/** `label: value` lines, values in one column. */
export const formatFields = (fields: readonly (readonly [string, TableCell])[]): string => {
  const width = Math.max(...fields.map(([label]) => label.length)) + 1;
  return fields.map(([label, value]) => `${`${label}:`.padEnd(width)}  ${cell(value)}`).join("\n");
};
