import { PlatformError } from "@agentcore/contract/errors";
import type { OutboundPolicy } from "@agentcore/outbound";

/** Where a model is served, in the OpenAI dialect. */
export interface ModelEndpoint {
  /** http or https, up to and without `/chat/completions`. */
  readonly baseUrl: string;
  /** The model's name at the endpoint. */
  readonly model: string;
  /** Name of the environment variable that holds the key; without one no key is sent. */
  readonly apiKeyEnv?: string | undefined;
  /** As they are, or named by the environment variable that holds the value. */
  readonly headers?: Readonly<Record<string, string | { readonly env: string }>> | undefined;
  /** Milliseconds one call may take. @default 120000 */
  readonly timeoutMs?: number | undefined;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = "openai-compatible";

/**
 * The endpoint that the environment names for `openai-compatible/<model>`, or for plain `openai-compatible`, which
 * stands for AGENTCORE_MODEL. Throws MODEL_NOT_CONFIGURED, saying what to set.
 */
export const endpointFromEnvironment = (modelName: string, env: Environment): ModelEndpoint => {
  if (modelName !== PREFIX && !modelName.startsWith(`${PREFIX}/`)) {
    throw new PlatformError(
      "MODEL_NOT_CONFIGURED",
      `model "${modelName}" is not configured: apply a Model manifest of that name, or use "${PREFIX}/<model>" and set AGENTCORE_MODEL_URL`,
    );
  }
  const baseUrl = env["AGENTCORE_MODEL_URL"];
  if (!baseUrl) {
    throw new PlatformError(
      "MODEL_NOT_CONFIGURED",
      `model "${modelName}" has no endpoint: set AGENTCORE_MODEL_URL, for example http://127.0.0.1:11434/v1`,
    );
  }
  const model = modelName.slice(PREFIX.length + 1) || env["AGENTCORE_MODEL"];
  if (!model) {
    throw new PlatformError(
      "MODEL_NOT_CONFIGURED",
      `"${modelName}" names no model: use "${PREFIX}/<model>" or set AGENTCORE_MODEL`,
    );
  }
  return { baseUrl, model, ...(env["AGENTCORE_MODEL_KEY"] ? { apiKeyEnv: "AGENTCORE_MODEL_KEY" } : {}) };
};

/** Throws MODEL_NOT_CONFIGURED when the endpoint wants a key that the environment does not have. */
export const readApiKey = (modelName: string, endpoint: ModelEndpoint, env: Environment): string | undefined => {
  if (endpoint.apiKeyEnv === undefined) return undefined;
  const key = env[endpoint.apiKeyEnv];
  if (key) return key;
  throw new PlatformError("MODEL_NOT_CONFIGURED", `model "${modelName}" has no key: set ${endpoint.apiKeyEnv}`);
};

/** Headers with what the environment holds. Throws MODEL_NOT_CONFIGURED when it does not. */
export const readHeaders = (modelName: string, endpoint: ModelEndpoint, env: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.entries(endpoint.headers ?? {}).map(([name, value]) => {
      if (typeof value === "string") return [name, value];
      const text = env[value.env];
      if (text) return [name, text];
      throw new PlatformError("MODEL_NOT_CONFIGURED", `model "${modelName}": header ${name}: set ${value.env}`);
    }),
  );

/** Where calls to the endpoint may go. This machine always may be called: that is where local models are. */
export const callPolicy = ({ apiKeyEnv, headers }: ModelEndpoint, allowPrivate: boolean): OutboundPolicy => ({
  allowLoopback: true,
  allowPrivate,
  sendsSecret: apiKeyEnv !== undefined || Object.values(headers ?? {}).some((value) => typeof value !== "string"),
  option: "--allow-private-models",
});

/** Throws CONFIG_INVALID unless the address is plain http(s). Never repeats the address, which may hold a secret. */
export const checkBaseUrl = (modelName: string, baseUrl: string): URL => {
  const url = URL.canParse(baseUrl) ? new URL(baseUrl) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new PlatformError("CONFIG_INVALID", `model "${modelName}": baseUrl: expected an http:// or https:// address`);
  }
  if (url.username !== "" || url.password !== "") {
    throw new PlatformError(
      "CONFIG_INVALID",
      `model "${modelName}": baseUrl: expected no user or password in it; name the key's variable in apiKeyEnv`,
    );
  }
  return url;
};
