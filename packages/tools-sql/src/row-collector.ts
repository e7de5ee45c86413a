import type { Cell, QueryLimits, QueryRows } from "./database.ts";

const MAX_CELL = 4_000;

/** Rows, until there are as many as may be. */
export class RowCollector {
  private readonly limits: QueryLimits;
  private readonly rows: (readonly Cell[])[] = [];
  private bytes = 0;
  private more = false;

  constructor(limits: QueryLimits) {
    this.limits = limits;
  }

  /** False: no more are wanted. */
  add(cells: readonly Cell[]): boolean {
    const row = cells.map(cut);
    const bytes = Buffer.byteLength(JSON.stringify(row));
    if (this.rows.length >= this.limits.maxRows || this.bytes + bytes > this.limits.maxBytes) {
      this.more = true;
      return false;
    }
    this.rows.push(row);
    this.bytes += bytes;
    return true;
  }

  collected(columns: readonly string[]): QueryRows {
    return { columns, rows: this.rows, more: this.more };
  }
}

const cut = (cell: Cell): Cell => {
  const text = typeof cell === "string" ? cell : typeof cell === "object" && cell !== null ? JSON.stringify(cell) : "";
  return text.length <= MAX_CELL ? cell : `${text.slice(0, MAX_CELL)}… (${text.length} characters)`;
};
