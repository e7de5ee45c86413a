import { expect, test } from "vitest";
import { z } from "zod";
import { PlatformError } from "./errors.ts";
import { formatFieldPath, invalidArgument, parseInput } from "./validation.ts";

const Order = z.strictObject({
  id: z.string(),
  lines: z.array(z.object({ amount: z.int({ error: "expected a whole number" }) })),
});

const refusal = (input: unknown): PlatformError => {
  try {
    parseInput(Order, input, "order");
  } catch (error) {
    if (PlatformError.is(error)) return error;
  }
  throw new Error("was not refused");
};

test("what fits comes back parsed", () => {
  expect(parseInput(Order, { id: "1", lines: [{ amount: 2 }] }, "order")).toEqual({ id: "1", lines: [{ amount: 2 }] });
});

test("a refusal names the input, the first field and what was expected", () => {
  const error = refusal({ id: "1", lines: [{ amount: 2 }, { amount: "two" }] });
  expect(error).toMatchObject({
    code: "INVALID_ARGUMENT",
    message: "order is not valid: lines[1].amount: expected a whole number",
    violations: [{ field: "lines[1].amount", description: "expected a whole number" }],
  });
});

test("each refused field has a violation of its own", () => {
  const { message, violations } = refusal({ lines: [{}, {}] });
  expect(violations?.map(({ field }) => field)).toEqual(["id", "lines[0].amount", "lines[1].amount"]);
  expect(message).toContain("(and 2 more)");
});

test("thousands of bad fields make twenty complaints", () => {
  expect(refusal({ id: "1", lines: Array.from({ length: 5000 }, () => ({})) }).violations).toHaveLength(20);
});

test("a value that is wrong as a whole is complained about without a field", () => {
  const error = refusal("text");
  expect(error.violations?.[0]?.field).toBe("");
  expect(error.message).not.toContain(": :");
});

test("paths are written as in code", () => {
  expect(formatFieldPath([])).toBe("");
  expect(formatFieldPath(["parts", 0, "text"])).toBe("parts[0].text");
  expect(formatFieldPath([0, "a"])).toBe("[0].a");
});

test("a refusal without violations still says what is not valid", () => {
  expect(invalidArgument("the list", []).message).toBe("the list is not valid");
});
