import { z } from "zod";

const MAX_PARTS = 1_000;
const MAX_ISSUES = 5;

/**
 * Reads text, or a list of parts of it, which become its lines. Checked by hand, since a union would not say which part it refuses. `expected`: of what the
 * parts are to be, in words.
 */
export const textReader = (part: z.ZodType<{ readonly text: string }>, expected: string) => {
  const parts = z.array(part).max(MAX_PARTS);
  return (value: unknown, context: z.RefinementCtx): string => {
    if (typeof value === "string") return value;
    const read = parts.safeParse(value);
    if (read.success) return read.data.map(({ text }) => text).join("\n");
    const issues = Array.isArray(value)
      ? read.error.issues.slice(0, MAX_ISSUES).map(({ path, message }) => ({ path, message }))
      : [{ path: [], message: `expected text, or a list of parts of ${expected}` }];
    for (const issue of issues) context.addIssue({ code: "custom", ...issue });
    return z.NEVER;
  };
};
