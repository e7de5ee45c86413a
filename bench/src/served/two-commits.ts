/** What a call with a budget needs of the store, and nothing else in it: a reservation, and its settlement. */
import type { TaskStore } from "@agentcore/core/ports";

/** One commit after the other. `key`: unlike any before. */
export const twoCommits = async (store: Pick<TaskStore, "commit">, key: string): Promise<void> => {
  await store.commit([{ tenantId: "default", reserve: reservation(key) }]);
  await store.commit([{ tenantId: "default", settle: [{ key, amounts: [SPENT], usage: USAGE }] }]);
};

const SPENT = { account: "budget/tenant/all/total/usd/", amount: 40_000 };

const USAGE = {
  ...{ hour: 0, agent: "stopwatch", team: "", model: "kept", caller: "bench" },
  ...{ calls: 1, estimatedCalls: 0, inputTokens: 20, cachedInputTokens: 0, outputTokens: 10 },
  ...{ costNanoUsd: 40_000, cacheHits: 0, savedNanoUsd: 0 },
};

const reservation = (key: string) => ({
  key,
  expiresAt: Date.now() + 60_000,
  amounts: [{ ...SPENT, ceiling: Number.MAX_SAFE_INTEGER }],
  usage: USAGE,
});
