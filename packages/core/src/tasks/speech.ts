import type { Clock, TaskKey } from "../ports/index.ts";
import type { LogHub } from "./log-hub.ts";

// Each is a frame that is made and written: a bound on what words may take of a node, however fast models speak and however many listen.
const RINGS_PER_SECOND = 10_000;
// At once; a task with more readers has its words in the pieces of its log.
const MOST_RINGS = RINGS_PER_SECOND / 4;

/** Rings readers for what models say, as often as a node has the time: who is not rung sees it with the next word, or in the log. */
export class Speech {
  private readonly hub: Pick<LogHub, "spoke">;
  private readonly clock: Pick<Clock, "monotonic">;
  private left = MOST_RINGS;
  private countedAt: number;

  constructor(hub: Pick<LogHub, "spoke">, clock: Pick<Clock, "monotonic">) {
    this.hub = hub;
    this.clock = clock;
    this.countedAt = clock.monotonic();
  }

  spoke(key: TaskKey): void {
    const now = this.clock.monotonic();
    this.left = Math.min(MOST_RINGS, this.left + ((now - this.countedAt) / 1000) * RINGS_PER_SECOND);
    this.countedAt = now;
    this.left -= this.hub.spoke(key, this.left);
  }
}
