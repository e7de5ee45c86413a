import type { ModelUsage } from "@agentcore/contract/authoring";
import type { ModelCall, UsageRecord } from "@agentcore/core/ports";

const HOUR_MS = 3_600_000;

export interface CallCost {
  readonly usage: ModelUsage;
  /** Null: the model has no price. */
  readonly nanoUsd: number | null;
}

const keyOf = ({ agent, labels, caller }: ModelCall, model: string, now: number) => ({
  hour: Math.floor(now / HOUR_MS) * HOUR_MS,
  agent,
  team: labels["team"] ?? "",
  model,
  caller,
});

/** What a call adds to the sums of its hour. `model`: as reasons call it. */
export const usageRecord = (
  call: ModelCall,
  model: string,
  { usage, nanoUsd }: CallCost,
  now: number,
): UsageRecord => ({
  ...keyOf(call, model, now),
  calls: 1,
  estimatedCalls: usage.estimated === true ? 1 : 0,
  inputTokens: usage.inputTokens,
  cachedInputTokens: usage.cachedInputTokens ?? 0,
  outputTokens: usage.outputTokens,
  costNanoUsd: nanoUsd ?? 0,
  cacheHits: 0,
  savedNanoUsd: 0,
});

/** Of an answer that was kept: no call, and what it would have cost. */
export const cacheHitRecord = (call: ModelCall, model: string, savedNanoUsd: number, now: number): UsageRecord => ({
  ...keyOf(call, model, now),
  ...{ calls: 0, estimatedCalls: 0, inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, costNanoUsd: 0 },
  cacheHits: 1,
  savedNanoUsd,
});
