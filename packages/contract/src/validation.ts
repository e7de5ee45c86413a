import type { z } from "zod";
import { type FieldViolation, PlatformError } from "./errors.ts";

/** `["parts", 0, "text"]` as `parts[0].text`. */
export const formatFieldPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === "number" ? `${text}[${key}]` : text === "" ? String(key) : `${text}.${String(key)}`),
    "",
  );

/** Parses at an edge. Throws INVALID_ARGUMENT with one violation per refused field; `what` names the input in the message. */
export const parseInput = <T extends z.ZodType>(schema: T, input: unknown, what: string): z.output<T> => {
  const result = schema.safeParse(input);
  if (result.success) return result.data;
  throw invalidArgument(what, violationsOf(result.error));
};

export const invalidArgument = (what: string, violations: readonly FieldViolation[]): PlatformError => {
  const first = violations[0];
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  const where =
    first === undefined ? "" : `: ${first.field === "" ? "" : `${first.field}: `}${first.description}${more}`;
  return new PlatformError("INVALID_ARGUMENT", `${what} is not valid${where}`, { violations });
};

// Answers stay small whatever came in: a body with thousands of bad fields must not become a body of thousands of complaints.
const MAX_VIOLATIONS = 20;

const violationsOf = (error: z.ZodError): FieldViolation[] =>
  error.issues
    .slice(0, MAX_VIOLATIONS)
    .map((issue) => ({ field: formatFieldPath(issue.path), description: issue.message }));
