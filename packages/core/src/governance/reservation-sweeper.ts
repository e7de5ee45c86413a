import { PlatformError } from "@agentcore/contract";
import type { Clock, Ledger, Logger, Timer } from "../ports/index.ts";

// As long as reservations outlive the time limit of their calls: what a call held is spent or free twenty seconds after that at the latest.
const SWEEP_MS = 10_000;
const AT_ONCE = 1_000;

/** Settles reservations that nobody has settled in time, of all tenants. Every node does; each is settled once. */
export class ReservationSweeper {
  private readonly parts: {
    readonly store: Pick<Ledger, "expireReservations">;
    readonly clock: Clock;
    readonly logger: Logger;
  };
  private timer: Timer | null = null;
  private sweeping: Promise<void> = Promise.resolve();
  private isRunning = false;

  constructor(parts: ReservationSweeper["parts"]) {
    this.parts = parts;
  }

  start(): void {
    this.isRunning = true;
    this.sweeping = this.sweep();
  }

  /** Resolves when what is under way has been written. */
  async close(): Promise<void> {
    this.isRunning = false;
    this.timer?.cancel();
    await this.sweeping;
  }

  private async sweep(): Promise<void> {
    const { store, clock, logger } = this.parts;
    try {
      for (let expired = AT_ONCE; expired === AT_ONCE && this.isRunning; ) {
        expired = await store.expireReservations(clock.now(), AT_ONCE);
        if (expired > 0)
          logger.log(
            "warn",
            `${expired} model calls were never settled, and count with the most that they may have cost`,
          );
      }
    } catch (error) {
      logger.log("warn", `reservations of budgets were not swept: ${PlatformError.from(error).message}`);
    }
    if (this.isRunning)
      this.timer = clock.after(SWEEP_MS, () => {
        this.sweeping = this.sweep();
      });
  }
}
