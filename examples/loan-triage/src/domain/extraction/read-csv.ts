import { type CsvRow, csvRows, delimiters } from "./csv-table.ts";
import { fieldOfLabel } from "./field-of-label.ts";
import { interpretLabelled } from "./interpret-labelled.ts";
import { splitLabelledLine } from "./labelled-line.ts";
import type { LabelledValue, Reading } from "./mention.ts";
import { readBankStatement } from "./read-bank-statement.ts";
import { type StatementColumns, statementColumns } from "./statement-columns.ts";

export type CsvLayout =
  | {
      readonly shape: "statement";
      readonly delimiter: string;
      readonly rows: readonly CsvRow[];
      readonly heading: number;
      readonly columns: StatementColumns;
    }
  /** One heading row, an application in each row below. */
  | { readonly shape: "table"; readonly delimiter: string; readonly rows: readonly CsvRow[] }
  /** Label and value on every line. */
  | { readonly shape: "pairs"; readonly delimiter: string; readonly rows: readonly CsvRow[] };

/** Recognises a CSV by what stands in it; undefined for texts that merely contain commas. */
export function csvLayout(text: string): CsvLayout | undefined {
  for (const delimiter of delimiters) {
    const rows = csvRows(text, delimiter);
    for (const [heading, row] of rows.slice(0, 40).entries()) {
      const columns = row.cells.length >= 3 ? statementColumns(row) : undefined;
      if (columns) return { shape: "statement", delimiter, rows, heading, columns };
    }
    const [first, second] = rows;
    const known = (cells: readonly string[]) => cells.filter((cell) => fieldOfLabel(cell)).length;
    if (
      first &&
      second &&
      first.cells.length >= 4 &&
      known(first.cells) >= 3 &&
      second.cells.length === first.cells.length
    ) {
      return { shape: "table", delimiter, rows };
    }
    const pairs = rows.filter(({ cells }) => cells.length >= 2 && isPlainLabel(cells[0] ?? ""));
    if (pairs.length >= 3 && pairs.length >= rows.length / 2) return { shape: "pairs", delimiter, rows };
  }
  return undefined;
}

/** "Loan amount ...... €10" before a comma is a label with half its value, not the first cell of a pair. */
function isPlainLabel(cell: string): boolean {
  return fieldOfLabel(cell) !== undefined && !/[\d:=|\t]|\.{3}/.test(cell);
}

export function readCsv(layout: CsvLayout): Reading {
  if (layout.shape === "statement") {
    const head = interpretLabelled(pairsOf(layout.rows.slice(0, layout.heading), layout.delimiter));
    const statement = readBankStatement(layout.rows.slice(layout.heading + 1), layout.columns);
    return { mentions: [...head.mentions, ...statement.mentions], problems: [...head.problems, ...statement.problems] };
  }
  if (layout.shape === "pairs") return interpretLabelled(pairsOf(layout.rows, layout.delimiter));
  const [heading, first, ...others] = layout.rows;
  const entries = (heading?.cells ?? []).map((label, index) => ({
    label,
    value: first?.cells[index] ?? "",
    evidence: { page: 1, line: first?.line ?? 1, text: (first?.text ?? "").slice(0, 160) },
  }));
  const reading = interpretLabelled(entries);
  const [other] = others;
  if (!other) return reading;
  return {
    mentions: [],
    problems: [
      {
        code: "several-applications",
        message: `The file holds ${others.length + 1} applications; each must come in a file of its own`,
        evidence: [{ page: 1, line: other.line, text: other.text.slice(0, 160) }],
      },
    ],
  };
}

function pairsOf(rows: readonly CsvRow[], delimiter: string): LabelledValue[] {
  return rows.flatMap((row) => {
    const evidence = { page: 1, line: row.line, text: row.text.trim().slice(0, 160) };
    const [label = "", ...rest] = row.cells;
    // An unquoted amount with the delimiter in it, "Amount,€12,000.00", falls apart: put it together again.
    const value = rest.join(delimiter).replace(new RegExp(`[\\s${delimiter === "|" ? "\\|" : delimiter}]+$`), "");
    if (rest.length > 0 && fieldOfLabel(label)) return [{ label, value, evidence }];
    const split = splitLabelledLine(row.text);
    return split ? [{ ...split, evidence }] : [];
  });
}
