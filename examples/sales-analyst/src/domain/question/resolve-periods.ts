import type { Period } from "../calendar.ts";
import type { Dimension, IntentFilter } from "../intent.ts";
import { unitBefore, unitOf } from "./calendar-phrase.ts";
import type { Problem } from "./problem.ts";
import { ambiguous, isProblem } from "./problem.ts";
import type { Sentence } from "./sentence.ts";

export interface Times {
  readonly periods: Period[];
  /** The groups that a comparison of names asks for: "North versus South" is one row for each. */
  readonly comparedBy: Dimension[];
}

/** Which time, or which two; and what is compared, if anything is. */
export function resolvePeriods(
  sentence: Sentence,
  filters: readonly IntentFilter[],
  groupBy: readonly Dimension[],
): Times | Problem {
  const comparisons = sentence.open("compare");
  const several = filters.filter(({ mode, values }) => mode === "in" && new Set(values).size > 1);
  const comparesEnds =
    comparisons.some(({ element }) => element.change) || (comparisons.length > 0 && several.length === 0);
  const periods = namedPeriods(sentence, comparesEnds);
  if (isProblem(periods)) return periods;
  if (periods.length > 0 && sentence.has("allTime")) return ambiguous("it names a time and all time");
  sentence.useAll("allTime");
  if (periods.length > 2) return ambiguous("it names more than two times");
  if (comparisons.length === 0) {
    return periods.length === 2
      ? ambiguous('it names two times; say "compare" to see both, or "from … to …" for all between')
      : { periods, comparedBy: [] };
  }

  if (periods.length === 2) {
    if (several.length > 0) return ambiguous("it compares two times and names several things at once");
    sentence.useAll("compare", "how");
    return { periods, comparedBy: [] };
  }
  const [compared] = several;
  if (several.length !== 1 || !compared || comparisons.some(({ element }) => element.change))
    return ambiguous("it compares, but not two times or two things that I know");
  sentence.useAll("compare", "how");
  return { periods, comparedBy: groupBy.includes(compared.field) ? [] : [compared.field] };
}

function namedPeriods(sentence: Sentence, comparesEnds: boolean): Period[] | Problem {
  const named = sentence.open("period");
  sentence.use(...named.map(({ at }) => at));
  const [only] = named;
  // "grow from 2023 to 2024" compares the two ends; "revenue from 2023 to 2024" is the time between.
  if (comparesEnds && named.length === 1 && only?.element.ends) return [...only.element.ends];
  const periods = named.map(({ element }) => element.period);
  const relative = sentence.open("periodBefore");
  const [other] = periods;
  if (relative.length === 0) return periods;
  if (relative.length > 1 || periods.length !== 1 || !other)
    return ambiguous('"the one before" needs one other time to count from');
  const before = unitOf(other) === relative[0]?.element.unit ? unitBefore(other) : undefined;
  if (!before) return ambiguous(`"${relative[0]?.element.words}" does not fit the other time of the question`);
  sentence.useAll("periodBefore");
  return [...periods, before];
}
