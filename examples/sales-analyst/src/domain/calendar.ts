/** Calendar arithmetic on days written as `YYYY-MM-DD`. No clock, no time zone: days sort and compare as text. */

const msPerDay = 86_400_000;

function toMs(day: string): number {
  return Date.parse(`${day}T00:00:00Z`);
}

function fromMs(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

export function yearOf(day: string): number {
  return Number(day.slice(0, 4));
}

/** 1 to 12. */
export function monthOf(day: string): number {
  return Number(day.slice(5, 7));
}

export function addDays(day: string, count: number): string {
  return fromMs(toMs(day) + count * msPerDay);
}

export function daysBetween(from: string, to: string): number {
  return Math.round((toMs(to) - toMs(from)) / msPerDay);
}

/** The day `count` months on; the last day of the month where the number does not exist (31 March - 1 month = 28 February). */
export function addMonths(day: string, count: number): string {
  const months = yearOf(day) * 12 + monthOf(day) - 1 + count;
  const year = Math.floor(months / 12);
  const month = (months % 12) + 1;
  return dayOf(year, month, Math.min(Number(day.slice(8, 10)), daysIn(year, month)));
}

export function dayOf(year: number, month: number, date: number): string {
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(date).padStart(2, "0")}`;
}

export function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate();
}

export function isDay(text: string): boolean {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text);
  if (!parts) return false;
  const [year, month, date] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  return month >= 1 && month <= 12 && date >= 1 && date <= daysIn(year, month);
}

export interface Period {
  /** First day, inclusive. */
  readonly from: string;
  /** Last day, inclusive. */
  readonly to: string;
}

/** `count` whole months beginning with `month` of `year`: 1 a month, 3 a quarter, 6 a half, 12 a year. */
export function monthsFrom(year: number, month: number, count: number): Period {
  const from = dayOf(year, month, 1);
  return { from, to: addDays(addMonths(from, count), -1) };
}

/** The day, week, month, quarter or year that a day lies in. */
export function unitAround(day: string, unit: "day" | "week" | "month" | "quarter" | "year"): Period {
  if (unit === "day") return { from: day, to: day };
  if (unit === "week") return weekOf(day);
  const months = { month: 1, quarter: 3, year: 12 }[unit];
  return monthsFrom(yearOf(day), monthOf(day) - ((monthOf(day) - 1) % months), months);
}

/** Monday to Sunday. */
export function weekOf(day: string): Period {
  const weekday = (new Date(toMs(day)).getUTCDay() + 6) % 7;
  const from = addDays(day, -weekday);
  return { from, to: addDays(from, 6) };
}
