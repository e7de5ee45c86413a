/**
 * A check made of a JSON Schema (2020-12). What the conversion would silently leave out is refused, with the place: a schema that looks as
 * if it kept something away must do so.
 */
import { type FieldViolation, formatFieldPath, invalidArgument } from "@agentcore/contract";
import type { Schema } from "@agentcore/contract/authoring";
import { z } from "zod";

type Path = readonly (string | number)[];
type Json = Readonly<Record<string, unknown>>;

const DRAFT = "https://json-schema.org/draft/2020-12/schema";
const MAX_DEPTH = 64;
const MAX_SCHEMAS = 5_000;

const OF_ANY = ["type", "enum", "const", "anyOf", "oneOf", "allOf", "default", "$ref", "$defs", "$schema", "$id"];
const NOTES = ["$comment", "title", "description", "examples", "deprecated", "readOnly", "writeOnly"];
/** Keywords that say something about values of a type, and so need the type beside them. */
const OF_TYPE: Readonly<Record<string, readonly string[]>> = {
  object: [
    ...["properties", "required", "additionalProperties", "propertyNames"],
    ...["minProperties", "maxProperties"],
  ],
  array: ["items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"],
  string: ["minLength", "maxLength", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"],
};
const TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"];
const FORMATS = [
  ...["email", "uri", "uri-reference", "uuid", "date-time", "date", "time", "duration", "hostname", "ipv4", "ipv6"],
  ...["base64", "base64url"],
];
const PATTERNS = ["pattern", "patternProperties"];
const KNOWN = new Set([...OF_ANY, ...NOTES, ...Object.values(OF_TYPE).flat()]);

/** Throws INVALID_ARGUMENT with every place below `field` that cannot be checked. */
export const schemaOfJson = (schema: Json, field: string): Schema => {
  const faults = faultsOf(schema, field);
  const what = `the JSON Schema in ${field}`;
  if (faults.length > 0) throw invalidArgument(what, faults);
  try {
    // A registry of its own: what a tenant calls its schemas is nobody else's business.
    const made = z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0], { registry: z.registry() });
    for (const probe of [null, {}, [], "", 0]) made.safeParse(probe);
    return made;
  } catch (error) {
    const description =
      error instanceof RangeError ? "it refers to itself without end" : String((error as Error).message);
    throw invalidArgument(what, [{ field, description }]);
  }
};

const faultsOf = (root: Json, field: string): readonly FieldViolation[] => {
  const faults: FieldViolation[] = [];
  const definitions = isRecord(root["$defs"]) ? Object.keys(root["$defs"]) : [];
  let count = 0;
  const visit = (schema: unknown, path: Path): void => {
    const fault = (description: string, ...below: Path): void =>
      void faults.push({ field: formatFieldPath([field, ...path, ...below]), description });
    if (typeof schema === "boolean") return;
    if (!isRecord(schema)) return fault("expected a JSON Schema: an object, true or false");
    count += 1;
    if (count > MAX_SCHEMAS) return count === MAX_SCHEMAS + 1 ? fault(`more than ${MAX_SCHEMAS} schemas`) : undefined;
    if (path.length > MAX_DEPTH) return fault(`nested deeper than ${MAX_DEPTH}`);
    // Matched by backtracking, one can hold the thread for years.
    for (const keyword of Object.keys(schema))
      if (PATTERNS.includes(keyword))
        fault("patterns are not checked here; a decision can, by the expression input.name.matches(…)", keyword);
      else if (!KNOWN.has(keyword) && !keyword.startsWith("x-"))
        fault("is no keyword that can be checked; what is only a note begins with x-", keyword);
    if (path.length === 0 && schema["$schema"] !== undefined && schema["$schema"] !== DRAFT)
      fault(`expected ${DRAFT}`, "$schema");
    if (path.length > 0)
      for (const keyword of ["$defs", "$schema", "$id"])
        if (schema[keyword] !== undefined) fault("stands at the top only", keyword);
    if (schema["$ref"] !== undefined) return reference(schema, fault);
    typeFaults(schema, fault);
    for (const [keyword, value, at] of partsOf(schema)) visit(value, [...path, keyword, ...at]);
  };
  const reference = (schema: Json, fault: (description: string, ...below: Path) => void): void => {
    const to = schema["$ref"];
    const name = typeof to === "string" ? /^#\/\$defs\/([^/]+)$/.exec(to)?.[1] : undefined;
    if (to !== "#" && (name === undefined || !definitions.includes(name.replaceAll("~1", "/").replaceAll("~0", "~"))))
      fault("expected # or #/$defs/NAME, a definition of this schema", "$ref");
    for (const keyword of Object.keys(schema))
      if (keyword !== "$ref" && keyword !== "$defs" && keyword !== "$schema" && keyword !== "$id" && !isNote(keyword))
        fault("would not be looked at beside $ref; put both in an allOf", keyword);
  };
  visit(root, []);
  return faults;
};

const typeFaults = (schema: Json, fault: (description: string, ...below: Path) => void): void => {
  const { type } = schema;
  const types = (Array.isArray(type) ? type : type === undefined ? [] : [type]) as unknown[];
  for (const each of types) if (!TYPES.includes(String(each))) fault(`expected some of ${TYPES.join(", ")}`, "type");
  for (const [of, keywords] of Object.entries(OF_TYPE)) {
    const isOf = types.includes(of) || (of === "number" && types.includes("integer"));
    for (const keyword of keywords)
      if (schema[keyword] !== undefined && !isOf) fault(`would not be looked at without type: ${of}`, keyword);
  }
  // Either of them alone decides, and the other is not looked at.
  if (schema["enum"] !== undefined && schema["const"] !== undefined) fault("stands without enum", "const");
  for (const each of ["enum", "const"])
    if (schema[each] !== undefined)
      for (const keyword of Object.values(OF_TYPE).flat())
        if (schema[keyword] !== undefined) fault(`would not be looked at beside ${each}`, keyword);
  const { properties, required, format } = schema;
  if (Array.isArray(required))
    for (const [index, name] of required.entries())
      if (!isRecord(properties) || !Object.hasOwn(properties, String(name)))
        fault(`"${String(name)}" is not among the properties`, "required", index);
  if (format !== undefined && (typeof format !== "string" || !FORMATS.includes(format)))
    fault(`expected one of ${FORMATS.join(", ")}`, "format");
};

/** Schemas within a schema, each with the way to it. */
const partsOf = (schema: Json): (readonly [keyword: string, value: unknown, at: Path])[] => [
  ...["items", "contains", "additionalProperties", "propertyNames"].flatMap((keyword) =>
    schema[keyword] === undefined ? [] : [[keyword, schema[keyword], []] as const],
  ),
  ...["properties", "$defs"].flatMap((keyword) =>
    isRecord(schema[keyword])
      ? Object.entries(schema[keyword]).map(([name, each]) => [keyword, each, [name]] as const)
      : [],
  ),
  ...["anyOf", "oneOf", "allOf", "prefixItems"].flatMap((keyword) =>
    Array.isArray(schema[keyword])
      ? (schema[keyword] as unknown[]).map((each, index) => [keyword, each, [index]] as const)
      : [],
  ),
];

const isNote = (keyword: string): boolean => NOTES.includes(keyword) || keyword.startsWith("x-");

const isRecord = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);
