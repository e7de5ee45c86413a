import type { ModelTarget } from "../model-target.ts";

// Families that do not reason before they answer. Deployments of Azure may be named anything: then it is not known.
const OPENAI_WITHOUT = /^(chatgpt-4|gpt-4|gpt-3)/;
const GOOGLE_WITHOUT = /^(gemini-1|gemini-2\.0|gemma)/;
/** Behind a gateway, by the vendor's own name. */
const HOSTED = /(?:^|\/)(?:o\d|gpt-5|gemini-(?:2\.5|[3-9]))/;

/** Whether the model may think before it answers without a word of it being sent, which is billed as output. */
export const mayHideReasoning = ({ provider, model }: Pick<ModelTarget, "provider" | "model">): boolean => {
  switch (provider) {
    case "openai":
    case "azure":
      return !OPENAI_WITHOUT.test(model);
    case "google":
      return !GOOGLE_WITHOUT.test(model);
    case "openai-compatible":
      return HOSTED.test(model);
    // They send what they think, or think only when they are asked to, which they are not.
    case "anthropic":
    case "bedrock":
    case "mistral":
    case "ollama":
    case "local":
      return false;
  }
};
