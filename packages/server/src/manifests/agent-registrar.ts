/** Makes an applied agent known: to routing, to the front doors, and to the host that runs it. */
import type { AnyAgentManifest } from "@agentcore/contract";
import { type AgentRegistry, createReplica } from "@agentcore/core/registry";
import type { InProcessHost, PreparedAgent } from "../agents/in-process-host.ts";
import type { DeclaredFeeds } from "../feeds/declared-feeds.ts";
import type { RemoteAgents, RemoteStatus } from "../remote/remote-agents.ts";
import type { AgentCatalogue } from "./agent-catalogue.ts";

export interface AgentRegistrar {
  /** What holds over all nodes, also where the agent's code cannot be loaded. */
  limit(tenantId: string, manifest: AnyAgentManifest): void;
  register(tenantId: string, manifest: AnyAgentManifest, prepared: Pick<PreparedAgent, "revision" | "loaded">): void;
  /** Tasks under way go on: their revision stays loadable. New work finds nobody. */
  remove(tenantId: string, name: string): void;
}

export const createAgentRegistrar = ({
  registry,
  catalogue,
  host,
  remotes,
  feeds,
  node,
}: {
  readonly registry: AgentRegistry;
  readonly catalogue: AgentCatalogue;
  readonly host: Pick<InProcessHost, "setCapacity" | "setMaxRunning">;
  readonly remotes: Pick<RemoteAgents, "watch" | "unwatch" | "status">;
  readonly feeds: Pick<DeclaredFeeds, "set" | "delete">;
  readonly node: string;
}): AgentRegistrar => ({
  limit: (tenantId, { metadata, spec }) => host.setMaxRunning(tenantId, metadata.name, spec.limits?.concurrency),
  register(tenantId, manifest, { revision, loaded }) {
    const { spec } = manifest;
    const { definition } = loaded;
    const { name } = definition;
    const { replicas: count = 1 } = spec;
    const remote = manifest.kind === "Agent" ? manifest.spec.remote : undefined;
    host.setCapacity(tenantId, name, loaded.concurrency * count);
    feeds.set(tenantId, manifest);
    const put = (status: RemoteStatus | null): void => {
      const isHealthy = status === null || status.state === "ready";
      const card = status?.card ?? null;
      const description = spec.description ?? (card?.description || definition.description);
      const skills = spec.skills ?? (card === null || card.skills.length === 0 ? definition.skills : card.skills);
      registry.register({
        ...{ tenantId, name, revision, description, skills },
        labels: definition.labels,
        subscribes: definition.subscribes,
        cost: spec.cost?.perTask,
        latencyMs: definition.profile?.latencyMs?.to,
        quality: spec.quality,
        idempotent: definition.idempotent,
        limits: { maxConcurrent: loaded.concurrency },
        replicas: Array.from({ length: count }, (_, index) => ({
          ...createReplica(`${name}-${index}`, node),
          healthy: isHealthy,
        })),
      });
      catalogue.set(tenantId, {
        ...{ definition, revision, replicas: count, description, skills, status, spec },
      });
    };
    if (remote === undefined) {
      remotes.unwatch(tenantId, name);
      return put(null);
    }
    remotes.watch(tenantId, name, remote, put);
    put(remotes.status(tenantId, remote));
  },
  remove(tenantId, name) {
    remotes.unwatch(tenantId, name);
    feeds.delete(tenantId, name);
    registry.remove(tenantId, name);
    catalogue.delete(tenantId, name);
    host.setCapacity(tenantId, name, undefined);
    host.setMaxRunning(tenantId, name, undefined);
  },
});
