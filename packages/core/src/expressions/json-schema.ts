/** JSON Schema, draft 2020-12. */
export type JsonSchema = boolean | Readonly<Record<string, unknown>>;

/** A part of a schema with the whole that its references (`#/$defs/…`) point into. */
export interface SchemaPart {
  readonly schema: JsonSchema;
  readonly root: JsonSchema;
}

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const asSchema = (value: unknown): JsonSchema | undefined =>
  typeof value === "boolean" || isRecord(value) ? value : undefined;

export const schemasOf = (value: unknown): readonly JsonSchema[] =>
  Array.isArray(value) ? value.map((member) => asSchema(member) ?? true) : [];

/** What `#/a/b` points at; undefined for what is no pointer into the whole. */
export const resolveReference = (reference: unknown, root: JsonSchema): JsonSchema | undefined => {
  if (typeof reference !== "string" || !(reference === "#" || reference.startsWith("#/"))) return undefined;
  let found: unknown = root;
  for (const token of reference.split("/").slice(1)) {
    const key = decodeToken(token);
    if (typeof found !== "object" || found === null || key === undefined || !Object.hasOwn(found, key))
      return undefined;
    found = Reflect.get(found, key);
  }
  return asSchema(found);
};

const decodeToken = (token: string): string | undefined => {
  const plain = token.replaceAll("~1", "/").replaceAll("~0", "~");
  try {
    return decodeURIComponent(plain);
  } catch {
    return undefined;
  }
};

const encodeToken = (name: string): string => name.replaceAll("~", "~0").replaceAll("/", "~1");

/** The part as it stands in a schema that has the part's whole as its definition `name`, when it needs it. */
export const relocate = (
  part: SchemaPart,
  name: string,
): { schema: JsonSchema; definition: JsonSchema | undefined } => {
  let needed = false;
  const move = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(move);
    if (!isRecord(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([key, member]) => {
        if (key !== "$ref" || typeof member !== "string" || !member.startsWith("#")) return [key, move(member)];
        needed = true;
        return [key, `#/$defs/${encodeToken(name)}${member.slice(1)}`];
      }),
    );
  };
  const schema = asSchema(move(part.schema)) ?? true;
  return { schema, definition: needed ? asSchema(move(part.root)) : undefined };
};

const KEYWORDS = [
  "type",
  "const",
  "enum",
  "properties",
  "patternProperties",
  "additionalProperties",
  "required",
  "items",
  "prefixItems",
  "minItems",
  "maxItems",
];
const MAX_REFERENCES = 32;

/** A schema taken apart: a value fits when it fits all of `all` and one of each of `unions`. */
export interface TakenApart {
  /** With keywords of their own, which are looked at as they stand. */
  readonly all: readonly SchemaPart[];
  readonly unions: readonly (readonly SchemaPart[])[];
}

/** References followed, `allOf` laid open. What cannot be resolved says nothing, so it is left out. */
export const takeApart = (part: SchemaPart): TakenApart => {
  const all: SchemaPart[] = [];
  const unions: (readonly SchemaPart[])[] = [];
  let references = 0;
  const open = ({ schema, root }: SchemaPart): void => {
    if (typeof schema === "boolean") {
      if (!schema) all.push({ schema, root });
      return;
    }
    if (KEYWORDS.some((keyword) => Object.hasOwn(schema, keyword))) all.push({ schema, root });
    for (const keyword of ["anyOf", "oneOf"] as const) {
      const branches = schemasOf(schema[keyword]).map((branch) => ({ schema: branch, root }));
      if (branches.length > 0) unions.push(branches);
    }
    for (const member of schemasOf(schema["allOf"])) open({ schema: member, root });
    references += 1;
    const target = references > MAX_REFERENCES ? undefined : resolveReference(schema["$ref"], root);
    if (target !== undefined) open({ schema: target, root });
  };
  open(part);
  return { all, unions };
};

export type JsonType = "null" | "boolean" | "number" | "integer" | "string" | "array" | "object";
const TYPES: ReadonlySet<unknown> = new Set(["null", "boolean", "number", "integer", "string", "array", "object"]);
const isType = (value: unknown): value is JsonType => TYPES.has(value);

export const typeOf = (value: unknown): JsonType => {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  switch (typeof value) {
    case "boolean":
      return "boolean";
    case "number":
      return Number.isInteger(value) ? "integer" : "number";
    case "string":
      return "string";
    default:
      return "object";
  }
};

/** All values that the keywords allow, when they name them. */
export const valuesOf = (schema: JsonSchema): readonly unknown[] | undefined => {
  if (typeof schema === "boolean") return undefined;
  if (Object.hasOwn(schema, "const")) return [schema["const"]];
  const values = schema["enum"];
  return Array.isArray(values) ? values : undefined;
};

/** Types that the keywords allow; undefined when they say nothing of it. */
export const typesOf = (schema: JsonSchema): readonly JsonType[] | undefined => {
  if (typeof schema === "boolean") return undefined;
  const declared = schema["type"];
  if (isType(declared)) return [declared];
  if (Array.isArray(declared) && declared.length > 0 && declared.every(isType)) return declared;
  return valuesOf(schema)?.map(typeOf);
};

/** Of looking through schemas: references and unions within each other are more ways than anyone can go. */
export interface Effort {
  readonly depth: number;
  /** Steps that are left, for all branches together. */
  readonly steps: { left: number };
}
const MAX_DEPTH = 32;
const MAX_STEPS = 20_000;
export const newEffort = (): Effort => ({ depth: 0, steps: { left: MAX_STEPS } });

/** One step further; undefined when it was enough, and nothing can be said. */
export const goOn = ({ depth, steps }: Effort): Effort | undefined => {
  steps.left -= 1;
  return depth >= MAX_DEPTH || steps.left < 0 ? undefined : { depth: depth + 1, steps };
};

const MAX_SHOWN = 5;
/** In a few words, for a message. */
export const describeSchema = (part: SchemaPart, effort: Effort | undefined = newEffort()): string => {
  const further = effort && goOn(effort);
  if (further === undefined) return "anything";
  const { all, unions } = takeApart(part);
  for (const { schema } of all) {
    if (schema === false) return "nothing";
    const values = valuesOf(schema);
    if (values) {
      const shown = values.slice(0, MAX_SHOWN).map((value) => shorten(JSON.stringify(value)));
      return `${shown.join(" or ")}${values.length > MAX_SHOWN ? " or others" : ""}`;
    }
    const types = typesOf(schema);
    if (types) return types.map(article).join(" or ");
  }
  for (const branches of unions) {
    const words = [...new Set(branches.map((branch) => describeSchema(branch, further)))];
    return `${words.slice(0, MAX_SHOWN).join(" or ")}${words.length > MAX_SHOWN ? " or others" : ""}`;
  }
  return "anything";
};

const shorten = (text: string): string => (text.length > 60 ? `${text.slice(0, 60)}…` : text);
const article = (type: JsonType): string => {
  if (type === "null") return "null";
  return `${/^[aio]/.test(type) ? "an" : "a"} ${type}`;
};
