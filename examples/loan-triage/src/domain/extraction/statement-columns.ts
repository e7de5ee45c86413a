import type { CsvRow } from "./csv-table.ts";

export interface StatementColumns {
  readonly date: number;
  readonly text: readonly number[];
  /** One signed column, or money in and money out apart. */
  readonly amount: number | undefined;
  readonly credit: number | undefined;
  readonly debit: number | undefined;
  readonly balance: number | undefined;
}

const headings = {
  date: /^(?:(?:booking|value|transaction|posting|entry)[ _-]?)?(?:date|day)$|^datum$|^buchungstag$/i,
  text: /description|details|text|narrative|payee|reference|purpose|memo|counterparty|type|verwendungszweck/i,
  amount: /^(?:amount|value|sum|betrag|umsatz|transaction amount)\b/i,
  credit: /^(?:credit|paid in|money in|in|deposits?|haben)\b/i,
  debit: /^(?:debit|paid out|money out|out|withdrawals?|soll)\b/i,
  balance: /balance|saldo/i,
} as const;

/** The columns of a transaction table's heading row; undefined if this row is none. */
export function statementColumns(row: CsvRow): StatementColumns | undefined {
  const find = (pattern: RegExp) => {
    const index = row.cells.findIndex((cell) => pattern.test(cell.trim()));
    return index < 0 ? undefined : index;
  };
  const date = find(headings.date);
  const text = row.cells.flatMap((cell, index) => (headings.text.test(cell) ? [index] : []));
  const [amount, credit, debit, balance] = [
    find(headings.amount),
    find(headings.credit),
    find(headings.debit),
    find(headings.balance),
  ];
  if (date === undefined || text.length === 0 || (amount === undefined && credit === undefined)) return undefined;
  return { date, text, amount, credit, debit, balance };
}
