import { formFields } from "./form-fields.ts";
import type { Random } from "./random.ts";
import type { Truth } from "./truth.ts";
import { drawStyle } from "./writing-style.ts";

interface Entry {
  date: string;
  text: string;
  cents: number;
}

/** A bank statement as CSV: lines about the applicant, then transactions that average to exactly what is true. */
export function writeStatement(truth: Truth, random: Random): Uint8Array {
  const style = drawStyle(random);
  const delimiter = random.pick([";", ",", "\t"]);
  const separate = random.chance(0.4);
  const cell = (text: string) =>
    text.includes(delimiter) || text.includes('"') ? `"${text.replaceAll('"', '""')}"` : text;
  const row = (...cells: string[]) => cells.map(cell).join(delimiter);
  const head = formFields(truth, style, random, "statement-head").map(({ label, value }) => row(label, value));
  const columns = separate
    ? [
        random.pick(["Date", "Booking date"]),
        random.pick(["Description", "Details"]),
        random.pick(["Debit", "Paid out"]),
        random.pick(["Credit", "Paid in"]),
        "Balance",
      ]
    : [
        random.pick(["Date", "Transaction date"]),
        random.pick(["Description", "Text", "Payee"]),
        random.pick(["Amount", "Amount (EUR)"]),
        "Balance",
      ];
  const entries = drawEntries(truth, random);
  let balance = 0;
  const rows = balancedFrom(entries, truth).map(({ date, text, cents, balanceCents }) => {
    balance = balanceCents;
    const amounts = separate
      ? [cents < 0 ? style.plainMoney(-cents) : "", cents > 0 ? style.plainMoney(cents) : ""]
      : [style.plainMoney(cents)];
    return row(style.date(date), text, ...amounts, style.plainMoney(balance));
  });
  return new TextEncoder().encode(`${[...head, "", row(...columns), ...rows].join("\n")}\n`);
}

function drawEntries(truth: Truth, random: Random): Entry[] {
  const [year = 0, month = 0] = truth.applicationDate.split("-").map(Number);
  const salary = random.pick(["SALARY Nordwind GmbH", "Wages Acme Works", "Payroll 2281 Ltd"]);
  const loan = random.pick(["Car loan Autobank", "LOAN INSTALMENT 00912", "Credit card payment"]);
  const entries: Entry[] = [];
  for (let back = truth.statementMonths; back >= 1; back -= 1) {
    const index = year * 12 + month - 1 - back;
    const date = (day: number) =>
      `${Math.floor(index / 12)}-${String((index % 12) + 1).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
    // Salaries vary around the mean; what one month has more, the next has less, so the mean stays true.
    const sway = truth.statementMonths % 2 === 0 ? (back % 2 === 0 ? 1_500 : -1_500) : 0;
    entries.push({
      date: date(1),
      text: `Groceries ${random.pick(["Billa", "Lidl", "Spar"])}`,
      cents: -random.integer(4_000, 9_000),
    });
    if (truth.omitted !== "income") entries.push({ date: date(2), text: salary, cents: truth.incomeCents + sway });
    if (truth.housingCents !== undefined)
      entries.push({
        date: date(4),
        text: random.pick(["Rent flat 12", "RENT Housing Assoc."]),
        cents: -truth.housingCents,
      });
    if (truth.obligationsCents > 0) entries.push({ date: date(5), text: loan, cents: -truth.obligationsCents });
    if (truth.cashDepositsCents > 0)
      entries.push({ date: date(11), text: "Cash deposit ATM 4", cents: truth.cashDepositsCents });
    entries.push({
      date: date(18),
      text: random.pick(["Electricity", "Mobile phone", "Pharmacy"]),
      cents: -random.integer(2_000, 8_000),
    });
    // Empties the account, or in the first months overdraws it.
    entries.push({ date: date(25), text: "Card purchases", cents: 0 });
  }
  return entries;
}

/** Fills in the card purchases so that exactly `overdraftMonths` months end below zero, and the balances that follow. */
function balancedFrom(entries: readonly Entry[], truth: Truth): (Entry & { balanceCents: number })[] {
  // More than a month costs, so that only the months meant to go below zero do.
  let balance = 230_000;
  let month = 0;
  return entries.map((entry) => {
    let { cents } = entry;
    if (entry.text === "Card purchases") {
      month += 1;
      // Overdrafts come last: a month that begins below zero would count as one too.
      const target = truth.statementMonths - month < truth.overdraftMonths ? -12_345 : 230_000 + month * 1_000;
      cents = target - balance;
    }
    balance += cents;
    return {
      ...entry,
      text: entry.text === "Card purchases" && cents > 0 ? "Transfer from savings" : entry.text,
      cents,
      balanceCents: balance,
    };
  });
}
