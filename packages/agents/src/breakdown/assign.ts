import type { RankedAgent } from "@agentcore/sdk";
import type { Staffed } from "./find-agents.ts";

export interface Assignment {
  readonly id: string;
  readonly agent: RankedAgent;
  /** It was not the best, but what all parts cost together had to fit. */
  readonly isCheaper: boolean;
}

export type Assigned =
  | { readonly fits: true; readonly assignments: readonly Assignment[] }
  | { readonly fits: false; readonly leastUsd: number };

/**
 * The best for each part; where they cost more together than they may, others of those that were found, the least loss of score for a dollar first. Pure.
 * Everybody has somebody.
 */
export const assign = (staffed: readonly Staffed[], maxCostUsd = Number.POSITIVE_INFINITY): Assigned => {
  const chosen = staffed.map(({ asked }) => asked.found[0] as RankedAgent);
  const total = (): number => chosen.reduce((sum, { costUsd }) => sum + costUsd, 0);
  while (total() > maxCostUsd + ROUNDING) {
    const swap = staffed
      .flatMap(({ asked }, index) =>
        asked.found.flatMap((other) => {
          const now = chosen[index] as RankedAgent;
          const saved = now.costUsd - other.costUsd;
          return saved > 0 ? [{ index, other, loss: (now.score - other.score) / saved }] : [];
        }),
      )
      .sort((a, b) => a.loss - b.loss)[0];
    if (swap === undefined) return { fits: false, leastUsd: total() };
    chosen[swap.index] = swap.other;
  }
  return {
    fits: true,
    assignments: staffed.map(({ part: { id }, asked }, index) => {
      const agent = chosen[index] as RankedAgent;
      return { id, agent, isCheaper: agent.agent !== asked.found[0]?.agent };
    }),
  };
};

// Of sums of fractions of a dollar.
const ROUNDING = 1e-9;
