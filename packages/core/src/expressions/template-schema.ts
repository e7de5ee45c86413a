import type { Reference } from "./collect-references.ts";
import { parseTemplate, type TemplatePart } from "./compile-template.ts";
import { type JsonSchema, relocate, typeOf } from "./json-schema.ts";

/**
 * What a template gives, as far as it can be told: what stands in it, texts, and the schemas of what it refers to. Throws what
 * `compileTemplate` throws.
 *
 * @param schemaOfReference the schema of what stands at a path of the scope (`memberOf` finds it); undefined when nothing can be said.
 */
export const templateSchema = (
  template: unknown,
  schemaOfReference: (path: Reference["path"]) => JsonSchema | undefined,
): JsonSchema => {
  const definitions: Record<string, JsonSchema> = {};
  const infer = (part: TemplatePart): JsonSchema => {
    switch (part.kind) {
      case "constant":
        return constantSchema(part.value);
      case "text":
        return { type: "string" };
      case "list":
        return tuple(part.parts.map(infer));
      case "object":
        return closedObject(part.parts.map(([key, member]) => [key, infer(member)]));
      case "value": {
        const { path, type } = part.expression;
        const known = path && schemaOfReference(path);
        if (known === undefined) return type === undefined ? true : { type };
        const name = `reference${Object.keys(definitions).length}`;
        const { schema, definition } = relocate({ schema: known, root: known }, name);
        if (definition !== undefined) definitions[name] = definition;
        return schema;
      }
    }
  };
  const schema = infer(parseTemplate(template));
  if (typeof schema === "boolean" || Object.keys(definitions).length === 0) return schema;
  return { ...schema, $defs: definitions };
};

const constantSchema = (value: unknown): JsonSchema => {
  if (Array.isArray(value)) return tuple(value.map(constantSchema));
  if (typeof value === "object" && value !== null)
    return closedObject(
      Object.entries(value)
        .filter(([, member]) => member !== undefined)
        .map(([key, member]) => [key, constantSchema(member)]),
    );
  return { type: typeOf(value), const: value };
};

const tuple = (items: readonly JsonSchema[]): JsonSchema => ({
  type: "array",
  ...(items.length > 0 && { prefixItems: items }),
  minItems: items.length,
  maxItems: items.length,
});

const closedObject = (members: readonly (readonly [string, JsonSchema])[]): JsonSchema => ({
  type: "object",
  properties: Object.fromEntries(members),
  required: members.map(([key]) => key),
  additionalProperties: false,
});
