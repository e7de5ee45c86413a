import { PlatformError } from "@agentcore/contract";

export interface BulkheadOptions {
  /** Named in errors. */
  readonly name: string;
  readonly maxConcurrent: number;
  /** @default 2 × maxConcurrent */
  readonly maxQueued?: number | undefined;
}

interface Waiter {
  readonly admit: () => void;
  previous: Waiter | undefined;
  next: Waiter | undefined;
}

/**
 * At most `maxConcurrent` inside and `maxQueued` waiting, first come first served. H1 Never more inside than allowed.
 * H2 A slot is handed from who leaves to who waited longest, never around the queue. H3 Who gives up waiting takes no slot.
 */
export class Bulkhead {
  readonly #name: string;
  readonly #maxConcurrent: number;
  readonly #maxQueued: number;
  #active = 0;
  #queued = 0;
  #first: Waiter | undefined;
  #last: Waiter | undefined;

  constructor(options: BulkheadOptions) {
    this.#name = options.name;
    this.#maxConcurrent = options.maxConcurrent;
    this.#maxQueued = options.maxQueued ?? 2 * options.maxConcurrent;
  }

  get active(): number {
    return this.#active;
  }

  get queued(): number {
    return this.#queued;
  }

  /**
   * Undefined when entered at once (nothing is allocated), else a promise of the slot, which rejects with the signal's
   * reason on abort. Whoever entered calls `leave` once. Throws BULKHEAD_FULL.
   */
  enter(signal?: AbortSignal): Promise<void> | undefined {
    if (this.#active < this.#maxConcurrent) {
      this.#active++;
      return undefined;
    }
    signal?.throwIfAborted();
    if (this.#queued >= this.#maxQueued) {
      throw new PlatformError(
        "BULKHEAD_FULL",
        `${this.#name} works on ${this.#active} calls and ${this.#queued} more wait; it takes no more than ${this.#maxConcurrent} and ${this.#maxQueued}`,
      );
    }
    return new Promise<void>((resolve, reject) => {
      const onAbort = (): void => {
        this.#unlink(waiter);
        reject(
          signal?.reason instanceof Error ? signal.reason : new PlatformError("CANCELED", "the caller stopped waiting"),
        );
      };
      const waiter: Waiter = {
        admit: () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
        previous: this.#last,
        next: undefined,
      };
      signal?.addEventListener("abort", onAbort, { once: true });
      if (this.#last === undefined) this.#first = waiter;
      else this.#last.next = waiter;
      this.#last = waiter;
      this.#queued++;
    });
  }

  leave(): void {
    const waiter = this.#first;
    if (waiter === undefined) {
      if (this.#active > 0) this.#active--;
      return;
    }
    // The slot changes hands while it counts as taken: nobody can slip in between (H2).
    this.#unlink(waiter);
    waiter.admit();
  }

  #unlink(waiter: Waiter): void {
    if (waiter.previous === undefined) this.#first = waiter.next;
    else waiter.previous.next = waiter.next;
    if (waiter.next === undefined) this.#last = waiter.previous;
    else waiter.next.previous = waiter.previous;
    this.#queued--;
  }
}
