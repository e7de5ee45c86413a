/** Calls that wait for a limit, or for what calls under way hold of a budget: how many at most, and where each stands. */
import { PRIORITIES, type Priority } from "@agentcore/contract";
import type { PlatformError } from "@agentcore/contract/errors";
import type { Place } from "../hosts/waiting-line.ts";

// Of all together: each is a task in memory.
const MAX_WAITING = 10_000;

export class LimitWaits {
  #waiting = 0;

  get waiting(): number {
    return this.#waiting;
  }

  /** Throws the error where too many wait. */
  async hold<Result>(error: PlatformError, wait: () => Promise<Result>): Promise<Result> {
    if (this.#waiting >= MAX_WAITING) throw error;
    this.#waiting += 1;
    try {
      return await wait();
    } finally {
      this.#waiting -= 1;
    }
  }
}

/** `since`: monotonic milliseconds. */
export const placeOf = (priority: Priority, since: number): Place => ({
  priority: PRIORITIES.indexOf(priority),
  since,
});
