/** What is declared: checked, stored, and made so. */
import {
  type AgentManifest,
  invalidArgument,
  MANIFEST_KINDS,
  Manifest,
  type ManifestKind,
  type ModelManifest,
  PlatformError,
  parseInput,
} from "@agentcore/contract";
import type { KeyValue } from "@agentcore/core/ports";
import { type AgentRegistry, createReplica } from "@agentcore/core/registry";
import type { InProcessHost, PreparedAgent } from "../agents/in-process-host.ts";
import { type ApplyResult, type ManifestService, SYSTEM_TENANT } from "../gateway/deps.ts";
import type { AgentCatalogue } from "./agent-catalogue.ts";
import { checkModel } from "./check-model.ts";

const MAX_PER_APPLY = 500;

interface StoredManifest {
  readonly manifest: Manifest;
  readonly revision: string;
}

export interface LocalManifestService extends ManifestService {
  /** Registers what earlier runs of the node had applied. Agents that no longer load are reported, not fatal. */
  restore(): Promise<void>;
  model(tenantId: string, name: string): Promise<ModelManifest | null>;
}

export const createManifestService = (options: {
  readonly keyValue: KeyValue;
  readonly host: InProcessHost;
  readonly registry: AgentRegistry;
  readonly catalogue: AgentCatalogue;
  readonly node: string;
  /** Whether Model manifests may name addresses of private networks. */
  readonly allowPrivateModels: boolean;
  /** Whether manifests that name code are taken over HTTP. */
  readonly codeOverHttp: boolean;
  readonly sha256: (text: string) => string;
  readonly onUnloadable: (tenantId: string, name: string, error: PlatformError) => void;
}): LocalManifestService => {
  const { keyValue, host, registry, catalogue, node, sha256 } = options;
  const scope = (tenantId: string) => ({ tenantId, namespace: "manifests" });
  const keyOf = (kind: string, name: string): string => `${kind}/${name}`;
  // Tenants with manifests, so that a restart finds them; tenancy of its own comes with tenants as a kind.
  const tenantsScope = { tenantId: SYSTEM_TENANT, namespace: "tenants" };

  const register = (
    tenantId: string,
    manifest: AgentManifest,
    { revision, loaded }: Pick<PreparedAgent, "revision" | "loaded">,
  ): void => {
    const { definition } = loaded;
    const { spec } = manifest;
    const replicas = Array.from({ length: spec.replicas ?? 1 }, (_, index) =>
      createReplica(`${definition.name}-${index}`, node),
    );
    registry.register({
      tenantId,
      name: definition.name,
      revision,
      description: spec.description ?? definition.description,
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
      description: spec.description ?? definition.description,
      extensions: spec.extensions,
    });
  };

  return {
    async apply(tenantId, documents, { dryRun, overHttp = false }) {
      if (documents.length > MAX_PER_APPLY)
        throw new PlatformError("TOO_LARGE", `${documents.length} manifests at once, ${MAX_PER_APPLY} are allowed`);
      const manifests = documents.map((document, index) =>
        parseInput(Manifest, document, `manifest ${index + 1}${nameIn(document)}`),
      );
      const names = new Set<string>();
      for (const manifest of manifests) {
        const { kind, metadata } = manifest;
        if (manifest.kind === "Model") checkModel(tenantId, manifest, options.allowPrivateModels);
        else if (manifest.spec.code !== undefined && overHttp && !options.codeOverHttp)
          throw new PlatformError(
            "PERMISSION_DENIED",
            `agent ${metadata.name}: a node with API keys takes code over HTTP only from its code roots, and has none; start it with --code-root DIR`,
          );
        const key = keyOf(kind, metadata.name);
        if (names.has(key))
          throw invalidArgument("the list of manifests", [
            { field: "metadata.name", description: `${key} stands in it twice` },
          ]);
        names.add(key);
      }
      // Everything is checked and loaded before anything is changed: a bad manifest leaves the others alone.
      // A dry run hashes only: it must not run anybody's code.
      const prepared = await Promise.all(
        manifests.map(async (manifest) => (manifest.kind === "Agent" && !dryRun ? host.prepare(manifest) : null)),
      );
      const results: ApplyResult[] = [];
      for (const [index, manifest] of manifests.entries()) {
        const agent = prepared[index] ?? null;
        const { kind, metadata } = manifest;
        const revision =
          agent?.revision ??
          (manifest.kind === "Agent" ? await host.revisionOf(manifest) : sha256(JSON.stringify(manifest)).slice(0, 12));
        const before = (await keyValue.get(scope(tenantId), keyOf(kind, metadata.name)))?.value as
          | StoredManifest
          | undefined;
        const change = before === undefined ? "created" : before.revision === revision ? "unchanged" : "configured";
        results.push({ kind, name: metadata.name, change, revision });
        if (dryRun || change === "unchanged") continue;
        if (agent !== null) await host.keep(tenantId, metadata.name, agent);
        await keyValue.put(scope(tenantId), keyOf(kind, metadata.name), {
          manifest,
          revision,
        } satisfies StoredManifest);
        await keyValue.put(tenantsScope, tenantId, true);
        if (agent !== null && manifest.kind === "Agent") register(tenantId, manifest, agent);
      }
      return results;
    },
    async get(tenantId, kind, name) {
      const entry = await keyValue.get(scope(tenantId), keyOf(kind, name));
      if (entry === null) throw new PlatformError("NOT_FOUND", `there is no ${kind} "${name}"`);
      return (entry.value as StoredManifest).manifest;
    },
    async list(tenantId, kind) {
      const kinds = kind === undefined ? MANIFEST_KINDS : [kind];
      const lists = await Promise.all(kinds.map((each) => keyValue.list(scope(tenantId), { prefix: `${each}/` })));
      return lists.flat().map(({ value }) => (value as StoredManifest).manifest);
    },
    async delete(tenantId, kind: ManifestKind, name) {
      const deleted = await keyValue.delete(scope(tenantId), keyOf(kind, name));
      // Tasks under way go on: their revision stays loadable. New work finds nobody.
      if (kind === "Agent") {
        registry.remove(tenantId, name);
        catalogue.delete(tenantId, name);
        host.setCapacity(tenantId, name, undefined);
      }
      return deleted;
    },
    async model(tenantId, name) {
      const entry = await keyValue.get(scope(tenantId), keyOf("Model", name));
      if (entry === null) return null;
      const manifest = (entry.value as StoredManifest).manifest as ModelManifest;
      // It may have been applied to a node that allowed more.
      checkModel(tenantId, manifest, options.allowPrivateModels);
      return manifest;
    },
    async restore() {
      const tenants = await keyValue.list(tenantsScope);
      for (const { key: tenantId } of tenants) {
        const agents = await keyValue.list(scope(tenantId), { prefix: "Agent/" });
        for (const { value } of agents) {
          const { manifest, revision } = value as { manifest: AgentManifest; revision: string };
          const { name } = manifest.metadata;
          try {
            const loaded = await host.load({ tenantId, agent: name, revision });
            if (loaded === null)
              throw new PlatformError("REVISION_UNAVAILABLE", `the code of revision ${revision} is gone`);
            register(tenantId, manifest, { revision, loaded });
          } catch (error) {
            options.onUnloadable(tenantId, name, PlatformError.from(error));
          }
        }
      }
    },
  };
};

const nameIn = (document: unknown): string => {
  const name = (document as { metadata?: { name?: unknown } } | null)?.metadata?.name;
  return typeof name === "string" ? ` (${name.slice(0, 63)})` : "";
};
