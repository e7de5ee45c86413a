/** What is certain of the data of an agent, as JSON Schemas: of types and members, and only what its own schema was seen to keep to. */
import type { AgentDefinition, Schema } from "@agentcore/contract/authoring";
import { deriveJsonSchema } from "@agentcore/sdk/json-schema";

type JsonSchema = Readonly<Record<string, unknown>>;
type Path = readonly string[];

/** The description of a schema may be narrower than what it takes: one that makes a number of a text calls itself a number. So it is asked. */
const SAMPLES: Readonly<Record<string, readonly unknown[]>> = {
  null: [null],
  boolean: [true, false],
  integer: [0, 1],
  number: [1.5],
  string: ["", "text", "1", "1.5", "true", "null", "{}", "[]", "2026-01-31", "2026-01-31T12:00:00Z"],
  array: [[]],
  object: [{}],
};
const NOT_DECLARED = "notDeclared7f3a";
const MAX_DEPTH = 8;
// Each costs some twenty validations.
const MAX_MEMBERS = 200;

/** Undefined where nothing is. */
export const certainInput = ({ input }: Pick<AgentDefinition, "input">): JsonSchema | undefined => {
  if (input === undefined) return undefined;
  const described = describedAs(input, "input");
  if (described === undefined) return undefined;
  let members = 0;
  const narrow = (schema: unknown, path: Path): JsonSchema => {
    members += 1;
    if (!isRecord(schema) || members > MAX_MEMBERS || path.length > MAX_DEPTH) return {};
    const types = typesOf(schema);
    if (types === null) return {};
    const taken = Object.keys(SAMPLES).filter((type) => types.includes(type) || !refusesAll(input, path, type, types));
    if (taken.length === Object.keys(SAMPLES).length) return {};
    const { properties, required, additionalProperties } = schema;
    if (types.length !== 1 || types[0] !== "object" || taken.length !== 1) return { type: taken };
    return {
      type: "object",
      ...(isRecord(properties) && {
        properties: Object.fromEntries(
          Object.entries(properties).map(([name, each]) => [name, narrow(each, [...path, name])]),
        ),
      }),
      ...(Array.isArray(required) && {
        required: required.filter((name) => refuses(input, path, {}, [...path, String(name)])),
      }),
      ...(additionalProperties === false &&
        !refuses(input, path, {}, path) &&
        refuses(input, path, { [NOT_DECLARED]: 1 }, path) && { additionalProperties: false }),
    };
  };
  try {
    return narrow(described, []);
  } catch {
    // A schema is author code too, and one that takes its time has more to ask than its types.
    return undefined;
  }
};

/** What a task of it has given is what its schema made of it. */
export const certainOutput = ({ output }: Pick<AgentDefinition, "output">): JsonSchema | undefined =>
  output && describedAs(output, "output");

const describedAs = (schema: Schema, of: "input" | "output"): JsonSchema | undefined => {
  try {
    return deriveJsonSchema(schema, of);
  } catch {
    return undefined;
  }
};

/** Null where the schema says more of them than a list. */
const typesOf = (schema: JsonSchema): readonly string[] | null => {
  const { type } = schema;
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.every((each): each is string => typeof each === "string" && Object.hasOwn(SAMPLES, each)) ? types : null;
};

const refusesAll = (input: Schema, path: Path, type: string, types: readonly string[]): boolean =>
  !(type === "integer" && types.includes("number")) &&
  (SAMPLES[type] ?? []).every((sample) => refuses(input, path, sample, path));

/** Whether something is wrong just there when nothing but `value` is given, at `path`. Throws for one that does not answer at once. */
const refuses = (input: Schema, path: Path, value: unknown, there: Path): boolean => {
  const given = path.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value);
  const result = input["~standard"].validate(given);
  if (result instanceof Promise) {
    // Nobody waits for it: a rejection that nobody takes ends the process.
    result.catch(() => undefined);
    throw new Error("it does not answer at once");
  }
  return (result.issues ?? []).some(({ path: place = [] }) => {
    const keys = place.map((key) => (typeof key === "object" ? key.key : key));
    return keys.length === there.length && keys.every((key, index) => key === there[index]);
  });
};

const isRecord = (value: unknown): value is JsonSchema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
