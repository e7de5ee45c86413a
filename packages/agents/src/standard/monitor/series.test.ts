import { expect, test } from "vitest";
import { addToSeries, MINUTE_MS, type Series, statisticsOf } from "./series.ts";
import { isBeyond, Threshold } from "./thresholds.ts";

const EMPTY: Series = { name: "n", agent: "a", labels: {}, count: 0, lastAt: 0, minutes: [] };
const filled = (times: readonly number[]): Series =>
  times.reduce((series, minute, index) => addToSeries(series, index + 1, minute * MINUTE_MS + 5), EMPTY);

test("only the last minutes count, and only 15 are kept, in whatever order numbers come", () => {
  const series = filled([100, 101, 99, 120, 121, 101]);
  expect(series.minutes.map(({ minute }) => minute)).toEqual([120, 121]);
  expect(series).toMatchObject({ count: 6, lastAt: 121 * MINUTE_MS + 5 });
  expect(statisticsOf([series], 121 * MINUTE_MS, 2)).toMatchObject({
    count: 2,
    rate: 1,
    sum: 9,
    mean: 4.5,
    min: 4,
    max: 5,
  });
  expect(statisticsOf([series], 121 * MINUTE_MS, 1)).toMatchObject({ count: 1, sum: 5 });
  expect(statisticsOf([series], 500 * MINUTE_MS, 5)).toMatchObject({ count: 0, mean: null, p95: null });
});

test("a threshold is above or below, and of a share", () => {
  const made = (more: object) => Threshold.safeParse({ name: "t", measure: "m", ...more });
  expect(made({}).error?.issues[0]?.message).toBe("expected either above or below");
  expect(made({ above: 1, below: 2 }).success).toBe(false);
  expect(made({ above: 1, statistic: "share" }).success).toBe(false);
  expect(isBeyond(Threshold.parse({ name: "t", measure: "m", above: 3 }), 3)).toBe(false);
  expect(isBeyond(Threshold.parse({ name: "t", measure: "m", below: 3 }), 2.9)).toBe(true);
});
