/**
 * Keeps the leases of this process alive, and stops work before others may take it.
 *
 * States:  held → (no renewal for two thirds of the lease, or it is known to be another's) → lost → (a renewal) → held
 * Safety comes from the fencing token alone (I1): a process that is late here commits nothing. Stopping early only keeps
 * effects from being run twice. A store that nobody shares says so once, and the keeper rests.
 */
import { PlatformError } from "@agentcore/contract";
import type { Timer } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { Trouble } from "./trouble.ts";

// Two tries may fail before the work is stopped at two thirds.
const RENEW_SHARE = 1 / 4;
// With each renewal goes a look for processes that are lost, whose tasks go on within the lease and two seconds, and for mail.
const MAX_RENEW_MS = 1_500;
const STOP_SHARE = 2 / 3;
const RETRY_MS = 500;
// A node whose database comes back, or whose name is free again, goes on within this.
const MAX_RETRY_MS = 5_000;

export class LeaseKeeper {
  private readonly engine: TaskEngine;
  private readonly failing: Trouble;
  private next: Timer | null = null;
  private guard: Timer | null = null;
  private isStopped = true;
  private isDropped = false;
  private retryMs = RETRY_MS;
  private asking: Promise<void> | null = null;
  /** By the monotonic clock. */
  private heldUntil = Number.POSITIVE_INFINITY;
  private waiting: (() => void)[] = [];
  /** Another number after every loss: what was read of a task under an earlier one may be old. */
  term = 1;
  private reclaiming: Promise<void> | null = null;

  constructor(engine: TaskEngine) {
    this.engine = engine;
    this.failing = new Trouble(engine.senses.logger, "cannot renew the lease");
  }

  /** Why the lease was not renewed when that was last due, or null. */
  get trouble(): PlatformError | null {
    return this.failing.current;
  }

  /** What this process held may be another's by now: it has dropped it, and asks for nothing. */
  get isLost(): boolean {
    return this.isDropped;
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
      .catch((error: unknown) => this.fail(PlatformError.from(error)))
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
    this.hold();
    this.heldUntil = askedAt + validForMs * STOP_SHARE;
    for (const begin of this.waiting.splice(0)) this.whenFresh(begin);
    if (validForMs === Number.POSITIVE_INFINITY) return;
    this.guard?.cancel();
    const left = this.heldUntil - senses.clock.monotonic();
    this.guard = senses.clock.after(Math.max(0, left), () => this.expire(Math.round(validForMs * STOP_SHARE)));
    this.again(Math.min(MAX_RENEW_MS, validForMs * RENEW_SHARE));
    this.look();
  }

  /**
   * What other processes left undone or unsaid: frees what lost ones held, reads mail that no hint told of. Apart from the renewals,
   * which a slow store must not keep waiting for it.
   */
  private look(): void {
    const { store, senses, claims, relay, mail } = this.engine;
    mail.look();
    // A process may have died before it took the events that it committed: nobody else is told of those.
    relay.wake();
    this.reclaiming ??= store
      .reclaim()
      .then(
        (freed) => {
          if (freed === 0) return;
          senses.logger.log("warn", `${freed} tasks and events of lost nodes are free`);
          claims.wake();
          relay.wake();
        },
        // The next renewal asks again, and says what is wrong.
        () => undefined,
      )
      .finally(() => {
        this.reclaiming = null;
      });
  }

  private hold(): void {
    const wasDropped = this.isDropped;
    this.isDropped = false;
    this.retryMs = RETRY_MS;
    if (this.trouble !== null) this.engine.commits.lookAgain();
    this.failing.end();
    // The store may hold leases for us that nothing in memory answers to: taken with the new lease before the old one's
    // tasks were dropped, or dropped early and never lost.
    if (wasDropped) this.engine.claims.doubt();
  }

  private fail(error: PlatformError): void {
    this.failing.begin(error);
    // The store has said no: what ran here is another's already.
    if (error.code !== "STORE_UNAVAILABLE") this.drop(error.message);
    this.again(this.retryMs);
    this.retryMs = Math.min(MAX_RETRY_MS, this.retryMs * 2);
  }

  /** The store has not answered for so long that others may soon take what runs here. */
  private expire(silentMs: number): void {
    const reason = `the lease was not renewed for ${silentMs} ms`;
    // A store that hangs has not even failed yet.
    if (this.trouble === null) this.failing.begin(new PlatformError("STORE_UNAVAILABLE", reason));
    this.drop(reason);
  }

  private drop(reason: string): void {
    this.isDropped = true;
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
