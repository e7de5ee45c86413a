import type { TenantTurn } from "../ports/index.ts";
import type { AgentHost, LoadedAgent } from "./agent-host.ts";
import { agentKey } from "./residents.ts";
import type { TenantPolicy } from "./tenant-policy.ts";

interface Of {
  readonly tenantId: string;
  readonly agent: string;
}

/**
 * How many tasks of a tenant, and of an agent, may run at once on all nodes together. The store counts them when it claims; here
 * is what it is told, and who is not to run without having been claimed.
 */
export class RunningLimits {
  private readonly host: AgentHost;
  private readonly tenants: ReadonlyMap<string, TenantPolicy>;
  /** What the revisions loaded here say, for agents that are not declared (any more); as many as have a limit. */
  private readonly learned = new Map<string, number>();

  constructor(host: AgentHost, tenants: ReadonlyMap<string, TenantPolicy>) {
    this.host = host;
    this.tenants = tenants;
  }

  /** By `tenant/agent`, as it is at this moment. */
  ofAgents(): ReadonlyMap<string, number> {
    const { maxRunning = new Map<string, number>() } = this.host;
    const undeclared = [...this.learned].filter(([key]) => !this.host.capacities.has(key));
    return new Map([...undeclared, ...maxRunning]);
  }

  /** Of those that differ from the defaults; `ahead`: what each has had. */
  turns(ahead: ReadonlyMap<string, number>): ReadonlyMap<string, TenantTurn> {
    const turns = new Map<string, TenantTurn>();
    for (const [tenantId, { weight, maxRunning: maxLeased }] of this.tenants)
      if (weight !== undefined || maxLeased !== undefined) turns.set(tenantId, { weight, maxLeased });
    for (const [tenantId, pass] of ahead) turns.set(tenantId, { ...turns.get(tenantId), pass });
    return turns;
  }

  /** Only a claim may say that one more may run. `loaded`: of an agent that may not be declared here. */
  isLimited({ tenantId, agent }: Of, loaded?: LoadedAgent): boolean {
    if (this.tenants.get(tenantId)?.maxRunning !== undefined) return true;
    return this.ofAgent(agentKey(tenantId, agent), loaded) !== undefined;
  }

  /** A revision is loaded, so that its limit is known for claims also when its agent is not declared any more. */
  learn({ tenantId, agent }: Of, { maxRunning }: LoadedAgent): void {
    if (maxRunning !== undefined) this.learned.set(agentKey(tenantId, agent), maxRunning);
  }

  /** A claim that was told these limits (by `tenant/agent`) did not know the agent's: it may have brought too many. */
  isPassedBy({ tenantId, agent }: Of, loaded: LoadedAgent, told: ReadonlyMap<string, number>): boolean {
    const key = agentKey(tenantId, agent);
    return this.ofAgent(key, loaded) !== undefined && !told.has(key);
  }

  private ofAgent(key: string, loaded?: LoadedAgent): number | undefined {
    const declared = this.host.maxRunning?.get(key);
    return declared ?? (this.host.capacities.has(key) ? undefined : (this.learned.get(key) ?? loaded?.maxRunning));
  }
}
