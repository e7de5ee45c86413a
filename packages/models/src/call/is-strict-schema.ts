const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const NOT_IN_STRICT_MODE = ["oneOf", "allOf", "not", "if", "patternProperties", "dependentSchemas", "propertyNames"];

/** The subset that OpenAI's strict mode takes: every object is closed and wants all of its properties, and the root is one. */
export const isStrictSchema = (schema: Readonly<Record<string, unknown>>): boolean =>
  schema["type"] === "object" && isStrict(schema);

const isStrict = (schema: unknown): boolean => {
  if (Array.isArray(schema)) return schema.every(isStrict);
  if (!isObject(schema)) return true;
  if (NOT_IN_STRICT_MODE.some((keyword) => keyword in schema)) return false;
  const { properties, required, additionalProperties } = schema;
  if (schema["type"] === "object" || properties !== undefined) {
    const names = isObject(properties) ? Object.keys(properties) : [];
    const isClosed = additionalProperties === false && Array.isArray(required);
    if (!isClosed || !names.every((name) => required.includes(name))) return false;
  }
  const named = [properties, schema["$defs"], schema["definitions"]].flatMap((map) =>
    isObject(map) ? Object.values(map) : [],
  );
  return [...named, schema["items"], schema["anyOf"]].every(isStrict);
};
