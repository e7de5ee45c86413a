import { type Provider, withDefaultPath } from "./provider.ts";

export const google: Provider = {
  package: "@ai-sdk/google",
  keyVariable: "GOOGLE_GENERATIVE_AI_API_KEY",
  needsKey: true,
  settings: {},
  ownBaseUrl: () => "https://generativelanguage.googleapis.com/v1beta",
  normalizeBaseUrl: (baseUrl) => withDefaultPath(baseUrl, "/v1beta"),
  open: async ({ baseUrl, apiKey = "", headers, fetch }) => {
    const { createGoogle } = await import("@ai-sdk/google");
    const provider = createGoogle({ baseURL: baseUrl, apiKey, headers, fetch });
    return { languageModel: provider.languageModel, embeddingModel: provider.embeddingModel };
  },
};
