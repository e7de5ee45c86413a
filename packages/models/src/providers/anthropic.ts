import { type Provider, withDefaultPath } from "./provider.ts";

export const anthropic: Provider = {
  package: "@ai-sdk/anthropic",
  keyVariable: "ANTHROPIC_API_KEY",
  needsKey: true,
  baseUrlVariable: "ANTHROPIC_BASE_URL",
  settings: {},
  ownBaseUrl: () => "https://api.anthropic.com/v1",
  // Anthropic's own clients take this variable without a path.
  normalizeBaseUrl: (baseUrl) => withDefaultPath(baseUrl, "/v1"),
  open: async ({ baseUrl, apiKey = "", headers, fetch }) => {
    const { createAnthropic } = await import("@ai-sdk/anthropic");
    const provider = createAnthropic({ baseURL: baseUrl, apiKey, headers, fetch });
    return { languageModel: provider.languageModel };
  },
};
