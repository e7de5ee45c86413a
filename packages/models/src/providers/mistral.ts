import type { Provider } from "./provider.ts";

export const mistral: Provider = {
  package: "@ai-sdk/mistral",
  keyVariable: "MISTRAL_API_KEY",
  needsKey: true,
  settings: {},
  ownBaseUrl: () => "https://api.mistral.ai/v1",
  open: async ({ baseUrl, apiKey = "", headers, fetch }) => {
    const { createMistral } = await import("@ai-sdk/mistral");
    const provider = createMistral({ baseURL: baseUrl, apiKey, headers, fetch });
    return { languageModel: provider.languageModel, embeddingModel: provider.embeddingModel };
  },
};
