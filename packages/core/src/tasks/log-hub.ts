import type { TaskState } from "@agentcore/contract";
import type { TaskKey } from "../ports/index.ts";

/** What a commit through this node did to a task. A hint only: readers go to the log for the truth (I6). */
export interface LogHint {
  readonly seq: number;
  readonly state: TaskState;
}

export interface LogListener {
  /** Null: something changed through another process; look. */
  hear(hint: LogHint | null): void;
  /** A model has said something that the log does not have yet. */
  hearSpeech?(): void;
}

export const keyOf = (key: TaskKey): string => `${key.tenantId}\n${key.taskId}`;

/** Tells waiting readers that a log has grown. Holds nothing for tasks that nobody waits for. */
export class LogHub {
  private readonly listeners = new Map<string, Set<LogListener>>();

  listen(key: TaskKey, listener: LogListener): void {
    const id = keyOf(key);
    const set = this.listeners.get(id) ?? new Set();
    this.listeners.set(id, set);
    set.add(listener);
  }

  /** Idempotent. */
  unlisten(key: TaskKey, listener: LogListener): void {
    const id = keyOf(key);
    const set = this.listeners.get(id);
    if (set?.delete(listener) === true && set.size === 0) this.listeners.delete(id);
  }

  notify(key: TaskKey, hint: LogHint | null): void {
    const set = this.listeners.get(keyOf(key));
    if (set !== undefined) for (const listener of [...set]) listener.hear(hint);
  }

  /** Tells of what a model said, which is in no log yet, unless more than `most` listen. Returns how many were told. */
  spoke(key: TaskKey, most: number): number {
    if (this.listeners.size === 0) return 0;
    const set = this.listeners.get(keyOf(key));
    if (set === undefined || set.size > most) return 0;
    for (const listener of [...set]) listener.hearSpeech?.();
    return set.size;
  }

  /** Hints may have been missed: everybody looks. */
  notifyAll(): void {
    for (const set of [...this.listeners.values()]) for (const listener of [...set]) listener.hear(null);
  }

  get size(): number {
    return this.listeners.size;
  }
}
