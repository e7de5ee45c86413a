import type { TaskEvent } from "@agentcore/contract";
import { isLargerThan } from "../payloads/json-size.ts";
import { type Clock, statusTimeOf, type TaskHead, type TaskKey } from "../ports/index.ts";
import type { Execution } from "./execution.ts";
import { keyOf } from "./log-hub.ts";
import type { TakenUnit } from "./take-unit.ts";

interface RecentTask {
  readonly head: TaskHead;
  readonly events: readonly TaskEvent[];
  /** By the monotonic clock. */
  readonly at: number;
}

type Generation = Map<string, RecentTask>;

// Of one generation, of which there are two.
const MAX_TASKS = 256;
// What is kept for longer than it takes the collector to come by is copied twice.
const GENERATION_MS = 20;
const MAX_EVENTS = 50;
// In characters; 16 million of both generations together. A larger one is read from the store.
const MAX_SIZE = 32 * 1024;
// Callers wait a millisecond. Much later the task may have been removed, by another node too.
const MAX_AGE_MS = 10_000;

/**
 * Logs of tasks that just ended here, so that a caller who waited for the end does not make the store read it again.
 * A terminal task never changes (I2), so nothing in here can be wrong. Only logs written in one unit are kept:
 * those are the ones whose caller waits a millisecond.
 */
export class RecentTasks {
  private current: Generation = new Map();
  private previous: Generation = new Map();
  private currentSince = Number.NEGATIVE_INFINITY;
  private readonly clock: Pick<Clock, "monotonic">;

  constructor(clock: Pick<Clock, "monotonic">) {
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
      updatedAt: statusTimeOf(events, execution.state) ?? execution.head.createdAt,
    };
    const at = this.clock.monotonic();
    if (at - this.currentSince >= GENERATION_MS || this.current.size >= MAX_TASKS) {
      this.previous = this.current;
      this.current = new Map();
      this.currentSince = at;
    }
    this.current.set(keyOf(head), { head, events, at });
  }

  get(key: TaskKey): RecentTask | undefined {
    const id = keyOf(key);
    const task = this.current.get(id) ?? this.previous.get(id);
    return task !== undefined && this.clock.monotonic() - task.at <= MAX_AGE_MS ? task : undefined;
  }

  forget(key: TaskKey): void {
    const id = keyOf(key);
    this.current.delete(id);
    this.previous.delete(id);
  }
}
