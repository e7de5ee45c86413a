/**
 * Whether a value fits a JSON Schema that somebody else has written, as far as can be told at once and cheaply: whoever wrote it checks the rest.
 * Not looked at are `pattern` and `patternProperties`, which matched by backtracking can hold the thread for years, `format`, references out of the
 * schema, and keywords that are not known here.
 */
import type { Schema } from "@agentcore/contract/authoring";

type Json = Readonly<Record<string, unknown>>;
type Path = readonly (string | number)[];
interface Issue {
  readonly message: string;
  readonly path: Path;
}

// Of a schema that refers to itself, on a value as deep.
const MAX_DEPTH = 64;
const MAX_ISSUES = 20;
// Looks at schemas, for one value: alternatives within alternatives multiply.
const MAX_LOOKS = 20_000;

/** Gives back the very value that it was given. */
export const schemaOfForeignJson = (schema: Json): Schema => ({
  "~standard": {
    version: 1,
    vendor: "json-schema",
    validate: (value) => {
      const issues = new Check(schema).issuesOf(value);
      return issues.length === 0 ? { value } : { issues };
    },
  },
});

class Check {
  private readonly root: Json;
  private looks = 0;

  constructor(root: Json) {
    this.root = root;
  }

  issuesOf(value: unknown): readonly Issue[] {
    return this.look(this.root, value, [], 0).slice(0, MAX_ISSUES);
  }

  private look(schema: unknown, value: unknown, path: Path, depth: number): readonly Issue[] {
    this.looks += 1;
    if (depth > MAX_DEPTH || this.looks > MAX_LOOKS || schema === true || schema === undefined) return [];
    if (schema === false) return [{ message: "expected nothing here", path }];
    if (!isRecord(schema)) return [];
    const again = (other: unknown): readonly Issue[] => this.look(other, value, path, depth + 1);
    return [
      ...typeIssues(schema, value, path),
      ...(schema["$ref"] === undefined ? [] : again(this.referred(schema["$ref"]))),
      ...(Array.isArray(schema["allOf"]) ? (schema["allOf"] as unknown[]).flatMap(again) : []),
      ...alternatives(schema, path, again),
      ...(isRecord(value) ? this.memberIssues(schema, value, path, depth) : []),
      ...(Array.isArray(value) ? this.itemIssues(schema, value, path, depth) : []),
    ];
  }

  private memberIssues(schema: Json, value: Json, path: Path, depth: number): readonly Issue[] {
    const { required, properties, additionalProperties, patternProperties } = schema;
    const known = isRecord(properties) ? properties : {};
    const missing = (Array.isArray(required) ? required : []).filter((name) => !Object.hasOwn(value, String(name)));
    return [
      ...missing.map((name) => ({ message: "expected, and is missing", path: [...path, String(name)] })),
      ...Object.entries(value).flatMap(([name, member]) => {
        if (Object.hasOwn(known, name)) return this.look(known[name], member, [...path, name], depth + 1);
        // It may be one of those.
        if (additionalProperties === undefined || patternProperties !== undefined) return [];
        if (additionalProperties !== false) return this.look(additionalProperties, member, [...path, name], depth + 1);
        const expected = Object.keys(known).join(", ");
        return [{ message: `is not known; expected ${expected || "no members"}`, path: [...path, name] }];
      }),
    ];
  }

  private itemIssues(schema: Json, value: readonly unknown[], path: Path, depth: number): readonly Issue[] {
    const { items, prefixItems } = schema;
    const first = Array.isArray(prefixItems) ? (prefixItems as unknown[]) : [];
    return value.flatMap((item, index) =>
      this.look(index < first.length ? first[index] : items, item, [...path, index], depth + 1),
    );
  }

  /** True where it leads out of the schema. */
  private referred(reference: unknown): unknown {
    if (reference === "#") return this.root;
    if (typeof reference !== "string" || !reference.startsWith("#/")) return true;
    let found: unknown = this.root;
    for (const part of reference.slice(2).split("/")) {
      const name = part.replaceAll("~1", "/").replaceAll("~0", "~");
      if (!isRecord(found) || !Object.hasOwn(found, name)) return true;
      found = found[name];
    }
    return found;
  }
}

const alternatives = (schema: Json, path: Path, look: (schema: unknown) => readonly Issue[]): readonly Issue[] => {
  for (const keyword of ["anyOf", "oneOf"] as const) {
    const all: unknown = schema[keyword];
    if (!Array.isArray(all) || all.length === 0) continue;
    const tried = (all as unknown[]).map(look);
    const fitting = tried.filter((issues) => issues.length === 0).length;
    if (fitting === 0)
      return tried.length === 1
        ? (tried[0] ?? [])
        : [{ message: `fits none of the ${tried.length} alternatives`, path }];
  }
  return [];
};

const typeIssues = (schema: Json, value: unknown, path: Path): readonly Issue[] => {
  const { type, minLength, maxLength, minimum, maximum, exclusiveMinimum, exclusiveMaximum, minItems, maxItems } =
    schema;
  const issue = (message: string): readonly Issue[] => [{ message, path }];
  const types = (Array.isArray(type) ? type : type === undefined ? [] : [type]) as unknown[];
  const shown = types.join(" or ");
  if (types.length > 0 && !types.some((each) => isOfType(each, value)))
    return issue(`expected ${shown}, got ${typeName(value)}`);
  if (Array.isArray(schema["enum"]) && !(schema["enum"] as unknown[]).some((each) => isSame(each, value)))
    return issue(`expected one of ${JSON.stringify(schema["enum"]).slice(0, 500)}`);
  if (Object.hasOwn(schema, "const") && !isSame(schema["const"], value))
    return issue(`expected ${JSON.stringify(schema["const"])?.slice(0, 500)}`);
  if (typeof value === "string") {
    const { length } = value;
    // A character beyond U+FFFF counts for two here and for one in JSON Schema: only what is clear is refused.
    if (typeof maxLength === "number" && length > 2 * maxLength)
      return issue(`expected at most ${maxLength} characters`);
    if (typeof minLength === "number" && length < minLength) return issue(`expected at least ${minLength} characters`);
  }
  if (typeof value === "number") {
    if (typeof minimum === "number" && value < minimum) return issue(`expected at least ${minimum}`);
    if (typeof maximum === "number" && value > maximum) return issue(`expected at most ${maximum}`);
    if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum)
      return issue(`expected above ${exclusiveMinimum}`);
    if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum)
      return issue(`expected below ${exclusiveMaximum}`);
  }
  if (Array.isArray(value)) {
    if (typeof minItems === "number" && value.length < minItems) return issue(`expected at least ${minItems} items`);
    if (typeof maxItems === "number" && value.length > maxItems) return issue(`expected at most ${maxItems} items`);
  }
  return [];
};

/** A type that is not known here lets pass. */
const isOfType = (type: unknown, value: unknown): boolean => {
  switch (type) {
    case "object":
      return isRecord(value);
    case "array":
      return Array.isArray(value);
    case "string":
      return typeof value === "string";
    case "number":
      return typeof value === "number";
    case "integer":
      return Number.isInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "null":
      return value === null;
    default:
      return true;
  }
};

const typeName = (value: unknown): string =>
  value === null ? "null" : Array.isArray(value) ? "array" : value === undefined ? "nothing" : typeof value;

const isSame = (one: unknown, other: unknown): boolean => {
  if (one === other) return true;
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, index) => isSame(each, other[index]));
  if (!isRecord(one) || !isRecord(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isSame(one[name], other[name]))
  );
};

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
