import { expect, test } from "vitest";
import { sameAnswer, similarityOf } from "./same-answer.ts";

test.each([
  ["the same in another case and with other punctuation", "It is Paris.", "it is paris", null, true],
  ["a number in words", "It has 12 floors", "It has twelve floors", 0.95, true],
  ["another number", "It costs 10 euros", "It costs 20 euros", 0.99, false],
  ["yes and no", "Yes, that works.", "No, that works not.", 0.99, false],
  ["other words near enough", "Go to settings", "Open the settings page", 0.93, true],
  ["other words too far", "Go to settings", "Call support", 0.4, false],
  ["other words, not known how far", "Go to settings", "Open the settings page", null, false],
])("%s", (_, kept, fresh, similarity, expected) => expect(sameAnswer(kept, fresh, similarity)).toBe(expected));

test("similarity is the cosine", () => {
  expect(similarityOf([1, 0], [2, 0])).toBeCloseTo(1);
  expect(similarityOf([1, 0], [0, 3])).toBe(0);
  expect([similarityOf([0, 0], [1, 0]), similarityOf([1], [1, 0])]).toEqual([null, null]);
});
