/** How many tokens a call took: as the provider says, unless that cannot be. */
import type { ModelUsage } from "@agentcore/contract/authoring";
import type { LanguageModelV4Usage } from "@ai-sdk/provider";

/** UTF-8 bytes of what was sent, and of what came back: text, reasoning, tool calls. */
export interface CallBytes {
  readonly sent: number;
  readonly received: number;
}

// English has about four bytes a token, code and other languages less: rather too much.
const BYTES_PER_TOKEN = 3;
// More than any model reads or writes.
const MAX_TOKENS = 100_000_000;

export const estimateTokens = (bytes: number): number => Math.ceil(bytes / BYTES_PER_TOKEN);

const isCount = (value: number | undefined): value is number =>
  value !== undefined && Number.isInteger(value) && value >= 0 && value <= MAX_TOKENS;

/** Parts of a count: none where they cannot be. */
const partsOf = <Name extends string>(total: number, parts: Readonly<Record<Name, number | undefined>>) => {
  const known = Object.entries<number | undefined>(parts).filter(([, value]) => value !== undefined && value !== 0);
  const together = known.reduce((sum, [, value]) => sum + (isCount(value) ? value : Number.NaN), 0);
  return (together <= total ? Object.fromEntries(known) : {}) as Partial<Record<Name, number>>;
};

/**
 * A number that is negative, no whole one, absent, no input, or no output although there is text, counts as not reported: it is estimated at a third
 * of the bytes, rounded up.
 */
export const usageOf = (reported: LanguageModelV4Usage | undefined, bytes: CallBytes): ModelUsage => {
  const { inputTokens: input, outputTokens: output } = reported ?? {};
  const inputTokens = isCount(input?.total) && input.total > 0 ? input.total : undefined;
  const outputTokens = isCount(output?.total) && (output.total > 0 || bytes.received === 0) ? output.total : undefined;
  return {
    inputTokens: inputTokens ?? estimateTokens(bytes.sent),
    outputTokens: outputTokens ?? estimateTokens(bytes.received),
    ...(inputTokens === undefined
      ? {}
      : partsOf(inputTokens, { cachedInputTokens: input?.cacheRead, cacheWriteTokens: input?.cacheWrite })),
    ...(outputTokens === undefined ? {} : partsOf(outputTokens, { reasoningTokens: output?.reasoning })),
    ...(inputTokens === undefined || outputTokens === undefined ? { estimated: true } : {}),
  };
};

/** Of a call that failed: nobody reported anything. */
export const estimateUsage = (bytes: CallBytes): ModelUsage => usageOf(undefined, bytes);
