import type { ModelProviderName } from "@agentcore/contract";
import type { ModelUsage } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { costNanoUsd, worstCaseNanoUsd } from "./cost-nano-usd.ts";
import { parsePriceTable } from "./parse-price-table.ts";
import { factsOf, priceOf, type TargetPrice } from "./price-of.ts";
import { PRICE_TABLE } from "./price-table.ts";

const target = (provider: ModelProviderName, model: string) => ({ provider, model });
const priced = (provider: ModelProviderName, model: string) => priceOf(target(provider, model), PRICE_TABLE);

describe("the table", () => {
  test("knows models by name, and by the name with a date", () => {
    expect(priced("openai", "gpt-5-mini")).toEqual({ input: 0.25, output: 2, cachedInput: 0.025 });
    expect(priced("openai", "gpt-5-mini-2025-08-07")).toEqual(priced("openai", "gpt-5-mini"));
    expect(priced("anthropic", "claude-sonnet-4-5-20250929")).toEqual(priced("anthropic", "claude-sonnet-4-5"));
  });

  test("a frozen model that costs more than its name is known by itself", () => {
    expect(priced("openai", "gpt-4o-2024-05-13")).toMatchObject({ input: 5, output: 15 });
    expect(priced("openai", "gpt-4o-2024-11-20")).toMatchObject({ input: 2.5, output: 10 });
  });

  test("Bedrock's regional endpoints cost a tenth more than its global ones", () => {
    const id = "anthropic.claude-sonnet-4-5-20250929-v1:0";
    expect(priced("bedrock", `global.${id}`)).toEqual(priced("anthropic", "claude-sonnet-4-5"));
    const regional = { input: 3.3, output: 16.5, cachedInput: 0.33, cacheWrite: 4.125 };
    expect(priced("bedrock", `eu.${id}`)).toEqual(regional);
    expect(priced("bedrock", id)).toEqual(regional);
    expect(priced("bedrock", "us-gov.anthropic.claude-sonnet-4-5")).toBeUndefined();
    expect(priced("bedrock", "anthropic.claude-opus-4-1-20250805-v1:0")).toBeUndefined();
  });

  test("of Azure it knows sizes, not prices", () => {
    expect(priced("azure", "gpt-4o")).toBeUndefined();
    expect(factsOf(target("azure", "gpt-4o"), PRICE_TABLE)).toMatchObject({ contextWindow: 128_000 });
  });

  test("says nothing of what it does not know, or of a model of that name elsewhere", () => {
    expect(priced("openai", "my-model")).toBeUndefined();
    expect(priced("openai-compatible", "gpt-5-mini")).toBeUndefined();
    expect(priced("ollama", "constructor")).toBeUndefined();
  });

  test("a manifest's price goes before it", () => {
    const price = { input: 0, output: 0 };
    expect(priceOf({ ...target("openai", "gpt-5-mini"), price }, PRICE_TABLE)).toBe(price);
  });

  test("each entry makes sense", () => {
    const entries = [...PRICE_TABLE].flatMap(([provider, models]) =>
      [...models].map(([name, facts]) => [`${provider}/${name}`, facts] as const),
    );
    expect(entries.length).toBeGreaterThan(60);
    for (const [name, { price, longInput, contextWindow, maxOutputTokens, asOf }] of entries) {
      expect(asOf, name).toMatch(/^\d{4}-\d{2}-\d{2}$/);
      if (maxOutputTokens !== undefined) expect(maxOutputTokens, name).toBeLessThan(contextWindow ?? 0);
      if (price === undefined) continue;
      // Within the node nothing is paid, and nowhere else.
      expect(price.input === 0, name).toBe(name.startsWith("local/"));
      if (price.input === 0) continue;
      expect(price.cachedInput ?? 0, name).toBeLessThan(price.input);
      expect(price.cacheWrite ?? price.input, name).toBeGreaterThanOrEqual(price.input);
      if (longInput === undefined) continue;
      expect(longInput.input, name).toBeGreaterThan(price.input);
      expect(longInput.output, name).toBeGreaterThan(price.output);
      if (contextWindow !== undefined) expect(longInput.above, name).toBeLessThan(contextWindow);
    }
  });
});

const tokens = fc.integer({ min: 0, max: 10_000_000 });
const usd = fc.integer({ min: 0, max: 100_000_000 }).map((micros) => micros / 1e6);
const flatPrice = fc.record({
  ...{ input: usd, output: usd },
  cachedInput: fc.option(usd, { nil: undefined }),
  cacheWrite: fc.option(usd, { nil: undefined }),
});
const usages: fc.Arbitrary<ModelUsage> = fc
  .record({ plain: tokens, cachedInputTokens: tokens, cacheWriteTokens: tokens, outputTokens: tokens })
  .map(({ plain, cachedInputTokens, cacheWriteTokens, outputTokens }) => ({
    ...{ cachedInputTokens, cacheWriteTokens, outputTokens },
    inputTokens: plain + cachedInputTokens + cacheWriteTokens,
  }));
const strip = (price: { readonly [key: string]: unknown }): TargetPrice =>
  Object.fromEntries(Object.entries(price).filter(([, value]) => value !== undefined)) as unknown as TargetPrice;

const plus = (left: ModelUsage, right: ModelUsage): ModelUsage => ({
  inputTokens: left.inputTokens + right.inputTokens,
  outputTokens: left.outputTokens + right.outputTokens,
  cachedInputTokens: (left.cachedInputTokens ?? 0) + (right.cachedInputTokens ?? 0),
  cacheWriteTokens: (left.cacheWriteTokens ?? 0) + (right.cacheWriteTokens ?? 0),
});

