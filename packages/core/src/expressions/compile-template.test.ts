import { PlatformError } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileTemplate } from "./compile-template.ts";

const scope = { input: { name: "Ann", age: 30, tags: ["a", "b"], none: null }, nodes: { risk: { score: 0.5 } } };
const evaluate = (template: unknown): unknown => compileTemplate(template).evaluate(scope);
const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (PlatformError.is(error)) return `${error.code}: ${error.message}`;
    throw error;
  }
  return "nothing thrown";
};

test.each([
  ["${input.age}", 30],
  ["${input.age + 1}", 31],
  ["${input.tags}", ["a", "b"]],
  ["${input.none}", null],
  ["Dear ${input.name}", "Dear Ann"],
  ["${input.name}${input.age}", "Ann30"],
  ["tags: ${input.tags}, ${input.none}", 'tags: ["a","b"], null'],
  ["$${input.age}", "${input.age}"],
  ['${"$"}${input.age}', "$30"],
  ["costs $5, ${input.age}$", "costs $5, 30$"],
  ['${ {"a": {"b": input.age}}["a"] }', { b: 30 }],
  ['${"}" + input.name + "{"}', "}Ann{"],
  ["${'\\'}' + input.name}", "'}Ann"],
  ['x${"""a"}b"""}y', 'xa"}by'],
  ["${input.age // of the year }\n}", 30],
  ["${[1, 2].map(x, {'k': x})}!", '[{"k":1},{"k":2}]!'],
  [{ a: { b: ["${input.age}", 1, { c: "x" }] } }, { a: { b: [30, 1, { c: "x" }] } }],
  ["", ""],
])("%j", (template, expected) => {
  expect(evaluate(template)).toStrictEqual(expected);
});

test("keys stay as they are, whatever they are called", () => {
  const made = evaluate(JSON.parse('{"__proto__": "${input.age}", "${a}": 1}'));
  expect(JSON.stringify(made)).toBe('{"__proto__":30,"${a}":1}');
});

test("what has no expression is given as it is", () => {
  const template = { a: [1, { b: "x" }] };
  const compiled = compileTemplate(template);
  expect(compiled.isConstant).toBe(true);
  expect(compiled.evaluate({})).toBe(template);
  expect(compileTemplate({ a: "${turn}" }).isConstant).toBe(false);
});

test.each([
  [
    { a: ["x", "${input.}"] },
    "INVALID_ARGUMENT: the template is not valid: a[1]: the expression `input.` is not valid: at character 7",
  ],
  ["a ${input.age", "${ at character 3 is not closed; write $${ where no expression is meant"],
  ["${ }", "nothing between ${ and } at character 1"],
  [{ a: { $function: "f" } }, "a: a function stands for the whole of a template, not for a part"],
  [{ a: 1n }, "a: expected JSON, got bigint"],
  [{ a: Number.NaN }, "a: expected JSON, got NaN"],
  [Array.from({ length: 10_001 }, () => 1), "more than 10000 values in one template"],
  [Array.from({ length: 501 }, () => "${turn}"), "more than 500 expressions in one template"],
  [
    Array.from({ length: 20 }, () => `\${${" ".repeat(4000)}1}`),
    "more than 65536 characters of expressions in one template",
  ],
  [JSON.parse(`${"[".repeat(66)}${"]".repeat(66)}`), "nested deeper than 64"],
])("refuses what is not right: %#", (template, message) => {
  expect(messageOf(() => compileTemplate(template))).toContain(message);
});

test("a failure names its place", () => {
  expect(messageOf(() => evaluate({ a: ["${nodes.other.score}"] }))).toContain(
    "EXPRESSION_FAILED: a[0]: the expression `nodes.other.score` failed at `nodes.other`: No such key: other",
  );
});

test("a text is bounded", () => {
  const big = "x".repeat(600_000);
  expect(messageOf(() => compileTemplate({ a: "${input}${input}" }).evaluate({ input: big }))).toContain(
    "a: the text is over 1048576 characters; pass the value itself",
  );
});

test("tells what all its expressions read", () => {
  expect(compileTemplate({ a: "${nodes.x.y}", b: ["to ${has(input.z)}"] }).references).toStrictEqual([
    { path: ["nodes", "x", "y"], guarded: false },
    { path: ["input", "z"], guarded: true },
  ]);
});

test("JSON without an expression stays as it is, and so does any text that is escaped", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string({ unit: fc.constantFrom("$", "{", "}", "a", '"') }), (template, text) => {
      if (!JSON.stringify(template).includes("${")) {
        const compiled = compileTemplate(template);
        expect(compiled.isConstant).toBe(true);
        expect(compiled.evaluate({})).toBe(template);
      }
      expect(evaluate(text.replaceAll("${", () => "$${"))).toBe(text);
    }),
    { numRuns: 2000 },
  );
});

test("what stands between is found whatever texts and braces it has in it", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 2 }), fc.string(), fc.string(), (value, before, after) => {
      fc.pre(!before.includes("${") && !before.endsWith("$") && !after.includes("${"));
      const written =
        typeof value === "string" ? JSON.stringify(value) : `{"k": ${JSON.stringify(JSON.stringify(value))}}["k"]`;
      const text = typeof value === "string" ? value : JSON.stringify(value);
      expect(evaluate(`${before}\${${written}}${after}`)).toBe(`${before}${text}${after}`);
    }),
    { numRuns: 1000 },
  );
});
