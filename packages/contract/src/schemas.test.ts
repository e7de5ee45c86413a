import { expect, test } from "vitest";
import { jsonSchemaOf, SCHEMA_NAMES } from "./schemas.ts";

interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: unknown;
  readonly oneOf?: readonly Schema[];
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
  readonly $ref?: string;
}

const schemaOf = (name: Parameters<typeof jsonSchemaOf>[0]) => jsonSchemaOf(name) as Schema;

test.each(SCHEMA_NAMES)("%s is a JSON Schema of draft 2020-12 that JSON can carry", (name) => {
  const schema = jsonSchemaOf(name);
  expect(schema["$schema"]).toBe("https://json-schema.org/draft/2020-12/schema");
  expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
  const { type, oneOf, anyOf } = schema as Schema;
  expect(type === "object" || (oneOf ?? anyOf ?? []).length > 0).toBe(true);
});

test.each(SCHEMA_NAMES)("%s requires only members that it describes, and refers only to what it holds", (name) => {
  const root = jsonSchemaOf(name);
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const { properties, required, $ref } = node as Schema;
    if (typeof $ref === "string") expect($ref).toMatch(/^#/);
    if (Array.isArray(required) && properties !== undefined) {
      for (const member of required as string[]) expect(Object.keys(properties)).toContain(member);
    }
    for (const child of Object.values(node)) visit(child);
  };
  visit(root);
});

test("the message's schema asks for what a sender must write, not for what has a default", () => {
  expect(schemaOf("message").required?.toSorted()).toEqual([
    "id",
    "payload",
    "source",
    "target",
    "tenantId",
    "timestamp",
    "type",
  ]);
});

test("the manifest's schema refuses unknown members, as an editor should", () => {
  for (const name of [
    "agent-manifest",
    "workflow-manifest",
    "model-manifest",
    "tenant-manifest",
    "memory-pool-manifest",
  ] as const) {
    const { additionalProperties, properties } = schemaOf(name);
    expect(additionalProperties).toBe(false);
    expect(properties?.["spec"]?.additionalProperties).toBe(false);
  }
});

test("the event's schema is one alternative per type", () => {
  const { oneOf, anyOf } = schemaOf("task-event");
  const types = (oneOf ?? anyOf ?? []).map((option) => option.properties?.["type"]?.const);
  expect(types).toContain("task.submitted");
  expect(new Set(types).size).toBe(types.length);
});

test("the agent manifest's schema names the versions of A2A, of which there is at least one", () => {
  const versions = schemaOf("agent-manifest").properties?.spec?.properties?.a2a?.properties?.versions;
  expect(versions).toMatchObject({ type: "array", minItems: 1, items: { enum: ["1.0", "0.3"] } });
});
