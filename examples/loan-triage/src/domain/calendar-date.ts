/** Order of day and month in all-number dates such as 04/03/1985. */
export type DateOrder = "day-first" | "month-first";

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** German forms that do not begin with the English three letters. */
const monthAliases: Readonly<Record<string, number>> = { mär: 3, mae: 3, mai: 5, okt: 10, dez: 12 };

const month = "(?:jan|feb|mar|mär|mae|apr|may|mai|jun|jul|aug|sep|oct|okt|nov|dec|dez)[a-zä]*\\.?";

/** Finds dates in running text; each branch is also what `parseDate` reads. */
export const datePattern = new RegExp(
  [
    "\\b\\d{4}-\\d{2}-\\d{2}\\b",
    "\\b\\d{1,2}[./-]\\d{1,2}[./-]\\d{4}\\b",
    `\\b\\d{1,2}(?:st|nd|rd|th|\\.)?(?:\\s+of)?[\\s-]+${month},?[\\s-]+\\d{4}\\b`,
    `\\b${month}\\s+\\d{1,2}(?:st|nd|rd|th)?,?\\s+\\d{4}\\b`,
    `\\b${month}\\s+\\d{4}\\b`,
    "\\b(?:0?[1-9]|1[0-2])/\\d{4}\\b",
  ].join("|"),
  "gi",
);

/** Reads a whole text as a date, ISO out. All-number dates are day first unless that is impossible or `order` says
 *  otherwise; a month without a day means its first day. Two-digit years are refused: they hide a century. */
export function parseDate(text: string, order: DateOrder = "day-first"): string | undefined {
  const plain = text
    .trim()
    .toLowerCase()
    .replace(/t\d{2}:\d{2}.*$/, "")
    .replace(/[.,]$/, "");
  let match = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})$/.exec(plain);
  if (match) return isoDate(match[1], match[2], match[3]);
  match = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})$/.exec(plain);
  if (match) {
    const dayFirst = isoDate(match[3], match[2], match[1]);
    const monthFirst = isoDate(match[3], match[1], match[2]);
    return order === "day-first" ? (dayFirst ?? monthFirst) : (monthFirst ?? dayFirst);
  }
  match = /^(\d{1,2})(?:st|nd|rd|th|\.)?(?:\s+of)?[\s-]+([a-zä]+)\.?,?[\s-]+(\d{4})$/.exec(plain);
  if (match) return isoDate(match[3], monthNumber(match[2]), match[1]);
  match = /^([a-zä]+)\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})$/.exec(plain);
  if (match) return isoDate(match[3], monthNumber(match[1]), match[2]);
  match = /^([a-zä]+)\.?\s+(\d{4})$/.exec(plain);
  if (match) return isoDate(match[2], monthNumber(match[1]), "1");
  match = /^(\d{1,2})[/.](\d{4})$/.exec(plain);
  if (match) return isoDate(match[2], match[1], "1");
  return undefined;
}

function monthNumber(name = ""): string | undefined {
  const start = name.slice(0, 3);
  const index = monthNames.indexOf(start);
  const number = index >= 0 ? index + 1 : monthAliases[start];
  return number === undefined ? undefined : String(number);
}

function isoDate(year?: string, monthText?: string, dayText?: string): string | undefined {
  if (year === undefined || monthText === undefined || dayText === undefined) return undefined;
  const monthOfYear = Number(monthText);
  const day = Number(dayText);
  if (monthOfYear < 1 || monthOfYear > 12 || day < 1 || day > daysIn(Number(year), monthOfYear)) return undefined;
  return `${year}-${monthText.padStart(2, "0")}-${dayText.padStart(2, "0")}`;
}

function daysIn(year: number, monthOfYear: number): number {
  if (monthOfYear === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return [4, 6, 9, 11].includes(monthOfYear) ? 30 : 31;
}

/** Whole months from one ISO date to a later one; negative when `to` lies before `from`. */
export function monthsBetween(from: string, to: string): number {
  const part = (date: string, start: number, end: number) => Number(date.slice(start, end));
  const months = (part(to, 0, 4) - part(from, 0, 4)) * 12 + part(to, 5, 7) - part(from, 5, 7);
  return part(to, 8, 10) < part(from, 8, 10) ? months - 1 : months;
}

export function ageOn(dateOfBirth: string, date: string): number {
  return Math.floor(monthsBetween(dateOfBirth, date) / 12);
}

/** The day of a time in milliseconds since 1970, in UTC. */
export function isoDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

const inWords = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

/** `2026-03-01` becomes `1 March 2026`. */
export function longDate(iso: string): string {
  return inWords.format(new Date(iso));
}
