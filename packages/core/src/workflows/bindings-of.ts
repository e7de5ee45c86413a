import type { WorkflowScope } from "@agentcore/contract/authoring";
import type { Reference } from "../expressions/index.ts";

type Path = Reference["path"];
type Members = Record<string, unknown>;

const isObject = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What of a scope an expression reads that is asked elsewhere and later: as little of it as will do, under the same names. Lists are taken whole. */
export const bindingsOf = (references: readonly Reference[], scope: WorkflowScope): Members => {
  const bindings: Members = {};
  const paths = references.map(({ path }) => path).filter(([root]) => root !== "event");
  for (const path of paths)
    if (!paths.some((other) => other.length < path.length && isPrefix(other, path))) pick(bindings, scope, path);
  return bindings;
};

const isPrefix = (start: Path, path: Path): boolean => start.every((key, index) => path[index] === key);

const pick = (into: Members, from: object, [first = "", ...rest]: Path): void => {
  const key = String(first);
  if (!Object.hasOwn(from, key)) return;
  const value = (from as Members)[key];
  // That name cannot be written into an object made here.
  if (rest.length === 0 || rest[0] === "__proto__" || !isObject(value)) into[key] = value;
  else pick((into[key] ??= {}) as Members, value, rest);
};
