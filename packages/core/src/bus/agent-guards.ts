import type { AgentRecord, RegistryView } from "../registry/index.ts";
import { Bulkhead, type Candidate, CircuitBreaker } from "../routing/index.ts";
import type { BusLimits } from "./limits.ts";

/** What protects one agent, and everybody else from it. */
export interface AgentGuards {
  readonly revision: string;
  readonly breaker: CircuitBreaker;
  readonly bulkhead: Bulkhead;
}

export interface GuardedCandidate extends Candidate {
  readonly guards: AgentGuards;
}

const SWEEP_EVERY = 1_000;

/** Guards outlive registrations of the same revision, so that registering again does not close an open breaker. */
export class GuardBook {
  readonly #limits: BusLimits;
  readonly #registry: RegistryView;
  readonly #byTenant = new Map<string, Map<string, AgentGuards>>();
  #made = 0;

  constructor(registry: RegistryView, limits: BusLimits) {
    this.#registry = registry;
    this.#limits = limits;
  }

  of(record: AgentRecord): AgentGuards {
    let agents = this.#byTenant.get(record.tenantId);
    if (agents === undefined) this.#byTenant.set(record.tenantId, (agents = new Map()));
    const known = agents.get(record.name);
    if (known !== undefined && known.revision === record.revision) return known;
    const maxConcurrent = record.limits?.maxConcurrent ?? this.#limits.maxConcurrent;
    const guards: AgentGuards = {
      revision: record.revision,
      breaker: new CircuitBreaker(this.#limits.breaker),
      bulkhead: new Bulkhead({ name: `agent ${record.name}`, maxConcurrent, maxQueued: record.limits?.maxQueued }),
    };
    agents.set(record.name, guards);
    // Bounded by the registry's own bounds: now and then those of removed agents go.
    if (++this.#made % SWEEP_EVERY === 0) this.#forgetRemoved();
    return guards;
  }

  #forgetRemoved(): void {
    for (const [tenantId, agents] of this.#byTenant) {
      for (const name of agents.keys()) if (this.#registry.byName(tenantId, name) === undefined) agents.delete(name);
      if (agents.size === 0) this.#byTenant.delete(tenantId);
    }
  }
}
