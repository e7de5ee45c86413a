/**
 * Makes this node run what is declared: registers agents that are new or have another revision, removes those that are gone.
 * At a start, and, where several nodes share a store, whenever another may have applied or deleted something.
 */
import { type AnyAgentManifest, PlatformError } from "@agentcore/contract";
import type { AgentRegistry } from "@agentcore/core/registry";
import type { LoadedAgent } from "@agentcore/core/tasks";
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

// Somebody who applies all the time keeps nobody from being registered.
const MAX_ROUNDS = 10;

/**
 * Idempotent. Agents that were applied together are registered in one turn, so that a task of one finds the others. One that does not
 * load is missing alone, reported once for each revision, not fatal, and tried again. `looksAgain`: what others are still writing is left
 * to the next time; without one it would be left for good.
 */
export const createReconciler = ({ store, host, registry, registrar, onUnloadable }: ReconcileParts) => {
  const reported = new Set<string>();

  const isDue = (tenantId: string, { manifest: { metadata, spec }, revision }: DeclaredAgent): boolean => {
    // Another revision that did not load may have left its tasks to others, and this one is declared again (I10).
    const isLeft = spec.replicas !== 0 && host.capacities.get(`${tenantId}/${metadata.name}`) === 0;
    return registry.byName(tenantId, metadata.name)?.revision !== revision || isLeft;
  };

  const report = (tenantId: string, each: DeclaredAgent, error: unknown): void => {
    const key = JSON.stringify([tenantId, keyOf(each)]);
    if (!reported.has(key)) onUnloadable(tenantId, each.manifest.metadata.name, PlatformError.from(error));
    reported.add(key);
  };

  const load = async (tenantId: string, each: DeclaredAgent): Promise<LoadedAgent | null> => {
    const { manifest, revision, subscribes } = each;
    const { name } = manifest.metadata;
    if (subscribes === undefined && !reported.has(JSON.stringify([tenantId, keyOf(each)])))
      await store.nameUntold(tenantId, name);
    try {
      const loaded = await host.load({ tenantId, agent: name, revision });
      if (loaded === null) throw new PlatformError("REVISION_UNAVAILABLE", `the code of revision ${revision} is gone`);
      if (subscribes === undefined) await store.complete(tenantId, name, revision, loaded.definition.subscribes);
      return loaded;
    } catch (error) {
      report(tenantId, each, error);
      return null;
    }
  };

  /** Returns what is declared. */
  const registerDue = async (tenantId: string, looksAgain: boolean): Promise<readonly DeclaredAgent[]> => {
    const loads = new Map<string, LoadedAgent | null>();
    const listDue = async () => {
      const declared = await store.agents(tenantId);
      for (const { manifest } of declared) registrar.limit(tenantId, manifest);
      return { declared, due: declared.filter((each) => isDue(tenantId, each)) };
    };
    let { declared, due } = await listDue();
    let underWay: ReadonlySet<string> = new Set();
    for (let round = 1; round <= MAX_ROUNDS; round++) {
      const unseen = due.filter((each) => !loads.has(keyOf(each)));
      if (unseen.length === 0) break;
      for (const each of unseen) loads.set(keyOf(each), await load(tenantId, each));
      if (due.every((each) => loads.get(keyOf(each)) === null)) break;
      // Asked between two lists: of what is half written in both it is said here that it is.
      if (looksAgain) underWay = await store.beingApplied(tenantId);
      ({ declared, due } = await listDue());
    }
    for (const each of due) {
      const loaded = loads.get(keyOf(each)) ?? null;
      if (loaded === null || underWay.has(each.manifest.metadata.name)) continue;
      try {
        registrar.register(tenantId, each.manifest, { revision: each.revision, loaded });
      } catch (error) {
        report(tenantId, each, error);
      }
    }
    return declared;
  };

  return async ({ looksAgain }: { readonly looksAgain: boolean }): Promise<void> => {
    for (const tenantId of await store.tenants()) {
      const declared = await registerDue(tenantId, looksAgain);
      const names = new Set(declared.map(({ manifest }) => manifest.metadata.name));
      // With those that do not load here.
      for (const name of namesOf(host.capacities, tenantId)) {
        // Asked again: it may have been applied here since the list was read.
        if (!names.has(name) && (await store.get(tenantId, "Agent", name)) === null) registrar.remove(tenantId, name);
      }
    }
  };
};

type DeclaredAgent = StoredManifest & { readonly manifest: AnyAgentManifest };

const keyOf = ({ manifest, revision }: DeclaredAgent): string => `${manifest.metadata.name}/${revision}`;

const namesOf = (capacities: ReadonlyMap<string, number>, tenantId: string): readonly string[] =>
  [...capacities.keys()].flatMap((key) => (key.startsWith(`${tenantId}/`) ? [key.slice(tenantId.length + 1)] : []));
