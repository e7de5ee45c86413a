import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import type { JsonSchema } from "./json-schema.ts";
import { memberOf } from "./schema-member.ts";
import { misfits } from "./schema-misfits.ts";
import { templateSchema } from "./template-schema.ts";

const outputOf = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: "output" });
const inputOf = (schema: z.ZodType): JsonSchema => z.toJSONSchema(schema, { io: "input" });

interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}
const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree) }));

const risk = outputOf(
  z.object({
    score: z.number(),
    label: z.enum(["low", "high"]),
    note: z.string().optional(),
    owner: z.object({ name: z.string() }).nullable(),
    reasons: z.array(z.object({ code: z.string() })),
    byRegion: z.record(z.string(), z.number()),
    extra: z.looseObject({ a: z.string() }),
    either: z.union([z.object({ a: z.string() }), z.object({ b: z.number() })]),
    pair: z.tuple([z.string(), z.number()]),
    both: z.object({ left: z.string() }).and(z.object({ right: z.number() })),
    tree: Tree,
  }),
);

test.each<[(string | number)[], unknown]>([
  [[], { kind: "found", optional: false, schema: risk }],
  [["score"], { kind: "found", optional: false, schema: { type: "number" } }],
  [["note"], { kind: "found", optional: true, schema: { type: "string" } }],
  [["owner", "name"], { kind: "found", optional: true, schema: { type: "string" } }],
  [["reasons", 0, "code"], { kind: "found", optional: true, schema: { type: "string" } }],
  [["byRegion", "north"], { kind: "found", optional: true, schema: { type: "number" } }],
  [["pair", 1], { kind: "found", schema: { type: "number" } }],
  [["both", "right"], { kind: "found", optional: false, schema: { type: "number" } }],
  [["either", "b"], { kind: "found", optional: true, schema: { type: "number" } }],
  [["tree", "children", 3, "children", 1, "name"], { kind: "found", optional: true, schema: { type: "string" } }],
  [["extra", "b"], { kind: "unknown" }],
  [["both", "other"], { kind: "absent", known: ["left", "right"] }],
  [["points"], { kind: "absent", path: ["points"] }],
  [["score", "value"], { kind: "absent", path: ["score", "value"], known: [] }],
  [["label", "length"], { kind: "absent", path: ["label", "length"] }],
  [["owner", "age", "years"], { kind: "absent", path: ["owner", "age"], known: ["name"] }],
  [["reasons", "code"], { kind: "absent", path: ["reasons", "code"] }],
  [["either", "c"], { kind: "absent", path: ["either", "c"], known: ["a", "b"] }],
  [["tree", "parent"], { kind: "absent", path: ["tree", "parent"], known: ["name", "children"] }],
  [["constructor"], { kind: "absent", path: ["constructor"] }],
])("what stands at %j", (path, expected) => {
  expect(memberOf(risk, path)).toMatchObject(expected as object);
});

test("what is found stands alone, its references with it", () => {
  const member = memberOf(risk, ["tree", "children"]);
  if (member.kind !== "found") throw new Error("expected it to be found");
  expect(misfits(member.schema, outputOf(z.array(Tree)))).toStrictEqual([]);
  expect(misfits(member.schema, outputOf(z.array(z.object({ name: z.number() }))))).toStrictEqual([
    { path: ["*", "name"], expected: "a number", got: "a string" },
    { path: ["*", "children"], expected: "no such member", got: "an array" },
  ]);
});

