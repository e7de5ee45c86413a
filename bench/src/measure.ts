import type { Measurement } from "./benchmark.ts";

export const PAIRS = Number(process.env["BENCH_PAIRS"] ?? 5);

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
};

/**
 * Measures both in turn, so that a neighbour's noise meets both; the ratio is the median of the pairs' own ratios. Who
 * begins changes with every pair.
 */
export const measurePairs = async (
  ours: () => Promise<number>,
  peer: () => Promise<number>,
  pairs = PAIRS,
): Promise<Measurement & { readonly spread: string }> => {
  const own: number[] = [];
  const other: number[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    if (pair % 2 === 0) own.push(await ours());
    other.push(await peer());
    if (pair % 2 === 1) own.push(await ours());
  }
  const ratios = own.map((value, index) => value / (other[index] ?? Number.NaN));
  const spread = `${pairs} pairs, ratios ${ratios.map((ratio) => format(ratio)).join(" ")}`;
  return { ours: median(own), peer: median(other), ratio: median(ratios), spread };
};

/** Milliseconds that `work` takes. */
export const time = async (work: () => Promise<unknown> | unknown): Promise<number> => {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
};

/** Three significant digits, thousands separated. */
export const format = (value: number): string =>
  Math.abs(value) >= 1000
    ? Math.round(value).toLocaleString("en-US")
    : Number.parseFloat(value.toPrecision(3)).toString();
