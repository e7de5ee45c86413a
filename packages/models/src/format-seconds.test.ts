import { expect, test } from "vitest";
import { formatSeconds } from "./format-seconds.ts";

test.each([
  [37_412, "38 s"],
  [120_000, "120 s"],
  [1_500, "1.5 s"],
  [9_999, "10 s"],
  [812, "0.9 s"],
  [50, "0.05 s"],
])("%i ms is %s", (ms, text) => {
  expect(formatSeconds(ms)).toBe(text);
});
