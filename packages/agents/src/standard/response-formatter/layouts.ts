/** A value as text, Markdown, a table of aligned columns, or CSV. Pure: the same value gives the same text. */
import { PlatformError } from "@agentcore/sdk";
import { cellText, columnsOf, isRecord, isTable, type Row, title } from "./cells.ts";

export interface Layout {
  /** Of tables and records, in this order. @default all */
  readonly columns?: readonly string[] | undefined;
  readonly title?: string | undefined;
  /** What more would take is not made. */
  readonly maxCharacters: number;
}

/** Each cell takes a character at least, also where its row has nothing there, and `width` in a column that is so wide. */
const assertRoom = (rows: number, width: number, maxCharacters: number): void => {
  if (rows * width > maxCharacters)
    throw new PlatformError(
      "TOO_LARGE",
      `a table of ${rows} rows would have more characters than are allowed: give less, or raise maxCharacters`,
    );
};

// Deeper values stand in one line, as JSON.
const MAX_DEPTH = 6;

/** Lines of plain text: records as `Name: value`, lists with a dash. */
export const asText = (value: unknown, { title: heading, columns }: Layout): string =>
  [...(heading === undefined ? [] : [heading, ""]), ...textLines(chosen(value, columns), 0)].join("\n");

const textLines = (value: unknown, depth: number): readonly string[] => {
  const indent = "  ".repeat(depth);
  if (depth < MAX_DEPTH && Array.isArray(value))
    return value.flatMap((each: unknown) => {
      const [first = "", ...more] = textLines(each, depth + 1).map((line) => line.slice(indent.length + 2));
      return [`${indent}- ${first}`, ...more.map((line) => `${indent}  ${line}`)];
    });
  if (depth < MAX_DEPTH && isRecord(value))
    return Object.entries(value).flatMap(([name, each]) =>
      isNested(each)
        ? [`${indent}${title(name)}:`, ...textLines(each, depth + 1)]
        : [`${indent}${title(name)}: ${cellText(each)}`],
    );
  return cellText(value)
    .split("\n")
    .map((line) => `${indent}${line}`);
};

const isNested = (value: unknown): boolean =>
  (Array.isArray(value) && value.length > 0) || (isRecord(value) && Object.keys(value).length > 0);

/** Headings for records within records, tables for lists of records. Text of the value is shown as it is: it cannot become a link, a picture or a heading. */
export const asMarkdown = (value: unknown, { title: heading, columns, maxCharacters }: Layout): string =>
  [
    ...(heading === undefined ? [] : [`# ${escaped(heading)}`]),
    ...markdownBlocks(chosen(value, columns), heading === undefined ? 1 : 2, maxCharacters, columns),
  ].join("\n\n");

const markdownBlocks = (
  value: unknown,
  level: number,
  maxCharacters: number,
  columns?: readonly string[],
): readonly string[] => {
  if (isTable(value)) return [markdownTable(value, columnsOf(value, columns), maxCharacters)];
  if (Array.isArray(value)) return [value.map((each: unknown) => `- ${escaped(cellText(each))}`).join("\n")];
  if (!isRecord(value)) return [escaped(cellText(value))];
  const entries = Object.entries(value);
  const plain = entries.filter(([, each]) => !isNested(each));
  const nested = entries.filter(([, each]) => isNested(each));
  return [
    ...(plain.length === 0
      ? []
      : [plain.map(([name, each]) => `- **${escaped(title(name))}:** ${escaped(cellText(each))}`).join("\n")]),
    ...nested.flatMap(([name, each]) => [
      `${"#".repeat(Math.min(6, level))} ${escaped(title(name))}`,
      ...(level >= MAX_DEPTH ? [escaped(cellText(each))] : markdownBlocks(each, level + 1, maxCharacters)),
    ]),
  ];
};

