import type { Clock, Timer } from "@agentcore/core/ports";

interface Pending {
  readonly dueAt: number;
  readonly delayMs: number;
  readonly order: number;
  /** Re-arms itself with the same delay whenever it fires: a heartbeat, for which time does not stop on its way. */
  readonly periodic: boolean;
  readonly callback: () => void;
  readonly owner: ProcessClock;
}

const START = 1_750_000_000_000;

/** A turn of the event loop, so that a step may do real input and output. */
export const macrotask = (): Promise<void> => new Promise((resolve) => enqueue(resolve));
const immediate: unknown = Reflect.get(globalThis, "setImmediate");
const enqueue: (callback: () => void) => void =
  typeof immediate === "function" ? (callback) => void immediate(callback) : (callback) => void setTimeout(callback, 0);

/**
 * Time of a test: it stands still until somebody moves it. Unlike core's ManualClock it jumps over heartbeats, so that
 * three days of sleep cost one sweep of the engine and not half a million.
 */
export class TestTime {
  now = START;
  /** Counts turns and timers: while it grows, something is going on. */
  activity = 0;
  private order = 0;
  private firing: Pending | null = null;
  private readonly timers = new Set<Pending>();

  add(owner: ProcessClock, delayMs: number, callback: () => void): Timer {
    this.order += 1;
    const delay = Math.max(0, delayMs);
    const periodic = this.firing !== null && this.firing.owner === owner && this.firing.delayMs === delay;
    const pending: Pending = { dueAt: this.now + delay, delayMs: delay, order: this.order, periodic, callback, owner };
    this.timers.add(pending);
    return { cancel: () => void this.timers.delete(pending) };
  }

  /** When the next thing that is no heartbeat happens, or null. */
  nextAt(): number | null {
    let next: number | null = null;
    for (const { dueAt, periodic } of this.timers) if (!periodic && (next === null || dueAt < next)) next = dueAt;
    return next;
  }

  /** Sets the time and fires what has become due, late ones too, in order of their time. */
  jumpTo(time: number): void {
    this.now = Math.max(this.now, time);
    const due = [...this.timers]
      .filter(({ dueAt }) => dueAt <= this.now)
      .toSorted((a, b) => a.dueAt - b.dueAt || a.order - b.order);
    for (const timer of due) {
      if (!this.timers.delete(timer)) continue;
      this.activity += 1;
      this.firing = timer;
      timer.callback();
      this.firing = null;
    }
  }

  drop(owner: ProcessClock): void {
    for (const timer of this.timers) if (timer.owner === owner) this.timers.delete(timer);
  }
}

/** The clock as one process sees it. Once that is dead its timers never fire and its turns never come. */
export class ProcessClock implements Clock {
  private readonly time: TestTime;
  private dead = false;
  private turns = 0;

  constructor(time: TestTime) {
    this.time = time;
  }

  /** True while somebody waits for a turn. */
  get busy(): boolean {
    return this.turns > 0;
  }

  now(): number {
    return this.time.now;
  }

  monotonic(): number {
    return this.time.now - START;
  }

  after(delayMs: number, callback: () => void): Timer {
    return this.dead ? { cancel: () => {} } : this.time.add(this, delayMs, callback);
  }

  turn(): Promise<void> {
    this.time.activity += 1;
    this.turns += 1;
    return new Promise((resolve) => {
      void macrotask().then(() => {
        this.turns -= 1;
        if (!this.dead) resolve();
      });
    });
  }

  die(): void {
    this.dead = true;
    this.time.drop(this);
  }
}
