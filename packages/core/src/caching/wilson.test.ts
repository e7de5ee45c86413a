import { expect, test } from "vitest";
import { isTooOftenWrong } from "./shadow-samples.ts";
import { wilsonBounds } from "./wilson.ts";

test("bounds are Wilson's", () => {
  expect(wilsonBounds(0, 0)).toEqual({ lower: 0, upper: 1 });
  // By the formula with z = 1.959964; 0 of 10 is z² / (10 + z²).
  expect(wilsonBounds(0, 10).upper).toBeCloseTo(0.27753, 4);
  expect(wilsonBounds(5, 10)).toEqual({ lower: expect.closeTo(0.23659, 4), upper: expect.closeTo(0.76341, 4) });
  expect(wilsonBounds(0, 381).upper).toBeLessThan(0.01);
  expect(wilsonBounds(0, 379).upper).toBeGreaterThan(0.01);
});

test("the level goes off when it may be too often wrong by enough samples, or surely is by fewer", () => {
  const limits = { maxWrongShare: 0.01, minSamples: 400 };
  const isOff = (wrong: number, samples: number) => isTooOftenWrong({ samples, wrong, offSince: null }, limits);
  expect([isOff(0, 399), isOff(0, 400), isOff(1, 400), isOff(1, 100)]).toEqual([false, false, true, false]);
  expect([isOff(2, 19), isOff(2, 20), isOff(1, 20)]).toEqual([false, true, false]);
});
