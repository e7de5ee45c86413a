import type { ASTNode } from "@marcbachmann/cel-js";

/** Macros that run an expression for each element: `list.map(x, …)`. Their first argument names the variable. */
const COMPREHENSIONS: ReadonlySet<string> = new Set(["map", "filter", "all", "exists", "exists_one"]);

export interface Comprehension {
  readonly macro: string;
  readonly over: ASTNode;
  readonly variable: string;
  readonly bodies: readonly ASTNode[];
}

export const comprehensionOf = (node: ASTNode): Comprehension | undefined => {
  if (node.op !== "rcall") return undefined;
  const [macro, over, [variable, ...bodies]] = node.args;
  if (!COMPREHENSIONS.has(macro) || variable?.op !== "id" || bodies.length === 0) return undefined;
  return { macro, over, variable: variable.args, bodies };
};

/** `cel.bind(variable, value, body)`. */
export const bindingOf = (node: ASTNode) => {
  if (node.op !== "rcall") return undefined;
  const [macro, receiver, [variable, value, body]] = node.args;
  if (macro !== "bind" || receiver.op !== "id" || receiver.args !== "cel") return undefined;
  if (variable?.op !== "id" || value === undefined || body === undefined) return undefined;
  return { variable: variable.args, value, body };
};

/** What an expression is made of, in order of the text. */
export const partsOf = (node: ASTNode): readonly ASTNode[] => {
  switch (node.op) {
    case "value":
    case "id":
      return [];
    case ".":
    case ".?":
      return [node.args[0]];
    case "!_":
    case "-_":
      return [node.args];
    case "call":
      return node.args[1];
    case "rcall":
      return [node.args[1], ...node.args[2]];
    case "map":
      return node.args.flat();
    default:
      return node.args;
  }
};
