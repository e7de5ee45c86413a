import { NAME_PATTERN, PlatformError } from "@agentcore/contract";
import type { Clock } from "../ports/index.ts";
import { type AgentRecord, isLive, type Replica } from "./agent-record.ts";
import type { RegistryEvent, RegistryView } from "./registry-view.ts";
import { TenantAgents } from "./tenant-agents.ts";
import { assertTopicPattern } from "./topic-index.ts";

export interface AgentRegistryOptions {
  readonly clock: Clock;
  /** A replica silent for longer is no candidate. @default 15000: three heartbeats of 5 s */
  readonly heartbeatTimeoutMs?: number | undefined;
  /** @default 10000 */
  readonly maxTenants?: number | undefined;
  /** @default 10000 */
  readonly maxAgentsPerTenant?: number | undefined;
  /** @default 1000 */
  readonly maxReplicasPerAgent?: number | undefined;
}

export interface HeartbeatFacts {
  readonly healthy?: boolean | undefined;
  /** As measured by the host, for calls that did not pass this node. */
  readonly latencyMs?: number | undefined;
}

interface StoredRecord extends AgentRecord {
  readonly replicas: Replica[];
}

// A tenth of each new answer: about the last 20 answers count, so one slow answer does not move the route.
const EWMA_SHARE = 0.1;

/**
 * Who is there, as this node knows it; nothing here is durable: it is rebuilt from registrations and heartbeats.
 * Records are never changed in place except for their replicas' measurements; `version` tells when to look again.
 */
export class AgentRegistry implements RegistryView {
  readonly heartbeatTimeoutMs: number;
  readonly #clock: Clock;
  readonly #maxTenants: number;
  readonly #maxAgents: number;
  readonly #maxReplicas: number;
  readonly #tenants = new Map<string, TenantAgents>();
  readonly #listeners = new Set<(event: RegistryEvent) => void>();
  readonly #lost = new WeakSet<AgentRecord>();
  #changes = 0;

  constructor(options: AgentRegistryOptions) {
    this.#clock = options.clock;
    this.heartbeatTimeoutMs = options.heartbeatTimeoutMs ?? 15_000;
    this.#maxTenants = options.maxTenants ?? 10_000;
    this.#maxAgents = options.maxAgentsPerTenant ?? 10_000;
    this.#maxReplicas = options.maxReplicasPerAgent ?? 1_000;
  }

  /**
   * Adds an agent or replaces what is known of it; counts as a heartbeat of the replicas named. Replicas registered by
   * other hosts stay; one known under its id keeps its measurements. Idempotent. Throws INVALID_ARGUMENT, OVERLOADED.
   */
  register(record: AgentRecord): AgentRecord {
    if (!NAME_PATTERN.test(record.name) || record.tenantId === "") {
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `agent "${record.name}" of tenant "${record.tenantId}" has no valid name or tenant`,
      );
    }
    // All checks come before the first change: a refused registration leaves what was there.
    record.subscribes.forEach(assertTopicPattern);
    const known = this.byName(record.tenantId, record.name);
    const stored: StoredRecord = { ...record, replicas: this.#mergeReplicas(known, record) };
    const tenant = this.#tenantFor(record.tenantId, known === undefined);
    tenant.put(stored);
    tenant.version = ++this.#changes;
    if (known === undefined || known.revision !== record.revision || this.#lost.has(known)) {
      this.#tell("agent.registered", stored, known === undefined ? "new agent" : "new revision or back again");
    }
    return stored;
  }

