import { openaiCompatible } from "./openai-compatible.ts";
import { type Provider, withDefaultPath } from "./provider.ts";

/** Through the door of Ollama that speaks OpenAI's dialect: no package of its own is needed. */
export const ollama: Provider = {
  ...openaiCompatible,
  baseUrlVariable: "OLLAMA_BASE_URL",
  ownBaseUrl: () => "http://127.0.0.1:11434",
  normalizeBaseUrl: (baseUrl) => withDefaultPath(baseUrl, "/v1"),
};
