import {
  asSchema,
  type Effort,
  goOn,
  isRecord,
  type JsonSchema,
  newEffort,
  relocate,
  type SchemaPart,
  schemasOf,
  takeApart,
  typesOf,
  valuesOf,
} from "./json-schema.ts";

type Path = readonly (string | number)[];

/** What a schema says of a member. */
export type SchemaMember =
  /** `optional`: it may be missing. */
  | { readonly kind: "found"; readonly schema: JsonSchema; readonly optional: boolean }
  /** Nothing can be said. */
  | { readonly kind: "unknown" }
  /** There never is one. `path` ends with what is missing, `known` are the members that are declared there. */
  | { readonly kind: "absent"; readonly path: Path; readonly known: readonly string[] };

interface Found {
  readonly kind: "found";
  readonly parts: readonly SchemaPart[];
  readonly optional: boolean;
}
type Step = Found | { readonly kind: "unknown" } | { readonly kind: "absent" };
const UNKNOWN: Step = { kind: "unknown" };
const ABSENT: Step = { kind: "absent" };

/** What a schema says of the values at a path. A member that an open object does not declare is unknown. */
export const memberOf = (schema: JsonSchema, path: Path): SchemaMember => {
  let parts: readonly SchemaPart[] = [{ schema, root: schema }];
  let optional = false;
  const effort = newEffort();
  for (const [index, key] of path.entries()) {
    const steps = parts.map((part) => stepInto(part, key, effort));
    const step = oneOf(steps);
    if (step.kind === "unknown") return step;
    if (step.kind === "absent")
      return { kind: "absent", path: path.slice(0, index + 1), known: [...new Set(parts.flatMap(namesOf))] };
    optional ||= step.optional;
    parts = step.parts;
  }
  const [only, ...others] = parts;
  if (only === undefined) return { kind: "unknown" };
  if (others.length === 0) return { kind: "found", schema: standAlone(only), optional };
  // Every part is of the same whole.
  return {
    kind: "found",
    schema: standAlone({ schema: { anyOf: parts.map((part) => part.schema) }, root: only.root }),
    optional,
  };
};

/** A part as a schema of its own. */
const standAlone = (part: SchemaPart): JsonSchema => {
  if (part.schema === part.root) return part.schema;
  const { schema, definition } = relocate(part, "whole");
  if (definition === undefined || typeof schema === "boolean") return schema;
  return { ...schema, $defs: { whole: definition } };
};

/** One of several holds. */
const oneOf = (steps: readonly Step[]): Step => {
  const found = steps.filter((step) => step.kind === "found");
  if (steps.some((step) => step.kind === "unknown")) return UNKNOWN;
  if (found.length === 0) return ABSENT;
  return {
    kind: "found",
    parts: found.flatMap((step) => step.parts),
    optional: found.length < steps.length || found.some((step) => step.optional),
  };
};

/** All of several hold. */
const allOf = (steps: readonly Step[]): Step => {
  if (steps.some((step) => step.kind === "absent")) return ABSENT;
  const found = steps.filter((step) => step.kind === "found");
  const [first, ...others] = found;
  if (first === undefined) return UNKNOWN;
  const optional = found.every((step) => step.optional);
  if (others.length === 0) return first;
  const [root] = first.parts;
  if (root === undefined) return UNKNOWN;
  const schemas = found.map(({ parts }) =>
    parts.length === 1 ? (parts[0]?.schema ?? true) : { anyOf: parts.map((part) => part.schema) },
  );
  return { kind: "found", parts: [{ schema: { allOf: schemas }, root: root.root }], optional };
};

const stepInto = (part: SchemaPart, key: string | number, effort: Effort): Step => {
  const further = goOn(effort);
  if (further === undefined) return UNKNOWN;
  const { all, unions } = takeApart(part);
  // One that allows only what it names, next to others that name more, stands for what their author meant by all together.
  const isAlone = all.length === 1;
  return allOf([
    ...all.map((own) => ownStep(own, key, isAlone)),
    ...unions.map((branches) => oneOf(branches.map((branch) => stepInto(branch, key, further)))),
  ]);
};

