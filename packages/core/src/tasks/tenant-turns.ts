import { PlatformError } from "@agentcore/contract";

export interface TurnBounds {
  /** In words, for who is refused: "logs being read". */
  readonly what: string;
  /** Work that goes on at once. */
  readonly places: number;
  /** Of one tenant; one more is refused. */
  readonly maxWaiting: number;
}

/** A few places for work that takes memory. Who waits for one waits with their tenant, and tenants take turns. */
export class TenantTurns {
  private readonly bounds: TurnBounds;
  /** Tenants of whom somebody waits; the first is the next. */
  private readonly waiting = new Map<string, (() => void)[]>();
  private taken = 0;

  constructor(bounds: TurnBounds) {
    this.bounds = bounds;
  }

  /** Throws OVERLOADED when as much waits for the tenant as may. */
  async run<Result>(tenantId: string, work: () => Promise<Result>): Promise<Result> {
    if (this.taken < this.bounds.places) this.taken += 1;
    else await this.wait(tenantId);
    try {
      return await work();
    } finally {
      this.passOn();
    }
  }

  private wait(tenantId: string): Promise<void> {
    const line = this.waiting.get(tenantId) ?? [];
    const { maxWaiting, what } = this.bounds;
    if (line.length >= maxWaiting)
      throw new PlatformError("OVERLOADED", `${maxWaiting} of your calls wait behind ${what}`, { retryAfterMs: 1000 });
    this.waiting.set(tenantId, line);
    return new Promise((resolve) => line.push(resolve));
  }

  /** A place that is passed on stays taken. */
  private passOn(): void {
    const [next] = this.waiting;
    if (next === undefined) {
      this.taken -= 1;
      return;
    }
    const [tenantId, line] = next;
    this.waiting.delete(tenantId);
    const [resolve, ...rest] = line;
    if (rest.length > 0) this.waiting.set(tenantId, rest);
    resolve?.();
  }
}
