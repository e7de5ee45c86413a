import type { Evidence } from "../application.ts";
import { parseDate } from "../calendar-date.ts";
import { parseMoney } from "../money.ts";
import type { CsvRow } from "./csv-table.ts";
import { acceptMoney } from "./interpret-labelled.ts";
import type { Mention, Reading } from "./mention.ts";
import type { StatementColumns } from "./statement-columns.ts";

interface Transaction {
  readonly month: string;
  readonly text: string;
  readonly cents: number;
  readonly balanceCents: number | undefined;
  readonly currency: string | undefined;
  readonly evidence: Evidence;
}

const kinds = {
  monthlyCashDepositsCents: /cash (?:deposit|paid in)|deposit.*cash|bareinzahlung/i,
  monthlyIncomeCents: /salary|wages?\b|payroll|\bpay\b|gehalt|lohn|pension/i,
  monthlyObligationsCents: /loan|credit card|instal?ment|leasing|lease|financ(?:e|ing)|kredit|debt/i,
  monthlyHousingCents: /\brent\b|miete|mortgage|housing/i,
} as const;
const overdraft = /overdraft/i;

/** Derives monthly averages from transactions: what is paid in as salary or cash, out as loans or housing. Months counted
 *  are the calendar months that have a transaction; an average is rounded to a cent. A statement that shows no loan
 *  payment shows that there is none; one without rent shows nothing, rent may be paid from elsewhere. */
export function readBankStatement(rows: readonly CsvRow[], columns: StatementColumns): Reading {
  const order = rows.some(({ cells }) => /^\d{1,2}\/(?:1[3-9]|2\d|3[01])\//.test(cells[columns.date] ?? ""))
    ? "month-first"
    : "day-first";
  const transactions = rows.flatMap((row) => readTransaction(row, columns, order) ?? []);
  const [first] = transactions;
  if (!first) return { mentions: [], problems: [] };
  const months = new Set(transactions.map(({ month }) => month));
  const mentions: Mention[] = [{ field: "statementMonths", value: months.size, evidence: [first.evidence] }];
  const problems = [];
  for (const [field, signed] of [
    ["monthlyIncomeCents", 1],
    ["monthlyCashDepositsCents", 1],
    ["monthlyObligationsCents", -1],
    ["monthlyHousingCents", -1],
  ] as const) {
    const found = transactions.filter(({ text, cents }) => Math.sign(cents) === signed && kindOf(text) === field);
    const [one] = found;
    if (!one) {
      if (field === "monthlyObligationsCents") mentions.push({ field, value: 0, evidence: [first.evidence] });
      continue;
    }
    const cents = Math.round(Math.abs(found.reduce((sum, transaction) => sum + transaction.cents, 0)) / months.size);
    const read = acceptMoney({
      field,
      cents,
      currency: one.currency,
      yearly: false,
      gross: false,
      evidence: one.evidence,
    });
    if ("code" in read) problems.push(read);
    // Three places are enough to check by hand; the sum rests on all.
    else mentions.push({ field, value: cents, evidence: found.slice(0, 3).map(({ evidence }) => evidence) });
  }
  if (columns.balance !== undefined || transactions.some(({ text }) => overdraft.test(text))) {
    const overdrawn = transactions.filter(({ text, balanceCents }) => (balanceCents ?? 0) < 0 || overdraft.test(text));
    const evidence =
      overdrawn.length > 0 ? overdrawn.slice(0, 3).map((transaction) => transaction.evidence) : [first.evidence];
    mentions.push({ field: "overdraftMonths", value: new Set(overdrawn.map(({ month }) => month)).size, evidence });
  }
  return { mentions, problems };
}

function kindOf(text: string) {
  return (Object.keys(kinds) as (keyof typeof kinds)[]).find((kind) => kinds[kind].test(text));
}

function readTransaction(
  row: CsvRow,
  columns: StatementColumns,
  order: "day-first" | "month-first",
): Transaction | undefined {
  const cell = (index: number | undefined) => (index === undefined ? "" : (row.cells[index] ?? ""));
  const date = parseDate(cell(columns.date), order);
  const incoming = parseMoney(cell(columns.amount) || cell(columns.credit));
  const outgoing = parseMoney(cell(columns.debit));
  if (date === undefined || (!incoming && !outgoing)) return undefined;
  const cents = (incoming?.cents ?? 0) - Math.abs(outgoing?.cents ?? 0);
  return {
    month: date.slice(0, 7),
    text: columns.text.map(cell).join(" "),
    cents,
    balanceCents: parseMoney(cell(columns.balance))?.cents,
    currency: (incoming ?? outgoing)?.currency,
    evidence: { page: 1, line: row.line, text: row.text.trim().slice(0, 160) },
  };
}
