/** A record of usage as values in the order of the columns of `ledger_usage`, and back. */
import type { UsageRecord } from "@agentcore/core/ports";

export const USAGE_NAMES = "agent, team, model, caller";
export const USAGE_COUNTS = [
  ...["calls", "estimated_calls", "input_tokens", "cached_input_tokens", "output_tokens"],
  ...["cost_nano_usd", "cache_hits", "saved_nano_usd"],
];

export const usageColumns = (usage: UsageRecord): readonly (string | number)[] => [
  ...[usage.hour, usage.agent, usage.team, usage.model, usage.caller, usage.calls, usage.estimatedCalls],
  ...[usage.inputTokens, usage.cachedInputTokens, usage.outputTokens, usage.costNanoUsd],
  ...[usage.cacheHits, usage.savedNanoUsd],
];

export const usageOf = (row: Readonly<Record<string, unknown>>): UsageRecord => ({
  ...{ hour: Number(row["hour"]), agent: String(row["agent"]), team: String(row["team"]) },
  ...{ model: String(row["model"]), caller: String(row["caller"]), calls: Number(row["calls"]) },
  ...{ estimatedCalls: Number(row["estimated_calls"]), inputTokens: Number(row["input_tokens"]) },
  ...{ cachedInputTokens: Number(row["cached_input_tokens"]), outputTokens: Number(row["output_tokens"]) },
  ...{ costNanoUsd: Number(row["cost_nano_usd"]), cacheHits: Number(row["cache_hits"]) },
  savedNanoUsd: Number(row["saved_nano_usd"]),
});
