/**
 * Keeps the leases of this process alive, and stops work before others may take it.
 *
 * States:  held → (no renewal for two thirds of the lease) → stopped → (a renewal) → held
 * Safety comes from the fencing token alone (I1): a process that is late here commits nothing. Stopping early only keeps
 * effects from being run twice. A store that nobody shares says so once, and the keeper rests.
 */
import { PlatformError } from "@agentcore/contract";
import type { Timer } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";

// Two tries may fail before the work is stopped at two thirds.
const RENEW_SHARE = 1 / 4;
const STOP_SHARE = 2 / 3;
const RETRY_MS = 500;

export class LeaseKeeper {
  private readonly engine: TaskEngine;
  private next: Timer | null = null;
  private guard: Timer | null = null;
  private isStopped = true;
  private hasDropped = false;
  private asking: Promise<void> | null = null;
  /** By the monotonic clock. */
  private heldUntil = Number.POSITIVE_INFINITY;
  private waiting: (() => void)[] = [];
  /** Another number after every loss: what was read of a task under an earlier one may be old. */
  term = 1;

  constructor(engine: TaskEngine) {
    this.engine = engine;
  }

  /**
   * Begins an effect, if the lease is fresh; otherwise when it has been renewed, and never when it was lost. A process that
   * stood still would else begin what others have done meanwhile before its own timers tell it.
   */
  whenFresh(begin: () => void): void {
    if (this.engine.senses.clock.monotonic() < this.heldUntil) begin();
    else this.waiting.push(begin);
  }

  /** Resolves after the first renewal. Throws what the store throws. */
  async start(): Promise<void> {
    this.isStopped = false;
    await this.ask();
  }

  stop(): void {
    this.isStopped = true;
    this.next?.cancel();
    this.guard?.cancel();
  }

  /** Somebody was told that the lease is lost: looked at now instead of at the next renewal. */
  check(): void {
    if (this.isStopped) return;
    this.asking ??= this.ask()
      .catch((error: unknown) => {
        const { code, message } = PlatformError.from(error);
        this.engine.senses.logger.log("error", `cannot renew the lease: ${message}`, { code });
        this.again(RETRY_MS);
      })
      .finally(() => {
        this.asking = null;
      });
  }

  private async ask(): Promise<void> {
    const { store, senses } = this.engine;
    const askedAt = senses.clock.monotonic();
    const { validForMs, isNew } = await store.renew();
    if (this.isStopped) return;
    if (isNew) this.drop("another process may have taken the tasks of this one");
    // The store may hold leases for us that nothing in memory answers to: taken with the new lease before the old one's
    // tasks were dropped, or dropped early and never lost.
    if (this.hasDropped) this.engine.claims.doubt();
    this.hasDropped = false;
    this.heldUntil = askedAt + validForMs * STOP_SHARE;
    for (const begin of this.waiting.splice(0)) this.whenFresh(begin);
    if (validForMs === Number.POSITIVE_INFINITY) return;
    this.guard?.cancel();
    const left = this.heldUntil - senses.clock.monotonic();
    this.guard = senses.clock.after(Math.max(0, left), () =>
      this.drop(`the lease was not renewed for ${Math.round(validForMs * STOP_SHARE)} ms`),
    );
    this.again(validForMs * RENEW_SHARE);
    const freed = await store.reclaim();
    if (freed > 0) {
      senses.logger.log("warn", `${freed} tasks and events of lost nodes are free`);
      this.engine.claims.wake();
    }
    // A process may have died before it took the events that it committed: nobody else is told of those.
    this.engine.relay.wake();
  }

  private drop(reason: string): void {
    this.hasDropped = true;
    this.term += 1;
    this.waiting = [];
    this.engine.dropAll(reason);
  }

  private again(delayMs: number): void {
    if (this.isStopped) return;
    this.next?.cancel();
    this.next = this.engine.senses.clock.after(delayMs, () => this.check());
  }
}
