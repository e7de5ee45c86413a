import { expect, test } from "vitest";
import { wordDirections } from "./word-directions.ts";

const likeness = (a: string, b: string): number => {
  const [left, right] = [wordDirections(a, 512), wordDirections(b, 512)];
  return left.reduce((sum, value, at) => sum + value * (right[at] ?? 0), 0);
};

test("texts with equal words are alike, others are not, in any script", () => {
  expect(likeness("Rechnung bezahlen", "bezahlen RECHNUNG")).toBeCloseTo(1, 5);
  expect(likeness("die Rechnung vom März", "die Rechnung vom April")).toBeGreaterThan(0.5);
  expect(likeness("今月の請求書", "請求書の合計")).toBeGreaterThan(0.3);
  for (const [a, b] of [
    ["Rechnung bezahlen", "Hund füttern"],
    ["счёт за март", "собака играет"],
    ["請求書", "天気予報"],
    ["🎉", "🌧"],
    ["", "?"],
  ] as const)
    expect(Math.abs(likeness(a, b)), `${a} and ${b}`).toBeLessThan(0.25);
});
