export type Cell = string | number | boolean | null;

export interface SheetShape {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
}

/** From 1, both ends inclusive. */
export interface CellRange {
  readonly fromRow: number;
  readonly toRow: number;
  readonly fromColumn: number;
  readonly toColumn: number;
}

export interface WorkbookRequest {
  readonly bytes: Uint8Array;
  /** Absent: shapes alone. */
  readonly read?: { readonly sheet: string | undefined; readonly range: CellRange };
}

export interface WorkbookAnswer {
  readonly sheets: readonly SheetShape[];
  /** Null: there is no such sheet. */
  readonly found: { readonly sheet: string; readonly rows: readonly (readonly Cell[])[] } | null;
}
