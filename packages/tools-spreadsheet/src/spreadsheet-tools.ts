import { openProcess } from "@agentcore/sandbox/bounded";
import { PlatformError, type Tool, tool } from "@agentcore/sdk";
import { ConfinedFolder, readBounded } from "@agentcore/tools-files";
import { z } from "zod";
import type { Cell, CellRange, WorkbookAnswer, WorkbookRequest } from "./messages.ts";
import { cellName, parseRange } from "./parse-range.ts";

export interface SpreadsheetToolsOptions {
  /** Workbooks lie in it and in the folders below it. Relative to where the process was started. */
  readonly root: string;
  /** Put before the names of the tools, for an agent with several folders: "sales" makes `sales_read_sheet`. @default none */
  readonly name?: string | undefined;
  /** What the workbooks are, for the model. @default "workbooks" */
  readonly description?: string | undefined;
  /** Also names that begin with a dot, or under which keys lie. @default false */
  readonly hidden?: boolean | undefined;
  /** A scope that whoever asks must have. @default none */
  readonly permission?: string | undefined;
}

const MAX_FILE_BYTES = 20 * 1024 * 1024;
const MEMORY_BYTES = 512 * 1024 * 1024;
const TIMEOUT_MS = 60_000;
const USUAL_ROWS = 100;
const MAX_ROWS = 1_000;
const MAX_COLUMNS = 200;
const MAX_SHEETS = 200;
const MAX_NAMED = 20;
const MAX_BYTES = 128 * 1024;
// From source it is `.ts`, from dist `.js`; it lies beside this file in both.
const file = new URL(import.meta.url.endsWith(".ts") ? "./xlsx-worker.ts" : "./xlsx-worker.js", import.meta.url);

const Path = z.string().min(1).max(4_096).describe('of an .xlsx file, relative, with "/" between names');

/** `list_sheets` and `read_sheet`. */
export const spreadsheetTools = (options: SpreadsheetToolsOptions): readonly Tool[] => {
  const { root, hidden, description = "workbooks" } = options;
  const folder = new ConfinedFolder(root, { hidden });
  const process = openProcess({ file, doing: "reading the workbook", memoryBytes: MEMORY_BYTES });
  const named = (name: string): string => (options.name === undefined ? name : `${options.name}_${name}`);
  const rules = { readOnly: true, permission: options.permission };
  const ask = async (path: string, read: WorkbookRequest["read"], signal: AbortSignal): Promise<WorkbookAnswer> => {
    const bytes = await folder.openFile(path, (opened) =>
      readBounded(opened, path, { maxBytes: MAX_FILE_BYTES, signal }),
    );
    const request: WorkbookRequest = read === undefined ? { bytes } : { bytes, read };
    // The answer is what this package sends itself.
    return (await process.call(request, { timeoutMs: TIMEOUT_MS, signal })) as WorkbookAnswer;
  };
  return [
    tool({
      ...rules,
      name: named("list_sheets"),
      description: `Lists the sheets of one of ${description} (xlsx), with how many rows and columns each has.`,
      input: z.object({ path: Path }),
      async execute({ path }, { signal }) {
        const { sheets } = await ask(path, undefined, signal);
        return { path, sheets: sheets.slice(0, MAX_SHEETS), totalSheets: sheets.length };
      },
    }),
    tool({
      ...rules,
      name: named("read_sheet"),
      description: `Reads cells of a sheet of one of ${description} (xlsx), as rows. Formulas come as what they were worked out to.`,
      input: z.object({
        path: Path,
        sheet: z.string().max(100).optional().describe("its name; the first by default"),
        range: z.string().max(30).optional().describe(`such as B2:D20; the first ${USUAL_ROWS} rows by default`),
      }),
      async execute({ path, sheet, range }, { signal }) {
        const { wanted, lastRow } = rangeOf(range);
        const { sheets, found } = await ask(path, { sheet, range: wanted }, signal);
        if (found === null)
          throw new PlatformError(
            "NOT_FOUND",
            `${JSON.stringify(path)} has no such sheet; there are ${namesOf(sheets)}`,
          );
        const shape = sheets.find(({ name }) => name === found.sheet);
        const rows = bounded(found.rows);
        const last = wanted.fromRow + rows.length - 1;
        return {
          ...{ path, sheet: found.sheet, from: cellName(wanted.fromRow, wanted.fromColumn), rows },
          ...{ totalRows: shape?.rows ?? 0, totalColumns: shape?.columns ?? 0 },
          ...(last < Math.min(shape?.rows ?? 0, lastRow) ? { nextRow: last + 1 } : {}),
        };
      },
    }),
  ] as readonly Tool[];
};

const namesOf = (sheets: WorkbookAnswer["sheets"]): string => {
  const names = sheets.slice(0, MAX_NAMED).map(({ name }) => JSON.stringify(name));
  return [...names, ...(sheets.length > MAX_NAMED ? [`and ${sheets.length - MAX_NAMED} more`] : [])].join(", ");
};

/** What one answer has of it, and where it ends. */
const rangeOf = (range: string | undefined): { readonly wanted: CellRange; readonly lastRow: number } => {
  if (range === undefined)
    return { wanted: { fromRow: 1, toRow: USUAL_ROWS, fromColumn: 1, toColumn: MAX_COLUMNS }, lastRow: Infinity };
  const { fromRow, toRow, fromColumn, toColumn } = parseRange(range);
  if (toColumn - fromColumn >= MAX_COLUMNS)
    throw new PlatformError("INVALID_ARGUMENT", `range: expected up to ${MAX_COLUMNS} columns`);
  return { wanted: { fromRow, toRow: Math.min(toRow, fromRow + MAX_ROWS - 1), fromColumn, toColumn }, lastRow: toRow };
};

const bounded = (rows: readonly (readonly Cell[])[]): readonly (readonly Cell[])[] => {
  let bytes = 0;
  const end = rows.findIndex((row) => (bytes += Buffer.byteLength(JSON.stringify(row))) > MAX_BYTES);
  // A first row that is too large by itself is given all the same: its cells are bounded.
  return end === -1 ? rows : rows.slice(0, Math.max(1, end));
};