describe("the cost of a call", () => {
  test("is in billionths of a dollar, each kind of input at its own price", () => {
    const price = { input: 3, output: 15, cachedInput: 0.3, cacheWrite: 3.75 };
    expect(costNanoUsd({ inputTokens: 1_000_000, outputTokens: 0 }, price)).toBe(3_000_000_000);
    expect(costNanoUsd({ inputTokens: 0, outputTokens: 1 }, price)).toBe(15_000);
    const usage = { inputTokens: 1_000, outputTokens: 10, cachedInputTokens: 600, cacheWriteTokens: 300 };
    expect(costNanoUsd(usage, price)).toBe(100 * 3_000 + 600 * 300 + 300 * 3_750 + 10 * 15_000);
  });

  test("is rounded up, once", () => {
    expect(costNanoUsd({ inputTokens: 1, outputTokens: 0 }, { input: 0.000001, output: 0 })).toBe(1);
    expect(costNanoUsd({ inputTokens: 1_000, outputTokens: 0 }, { input: 0.000001, output: 0 })).toBe(1);
    // 1.1 is no number that a computer knows exactly.
    expect(costNanoUsd({ inputTokens: 3, outputTokens: 0 }, { input: 1.1, output: 0 })).toBe(3_300);
  });

  test("of a long input is that of long input, for the whole request", () => {
    const price = { input: 2, output: 12, longInput: { above: 200_000, input: 4, output: 18 } };
    expect(costNanoUsd({ inputTokens: 200_000, outputTokens: 100 }, price)).toBe(200_000 * 2_000 + 100 * 12_000);
    expect(costNanoUsd({ inputTokens: 200_001, outputTokens: 100 }, price)).toBe(200_001 * 4_000 + 100 * 18_000);
  });

  test("of numbers that no call has stays a whole number", () => {
    const usage = { inputTokens: Number.MAX_SAFE_INTEGER, outputTokens: -5, cachedInputTokens: 7 };
    expect(costNanoUsd(usage, { input: 10_000, output: 1 })).toBe(Number.MAX_SAFE_INTEGER);
  });

  test("is exact up to where a number is no longer", () => {
    const units = (usage: ModelUsage, price: TargetPrice): bigint =>
      BigInt(usage.inputTokens) * BigInt(Math.round(price.input * 1e6)) +
      BigInt(usage.outputTokens) * BigInt(Math.round(price.output * 1e6));
    const many = fc.integer({ min: 0, max: 200_000_000 });
    fc.assert(
      fc.property(many, many, usd, usd, (inputTokens, outputTokens, input, output) => {
        const usage = { inputTokens, outputTokens };
        const price = { input, output };
        expect(BigInt(costNanoUsd(usage, price))).toBe((units(usage, price) + 999n) / 1000n);
      }),
    );
  });

  test("is never negative, grows with what is used, and adds up but for rounding", () => {
    fc.assert(
      fc.property(usages, usages, flatPrice, (left, right, given) => {
        const price = strip(given);
        const [one, other, both] = [left, right, plus(left, right)].map((usage) => costNanoUsd(usage, price)) as [
          number,
          number,
          number,
        ];
        expect(one).toBeGreaterThanOrEqual(0);
        expect(Number.isSafeInteger(both)).toBe(true);
        expect(both).toBeGreaterThanOrEqual(one);
        expect(both).toBeLessThanOrEqual(one + other);
        expect(one + other - both).toBeLessThanOrEqual(1);
      }),
    );
  });

  test("is at most the worst case of its bounds", () => {
    fc.assert(
      fc.property(usages, tokens, tokens, flatPrice, fc.option(flatPrice), (usage, more, above, given, long) => {
        const price = strip({ ...given, longInput: long === null ? undefined : strip({ ...long, above }) });
        const bounds = { inputTokens: usage.inputTokens + more, outputTokens: usage.outputTokens };
        expect(costNanoUsd(usage, price)).toBeLessThanOrEqual(worstCaseNanoUsd(bounds, price));
      }),
    );
  });
});

describe("a node's own table", () => {
  const parse = (json: unknown) => parsePriceTable(JSON.stringify(json), "prices.json");

  test("goes before the built-in one, model by model", () => {
    const price = { input: 1, output: 2 };
    const table = parse({ asOf: "2026-11-01", models: { openai: { "gpt-5-mini": { price }, own: { price } } } });
    expect(priceOf(target("openai", "gpt-5-mini"), table)).toEqual(price);
    expect(factsOf(target("openai", "own"), table)).toEqual({ price, asOf: "2026-11-01" });
    expect(priceOf(target("openai", "gpt-5"), table)).toEqual(priced("openai", "gpt-5"));
    expect(priceOf(target("mistral", "mistral-large-latest"), table)).toBeDefined();
  });

  test.each([
    ["{", /^prices\.json: expected JSON: /],
    [JSON.stringify({ models: {} }), /^prices\.json: asOf: /],
    [JSON.stringify({ asOf: "2026-11-01", models: { opnai: {} } }), /^prices\.json: models/],
    [
      JSON.stringify({ asOf: "2026-11-01", models: { openai: { a: { price: { input: -1, output: 1 } } } } }),
      /^prices\.json: models\.openai\.a\.price\.input: /,
    ],
    [
      JSON.stringify({ asOf: "2026-11-01", models: { openai: { a: { price: { input: 1, output: 1, inputs: 1 } } } } }),
      /inputs/,
    ],
    [" ".repeat(5_000_000), /5000000 characters, at most 4194304/],
  ])("is refused when it is wrong, with the place: %#", (text, message) => {
    expect(() => parsePriceTable(text, "prices.json")).toThrow(
      expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringMatching(message) as string }),
    );
  });
});
