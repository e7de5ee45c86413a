import type { UsageGroup, UsageRow } from "@agentcore/contract";
import type { UsageRecord } from "../ports/index.ts";
import { usdOf } from "./money.ts";

const DAY_MS = 86_400_000;

interface Sum {
  readonly first: UsageRecord;
  sum: UsageRecord;
  unpricedCalls: number;
  unpricedHits: number;
}

/**
 * Sums of what has the same in all that it is grouped by, in the order of first appearance. Money is summed as whole numbers. `free`: models that are known
 * to cost nothing; of others a sum of nothing means that nobody knew their price.
 */
export const groupUsage = (
  records: readonly UsageRecord[],
  groups: readonly UsageGroup[],
  free: ReadonlySet<string>,
): readonly UsageRow[] => {
  const sums = new Map<string, Sum>();
  for (const record of records) {
    const key = JSON.stringify(groups.map((group) => valueOf(record, group)));
    const isUnknown = lacksCost(record) && !free.has(record.model);
    const unpricedCalls = isUnknown ? record.calls : 0;
    const unpricedHits = lacksSaving(record) && !free.has(record.model) ? record.cacheHits : 0;
    const known = sums.get(key);
    if (known === undefined) sums.set(key, { first: record, sum: record, unpricedCalls, unpricedHits });
    else {
      known.sum = added(known.sum, record);
      known.unpricedCalls += unpricedCalls;
      known.unpricedHits += unpricedHits;
    }
  }
  return [...sums.values()].map(({ first, sum, unpricedCalls, unpricedHits }) => ({
    ...Object.fromEntries(groups.map((group) => [nameOf(group), valueOf(first, group)])),
    ...{ calls: sum.calls, estimatedCalls: sum.estimatedCalls },
    ...{ inputTokens: sum.inputTokens, cachedInputTokens: sum.cachedInputTokens, outputTokens: sum.outputTokens },
    costUsd: unpricedCalls > 0 && unpricedCalls === sum.calls ? null : usdOf(sum.costNanoUsd),
    ...{ unpricedCalls, cacheHits: sum.cacheHits },
    savedUsd: unpricedHits > 0 && unpricedHits === sum.cacheHits ? null : usdOf(sum.savedNanoUsd),
  }));
};

/** Models of which something was used that cost nothing: free ones, or without a price. */
export const costlessModels = (records: readonly UsageRecord[]): ReadonlySet<string> =>
  new Set(records.filter((record) => lacksCost(record) || lacksSaving(record)).map(({ model }) => model));

const lacksCost = ({ calls, costNanoUsd, inputTokens, outputTokens }: UsageRecord): boolean =>
  calls > 0 && costNanoUsd === 0 && inputTokens + outputTokens > 0;

const lacksSaving = ({ cacheHits, savedNanoUsd }: UsageRecord): boolean => cacheHits > 0 && savedNanoUsd === 0;

const nameOf = (group: UsageGroup): string => (group === "hour" || group === "day" ? "time" : group);

const valueOf = (record: UsageRecord, group: UsageGroup): string | number => {
  if (group === "hour") return record.hour;
  if (group === "day") return Math.floor(record.hour / DAY_MS) * DAY_MS;
  return record[group];
};

const added = (one: UsageRecord, other: UsageRecord): UsageRecord => ({
  ...one,
  calls: one.calls + other.calls,
  estimatedCalls: one.estimatedCalls + other.estimatedCalls,
  inputTokens: one.inputTokens + other.inputTokens,
  cachedInputTokens: one.cachedInputTokens + other.cachedInputTokens,
  outputTokens: one.outputTokens + other.outputTokens,
  costNanoUsd: one.costNanoUsd + other.costNanoUsd,
  cacheHits: one.cacheHits + other.cacheHits,
  savedNanoUsd: one.savedNanoUsd + other.savedNanoUsd,
});
