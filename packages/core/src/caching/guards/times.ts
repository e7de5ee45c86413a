import { NUMBER_WORDS } from "./numbers.ts";
import type { Word } from "./words.ts";

const NAMED = `
january jan
february feb
march
april apr
june jun
july jul
august aug
september sept
october oct
november nov
december dec
monday mondays mon
tuesday tuesdays tue
wednesday wednesdays wed
thursday thursdays thu
friday fridays fri
saturday saturdays
sunday sundays
spring springtime
summer
autumn
winter winters
easter
christmas xmas
halloween
thanksgiving
today
tonight
yesterday
tomorrow
morning mornings
noon midday
afternoon afternoons
evening evenings
night nights overnight nightly
midnight
weekend weekends
weekday weekdays
q1
q2
q3
q4
`;
const MEASURES = `
minute minutes
hour hours hourly
day days daily
week weeks weekly
fortnight
month months monthly
quarter quarters quarterly
year years yearly annual annually
decade decades
century
`;
const read = (table: string): ReadonlyMap<string, string> =>
  new Map(
    table
      .trim()
      .split("\n")
      .flatMap((line) => {
        const names = line.split(" ");
        return names.map((name) => [name, names[0] ?? name] as const);
      }),
  );
const TIME_OF = read(NAMED);
const MEASURE_OF = read(MEASURES);
const RELATIVE: ReadonlyMap<string, string> = new Map([
  ...(["next", "coming", "following", "upcoming"] as const).map((word) => [word, "next"] as const),
  ...(["last", "past", "previous", "prior"] as const).map((word) => [word, "last"] as const),
  ...(["this", "current"] as const).map((word) => [word, "this"] as const),
]);
const QUARTERS: Readonly<Record<string, string>> = { first: "q1", second: "q2", third: "q3", fourth: "q4" };
/** After them a day or a month is a measure; else a thing that is asked about, as in "on which day". */
const BEFORE_A_MEASURE = new Set("per a an each every in by for many".split(" "));
const ADVERB = /(?:ly)$/;

export const isTimeWord = ({ lower }: Word): boolean => TIME_OF.has(lower) || MEASURE_OF.has(lower) || lower === "may";

/** Dates, days, parts of the day, periods and what they are counted from, sorted: `last:week`, `monday`, `month`. */
export const timesOf = (words: readonly Word[]): readonly string[] =>
  words.flatMap((word, index) => timeAt(words, word, index) ?? []).toSorted();

const isCount = (lower: string): boolean => /^\d/.test(lower) || NUMBER_WORDS.has(lower);

const timeAt = (words: readonly Word[], { lower, raw, isFirst }: Word, index: number): string | null => {
  const before = words[index - 1]?.lower ?? "";
  const relative = RELATIVE.get(isCount(before) ? (words[index - 2]?.lower ?? "") : before);
  if (lower === "ago") return "ago";
  if (lower === "am" || lower === "pm") return /^\d/.test(before) ? lower : null;
  // "may" asks for leave.
  if (raw === "May" && !isFirst) return "may";
  if (lower === "second") return ["per", "every", "each"].includes(before) ? "second" : null;
  if (lower === "quarter" && QUARTERS[before] !== undefined) return QUARTERS[before];
  const measure = MEASURE_OF.get(lower);
  if (measure !== undefined) {
    if (relative !== undefined) return `${relative}:${measure}`;
    return BEFORE_A_MEASURE.has(before) || isCount(before) || ADVERB.test(lower) ? measure : null;
  }
  const named = TIME_OF.get(lower);
  if (named === undefined || relative === undefined) return named ?? null;
  if (relative !== "this") return `${relative}:${named}`;
  // "this Monday" is Monday; "this evening" is tonight.
  return named === "evening" || named === "night" ? "tonight" : named;
};
