/** Work that several wait for at once: done once, ended when nobody waits any more. */
export class SharedWork {
  private readonly work: (signal: AbortSignal) => Promise<void>;
  private current: { readonly done: Promise<void>; readonly stop: AbortController; waiting: number } | null = null;

  constructor(work: (signal: AbortSignal) => Promise<void>) {
    this.work = work;
  }

  /** Joins what is under way, else begins it. */
  async run(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const current = (this.current ??= this.begin());
    current.waiting += 1;
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([current.done, aborted]);
    } finally {
      signal.removeEventListener("abort", onAbort);
      current.waiting -= 1;
      if (current.waiting === 0) {
        current.stop.abort();
        // Whoever comes now begins anew, and not before the other has ended.
        if (this.current === current) this.current = null;
      }
    }
  }

  private begin() {
    const stop = new AbortController();
    const before = this.ended;
    const done = before.then(() => this.work(stop.signal));
    this.ended = done.catch(() => undefined);
    return { done, stop, waiting: 0 };
  }

  private ended: Promise<void> = Promise.resolve();
}
