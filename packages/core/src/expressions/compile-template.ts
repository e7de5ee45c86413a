import { formatFieldPath, PlatformError } from "@agentcore/contract";
import type { Reference } from "./collect-references.ts";
import { type CompiledExpression, compileExpression } from "./compile-expression.ts";
import type { WorkflowScope } from "./workflow-scope.ts";

export interface CompiledTemplate {
  readonly references: readonly Reference[];
  /** Without an expression: it always gives the same. */
  readonly isConstant: boolean;
  /** Plain JSON; constant parts and parts of the scope are shared, not copied. Throws EXPRESSION_FAILED naming the place. */
  evaluate(scope: WorkflowScope): unknown;
}

const MAX_DEPTH = 64;
const MAX_VALUES = 10_000;
const MAX_EXPRESSIONS = 500;
/** Characters of all expressions together. */
const MAX_EXPRESSION_TEXT = 64 * 1024;
/** Characters of one text that a template makes. */
export const MAX_TEXT_LENGTH = 1024 * 1024;

/** A part of a template: what stands there, or how it is made. */
export type TemplatePart =
  | { readonly kind: "constant"; readonly value: unknown }
  | { readonly kind: "value"; readonly expression: CompiledExpression }
  | { readonly kind: "text"; readonly pieces: readonly (string | CompiledExpression)[] }
  | { readonly kind: "list"; readonly parts: readonly TemplatePart[] }
  | { readonly kind: "object"; readonly parts: readonly (readonly [string, TemplatePart])[] };

/**
 * JSON in which a text that is `${expression}` stands for its value, and `${…}` within a text for its value as text: texts as they are,
 * anything else as JSON. `$${` stands for `${`. Throws INVALID_ARGUMENT with the place of what is not right.
 */
export const compileTemplate = (template: unknown): CompiledTemplate => {
  const part = parseTemplate(template);
  const references: Reference[] = [];
  for (const expression of expressionsOf(part)) references.push(...expression.references);
  return {
    references,
    isConstant: part.kind === "constant",
    evaluate: (scope) => evaluatePart(part, scope, []),
  };
};

export const parseTemplate = (template: unknown): TemplatePart => {
  let values = 0;
  let expressions = 0;
  let characters = 0;
  const parse = (node: unknown, path: readonly (string | number)[]): TemplatePart => {
    const refuse = (description: string): PlatformError => invalid(path, description);
    values += 1;
    if (values > MAX_VALUES) throw refuse(`more than ${MAX_VALUES} values in one template`);
    if (path.length > MAX_DEPTH) throw refuse(`nested deeper than ${MAX_DEPTH}`);
    switch (typeof node) {
      case "string": {
        const pieces = splitText(node, refuse).map((piece) => {
          if (typeof piece === "string") return piece;
          expressions += 1;
          if (expressions > MAX_EXPRESSIONS) throw refuse(`more than ${MAX_EXPRESSIONS} expressions in one template`);
          characters += piece.expression.length;
          if (characters > MAX_EXPRESSION_TEXT)
            throw refuse(`more than ${MAX_EXPRESSION_TEXT} characters of expressions in one template`);
          return compileAt(piece.expression, refuse);
        });
        const [first] = pieces;
        if (pieces.length === 1 && typeof first === "object") return { kind: "value", expression: first };
        if (pieces.every((piece) => typeof piece === "string")) return { kind: "constant", value: pieces.join("") };
        return { kind: "text", pieces };
      }
      case "boolean":
        return { kind: "constant", value: node };
      case "number":
        if (!Number.isFinite(node)) throw refuse(`expected JSON, got ${node}`);
        return { kind: "constant", value: node };
      case "object":
        break;
      default:
        throw refuse(`expected JSON, got ${typeof node}`);
    }
    if (node === null) return { kind: "constant", value: null };
    if (Array.isArray(node)) {
      const parts = node.map((member, index) => parse(member, [...path, index]));
      if (parts.every((part, index) => part.kind === "constant" && part.value === node[index]))
        return { kind: "constant", value: node };
      return { kind: "list", parts };
    }
    const prototype: unknown = Object.getPrototypeOf(node);
    if (prototype !== null && prototype !== Object.prototype) throw refuse("expected JSON, got an object of a class");
    if (Object.hasOwn(node, "$function"))
      throw refuse("a function stands for the whole of a template, not for a part: let it return the whole");
    const parts: (readonly [string, TemplatePart])[] = [];
    for (const [key, member] of Object.entries(node)) {
      if (member !== undefined) parts.push([key, parse(member, [...path, key])]);
    }
    if (parts.every(([key, part]) => part.kind === "constant" && part.value === Reflect.get(node, key)))
      return { kind: "constant", value: node };
    return { kind: "object", parts };
  };
  return parse(template, []);
};

