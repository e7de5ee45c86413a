import type { Period } from "../calendar.ts";
import { addDays, dayOf, monthOf, monthsFrom, yearOf } from "../calendar.ts";
import { calendarPhrase, yearPart } from "./calendar-phrase.ts";
import type { Meaning } from "./element.ts";

export interface TimeContext {
  readonly today: string;
  readonly firstDay: string;
}

interface Found {
  readonly meaning: Meaning;
  readonly length: number;
}

const rangeWords = { from: ["to", "until", "till", "through", "up to"], between: ["and"] } as const;
const toDate = [
  { phrase: "so far this year", unit: "year" },
  { phrase: "this year so far", unit: "year" },
  { phrase: "year to date", unit: "year" },
  { phrase: "ytd", unit: "year" },
  { phrase: "so far this quarter", unit: "quarter" },
  { phrase: "this quarter so far", unit: "quarter" },
  { phrase: "quarter to date", unit: "quarter" },
  { phrase: "so far this month", unit: "month" },
  { phrase: "this month so far", unit: "month" },
  { phrase: "month to date", unit: "month" },
] as const;

/** The time that begins at this word: a phrase of the calendar, an open or closed range, or one that lacks its year. */
export function timeExpression(words: readonly string[], at: number, context: TimeContext): Found | undefined {
  return (
    untilToday(words, at, context) ??
    closedRange(words, at, context) ??
    openRange(words, at, context) ??
    periodBefore(words, at) ??
    plainPeriod(words, at, context) ??
    lackingYear(words, at)
  );
}

function untilToday(words: readonly string[], at: number, { today }: TimeContext): Found | undefined {
  const found = toDate.find(({ phrase }) => startsWith(words, at, phrase));
  if (!found) return undefined;
  const firstMonth = { year: 1, quarter: monthOf(today) - ((monthOf(today) - 1) % 3), month: monthOf(today) }[
    found.unit
  ];
  return period({ from: dayOf(yearOf(today), firstMonth, 1), to: today }, found.phrase.split(" ").length);
}

/** "from X to Y", "between X and Y". The first may borrow the year of the second: "between January and June 2024". */
function closedRange(words: readonly string[], at: number, context: TimeContext): Found | undefined {
  const word = words[at];
  if (word !== "from" && word !== "between") return undefined;
  const first = calendarPhrase(words, at + 1, context.today);
  const bare = first ? undefined : yearPart(words, at + 1);
  const firstEnd = at + 1 + (first ?? bare ?? { length: 0 }).length;
  const connector = rangeWords[word].find((candidate) => startsWith(words, firstEnd, candidate));
  if (firstEnd === at + 1 || connector === undefined) return undefined;
  const secondAt = firstEnd + connector.split(" ").length;
  const second = calendarPhrase(words, secondAt, context.today);
  if (!second) return undefined;
  const start = first?.period ?? (bare && monthsFrom(yearOf(second.period.from), bare.month, bare.months));
  const length = secondAt + second.length - at;
  if (!start || start.from > second.period.from) return ambiguous("the range of time ends before it begins", length);
  return {
    meaning: { kind: "period", period: { from: start.from, to: second.period.to }, ends: [start, second.period] },
    length,
  };
}

/** "since X", "from X on", "after X" up to today; "before X", "until X" from the first day of the data. */
function openRange(words: readonly string[], at: number, { today, firstDay }: TimeContext): Found | undefined {
  const word = words[at];
  const lead = word === "up" && words[at + 1] === "to" ? 2 : 1;
  if (!["since", "from", "after", "before", "until", "till", "up"].includes(word ?? "")) return undefined;
  const found = calendarPhrase(words, at + lead, today);
  if (!found) {
    const bare = lackingYear(words, at + lead);
    return bare && { meaning: bare.meaning, length: lead + bare.length };
  }
  const { from, to } = found.period;
  const length = lead + found.length;
  if (word === "since") return range(from, today, length);
  if (word === "after") return range(addDays(to, 1), today, length);
  if (word === "before") return range(firstDay, addDays(from, -1), length);
  if (word !== "from") return range(firstDay, to, length);
  const closing = words[at + length];
  if (closing === "on" || closing === "onwards" || closing === "onward") return range(from, today, length + 1);
  return ambiguous(
    `"${words.slice(at, at + length).join(" ")}" may mean in that time or since then; say "in" or "since"`,
    length,
  );
}

function periodBefore(words: readonly string[], at: number): Found | undefined {
  const start = words[at] === "the" ? at + 1 : at;
  const unit = words[start];
  if (unit !== "day" && unit !== "week" && unit !== "month" && unit !== "quarter" && unit !== "year") return undefined;
  return words[start + 1] === "before"
    ? { meaning: { kind: "periodBefore", unit }, length: start + 2 - at }
    : undefined;
}

function plainPeriod(words: readonly string[], at: number, { today }: TimeContext): Found | undefined {
  const lead = words[at] === "over" ? 1 : 0;
  const found = calendarPhrase(words, at + lead, today);
  return found && period(found.period, lead + found.length);
}

/** A month or a quarter of no year: there are several, and the latest would be a guess. */
function lackingYear(words: readonly string[], at: number): Found | undefined {
  const found = yearPart(words, at);
  if (!found) return undefined;
  const name = words.slice(at, at + found.length).join(" ");
  return ambiguous(`"${name}" of which year? Say for example "${name} 2024"`, found.length);
}

function range(from: string, to: string, length: number): Found {
  return from <= to
    ? period({ from, to }, length)
    : ambiguous("that time has not happened, or lies before the data", length);
}

function period(value: Period, length: number): Found {
  return { meaning: { kind: "period", period: value }, length };
}

function ambiguous(because: string, length: number): Found {
  return { meaning: { kind: "ambiguous", because }, length };
}

function startsWith(words: readonly string[], at: number, phrase: string): boolean {
  return phrase.split(" ").every((word, index) => words[at + index] === word);
}
