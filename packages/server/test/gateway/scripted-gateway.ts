import { PlatformError } from "@agentcore/contract";
import type { ModelRequest, ModelResponse } from "@agentcore/contract/authoring";
import type { ModelAnswer, ModelCall } from "@agentcore/core/ports";
import type { EmbedRequest, ListedModel, ModelGateway } from "@agentcore/models";

type Asked = ModelRequest & { readonly model: string };

export interface Script {
  /** @default says "hello" */
  readonly generate?: (request: Asked, call: ModelCall) => Promise<ModelAnswer> | ModelAnswer;
  readonly list?: (tenantId: string) => readonly ListedModel[];
}

export const answer = (text: string, more: Partial<ModelResponse> = {}): ModelAnswer => ({
  response: {
    ...{ text, toolCalls: [], finishReason: "stop", model: "openai/gpt-5-mini" },
    usage: { inputTokens: 7, outputTokens: 3, cachedInputTokens: 2, reasoningTokens: 1 },
    ...more,
  },
});

/** A gateway that answers by a script and keeps what it was asked. */
export const createScriptedGateway = ({ generate = () => answer("hello"), list = () => [] }: Script = {}) => {
  const asked: { readonly request: Asked; readonly call: ModelCall }[] = [];
  const embedded: { readonly request: EmbedRequest; readonly call: ModelCall }[] = [];
  const models: ModelGateway = {
    async generate(request, call) {
      asked.push({ request, call });
      return generate(request, call);
    },
    async embed(request, call) {
      embedded.push({ request, call });
      return {
        vectors: request.texts.map((text) => [text.length, 0.5]),
        usage: { inputTokens: request.texts.length, outputTokens: 0 },
        model: "openai/small",
        costUsd: 0.25,
      };
    },
    list: async (tenantId) => list(tenantId),
    isFree: async () => false,
    grant: () => Promise.reject(new PlatformError("UNSUPPORTED_OPERATION", "a script has no budgets")),
    cache: {
      statistics: () => Promise.reject(new PlatformError("UNSUPPORTED_OPERATION", "a script keeps no answers")),
      clear: async () => {},
    },
    close: async () => {},
  };
  return { models, asked, embedded };
};

/** Rejects when the call is broken off, as a provider's does. */
export const never = ({ signal }: ModelCall): Promise<never> =>
  new Promise((_, reject) => {
    const abort = () => reject(new PlatformError("CANCELED", "aborted"));
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
  });
