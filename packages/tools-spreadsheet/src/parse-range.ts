import { PlatformError } from "@agentcore/contract/errors";
import type { CellRange } from "./messages.ts";

// Excel's own: XFD1048576.
const MAX_ROW = 1_048_576;
const MAX_COLUMN = 16_384;
const RANGE = /^([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})$/;

/** "B2:D20". Throws INVALID_ARGUMENT. */
export const parseRange = (range: string): CellRange => {
  const [, left = "", top, right = "", bottom] = RANGE.exec(range.toUpperCase().replaceAll("$", "")) ?? [];
  const [fromColumn, toColumn] = [columnNumber(left), columnNumber(right)];
  const [fromRow, toRow] = [Number(top), Number(bottom)];
  if (fromRow >= 1 && fromRow <= toRow && toRow <= MAX_ROW && fromColumn <= toColumn && toColumn <= MAX_COLUMN)
    return { fromRow, toRow, fromColumn, toColumn };
  throw new PlatformError("INVALID_ARGUMENT", `range: expected one such as A1:D20, got ${JSON.stringify(range)}`);
};

const columnNumber = (letters: string): number =>
  Array.from(letters).reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);

/** "B2", of the first cell of a range and what was found there. */
export const cellName = (row: number, column: number): string => {
  let letters = "";
  for (let left = column; left > 0; left = Math.floor((left - 1) / 26))
    letters = String.fromCharCode(65 + ((left - 1) % 26)) + letters;
  return `${letters}${row}`;
};
