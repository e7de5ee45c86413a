/** What an author's schema (Standard Schema, any library) says is wrong, in the platform's words. */
import { type FieldViolation, formatFieldPath } from "@agentcore/contract";

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

// A value with thousands of bad fields must not become an event of thousands of complaints.
const MAX_VIOLATIONS = 20;

export const violationsOf = (issues: readonly SchemaIssue[]): FieldViolation[] =>
  issues.slice(0, MAX_VIOLATIONS).map(({ message, path = [] }) => ({
    field: formatFieldPath(path.map((segment) => (typeof segment === "object" ? segment.key : segment))),
    description: message,
  }));

/** For a sentence: `parts[0].text: expected …`. */
export const describeViolation = ({ field, description }: FieldViolation): string =>
  field === "" ? description : `${field}: ${description}`;
