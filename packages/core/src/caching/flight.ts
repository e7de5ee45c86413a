/**
 * One question that several ask at once, and that is answered once. It goes on while anybody waits for it, whoever began it: who stops waiting
 * leaves, and when the last has left, the work is aborted. Each who joins brings a way to ask of its own (a budget, a deadline), used only when it is its turn.
 */
import { PlatformError } from "@agentcore/contract";

export type FlightEnd<Produced, Shared> =
  /** Goes to exactly one: what comes with it, such as what it cost, is to be written once. */
  | { readonly kind: "produced"; readonly value: Produced }
  | { readonly kind: "shared"; readonly value: Shared }
  /** What came may not be given to others: each asks for itself. */
  | { readonly kind: "alone" };

interface Waiter<Produced, Shared> {
  readonly produce: (signal: AbortSignal) => Promise<Produced>;
  end(result: FlightEnd<Produced, Shared>): void;
  fail(error: unknown): void;
}

export interface FlightPlan<Produced, Shared> {
  /** What is known already, or null. Must not reject. */
  readonly lookUp: (signal: AbortSignal) => Promise<Shared | null>;
  /** Keeps what was produced; null when it may not be given to others. */
  readonly keep: (produced: Produced) => Shared | null;
  /** Called once, when nothing was found or produced that is kept. */
  readonly abandon: () => void;
  /** Called before those who wait are told: whoever asks from then on finds what was kept, or begins anew. */
  readonly onEnd: () => void;
}

/**
 * What stands with whoever asked: another who asks the same may be answered. All else is of the model, and the same for all. CONFIG_INVALID is said of a model
 * without a price too, by a budget of money that stands on the asker.
 */
const OF_THE_ASKER: ReadonlySet<string> = new Set([
  ...["BUDGET_EXCEEDED", "CANCELED", "CONFIG_INVALID", "DEADLINE_EXCEEDED", "LEASE_LOST", "PERMISSION_DENIED"],
]);

const marked = new WeakSet<PlatformError>();

/** The error, which has to be this call's own, marked as one that stands with whoever asked. */
export const ofTheAsker = (error: PlatformError): PlatformError => {
  marked.add(error);
  return error;
};

const isOfTheAsker = (error: unknown): error is PlatformError =>
  PlatformError.is(error) && (OF_THE_ASKER.has(error.code) || marked.has(error));

export class Flight<Produced, Shared> {
  private readonly waiters = new Set<Waiter<Produced, Shared>>();
  private readonly controller = new AbortController();
  private readonly plan: FlightPlan<Produced, Shared>;
  private hasEnded = false;
  private hasBegun = false;

  constructor(plan: FlightPlan<Produced, Shared>) {
    this.plan = plan;
  }

  get size(): number {
    return this.waiters.size;
  }

  /** False when it is over, or nobody waits any more. */
  get isOpen(): boolean {
    return !this.hasEnded && !this.controller.signal.aborted;
  }

  /** Rejects with the signal's reason when it aborts. */
  join(produce: (signal: AbortSignal) => Promise<Produced>, signal: AbortSignal): Promise<FlightEnd<Produced, Shared>> {
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        signal.removeEventListener("abort", leave);
        this.waiters.delete(waiter);
        const reason = reasonOf(signal);
        reject(reason);
        if (this.waiters.size === 0 && this.isOpen) {
          this.controller.abort(reason);
          this.end();
        }
      };
      const done = (): void => {
        signal.removeEventListener("abort", leave);
        this.waiters.delete(waiter);
      };
      const waiter: Waiter<Produced, Shared> = {
        produce,
        end: (result) => {
          done();
          resolve(result);
        },
        fail: (error) => {
          done();
          reject(error);
        },
      };
      this.waiters.add(waiter);
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave, { once: true });
      if (!this.hasBegun) {
        this.hasBegun = true;
        void this.run();
      }
    });
  }

  private async run(): Promise<void> {
    try {
      const known = await this.plan.lookUp(this.controller.signal);
      if (known === null) await this.ask();
      else this.finish((waiter) => waiter.end({ kind: "shared", value: known }));
    } catch (error) {
      this.plan.abandon();
      this.finish((waiter) => waiter.fail(error));
    }
  }

  private async ask(): Promise<void> {
    for (let asker = this.first(); asker !== undefined; asker = this.first()) {
      let produced: Produced;
      try {
        produced = await asker.produce(this.controller.signal);
      } catch (error) {
        if (!isOfTheAsker(error)) throw error;
        asker.fail(error);
        continue;
      }
      const kept = this.plan.keep(produced);
      if (kept === null) this.plan.abandon();
      const taker = this.waiters.has(asker) ? asker : this.first();
      this.finish((waiter) => {
        if (waiter === taker) waiter.end({ kind: "produced", value: produced });
        else waiter.end(kept === null ? { kind: "alone" } : { kind: "shared", value: kept });
      });
      return;
    }
    this.plan.abandon();
    this.end();
  }

  private first(): Waiter<Produced, Shared> | undefined {
    return this.waiters.values().next().value;
  }

  private finish(tell: (waiter: Waiter<Produced, Shared>) => void): void {
    this.end();
    for (const waiter of [...this.waiters]) tell(waiter);
  }

  private end(): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.plan.onEnd();
  }
}

export const reasonOf = (signal: AbortSignal): unknown =>
  signal.reason instanceof Error ? signal.reason : new PlatformError("CANCELED", "the caller stopped waiting");
