import { PlatformError } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";

/** Questions that models are being asked, which are in memory until they have answered: in characters of JSON. */
export class QuestionRoom {
  private readonly max: number;
  private readonly maxPerCaller: number;
  /** Callers who ask something now. */
  private readonly perCaller = new Map<string, number>();
  private total = 0;

  constructor({ max, maxPerCaller }: { readonly max: number; readonly maxPerCaller: number }) {
    this.max = max;
    this.maxPerCaller = maxPerCaller;
  }

  /** Counts a question until what is returned is called. One beside which there is none is always taken. Throws OVERLOADED. */
  hold({ tenantId, caller }: CallerScope, size: number): () => void {
    const key = `${tenantId}\n${caller}`;
    const own = this.perCaller.get(key) ?? 0;
    if ((own > 0 && own + size > this.maxPerCaller) || (this.total > 0 && this.total + size > this.max))
      throw new PlatformError("OVERLOADED", "models are being asked as much as this node holds: ask again later", {
        retryAfterMs: 1000,
      });
    this.add(key, size);
    let isHeld = true;
    return () => {
      if (isHeld) this.add(key, -size);
      isHeld = false;
    };
  }

  private add(key: string, size: number): void {
    this.total += size;
    const left = (this.perCaller.get(key) ?? 0) + size;
    if (left === 0) this.perCaller.delete(key);
    else this.perCaller.set(key, left);
  }
}
