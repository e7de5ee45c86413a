import type { TaskEvent } from "@agentcore/contract";
import { isLargerThan } from "../payloads/json-size.ts";
import { type Clock, statusTimeOf, type TaskHead, type TaskKey } from "../ports/index.ts";
import type { Execution } from "./execution.ts";
import { keyOf } from "./log-hub.ts";
import type { TakenUnit } from "./take-unit.ts";

interface RecentTask {
  readonly head: TaskHead;
  readonly events: readonly TaskEvent[];
}

const MAX_TASKS = 512;
const MAX_EVENTS = 50;
// In characters; 16 million of all of them together. A larger one is read from the store.
const MAX_SIZE = 32 * 1024;
// Callers wait a millisecond. Much later the task may have been removed, by another node too.
const MAX_AGE_MS = 60_000;

/**
 * Logs of tasks that just ended here, so that a caller who waited for the end does not make the store read it again.
 * A terminal task never changes (I2), so nothing in here can be wrong. Only logs written in one unit are kept:
 * those are the ones whose caller waits a millisecond.
 */
export class RecentTasks {
  private readonly tasks = new Map<string, RecentTask>();
  private readonly clock: Pick<Clock, "now">;

  constructor(clock: Pick<Clock, "now">) {
    this.clock = clock;
  }

  remember(execution: Execution, taken: TakenUnit): void {
    if (taken.draft.events.length !== taken.seq || taken.draft.events.length > MAX_EVENTS) return;
    if (isLargerThan(taken.draft.events, MAX_SIZE)) return;
    const events = taken.draft.events.map((event, index) => ({ ...event, seq: index + 1 }) as TaskEvent);
    const head: TaskHead = {
      ...execution.head,
      state: execution.state,
      seq: taken.seq,
      checkpointSeq: 0,
      floor: 0,
      token: execution.token,
      leased: false,
      dueAt: null,
      attempts: 0,
      updatedAt: statusTimeOf(events) ?? execution.head.createdAt,
    };
    this.tasks.set(keyOf(head), { head, events });
    if (this.tasks.size > MAX_TASKS) {
      const oldest = this.tasks.keys().next();
      if (oldest.done !== true) this.tasks.delete(oldest.value);
    }
  }

  get(key: TaskKey): RecentTask | undefined {
    const task = this.tasks.get(keyOf(key));
    return task !== undefined && this.clock.now() - task.head.updatedAt <= MAX_AGE_MS ? task : undefined;
  }

  forget(key: TaskKey): void {
    this.tasks.delete(keyOf(key));
  }
}
