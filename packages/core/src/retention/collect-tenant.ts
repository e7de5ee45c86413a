/**
 * One tenant's ended tasks, old events, and what its models cost long ago, as far as its policy lets them go. In small writes with pauses between them, so that
 * the tasks that run notice little of it.
 */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Logger, RetentionQuery, TaskHead, TaskKey, TaskStore } from "../ports/index.ts";
import type { RetentionPolicy } from "../tasks/tenant-policy.ts";
import { compactTask, MAX_FOLDED, outlineOf } from "./compact-task.ts";

export interface CollectRequest {
  readonly tenantId: string;
  /** Milliseconds since 1970; null: nothing is removed. */
  readonly removeBefore: number | null;
  /** Milliseconds since 1970; null: nothing is folded. */
  readonly compactBefore: number | null;
  /** Of sums of usage and counters of budgets. Milliseconds since 1970; null: none is removed. */
  readonly removeUsageBefore: number | null;
  /** @default false */
  readonly dryRun?: boolean | undefined;
  /** Most tasks to remove, and most to fold. */
  readonly maxTasks: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Collected {
  readonly tenantId: string;
  readonly removedTasks: number;
  readonly removedEvents: number;
  /** Of payloads, as stored; of a log over 10,000 events, what was left when the rest had been folded. */
  readonly removedBytes: number;
  readonly compactedTasks: number;
  readonly compactedEvents: number;
  /** Sums of usage, and counters of budgets. */
  readonly removedSums: number;
  /** Tasks that could not be removed or folded; they stay as they are, and are looked at again next time. */
  readonly failedTasks: number;
  /** There is more than `maxTasks`, or than 100,000 sums (10,000 of a dry run), or it was broken off. */
  readonly isMore: boolean;
  /** What broke it off, but for a signal: the store gives no answer. */
  readonly error: PlatformError | null;
}

export interface CollectServices {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onRemoved?: ((key: TaskKey) => void) | undefined;
  /** Called after each write and its pause: half a minute at most. */
  readonly onPaced?: (() => Promise<unknown>) | undefined;
}

const PAGE = 100;
// What one transaction removes; a longer log is folded first.
const MAX_EVENTS = 20_000;
// What one transaction removes of the ledger, what a call does, and what a dry run counts.
const SUMS_AT_ONCE = 1000;
const MAX_SUMS = 100_000;
const MAX_SUMS_DRY = 10_000;
// A year can be held against the one before it.
const REMOVE_USAGE_AFTER_MS = 400 * 86_400_000;
// The store is ours for a fifth of the time.
const PAUSE_FACTOR = 4;
// A write that waited for its database says nothing of what it cost.
const MAX_PAUSE_MS = 10_000;
// One task that takes too long looks to us as a store that is away; three after each other are no chance.
const MAX_UNANSWERED = 3;

type Counts = { -readonly [Name in Exclude<keyof Collected, "tenantId" | "isMore" | "error">]: number };

/** Does not throw: what one tenant's trouble is, is not the others'. */
export const collectTenant = async (services: CollectServices, request: CollectRequest): Promise<Collected> => {
  const { tenantId } = request;
  const turn = new Turn(services, request);
  try {
    const isCut = [await removeOld(turn), await foldOld(turn), await removeUsage(turn)];
    return { tenantId, ...turn.counts, isMore: isCut.includes(true), error: null };
  } catch (thrown) {
    const error = PlatformError.from(thrown);
    services.logger.log("error", `retention broke off: ${error.message}`, { tenantId });
    return { tenantId, ...turn.counts, isMore: true, error };
  }
};

class Turn {
  readonly counts: Counts = {
    ...{ removedTasks: 0, removedEvents: 0, removedBytes: 0 },
    ...{ compactedTasks: 0, compactedEvents: 0, removedSums: 0, failedTasks: 0 },
  };
  /** What a dry run found to be removed, and a run would not find any more. */
  readonly removable = new Set<string>();
  readonly services: CollectServices;
  readonly request: CollectRequest;
  private unanswered = 0;

  constructor(services: CollectServices, request: CollectRequest) {
    this.services = services;
    this.request = request;
  }

  get isToEnd(): boolean {
    return this.request.signal?.aborted === true;
  }

  /** One task's trouble is told and counted, and the next one's turn comes. Throws when the store answers nothing any more. */
  async try(what: string, { tenantId, taskId }: TaskKey, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.unanswered = 0;
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      this.counts.failedTasks += 1;
      this.services.logger.log("error", `cannot ${what}: ${error.message}`, { tenantId, taskId });
      this.unanswered = error.code === "STORE_UNAVAILABLE" ? this.unanswered + 1 : 0;
      if (this.unanswered >= MAX_UNANSWERED) throw error;
    }
  }
}

const removeOld = async (turn: Turn): Promise<boolean> => {
  const { removeBefore: before } = turn.request;
  if (before === null) return false;
  for await (const page of pages(turn.services, turn.request, { kind: "removable", before })) {
    if (page === null) return true;
    for (const batch of batches(page)) {
      if (turn.isToEnd) return true;
      if (batch.length > 1 && (await removed(turn, batch))) continue;
      for (const head of batch) await turn.try("remove the task", head, () => remove(turn, [head]));
    }
  }
  return false;
};

/** False when it fails for all: then one by one, to see by whose fault. */
const removed = async (turn: Turn, heads: readonly TaskHead[]): Promise<boolean> => {
  try {
    await remove(turn, heads);
    return true;
  } catch {
    return false;
  }
};

