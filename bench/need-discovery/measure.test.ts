// Floors below what was measured when the search was made (docs/discovery.md), so that a step back is seen.
import { openWordVectors } from "@agentcore/vectors";
import { expect, test } from "vitest";
import { compareCosts, exactMatches, measure, measureShown } from "./measure.ts";

test("on the test half, words alone name the right agent for more than exact words do, and seldom find anybody where there is none", async () => {
  const { top1, top3, right, wrong, unanswerable, falseFinds } = await measure("test", null);
  expect((await exactMatches("test")).top1).toBeLessThan(0.03);
  expect(top1).toBeGreaterThan(0.11);
  expect(top3).toBeGreaterThan(0.17);
  expect(right).toBeGreaterThan(12);
  expect(wrong).toBeLessThan(12);
  expect(falseFinds / unanswerable).toBeLessThan(0.13);
});

test("with their meaning, more stand first, and no more get work that they cannot do", async () => {
  const { top1, top3, right, wrong, unanswerable, falseFinds } = await measure("test", await openWordVectors());
  expect(top1).toBeGreaterThan(0.17);
  expect(top3).toBeGreaterThan(0.24);
  expect(right).toBeGreaterThan(12);
  expect(wrong).toBeLessThan(12);
  expect(falseFinds / unanswerable).toBeLessThan(0.13);
});

test("of three that can do the same, the one that gets the work costs less than the most similar", async () => {
  const { saved, wrong, chosenQuality, similarQuality } = await compareCosts();
  expect(wrong).toBe(0);
  expect(saved).toBeGreaterThan(0.3);
  expect(chosenQuality).toBeGreaterThan(0.9 * similarQuality);
});

test("a model that decides is asked where nobody is found, and shown the right one more often than it stands first", async () => {
  const { answerable, found, within, unanswerable, unanswerableAsked } = await measureShown(
    "test",
    await openWordVectors(),
  );
  const [three = 0, five = 0, ten = 0] = within;
  expect(three / (answerable - found)).toBeGreaterThan(0.18);
  expect([five > three, ten > five]).toEqual([true, true]);
  expect(unanswerableAsked / unanswerable).toBeGreaterThan(0.87);
});
