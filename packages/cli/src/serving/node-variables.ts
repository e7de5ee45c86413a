/** What a node reads that has no option of its own, as help and `doctor` know it. Most are keys, which no command line should show. */
export const ENCRYPTION_VARIABLES = {
  AGENTCORE_ENCRYPTION_KEYS: "What the file of --encryption-keys holds, between commas; where there are no files",
} as const;

export const NODE_VARIABLES = {
  ...ENCRYPTION_VARIABLES,
  AGENTCORE_MODEL_URL: "Endpoint in OpenAI's dialect, for the models openai-compatible/NAME",
  AGENTCORE_MODEL: "The model that plain openai-compatible stands for",
  AGENTCORE_MODEL_KEY: "The key of the endpoint in AGENTCORE_MODEL_URL",
  OLLAMA_BASE_URL: "Where Ollama is, for the models ollama/NAME, if not on this machine",
  OPENAI_API_KEY: "Key for the models openai/NAME",
  OPENAI_BASE_URL: "Where they are, if not at OpenAI",
  ANTHROPIC_API_KEY: "Key for the models anthropic/NAME",
  ANTHROPIC_BASE_URL: "Where they are, if not at Anthropic",
  GOOGLE_GENERATIVE_AI_API_KEY: "Key for the models google/NAME",
  MISTRAL_API_KEY: "Key for the models mistral/NAME",
  AZURE_API_KEY: "Key for the models azure/DEPLOYMENT",
  AZURE_RESOURCE_NAME: "The Azure resource that they are deployed in",
  AWS_REGION: "Where the models bedrock/NAME are",
  AWS_BEARER_TOKEN_BEDROCK: "Key for them; or the following",
  AWS_ACCESS_KEY_ID: "Credentials for the models bedrock/NAME",
  AWS_SECRET_ACCESS_KEY: "Same",
  AWS_SESSION_TOKEN: "Same, if they are temporary",
  OTEL_EXPORTER_OTLP_ENDPOINT: "Collector that gets a span of each model call, by OTLP over HTTP",
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "true: spans also say what was asked and answered",
} as const;
