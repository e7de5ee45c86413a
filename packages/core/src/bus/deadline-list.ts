import type { Clock, Timer } from "../ports/index.ts";

export interface DeadlineEntry {
  /** Monotonic milliseconds. */
  readonly expiresAt: number;
  earlier: DeadlineEntry | undefined;
  later: DeadlineEntry | undefined;
  expire(): void;
}

/**
 * Deadlines of all calls under way on one timer. Nearly every call ends long before its deadline, so a timer each would
 * be made and thrown away for nothing. Adding and removing relink two entries; when the timer
 * fires, which is at most as often as deadlines get earlier, the calls under way are walked once.
 */
export class DeadlineList {
  readonly #clock: Clock;
  #last: DeadlineEntry | undefined;
  #timer: Timer | undefined;
  #firesAt = Infinity;
  #closing = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(entry: DeadlineEntry, now: number): void {
    entry.earlier = this.#last;
    if (this.#last !== undefined) this.#last.later = entry;
    this.#last = entry;
    if (entry.expiresAt < this.#firesAt) this.#arm(entry.expiresAt, now);
  }

  /** Idempotent. The timer stays: to stop and start it per call would cost what the list saves. */
  remove(entry: DeadlineEntry): void {
    if (entry.earlier !== undefined) entry.earlier.later = entry.later;
    if (entry.later !== undefined) entry.later.earlier = entry.earlier;
    else if (this.#last === entry) this.#last = entry.earlier;
    entry.earlier = undefined;
    entry.later = undefined;
    if (this.#closing && this.#last === undefined) this.close();
  }

  /** Lets go of the timer once the last call has ended. */
  close(): void {
    this.#closing = true;
    if (this.#last !== undefined) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#firesAt = Infinity;
  }

  #arm(at: number, now: number): void {
    this.#timer?.cancel();
    this.#firesAt = at;
    this.#timer = this.#clock.after(Math.max(0, at - now), () => this.#fire());
  }

  #fire(): void {
    this.#timer = undefined;
    this.#firesAt = Infinity;
    const now = this.#clock.monotonic();
    const due: DeadlineEntry[] = [];
    let next = Infinity;
    for (let entry = this.#last; entry !== undefined; entry = entry.earlier) {
      if (entry.expiresAt <= now) due.push(entry);
      else next = Math.min(next, entry.expiresAt);
    }
    if (next < Infinity) this.#arm(next, now);
    // Oldest first, and only after the walk: expiring runs foreign code that may add and remove.
    for (const entry of due.reverse()) entry.expire();
  }
}
