import type { CodingEvent } from "../dialects/coding-event.ts";
import { MAX_PROGRESS } from "./task-progress.ts";

export interface EventBatch {
  readonly events: readonly CodingEvent[];
  /** No more come. */
  readonly isLast: boolean;
}

// Of one run: no more are shown, and a program may talk without end.
const MAX_EVENTS = MAX_PROGRESS;
// Of one batch, which is one entry of the task's log.
const MAX_BATCH = 100;

/** What a program has told and the task has not taken yet. */
export class EventQueue {
  private events: CodingEvent[] = [];
  private added = 0;
  private session: string | null = null;
  private isClosed = false;
  private wake: (() => void) | null = null;

  /** What comes after the first five hundred is passed over. */
  add(event: CodingEvent): void {
    if (this.added === MAX_EVENTS) return;
    // Some say it with each word.
    if (event.type === "session" && event.id === this.session) return;
    if (event.type === "session") this.session = event.id;
    this.added += 1;
    this.events.push(event);
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
}