const compileAt = (text: string, refuse: (description: string) => PlatformError): CompiledExpression => {
  try {
    return compileExpression(text);
  } catch (error) {
    throw PlatformError.is(error) ? refuse(error.message) : error;
  }
};

const invalid = (path: readonly (string | number)[], description: string): PlatformError => {
  const field = formatFieldPath(path);
  return new PlatformError(
    "INVALID_ARGUMENT",
    `the template is not valid: ${field === "" ? "" : `${field}: `}${description}`,
    {
      violations: [{ field, description }],
    },
  );
};

/** A text as what stands there and the expressions between. */
const splitText = (
  text: string,
  refuse: (description: string) => PlatformError,
): readonly (string | { readonly expression: string })[] => {
  const pieces: (string | { readonly expression: string })[] = [];
  let literal = "";
  let at = 0;
  while (at < text.length) {
    const dollar = text.indexOf("${", at);
    if (dollar === -1) break;
    if (text[dollar - 1] === "$" && dollar > at) {
      literal += `${text.slice(at, dollar - 1)}\${`;
      at = dollar + 2;
      continue;
    }
    literal += text.slice(at, dollar);
    const end = endOfExpression(text, dollar + 2);
    if (end === undefined)
      throw refuse(`\${ at character ${dollar + 1} is not closed; write $\${ where no expression is meant`);
    const expression = text.slice(dollar + 2, end);
    if (expression.trim() === "")
      throw refuse(`nothing between \${ and } at character ${dollar + 1}; write $\${ where no expression is meant`);
    if (literal !== "") pieces.push(literal);
    literal = "";
    pieces.push({ expression });
    at = end + 1;
  }
  literal += text.slice(at);
  if (literal !== "" || pieces.length === 0) pieces.push(literal);
  return pieces;
};

/** Where the brace stands that ends the expression which begins at `start`: none in its texts, maps and comments. */
const endOfExpression = (text: string, start: number): number | undefined => {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    switch (text[at]) {
      case "{":
        depth += 1;
        break;
      case "}":
        if (depth === 0) return at;
        depth -= 1;
        break;
      case '"':
      case "'": {
        const end = endOfQuoted(text, at);
        if (end === undefined) return undefined;
        at = end;
        break;
      }
      case "/":
        if (text[at + 1] !== "/") break;
        at = text.indexOf("\n", at);
        if (at === -1) return undefined;
        break;
      default:
        break;
    }
  }
  return undefined;
};

const endOfQuoted = (text: string, start: number): number | undefined => {
  const quote = text[start] ?? "";
  const mark = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  for (let at = start + mark.length; at < text.length; at++) {
    if (text[at] === "\\") at += 1;
    else if (text.startsWith(mark, at)) return at + mark.length - 1;
  }
  return undefined;
};

function* expressionsOf(part: TemplatePart): Generator<CompiledExpression> {
  switch (part.kind) {
    case "constant":
      return;
    case "value":
      yield part.expression;
      return;
    case "text":
      for (const piece of part.pieces) if (typeof piece !== "string") yield piece;
      return;
    case "list":
      for (const member of part.parts) yield* expressionsOf(member);
      return;
    case "object":
      for (const [, member] of part.parts) yield* expressionsOf(member);
  }
}

const evaluatePart = (part: TemplatePart, scope: WorkflowScope, path: readonly (string | number)[]): unknown => {
  switch (part.kind) {
    case "constant":
      return part.value;
    case "value":
      return evaluateAt(part.expression, scope, path);
    case "text": {
      let text = "";
      for (const piece of part.pieces) {
        const value = typeof piece === "string" ? piece : evaluateAt(piece, scope, path);
        text += typeof value === "string" ? value : JSON.stringify(value);
        if (text.length > MAX_TEXT_LENGTH)
          throw failed(path, `the text is over ${MAX_TEXT_LENGTH} characters; pass the value itself, as \${…} alone`);
      }
      return text;
    }
    case "list":
      return part.parts.map((member, index) => evaluatePart(member, scope, [...path, index]));
    case "object":
      // Not by assignment: a key may be __proto__.
      return Object.fromEntries(part.parts.map(([key, member]) => [key, evaluatePart(member, scope, [...path, key])]));
  }
};

const evaluateAt = (
  expression: CompiledExpression,
  scope: WorkflowScope,
  path: readonly (string | number)[],
): unknown => {
  try {
    return expression.evaluate(scope);
  } catch (error) {
    if (path.length === 0 || !PlatformError.is(error)) throw error;
    throw failed(path, error.message, error);
  }
};

const failed = (path: readonly (string | number)[], message: string, cause?: unknown): PlatformError =>
  new PlatformError("EXPRESSION_FAILED", `${path.length === 0 ? "" : `${formatFieldPath(path)}: `}${message}`, {
    cause,
  });
