import type { ModelRequest, ModelResponse } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { ModelProvider } from "@agentcore/core/ports";
import { createGuardedFetch, type Lookup, refuseUrl } from "@agentcore/outbound";
import { mapMessage } from "./map-messages.ts";
import {
  callPolicy,
  checkBaseUrl,
  type Environment,
  endpointFromEnvironment,
  type ModelEndpoint,
  readApiKey,
  readHeaders,
} from "./model-endpoint.ts";
import { type FailedCall, toAbortError, toPlatformError, toTimeoutError } from "./to-platform-error.ts";

export interface ModelProviderOptions {
  /** The endpoint of a Model manifest of that name in the tenant, or null. */
  readonly resolve: (tenantId: string, modelName: string) => Promise<ModelEndpoint | null>;
  /** Read on every call, so that a key may change while the node runs. */
  readonly env: Environment;
  /** Whether Model manifests may name addresses of private networks. @default false */
  readonly allowPrivate?: boolean | undefined;
  /** Resolves the names of endpoints. @default the system's resolver */
  readonly lookup?: Lookup | undefined;
}

const DEFAULT_TIMEOUT_MS = 120_000; // long answers of slow models take over a minute

/**
 * Calls models through the AI SDK. One `generate` is one request to the provider: it neither retries nor runs tools.
 * Throws MODEL_NOT_CONFIGURED, CONFIG_INVALID, NOT_INSTALLED, and UPSTREAM_FAILED, which is retryable after 408, 409,
 * 429, 5xx, timeouts, network failures and unreadable answers. The key appears in no error.
 */
export const createModelProvider = ({
  resolve,
  env,
  allowPrivate = false,
  lookup,
}: ModelProviderOptions): ModelProvider => ({
  grant: () => Promise.reject(new PlatformError("UNSUPPORTED_OPERATION", "there are no budgets yet")),
  async generate(request, { tenantId, signal }) {
    const declared = await resolve(tenantId, request.model);
    const endpoint = declared ?? endpointFromEnvironment(request.model, env);
    const url = checkBaseUrl(request.model, endpoint.baseUrl);
    // What the node's own environment names, its operator chose.
    const policy = callPolicy(endpoint, allowPrivate || declared === null);
    const refused = refuseUrl(url, policy);
    if (refused !== undefined)
      throw new PlatformError("CONFIG_INVALID", `model "${request.model}": baseUrl: ${refused}`);
    const apiKey = readApiKey(request.model, endpoint, env);
    const headers = readHeaders(request.model, endpoint, env);
    const timeoutMs = endpoint.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const timeout = AbortSignal.timeout(timeoutMs);
    const call: FailedCall = {
      modelName: request.model,
      host: url.host,
      apiKeyEnv: endpoint.apiKeyEnv,
      secrets: [...(apiKey === undefined ? [] : [apiKey]), ...Object.values(headers)],
      timeoutMs,
    };
    try {
      const response = await callModel(request, {
        endpoint,
        apiKey,
        headers,
        fetch: createGuardedFetch({ ...policy, lookup }),
        signal: AbortSignal.any([signal, timeout]),
      });
      return { response };
    } catch (error) {
      if (signal.aborted) throw toAbortError(signal);
      if (timeout.aborted) throw toTimeoutError(call);
      throw toPlatformError(error, call);
    }
  },
});

interface ModelCall {
  readonly endpoint: ModelEndpoint;
  readonly apiKey: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
}

const callModel = async (
  request: ModelRequest,
  { endpoint, apiKey, headers, fetch: guardedFetch, signal }: ModelCall,
): Promise<ModelResponse> => {
  const { generateText, jsonSchema, createOpenAICompatible } = await loadSdk();
  const provider = createOpenAICompatible({
    name: "openai-compatible",
    baseURL: endpoint.baseUrl.replace(/\/+$/, ""),
    ...(apiKey === undefined ? {} : { apiKey }),
    headers,
    fetch: guardedFetch,
  });
  const tools = Object.fromEntries(
    (request.tools ?? []).map(({ name, description, inputJsonSchema }) => [
      name,
      // Without `execute`: tools are run, and journaled, by the caller.
      { description, inputSchema: jsonSchema<unknown>(inputJsonSchema) },
    ]),
  );
  const result = await generateText({
    model: provider.chatModel(endpoint.model),
    messages: request.messages.map(mapMessage),
    allowSystemInMessages: true,
    maxRetries: 0,
    abortSignal: signal,
    ...(request.tools === undefined || request.tools.length === 0 ? {} : { tools }),
    ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
    ...(request.maxOutputTokens === undefined ? {} : { maxOutputTokens: request.maxOutputTokens }),
  });
  return {
    text: result.text,
    // Input that is no JSON comes as its text; the tool's schema will refuse it and the model be told.
    toolCalls: result.toolCalls.map(({ toolCallId, toolName, input }) => ({ id: toolCallId, name: toolName, input })),
    finishReason: result.finishReason,
    usage: { inputTokens: result.usage.inputTokens ?? 0, outputTokens: result.usage.outputTokens ?? 0 },
  };
};

const importSdk = async () => {
  const [{ generateText, jsonSchema }, { createOpenAICompatible }] = await Promise.all([
    import("ai"),
    import("@ai-sdk/openai-compatible"),
  ]);
  return { generateText, jsonSchema, createOpenAICompatible };
};

let sdk: ReturnType<typeof importSdk> | undefined;

/** Loaded by the first call: a node that calls no model pays nothing for it. */
const loadSdk = (): ReturnType<typeof importSdk> => {
  sdk ??= importSdk().catch((cause: unknown) => {
    sdk = undefined;
    throw new PlatformError("NOT_INSTALLED", "model calls need the packages ai and @ai-sdk/openai-compatible", {
      cause,
    });
  });
  return sdk;
};
