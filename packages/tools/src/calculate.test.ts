import fc from "fast-check";
import { expect, test } from "vitest";
import { calculate } from "./calculate.ts";

test.each([
  ["0.1 + 0.2", "0.3"],
  ["2 + 3 * 4", "14"],
  ["(2 + 3) * 4", "20"],
  ["-2^2", "-4"],
  ["2^3^2", "512"],
  ["2 ** -2", "0.25"],
  ["10 % 4", "2"],
  ["1_000 * 3", "3000"],
  ["1.5e3", "1500"],
  ["1 / 3", "0.333333333333333333333333333333"],
  ["round(2.345, 2)", "2.35"],
  ["round(-2.5)", "-3"],
  ["floor(-2.5)", "-3"],
  ["ceil(-2.5)", "-2"],
  ["floor(2.5) + ceil(2.1)", "5"],
  ["max(1, 2, 3) - min(4, 5)", "-1"],
  ["avg(1, 2, 4)", "2.333333333333333333333333333333"],
  ["sqrt(2) ^ 2", "2"],
  ["SUM(1,2) + Abs(-1)", "4"],
  ["--3", "3"],
  ["19.99 * 3 * 1.07", "64.1679"],
])("%s is %s", (expression, value) => {
  // A root is known to 30 places only.
  expect(Number(calculate(expression))).toBeCloseTo(Number(value), 12);
  if (!expression.startsWith("sqrt")) expect(calculate(expression)).toBe(value);
});

test.each([
  ["", "expected a number, a bracket or a function at 0, got the end"],
  ["2 +", "at 3, got the end"],
  ["2 3", 'expected an operator, or the end at 2, got "3"'],
  ["(1", 'expected ")"'],
  ["1 / (2 - 2)", "division by zero"],
  ["0 ^ -1", "division by zero"],
  ["5 % 0", "division by zero"],
  ["sqrt(-1)", "negative"],
  ["process.exit()", '"." at 7 is nothing it knows'],
  ["constructor(1)", 'there is no "constructor"'],
  ["__proto__", '"_" at 0'],
  ["2 ^ 0.5", "as a power, got 0.5"],
  ["9 ^ 9999", "as a power"],
  ["(10^100) ^ 900", "more than 1000 digits"],
  ["round(1, 99)", "0 to 30 places"],
  ["min()", "at 4"],
  ["sqrt(1, 2)", "takes 1, got 2"],
  ["2 ; 3", '";" at 2'],
  [`${"(".repeat(200)}1${")".repeat(200)}`, "nested deeper than 100"],
  ["-".repeat(5000), "nested deeper than 100"],
])("%s is refused with its place", (expression, message) => {
  expect(() => calculate(expression)).toThrow(message);
});

test("whole numbers are exact, whatever they are", () => {
  const number = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n });
  fc.assert(
    fc.property(number, number, number, (a, b, c) => {
      expect(calculate(`(${a}) * (${b}) - (${c})`)).toBe(String(a * b - c));
    }),
  );
});

test("whatever is written, it gives a number or says what is wrong, in no time", () => {
  const piece = fc.constantFrom("1", "23.4", "+", "-", "*", "/", "^", "(", ")", ",", "sqrt", "max", "pi", " ", "9e99");
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      try {
        expect(calculate(pieces.join(""))).toMatch(/^-?\d+(\.\d+)?$/);
      } catch (error) {
        expect(error).toMatchObject({ code: "INVALID_ARGUMENT" });
      }
    }),
    { numRuns: 500 },
  );
});
