/** Discovery by meaning as a node has it: loaded when somebody first asks, with the vectors that are installed and the models that tenants name. */
import type { Discovery, DiscoveryModel } from "@agentcore/core/discovery";
import type { Senses, VectorIndex } from "@agentcore/core/ports";
import type { RegistryView } from "@agentcore/core/registry";
import type { TenantPolicy } from "@agentcore/core/tasks";
import type { ModelGateway } from "@agentcore/models";
import { loadOnce } from "../load-once.ts";
import { loadWordVectors } from "../models/load-word-vectors.ts";
import { modelEmbedder } from "../models/model-embedder.ts";

export interface NodeDiscovery extends Discovery {
  close(): void;
}

export const createDiscovery = ({
  registry,
  senses,
  vectorIndex,
  models,
  policies,
}: {
  readonly registry: RegistryView;
  readonly senses: Senses;
  readonly vectorIndex: VectorIndex;
  readonly models: Pick<ModelGateway, "embed">;
  readonly policies: ReadonlyMap<string, Pick<TenantPolicy, "discovery">>;
}): NodeDiscovery => {
  const modelOf = (tenantId: string): DiscoveryModel | null => {
    const settings = policies.get(tenantId)?.discovery;
    if (settings === undefined) return null;
    return {
      embedder: modelEmbedder(models, senses.ids, { model: settings.embedder, purpose: "discovery" }),
      minSimilarity: settings.minSimilarity,
    };
  };
  const load = loadOnce(async () => {
    const { AgentDiscovery } = await import("@agentcore/core/discovery");
    return new AgentDiscovery({ ...senses, registry, vectorIndex, modelOf, wordVectors: loadWordVectors });
  });
  return {
    find: async (tenantId, target, options) => (await load()).find(tenantId, target, options),
    close: () =>
      void load.current()?.then(
        (discovery) => discovery.close(),
        () => undefined,
      ),
  };
};