const remove = async (turn: Turn, heads: readonly TaskHead[]): Promise<void> => {
  const { services, counts } = turn;
  const { tenantId, dryRun = false } = turn.request;
  if (!dryRun) for (const head of heads) if (!(await shorten(turn, head))) return;
  const taskIds = heads.map(({ taskId }) => taskId);
  const gone = await paced(services, turn.request, () => services.store.remove({ tenantId, taskIds, dryRun }));
  counts.removedTasks += gone.taskIds.length;
  counts.removedEvents += gone.events;
  counts.removedBytes += gone.bytes;
  for (const taskId of gone.taskIds) {
    if (dryRun) turn.removable.add(taskId);
    else services.onRemoved?.({ tenantId, taskId });
  }
};

/**
 * Folds what is long of an ended task's log, a part a write, so that what is left can go in one. Until then a reader sees the task as
 * it is, folded; and whatever ends this, the next turn goes on from there. False when it is to end before that.
 */
const shorten = async (turn: Turn, head: TaskHead): Promise<boolean> => {
  const { services, request, counts } = turn;
  for (let now: TaskHead | null = head; now !== null && now.seq - now.floor > MAX_FOLDED; ) {
    if (turn.isToEnd) return false;
    const before: TaskHead = now;
    await paced(services, request, () => foldPart(services.store, before));
    now = await services.store.head(before);
    if (now === null) break;
    if (now.floor <= before.floor) throw new PlatformError("INTERNAL", "its log does not become shorter");
    counts.removedEvents += now.floor - Math.max(1, before.floor);
  }
  return true;
};

const foldPart = async (store: TaskStore, head: TaskHead): Promise<void> => {
  try {
    await compactTask(store, head, { before: Number.POSITIVE_INFINITY, dryRun: false });
  } catch (thrown) {
    if (PlatformError.from(thrown).code === "STORE_UNAVAILABLE") throw thrown;
    // What nobody can read, or keep as one event, goes nevertheless.
    const { tenantId, taskId, floor } = head;
    await store.compact({ tenantId, taskId, floor: floor + MAX_FOLDED, event: outlineOf(head) });
  }
};

const foldOld = async (turn: Turn): Promise<boolean> => {
  const { services, request, counts } = turn;
  const { compactBefore: before, dryRun = false } = request;
  if (before === null) return false;
  for await (const page of pages(services, request, { kind: "foldable", before })) {
    if (page === null) return true;
    for (const head of page) {
      if (turn.isToEnd) return true;
      if (turn.removable.has(head.taskId)) continue;
      await turn.try("compact the log", head, async () => {
        const events = await paced(services, request, () => compactTask(services.store, head, { before, dryRun }));
        counts.compactedEvents += events;
        counts.compactedTasks += events > 0 ? 1 : 0;
      });
    }
  }
  return false;
};

const removeUsage = async (turn: Turn): Promise<boolean> => {
  const { services, request, counts } = turn;
  const { tenantId, removeUsageBefore: before, dryRun = false } = request;
  if (before === null) return false;
  const [limit, most] = dryRun ? [MAX_SUMS_DRY, MAX_SUMS_DRY] : [SUMS_AT_ONCE, MAX_SUMS];
  while (counts.removedSums < most) {
    if (turn.isToEnd) return true;
    const gone = await paced(services, request, () => services.store.removeSpent({ tenantId, before, limit, dryRun }));
    counts.removedSums += gone;
    if (gone < limit) return false;
  }
  return true;
};

/** Candidates, oldest first; null in place of a page beyond `maxTasks`, or when it is to end. */
async function* pages(
  { store }: CollectServices,
  { tenantId, maxTasks, signal }: CollectRequest,
  query: Pick<RetentionQuery, "kind" | "before">,
): AsyncGenerator<readonly TaskHead[] | null, void> {
  let after: RetentionQuery["after"];
  for (let count = 0; ; ) {
    const rows = await store.retention({ tenantId, ...query, limit: PAGE, after });
    const last = rows.at(-1);
    if (last === undefined) return;
    if (count >= maxTasks || signal?.aborted === true) return yield null;
    after = { at: last.at, taskId: last.head.taskId };
    count += rows.length;
    yield rows.map(({ head }) => head);
  }
}

function* batches(heads: readonly TaskHead[]): Generator<readonly TaskHead[], void> {
  let batch: TaskHead[] = [];
  let events = 0;
  for (const head of heads) {
    const size = head.seq - head.floor;
    if (batch.length > 0 && events + size > MAX_EVENTS) {
      yield batch;
      [batch, events] = [[], 0];
    }
    batch.push(head);
    events += size;
  }
  if (batch.length > 0) yield batch;
}

/** Rests after the work, in proportion to what it took; not when it is to end. */
const paced = async <T>(
  { clock, onPaced }: CollectServices,
  { signal }: CollectRequest,
  work: () => Promise<T>,
): Promise<T> => {
  const startedAt = clock.monotonic();
  const result = await work();
  const restMs = Math.min(MAX_PAUSE_MS, (clock.monotonic() - startedAt) * PAUSE_FACTOR);
  if (restMs > 0 && signal?.aborted !== true) await rest(clock, restMs, signal);
  await onPaced?.();
  return result;
};

const rest = (clock: Clock, ms: number, signal: AbortSignal | undefined): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const timer = clock.after(ms, end);
    signal?.addEventListener("abort", end);
  });

/** What a policy lets go now. */
export const cutoffs = (
  { compactAfterMs, removeAfterMs, removeUsageAfterMs = REMOVE_USAGE_AFTER_MS }: RetentionPolicy,
  now: number,
): Pick<CollectRequest, "removeBefore" | "compactBefore" | "removeUsageBefore"> => ({
  removeBefore: removeAfterMs === undefined ? null : now - removeAfterMs,
  compactBefore: compactAfterMs === undefined ? null : now - compactAfterMs,
  removeUsageBefore: now - removeUsageAfterMs,
});
