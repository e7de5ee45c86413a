/** Numbers of one name, agent and labels, minute by minute. Pure. */
import { addToSketch, EMPTY_SKETCH, mergeSketches, type QuantileSketch, quantile } from "./quantile-sketch.ts";

export interface Minute {
  /** Minutes since 1970. */
  readonly minute: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly sketch: QuantileSketch;
}

export interface Series {
  readonly name: string;
  readonly agent: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Ever. */
  readonly count: number;
  readonly lastAt: number;
  /** The newest 15, oldest first. */
  readonly minutes: readonly Minute[];
}

export interface Statistics {
  readonly count: number;
  /** A minute. */
  readonly rate: number;
  readonly sum: number;
  readonly mean: number | null;
  readonly min: number | null;
  readonly max: number | null;
  readonly p50: number | null;
  readonly p95: number | null;
  readonly p99: number | null;
}

export const MINUTE_MS = 60_000;
const KEPT_MINUTES = 15;

export const addToSeries = (series: Series, value: number, at: number): Series => {
  const minute = Math.floor(at / MINUTE_MS);
  const known = series.minutes.find((each) => each.minute === minute);
  const newest = series.minutes.at(-1)?.minute ?? minute;
  const count = series.count + 1;
  // Told too late to be shown.
  if (known === undefined && minute <= newest - KEPT_MINUTES) return { ...series, count };
  const grown: Minute = {
    minute,
    count: (known?.count ?? 0) + 1,
    sum: (known?.sum ?? 0) + value,
    min: Math.min(known?.min ?? value, value),
    max: Math.max(known?.max ?? value, value),
    sketch: addToSketch(known?.sketch ?? EMPTY_SKETCH, [value]),
  };
  const minutes = [...series.minutes.filter((each) => each.minute !== minute), grown]
    .toSorted((one, other) => one.minute - other.minute)
    .filter((each) => each.minute > Math.max(newest, minute) - KEPT_MINUTES);
  return { ...series, count, lastAt: Math.max(series.lastAt, at), minutes };
};

/** Of all together, in the minutes up to `now`. */
export const statisticsOf = (all: readonly Series[], now: number, window: number): Statistics => {
  const last = Math.floor(now / MINUTE_MS);
  const minutes = all.flatMap((series) =>
    series.minutes.filter(({ minute }) => minute > last - window && minute <= last),
  );
  const count = minutes.reduce((sum, each) => sum + each.count, 0);
  const sum = minutes.reduce((total, each) => total + each.sum, 0);
  const sketch = mergeSketches(minutes.map((each) => each.sketch));
  const of = <T>(value: () => T): T | null => (count === 0 ? null : value());
  return {
    ...{ count, rate: count / window, sum },
    mean: of(() => sum / count),
    min: of(() => Math.min(...minutes.map(({ min }) => min))),
    max: of(() => Math.max(...minutes.map(({ max }) => max))),
    ...{ p50: quantile(sketch, 0.5), p95: quantile(sketch, 0.95), p99: quantile(sketch, 0.99) },
  };
};

export const hasLabels = (
  { labels }: Pick<Series, "labels">,
  wanted: Readonly<Record<string, string>> | undefined,
): boolean => Object.entries(wanted ?? {}).every(([name, value]) => labels[name] === value);
