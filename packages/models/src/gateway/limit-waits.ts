/** How many calls wait for a limit, or for what calls under way hold of a budget. */
import type { PlatformError } from "@agentcore/contract/errors";

// Of all together: each is a task in memory.
const MAX_WAITING = 10_000;

export class LimitWaits {
  #waiting = 0;

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
