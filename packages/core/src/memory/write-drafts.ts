/** Writes memories that are to be kept, several at once, once (L2), and makes room for them. */
import { PlatformError } from "@agentcore/contract";
import { isGone } from "./kept-memory.ts";
import type { PoolCopy } from "./pool-copy.ts";
import type { PoolForgetting } from "./pool-forgetting.ts";
import type { PoolRows } from "./pool-rows.ts";
import type { PoolServices } from "./pool-services.ts";
import type { PoolSettings } from "./pool-settings.ts";
import type { Draft, PoolVectors } from "./pool-vectors.ts";

export interface Kept {
  readonly kept: boolean;
  /** Whether it was there already. */
  readonly isNew: boolean;
  /** Let go to make room for it. */
  readonly forgotten: readonly string[];
}

export interface DraftInPool {
  readonly draft: Draft;
  readonly settings: PoolSettings;
}

export interface WrittenPool {
  readonly services: Pick<PoolServices, "clock" | "logger">;
  readonly tenantId: string;
  readonly name: string;
  readonly rows: PoolRows;
  readonly copy: PoolCopy;
  readonly vectors: PoolVectors;
  readonly forgetting: PoolForgetting;
}

/** What became of each, in their order. */
export const writeDrafts = async (
  pool: WrittenPool,
  batch: readonly DraftInPool[],
): Promise<readonly (Kept | PlatformError)[]> => {
  const { rows, copy, vectors } = pool;
  const { drafts, outcomes } = await admitDrafts(pool, batch);
  // Namespaces are known before there is anything in them, so that forgetting finds them.
  const known = copy.head?.spaces ?? [];
  const missing = vectors.spacesOf(drafts.map(({ draft }) => draft)).filter((space) => !known.includes(space));
  if (missing.length > 0) await copy.tell([], missing);
  const written: Draft[] = [];
  await Promise.all(
    drafts.map(async (each) => {
      const { draft } = each;
      const sealed = vectors.sealed(draft);
      if ((await rows.putEntry(draft.id, sealed, 0)) !== null) {
        written.push(draft);
        copy.note(draft.id, sealed);
        return;
      }
      const there = await rows.entry(draft.id);
      const kept = there !== null && !isGone(there.value);
      if (there !== null && !isGone(there.value)) {
        written.push(draft);
        copy.note(draft.id, there.value);
      }
      outcomes.set(each, { kept, isNew: false, forgotten: [] });
    }),
  );
  await vectors.put(written);
  await copy.tell(written.map(({ id }) => id));
  return batch.map((each) => outcomes.get(each) ?? { kept: true, isNew: false, forgotten: [] });
};

/** Those for which there is room, or that take none. */
const admitDrafts = async (
  pool: WrittenPool,
  batch: readonly DraftInPool[],
): Promise<{ readonly drafts: readonly DraftInPool[]; readonly outcomes: Map<DraftInPool, Kept | PlatformError> }> => {
  const { rows, copy, services, name } = pool;
  await copy.fresh();
  const now = services.clock.now();
  const outcomes = new Map<DraftInPool, Kept | PlatformError>();
  const drafts: DraftInPool[] = [];
  const ids = new Set(batch.map(({ draft }) => draft.id));
  const coming = new Set<string>();
  for (const each of batch) {
    const { draft, settings } = each;
    if (copy.index.get(draft.id) !== undefined || coming.has(draft.id)) {
      drafts.push(each);
      continue;
    }
    // A call that runs again takes no room, not even where its memory is gone.
    const isFull = copy.index.size + coming.size >= settings.maxEntries;
    if (isFull && (await rows.entry(draft.id)) !== null) {
      drafts.push(each);
      continue;
    }
    const forgotten = await makeRoom(pool, coming.size + 1, settings, now, ids);
    if (forgotten === null)
      outcomes.set(
        each,
        new PlatformError(
          "OVERLOADED",
          `${name} has ${settings.maxEntries} memories, as many as it may, and forgets none by itself (spec.whenFull)`,
          { retryable: false },
        ),
      );
    else {
      coming.add(draft.id);
      drafts.push(each);
      outcomes.set(each, { kept: true, isNew: true, forgotten });
    }
  }
  return { drafts, outcomes };
};

/** Null: there is none, and none may be made. */
const makeRoom = async (
  { copy, forgetting, services, tenantId, name }: WrittenPool,
  coming: number,
  settings: PoolSettings,
  now: number,
  spared: ReadonlySet<string>,
): Promise<readonly string[] | null> => {
  const missing = (): number => copy.index.size + coming - settings.maxEntries;
  if (missing() <= 0) return [];
  const over = copy.index.over(now).filter((id) => !spared.has(id));
  await forgetting.remove(over, "over");
  if (missing() <= 0) return [];
  if (settings.whenFull === "refuse") return null;
  const least = copy.index.leastWorth(missing(), now, settings.halfLifeMs, spared);
  await forgetting.remove(least, "over");
  services.logger.log("info", `${name} is full: ${least.length} memories were forgotten for new ones`, { tenantId });
  return least;
};
