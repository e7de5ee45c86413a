import type { UsageGroup, UsageRow } from "@agentcore/contract";
import type { UsageRecord } from "../ports/index.ts";
import { usdOf } from "./money.ts";

const DAY_MS = 86_400_000;

/** Sums of what has the same in all that it is grouped by, in the order of first appearance. Money is summed as whole numbers. */
export const groupUsage = (records: readonly UsageRecord[], groups: readonly UsageGroup[]): readonly UsageRow[] => {
  const sums = new Map<string, { readonly first: UsageRecord; sum: UsageRecord }>();
  for (const record of records) {
    const key = JSON.stringify(groups.map((group) => valueOf(record, group)));
    const known = sums.get(key);
    if (known === undefined) sums.set(key, { first: record, sum: record });
    else known.sum = added(known.sum, record);
  }
  return [...sums.values()].map(({ first, sum }) => ({
    ...Object.fromEntries(groups.map((group) => [nameOf(group), valueOf(first, group)])),
    ...{ calls: sum.calls, estimatedCalls: sum.estimatedCalls },
    ...{ inputTokens: sum.inputTokens, cachedInputTokens: sum.cachedInputTokens, outputTokens: sum.outputTokens },
    ...{ costUsd: usdOf(sum.costNanoUsd), cacheHits: sum.cacheHits, savedUsd: usdOf(sum.savedNanoUsd) },
  }));
};

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
