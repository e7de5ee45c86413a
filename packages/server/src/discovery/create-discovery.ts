/** Discovery by meaning as a node has it: loaded when somebody first asks, with the vectors that are installed and the models that tenants name. */
import { PlatformError } from "@agentcore/contract";
import type { Discovery, DiscoveryModel } from "@agentcore/core/discovery";
import type { Embedder, Ids, Senses, VectorIndex, WordVectors } from "@agentcore/core/ports";
import type { RegistryView } from "@agentcore/core/registry";
import type { TenantPolicy } from "@agentcore/core/tasks";
import type { ModelGateway } from "@agentcore/models";

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
    return { embedder: embedderOf(models, senses.ids, settings.embedder), minSimilarity: settings.minSimilarity };
  };
  const load = async () => {
    const { AgentDiscovery } = await import("@agentcore/core/discovery");
    return new AgentDiscovery({ ...senses, registry, vectorIndex, modelOf, wordVectors: loadWordVectors });
  };
  let loading: ReturnType<typeof load> | null = null;
  return {
    find: async (tenantId, target, options) => (await (loading ??= load())).find(tenantId, target, options),
    close: () => void loading?.then((discovery) => discovery.close()),
  };
};

/** Nobody in particular asks; the tenant pays. */
const embedderOf = (models: Pick<ModelGateway, "embed">, ids: Pick<Ids, "next">, model: string): Embedder => ({
  name: model,
  embed: async (tenantId, texts, { signal }) => {
    const id = `discovery/${ids.next()}`;
    const call = { tenantId, id, agent: "", labels: {}, caller: "", priority: "normal", signal } as const;
    return (await models.embed({ model, texts }, call)).vectors;
  },
});

/** Null where they are not installed: agents are found by words then. */
const loadWordVectors = async (): Promise<WordVectors | null> => {
  try {
    return await (await import("@agentcore/vectors")).openWordVectors();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return null;
    throw PlatformError.from(cause);
  }
};
