/**
 * How many notifications are under way at once. A lane is one host as one tenant knows it: a host that answers slowly holds up
 * itself, a tenant itself.
 */

export interface LaneLimits {
  /** On this node. */
  readonly all: number;
  readonly perTenant: number;
  readonly perLane: number;
}

interface Lane {
  readonly tenantId: string;
  readonly waiting: (() => Promise<void>)[];
  running: number;
}

export class DeliveryLanes {
  private readonly limits: LaneLimits;
  private readonly lanes = new Map<string, Lane>();
  private readonly tenants = new Map<string, number>();
  private readonly running = new Set<Promise<void>>();

  constructor(limits: LaneLimits) {
    this.limits = limits;
  }

  /** Runs `job`, which never rejects, as soon as there is room; those of a lane in their order. */
  add(tenantId: string, host: string, job: () => Promise<void>): void {
    const name = `${tenantId}\n${host}`;
    const lane = this.lanes.get(name) ?? { tenantId, waiting: [], running: 0 };
    this.lanes.set(name, lane);
    lane.waiting.push(job);
    this.fill();
  }

  /** Forgets what has not begun. */
  clear(): void {
    for (const [name, lane] of this.lanes) {
      lane.waiting.length = 0;
      if (lane.running === 0) this.lanes.delete(name);
    }
  }

  /** Resolves when nothing is under way any more. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running);
  }

  private fill(): void {
    for (const [name, lane] of this.lanes) {
      if (this.running.size >= this.limits.all) return;
      if (lane.running >= this.limits.perLane || this.of(lane.tenantId) >= this.limits.perTenant) continue;
      const job = lane.waiting.shift();
      if (job === undefined) continue;
      // Behind the others, whose turn it is next.
      this.lanes.delete(name);
      this.lanes.set(name, lane);
      this.begin(name, lane, job);
    }
  }

  private begin(name: string, lane: Lane, job: () => Promise<void>): void {
    this.count(lane, 1);
    const run = job().finally(() => {
      this.running.delete(run);
      this.count(lane, -1);
      if (lane.running === 0 && lane.waiting.length === 0 && this.lanes.get(name) === lane) this.lanes.delete(name);
      this.fill();
    });
    this.running.add(run);
  }

  private count(lane: Lane, by: 1 | -1): void {
    lane.running += by;
    const tenant = this.of(lane.tenantId) + by;
    if (tenant === 0) this.tenants.delete(lane.tenantId);
    else this.tenants.set(lane.tenantId, tenant);
  }

  private of(tenantId: string): number {
    return this.tenants.get(tenantId) ?? 0;
  }
}
