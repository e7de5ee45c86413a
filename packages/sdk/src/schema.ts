/** What the sdk asks of a schema, whatever library made it. No schema library is loaded here. */
import type { Schema } from "@agentcore/contract/authoring";
import type { FieldViolation } from "@agentcore/contract/errors";

type PathSegment = PropertyKey | { readonly key: PropertyKey };

const fieldOf = (path: readonly PathSegment[] | undefined): string =>
  (path ?? []).reduce<string>((text, segment) => {
    const key = typeof segment === "object" ? segment.key : segment;
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");

export const isSchema = (value: unknown): value is Schema => {
  if (value === null || (typeof value !== "object" && typeof value !== "function")) return false;
  const standard: unknown = Reflect.get(value, "~standard");
  return typeof standard === "object" && standard !== null && typeof Reflect.get(standard, "validate") === "function";
};

export type Validated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly violations: readonly FieldViolation[] };

/** Waits only for schemas that check asynchronously: inside a task nothing else may be waited for (OUTSIDE_AWAIT). */
export const validate = <T>(schema: Schema<T>, value: unknown): Validated<T> | Promise<Validated<T>> => {
  const result = schema["~standard"].validate(value);
  return result instanceof Promise ? result.then(toValidated<T>) : toValidated<T>(result);
};

const toValidated = <T>(result: Awaited<ReturnType<Schema<T>["~standard"]["validate"]>>): Validated<T> =>
  result.issues === undefined
    ? { ok: true, value: result.value }
    : {
        ok: false,
        violations: result.issues.map((issue) => ({ field: fieldOf(issue.path), description: issue.message })),
      };

/** One line a violation, as a model or a person is told. */
export const formatViolations = (violations: readonly FieldViolation[]): string =>
  violations
    .slice(0, 20) // enough to repair an answer; a long list only buries the first mistake
    .map(({ field, description }) => `- ${field === "" ? "" : `${field}: `}${description}`)
    .join("\n");
