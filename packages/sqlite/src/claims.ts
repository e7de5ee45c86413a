/**
 * Which due tasks run next: tenants by their turns, then by due time less a minute for each level of priority. Waiting tasks are
 * looked up by (tenant, agent, priority) along an index, so that a long queue of one agent, or of an agent without a free
 * slot, costs nothing here.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type ClaimRequest, PRIORITY_STEP_MS } from "@agentcore/core/ports";
import { takeInTurn } from "@agentcore/core/storage";
import type { StoredHead } from "./heads.ts";

const NEXT_QUEUE = `select tenant_id, agent from heads where leased = 0 and due_at is not null and (tenant_id, agent) > (?, ?)
  order by tenant_id, agent limit 1`;
const OPEN_STATES = "('submitted', 'working', 'input-required', 'auth-required', 'parked')";
const WAITING = `select id, due_at - priority * ${PRIORITY_STEP_MS} as urgency from heads where leased = 0 and due_at is not null
  and tenant_id = ? and agent = ? and priority = ? and due_at <= ?
  and (exclusive = 0 or not exists (
    select 1 from heads older where older.tenant_id = heads.tenant_id and older.agent = heads.agent
      and older.context_id = heads.context_id and older.caller = heads.caller and older.id < heads.id and older.exclusive = 1 and older.state in ${OPEN_STATES}))
  order by due_at, id limit ?`;
const EXPIRED = `select id from heads where state = 'submitted' and leased = 0 and deadline is not null and deadline <= ? order by deadline limit ?`;
const CANCELED = `select h.id from mailbox m cross join heads h on h.id = m.task
  where m.kind = 'cancel' and m.consumed = 0 and h.state in ('submitted', 'parked') and h.leased = 0 limit ?`;
const LEASE = "update heads set leased = 1, token = token + 1, attempts = attempts + 1 where id = ? returning *";

const COUNT_OF_TENANT = "select count(*) as leased from heads where tenant_id = ? and leased = 1";
const COUNT_OF_AGENT = "select count(*) as leased from heads where tenant_id = ? and agent = ? and leased = 1";

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
  private readonly countOfTenant: StatementSync;
  private readonly countOfAgent: StatementSync;

  constructor(database: DatabaseSync) {
    this.nextQueue = database.prepare(NEXT_QUEUE);
    this.selectWaiting = database.prepare(WAITING);
    this.selectExpired = database.prepare(EXPIRED);
    this.selectCanceled = database.prepare(CANCELED);
    this.leaseHead = database.prepare(LEASE);
    this.countOfTenant = database.prepare(COUNT_OF_TENANT);
    this.countOfAgent = database.prepare(COUNT_OF_AGENT);
  }

  /** Leases up to `limit` tasks and returns their heads, those to end first, then by turn. */
  claim(request: ClaimRequest): StoredHead[] {
    const ending = this.toEnd(request).map((id) => this.lease(id));
    const waiting = takeInTurn(this.waiting(request), request, request.limit - ending.length);
    return [...ending, ...waiting.map(({ id }) => this.lease(id))];
  }

  private lease(id: number): StoredHead {
    return this.leaseHead.get(id) as unknown as StoredHead;
  }

  /** Tasks that have not begun, and need not: canceled, or too late. And those that were given up, and are canceled. */
  private toEnd({ limit, now }: ClaimRequest): number[] {
    const rows = [...this.selectExpired.all(now, limit), ...this.selectCanceled.all(limit)];
    return [...new Set(rows.map((row) => Number(row["id"])))].slice(0, limit);
  }

  /** By tenant, the most urgent of each agent, as many as it has slots and is allowed. */
  private waiting(request: ClaimRequest): Map<string, { rows: Waiting[]; room: number }> {
    const { limit, now, slots, otherSlots = limit, maxLeased, tenants } = request;
    const byTenant = new Map<string, { rows: Waiting[]; room: number }>();
    let queue = this.nextQueue.get("", "");
    while (queue !== undefined) {
      const tenantId = String(queue["tenant_id"]);
      const agent = String(queue["agent"]);
      const key = `${tenantId}/${agent}`;
      const tenant = byTenant.get(tenantId) ?? {
        rows: [],
        room: left(tenants?.get(tenantId)?.maxLeased, () => this.countOfTenant.get(tenantId)),
      };
      byTenant.set(tenantId, tenant);
      let free = Math.min(limit, tenant.room, slots?.get(key) ?? otherSlots);
      if (free > 0)
        free = Math.min(
          free,
          left(maxLeased?.get(key), () => this.countOfAgent.get(tenantId, agent)),
        );
      if (free > 0) tenant.rows.push(...this.mostUrgent(tenantId, agent, now, free));
      queue = this.nextQueue.get(tenantId, agent);
    }
    for (const { rows } of byTenant.values()) rows.sort(bySooner);
    return byTenant;
  }

  private mostUrgent(tenantId: string, agent: string, now: number, limit: number): Waiting[] {
    const rows = PRIORITY_RANKS.flatMap(
      (priority) => this.selectWaiting.all(tenantId, agent, priority, now, limit) as unknown as Waiting[],
    );
    return rows.sort(bySooner).slice(0, limit);
  }
}

/** What a limit leaves; counted only where there is one. */
const left = (most: number | undefined, count: () => Record<string, unknown> | undefined): number =>
  most === undefined ? Number.POSITIVE_INFINITY : most - Number(count()?.["leased"] ?? 0);

const bySooner = (one: Waiting, other: Waiting): number => one.urgency - other.urgency || one.id - other.id;
