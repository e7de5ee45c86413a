import type { Clock, Timer } from "../ports/senses.ts";

// Promise chains of an engine step are far shorter; more hops only cost a few microseconds.
const DEFAULT_TURN_HOPS = 100;

interface Pending {
  readonly dueAt: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Time that stands still until `advance`. `turn()` waits many microtask hops, which is enough while everything is in
 * process; with real I/O beside it hand in a `macrotask`, for example `() => new Promise(setImmediate)`.
 */
export class ManualClock implements Clock {
  private current: number;
  private readonly start: number;
  private offset = 0;
  private order = 0;
  private readonly timers = new Set<Pending>();
  private readonly macrotask: () => Promise<void>;

  constructor(options: { readonly now?: number; readonly macrotask?: () => Promise<void> } = {}) {
    this.start = options.now ?? 1_750_000_000_000;
    this.current = this.start;
    this.macrotask = options.macrotask ?? microtaskHops;
  }

  now(): number {
    return this.current + this.offset;
  }

  /** As when somebody sets the machine's clock: `now` jumps by `ms`, while `monotonic` and timers go on as before. */
  jump(ms: number): void {
    this.offset += ms;
  }

  monotonic(): number {
    return this.current - this.start;
  }

  after(delayMs: number, callback: () => void): Timer {
    this.order += 1;
    const pending: Pending = { dueAt: this.current + Math.max(0, delayMs), order: this.order, callback };
    this.timers.add(pending);
    return { cancel: () => void this.timers.delete(pending) };
  }

  turn(): Promise<void> {
    return this.macrotask();
  }

  /** Time of the next timer, or null: lets a test jump to where something happens. */
  nextTimerAt(): number | null {
    const next = this.earliest(Number.POSITIVE_INFINITY);
    return next === undefined ? null : next.dueAt + this.offset;
  }

  /** Lets time pass without firing anything, as for a process that was stopped; what came due fires with the next `advance`. */
  stall(ms: number): void {
    this.current += ms;
  }

  /** Moves time by `ms`, firing timers in order of their time, then of their making, each followed by a turn. */
  async advance(ms: number): Promise<void> {
    const target = this.current + ms;
    await this.turn();
    for (let next = this.earliest(target); next !== undefined; next = this.earliest(target)) {
      this.timers.delete(next);
      this.current = Math.max(this.current, next.dueAt);
      next.callback();
      await this.turn();
    }
    this.current = target;
    await this.turn();
  }

  private earliest(until: number): Pending | undefined {
    let found: Pending | undefined;
    for (const timer of this.timers) {
      if (timer.dueAt > until) continue;
      if (
        found === undefined ||
        timer.dueAt < found.dueAt ||
        (timer.dueAt === found.dueAt && timer.order < found.order)
      )
        found = timer;
    }
    return found;
  }
}

const microtaskHops = async (): Promise<void> => {
  for (let hop = 0; hop < DEFAULT_TURN_HOPS; hop += 1) await Promise.resolve();
};
