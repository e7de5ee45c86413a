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

export interface Rounds<Name extends string> extends Measurement {
  /** The peer that `peer` and `ratio` are of: the one with the best median. */
  readonly best: Name;
  /** Of all sides. */
  readonly medians: Readonly<Record<Name | "ours", number>>;
  readonly spread: string;
}

/** As `measurePairs`, against the best of several peers; who begins moves on with every round. */
export const measureRounds = async <Name extends string>(
  ours: () => Promise<number>,
  peers: Readonly<Record<Name, () => Promise<number>>>,
  { best: whichIsBest, rounds = PAIRS }: { readonly best: "highest" | "lowest"; readonly rounds?: number },
): Promise<Rounds<Name>> => {
  const names = Object.keys(peers) as Name[];
  const sides: readonly (Name | "ours")[] = ["ours", ...names];
  const measured = Object.fromEntries(sides.map((side) => [side, []])) as unknown as Record<Name | "ours", number[]>;
  for (let round = 0; round < rounds; round++) {
    const first = round % sides.length;
    for (const side of [...sides.slice(first), ...sides.slice(0, first)])
      measured[side].push(await (side === "ours" ? ours() : peers[side]()));
  }
  const medians = Object.fromEntries(sides.map((side) => [side, median(measured[side])])) as Record<
    Name | "ours",
    number
  >;
  const isBetter = (left: number, right: number): boolean => (whichIsBest === "highest" ? left > right : left < right);
  const best = names.reduce((left, right) => (isBetter(medians[right], medians[left]) ? right : left));
  const ratios = measured.ours.map((value, round) => value / (measured[best][round] ?? Number.NaN));
  return {
    ...{ ours: medians.ours, peer: medians[best], ratio: median(ratios), best, medians },
    spread: `${rounds} rounds of all ${sides.length}, best of the peers: ${best}; ratios to it ${ratios.map((ratio) => format(ratio)).join(" ")}`,
  };
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
