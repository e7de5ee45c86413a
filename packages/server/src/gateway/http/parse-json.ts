import { PlatformError } from "@agentcore/contract";

// Protocol Buffers' own limit for JSON. Deeper values overflow the stack of whatever walks them later.
const MAX_DEPTH = 100;

/** Parses JSON from outside. Throws PARSE_ERROR, also for nesting deeper than 100. */
export const parseJson = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new PlatformError(
      "PARSE_ERROR",
      text.trim() === "" ? "the body is empty: expected JSON" : "the body is not valid JSON",
      { cause },
    );
  }
  // Each level takes two characters, so short texts cannot be deep.
  if (text.length > MAX_DEPTH * 2) assertDepth(value, 0);
  return value;
};

export const assertDepth = (value: unknown, depth: number): void => {
  if (typeof value !== "object" || value === null) return;
  if (depth >= MAX_DEPTH) throw new PlatformError("PARSE_ERROR", `the body is nested deeper than ${MAX_DEPTH} levels`);
  for (const key in value) assertDepth(value[key as keyof typeof value], depth + 1);
};
