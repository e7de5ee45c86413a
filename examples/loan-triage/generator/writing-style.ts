import type { Random } from "./random.ts";
import { employmentMonthsOf, type Truth } from "./truth.ts";

/** How one invented author writes; drawn once a document, because people do not change their habits between lines. */
export interface WritingStyle {
  money(cents: number, currency?: string): string;
  /** Without a currency: for columns and numbers beside a currency. */
  plainMoney(cents: number): string;
  date(iso: string): string;
  country(code: string): string;
  identity(digits: string): string;
}

const symbols: Readonly<Record<string, string>> = { EUR: "€", USD: "$", GBP: "£" };
const longMonths = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const countryNames: Readonly<Record<string, string>> = {
  AT: "Austria",
  BE: "Belgium",
  DE: "Germany",
  ES: "Spain",
  FI: "Finland",
  FR: "France",
  IE: "Ireland",
  IT: "Italy",
  LU: "Luxembourg",
  NL: "Netherlands",
  PT: "Portugal",
  US: "United States",
  BR: "Brazil",
  CH: "Switzerland",
  TR: "Turkey",
};

export function drawStyle(random: Random): WritingStyle {
  const point = (thousands: string) => (cents: number) => group(cents, thousands, ".");
  const comma = (thousands: string) => (cents: number) => group(cents, thousands, ",");
  const number = random.pick([point(","), point(""), comma("."), comma(" "), comma(""), point("'")]);
  const short = random.chance(0.4);
  const plainMoney = (cents: number) => (short && cents % 100 === 0 ? number(cents).slice(0, -3) : number(cents));
  const place = random.pick(["symbol-first", "symbol-last", "code-first", "code-last"] as const);
  const money = (cents: number, currency = "EUR") => {
    const amount = plainMoney(cents);
    if (place === "symbol-first") return `${symbols[currency]}${amount}`;
    if (place === "symbol-last") return `${amount} ${symbols[currency]}`;
    return place === "code-first" ? `${currency} ${amount}` : `${amount} ${currency}`;
  };
  const dateForm = random.integer(0, 5);
  const codes = random.chance(0.3);
  const gap = random.pick(["", " ", "-"]);
  return {
    money,
    plainMoney,
    date: (iso) => writeDate(iso, dateForm),
    country: (code) => (codes ? code : (countryNames[code] ?? code)),
    identity: (digits) => [digits.slice(0, 4), digits.slice(4, 8), digits.slice(8)].join(gap),
  };
}

function group(cents: number, thousands: string, decimal: string): string {
  const whole = String(Math.trunc(Math.abs(cents) / 100)).replace(/\B(?=(\d{3})+$)/g, thousands);
  return `${cents < 0 ? "-" : ""}${whole}${decimal}${String(Math.abs(cents) % 100).padStart(2, "0")}`;
}

function writeDate(iso: string, form: number): string {
  const [year = "", month = "", day = ""] = iso.split("-");
  const name = longMonths[Number(month) - 1] ?? "";
  switch (form) {
    case 0:
      return iso;
    case 1:
      return `${day}.${month}.${year}`;
    case 2:
      return `${day}/${month}/${year}`;
    case 3:
      return `${Number(day)} ${name} ${year}`;
    case 4:
      return `${name} ${Number(day)}, ${year}`;
    default:
      return `${day}-${name.slice(0, 3)}-${year}`;
  }
}

/** Country as prose wants it: with an article where English has one. */
export function countryInProse(code: string): string {
  const name = countryNames[code] ?? code;
  return code === "NL" || code === "US" ? `the ${name}` : name;
}

/** Employment as a date or a span: both say the same months. */
export function writeEmployment(
  truth: Truth,
  style: WritingStyle,
  random: Random,
): { since: string } | { span: string } {
  const [year, month] = truth.employedSince.split("-");
  if (random.chance(0.4)) return { since: style.date(truth.employedSince) };
  if (random.chance(0.5)) return { since: `${longMonths[Number(month) - 1]} ${year}` };
  const months = employmentMonthsOf(truth);
  const [years, rest] = [Math.floor(months / 12), months % 12];
  const plural = (count: number, unit: string) => `${count} ${unit}${count === 1 ? "" : "s"}`;
  if (years === 0 || random.chance(0.4)) return { span: plural(months, "month") };
  return { span: rest === 0 ? plural(years, "year") : `${plural(years, "year")} and ${plural(rest, "month")}` };
}
