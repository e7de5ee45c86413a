import { expect, test } from "vitest";
import type { KeptAnswer } from "./kept-answer.ts";
import { MemoryLevel } from "./memory-level.ts";

const answer = (tenantId: string, text = "x", expiresAt = 100): KeptAnswer => ({
  ...{ tenantId, question: null, matchedBy: null, expiresAt },
  response: { text, toolCalls: [], finishReason: "stop", usage: { inputTokens: 1, outputTokens: 1 } },
});

test("what was used longest ago goes first, by number and by bytes", () => {
  const level = new MemoryLevel({ maxEntries: 2, maxBytes: 6_000 });
  for (const key of ["a", "b"]) level.set("t", key, answer("t"));
  level.get("t", "a", 0);
  level.set("t", "c", answer("t"));
  expect(["a", "b", "c"].map((key) => level.get("t", key, 0) !== null)).toEqual([true, false, true]);
  level.set("t", "d", answer("t", "x".repeat(2_000)));
  expect(["a", "c", "d"].map((key) => level.get("t", key, 0) !== null)).toEqual([false, false, true]);
  level.set("t", "e", answer("t", "x".repeat(3_000)));
  expect(level.get("t", "e", 0)).toBeNull();
  expect(level.sizeOf("t").bytes).toBeLessThanOrEqual(6_000);
});

test("an entry ends with its time, and one that is replaced is counted once", () => {
  const level = new MemoryLevel({ maxEntries: 10, maxBytes: 100_000 });
  level.set("t", "a", answer("t"));
  const size = level.sizeOf("t");
  level.set("t", "a", answer("t"));
  expect(level.sizeOf("t")).toEqual(size);
  expect(level.get("t", "a", 99)).not.toBeNull();
  expect(level.get("t", "a", 100)).toBeNull();
  expect(level.sizeOf("t")).toEqual({ entries: 0, bytes: 0 });
});

test("tenants whose names contain keys and spaces share nothing", () => {
  const level = new MemoryLevel({ maxEntries: 10, maxBytes: 100_000 });
  level.set("b c", "a", answer("b c"));
  level.set("c", "a b", answer("c"));
  expect(level.get("b c", "a", 0)?.tenantId).toBe("b c");
  expect(level.get("c", "a", 0)).toBeNull();
  expect([level.clear("c"), level.clear("c"), level.sizeOf("b c").entries]).toEqual([1, 0, 1]);
});
