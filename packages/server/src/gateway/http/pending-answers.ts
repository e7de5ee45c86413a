import { PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";

export interface PendingAnswerLimits {
  /** In bytes, of the node. */
  readonly max: number;
  /** Below `max`, so that one caller cannot take all there is from the others. */
  readonly maxPerCaller: number;
}

/** Smaller answers lie in the buffers that a connection has anyhow, and connections are bounded. */
export const SMALLEST_COUNTED = 16 * 1024;

// Of what they read nothing is counted yet, so that much may go beyond the bounds. As many as take turns to read pages and whole logs: who has
// a turn hardly ever waits for this too.
const MAX_READS = 16;

/**
 * Answers that were made and are not taken by their clients yet. A client can ask for megabytes and not read them: what lies here for
 * it is bounded. An answer beside which nothing is pending is always taken, however large.
 */
export class PendingAnswers {
  private readonly limits: PendingAnswerLimits;
  /** Callers with something pending, so never more than there are answers. */
  private readonly perCaller = new Map<string, number>();
  /** Who waits for room, by caller; the first caller who has room is the next. As many as there are streams. */
  private readonly waiting = new Map<string, Set<() => void>>();
  private total = 0;
  /** That have begun and are not counted yet. */
  private reads = 0;

  constructor(limits: PendingAnswerLimits) {
    this.limits = limits;
  }

  get bytes(): number {
    return this.total;
  }

  /** Counts an answer until what is returned is called. Throws OVERLOADED. */
  hold(scope: CallerScope, bytes: number): () => void {
    if (bytes < SMALLEST_COUNTED) return nothing;
    this.assertFits(scope, bytes);
    return this.count(scope, bytes);
  }

  /** Counts what is there, also beyond the bounds: for who asked for room before it was made. */
  count(scope: CallerScope, bytes: number): () => void {
    if (bytes < SMALLEST_COUNTED) return nothing;
    const key = keyOf(scope);
    this.add(key, bytes);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.add(key, -bytes);
      this.passOn();
    };
  }

  /** Whether a read may begin, of whatever size; it is to be ended once what was read is counted. */
  beginRead(scope: CallerScope): boolean {
    if (!this.hasRoomFor(keyOf(scope))) return false;
    this.reads += 1;
    return true;
  }

  endRead(): void {
    this.reads -= 1;
    this.passOn();
  }

  /** For what waits for room once it has begun: before it begins. Throws OVERLOADED. */
  assertRoom(scope: CallerScope): void {
    this.assertBelow(scope, (pending, limit) => pending < limit);
  }

  /**
   * Rings once, when there is room: at once, with null for an answer, or later, unless what is returned is called before. Whoever was rung and
   * reads nothing calls `passOn`.
   */
  whenRoom(scope: CallerScope, ring: () => void): (() => void) | null {
    const key = keyOf(scope);
    if (this.hasRoomFor(key)) {
      ring();
      return null;
    }
    const line = this.waiting.get(key) ?? new Set();
    this.waiting.set(key, line.add(ring));
    return () => {
      if (line.delete(ring) && line.size === 0) this.waiting.delete(key);
    };
  }

  /** Rings the next who waits and has room, callers in turn: one for each release, and one for each read that has ended. */
  passOn(): void {
    for (const [key, line] of this.waiting) {
      if (!this.hasRoomFor(key)) continue;
      const [ring] = line;
      this.waiting.delete(key);
      if (ring === undefined) continue;
      line.delete(ring);
      if (line.size > 0) this.waiting.set(key, line);
      return ring();
    }
  }

  private add(key: string, bytes: number): void {
    this.total += bytes;
    const left = (this.perCaller.get(key) ?? 0) + bytes;
    if (left === 0) this.perCaller.delete(key);
    else this.perCaller.set(key, left);
  }

  private hasRoomFor(key: string): boolean {
    return (
      this.reads < MAX_READS &&
      this.total < this.limits.max &&
      (this.perCaller.get(key) ?? 0) < this.limits.maxPerCaller
    );
  }

  private assertFits(scope: CallerScope, bytes: number): void {
    this.assertBelow(scope, (pending, limit) => pending === 0 || pending + bytes <= limit);
  }

  /** Throws OVERLOADED where `fits` says no of what is pending. */
  private assertBelow(scope: CallerScope, fits: (pending: number, limit: number) => boolean): void {
    const { max, maxPerCaller } = this.limits;
    const [who, limit] = !fits(this.perCaller.get(keyOf(scope)) ?? 0, maxPerCaller)
      ? [scope.caller, maxPerCaller]
      : !fits(this.total, max)
        ? ["this node", max]
        : [null, 0];
    if (who === null) return;
    throw new PlatformError(
      "OVERLOADED",
      `answers for ${who} lie here that their clients have not read, and no more than ${limit} bytes may: read them, and ask again`,
      { retryAfterMs: 1000 },
    );
  }
}

const nothing = (): void => {};

// Neither part can hold a line break.
const keyOf = ({ tenantId, caller }: CallerScope): string => `${tenantId}\n${caller}`;
