import fc from "fast-check";
import { expect, test } from "vitest";
import { messageTokens, tokenEstimate, toolTokens } from "./tokens.ts";

// What o200k_base and cl100k_base, the tokenizers of OpenAI's models, make of each: the larger number.
test.each([
  ["Memory is what later tasks should know.", 8],
  ["const found = rows.flatMap(({ id }) => id);", 12],
  ['{"name":"risk-assessor","skills":[{"id":"credit-risk"}]}', 16],
  ["0198c7de-5f2d-7c3a-9b1e-2f6a8c4d0e1f", 33],
  ["c2VjcmV0IHRoYXQgbm9ib2R5IHJlYWRzIG9yIGd1ZXNzZXM=", 38],
  ["Все люди рождаются свободными и равными", 21],
  ["人人生而自由，在尊严和权利上一律平等。", 21],
  ["すべての人間は、生まれながらにして自由", 19],
  ["🏳️‍🌈🔥🚀", 15],
  ["xqzj vwpk brtlm gnashkj qwrtypsdf", 17],
])("of %j it estimates no fewer tokens than a tokenizer makes, %i", (text, tokens) => {
  expect(tokenEstimate(text)).toBeGreaterThanOrEqual(tokens);
  expect(tokenEstimate(text)).toBeLessThanOrEqual(tokens * 3);
});

test("it never counts more than bytes, and texts that are joined by a line end are not more than their sum and it", () => {
  const text = fc.string({ unit: "binary", maxLength: 200 });
  fc.assert(
    fc.property(text, text, (left, right) => {
      expect(tokenEstimate(left)).toBeLessThanOrEqual(new TextEncoder().encode(left).length + 1);
      expect(tokenEstimate(`${left}\n${right}`)).toBeLessThanOrEqual(tokenEstimate(left) + tokenEstimate(right) + 2);
    }),
  );
});

test("messages and tools take what is in them, and what stands around it", () => {
  expect(messageTokens({ role: "user", content: "tea" })).toBe(17);
  const toolCalls = [{ id: "a", name: "find", input: { q: 1 } }];
  expect(messageTokens({ role: "assistant", content: "", toolCalls })).toBe(32 + 1 + 2 + 7);
  expect(toolTokens({ name: "find", description: "Finds", inputJsonSchema: {} }, (text) => text.length)).toBe(
    64 + 4 + 5 + 2,
  );
});
