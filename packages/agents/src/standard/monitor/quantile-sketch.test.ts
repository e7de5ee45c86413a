import fc from "fast-check";
import { expect, test } from "vitest";
import { addToSketch, EMPTY_SKETCH, MAX_ERROR, mergeSketches, quantile } from "./quantile-sketch.ts";

const truth = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? 0;

const Values = fc.array(fc.double({ min: 0.001, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 300 });
const Share = fc.constantFrom(0, 0.5, 0.9, 0.95, 0.99, 1);

test("what it says is within 2 % of the number that is there", () => {
  fc.assert(
    fc.property(Values, Share, (values, share) => {
      const told = quantile(addToSketch(EMPTY_SKETCH, values), share) ?? 0;
      const real = truth(values, share);
      expect(Math.abs(told - real) / real).toBeLessThanOrEqual(MAX_ERROR + 1e-9);
    }),
  );
});

test("sketches of parts are together the sketch of the whole", () => {
  fc.assert(
    fc.property(Values, Values, (one, other) => {
      const parts = mergeSketches([addToSketch(EMPTY_SKETCH, one), addToSketch(EMPTY_SKETCH, other)]);
      expect(parts).toEqual(addToSketch(EMPTY_SKETCH, [...one, ...other]));
    }),
  );
});

test("of none there is no quantile, of nothing but zeros it is zero, and what is low is told apart less when there is too much", () => {
  expect(quantile(EMPTY_SKETCH, 0.5)).toBe(null);
  expect(quantile(addToSketch(EMPTY_SKETCH, [0, -1, 0]), 0.95)).toBe(0);
  const wide = Array.from({ length: 2_000 }, (_, index) => 1.05 ** (index - 1_000));
  const sketch = addToSketch(EMPTY_SKETCH, wide);
  expect(Object.keys(sketch.ranges)).toHaveLength(400);
  const p99 = quantile(sketch, 0.99) ?? 0;
  expect(Math.abs(p99 - truth(wide, 0.99)) / truth(wide, 0.99)).toBeLessThan(MAX_ERROR);
});
