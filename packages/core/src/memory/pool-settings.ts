/** How a pool is kept: what its manifest says, and for the rest the defaults (docs/memory.md). */
import { type MemoryPoolSpec, parseDuration } from "@agentcore/contract";

export interface PoolSettings {
  /** Null: the node's. */
  readonly embedder: string | null;
  readonly maxEntries: number;
  readonly whenFull: "forget" | "refuse";
  /** Null: nothing ends by itself. */
  readonly ttlMs: number | null;
  readonly halfLifeMs: number;
  readonly weights: RankWeights;
}

export interface RankWeights {
  readonly relevance: number;
  readonly recency: number;
  readonly importance: number;
}

const DAY_MS = 86_400_000;

export const DEFAULT_POOL_SETTINGS: PoolSettings = {
  embedder: null,
  maxEntries: 10_000,
  whenFull: "forget",
  ttlMs: null,
  halfLifeMs: 30 * DAY_MS,
  weights: { relevance: 0.8, recency: 0.1, importance: 0.1 },
};

export const poolSettings = (spec: MemoryPoolSpec | null): PoolSettings => {
  if (spec === null) return DEFAULT_POOL_SETTINGS;
  const { embedder, maxEntries, whenFull, ttl, halfLife, weights } = spec;
  return {
    embedder: embedder ?? DEFAULT_POOL_SETTINGS.embedder,
    maxEntries: maxEntries ?? DEFAULT_POOL_SETTINGS.maxEntries,
    whenFull: whenFull ?? DEFAULT_POOL_SETTINGS.whenFull,
    ttlMs: ttl === undefined ? DEFAULT_POOL_SETTINGS.ttlMs : parseDuration(ttl),
    halfLifeMs: (halfLife === undefined ? null : parseDuration(halfLife)) ?? DEFAULT_POOL_SETTINGS.halfLifeMs,
    weights: weights ?? DEFAULT_POOL_SETTINGS.weights,
  };
};
