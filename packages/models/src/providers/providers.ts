import type { ModelProviderName } from "@agentcore/contract";
import { anthropic } from "./anthropic.ts";
import { azure } from "./azure.ts";
import { bedrock } from "./bedrock.ts";
import { google } from "./google.ts";
import { local } from "./local.ts";
import { mistral } from "./mistral.ts";
import { ollama } from "./ollama.ts";
import { openai } from "./openai.ts";
import { openaiCompatible } from "./openai-compatible.ts";
import type { Provider } from "./provider.ts";

export const PROVIDERS: Readonly<Record<ModelProviderName, Provider>> = {
  openai,
  anthropic,
  google,
  azure,
  bedrock,
  mistral,
  ollama,
  local,
  "openai-compatible": openaiCompatible,
};
