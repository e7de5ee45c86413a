import fc from "fast-check";
import { expect, test } from "vitest";
import { type PeriodLength, periodOf } from "./calendar-period.ts";

const at = (text: string): number => Date.parse(text);

test.each([
  ["hour", "2026-11-22T13:59:59.999Z", "2026-11-22T13", "2026-11-22T14:00:00.000Z"],
  ["day", "2026-02-28T23:00:00.000Z", "2026-02-28", "2026-03-01T00:00:00.000Z"],
  ["week", "2026-11-22T23:59:59.999Z", "week-2026-11-16", "2026-11-23T00:00:00.000Z"],
  ["week", "2026-11-23T00:00:00.000Z", "week-2026-11-23", "2026-11-30T00:00:00.000Z"],
  ["month", "2028-02-29T12:00:00.000Z", "2028-02", "2028-03-01T00:00:00.000Z"],
  ["month", "2026-12-31T23:59:59.999Z", "2026-12", "2027-01-01T00:00:00.000Z"],
] as const)("the %s of %s is %s and ends at %s", (length, now, key, endsAt) => {
  expect(periodOf(length, at(now))).toEqual({ key, endsAt: at(endsAt) });
});

test("what has no period does not end", () => {
  expect(periodOf("total", 0)).toEqual({ key: "total", endsAt: null });
});

const lengths = fc.constantFrom<PeriodLength>("hour", "day", "week", "month");
test("a period holds until its end, and another begins there", () => {
  fc.assert(
    fc.property(lengths, fc.integer({ min: 0, max: at("2120-01-01T00:00:00Z") }), (length, now) => {
      const { key, endsAt } = periodOf(length, now);
      if (endsAt === null) throw new Error("it ends");
      expect(endsAt).toBeGreaterThan(now);
      expect(periodOf(length, endsAt - 1).key).toBe(key);
      expect(periodOf(length, endsAt).key).not.toBe(key);
    }),
  );
});