test.each<[string, z.ZodType, z.ZodType, unknown]>([
  ["another type", z.string(), z.number(), [{ path: [], expected: "a number", got: "a string" }]],
  ["an integer where a number is wanted", z.int(), z.number(), []],
  ["a number where an integer is wanted, which may be one", z.number(), z.int(), []],
  ["null beside what fits", z.string().nullable(), z.string(), []],
  ["null alone", z.null(), z.string(), [{ path: [], expected: "a string", got: "null" }]],
  [
    "a member of another type",
    z.object({ a: z.object({ b: z.string() }) }),
    z.object({ a: z.object({ b: z.boolean() }) }),
    [{ path: ["a", "b"], expected: "a boolean", got: "a string" }],
  ],
  [
    "a member that is never given",
    z.object({}),
    z.object({ a: z.int() }),
    [{ path: ["a"], expected: "an integer", got: "nothing" }],
  ],
  ["a member that an open object may have", z.looseObject({}), z.object({ a: z.string() }), []],
  ["an optional member where one is required", z.object({ a: z.string().optional() }), z.object({ a: z.string() }), []],
  ["a member with a default", z.object({}), z.object({ a: z.string().default("x") }), []],
  [
    "a member that is refused",
    z.object({ a: z.string() }),
    z.strictObject({}),
    [{ path: ["a"], expected: "no such member", got: "a string" }],
  ],
  [
    "values that are all outside an enumeration",
    z.enum(["a", "b"]),
    z.enum(["c", "d"]),
    [{ path: [], expected: '"c" or "d"', got: '"a" or "b"' }],
  ],
  ["values that are partly in it", z.enum(["a", "c"]), z.enum(["c", "d"]), []],
  ["any text for an enumeration", z.string(), z.enum(["c", "d"]), []],
  ["items", z.array(z.string()), z.array(z.number()), [{ path: ["*"], expected: "a number", got: "a string" }]],
  [
    "a record's values",
    z.record(z.string(), z.string()),
    z.record(z.string(), z.int()),
    [{ path: ["*"], expected: "an integer", got: "a string" }],
  ],
  ["one of several that fits", z.string(), z.union([z.number(), z.string()]), []],
  [
    "none of several that fits",
    z.boolean(),
    z.union([z.number(), z.string()]),
    [{ path: [], expected: "a number or a string", got: "a boolean" }],
  ],
  [
    "the nearest of several",
    z.object({ kind: z.literal("a"), size: z.string() }),
    z.discriminatedUnion("kind", [
      z.object({ kind: z.literal("b") }),
      z.object({ kind: z.literal("a"), size: z.number() }),
    ]),
    [expect.objectContaining({ expected: expect.any(String) })],
  ],
])("%s", (_, source, target, expected) => {
  expect(misfits(outputOf(source), inputOf(target))).toStrictEqual(expected);
});

test("a template's schema tells where an agent's input is not met", () => {
  const input = inputOf(
    z.object({
      applicant: z.object({ name: z.string(), age: z.int().min(18) }),
      score: z.number(),
      label: z.enum(["low", "high"]),
      comment: z.string(),
      children: z.array(z.object({ title: z.string() })),
      urgent: z.boolean(),
      missing: z.string(),
    }),
  );
  const schema = templateSchema(
    {
      applicant: { name: 7, age: 17 },
      score: "${nodes.risk.label}",
      label: "${nodes.risk.label}",
      comment: "score ${nodes.risk.score}",
      children: "${nodes.risk.tree.children}",
      urgent: "${size(nodes.risk.reasons)}",
    },
    (path) => {
      const member = memberOf(risk, path.slice(2));
      return member.kind === "found" ? member.schema : undefined;
    },
  );
  expect(misfits(schema, input)).toStrictEqual([
    { path: ["missing"], expected: "a string", got: "nothing" },
    { path: ["applicant", "name"], expected: "a string", got: "7" },
    { path: ["applicant", "age"], expected: "an integer", got: "17" },
    { path: ["score"], expected: "a number", got: '"low" or "high"' },
    { path: ["children", "*", "title"], expected: "a string", got: "nothing" },
    { path: ["urgent"], expected: "a boolean", got: "an integer" },
  ]);
});

