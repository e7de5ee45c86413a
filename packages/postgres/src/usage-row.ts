/** A record of usage as `count_usage` reads it, and as the table has it. */
import { createHash } from "node:crypto";
import type { UsageRecord } from "@agentcore/core/ports";
import { escapeText, unescapeText } from "./escape-text.ts";

const COUNTS = {
  calls: "calls",
  estimated_calls: "estimatedCalls",
  input_tokens: "inputTokens",
  cached_input_tokens: "cachedInputTokens",
  output_tokens: "outputTokens",
  cost_nano_usd: "costNanoUsd",
  cache_hits: "cacheHits",
  saved_nano_usd: "savedNanoUsd",
} as const satisfies Readonly<Record<string, keyof UsageRecord>>;

type CountColumn = keyof typeof COUNTS;
export const COUNT_COLUMNS = Object.keys(COUNTS) as readonly CountColumn[];

export interface UsageColumns extends Readonly<Record<CountColumn, number>> {
  readonly hour: number;
  readonly agent: string;
  readonly team: string;
  readonly model: string;
  readonly caller: string;
}

export interface UsageRow extends UsageColumns {
  readonly tenant: string;
  /** SHA-256 of agent, team, model and caller. */
  readonly names: string;
}

export const toUsageRow = (tenantId: string, usage: UsageRecord): UsageRow => {
  const { hour, agent, team, model, caller } = usage;
  const names = createHash("sha256")
    .update(JSON.stringify([agent, team, model, caller]))
    .digest("base64url");
  const counts = Object.fromEntries(COUNT_COLUMNS.map((column) => [column, usage[COUNTS[column]]]));
  return {
    ...{ tenant: escapeText(tenantId), hour, names, agent: escapeText(agent), team: escapeText(team) },
    ...{ model: escapeText(model), caller: escapeText(caller), ...(counts as Record<CountColumn, number>) },
  };
};

export const fromUsageRow = (row: UsageColumns): UsageRecord => ({
  ...{ hour: row.hour, agent: unescapeText(row.agent), team: unescapeText(row.team) },
  ...{ model: unescapeText(row.model), caller: unescapeText(row.caller) },
  ...{ calls: row.calls, estimatedCalls: row.estimated_calls, inputTokens: row.input_tokens },
  ...{ cachedInputTokens: row.cached_input_tokens, outputTokens: row.output_tokens },
  ...{ costNanoUsd: row.cost_nano_usd, cacheHits: row.cache_hits, savedNanoUsd: row.saved_nano_usd },
});
