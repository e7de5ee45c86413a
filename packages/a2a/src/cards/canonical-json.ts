/** JSON with one spelling: the JSON Canonicalization Scheme (RFC 8785). */
import { PlatformError } from "@agentcore/contract/errors";

// Deeper than any card, and far from the end of the stack.
const MAX_DEPTH = 100;

/**
 * Members in the order of their names' UTF-16 units, numbers as ECMAScript writes them, no white space. Throws INVALID_ARGUMENT for what
 * is no I-JSON (RFC 7493): numbers that are not finite, lone surrogates, anything that is no JSON; and over 100 levels.
 */
export const canonicalJson = (value: unknown): string => write(value, "", 0);

const write = (value: unknown, path: string, depth: number): string => {
  if (depth > MAX_DEPTH) throw refuse(path, `expected at most ${MAX_DEPTH} levels`);
  switch (typeof value) {
    case "boolean":
      return value ? "true" : "false";
    case "string":
      return text(value, path);
    case "number":
      if (!Number.isFinite(value)) throw refuse(path, `${value} is no number of JSON`);
      return JSON.stringify(value);
    case "object":
      break;
    default:
      throw refuse(path, `${typeof value} is no value of JSON`);
  }
  if (value === null) return "null";
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    return `[${items.map((item, index) => write(item, `${path}[${index}]`, depth + 1)).join(",")}]`;
  }
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${members
    .map(([name, member]) => `${text(name, path)}:${write(member, path === "" ? name : `${path}.${name}`, depth + 1)}`)
    .join(",")}}`;
};

const text = (value: string, path: string): string => {
  if (!value.isWellFormed()) throw refuse(path, "half a surrogate pair is no text");
  return JSON.stringify(value);
};

const refuse = (path: string, why: string) =>
  new PlatformError("INVALID_ARGUMENT", `cannot be written canonically: ${path === "" ? "" : `${path}: `}${why}`, {
    violations: [{ field: path, description: why }],
  });
