/** In which order memories are recalled: two rankings joined, and how fresh and how important each is. Pure: facts in, scores and reasons out. */
import type { PoolSettings } from "./pool-settings.ts";

/** What of a memory decides how much it counts. */
export interface MemoryFacts {
  readonly at: number;
  readonly lastUsedAt: number;
  readonly uses: number;
  readonly importance: number;
}

export interface Found {
  readonly id: string;
  /** BM25, or the cosine. */
  readonly score: number;
}

export interface RankedMemory {
  readonly id: string;
  readonly score: number;
  readonly reasons: readonly string[];
}

// As reciprocal rank fusion has it (Cormack et al. 2009): the tenth counts for six sevenths of the first.
const RANK_OFFSET = 60;
const DAY_MS = 86_400_000;

/** 1 for what is used now, half of it for each half-life since. */
export const recencyOf = (
  { at, lastUsedAt }: MemoryFacts,
  now: number,
  { halfLifeMs }: Pick<PoolSettings, "halfLifeMs">,
): number => 2 ** (-Math.max(0, now - Math.max(at, lastUsedAt)) / halfLifeMs);

/**
 * score = (w.relevance · relevance + w.recency · recency + w.importance · importance) / (sum of the weights), where relevance is the sum of 1 / (60 +
 * rank) over the rankings that have it, against that of the first of all of them. Best first, equals by id. Only what one of the rankings found is ranked.
 */
export const rankMemories = (
  rankings: { readonly words: readonly Found[]; readonly meaning: readonly Found[] | null },
  factsOf: (id: string) => MemoryFacts,
  now: number,
  settings: Pick<PoolSettings, "halfLifeMs" | "weights">,
): readonly RankedMemory[] => {
  const { words, meaning } = rankings;
  const found = new Map<string, { relevance: number; readonly reasons: string[] }>();
  const take = (list: readonly Found[], what: (score: number) => string): void => {
    for (const [index, { id, score }] of list.entries()) {
      const one = found.get(id) ?? { relevance: 0, reasons: [] };
      one.relevance += 1 / (RANK_OFFSET + index + 1);
      one.reasons.push(`${what(score)}: place ${index + 1} of ${list.length}`);
      found.set(id, one);
    }
  };
  take(words, (score) => `words (BM25 ${score.toFixed(2)})`);
  take(meaning ?? [], (score) => `meaning (cosine ${score.toFixed(2)})`);
  const most = (meaning === null ? 1 : 2) / (RANK_OFFSET + 1);
  const { weights } = settings;
  const whole = weights.relevance + weights.recency + weights.importance || 1;
  return [...found]
    .map(([id, { relevance, reasons }]) => {
      const facts = factsOf(id);
      const recency = recencyOf(facts, now, settings);
      const { importance } = facts;
      const score =
        (weights.relevance * (relevance / most) + weights.recency * recency + weights.importance * importance) / whole;
      const days = Math.floor((now - Math.max(facts.at, facts.lastUsedAt)) / DAY_MS);
      return {
        id,
        score,
        reasons: [
          ...reasons,
          `recency ${recency.toFixed(2)}: last used ${days <= 0 ? "today" : `${days} d ago`}`,
          `importance ${importance.toFixed(2)}`,
        ],
      };
    })
    .sort((left, right) => right.score - left.score || (left.id < right.id ? -1 : 1));
};

/** By which a full pool forgets: importance · (1 + log2(1 + uses)) · recency. */
export const worthOf = (facts: MemoryFacts, now: number, settings: Pick<PoolSettings, "halfLifeMs">): number =>
  facts.importance * (1 + Math.log2(1 + facts.uses)) * recencyOf(facts, now, settings);