const markdownTable = (rows: readonly Row[], columns: readonly string[], maxCharacters: number): string => {
  assertRoom(rows.length, columns.length, maxCharacters);
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line(columns.map((column) => escaped(title(column)))),
    line(columns.map((column) => (isNumeric(rows, column) ? "--:" : "---"))),
    ...rows.map((row) => line(columns.map((column) => escaped(cellText(row[column]))))),
  ].join("\n");
};

// What Markdown and HTML read as more than letters.
const MARKUP = /[\\`*_[\]{}<>|~#!]/g;
const escaped = (text: string): string =>
  text
    .replace(MARKUP, "\\$&")
    .replace(/&/g, "&amp;")
    .replace(/\r\n?|\n/g, " ")
    // Bare addresses become links in most readers, also behind other letters.
    .replace(/(https?|ftp|mailto|www)(?=[:.])/gi, "$1\u200b");

const MAX_WIDTH = 60;

/** Columns of one width, numbers at the right; what is wider than 60 letters is cut. */
export const asTable = (value: unknown, { title: heading, columns, maxCharacters }: Layout): string => {
  const rows: readonly Row[] = isTable(value)
    ? value
    : isRecord(value)
      ? Object.entries(value).map(([name, each]) => ({ name, value: each }))
      : listed(value);
  const names = columnsOf(rows, columns);
  assertRoom(rows.length, names.length, maxCharacters);
  const cells = [names, ...rows.map((row) => names.map((name) => oneLine(cellText(row[name]))))];
  const widths = names.map((_, index) => cells.reduce((most, row) => Math.max(most, row[index]?.length ?? 0), 0));
  assertRoom(
    rows.length,
    widths.reduce((sum, width) => sum + width, 0),
    // Without the spaces at the ends of lines it may be less.
    MAX_WIDTH * maxCharacters,
  );
  const isRight = names.map((name) => isNumeric(rows, name));
  const lines = cells.map((row, at) =>
    row
      .map((cell, index) => {
        return at > 0 && isRight[index] === true ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0);
      })
      .join("  ")
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return [...(heading === undefined ? [] : [heading, ""]), ...lines].join("\n");
};

/** What is no list of records, as one column. */
const listed = (value: unknown): readonly Row[] =>
  (Array.isArray(value) ? value : [value]).map((each: unknown) => ({ value: each }));

const oneLine = (text: string): string => {
  const line = text.replace(/\s+/g, " ");
  return line.length <= MAX_WIDTH ? line : `${line.slice(0, MAX_WIDTH - 1)}…`;
};

const isNumeric = (rows: readonly Row[], column: string): boolean =>
  rows.some((row) => typeof row[column] === "number") &&
  rows.every((row) => row[column] === null || row[column] === undefined || typeof row[column] === "number");

/** RFC 4180. A text that a spreadsheet would compute is kept from it by an apostrophe (OWASP, CSV injection). */
export const asCsv = (value: unknown, { columns, maxCharacters }: Layout): string => {
  const rows: readonly Row[] = isTable(value) ? value : isRecord(value) ? [value] : listed(value);
  const names = columnsOf(rows, columns);
  assertRoom(rows.length, names.length, maxCharacters);
  const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
  const line = (cells: readonly string[]): string => cells.map(quoted).join(",");
  const cell = (each: unknown): string =>
    typeof each === "string" && /^[=+\-@\t\r\n＝＋－＠]/.test(each) && !/^[+-]?\d+(\.\d+)?$/.test(each)
      ? `'${each}`
      : cellText(each);
  return [line(names.map(cell)), ...rows.map((row) => line(names.map((name) => cell(row[name]))))].join("\r\n");
};

const chosen = (value: unknown, columns: readonly string[] | undefined): unknown => {
  if (columns === undefined) return value;
  const only = (row: Row): Row => Object.fromEntries(columns.map((column) => [column, row[column]]));
  return isTable(value) ? value.map(only) : isRecord(value) ? only(value) : value;
};
