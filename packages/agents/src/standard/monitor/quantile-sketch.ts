/**
 * Quantiles of numbers that are not kept: how many fell into each of the ranges whose ends are 4 % apart. What it says is within 2 % of the truth (DDSketch: Masson, Rim
 * and Lee, VLDB 2019), sketches of parts add up to the sketch of the whole, and it never has more than 400 ranges: then the lowest become one.
 */

/** Plain JSON: how many numbers in each range, by its number; `zero`: those that are 0 or less. */
export interface QuantileSketch {
  readonly zero: number;
  readonly ranges: Readonly<Record<string, number>>;
}

export const EMPTY_SKETCH: QuantileSketch = { zero: 0, ranges: {} };

export const MAX_ERROR = 0.02;
const GROWTH = (1 + MAX_ERROR) / (1 - MAX_ERROR);
const LOG_GROWTH = Math.log(GROWTH);
const MAX_RANGES = 400;

const rangeOf = (value: number): number => Math.ceil(Math.log(value) / LOG_GROWTH);

export const addToSketch = ({ zero, ranges }: QuantileSketch, values: readonly number[]): QuantileSketch => {
  const counts: Record<string, number> = { ...ranges };
  let none = zero;
  for (const value of values)
    if (value <= 0) none += 1;
    else counts[rangeOf(value)] = (counts[rangeOf(value)] ?? 0) + 1;
  return { zero: none, ranges: bounded(counts) };
};

export const mergeSketches = (sketches: readonly QuantileSketch[]): QuantileSketch => {
  const counts: Record<string, number> = {};
  let zero = 0;
  for (const sketch of sketches) {
    zero += sketch.zero;
    for (const [range, count] of Object.entries(sketch.ranges)) counts[range] = (counts[range] ?? 0) + count;
  }
  return { zero, ranges: bounded(counts) };
};

/** The number that a share of all, 0 to 1, is not above; null of none. */
export const quantile = ({ zero, ranges }: QuantileSketch, share: number): number | null => {
  const sorted = Object.entries(ranges)
    .map(([range, count]) => [Number(range), count] as const)
    .toSorted(([one], [other]) => one - other);
  const all = sorted.reduce((sum, [, count]) => sum + count, zero);
  if (all === 0) return null;
  let left = Math.max(1, Math.ceil(share * all)) - zero;
  if (left <= 0) return 0;
  for (const [range, count] of sorted) {
    left -= count;
    // The middle of the range, by which nothing in it is further off than 2 %.
    if (left <= 0) return (2 * GROWTH ** range) / (GROWTH + 1);
  }
  return null;
};

/** What is low is told apart less: of latencies the high ones matter. */
const bounded = (counts: Record<string, number>): Record<string, number> => {
  const ranges = Object.keys(counts);
  if (ranges.length <= MAX_RANGES) return counts;
  const sorted = ranges.map(Number).toSorted((one, other) => one - other);
  const lowest = sorted[sorted.length - MAX_RANGES] ?? 0;
  const kept: Record<string, number> = {};
  for (const range of sorted) {
    const into = Math.max(range, lowest);
    kept[into] = (kept[into] ?? 0) + (counts[range] ?? 0);
  }
  return kept;
};
