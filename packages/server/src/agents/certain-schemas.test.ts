import type { AgentDefinition, Schema } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { z } from "zod";
import { certainInput, certainOutput } from "./certain-schemas.ts";

const input = (schema: Schema) => certainInput({ input: schema } as Pick<AgentDefinition, "input">);
const output = (schema: Schema) => certainOutput({ output: schema } as Pick<AgentDefinition, "output">);

test("types and members that a schema keeps to are certain", () => {
  const order = z.object({ amount: z.number(), of: z.object({ name: z.string(), old: z.boolean().optional() }) });
  expect(input(order)).toEqual({
    type: "object",
    properties: {
      amount: { type: ["integer", "number"] },
      of: {
        type: "object",
        properties: { name: { type: ["string"] }, old: { type: ["boolean"] } },
        required: ["name"],
      },
    },
    required: ["amount", "of"],
  });
  expect(input(z.strictObject({ a: z.string() }))).toMatchObject({ additionalProperties: false });
});

test("what a schema makes of something else is taken too, whatever it says of itself", () => {
  const schema = z.object({
    count: z.coerce.number(),
    size: z.preprocess((given) => given ?? 1, z.number()),
    parsed: z.preprocess(
      (given) => (typeof given === "string" && given.startsWith("{") ? JSON.parse(given) : given),
      z.object({ a: z.number() }),
    ),
    named: z.string().default("x"),
  });
  const { properties, required } = input(schema) as {
    properties: Record<string, { type?: string[] }>;
    required: string[];
  };
  expect(properties["count"]?.type).toEqual(["null", "boolean", "integer", "number", "string", "array"]);
  expect(properties["size"]?.type).toEqual(["null", "integer", "number"]);
  expect(properties["parsed"]?.type).toEqual(["string", "object"]);
  expect(properties["named"]?.type).toEqual(["string"]);
  expect(required).toEqual(["count", "parsed"]);
});

test("of a list's items and of values nothing is said, and of a schema that takes its time nothing at all", () => {
  const schema = z.object({ one: z.union([z.string(), z.number()]), two: z.array(z.string()), three: z.enum(["a"]) });
  expect(input(schema)?.["properties"]).toEqual({
    one: { type: ["integer", "number", "string"] },
    two: { type: ["array"] },
    three: { type: ["string"] },
  });
  const later = z.object({ a: z.string() });
  const standard = { ...later["~standard"], validate: async (value: unknown) => later["~standard"].validate(value) };
  expect(input({ "~standard": standard } as Schema)).toBeUndefined();
  expect(input(z.object({ a: z.date() }))).toBeUndefined();
});

test("a schema that takes its time and then breaks down ends nothing but the look at it", async () => {
  const validate = async (): Promise<never> => {
    throw new Error("the directory is away");
  };
  const later = z.object({ a: z.string() });
  expect(input({ "~standard": { ...later["~standard"], validate } } as Schema)).toBeUndefined();
  // What is rejected and taken by nobody fails the run of the tests.
  await new Promise((resolve) => setImmediate(resolve));
});

test("what a task has given is as its schema gives it, without what that leaves away", () => {
  expect(output(z.object({ score: z.number() }))).toMatchObject({ additionalProperties: false });
  expect(output(z.looseObject({ score: z.number() }))).not.toMatchObject({ additionalProperties: false });
  expect(output(z.object({ score: z.number().transform(String) }))).toBeUndefined();
});
