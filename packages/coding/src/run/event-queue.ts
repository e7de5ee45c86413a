import type { CodingEvent } from "../dialects/coding-event.ts";

export interface EventBatch {
  readonly events: readonly CodingEvent[];
  /** No more come. */
  readonly isLast: boolean;
}

// At once; a program that tells more waits until they are taken.
const MAX_WAITING = 1_000;
// Of one batch, which is one entry of the task's log.
const MAX_BATCH = 100;

/** What a program has told and the task has not taken yet. */
export class EventQueue {
  private events: CodingEvent[] = [];
  private isClosed = false;
  private wake: (() => void) | null = null;
  private readonly holds: (isHeld: boolean) => void;
  private isHeld = false;

  /** `holds` hears when whoever fills it is to wait, and when to go on. */
  constructor(holds: (isHeld: boolean) => void) {
    this.holds = holds;
  }

  add(event: CodingEvent): void {
    this.events.push(event);
    this.hold(this.events.length >= MAX_WAITING);
    this.wake?.();
  }

  close(): void {
    this.isClosed = true;
    this.wake?.();
  }

  /** What comes within `windowMs` of the first, which may be long in coming. */
  async take(windowMs: number, signal: AbortSignal): Promise<EventBatch> {
    await this.until(() => this.events.length > 0, signal);
    if (!this.isClosed) await this.until(() => this.events.length >= MAX_BATCH, signal, windowMs);
    const events = this.events.splice(0, MAX_BATCH);
    this.hold(this.events.length >= MAX_WAITING);
    return { events, isLast: this.isClosed && this.events.length === 0 };
  }

  /** Or until it is closed, or time is over, or nobody waits any more. */
  private until(isThere: () => boolean, signal: AbortSignal, timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        if (timer !== undefined) clearTimeout(timer);
        signal.removeEventListener("abort", done);
        this.wake = null;
        resolve();
      };
      const timer = timeoutMs === undefined ? undefined : setTimeout(done, timeoutMs);
      this.wake = () => {
        if (this.isClosed || isThere()) done();
      };
      signal.addEventListener("abort", done, { once: true });
      if (signal.aborted) done();
      else this.wake();
    });
  }

  private hold(isHeld: boolean): void {
    if (this.isHeld === isHeld) return;
    this.isHeld = isHeld;
    this.holds(isHeld);
  }
}
