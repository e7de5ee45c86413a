import { expect, test } from "vitest";
import type { UsageRecord } from "../ports/index.ts";
import { costlessModels, groupUsage } from "./group-usage.ts";

const record = (model: string, more: Partial<UsageRecord> = {}): UsageRecord => ({
  ...{ hour: 0, agent: "desk", team: "", model, caller: "ann" },
  ...{ calls: 2, estimatedCalls: 0, inputTokens: 10, cachedInputTokens: 0, outputTokens: 5 },
  ...{ costNanoUsd: 0, cacheHits: 0, savedNanoUsd: 0, ...more },
});
const PRICED = record("priced", { costNanoUsd: 1_000_000_000 });

test("what nobody knows the price of costs an unknown sum, and what is free costs nothing", () => {
  const records = [record("unknown"), record("local"), PRICED];
  expect(costlessModels(records)).toEqual(new Set(["unknown", "local"]));
  expect(groupUsage(records, ["model"], new Set(["local"]))).toMatchObject([
    { model: "unknown", calls: 2, costUsd: null, unpricedCalls: 2 },
    { model: "local", calls: 2, costUsd: 0, unpricedCalls: 0 },
    { model: "priced", calls: 2, costUsd: 1, unpricedCalls: 0 },
  ]);
});

test("a sum of both is what is known, and says of how many calls it is not", () => {
  expect(groupUsage([record("unknown"), PRICED, PRICED], ["agent"], new Set())).toMatchObject([
    { agent: "desk", calls: 6, costUsd: 2, unpricedCalls: 2 },
  ]);
});

test("a refusal, of which nothing was used, costs nothing", () => {
  const refused = record("unknown", { calls: 0, inputTokens: 0, outputTokens: 0 });
  expect(groupUsage([refused], ["model"], new Set())).toMatchObject([{ costUsd: 0, unpricedCalls: 0 }]);
});

test("what the cache saved is unknown as well, where no price is", () => {
  const hits = { calls: 0, inputTokens: 0, outputTokens: 0, cacheHits: 3 };
  const records = [record("unknown", hits), record("priced", { ...hits, savedNanoUsd: 500_000_000 })];
  expect(groupUsage(records, ["model"], new Set())).toMatchObject([
    { costUsd: 0, cacheHits: 3, savedUsd: null },
    { costUsd: 0, cacheHits: 3, savedUsd: 0.5 },
  ]);
  expect(groupUsage(records, ["agent"], new Set())).toMatchObject([{ cacheHits: 6, savedUsd: 0.5 }]);
});
