import type { Clock, Timer } from "../ports/index.ts";

export interface Delayed {
  /** The delay is over. */
  due(): void;
}

/** Delays of one length, however many, on one timer. */
export class SharedDelay {
  /** With the time at which each is due. All wait equally long, so the order of insertion is that of time. */
  private readonly waiting = new Map<Delayed, number>();
  private readonly delayMs: number;
  private readonly clock: Pick<Clock, "monotonic" | "after">;
  private timer: Timer | null = null;

  constructor(delayMs: number, clock: Pick<Clock, "monotonic" | "after">) {
    this.delayMs = delayMs;
    this.clock = clock;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** Once, from now on; one that waits already begins anew. */
  begin(delayed: Delayed): void {
    this.waiting.delete(delayed);
    // Whole numbers are kept in place.
    this.waiting.set(delayed, Math.ceil(this.clock.monotonic() + this.delayMs));
    if (this.timer === null) this.schedule(this.delayMs);
  }

  cancel(delayed: Delayed): void {
    if (!this.waiting.delete(delayed) || this.waiting.size > 0) return;
    this.timer?.cancel();
    this.timer = null;
  }

  private schedule(delayMs: number): void {
    this.timer = this.clock.after(delayMs, () => this.fire());
  }

  private fire(): void {
    this.timer = null;
    const now = this.clock.monotonic();
    const due: Delayed[] = [];
    for (const [delayed, at] of this.waiting) {
      if (at > now) {
        this.schedule(at - now);
        break;
      }
      due.push(delayed);
    }
    for (const delayed of due) this.waiting.delete(delayed);
    for (const delayed of due) delayed.due();
  }
}
