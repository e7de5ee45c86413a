import type { Provider } from "./provider.ts";

const ID = { pattern: /^[\w-]+$/, expected: "an id of letters, digits, - and _" };

/**
 * Through chat completions: the Responses API wants reasoning of earlier turns back, which messages here do not carry, and knows neither `stop`
 * nor `seed`.
 */
export const openai: Provider = {
  package: "@ai-sdk/openai",
  keyVariable: "OPENAI_API_KEY",
  needsKey: true,
  baseUrlVariable: "OPENAI_BASE_URL",
  settings: { organization: ID, project: ID },
  ownBaseUrl: () => "https://api.openai.com/v1",
  open: async ({ baseUrl, apiKey = "", headers, settings, fetch }) => {
    const { createOpenAI } = await import("@ai-sdk/openai");
    const provider = createOpenAI({ baseURL: baseUrl, apiKey, headers, fetch, ...settings });
    return { languageModel: provider.chat, embeddingModel: provider.embeddingModel };
  },
};