// A schema, and a value of it in which everything is there that it names: places are what misfits are about.
type Sample = { readonly schema: JsonSchema; readonly value: unknown };
const names = fc.constantFrom("a", "b", "c");
const sample: fc.Arbitrary<Sample> = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.record({ schema: fc.constant({ type: "string" }), value: fc.constantFrom("x", "y", "") }),
    fc.record({ schema: fc.constant({ type: "number" }), value: fc.constantFrom(1, 2.5, -1) }),
    fc.record({ schema: fc.constant({ type: "integer" }), value: fc.constantFrom(1, 2, -1) }),
    fc.constant({ schema: { type: "boolean" }, value: true }),
    fc.constant({ schema: { type: "null" }, value: null }),
    fc.constant({ schema: {}, value: "anything" }),
    fc.constantFrom("x", 1, true).map((value) => ({ schema: { const: value }, value })),
    fc
      .subarray(["x", "y", "z"], { minLength: 1 })
      .chain((values) =>
        fc.constantFrom(...values).map((value) => ({ schema: { type: "string", enum: values }, value })),
      ),
    fc
      .record({
        members: fc.dictionary(names, tie("sample"), { maxKeys: 3 }),
        required: fc.subarray(["a", "b", "c"]),
        additional: fc.constantFrom(false, undefined),
      })
      .map(({ members, required, additional }) => ({
        schema: {
          type: "object",
          properties: Object.fromEntries(Object.entries(members).map(([key, { schema }]) => [key, schema])),
          required: required.filter((name) => Object.hasOwn(members, name)),
          ...(additional === false && { additionalProperties: false }),
        },
        value: Object.fromEntries(Object.entries(members).map(([key, { value }]) => [key, value])),
      })),
    tie("sample").map(({ schema, value }) => ({ schema: { type: "array", items: schema }, value: [value] })),
    fc
      .array(tie("sample"), { minLength: 1, maxLength: 3 })
      .chain((branches) =>
        fc
          .constantFrom(...branches)
          .map(({ value }) => ({ schema: { anyOf: branches.map(({ schema }) => schema) }, value })),
      ),
  ),
})).sample;

const accepts = (schema: JsonSchema, value: unknown): boolean =>
  z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value).success;

test("what is reported is so: a value of the source is refused", () => {
  fc.assert(
    fc.property(sample, sample, ({ schema: source, value }, { schema: target }) => {
      fc.pre(accepts(source, value));
      if (misfits(source, target).length > 0) expect(accepts(target, value)).toBe(false);
    }),
    { numRuns: 3000 },
  );
});

test("what a schema gives fits the same schema, also through a template", () => {
  fc.assert(
    fc.property(sample, ({ schema }) => {
      expect(misfits(schema, schema)).toStrictEqual([]);
      expect(
        misfits(
          templateSchema("${input}", () => schema),
          schema,
        ),
      ).toStrictEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("a value that fits is no misfit as a template either", () => {
  fc.assert(
    fc.property(sample, ({ schema, value }) => {
      fc.pre(accepts(schema, value));
      expect(
        misfits(
          templateSchema(value, () => undefined),
          schema,
        ),
      ).toStrictEqual([]);
    }),
    { numRuns: 1000 },
  );
});

test("what a schema says of a member is so", () => {
  fc.assert(
    fc.property(sample, names, ({ schema, value }, name) => {
      fc.pre(accepts(schema, value));
      const member = memberOf(schema, [name]);
      const isThere = typeof value === "object" && value !== null && Object.hasOwn(value, name);
      if (isThere) expect(member.kind).not.toBe("absent");
      else expect(member).not.toMatchObject({ kind: "found", optional: false });
      if (isThere && member.kind === "found") expect(accepts(member.schema, Reflect.get(value, name))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("of schemas that are meant together, none closes the others", () => {
  const source = {
    allOf: [
      { type: "object", properties: { a: { type: "string" } }, additionalProperties: false },
      { type: "object", properties: { b: { type: "string" } }, required: ["b"], additionalProperties: false },
    ],
  };
  expect(misfits(source, source)).toStrictEqual([]);
  expect(memberOf(source, ["b"])).toStrictEqual({ kind: "found", schema: { type: "string" }, optional: false });
});

test("schemas that go round, or have more ways than can be gone, take no time to speak of", () => {
  const round = { anyOf: [{ $ref: "#" }, { allOf: [{ $ref: "#" }, { $ref: "#" }] }] };
  expect(memberOf(round, ["a", "b"])).toStrictEqual({ kind: "unknown" });
  expect(misfits(round, round)).toStrictEqual([]);
  const branch = (name: string) => ({
    type: "object",
    properties: { [name]: { $ref: "#" }, both: { $ref: "#" } },
    required: ["both"],
  });
  const wide = { anyOf: ["a", "b", "c", "d", "e"].map(branch) };
  expect(misfits(wide, wide)).toStrictEqual([]);
  expect(misfits({ type: "string" }, round)).toStrictEqual([]);
});
