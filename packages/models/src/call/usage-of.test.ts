import { expect, test } from "vitest";
import { usageOf } from "./usage-of.ts";

const reported = (input: number | undefined, output: number | undefined, parts: Record<string, number> = {}) => ({
  inputTokens: {
    ...{ total: input, noCache: undefined, cacheRead: parts["cacheRead"], cacheWrite: parts["cacheWrite"] },
  },
  outputTokens: { total: output, text: undefined, reasoning: parts["reasoning"] },
});
const BYTES = { sent: 100, received: 10 };

test("what a provider reports is taken as it is, with its parts", () => {
  expect(usageOf(reported(40, 5, { cacheRead: 10, cacheWrite: 20, reasoning: 2 }), BYTES)).toEqual({
    ...{ inputTokens: 40, outputTokens: 5, cachedInputTokens: 10, cacheWriteTokens: 20, reasoningTokens: 2 },
  });
  expect(usageOf(reported(40, 0), { sent: 100, received: 0 })).toEqual({ inputTokens: 40, outputTokens: 0 });
});

test.each([
  ["negative", -1, -1],
  ["fractions", 1.5, 0.5],
  ["not numbers", Number.NaN, Number.NaN],
  ["without end", Number.POSITIVE_INFINITY, 1e12],
  ["absent", undefined, undefined],
  ["nothing, although there was input and output", 0, 0],
])("numbers that are %s are estimated at a third of the bytes", (_what, input, output) => {
  expect(usageOf(reported(input, output), BYTES)).toEqual({ inputTokens: 34, outputTokens: 4, estimated: true });
});

test("of one number that cannot be, the other stays", () => {
  expect(usageOf(reported(-5, 5), BYTES)).toEqual({ inputTokens: 34, outputTokens: 5, estimated: true });
  expect(usageOf(reported(40, -5), BYTES)).toEqual({ inputTokens: 40, outputTokens: 4, estimated: true });
});

test("parts that cannot be are left out", () => {
  for (const parts of [
    { cacheRead: 41 },
    { cacheRead: 21, cacheWrite: 20 },
    { cacheRead: -1 },
    { reasoning: 6 },
    { reasoning: 0.5 },
  ])
    expect(usageOf(reported(40, 5, parts), BYTES)).toEqual({ inputTokens: 40, outputTokens: 5 });
});
