/** Where something stands in JSON that others send: `data.id`, `4.status` where there are lists. */
import { z } from "zod";

export const MemberPath = z
  .string()
  .max(500)
  .regex(/^[\w@$-]+(\.[\w@$-]+){0,9}$/, { error: "expected a path, as data.id" });

/** Undefined where there is nothing. */
export const memberAt = (value: unknown, path: string): unknown => {
  let at = value;
  for (const member of path.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, member)) return undefined;
    at = (at as Record<string, unknown>)[member];
  }
  return at;
};