const ownStep = ({ schema, root }: SchemaPart, key: string | number, isAlone: boolean): Step => {
  if (typeof schema === "boolean") return schema ? UNKNOWN : ABSENT;
  const values = valuesOf(schema);
  if (values) {
    const members = values.flatMap((value) => memberValue(value, key));
    if (members.length === 0) return ABSENT;
    return { kind: "found", parts: [{ schema: { enum: members }, root }], optional: members.length < values.length };
  }
  const types = typesOf(schema);
  const holders = types?.filter((type) => type === "object" || type === "array");
  if (holders?.length === 0) return ABSENT;
  const mayBeOther = types === undefined || types.length > 1;
  const steps: Step[] = [];
  if (holders === undefined || holders.includes("object")) steps.push(propertyStep(schema, root, String(key), isAlone));
  if (holders === undefined || holders.includes("array")) {
    if (typeof key === "number") steps.push(itemStep(schema, root, key));
    else if (holders !== undefined) steps.push(ABSENT);
  }
  const step = oneOf(steps);
  return step.kind === "found" && mayBeOther ? { ...step, optional: true } : step;
};

const memberValue = (value: unknown, key: string | number): readonly unknown[] => {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return [];
  if (Array.isArray(value) && typeof key !== "number") return [];
  return [Reflect.get(value, key)];
};

const propertyStep = (
  schema: Readonly<Record<string, unknown>>,
  root: JsonSchema,
  key: string,
  isAlone: boolean,
): Step => {
  const properties = schema["properties"];
  const declared = isRecord(properties) && Object.hasOwn(properties, key) ? asSchema(properties[key]) : undefined;
  if (declared === false) return ABSENT;
  const required = schema["required"];
  if (declared !== undefined)
    return {
      kind: "found",
      parts: [{ schema: declared, root }],
      optional: !(Array.isArray(required) && required.includes(key)),
    };
  if (schema["patternProperties"] !== undefined) return UNKNOWN;
  const additional = asSchema(schema["additionalProperties"]);
  if (additional === false) return isAlone ? ABSENT : UNKNOWN;
  if (saysNothing(additional)) return UNKNOWN;
  return { kind: "found", parts: [{ schema: additional, root }], optional: true };
};

const saysNothing = (schema: JsonSchema | undefined): schema is undefined | true =>
  schema === undefined || schema === true || (isRecord(schema) && Object.keys(schema).length === 0);

const itemStep = (schema: Readonly<Record<string, unknown>>, root: JsonSchema, index: number): Step => {
  const { maxItems, minItems } = schema;
  if (index < 0 || (typeof maxItems === "number" && index >= maxItems)) return ABSENT;
  const item = schemasOf(schema["prefixItems"])[index] ?? asSchema(schema["items"]);
  if (item === false) return ABSENT;
  if (saysNothing(item)) return UNKNOWN;
  return {
    kind: "found",
    parts: [{ schema: item, root }],
    optional: !(typeof minItems === "number" && index < minItems),
  };
};

const MAX_KNOWN = 50;
const namesOf = (part: SchemaPart): readonly string[] => {
  const names = (each: SchemaPart, effort: Effort): readonly string[] => {
    const further = goOn(effort);
    if (further === undefined) return [];
    const { all, unions } = takeApart(each);
    const own = all.flatMap(({ schema }) => {
      const properties = typeof schema === "boolean" ? undefined : schema["properties"];
      return isRecord(properties) ? Object.keys(properties) : [];
    });
    return [...own, ...unions.flat().flatMap((branch) => names(branch, further))];
  };
  return names(part, newEffort()).slice(0, MAX_KNOWN);
};
