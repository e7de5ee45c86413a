import type { AgentRecord } from "../registry/index.ts";
import { type Candidate, type CandidateScore, DEFAULT_WEIGHTS, type ScoreWeights } from "./routing-facts.ts";

// What an agent counts as before anything was measured or declared (docs: routing score).
export const UNKNOWN_LATENCY_MS = 100;
export const UNKNOWN_COST = 0.01;
export const UNKNOWN_QUALITY = 0.75;

/** Mean over the measured replicas, in milliseconds; before there is one, what the agent says of itself. */
export const latencyOf = (record: AgentRecord): number => {
  let sum = 0;
  let measured = 0;
  for (const { latencyMs } of record.replicas) {
    if (latencyMs === undefined) continue;
    sum += latencyMs;
    measured++;
  }
  return measured === 0 ? (record.latencyMs ?? UNKNOWN_LATENCY_MS) : sum / measured;
};

export const costOf = (record: AgentRecord): number => record.cost ?? UNKNOWN_COST;

// A maximum of zero: all are equally good (free, instant) or equally unknown, so the term tells nobody apart.
const share = (value: number, max: number): number => (max > 0 ? value / max : 0);

/**
 * 0.40·similarity/max + 0.30·(1 − latency/max) + 0.20·(1 − cost/max) + 0.10·quality/max, each maximum over the
 * candidates given; in their order. Bettering one value of a candidate never lowers it against any other.
 */
export const scoreCandidates = (
  candidates: readonly Candidate[],
  weights: ScoreWeights = DEFAULT_WEIGHTS,
): CandidateScore[] => {
  const max = { similarity: 0, latency: 0, cost: 0, quality: 0 };
  const facts = candidates.map(({ record, similarity, why }) => {
    const fact = {
      agent: record.name,
      similarity,
      latencyMs: latencyOf(record),
      cost: costOf(record),
      quality: record.quality ?? UNKNOWN_QUALITY,
      why,
    };
    max.similarity = Math.max(max.similarity, fact.similarity);
    max.latency = Math.max(max.latency, fact.latencyMs);
    max.cost = Math.max(max.cost, fact.cost);
    max.quality = Math.max(max.quality, fact.quality);
    return fact;
  });
  return facts.map((fact) => ({
    ...fact,
    score:
      weights.similarity * share(fact.similarity, max.similarity) +
      weights.latency * (1 - share(fact.latencyMs, max.latency)) +
      weights.cost * (1 - share(fact.cost, max.cost)) +
      weights.quality * share(fact.quality, max.quality),
  }));
};
