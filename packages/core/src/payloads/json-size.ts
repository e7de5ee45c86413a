// Deeper values go the exact way, where JSON itself says what is wrong with them (a cycle).
const MAX_DEPTH = 500;
// About what a number or a word takes.
const SCALAR = 8;

/**
 * Whether the value's JSON has more than about `limit` characters. Looks no further than that, so that the answer about
 * a small payload costs a small walk, and the answer about a large one no more than `limit`.
 */
export const isLargerThan = (value: unknown, limit: number): boolean => walk(value, limit, 0) < 0;

/** About as many characters as the value's JSON has: a walk through all of it. */
export const sizeOf = (value: unknown): number => Number.MAX_SAFE_INTEGER - walk(value, Number.MAX_SAFE_INTEGER, 0);

/** What is left of `limit`; below 0 when there is more. */
const walk = (value: unknown, limit: number, depth: number): number => {
  if (typeof value === "string") return limit - value.length - 2;
  if (typeof value !== "object" || value === null) return limit - SCALAR;
  if (depth > MAX_DEPTH) return -1;
  let left = limit - 2;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length && left >= 0; index++) left = walk(value[index], left - 1, depth + 1);
    return left;
  }
  for (const key in value) {
    if (left < 0) return left;
    left = walk((value as Readonly<Record<string, unknown>>)[key], left - key.length - 4, depth + 1);
  }
  return left;
};
