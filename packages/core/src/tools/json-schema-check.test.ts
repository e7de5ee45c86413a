import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { schemaOfForeignJson } from "./json-schema-check.ts";

const issuesOf = (schema: Readonly<Record<string, unknown>>, value: unknown): readonly string[] => {
  const result = schemaOfForeignJson(schema)["~standard"].validate(value);
  if (result instanceof Promise) throw new TypeError("it answers at once");
  return (result.issues ?? []).map(({ path, message }) => `${(path ?? []).map(String).join(".")}: ${message}`);
};

test("what does not fit is named, with the place and what was expected", () => {
  const schema = {
    type: "object",
    properties: {
      name: { type: "string", minLength: 2 },
      tags: { type: "array", items: { enum: ["a", "b"] }, maxItems: 2 },
      age: { type: ["integer", "null"], minimum: 0 },
    },
    required: ["name"],
    additionalProperties: false,
  };
  expect(issuesOf(schema, { name: "Ada", tags: ["a"], age: null })).toEqual([]);
  expect(issuesOf(schema, { name: "A", tags: ["a", "c"], age: 1.5, more: 1 })).toEqual([
    "name: expected at least 2 characters",
    'tags.1: expected one of ["a","b"]',
    "age: expected integer or null, got number",
    "more: is not known; expected name, tags, age",
  ]);
  expect(issuesOf(schema, {})).toEqual(["name: expected, and is missing"]);
  expect(issuesOf(schema, "text")).toEqual([": expected object, got string"]);
});

test("references within the schema are followed, also to itself; those out of it let pass", () => {
  const tree = {
    type: "object",
    properties: { value: { $ref: "#/$defs/number" }, next: { $ref: "#" }, far: { $ref: "https://example.com/x" } },
    $defs: { number: { type: "number" } },
  };
  expect(issuesOf(tree, { value: 1, next: { value: 2, far: "anything" } })).toEqual([]);
  expect(issuesOf(tree, { next: { next: { value: "two" } } })).toEqual([
    "next.next.value: expected number, got string",
  ]);
  expect(issuesOf({ $ref: "#" }, 1)).toEqual([]);
});

test("a schema made to cost much is given up on, not followed for ever", () => {
  const wide = { anyOf: Array.from({ length: 50 }, () => ({ $ref: "#" })) };
  const before = performance.now();
  issuesOf(wide, 1);
  expect(performance.now() - before).toBeLessThan(2_000);
  // Matched by backtracking, it would take longer than anybody lives.
  expect(issuesOf({ type: "string", pattern: "^(a+)+$" }, `${"a".repeat(64)}b`)).toEqual([]);
});

const leaf = fc.oneof(
  fc.constant({ type: "string" }),
  fc.constant({ type: "number" }),
  fc.constant({ type: "boolean" }),
  fc.record({ type: fc.constant("integer"), minimum: fc.integer({ min: -5, max: 5 }) }),
  fc.record({ enum: fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }) }),
);
const { schema: anySchema } = fc.letrec((tie) => ({
  schema: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.record({ type: fc.constant("array"), items: tie("schema") }),
    fc.dictionary(fc.constantFrom("x", "y", "z"), tie("schema")).chain((properties) =>
      fc.record({
        type: fc.constant("object"),
        properties: fc.constant(properties),
        required: fc.subarray(Object.keys(properties)),
        additionalProperties: fc.constantFrom(true, false),
      }),
    ),
    fc.record({ anyOf: fc.array(tie("schema"), { minLength: 1, maxLength: 3 }) }),
  ),
}));
const anyValue = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom<unknown>("a", "b", "text", 0, 3, -7, 1.5, true, null),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("x", "y", "z", "w"), tie("value")),
  ),
})).value;

test("it takes and refuses what zod's reading of the schema does", () => {
  fc.assert(
    fc.property(anySchema, anyValue, (schema, value) => {
      const reference = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0], { registry: z.registry() });
      expect(issuesOf(schema as Record<string, unknown>, value).length === 0).toBe(reference.safeParse(value).success);
    }),
    { numRuns: 500 },
  );
});
