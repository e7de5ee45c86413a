import type { Clock, Timer } from "../ports/index.ts";
import type { ApartAttempt } from "./apart-code.ts";

// Code that comes to rest at all does so in far less; what it runs in may first have to start.
const LIMIT_MS = 10_000;

/** Waits for code that runs apart to react to what it was handed: for ever, or, once its task is to end, for 10 s. One waits at a time. */
export class Reaction {
  private readonly clock: Clock;
  private isToEnd = false;
  private hasGivenUp = false;
  private giveUpLater: (() => void) | null = null;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** The task is cancelled, or out of time. */
  toEnd(): void {
    if (this.isToEnd) return;
    this.isToEnd = true;
    this.giveUpLater?.();
  }

  /** False: it has not reacted, and nobody waits for it any more. */
  async of(code: ApartAttempt): Promise<boolean> {
    if (this.hasGivenUp) return false;
    if (code.isQuiet) {
      await code.quiet();
      return true;
    }
    let timer: Timer | undefined;
    const givenUp = new Promise<false>((resolve) => {
      const giveUp = (): void => {
        this.hasGivenUp = true;
        resolve(false);
      };
      this.giveUpLater = () => {
        timer ??= this.clock.after(LIMIT_MS, giveUp);
      };
      if (this.isToEnd) this.giveUpLater();
    });
    const hasReacted = await Promise.race([code.quiet().then(() => true), givenUp]);
    this.giveUpLater = null;
    timer?.cancel();
    return hasReacted;
  }
}
