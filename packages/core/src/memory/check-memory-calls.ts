/** What callers ask of long-term memory, held against its bounds. */
import { type FieldViolation, invalidArgument, PlatformError } from "@agentcore/contract";
import type { NewMemory } from "@agentcore/contract/authoring";
import { isLargerThan } from "../payloads/json-size.ts";
import { assertSerialisable } from "../payloads/serialisable.ts";
import type { ForgetRule } from "./forget-rule.ts";
import { MAX_DATA_BYTES, MAX_DOCUMENT, MAX_QUERY, MAX_RESULTS, MAX_TAG, MAX_TAGS, MAX_TEXT } from "./limits.ts";

export interface RecallRequest {
  readonly query: string;
  readonly limit?: number | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly document?: string | undefined;
}

const isText = (value: unknown, most: number): boolean =>
  typeof value === "string" && value.trim() !== "" && value.length <= most && value.isWellFormed();

const tagsViolation = (tags: unknown): FieldViolation[] =>
  tags === undefined || (Array.isArray(tags) && tags.length <= MAX_TAGS && tags.every((tag) => isText(tag, MAX_TAG)))
    ? []
    : [{ field: "tags", description: `expected at most ${MAX_TAGS} texts of 1 to ${MAX_TAG} characters` }];

const documentViolation = (document: unknown): FieldViolation[] =>
  document === undefined || isText(document, MAX_DOCUMENT)
    ? []
    : [{ field: "document", description: `expected 1 to ${MAX_DOCUMENT} characters` }];

/** Throws INVALID_ARGUMENT, TOO_LARGE, RESULT_NOT_SERIALISABLE. */
export const checkMemory = ({ text, data, tags, document, importance, ttlMs }: NewMemory): void => {
  const violations: FieldViolation[] = [];
  if (!isText(text, MAX_TEXT))
    violations.push({ field: "text", description: `expected 1 to ${MAX_TEXT} characters of text` });
  violations.push(...tagsViolation(tags), ...documentViolation(document));
  if (importance !== undefined && !(importance >= 0 && importance <= 1))
    violations.push({ field: "importance", description: "expected a number from 0 to 1" });
  if (ttlMs !== undefined && !(Number.isFinite(ttlMs) && ttlMs > 0))
    violations.push({ field: "ttlMs", description: "expected milliseconds above 0" });
  if (violations.length > 0) throw invalidArgument("what is to be remembered", violations);
  if (data === undefined) return;
  assertSerialisable(data, "the data of a memory");
  if (isLargerThan(data, MAX_DATA_BYTES))
    throw new PlatformError("TOO_LARGE", `the data of a memory has more than ${MAX_DATA_BYTES / 1024} KiB as JSON`, {
      violations: [{ field: "data", description: "expected less; keep it in an artifact and remember where" }],
    });
};

/** Throws INVALID_ARGUMENT. */
export const checkRecall = ({ query, limit, tags, document }: RecallRequest): void => {
  const violations: FieldViolation[] = [];
  if (!isText(query, MAX_QUERY))
    violations.push({ field: "query", description: `expected 1 to ${MAX_QUERY} characters of text` });
  if (limit !== undefined && !(Number.isInteger(limit) && limit >= 1 && limit <= MAX_RESULTS))
    violations.push({ field: "limit", description: `expected a whole number from 1 to ${MAX_RESULTS}` });
  violations.push(...tagsViolation(tags), ...documentViolation(document));
  if (violations.length > 0) throw invalidArgument("what is to be recalled", violations);
};

const RULES = ["id", "words", "task", "document", "caller", "all"] as const;

/** Throws INVALID_ARGUMENT. */
export const checkRule = ({ which }: ForgetRule): void => {
  const given = Object.entries(which).filter(([, value]) => value !== undefined);
  const [only] = given;
  const isOne = given.length === 1 && only !== undefined && (RULES as readonly string[]).includes(only[0]);
  if (isOne && (only[0] === "all" ? only[1] === true : isText(only[1], MAX_QUERY))) return;
  throw invalidArgument("what is to be forgotten", [
    { field: "", description: `expected exactly one of ${RULES.join(", ")}` },
  ]);
};
