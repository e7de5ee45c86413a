/** What spans of model calls say, in the words of OpenTelemetry's semantic conventions for generative AI. */
import type { ModelProviderName } from "@agentcore/contract";
import type { ModelUsage } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { ObservedCall, ObservedOutcome } from "@agentcore/models";

export type AttributeValue = string | number | boolean | string[];
export type SpanAttributes = Readonly<Record<string, AttributeValue>>;

/** The well-known values; for those that have none, our own. */
const PROVIDER_NAMES: Readonly<Record<ModelProviderName, string>> = {
  openai: "openai",
  anthropic: "anthropic",
  google: "gcp.gemini",
  azure: "azure.ai.openai",
  bedrock: "aws.bedrock",
  mistral: "mistral_ai",
  ollama: "ollama",
  local: "local",
  "openai-compatible": "openai-compatible",
};

const FINISH_REASONS: Readonly<Record<string, string>> = {
  "tool-calls": "tool_call",
  "content-filter": "content_filter",
};

export const providerNameOf = (provider: ModelProviderName): string => PROVIDER_NAMES[provider];

export const finishReasonOf = (reason: string): string => FINISH_REASONS[reason] ?? reason;

/** What a provider answered in numbers, else our code; undefined for no error. */
export const errorTypeOf = (error: unknown): string | undefined => {
  if (error === undefined) return undefined;
  if (!PlatformError.is(error)) return "_OTHER";
  const status = error.details?.["status"];
  return typeof status === "number" ? String(status) : error.code;
};

/** Known before the model answers. */
export const beginAttributes = (observed: ObservedCall): SpanAttributes => {
  const { operation, call, name, provider, model, request, isStreamed } = observed;
  const { maxOutputTokens, temperature, topP, seed, stop = [], output } = request ?? {};
  return present({
    "gen_ai.operation.name": operation,
    "gen_ai.provider.name": providerNameOf(provider),
    "gen_ai.request.model": model,
    ...serverAttributes(observed),
    "gen_ai.request.max_tokens": maxOutputTokens,
    "gen_ai.request.temperature": temperature,
    "gen_ai.request.top_p": topP,
    "gen_ai.request.seed": seed,
    "gen_ai.request.stop_sequences": stop.length === 0 ? undefined : [...stop],
    "gen_ai.request.stream": isStreamed ? true : undefined,
    "gen_ai.output.type": output === undefined ? undefined : "json",
    "agentcore.tenant": call.tenantId,
    "agentcore.model": name,
    "agentcore.agent": call.agent === "" ? undefined : call.agent,
    "agentcore.task.id": call.task?.id,
    "agentcore.run.id": call.task?.runId,
  });
};

export const endAttributes = ({
  response,
  usage = response?.usage,
  costUsd = response?.costUsd,
  firstTokenMs,
  error,
}: ObservedOutcome): SpanAttributes =>
  present({
    "gen_ai.response.model": response?.model?.slice(response.model.indexOf("/") + 1),
    "gen_ai.response.finish_reasons": response === undefined ? undefined : [finishReasonOf(response.finishReason)],
    "gen_ai.response.time_to_first_chunk": firstTokenMs === undefined ? undefined : firstTokenMs / 1000,
    ...(usage === undefined ? {} : usageAttributes(usage)),
    "agentcore.cache.level": response?.cache,
    "agentcore.cost.usd": costUsd,
    "error.type": errorTypeOf(error),
  });

const usageAttributes = (usage: ModelUsage): Readonly<Record<string, AttributeValue | undefined>> => ({
  "gen_ai.usage.input_tokens": usage.inputTokens,
  "gen_ai.usage.output_tokens": usage.outputTokens,
  "gen_ai.usage.cache_read.input_tokens": usage.cachedInputTokens,
  "gen_ai.usage.cache_creation.input_tokens": usage.cacheWriteTokens,
  "gen_ai.usage.reasoning.output_tokens": usage.reasoningTokens,
  "agentcore.usage.estimated": usage.estimated === true ? true : undefined,
});

const serverAttributes = ({ baseUrl }: ObservedCall): Readonly<Record<string, AttributeValue>> => {
  if (baseUrl === undefined || !URL.canParse(baseUrl)) return {};
  const { hostname, port, protocol } = new URL(baseUrl);
  return { "server.address": hostname, "server.port": port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) };
};

const present = (attributes: Readonly<Record<string, AttributeValue | undefined>>): SpanAttributes =>
  Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, AttributeValue] => entry[1] !== undefined),
  );
