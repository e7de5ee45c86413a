import type { Embedder, Ids } from "@agentcore/core/ports";
import type { ModelGateway } from "@agentcore/models";

/** A model of the tenant as an embedder. Nobody in particular asks; the tenant pays. `purpose`: of the ids of its calls. */
export const modelEmbedder = (
  models: Pick<ModelGateway, "embed">,
  ids: Pick<Ids, "next">,
  { model, purpose }: { readonly model: string; readonly purpose: string },
): Embedder => ({
  name: model,
  embed: async (tenantId, texts, { signal }) => {
    const id = `${purpose}/${ids.next()}`;
    const call = { tenantId, id, agent: "", labels: {}, caller: "", priority: "normal", signal } as const;
    return (await models.embed({ model, texts }, call)).vectors;
  },
});
