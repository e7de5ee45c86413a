import { PlatformError } from "@agentcore/contract/errors";
import type { EmbeddingModelV4 } from "@ai-sdk/provider";
import type { Provider } from "./provider.ts";

const MODELS = ["english"];
const MAX_TEXTS = 100;

/** Models that run within the node, from packages of ours: without address, key or network. */
export const local: Provider = {
  package: "@agentcore/embeddings-english",
  needsKey: false,
  runsHere: true,
  models: MODELS,
  settings: {},
  ownBaseUrl: () => undefined,
  open: async ({ running }) => {
    const { createEnglishEmbedder } = await import("@agentcore/embeddings-english");
    return {
      embeddingModel: (model): EmbeddingModelV4 => {
        if (!MODELS.includes(model))
          throw new PlatformError(
            "MODEL_NOT_CONFIGURED",
            `there is no model "local/${model}": expected local/${MODELS.join(", local/")}`,
          );
        const embedder = running.of(model, () => createEnglishEmbedder());
        return {
          ...{ specificationVersion: "v4", provider: "local", modelId: model },
          ...{ maxEmbeddingsPerCall: MAX_TEXTS, supportsParallelCalls: true },
          async doEmbed({ values, providerOptions, abortSignal = new AbortController().signal }) {
            const tenantId = providerOptions?.["local"]?.["tenantId"];
            const vectors = await embedder.embed(typeof tenantId === "string" ? tenantId : "", values, {
              signal: abortSignal,
            });
            return { embeddings: vectors.map((vector) => Array.from(vector)), warnings: [] };
          },
        };
      },
    };
  },
};
