import type { Reasoned } from "@agentcore/contract/authoring";
import type { ChainModel } from "./resolve-chain.ts";

/** Of a model that was never measured: a second, about what a remote one takes. */
export const UNKNOWN_LATENCY_MS = 1_000;
export const UNKNOWN_QUALITY = 0.75;
const DEFAULT_MODEL_WEIGHTS = { cost: 0.4, latency: 0.3, quality: 0.3 } as const;

/** A candidate that may answer. */
export interface Contender {
  readonly name: string;
  /** Of this request; undefined where nobody knows the price. */
  readonly costNanoUsd: number | undefined;
  readonly latencyMs: number;
  readonly isMeasured: boolean;
  /** 0 to 1. */
  readonly quality: number;
}

export interface Ranking {
  /** Places in the list of contenders, the best first. */
  readonly order: readonly number[];
  readonly reason?: string | undefined;
  /** In the measure that decided: US dollars, milliseconds, quality, or the score of all. */
  readonly scores: NonNullable<Reasoned["scores"]>;
}

/** Of equals, the order of the manifest decides. */
export const rank = (
  { name, choose, weights, candidates }: Pick<ChainModel, "name" | "choose" | "weights" | "candidates">,
  contenders: readonly Contender[],
): Ranking => {
  const places = contenders.map((_, index) => index);
  const [only] = contenders;
  if (only === undefined) return { order: [], scores: [] };
  if (contenders.length === 1)
    return {
      order: places,
      reason: candidates.length > 1 ? `${name}: only ${only.name} may answer` : undefined,
      scores: [],
    };
  if (choose === "first")
    return { order: places, reason: `${name}: ${only.name} is the first that may answer`, scores: [] };

  const { valueOf, best, show } = measures(weights, contenders)[choose];
  const values = contenders.map(valueOf);
  const sign = best === "least" ? 1 : -1;
  const order = places.toSorted((left, right) => compare(values[left], values[right]) * sign || left - right);
  const [first = 0, second = 0] = order;
  const said = (index: number): string => show(values[index], contenders[index] as Contender);
  return {
    order,
    reason: `${name}: ${LABELS[choose]} is ${contenders[first]?.name}: ${said(first)} against ${said(second)} of ${contenders[second]?.name}`,
    scores: contenders.flatMap(({ name: candidate }, index) => {
      const score = values[index] ?? Number.NaN;
      return Number.isFinite(score) ? [{ candidate, score }] : [];
    }),
  };
};

// What is not known is infinite, and two of them are equal.
const compare = (left = 0, right = 0): number => (left === right ? 0 : left - right);

const LABELS = { cheapest: "cheapest", fastest: "fastest", best: "best", balanced: "best balanced" } as const;

interface Measure {
  readonly valueOf: (contender: Contender) => number;
  readonly best: "least" | "most";
  readonly show: (value: number | undefined, contender: Contender) => string;
}

const measures = (
  weights: ChainModel["weights"],
  contenders: readonly Contender[],
): Readonly<Record<keyof typeof LABELS, Measure>> => ({
  cheapest: {
    valueOf: ({ costNanoUsd }) => (costNanoUsd ?? Number.POSITIVE_INFINITY) / 1e9,
    best: "least",
    show: (usd) => (Number.isFinite(usd) ? formatUsd(usd ?? 0) : "a price that nobody knows"),
  },
  fastest: {
    valueOf: ({ latencyMs }) => latencyMs,
    best: "least",
    show: (ms, { isMeasured }) => `${(ms ?? 0).toFixed(0)} ms${isMeasured ? "" : " (never measured)"}`,
  },
  best: { valueOf: ({ quality }) => quality, best: "most", show: (quality) => `quality ${quality}` },
  balanced: {
    valueOf: balance(weights ?? {}, contenders),
    best: "most",
    show: (score) => (score ?? 0).toFixed(2),
  },
});

/**
 * cost·(1 − cost/max) + latency·(1 − latency/max) + quality·quality/max, each maximum over the contenders, as the routing score of agents. A price that
 * nobody knows counts as the highest.
 */
const balance = (
  given: NonNullable<ChainModel["weights"]>,
  contenders: readonly Contender[],
): ((contender: Contender) => number) => {
  const { cost, latency, quality: weightOfQuality } = DEFAULT_MODEL_WEIGHTS;
  const weights = {
    ...{ cost: given.cost ?? cost, latency: given.latency ?? latency },
    quality: given.quality ?? weightOfQuality,
  };
  const most = (valueOf: (contender: Contender) => number): number => Math.max(0, ...contenders.map(valueOf));
  const max = {
    cost: most(({ costNanoUsd }) => costNanoUsd ?? 0),
    latency: most(({ latencyMs }) => latencyMs),
    quality: most(({ quality }) => quality),
  };
  // A maximum of zero tells nobody apart.
  const share = (value: number, of: number): number => (of > 0 ? value / of : 0);
  return ({ costNanoUsd, latencyMs, quality }) =>
    weights.cost * (1 - (costNanoUsd === undefined ? 1 : share(costNanoUsd, max.cost))) +
    weights.latency * (1 - share(latencyMs, max.latency)) +
    weights.quality * share(quality, max.quality);
};

const formatUsd = (usd: number): string => {
  if (usd === 0) return "$0";
  if (usd < 1e-6) return "less than $0.000001";
  return `$${
    usd >= 100
      ? usd.toFixed(0)
      : Number(usd.toPrecision(2))
          .toFixed(8)
          .replace(/\.?0+$/, "")
  }`;
};
