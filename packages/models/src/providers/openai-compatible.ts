import type { Provider } from "./provider.ts";

/** Any endpoint that speaks OpenAI's chat completions: local servers, vLLM, Portkey, LiteLLM. */
export const openaiCompatible: Provider = {
  package: "@ai-sdk/openai-compatible",
  needsKey: false,
  settings: {},
  ownBaseUrl: () => undefined,
  open: async ({ baseUrl, apiKey, headers, fetch }) => {
    const { createOpenAICompatible } = await import("@ai-sdk/openai-compatible");
    const provider = createOpenAICompatible({
      name: "openai-compatible",
      baseURL: baseUrl,
      ...(apiKey === undefined ? {} : { apiKey }),
      headers,
      fetch,
      includeUsage: true,
      supportsStructuredOutputs: true,
    });
    return { languageModel: provider.chatModel, embeddingModel: provider.embeddingModel };
  },
};
