/** The packages that models are called with, in the versions that this was tested with; package.json says the same. */
export const PROVIDER_PACKAGES = {
  "@agentcore/embeddings-english": "0.1.0",
  "@ai-sdk/amazon-bedrock": "5.0.101",
  "@ai-sdk/anthropic": "4.0.105",
  "@ai-sdk/azure": "4.0.85",
  "@ai-sdk/google": "4.0.121",
  "@ai-sdk/mistral": "4.0.87",
  "@ai-sdk/openai": "4.0.118",
  "@ai-sdk/openai-compatible": "3.0.92",
} as const;
export type ProviderPackage = keyof typeof PROVIDER_PACKAGES;
