import { expect, test } from "vitest";
import { DurationText, parseDuration } from "./duration.ts";

test("a duration is a number and one unit", () => {
  expect(["90s", "15m", "12h", "30d"].map(parseDuration)).toEqual([90_000, 900_000, 43_200_000, 2_592_000_000]);
});

test("whatever else is refused", () => {
  for (const text of ["", "30", "d", "0d", "-1d", "1.5h", "1h30m", "30 d", "1w", "1000000s", "30D"])
    expect([text, parseDuration(text), DurationText.safeParse(text).success]).toEqual([text, null, false]);
});
