import type { Period } from "../calendar.ts";
import { addDays, addMonths, dayOf, daysIn, isDay, monthOf, monthsFrom, weekOf, yearOf } from "../calendar.ts";
import type { PeriodUnit } from "./element.ts";
import { numberOf, ordinalOf } from "./numbers.ts";

export interface CalendarPhrase {
  readonly period: Period;
  readonly length: number;
}

const monthNames = [
  "january",
  "february",
  "march",
  "april",
  "may",
  "june",
  "july",
  "august",
  "september",
  "october",
  "november",
  "december",
];
const shortMonthNames = monthNames.map((name) => name.slice(0, 3));
const firstMonthOfToday = {
  month: (month: number) => month,
  quarter: (month: number) => month - ((month - 1) % 3),
  year: () => 1,
};
const monthsIn = { month: 1, quarter: 3, half: 6, year: 12 } as const;

/** 1 to 12 for "march" or "mar"; also "sept". */
export function monthNumber(word: string | undefined): number | undefined {
  if (word === undefined) return undefined;
  if (word === "sept") return 9;
  const index = Math.max(monthNames.indexOf(word), shortMonthNames.indexOf(word));
  return index >= 0 ? index + 1 : undefined;
}

/** "second half", "h2", "third quarter", "q3", "march": a part that still needs its year. */
export function yearPart(
  words: readonly string[],
  at: number,
): { readonly month: number; readonly months: number; readonly length: number } | undefined {
  const word = words[at];
  const month = monthNumber(word);
  if (month !== undefined) return { month, months: 1, length: 1 };
  const short = /^(?:q([1-4])|h([12]))$/.exec(word ?? "");
  if (short?.[1]) return { month: Number(short[1]) * 3 - 2, months: 3, length: 1 };
  if (short?.[2]) return { month: Number(short[2]) * 6 - 5, months: 6, length: 1 };
  const ordinal = ordinalOf(word);
  const next = words[at + 1];
  if (ordinal !== undefined && ordinal <= 4 && next === "quarter")
    return { month: ordinal * 3 - 2, months: 3, length: 2 };
  if (ordinal !== undefined && ordinal <= 2 && next === "half") return { month: ordinal * 6 - 5, months: 6, length: 2 };
  return undefined;
}

/** "2024", "the year 2024", "last year". */
function yearPhrase(
  words: readonly string[],
  at: number,
  today: string,
): { readonly year: number; readonly length: number } | undefined {
  const skipped = words[at] === "the" ? 1 : 0;
  const word = words[at + skipped];
  if (word !== undefined && /^(?:19|20)\d\d$/.test(word) && skipped === 0) return { year: Number(word), length: 1 };
  const following = words[at + skipped + 1];
  if (word === "year" && following !== undefined && /^(?:19|20)\d\d$/.test(following))
    return { year: Number(following), length: skipped + 2 };
  const offset = following === "year" ? relativeOffset(word) : undefined;
  return offset === undefined ? undefined : { year: yearOf(today) + offset, length: skipped + 2 };
}

function relativeOffset(word: string | undefined): number | undefined {
  if (word === "this" || word === "current") return 0;
  return word === "last" || word === "previous" ? -1 : undefined;
}

/** "last quarter", "this month", "previous week", "yesterday", "last 30 days". A window of N ends today; a named unit is the whole calendar unit. */
function relativePhrase(words: readonly string[], at: number, today: string): CalendarPhrase | undefined {
  const [word, next, third] = [words[at], words[at + 1], words[at + 2]];
  if (word === "today") return { period: { from: today, to: today }, length: 1 };
  if (word === "yesterday") return { period: { from: addDays(today, -1), to: addDays(today, -1) }, length: 1 };
  const count = numberOf(next);
  if ((word === "last" || word === "past") && count !== undefined && count > 0) {
    const tomorrow = addDays(today, 1);
    if (third === "days") return { period: { from: addDays(tomorrow, -count), to: today }, length: 3 };
    if (third === "weeks") return { period: { from: addDays(tomorrow, -7 * count), to: today }, length: 3 };
    if (third === "months") return { period: { from: addMonths(tomorrow, -count), to: today }, length: 3 };
    return undefined;
  }
  const offset = relativeOffset(word);
  if (offset === undefined) return undefined;
  if (next === "week") return { period: weekOf(addDays(today, 7 * offset)), length: 2 };
  if (next !== "month" && next !== "quarter" && next !== "year") return undefined;
  const months = monthsIn[next];
  const start = addMonths(dayOf(yearOf(today), firstMonthOfToday[next](monthOf(today)), 1), offset * months);
  return { period: monthsFrom(yearOf(start), monthOf(start), months), length: 2 };
}

