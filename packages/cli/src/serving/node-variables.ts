/** What a node reads that has no option of its own, as help and `doctor` know it. Most are keys, which no command line should show. */
export const ENCRYPTION_VARIABLES = {
  AGENTCORE_ENCRYPTION_KEYS: "What the file of --encryption-keys holds, between commas; where there are no files",
} as const;

export const NODE_VARIABLES = {
  ...ENCRYPTION_VARIABLES,
  AGENTCORE_MODEL_URL: "Endpoint in OpenAI's dialect, for the models openai-compatible/NAME",
  AGENTCORE_MODEL: "The model that plain openai-compatible stands for",
  AGENTCORE_MODEL_KEY: "The key of the endpoint in AGENTCORE_MODEL_URL",
} as const;
