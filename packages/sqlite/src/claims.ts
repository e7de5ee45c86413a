/**
 * Which due tasks run next: tenants in turn, then priority, then due time. Waiting tasks are looked up by (tenant, agent,
 * priority) along an index, so that a long queue of one agent, or of an agent without a free slot, costs nothing here.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { StoredHead } from "./heads.ts";

const NEXT_QUEUE = `select tenant_id, agent from heads where leased = 0 and due_at is not null and (tenant_id, agent) > (?, ?)
  order by tenant_id, agent limit 1`;
const WAITING = `select id, priority, due_at from heads where leased = 0 and due_at is not null
  and tenant_id = ? and agent = ? and priority = ? and due_at <= ? order by due_at, id limit ?`;
const LEASE = "update heads set leased = 1, token = token + 1, attempts = attempts + 1 where id = ? returning *";

const PRIORITY_RANKS = [3, 2, 1, 0] as const;

interface Waiting {
  readonly id: number;
  readonly priority: number;
  readonly due_at: number;
}

export class Claims {
  private readonly nextQueue: StatementSync;
  private readonly selectWaiting: StatementSync;
  private readonly leaseHead: StatementSync;
  private lastTenant = "";

  constructor(database: DatabaseSync) {
    this.nextQueue = database.prepare(NEXT_QUEUE);
    this.selectWaiting = database.prepare(WAITING);
    this.leaseHead = database.prepare(LEASE);
  }

  /** Leases up to `limit` tasks and returns their heads, most urgent first within a tenant. */
  claim(limit: number, now: number, except: readonly string[]): StoredHead[] {
    const waiting = this.waiting(limit, now, new Set(except));
    const claimed: StoredHead[] = [];
    while (claimed.length < limit && waiting.size > 0) {
      const tenants = [...waiting.keys()];
      const turn = [
        ...tenants.filter((tenantId) => tenantId > this.lastTenant),
        ...tenants.filter((tenantId) => tenantId <= this.lastTenant),
      ];
      for (const tenantId of turn.slice(0, limit - claimed.length)) {
        const queue = waiting.get(tenantId) ?? [];
        const next = queue.shift();
        if (queue.length === 0) waiting.delete(tenantId);
        if (next === undefined) continue;
        claimed.push(this.leaseHead.get(next.id) as unknown as StoredHead);
        this.lastTenant = tenantId;
      }
    }
    return claimed;
  }

  /** By tenant in alphabetical order, the most urgent `limit` of each. */
  private waiting(limit: number, now: number, except: ReadonlySet<string>): Map<string, Waiting[]> {
    const byTenant = new Map<string, Waiting[]>();
    let queue = this.nextQueue.get("", "");
    while (queue !== undefined) {
      const tenantId = String(queue["tenant_id"]);
      const agent = String(queue["agent"]);
      if (!except.has(`${tenantId}/${agent}`)) {
        const found = this.mostUrgent(tenantId, agent, now, limit);
        if (found.length > 0) byTenant.set(tenantId, [...(byTenant.get(tenantId) ?? []), ...found]);
      }
      queue = this.nextQueue.get(tenantId, agent);
    }
    for (const rows of byTenant.values())
      rows.sort((left, right) => right.priority - left.priority || left.due_at - right.due_at || left.id - right.id);
    return byTenant;
  }

  private mostUrgent(tenantId: string, agent: string, now: number, limit: number): Waiting[] {
    const rows: Waiting[] = [];
    for (const priority of PRIORITY_RANKS) {
      if (rows.length >= limit) break;
      rows.push(
        ...(this.selectWaiting.all(tenantId, agent, priority, now, limit - rows.length) as unknown as Waiting[]),
      );
    }
    return rows;
  }
}