/** "5 March 2024", "the 5th of March 2024", "March 5 2024". */
function datePhrase(words: readonly string[], at: number): CalendarPhrase | undefined {
  const start = words[at] === "the" ? at + 1 : at;
  const found = (
    date: number | undefined,
    month: number | undefined,
    year: string | undefined,
    end: number,
  ): CalendarPhrase | undefined => {
    if (date === undefined || month === undefined || !/^(?:19|20)\d\d$/.test(year ?? "")) return undefined;
    const day = dayOf(Number(year), month, date);
    return isDay(day) ? { period: { from: day, to: day }, length: end - at } : undefined;
  };
  const date = (index: number): number | undefined =>
    /^\d/.test(words[index] ?? "") ? (ordinalOf(words[index]) ?? numberOf(words[index])) : undefined;
  const monthAt = words[start + 1] === "of" ? start + 2 : start + 1;
  return (
    found(date(start), monthNumber(words[monthAt]), words[monthAt + 1], monthAt + 2) ??
    found(date(start + 1), monthNumber(words[start]), words[start + 2], start + 3)
  );
}

/** One stretch of the calendar that names itself completely. */
export function calendarPhrase(words: readonly string[], at: number, today: string): CalendarPhrase | undefined {
  const word = words[at] ?? "";
  const iso = /^(\d{4})-(\d{2})$/.exec(word);
  if (iso && Number(iso[2]) >= 1 && Number(iso[2]) <= 12)
    return { period: monthsFrom(Number(iso[1]), Number(iso[2]), 1), length: 1 };
  if (isDay(word)) return { period: { from: word, to: word }, length: 1 };
  const date = datePhrase(words, at);
  if (date) return date;

  const skipped = word === "the" ? 1 : 0;
  const lead = words[at + skipped] === "month" && words[at + skipped + 1] === "of" ? skipped + 2 : skipped;
  const part = yearPart(words, at + lead);
  if (part) {
    const yearAt = at + lead + part.length;
    const year = yearPhrase(words, words[yearAt] === "of" || words[yearAt] === "in" ? yearAt + 1 : yearAt, today);
    const filler = words[yearAt] === "of" || words[yearAt] === "in" ? 1 : 0;
    if (year)
      return {
        period: monthsFrom(year.year, part.month, part.months),
        length: lead + part.length + filler + year.length,
      };
  }
  const year = yearPhrase(words, at, today);
  if (year) {
    const after = yearPart(words, at + year.length);
    // "2024 Q1", but not "2024 March 5", which no one writes and could be two things.
    if (after && numberOf(words[at + year.length + after.length]) === undefined && /^\d{4}$/.test(word)) {
      return { period: monthsFrom(year.year, after.month, after.months), length: year.length + after.length };
    }
    return { period: monthsFrom(year.year, 1, 12), length: year.length };
  }
  const relative = relativePhrase(words, at + skipped, today);
  return relative && { period: relative.period, length: skipped + relative.length };
}

/** The calendar unit a period is exactly, if any. */
export function unitOf({ from, to }: Period): PeriodUnit | undefined {
  if (from === to) return "day";
  const week = weekOf(from);
  if (week.from === from && week.to === to) return "week";
  if (!from.endsWith("-01") || Number(to.slice(8)) !== daysIn(yearOf(to), monthOf(to))) return undefined;
  const months = (yearOf(to) - yearOf(from)) * 12 + monthOf(to) - monthOf(from) + 1;
  const unit = (Object.keys(monthsIn) as (keyof typeof monthsIn)[]).find((candidate) => monthsIn[candidate] === months);
  return unit && (monthOf(from) - 1) % months === 0 ? unit : undefined;
}

/** The same unit of the calendar, one earlier. */
export function unitBefore(period: Period): Period | undefined {
  const unit = unitOf(period);
  if (unit === undefined) return undefined;
  if (unit === "day") return { from: addDays(period.from, -1), to: addDays(period.from, -1) };
  if (unit === "week") return weekOf(addDays(period.from, -7));
  const from = addMonths(period.from, -monthsIn[unit]);
  return monthsFrom(yearOf(from), monthOf(from), monthsIn[unit]);
}
