/** CSV (RFC 4180) and forms (application/x-www-form-urlencoded), as values and back. */
import { invalidArgument, PlatformError } from "@agentcore/contract";
import { cellText, columnsOf, isRecord, isTable, type Row } from "../response-formatter/cells.ts";

const MAX_ROWS = 100_000;
const MAX_WRITTEN = 2_000_000;

/** The first line names the columns. Throws INVALID_ARGUMENT with the line. */
export const readCsv = (text: string, delimiter: string): readonly Row[] => {
  const lines = readLines(text.startsWith("\uFEFF") ? text.slice(1) : text, delimiter);
  const [names = [], ...rows] = lines;
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined) throw refuse(1, `two columns are named "${twice}"`);
  return rows.map((cells, index) => {
    if (cells.length !== names.length)
      throw refuse(index + 2, `expected ${names.length} cells, as there are columns, got ${cells.length}`);
    return Object.fromEntries(names.map((name, at) => [name, cells[at] ?? ""]));
  });
};

const refuse = (line: number, description: string) =>
  invalidArgument("the CSV", [{ field: `line ${line}`, description }]);

const readLines = (text: string, delimiter: string): readonly (readonly string[])[] => {
  const lines: string[][] = [];
  let cells: string[] = [];
  let cell = "";
  let isQuoted = false;
  const endLine = (): void => {
    cells.push(cell);
    // An empty line is none.
    if (cells.length > 1 || cell !== "") lines.push(cells);
    if (lines.length > MAX_ROWS + 1) throw refuse(lines.length, `more than ${MAX_ROWS} rows`);
    cells = [];
    cell = "";
  };
  for (let at = 0; at < text.length; at++) {
    const letter = text[at] ?? "";
    if (isQuoted) {
      if (letter !== '"') cell += letter;
      else if (text[at + 1] === '"') {
        cell += '"';
        at += 1;
      } else isQuoted = false;
    } else if (letter === '"' && cell === "") isQuoted = true;
    else if (letter === delimiter) {
      cells.push(cell);
      cell = "";
    } else if (letter === "\n" || (letter === "\r" && text[at + 1] === "\n")) {
      endLine();
      if (letter === "\r") at += 1;
    } else cell += letter;
  }
  if (isQuoted) throw refuse(lines.length + 1, "a quoted cell is not closed");
  if (cell !== "" || cells.length > 0) endLine();
  return lines;
};

/** As it is: what a spreadsheet would compute is the receiver's to look at. */
export const writeCsv = (value: unknown, delimiter: string): string => {
  const rows = isTable(value) ? value : isRecord(value) ? [value] : [];
  if (rows.length === 0 && !(Array.isArray(value) && value.length === 0))
    throw invalidArgument("the value", [{ field: "", description: "expected a list of records, to make CSV of it" }]);
  const names = columnsOf(rows, undefined);
  // Each cell takes a character at least, also where a row has none.
  if (names.length * rows.length > MAX_WRITTEN)
    throw new PlatformError(
      "TOO_LARGE",
      `the CSV would have ${rows.length} rows of ${names.length} columns; give less at once`,
    );
  const quoted = (cell: string): string =>
    cell.includes(delimiter) || /["\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
  return [names, ...rows.map((row) => names.map((name) => cellText(row[name])))]
    .map((cells) => cells.map(quoted).join(delimiter))
    .join("\r\n");
};

/** Names that come again are lists. Throws INVALID_ARGUMENT for what is no percent encoding. */
export const readForm = (text: string): Row => {
  const values: Record<string, unknown> = {};
  for (const pair of text.split("&")) {
    if (pair === "") continue;
    const at = pair.indexOf("=");
    const name = decoded(at === -1 ? pair : pair.slice(0, at));
    const value = at === -1 ? "" : decoded(pair.slice(at + 1));
    const before = Object.hasOwn(values, name) ? values[name] : undefined;
    if (Array.isArray(before)) {
      before.push(value);
      continue;
    }
    const next = before === undefined ? value : [before, value];
    Object.defineProperty(values, name, { value: next, enumerable: true, configurable: true, writable: true });
  }
  return values;
};

const decoded = (text: string): string => {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    throw invalidArgument("the form", [{ field: text.slice(0, 100), description: "is no percent encoding of UTF-8" }]);
  }
};

export const writeForm = (value: unknown): string => {
  if (!isRecord(value))
    throw invalidArgument("the value", [{ field: "", description: "expected a record, to make a form of it" }]);
  const encode = (text: string): string =>
    encodeURIComponent(text)
      .replace(/[!'()~]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`)
      .replaceAll("%20", "+");
  return Object.entries(value)
    .flatMap(([name, each]) =>
      (Array.isArray(each) ? (each as readonly unknown[]) : [each]).map(
        (one) => `${encode(name)}=${encode(cellText(one))}`,
      ),
    )
    .join("&");
};
