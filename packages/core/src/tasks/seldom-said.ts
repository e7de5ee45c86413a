import type { Clock } from "../ports/index.ts";

const PAUSE_MS = 60_000;
const MAX_KEPT = 1_000;

/** Says of each thing once a minute what may be so a thousand times. */
export class SeldomSaid {
  private readonly clock: Pick<Clock, "monotonic">;
  private readonly saidAt = new Map<string, number>();

  constructor(clock: Pick<Clock, "monotonic">) {
    this.clock = clock;
  }

  say(what: string, speak: () => void): void {
    const now = this.clock.monotonic();
    if (now - (this.saidAt.get(what) ?? Number.NEGATIVE_INFINITY) < PAUSE_MS) return;
    if (this.saidAt.size >= MAX_KEPT) this.saidAt.clear();
    this.saidAt.set(what, now);
    speak();
  }
}
