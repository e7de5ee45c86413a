/**
 * Makes this node run what is declared: registers agents that are new or have another revision, removes those that are gone.
 * At a start, and, where several nodes share a store, whenever another may have applied or deleted something.
 */
import { PlatformError } from "@agentcore/contract";
import type { AgentRegistry } from "@agentcore/core/registry";
import type { InProcessHost } from "../agents/in-process-host.ts";
import type { AgentRegistrar } from "./agent-registrar.ts";
import type { ManifestStore, StoredManifest } from "./manifest-store.ts";

export interface ReconcileParts {
  readonly store: ManifestStore;
  readonly host: Pick<InProcessHost, "load" | "capacities">;
  readonly registry: AgentRegistry;
  readonly registrar: AgentRegistrar;
  readonly onUnloadable: (tenantId: string, name: string, error: PlatformError) => void;
}

/** Idempotent. An agent that does not load is reported once for each revision, not fatal, and tried again. */
export const createReconciler = ({ store, host, registry, registrar, onUnloadable }: ReconcileParts) => {
  const reported = new Set<string>();

  const register = async (tenantId: string, { manifest, revision, subscribes }: StoredManifest): Promise<void> => {
    if (manifest.kind !== "Agent") return;
    const { name } = manifest.metadata;
    registrar.limit(tenantId, manifest);
    // Another revision that did not load may have left its tasks to others, and this one is declared again (I10).
    const isLeft = manifest.spec.replicas !== 0 && host.capacities.get(`${tenantId}/${name}`) === 0;
    if (registry.byName(tenantId, name)?.revision === revision && !isLeft) return;
    const key = JSON.stringify([tenantId, name, revision]);
    if (subscribes === undefined && !reported.has(key)) await store.nameUntold(tenantId, name);
    try {
      const loaded = await host.load({ tenantId, agent: name, revision });
      if (loaded === null) throw new PlatformError("REVISION_UNAVAILABLE", `the code of revision ${revision} is gone`);
      registrar.register(tenantId, manifest, { revision, loaded });
      if (subscribes === undefined) await store.complete(tenantId, name, revision, loaded.definition.subscribes);
    } catch (error) {
      if (!reported.has(key)) onUnloadable(tenantId, name, PlatformError.from(error));
      reported.add(key);
    }
  };

  return async (): Promise<void> => {
    for (const tenantId of await store.tenants()) {
      const declared = await store.list(tenantId, "Agent");
      for (const each of declared) await register(tenantId, each);
      const names = new Set(declared.map(({ manifest }) => manifest.metadata.name));
      // With those that do not load here.
      for (const name of namesOf(host.capacities, tenantId)) {
        // Asked again: it may have been applied here since the list was read.
        if (!names.has(name) && (await store.get(tenantId, "Agent", name)) === null) registrar.remove(tenantId, name);
      }
    }
  };
};

const namesOf = (capacities: ReadonlyMap<string, number>, tenantId: string): readonly string[] =>
  [...capacities.keys()].flatMap((key) => (key.startsWith(`${tenantId}/`) ? [key.slice(tenantId.length + 1)] : []));
