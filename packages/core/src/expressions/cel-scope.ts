import type { Reference } from "./collect-references.ts";
import type { WorkflowScope } from "./workflow-scope.ts";

/*
 * The CEL library tells what an object is by its `constructor`, so it takes one that has a member of that name for something foreign. As
 * a Map it reads it. That is rare, and looked for only where it matters: nothing is copied for it otherwise.
 */

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The value at a path of JSON; undefined where there is none. */
export const valueAt = (scope: WorkflowScope, path: Reference["path"]): unknown => {
  let value: unknown = scope;
  for (const key of path) {
    if (!isObject(value) || !Object.hasOwn(value, key) || (Array.isArray(value) && typeof key !== "number"))
      return undefined;
    value = value[key];
  }
  return value;
};

/** Whether something at these paths, or on the way there, has a member named `constructor`. */
export const holdsConstructor = (scope: WorkflowScope, references: readonly Reference[]): boolean =>
  references.some(({ path }) => {
    let value: unknown = scope;
    for (const key of path) {
      if (!isObject(value)) return false;
      if (Object.hasOwn(value, "constructor")) return true;
      value = Object.hasOwn(value, key) ? value[key] : undefined;
    }
    return isForeign(value);
  });

const isForeign = (value: unknown): boolean => {
  if (!isObject(value)) return false;
  if (Array.isArray(value)) return value.some(isForeign);
  return Object.hasOwn(value, "constructor") || Object.values(value).some(isForeign);
};

/** The scope with such objects as Maps; what has none is shared. */
export const withMaps = (scope: WorkflowScope): WorkflowScope => convert(scope) as WorkflowScope;

const convert = (value: unknown): unknown => {
  if (!isObject(value)) return value;
  if (Array.isArray(value)) {
    const items = value.map(convert);
    return items.some((item, index) => item !== value[index]) ? items : value;
  }
  const members = Object.entries(value).map(([key, member]) => [key, convert(member)] as const);
  if (Object.hasOwn(value, "constructor")) return new Map(members);
  return members.some(([key, member]) => member !== value[key]) ? Object.fromEntries(members) : value;
};
