import type { Clock } from "../ports/index.ts";

const MAX_AT_ONCE = 4;

/** Work that nobody waits for: some of it at once, a bounded number waiting. It begins after what whoever asked writes after its turn. */
export class WriteQueue {
  private readonly clock: Pick<Clock, "turn">;
  private readonly maxWaiting: number;
  private readonly onFailure: (error: unknown) => void;
  private readonly waiting: (() => Promise<void>)[] = [];
  private isClosed = false;
  private readonly running = new Set<Promise<void>>();

  constructor(
    clock: Pick<Clock, "turn">,
    options: { readonly maxWaiting: number; readonly onFailure: (error: unknown) => void },
  ) {
    this.clock = clock;
    this.maxWaiting = options.maxWaiting;
    this.onFailure = options.onFailure;
  }

  /** False when too much waits, or it is closed: the work is left out. */
  add(work: () => Promise<void>): boolean {
    if (this.isClosed || this.waiting.length >= this.maxWaiting) return false;
    this.waiting.push(work);
    if (this.running.size < MAX_AT_ONCE) this.start();
    return true;
  }

  /** When all that was added is done; nothing is taken from then on. */
  async close(): Promise<void> {
    this.isClosed = true;
    await this.flush();
  }

  /** When all that was added so far is done. */
  async flush(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private start(): void {
    const run = this.run().finally(() => this.running.delete(run));
    this.running.add(run);
  }

  private async run(): Promise<void> {
    // Who asked goes on in the first, at whose end the answer is committed: a store that writes one after another would let it wait for this.
    await this.clock.turn();
    await this.clock.turn();
    for (let work = this.waiting.shift(); work !== undefined; work = this.waiting.shift()) {
      try {
        await work();
      } catch (error) {
        this.onFailure(error);
      }
    }
  }
}
