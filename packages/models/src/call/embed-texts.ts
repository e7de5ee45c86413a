import type { ModelUsage } from "@agentcore/contract/authoring";
import type { EmbeddingModelV4 } from "@ai-sdk/provider";
import { AnswerFailure } from "./answer-failure.ts";
import { usageOf } from "./usage-of.ts";

export interface TargetVectors {
  readonly vectors: readonly (readonly number[])[];
  readonly usage: ModelUsage;
  /** Milliseconds. */
  readonly durationMs: number;
}

/** In as many requests, one after another, as the provider takes texts at once. */
export const embedTexts = async (
  model: EmbeddingModelV4,
  texts: readonly string[],
  {
    sentBytes,
    tenantId,
    signal,
  }: { readonly sentBytes: number; readonly tenantId: string; readonly signal: AbortSignal },
): Promise<TargetVectors> => {
  const startedAt = performance.now();
  const atOnce = (await model.maxEmbeddingsPerCall) ?? texts.length;
  const vectors: (readonly number[])[] = [];
  let total: number | undefined = 0;
  for (let from = 0; from < texts.length; from += atOnce) {
    const values = texts.slice(from, from + atOnce);
    const { embeddings, usage } = await model.doEmbed({
      ...{ values, abortSignal: signal },
      // Of providers each reads what has its name: this one is ours, and sends it nowhere.
      providerOptions: { local: { tenantId } },
    });
    vectors.push(...embeddings);
    total = total === undefined || usage === undefined ? undefined : total + usage.tokens;
  }
  const [{ length } = []] = vectors;
  const isWhole = vectors.every((vector) => vector.length === length && vector.every(Number.isFinite));
  if (vectors.length !== texts.length || length === 0 || !isWhole)
    throw new AnswerFailure(`${vectors.length} vectors came for ${texts.length} texts, or not all of one length`);
  const counts = { noCache: undefined, cacheRead: undefined, cacheWrite: undefined };
  const usage = usageOf(
    { inputTokens: { ...counts, total }, outputTokens: { total: 0, text: 0, reasoning: 0 } },
    { sent: sentBytes, received: 0 },
  );
  return { vectors, usage, durationMs: Math.round(performance.now() - startedAt) };
};
