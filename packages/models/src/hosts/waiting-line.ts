/** Where somebody stands who waits. */
export interface Place {
  /** Higher ones go first. */
  readonly priority: number;
  /** Of equal ones, who has waited longest: monotonic milliseconds. */
  readonly since: number;
}

export const goesBefore = (one: Place, other: Place): boolean =>
  one.priority > other.priority || (one.priority === other.priority && one.since < other.since);

/** Those who wait for one thing, in the order that they are to have it. */
export class WaitingLine<Waiter extends Place> {
  readonly #waiters: Waiter[] = [];

  get size(): number {
    return this.#waiters.length;
  }

  get first(): Waiter | undefined {
    return this.#waiters[0];
  }

  /** Of equals it is the last. */
  add(waiter: Waiter): void {
    let at = this.#waiters.length;
    // Most come when it is their turn to stand last.
    for (let other = this.#waiters[at - 1]; other !== undefined && goesBefore(waiter, other); ) {
      at -= 1;
      other = this.#waiters[at - 1];
    }
    this.#waiters.splice(at, 0, waiter);
  }

  remove(waiter: Waiter): void {
    const at = this.#waiters.indexOf(waiter);
    if (at >= 0) this.#waiters.splice(at, 1);
  }

  [Symbol.iterator](): Iterator<Waiter> {
    return this.#waiters.values();
  }
}
