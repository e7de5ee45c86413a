import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { schemaOfJson } from "./schema-of-json.ts";

const validate = (schema: Record<string, unknown>, value: unknown) => {
  const result = schemaOfJson(schema, "spec.input")["~standard"].validate(value);
  if (result instanceof Promise) throw new Error("a promise");
  return result;
};

const faultsOf = (schema: Record<string, unknown>): readonly (readonly [string, string])[] => {
  try {
    schemaOfJson(schema, "spec.input");
    return [];
  } catch (error) {
    return (PlatformError.from(error).violations ?? []).map(({ field, description }) => [field, description]);
  }
};

test("a schema checks what it says, fills in defaults, and lets what it does not name pass", () => {
  const schema = {
    type: "object",
    properties: {
      amount: { type: "number", minimum: 1 },
      currency: { enum: ["EUR", "USD"], default: "EUR" },
      items: { type: "array", items: { $ref: "#/$defs/item" } },
    },
    required: ["amount"],
    $defs: { item: { type: "string", maxLength: 3 } },
  };
  expect(validate(schema, { amount: 2, more: true })).toMatchObject({
    value: { amount: 2, currency: "EUR", more: true },
  });
  expect(validate(schema, { amount: 0 }).issues?.[0]?.path).toEqual(["amount"]);
  expect(validate(schema, {}).issues?.[0]?.path).toEqual(["amount"]);
  expect(validate(schema, { amount: 1, items: ["a", "long"] }).issues?.[0]?.path).toEqual(["items", 1]);
  expect(validate(schema, "no")).toHaveProperty("issues");
});

test("a schema may refer to itself", () => {
  const tree = { type: "object", properties: { below: { $ref: "#" } }, additionalProperties: false };
  expect(validate(tree, { below: { below: {} } })).toHaveProperty("value");
  expect(validate(tree, { below: { other: {} } })).toHaveProperty("issues");
});

test.each([
  ["another document", { $ref: "https://example.com/schema.json" }, "spec.input.$ref"],
  ["a definition that there is none", { $ref: "#/$defs/none" }, "spec.input.$ref"],
  [
    "what stands beside a reference",
    { type: "object", properties: { a: { $ref: "#", minimum: 1 } } },
    "spec.input.properties.a.minimum",
  ],
  ["a condition", { type: "object", if: {}, properties: {} }, "spec.input.if"],
  ["a misspelt keyword", { type: "object", requierd: ["a"] }, "spec.input.requierd"],
  ["bounds without the type that they are of", { minimum: 1 }, "spec.input.minimum"],
  [
    "what is required and not described",
    { type: "object", properties: { a: {} }, required: ["a", "b"] },
    "spec.input.required[1]",
  ],
  ["a type that there is none", { type: "float" }, "spec.input.type"],
  ["a format that nobody checks", { type: "string", format: "colour" }, "spec.input.format"],
  ["a pattern, which could hold the thread", { type: "string", pattern: "^(a+)+b$" }, "spec.input.pattern"],
  ["an older draft", { $schema: "http://json-schema.org/draft-07/schema#", type: "object" }, "spec.input.$schema"],
  ["what is no schema", { anyOf: [{ type: "string" }, 7] }, "spec.input.anyOf[1]"],
  ["what refers to itself without end", { $ref: "#" }, "spec.input"],
  ["what refers to itself without end, over others", { anyOf: [{ $ref: "#" }, { type: "null" }] }, "spec.input"],
])("%s is refused with its place", (_what, schema, place) => {
  expect(faultsOf(schema).map(([field]) => field)).toContain(place);
});
