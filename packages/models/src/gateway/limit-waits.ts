/** Calls that wait for a limit, or for what calls under way hold of a budget. */
import type { PlatformError } from "@agentcore/contract/errors";
import type { Clock } from "@agentcore/core/ports";

// Of all together: each is a task in memory.
const MAX_WAITING = 10_000;

export class LimitWaits {
  readonly #clock: Pick<Clock, "monotonic" | "after">;
  #waiting = 0;

  constructor(clock: Pick<Clock, "monotonic" | "after">) {
    this.#clock = clock;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Until the error has passed, which it says. Throws it unless that is before `endsAt` (monotonic milliseconds), and the signal's reason. */
  async wait(error: PlatformError, endsAt: number, signal: AbortSignal): Promise<void> {
    const waitMs = error.retryAfterMs;
    if (waitMs === undefined || this.#clock.monotonic() + waitMs > endsAt || this.#waiting >= MAX_WAITING) throw error;
    this.#waiting += 1;
    try {
      await this.#pause(waitMs, signal);
    } finally {
      this.#waiting -= 1;
    }
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const onAbort = (): void => {
        timer.cancel();
        reject(signal.reason);
      };
      const timer = this.#clock.after(ms, () => {
        signal.removeEventListener("abort", onAbort);
        resolve();
      });
      signal.addEventListener("abort", onAbort, { once: true });
    });
  }
}
