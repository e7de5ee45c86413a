/**
 * The platform's own agent that runs patterns. The graph of a run, or the configuration of a conversation, is its input: it lies in the task's own
 * log, so no manifest changes it, it is the tenant's, and it goes when the task goes. It has no code but that of the platform.
 */
import type { AgentRecord } from "@agentcore/core/registry";
import { createReplica } from "@agentcore/core/registry";
import type { LoadedAgent } from "@agentcore/core/tasks";
import type { InProcessHost } from "../agents/in-process-host.ts";
import { loadOnce } from "../load-once.ts";

/** Reserved: no manifest takes it. */
export const ORCHESTRATOR = "agentcore-orchestrator";
/** Of the form of its input. Tasks of those before stay loadable; a node that knows no conversations leaves its tasks to others. */
const REVISION = "graph-2";
const LOADABLE: ReadonlySet<string> = new Set(["graph-1", REVISION]);
const CONCURRENCY = 1000;

/** A host that has the orchestrator too, in every tenant. */
export const withOrchestrator = (host: InProcessHost): InProcessHost => {
  let loaded: LoadedAgent | null = null;
  const load = loadOnce(async (): Promise<LoadedAgent> => {
    const { orchestrator } = await import("./load-orchestrator.ts");
    loaded = { definition: orchestrator, env: {}, concurrency: CONCURRENCY };
    return loaded;
  });
  const isOurs = ({ agent }: { readonly agent: string }): boolean => agent === ORCHESTRATOR;
  return {
    ...host,
    load(revision) {
      if (!isOurs(revision)) return host.load(revision);
      if (!LOADABLE.has(revision.revision)) return null;
      return loaded ?? load();
    },
  };
};

/** As the bus finds it: by name alone, since it has no skill. */
export const orchestratorRecord = (tenantId: string, node: string): AgentRecord => ({
  ...{ tenantId, name: ORCHESTRATOR, revision: REVISION, description: "Runs patterns", skills: [], labels: {} },
  ...{ subscribes: [], idempotent: false, limits: { maxConcurrent: CONCURRENCY } },
  replicas: [createReplica(`${ORCHESTRATOR}-${node}`, node)],
});
