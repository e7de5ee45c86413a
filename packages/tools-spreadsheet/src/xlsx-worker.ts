/** The process that reads workbooks: one may inflate to more than any memory. */
import { PlatformError } from "@agentcore/contract/errors";
import { serveCalls } from "@agentcore/sandbox/bounded";
import { unzipSync, zipSync } from "fflate";
import readXlsxFile from "read-excel-file/universal";
import type { Cell, CellRange, WorkbookAnswer, WorkbookRequest } from "./messages.ts";

const MAX_CELL = 4_000;
// Excel has 31; a reader asks for one by up to so many.
const MAX_NAME = 100;
const MAX_INFLATED = 100 * 1024 * 1024;

// The request is what this package sends itself.
serveCalls((value) => answer(value as WorkbookRequest));

const answer = async ({ bytes, read }: WorkbookRequest): Promise<WorkbookAnswer> => {
  const workbook = (await opened(bytes)).map(({ sheet, data }) => ({ sheet: sheet.slice(0, MAX_NAME), data }));
  const sheets = workbook.map(({ sheet, data }) => ({
    ...{ name: sheet, rows: data.length, columns: data.reduce((most, row) => Math.max(most, row.length), 0) },
  }));
  const wanted =
    read === undefined ? undefined : workbook.find(({ sheet }) => sheet === (read.sheet ?? workbook[0]?.sheet));
  if (read === undefined || wanted === undefined) return { sheets, found: null };
  return { sheets, found: { sheet: wanted.sheet, rows: cut(wanted.data, read.range) } };
};

const opened = async (bytes: Uint8Array) => {
  try {
    return await readXlsxFile(Uint8Array.from(inflated(bytes)).buffer);
  } catch (error) {
    if (PlatformError.is(error)) throw error;
    throw new PlatformError(
      "INVALID_ARGUMENT",
      `it is no workbook that can be read (${error instanceof Error ? error.message : String(error)})`,
    );
  }
};

/**
 * The same files without compression: the reader inflates in threads of its own, whose memory nobody bounds. What a file says of its size is what it gets, whatever is
 * in it.
 */
const inflated = (bytes: Uint8Array): Uint8Array => {
  let total = 0;
  const files = unzipSync(bytes, {
    filter({ name, originalSize }) {
      if (!/\.(?:xml|rels)$/i.test(name)) return false;
      total += originalSize;
      if (total > MAX_INFLATED)
        throw new PlatformError("TOO_LARGE", `it has more than ${MAX_INFLATED} bytes once it is inflated`);
      return true;
    },
  });
  return zipSync(files, { level: 0 });
};

const cut = (data: readonly (readonly unknown[])[], { fromRow, toRow, fromColumn, toColumn }: CellRange): Cell[][] =>
  data.slice(fromRow - 1, toRow).map((row) => row.slice(fromColumn - 1, toColumn).map(cellOf));

const cellOf = (value: unknown): Cell => {
  if (value instanceof Date) return dateOf(value);
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (typeof value !== "string") return null;
  return value.length <= MAX_CELL ? value : `${value.slice(0, MAX_CELL)}… (${value.length} characters)`;
};

/** A sheet has dates of no time zone. */
const dateOf = (date: Date): string =>
  Number.isNaN(date.valueOf()) ? "no date" : date.toISOString().replace(/(?:T00:00:00)?\.000Z$/, "");
