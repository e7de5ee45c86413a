/**
 * One tenant's ended tasks and old events, as far as its policy lets them go. In small writes with pauses between them, so that
 * the tasks that run notice little of it.
 */
import { PlatformError } from "@agentcore/contract";
import type { Clock, Logger, RetentionQuery, TaskHead, TaskKey, TaskStore } from "../ports/index.ts";
import { compactTask } from "./compact-task.ts";

export interface CollectRequest {
  readonly tenantId: string;
  /** Milliseconds since 1970; null: nothing is removed. */
  readonly removeBefore: number | null;
  /** Milliseconds since 1970; null: nothing is folded. */
  readonly compactBefore: number | null;
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
  /** Of payloads, as stored. */
  readonly removedBytes: number;
  readonly compactedTasks: number;
  readonly compactedEvents: number;
  /** Tasks whose log could not be read or folded; they stay as they are. */
  readonly failedTasks: number;
  /** There is more than `maxTasks`, or it was broken off. */
  readonly isMore: boolean;
}

export interface CollectServices {
  readonly store: TaskStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onRemoved?: ((key: TaskKey) => void) | undefined;
}

const PAGE = 100;
// What one transaction removes, but for a single task that has more.
const MAX_EVENTS = 20_000;
// The store is ours for a fifth of the time.
const PAUSE_FACTOR = 4;
// A write that waited for its database says nothing of what it cost.
const MAX_PAUSE_MS = 10_000;

type Counts = { -readonly [Name in Exclude<keyof Collected, "tenantId" | "isMore">]: number };

export const collectTenant = async (services: CollectServices, request: CollectRequest): Promise<Collected> => {
  const counts: Counts = {
    ...{ removedTasks: 0, removedEvents: 0, removedBytes: 0 },
    ...{ compactedTasks: 0, compactedEvents: 0, failedTasks: 0 },
  };
  const removable = new Set<string>();
  const isCut = [
    await removeOld(services, request, counts, removable),
    await foldOld(services, request, counts, removable),
  ];
  return { tenantId: request.tenantId, ...counts, isMore: isCut.includes(true) };
};

const removeOld = async (
  services: CollectServices,
  request: CollectRequest,
  counts: Counts,
  removable: Set<string>,
): Promise<boolean> => {
  const { tenantId, removeBefore: before, dryRun = false } = request;
  if (before === null) return false;
  for await (const page of pages(services, request, { kind: "removable", before })) {
    if (page === null) return true;
    for (const batch of batches(page)) {
      const taskIds = batch.map(({ taskId }) => taskId);
      const gone = await paced(services, request, () => services.store.remove({ tenantId, taskIds, dryRun }));
      counts.removedTasks += gone.taskIds.length;
      counts.removedEvents += gone.events;
      counts.removedBytes += gone.bytes;
      for (const taskId of gone.taskIds) {
        if (dryRun) removable.add(taskId);
        else services.onRemoved?.({ tenantId, taskId });
      }
    }
  }
  return false;
};

const foldOld = async (
  services: CollectServices,
  request: CollectRequest,
  counts: Counts,
  removable: ReadonlySet<string>,
): Promise<boolean> => {
  const { tenantId, compactBefore: before, dryRun = false } = request;
  if (before === null) return false;
  for await (const page of pages(services, request, { kind: "foldable", before })) {
    if (page === null) return true;
    for (const head of page) {
      if (request.signal?.aborted === true) return true;
      if (removable.has(head.taskId)) continue;
      try {
        const events = await paced(services, request, () => compactTask(services.store, head, { before, dryRun }));
        counts.compactedEvents += events;
        counts.compactedTasks += events > 0 ? 1 : 0;
      } catch (thrown) {
        const error = PlatformError.from(thrown);
        if (error.code === "STORE_UNAVAILABLE") throw error;
        counts.failedTasks += 1;
        const { taskId } = head;
        services.logger.log("error", `cannot compact the log: ${error.message}`, { tenantId, taskId });
      }
    }
  }
  return false;
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
const paced = async <T>({ clock }: CollectServices, { signal }: CollectRequest, work: () => Promise<T>): Promise<T> => {
  const startedAt = clock.monotonic();
  const result = await work();
  const restMs = Math.min(MAX_PAUSE_MS, (clock.monotonic() - startedAt) * PAUSE_FACTOR);
  if (restMs > 0 && signal?.aborted !== true) await rest(clock, restMs, signal);
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
  {
    compactAfterMs,
    removeAfterMs,
  }: { readonly compactAfterMs?: number | undefined; readonly removeAfterMs?: number | undefined },
  now: number,
): Pick<CollectRequest, "removeBefore" | "compactBefore"> => ({
  removeBefore: removeAfterMs === undefined ? null : now - removeAfterMs,
  compactBefore: compactAfterMs === undefined ? null : now - compactAfterMs,
});
