import fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_POOL_SETTINGS } from "./pool-settings.ts";
import { rankMemories, recencyOf, worthOf } from "./rank-memories.ts";

const DAY = 86_400_000;
const NOW = 1_000 * DAY;
const facts = (more: object = {}) => ({ at: NOW, lastUsedAt: NOW, uses: 0, importance: 0.5, ...more });

test("recency halves with each half-life since the last use", () => {
  const settings = { halfLifeMs: 30 * DAY };
  expect(recencyOf(facts(), NOW, settings)).toBe(1);
  expect(recencyOf(facts({ at: NOW - 60 * DAY, lastUsedAt: NOW - 30 * DAY }), NOW, settings)).toBe(0.5);
  // A clock that was set back.
  expect(recencyOf(facts({ at: NOW + DAY, lastUsedAt: NOW + DAY }), NOW, settings)).toBe(1);
});

test("the score is what the documentation says, and the reasons name each part of it", () => {
  const [best, next] = rankMemories(
    {
      words: [{ id: "a", score: 3 }],
      meaning: [
        { id: "b", score: 0.9 },
        { id: "a", score: 0.5 },
      ],
    },
    (id) => facts(id === "b" ? { lastUsedAt: NOW - 30 * DAY, at: NOW - 30 * DAY } : {}),
    NOW,
    DEFAULT_POOL_SETTINGS,
  );
  expect(best?.score).toBeCloseTo(0.8 * ((1 / 61 + 1 / 62) / (2 / 61)) + 0.1 + 0.05, 10);
  expect(next?.score).toBeCloseTo(0.8 * 0.5 + 0.1 * 0.5 + 0.05, 10);
  expect(best?.reasons).toEqual([
    "words (BM25 3.00): place 1 of 1",
    "meaning (cosine 0.50): place 2 of 2",
    "recency 1.00: last used today",
    "importance 0.50",
  ]);
  expect(next?.reasons[1]).toBe("recency 0.50: last used 30 d ago");
});

test("scores are from 0 to 1 and in order, and only what was found is ranked", () => {
  const list = fc.uniqueArray(
    fc.record({ id: fc.constantFrom("a", "b", "c", "d"), score: fc.double({ min: 0, max: 9, noNaN: true }) }),
    { selector: ({ id }) => id },
  );
  fc.assert(
    fc.property(
      list,
      fc.option(list),
      fc.nat(),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (words, meaning, age, importance) => {
        const ranked = rankMemories(
          { words, meaning },
          () => facts({ at: NOW - age, lastUsedAt: 0, importance }),
          NOW,
          DEFAULT_POOL_SETTINGS,
        );
        const scores = ranked.map(({ score }) => score);
        expect(scores.every((score) => score >= 0 && score <= 1 + 1e-9)).toBe(true);
        expect(scores).toEqual(scores.toSorted((left, right) => right - left));
        expect(ranked.map(({ id }) => id).toSorted()).toEqual(
          [...new Set([...words, ...(meaning ?? [])].map(({ id }) => id))].toSorted(),
        );
      },
    ),
  );
});

test("what is worth nothing is of no importance or long unused; use makes it worth more", () => {
  const worth = (more: object) => worthOf(facts(more), NOW, { halfLifeMs: 30 * DAY });
  expect(worth({ importance: 0 })).toBe(0);
  expect(worth({ uses: 3 })).toBe(1.5);
  expect(worth({})).toBe(0.5);
  expect(worth({ at: NOW - 300 * DAY, lastUsedAt: NOW - 300 * DAY, importance: 1 })).toBeLessThan(0.001);
});
