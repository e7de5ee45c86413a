import type { ModelPrice } from "@agentcore/contract";
import type { ModelUsage } from "@agentcore/contract/authoring";
import type { TargetPrice } from "./price-of.ts";

/** Prices are told apart to a millionth of a dollar for a million tokens. */
const UNITS_PER_USD = 1e6;
/** Units of a price times tokens that are a billionth of a dollar. */
const UNITS_PER_NANO_USD = 1_000;

const unitsOf = (usdPerMillion: number): number => {
  const units = usdPerMillion * UNITS_PER_USD;
  return Number.isInteger(units) ? units : Math.ceil(Number(units.toFixed(3)));
};

type Part = readonly [tokens: number, usdPerMillion: number];

const tokensOf = (tokens: number): number => Math.max(0, Math.ceil(tokens));

const sum = (...parts: readonly Part[]): number => {
  let units = 0;
  for (const [tokens, price] of parts) if (tokens > 0) units += tokensOf(tokens) * unitsOf(price);
  // Up to here every product and sum is exact; a quotient that is not whole would not be.
  if (units > Number.MAX_SAFE_INTEGER) return sumOfMany(parts);
  const rest = units % UNITS_PER_NANO_USD;
  return (units - rest) / UNITS_PER_NANO_USD + (rest === 0 ? 0 : 1);
};

const sumOfMany = (parts: readonly Part[]): number => {
  const perNanoUsd = BigInt(UNITS_PER_NANO_USD);
  let units = 0n;
  for (const [tokens, price] of parts) units += BigInt(tokensOf(tokens)) * BigInt(unitsOf(price));
  const nanoUsd = (units + perNanoUsd - 1n) / perNanoUsd;
  return nanoUsd > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(nanoUsd);
};

const priceFor = (inputTokens: number, price: TargetPrice): ModelPrice =>
  price.longInput !== undefined && inputTokens > price.longInput.above ? price.longInput : price;

/** Whole billionths of a US dollar, rounded up once; at most 2^53 - 1. */
export const costNanoUsd = (
  { inputTokens, outputTokens, cachedInputTokens = 0, cacheWriteTokens = 0 }: ModelUsage,
  price: TargetPrice,
): number => {
  const { input, output, cachedInput = input, cacheWrite = input } = priceFor(inputTokens, price);
  return sum(
    // Reports of which a part is more than the whole are charged by their parts.
    [inputTokens - cachedInputTokens - cacheWriteTokens, input],
    [cachedInputTokens, cachedInput],
    [cacheWriteTokens, cacheWrite],
    [outputTokens, output],
  );
};

/** No usage within the bounds costs more: all input at the dearest of its prices. */
export const worstCaseNanoUsd = (
  { inputTokens, outputTokens }: Pick<ModelUsage, "inputTokens" | "outputTokens">,
  price: TargetPrice,
): number => {
  const isLong = price.longInput !== undefined && inputTokens > price.longInput.above;
  const prices: readonly ModelPrice[] = isLong ? [price, price.longInput] : [price];
  return Math.max(
    ...prices.map(({ input, output, cachedInput = 0, cacheWrite = 0 }) =>
      sum([inputTokens, Math.max(input, cachedInput, cacheWrite)], [outputTokens, output]),
    ),
  );
};