  /** Removes the agent, or one replica of it. False when there was none. */
  remove(tenantId: string, name: string, replicaId?: string): boolean {
    const tenant = this.#tenants.get(tenantId);
    const record = tenant?.byName.get(name);
    if (tenant === undefined || record === undefined) return false;
    if (replicaId !== undefined) {
      const rest = record.replicas.filter((replica) => replica.id !== replicaId);
      if (rest.length === record.replicas.length) return false;
      tenant.put({ ...record, replicas: rest });
      tenant.version = ++this.#changes;
      if (rest.length === 0) this.#tell("agent.lost", record, `its last replica ${replicaId} was removed`);
      return true;
    }
    tenant.delete(name);
    tenant.version = ++this.#changes;
    if (tenant.byName.size === 0) this.#tenants.delete(tenantId);
    if (!this.#lost.has(record)) this.#tell("agent.lost", record, "the agent was removed");
    return true;
  }

  /** False for a replica that is not registered: its host must register again. */
  heartbeat(tenantId: string, name: string, replicaId: string, facts: HeartbeatFacts = {}): boolean {
    const record = this.byName(tenantId, name);
    const replica = record?.replicas.find((candidate) => candidate.id === replicaId);
    if (record === undefined || replica === undefined) return false;
    replica.lastHeartbeat = this.#clock.monotonic();
    if (facts.healthy !== undefined) replica.healthy = facts.healthy;
    if (facts.latencyMs !== undefined) replica.latencyMs = facts.latencyMs;
    if (this.#lost.delete(record)) this.#tell("agent.registered", record, `replica ${replicaId} is back`);
    return true;
  }

  /** Tells `agent.lost` for agents without a live replica, once each; call it about once a second. Routing does not depend on it. */
  sweep(): void {
    const now = this.#clock.monotonic();
    for (const tenant of this.#tenants.values()) {
      for (const record of tenant.byName.values()) {
        if (record.replicas.length === 0 || record.ofPlatform === true || this.#lost.has(record)) continue;
        if (record.replicas.some((replica) => isLive(replica, now, this.heartbeatTimeoutMs))) continue;
        this.#lost.add(record);
        this.#tell("agent.lost", record, `no replica sent a healthy heartbeat for ${this.heartbeatTimeoutMs} ms`);
      }
    }
  }

  /** A call begins; pair with `settle`. */
  begin(replica: Replica): void {
    replica.inflight++;
  }

  settle(replica: Replica, latencyMs: number, succeeded: boolean): void {
    if (replica.inflight > 0) replica.inflight--;
    if (!succeeded) {
      replica.failures++;
      return;
    }
    replica.failures = 0;
    const before = replica.latencyMs;
    replica.latencyMs = before === undefined ? latencyMs : before + EWMA_SHARE * (latencyMs - before);
  }

  /** Returns the way to stop listening. A listener that throws stops neither the registry nor other listeners. */
  onEvent(listener: (event: RegistryEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  version(tenantId: string): number {
    return this.#tenants.get(tenantId)?.version ?? 0;
  }

  byName(tenantId: string, name: string): AgentRecord | undefined {
    return this.#tenants.get(tenantId)?.byName.get(name);
  }

  bySkill(tenantId: string, skillId: string): readonly AgentRecord[] {
    return this.#tenants.get(tenantId)?.withSkill(skillId) ?? [];
  }

  byLabels(tenantId: string, selector: Readonly<Record<string, string>>): readonly AgentRecord[] {
    return this.#tenants.get(tenantId)?.withLabels(selector) ?? [];
  }

  subscribers(tenantId: string, topic: string): readonly AgentRecord[] {
    return this.#tenants.get(tenantId)?.subscribersOf(topic) ?? [];
  }

  list(tenantId: string): readonly AgentRecord[] {
    return [...(this.#tenants.get(tenantId)?.byName.values() ?? [])].filter(({ ofPlatform }) => ofPlatform !== true);
  }

  skillIds(tenantId: string): readonly string[] {
    return this.#tenants.get(tenantId)?.skillIds() ?? [];
  }

  #tenantFor(tenantId: string, adds: boolean): TenantAgents {
    const tenant = this.#tenants.get(tenantId) ?? new TenantAgents(0);
    if (adds && tenant.byName.size >= this.#maxAgents) {
      throw new PlatformError(
        "OVERLOADED",
        `tenant ${tenantId} has ${this.#maxAgents} agents already; remove some first`,
      );
    }
    if (!this.#tenants.has(tenantId)) {
      if (this.#tenants.size >= this.#maxTenants) {
        throw new PlatformError("OVERLOADED", `this node serves ${this.#maxTenants} tenants already`);
      }
      this.#tenants.set(tenantId, tenant);
    }
    return tenant;
  }

  #mergeReplicas(known: AgentRecord | undefined, record: AgentRecord): Replica[] {
    const now = this.#clock.monotonic();
    const merged = new Map<string, Replica>(known?.replicas.map((replica) => [replica.id, replica]));
    for (const replica of record.replicas) {
      const kept = merged.get(replica.id) ?? { ...replica };
      kept.lastHeartbeat = now;
      kept.healthy = replica.healthy;
      merged.set(replica.id, kept);
    }
    if (merged.size > this.#maxReplicas) {
      throw new PlatformError("OVERLOADED", `agent ${record.name} may have at most ${this.#maxReplicas} replicas`);
    }
    return [...merged.values()];
  }

  #tell(type: RegistryEvent["type"], record: AgentRecord, reason: string): void {
    const event: RegistryEvent = {
      type,
      tenantId: record.tenantId,
      agent: record.name,
      revision: record.revision,
      reason,
    };
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch {
        // Listeners observe; what they do wrong is theirs to report.
      }
    }
  }
}
