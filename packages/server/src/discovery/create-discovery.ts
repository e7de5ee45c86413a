/** Discovery by meaning as a node has it: loaded when somebody first asks, with the vectors that are installed and the models that tenants name. */
import type { Discovery, DiscoveryDecider, DiscoveryModel } from "@agentcore/core/discovery";
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
  runOf,
}: {
  readonly registry: RegistryView;
  readonly senses: Senses;
  readonly vectorIndex: VectorIndex;
  readonly models: Pick<ModelGateway, "embed" | "generate">;
  readonly policies: ReadonlyMap<string, Pick<TenantPolicy, "discovery">>;
  /** The run of a task that is in this node's memory. */
  readonly runOf: (tenantId: string, taskId: string) => string | undefined;
}): NodeDiscovery => {
  const modelOf = (tenantId: string): DiscoveryModel | null => {
    const settings = policies.get(tenantId)?.discovery;
    if (settings?.embedder === undefined) return null;
    return {
      embedder: modelEmbedder(models, senses.ids, { model: settings.embedder, purpose: "discovery" }),
      minSimilarity: settings.minSimilarity,
    };
  };
  const load = loadOnce(async () => {
    const { AgentDiscovery } = await import("@agentcore/core/discovery");
    const { modelDecider } = await import("./model-decider.ts");
    const deciderOf = (tenantId: string): DiscoveryDecider | null => {
      const settings = policies.get(tenantId)?.discovery?.decider;
      if (settings === undefined) return null;
      const { model, ...bounds } = settings;
      return { decider: modelDecider({ models, ids: senses.ids, registry, runOf }, model), ...bounds };
    };
    return new AgentDiscovery({ ...senses, registry, vectorIndex, modelOf, deciderOf, wordVectors: loadWordVectors });
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
