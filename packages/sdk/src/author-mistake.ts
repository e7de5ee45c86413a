import { PlatformError } from "@agentcore/contract/errors";

/** The error for a wrong definition, thrown where it is written: `agent "x": skills[1].id: expected …`. */
export const authorMistake = (what: string, field: string, expected: string, cause?: unknown): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `${what}: ${field}: ${expected}`, {
    violations: [{ field, description: expected }],
    ...(cause === undefined ? {} : { cause }),
  });

/** A wrong value as a person reads it, short whatever came in. */
export const describe = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (value === undefined || value === null || typeof value === "number" || typeof value === "boolean")
    return String(value);
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
};
