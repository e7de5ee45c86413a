/**
 * Group commit: what arrives while a write is under way is written together next. Bounded in items' weight and bytes,
 * so that no transaction grows with the load; callers beyond the bound wait their turn, in order.
 */
export interface GroupCommitOptions<Item> {
  /** Writes one batch; what it resolves with belongs to the items in order. */
  readonly write: (items: readonly Item[]) => Promise<readonly SettledResult[]>;
  /** Calls back at the next turn, so that everything runnable now joins the batch. */
  readonly nextTurn: (callback: () => void) => void;
  readonly maxWeight: number;
  readonly maxBytes: number;
  /** Writes that are under way at once. Each takes along all that waits, so the next that is begun early is a small one, and what comes after it waits for both. */
  readonly maxInFlight: number;
}

export type SettledResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: unknown };

interface Waiting<Item> {
  readonly item: Item;
  readonly weight: number;
  readonly bytes: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

export class GroupCommit<Item> {
  private waiting: Waiting<Item>[] = [];
  private inFlight = 0;
  private scheduled = false;
  private readonly options: GroupCommitOptions<Item>;
  private readonly idle: (() => void)[] = [];

  constructor(options: GroupCommitOptions<Item>) {
    this.options = options;
  }

  add(item: Item, weight: number, bytes: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ item, weight, bytes, resolve, reject });
      this.schedule();
    });
  }

  /** Resolves when nothing waits and nothing is under way. */
  async drain(): Promise<void> {
    while (this.waiting.length > 0 || this.inFlight > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private schedule(): void {
    if (this.scheduled || this.inFlight >= this.options.maxInFlight || this.waiting.length === 0) return;
    this.scheduled = true;
    const flush = (): void => {
      this.scheduled = false;
      void this.flush();
    };
    // An idle writer starts at once: the engine has collected a turn's units already, and a lone task waits for every
    // microsecond. A busy one is given all that is runnable now.
    if (this.inFlight === 0) queueMicrotask(flush);
    else this.options.nextTurn(flush);
  }

  private async flush(): Promise<void> {
    const batch = this.takeBatch();
    if (batch.length === 0) return;
    this.inFlight += 1;
    this.schedule();
    try {
      const results = await this.options.write(batch.map((entry) => entry.item));
      for (const [index, entry] of batch.entries()) settle(entry, results[index]);
    } catch (error) {
      for (const entry of batch) entry.reject(error);
    }
    this.inFlight -= 1;
    this.schedule();
    for (const resolve of this.idle.splice(0)) resolve();
  }

  private takeBatch(): Waiting<Item>[] {
    let count = 0;
    let weight = 0;
    let bytes = 0;
    for (const entry of this.waiting) {
      weight += entry.weight;
      bytes += entry.bytes;
      // An item over the bound goes alone rather than never.
      if (count > 0 && (weight > this.options.maxWeight || bytes > this.options.maxBytes)) break;
      count += 1;
    }
    return this.waiting.splice(0, count);
  }
}

const settle = (entry: Waiting<unknown>, result: SettledResult | undefined): void => {
  if (result === undefined) entry.reject(new Error("the writer answered fewer results than it was given"));
  else if (result.ok) entry.resolve(result.value);
  else entry.reject(result.error);
};
