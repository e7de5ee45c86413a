/** Folds what is old of one task's log. */
import { isTerminal, type TaskEventOf } from "@agentcore/contract";
import type { TaskHead, TaskStore } from "../ports/index.ts";
import { LogFold } from "./log-fold.ts";

const PAGE = 500;
const PAGE_BYTES = 16 * 1024 * 1024;
// A log may have millions over many `continueAs`; what one statement drops is bounded. The rest is a candidate again.
export const MAX_FOLDED = 10_000;

export interface CompactTaskOptions {
  /** Milliseconds since 1970: of a task that runs, events from then on stay. */
  readonly before: number;
  readonly dryRun: boolean;
}

/** Number of events that went, or would go. Throws STORE_UNAVAILABLE, or what keeps the log from being read or the result from being stored. */
export const compactTask = async (
  store: Pick<TaskStore, "readLog" | "compact">,
  head: TaskHead,
  { before, dryRun }: CompactTaskOptions,
): Promise<number> => {
  const ended = isTerminal(head.state);
  const highest = Math.min(head.floor + MAX_FOLDED, (ended ? head.seq : head.checkpointSeq) - 1);
  // An ended one is old as a whole.
  if (dryRun && ended) return Math.max(0, highest - head.floor);
  const fold = new LogFold(head.taskId);
  let floor = 0;
  for (let isMore = true; isMore; ) {
    const limit = Math.min(PAGE, highest - floor);
    const page = limit < 1 ? [] : await store.readLog(head, { after: floor, limit, maxBytes: PAGE_BYTES });
    isMore = page.length > 0;
    for (const event of page) {
      isMore = event.seq <= highest && (ended || event.at < before);
      if (!isMore) break;
      fold.add(event);
      floor = event.seq;
    }
  }
  if (floor <= head.floor) return 0;
  if (dryRun) return floor - head.floor;
  const outcome = await store.compact({
    ...{ tenantId: head.tenantId, taskId: head.taskId, floor },
    event: fold.event(),
  });
  return outcome === "compacted" ? floor - head.floor : 0;
};

/** A fold of a log that cannot be read: what the head says of the task. Only for one that is about to be removed. */
export const outlineOf = (head: TaskHead): Omit<TaskEventOf<"log.compacted">, "seq"> => {
  const { taskId, contextId, agent, revision, caller, priority, createdAt, updatedAt } = head;
  return {
    type: "log.compacted",
    at: updatedAt,
    data: {
      submitted: { at: createdAt, data: { agent, revision, contextId, caller, priority } },
      state: "working",
      task: { id: taskId, contextId, status: { state: "TASK_STATE_WORKING" } },
    },
  };
};
