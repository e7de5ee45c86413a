import type { ASTNode } from "@marcbachmann/cel-js";
import { bindingOf, comprehensionOf, partsOf } from "./cel-syntax.ts";
import { SCOPE_VARIABLES } from "./workflow-scope.ts";

/** Something of the scope that an expression reads. */
export interface Reference {
  /** The variable first: `["nodes", "risk", "score"]`; a number is a place in a list. Ends where an index is computed. */
  readonly path: readonly (string | number)[];
  /** The expression says itself what is when it is not there: `has(…)`, `.?`, `"x" in …`, or behind one of them. */
  readonly guarded: boolean;
}

type Path = readonly (string | number)[];

const VARIABLES: ReadonlySet<string> = new Set(SCOPE_VARIABLES);

/** `a.b[0]["c"]` as its path; undefined when it is something else, or an index is computed. */
export const pathOf = (node: ASTNode, bound: ReadonlySet<string> = new Set()): Path | undefined => {
  switch (node.op) {
    case "id":
      return VARIABLES.has(node.args) && !bound.has(node.args) ? [node.args] : undefined;
    case ".":
    case ".?": {
      const start = pathOf(node.args[0], bound);
      return start && [...start, node.args[1]];
    }
    case "[]":
    case "[?]": {
      const start = pathOf(node.args[0], bound);
      const key = keyOf(node.args[1]);
      return start && key !== undefined ? [...start, key] : undefined;
    }
    default:
      return undefined;
  }
};

const keyOf = (node: ASTNode): string | number | undefined => {
  if (node.op !== "value") return undefined;
  if (typeof node.args === "string") return node.args;
  return typeof node.args === "bigint" ? Number(node.args) : undefined;
};

const startsWith = (path: Path, start: Path): boolean =>
  path.length >= start.length && start.every((key, index) => path[index] === key);

/** What certainly is there when a condition holds (or does not hold). */
const provenBy = (node: ASTNode, holds: boolean, bound: ReadonlySet<string>): readonly Path[] => {
  if (node.op === "!_") return provenBy(node.args, !holds, bound);
  if ((node.op === "&&" && holds) || (node.op === "||" && !holds))
    return node.args.flatMap((part) => provenBy(part, holds, bound));
  if (!holds) return [];
  if (node.op === "call" && node.args[0] === "has") {
    const path = node.args[1][0] && pathOf(node.args[1][0], bound);
    return path ? [path] : [];
  }
  if (node.op === "in") {
    const [member, holder] = [keyOf(node.args[0]), pathOf(node.args[1], bound)];
    return typeof member === "string" && holder ? [[...holder, member]] : [];
  }
  return [];
};

/** `a && b && c` as three. */
const operandsOf = (node: ASTNode, operator: "&&" | "||"): readonly ASTNode[] => {
  if (node.op !== operator) return [node];
  const operands: ASTNode[] = [];
  for (let rest: ASTNode = node; ; rest = rest.args[0]) {
    if (rest.op !== operator) return [rest, ...operands.toReversed()];
    operands.push(rest.args[1]);
  }
};

export const collectReferences = (expression: ASTNode): readonly Reference[] => {
  const found = new Map<string, Reference>();
  const add = (path: Path, guarded: boolean): void => {
    const key = JSON.stringify(path);
    // Read once without a guard, it must be there.
    found.set(key, { path, guarded: guarded && (found.get(key)?.guarded ?? true) });
  };

  const visit = (node: ASTNode, bound: ReadonlySet<string>, proven: readonly Path[]): void => {
    const reads = (path: Path): boolean => proven.some((start) => startsWith(path, start));
    switch (node.op) {
      case "id": {
        const path = pathOf(node, bound);
        if (path) add(path, reads(path));
        return;
      }
      case ".":
      case "[]":
      case ".?":
      case "[?]": {
        const path = pathOf(node, bound);
        if (path) {
          const start = firstOptional(node, bound);
          if (start && start.length > 1) add(start.slice(0, -1), reads(start.slice(0, -1)));
          add(path, start !== undefined || reads(path));
          return;
        }
        break;
      }
      case "call": {
        const [name, [asked]] = node.args;
        const path = name === "has" && asked ? pathOf(asked, bound) : undefined;
        if (path) {
          // All but the last member must be there for `has` itself.
          if (path.length > 2) add(path.slice(0, -1), reads(path.slice(0, -1)));
          add(path, true);
          return;
        }
        break;
      }
      case "&&":
      case "||": {
        const known = [...proven];
        for (const part of operandsOf(node, node.op)) {
          visit(part, bound, known);
          known.push(...provenBy(part, node.op === "&&", bound));
        }
        return;
      }
      case "?:": {
        const [condition, then, otherwise] = node.args;
        visit(condition, bound, proven);
        visit(then, bound, [...proven, ...provenBy(condition, true, bound)]);
        visit(otherwise, bound, [...proven, ...provenBy(condition, false, bound)]);
        return;
      }
      default:
        break;
    }
    const comprehension = comprehensionOf(node);
    if (comprehension) {
      visit(comprehension.over, bound, proven);
      for (const body of comprehension.bodies) visit(body, new Set([...bound, comprehension.variable]), proven);
      return;
    }
    const binding = bindingOf(node);
    if (binding) {
      visit(binding.value, bound, proven);
      visit(binding.body, new Set([...bound, binding.variable]), proven);
      return;
    }
    for (const part of partsOf(node)) visit(part, bound, proven);
  };
  visit(expression, new Set(), []);
  return [...found.values()];
};

/** The path up to and with the first `.?` or `[?…]` of a chain. */
const firstOptional = (node: ASTNode, bound: ReadonlySet<string>): Path | undefined => {
  if (node.op !== "." && node.op !== "[]" && node.op !== ".?" && node.op !== "[?]") return undefined;
  const before = firstOptional(node.args[0], bound);
  if (before) return before;
  return node.op === ".?" || node.op === "[?]" ? pathOf(node, bound) : undefined;
};
