/** Makes an applied agent known: to routing, to the front doors, and to the host that runs it. */
import type { AgentManifest } from "@agentcore/contract";
import { type AgentRegistry, createReplica } from "@agentcore/core/registry";
import type { InProcessHost, PreparedAgent } from "../agents/in-process-host.ts";
import type { AgentCatalogue } from "./agent-catalogue.ts";

export interface AgentRegistrar {
  /** What holds over all nodes, also where the agent's code cannot be loaded. */
  limit(tenantId: string, manifest: AgentManifest): void;
  register(tenantId: string, manifest: AgentManifest, prepared: Pick<PreparedAgent, "revision" | "loaded">): void;
  /** Tasks under way go on: their revision stays loadable. New work finds nobody. */
  remove(tenantId: string, name: string): void;
}

export const createAgentRegistrar = ({
  registry,
  catalogue,
  host,
  node,
}: {
  readonly registry: AgentRegistry;
  readonly catalogue: AgentCatalogue;
  readonly host: Pick<InProcessHost, "setCapacity" | "setMaxRunning">;
  readonly node: string;
}): AgentRegistrar => ({
  limit: (tenantId, { metadata, spec }) => host.setMaxRunning(tenantId, metadata.name, spec.limits?.concurrency),
  register(tenantId, { spec }, { revision, loaded }) {
    const { definition } = loaded;
    const description = spec.description ?? definition.description;
    const replicas = Array.from({ length: spec.replicas ?? 1 }, (_, index) =>
      createReplica(`${definition.name}-${index}`, node),
    );
    registry.register({
      tenantId,
      name: definition.name,
      revision,
      description,
      skills: definition.skills,
      labels: definition.labels,
      subscribes: definition.subscribes,
      cost: spec.cost?.perTask,
      quality: spec.quality,
      idempotent: definition.idempotent,
      limits: { maxConcurrent: loaded.concurrency },
      replicas,
    });
    host.setCapacity(tenantId, definition.name, loaded.concurrency * replicas.length);
    catalogue.set(tenantId, {
      definition,
      revision,
      replicas: replicas.length,
      description,
      spec,
    });
  },
  remove(tenantId, name) {
    registry.remove(tenantId, name);
    catalogue.delete(tenantId, name);
    host.setCapacity(tenantId, name, undefined);
    host.setMaxRunning(tenantId, name, undefined);
  },
});
