import type { NodeCondition, NodeRecord } from "@agentcore/contract";
import type { TaskEngine } from "@agentcore/core/tasks";
import type { AgentCatalogue } from "../manifests/agent-catalogue.ts";

// A record is written every few seconds, and read by every node.
const MAX_AGENTS = 1000;

/** This node as it is now: of each tenant the agents that are declared, or whose tasks are in memory; 1,000 at most. */
export const describeNode = (options: {
  readonly name: string;
  readonly address: string;
  readonly version: string;
  readonly startedAt: number;
  readonly now: number;
  readonly condition: NodeCondition;
  readonly engine: TaskEngine;
  readonly catalogue: AgentCatalogue;
}): NodeRecord => {
  const { name, address, version, startedAt, now, condition, engine, catalogue } = options;
  const running = engine.residents.byAgent();
  const tasksOf = (tenantId: string, agent: string): number =>
    running.find((each) => each.tenantId === tenantId && each.agent === agent)?.tasks ?? 0;
  const declared = catalogue.tenantIds().flatMap((tenantId) =>
    catalogue.list(tenantId).map(({ name: agent, revision, replicas }) => ({
      ...{ tenantId, name: agent, revision, replicas, tasks: tasksOf(tenantId, agent) },
    })),
  );
  const others = running
    .filter(({ tenantId, agent }) => catalogue.get(tenantId, agent) === null)
    .map(({ tenantId, agent, tasks }) => ({ tenantId, name: agent, revision: "", replicas: 0, tasks }));
  return {
    ...{ name, address, version, startedAt, heartbeatAt: now, state: condition },
    roles: ["gateway", "control", "worker"],
    tasks: engine.resident,
    agents: [...others, ...declared].slice(0, MAX_AGENTS),
  };
};
