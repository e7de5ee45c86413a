import type { Schema } from "@agentcore/contract/authoring";

type JsonSchema = Readonly<Record<string, unknown>>;

const functionAt = (holder: unknown, key: string): ((options?: unknown) => unknown) | undefined => {
  if (holder === null || (typeof holder !== "object" && typeof holder !== "function")) return undefined;
  const member: unknown = Reflect.get(holder, key);
  return typeof member === "function" ? (options) => Reflect.apply(member, holder, [options]) : undefined;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * JSON Schema of what the schema accepts, or with `of` "output" of what it gives, if its library can tell: Standard JSON Schema (zod ≥ 4.2, valibot, arktype
 * 2.2), else a `toJSONSchema()` or `toJsonSchema()` of its own; undefined when it cannot. Throws what the library
 * throws for a type that JSON has no words for, such as a date.
 */
export const deriveJsonSchema = (schema: Schema, of: "input" | "output" = "input"): JsonSchema | undefined => {
  const convert =
    functionAt(Reflect.get(schema["~standard"], "jsonSchema"), of) ??
    functionAt(schema, "toJSONSchema") ??
    functionAt(schema, "toJsonSchema");
  const made = convert?.({ target: "draft-2020-12", io: of });
  if (!isRecord(made)) return undefined;
  // Some model endpoints refuse `$schema` in a tool's parameters, and none needs it.
  const { $schema: _, ...rest } = made;
  return rest;
};
