/** Finds what a query is about in a pool, by words and by meaning. */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Embedder } from "../ports/index.ts";
import { embedInTime } from "./embed-in-time.ts";
import { isGone, isOver, type KeptMemory } from "./kept-memory.ts";
import { MAX_RECALLED } from "./limits.ts";
import type { PoolIndex } from "./pool-index.ts";
import type { PoolRows } from "./pool-rows.ts";
import type { PoolSettings } from "./pool-settings.ts";
import type { PoolVectors } from "./pool-vectors.ts";
import { type Found, type RankedMemory, rankMemories } from "./rank-memories.ts";

export interface Search {
  readonly query: string;
  readonly limit: number;
  readonly tags: readonly string[];
  readonly document?: string | undefined;
}

export interface FoundMemory {
  readonly id: string;
  readonly memory: KeptMemory;
  readonly score: number;
  readonly reasons: readonly string[];
}

export interface SearchedPool {
  readonly tenantId: string;
  readonly index: PoolIndex;
  readonly rows: PoolRows;
  readonly vectors: PoolVectors;
  readonly clock: Clock;
}

// Each ranking is cut there before they are joined.
const CANDIDATES = 100;
// A filter passes some of the nearest only.
const CANDIDATES_FILTERED = 1_000;
const EMBED_MS = 2_000;

export const searchPool = async (
  pool: SearchedPool,
  search: Search,
  settings: PoolSettings,
  embedder: Embedder | null,
  signal: AbortSignal,
): Promise<{ readonly found: readonly FoundMemory[]; readonly reasons: readonly string[] }> => {
  const { index, clock } = pool;
  const reasons: string[] = [];
  const now = clock.now();
  const { tags, document } = search;
  const accepts = (id: string): boolean => {
    const memory = index.get(id);
    return (
      memory !== undefined &&
      !isOver(memory, now) &&
      tags.every((tag) => memory.tags.includes(tag)) &&
      (document === undefined || memory.document === document)
    );
  };
  const meaning = await searchByMeaning(pool, search, embedder, accepts, reasons, signal);
  const words = index.words.search(search.query, CANDIDATES, accepts);
  const ranked = rankMemories(
    { words, meaning },
    (id) => index.get(id) ?? { at: now, lastUsedAt: now, uses: 0, importance: 0 },
    now,
    settings,
  );
  reasons.push(`${ranked.length} of ${index.size} found, ${words.length} by words`);
  return { found: await readRanked(pool, ranked, search.limit, reasons), reasons };
};

const searchByMeaning = async (
  { tenantId, index, vectors, clock }: SearchedPool,
  { query, tags, document }: Search,
  embedder: Embedder | null,
  accepts: (id: string) => boolean,
  reasons: string[],
  signal: AbortSignal,
): Promise<readonly Found[] | null> => {
  if (embedder === null) {
    reasons.push("by words alone: there is no embedder");
    return null;
  }
  try {
    const [vector] = await embedInTime(clock, embedder, { tenantId, texts: [query], timeoutMs: EMBED_MS, signal });
    if (vector?.some((number) => number !== 0) !== true) {
      reasons.push(`by words alone: ${embedder.name} has no vector for the query`);
      return null;
    }
    const limit = tags.length > 0 || document !== undefined ? CANDIDATES_FILTERED : CANDIDATES;
    const near = await vectors.nearest(embedder.name, vector, limit, index);
    reasons.push(`by words and by meaning (${embedder.name})`);
    return near
      .filter(({ id }) => accepts(id))
      .slice(0, CANDIDATES)
      .map(({ id, similarity }) => ({ id, score: similarity }));
  } catch (error) {
    signal.throwIfAborted();
    reasons.push(`by words alone: ${PlatformError.from(error).message}`);
    return null;
  }
};

/** As they lie in the store (L4), as many as one recall may give. */
const readRanked = async (
  { index, rows }: SearchedPool,
  ranked: readonly RankedMemory[],
  limit: number,
  reasons: string[],
): Promise<readonly FoundMemory[]> => {
  const found: FoundMemory[] = [];
  let characters = 0;
  for (let start = 0; start < ranked.length && found.length < limit; ) {
    const some = ranked.slice(start, start + limit - found.length);
    start += some.length;
    const entries = await Promise.all(some.map(({ id }) => rows.entry(id)));
    for (const [place, { id, score, reasons: why }] of some.entries()) {
      const memory = entries[place]?.value;
      if (memory === undefined || isGone(memory)) {
        index.delete(id);
        continue;
      }
      characters += memory.text.length + (memory.data === undefined ? 0 : JSON.stringify(memory.data).length);
      if (characters > MAX_RECALLED && found.length > 0) {
        reasons.push(`cut after ${found.length}: one recall gives at most ${MAX_RECALLED / 1024} KiB`);
        return found;
      }
      found.push({ id, memory, score, reasons: why });
    }
  }
  return found;
};
