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

/**
 * Answers that were made and are not taken by their clients yet. A client can ask for megabytes and not read them: what lies here for
 * it is bounded. An answer beside which nothing is pending is always taken, however large.
 */
export class PendingAnswers {
  private readonly limits: PendingAnswerLimits;
  /** Callers with something pending, so never more than there are answers. */
  private readonly perCaller = new Map<string, number>();
  private total = 0;

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
    const key = keyOf(scope);
    this.add(key, bytes);
    let isHeld = true;
    return () => {
      if (isHeld) this.add(key, -bytes);
      isHeld = false;
    };
  }

  private add(key: string, bytes: number): void {
    this.total += bytes;
    const left = (this.perCaller.get(key) ?? 0) + bytes;
    if (left === 0) this.perCaller.delete(key);
    else this.perCaller.set(key, left);
  }

  private assertFits(scope: CallerScope, bytes: number): void {
    const { max, maxPerCaller } = this.limits;
    const own = this.perCaller.get(keyOf(scope)) ?? 0;
    const isTooMuch = (pending: number, limit: number) => pending > 0 && pending + bytes > limit;
    const [who, limit] = isTooMuch(own, maxPerCaller)
      ? [scope.caller, maxPerCaller]
      : isTooMuch(this.total, max)
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
