/**
 * Which due tasks run next: tenants in turn, then by due time less a minute for each level of priority. Waiting tasks are
 * looked up by (tenant, agent, priority) along an index, so that a long queue of one agent, or of an agent without a free
 * slot, costs nothing here.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type ClaimRequest, PRIORITY_STEP_MS } from "@agentcore/core/ports";
import type { StoredHead } from "./heads.ts";

const NEXT_QUEUE = `select tenant_id, agent from heads where leased = 0 and due_at is not null and (tenant_id, agent) > (?, ?)
  order by tenant_id, agent limit 1`;
const OPEN_STATES = "('submitted', 'working', 'input-required', 'auth-required', 'parked')";
const WAITING = `select id, due_at - priority * ${PRIORITY_STEP_MS} as urgency from heads where leased = 0 and due_at is not null
  and tenant_id = ? and agent = ? and priority = ? and due_at <= ?
  and (exclusive = 0 or not exists (
    select 1 from heads older where older.tenant_id = heads.tenant_id and older.agent = heads.agent
      and older.context_id = heads.context_id and older.id < heads.id and older.exclusive = 1 and older.state in ${OPEN_STATES}))
  order by due_at, id limit ?`;
const EXPIRED = `select id from heads where state = 'submitted' and leased = 0 and deadline is not null and deadline <= ? order by deadline limit ?`;
const CANCELED = `select h.id from mailbox m cross join heads h on h.id = m.task
  where m.kind = 'cancel' and m.consumed = 0 and h.state = 'submitted' and h.leased = 0 limit ?`;
const LEASE = "update heads set leased = 1, token = token + 1, attempts = attempts + 1 where id = ? returning *";

const PRIORITY_RANKS = [3, 2, 1, 0] as const;

interface Waiting {
  readonly id: number;
  /** Smaller is sooner. */
  readonly urgency: number;
}

export class Claims {
  private readonly nextQueue: StatementSync;
  private readonly selectWaiting: StatementSync;
  private readonly selectExpired: StatementSync;
  private readonly selectCanceled: StatementSync;
  private readonly leaseHead: StatementSync;
  private lastTenant = "";

  constructor(database: DatabaseSync) {
    this.nextQueue = database.prepare(NEXT_QUEUE);
    this.selectWaiting = database.prepare(WAITING);
    this.selectExpired = database.prepare(EXPIRED);
    this.selectCanceled = database.prepare(CANCELED);
    this.leaseHead = database.prepare(LEASE);
  }

  /** Leases up to `limit` tasks and returns their heads, most urgent first within a tenant. */
  claim(request: ClaimRequest): StoredHead[] {
    const { limit } = request;
    const claimed = this.toEnd(request).map((id) => this.lease(id));
    const waiting = this.waiting(request);
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
        claimed.push(this.lease(next.id));
        this.lastTenant = tenantId;
      }
    }
    return claimed;
  }

  private lease(id: number): StoredHead {
    return this.leaseHead.get(id) as unknown as StoredHead;
  }

  /** Tasks that have not begun, and need not: canceled, or too late. */
  private toEnd({ limit, now }: ClaimRequest): number[] {
    const rows = [...this.selectExpired.all(now, limit), ...this.selectCanceled.all(limit)];
    return [...new Set(rows.map((row) => Number(row["id"])))].slice(0, limit);
  }

  /** By tenant in alphabetical order, the most urgent of each agent, as many as it has slots. */
  private waiting({ limit, now, slots, otherSlots = limit }: ClaimRequest): Map<string, Waiting[]> {
    const byTenant = new Map<string, Waiting[]>();
    let queue = this.nextQueue.get("", "");
    while (queue !== undefined) {
      const tenantId = String(queue["tenant_id"]);
      const agent = String(queue["agent"]);
      const free = Math.min(limit, slots?.get(`${tenantId}/${agent}`) ?? otherSlots);
      const found = free > 0 ? this.mostUrgent(tenantId, agent, now, free) : [];
      if (found.length > 0) byTenant.set(tenantId, [...(byTenant.get(tenantId) ?? []), ...found]);
      queue = this.nextQueue.get(tenantId, agent);
    }
    for (const rows of byTenant.values()) rows.sort(bySooner);
    return byTenant;
  }

  private mostUrgent(tenantId: string, agent: string, now: number, limit: number): Waiting[] {
    const rows = PRIORITY_RANKS.flatMap(
      (priority) => this.selectWaiting.all(tenantId, agent, priority, now, limit) as unknown as Waiting[],
    );
    return rows.sort(bySooner).slice(0, limit);
  }
}

const bySooner = (left: Waiting, right: Waiting): number => left.urgency - right.urgency || left.id - right.id;
