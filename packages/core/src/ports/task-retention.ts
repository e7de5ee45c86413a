/** Growth: logs are folded, ended tasks are removed. Neither is the lease holder's work (I1), since neither changes what a task is. */
import type { TaskEvent } from "@agentcore/contract";
import type { StoredEvent, TaskHead, TaskKey, Unnumbered } from "./task-store.ts";

export interface Compaction<Event extends StoredEvent = TaskEvent> extends TaskKey {
  /**
   * Number of the last event to fold; `event` takes its place. Below the last event of the log and, while the task runs, below
   * its last `checkpoint.created`: what a replay or the end of the task needs is never folded.
   */
  readonly floor: number;
  /** `log.compacted`: what the events up to `floor` come to. They never change, so it does not matter when they were read. */
  readonly event: Unnumbered<Event>;
  /** Of what the fold changes about the blobs that the task refers to, in the same transaction. @default nothing */
  readonly blobs?: FoldedBlobs | undefined;
}

export interface FoldedBlobs {
  /** Names that `event` refers to. */
  readonly added: readonly string[];
  /** Names that only the fold before this one referred to. */
  readonly dropped: readonly string[];
  /**
   * Names that the only event behind `floor` refers to; undefined when that is not known, or there are more. Where the task has ended with
   * that event, it refers to no others from now on but those `added`: nothing is ever written to it again.
   */
  readonly last?: readonly string[] | undefined;
}

/** `unchanged`: it is folded so far already. `refused`: the floor is too high. */
export type CompactionOutcome = "compacted" | "unchanged" | "refused" | "missing";

export interface Removal {
  readonly tenantId: string;
  /** 1 to 1,000. */
  readonly taskIds: readonly string[];
  /** Only tell. @default false */
  readonly dryRun?: boolean | undefined;
}

export interface Removed {
  /** Those that were there, had ended, and have no parent that still runs. The others are left as they are. */
  readonly taskIds: readonly string[];
  /** What went with them. */
  readonly events: number;
  /** Of payloads of events, as they are stored. */
  readonly bytes: number;
}

export interface RetentionQuery {
  readonly tenantId: string;
  /** `removable`: ended, and no parent still runs; `foldable`: has events that may be folded. */
  readonly kind: "removable" | "foldable";
  /** Milliseconds since 1970: tasks that ended before; of those that run, the ones created before, whose oldest events are so old. */
  readonly before: number;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Rows after this one, oldest first. */
  readonly after?: { readonly at: number; readonly taskId: string } | undefined;
}

export interface RetentionRow {
  readonly head: TaskHead;
  /** What the rows are ordered by: when it ended (removable), when it was created (foldable). For `after`. */
  readonly at: number;
}

export interface TaskRetention<Event extends StoredEvent = TaskEvent> {
  /** Oldest first. Finds its rows by an index, however many there are. */
  retention(query: RetentionQuery): Promise<readonly RetentionRow[]>;
  /**
   * Folds the head of a log into one event, with its number. Idempotent; readers who are below the new floor find that event next,
   * the others nothing new (I6).
   */
  compact(compaction: Compaction<Event>): Promise<CompactionOutcome>;
  /** Removes ended tasks whole: head, log, mailbox, idempotency keys. Idempotent. Cursors of a tail stay good. */
  remove(removal: Removal): Promise<Removed>;
}
