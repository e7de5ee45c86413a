import type { AgentRecord } from "./agent-record.ts";

/** What routing may ask. Every look-up names its tenant and answers with records of that tenant only (I7). */
export interface RegistryView {
  /** A replica silent for longer is no candidate. */
  readonly heartbeatTimeoutMs: number;
  /** Changes whenever a look-up of this tenant could answer differently; 0 for an unknown tenant. Safe as a cache key. */
  version(tenantId: string): number;
  byName(tenantId: string, name: string): AgentRecord | undefined;
  bySkill(tenantId: string, skillId: string): readonly AgentRecord[];
  /** Agents that carry every pair; none for an empty selector. */
  byLabels(tenantId: string, selector: Readonly<Record<string, string>>): readonly AgentRecord[];
  /** Agents whose `subscribes` match the topic, for durable events. */
  subscribers(tenantId: string, topic: string): readonly AgentRecord[];
  /** All but those of the platform. */
  list(tenantId: string): readonly AgentRecord[];
  skillIds(tenantId: string): readonly string[];
}

/** Platform events, the same strings on bus, SSE and console. */
export interface RegistryEvent {
  readonly type: "agent.registered" | "agent.lost";
  readonly tenantId: string;
  readonly agent: string;
  readonly revision: string;
  readonly reason: string;
}
