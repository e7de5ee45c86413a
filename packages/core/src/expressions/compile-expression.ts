import { PlatformError } from "@agentcore/contract";
import type { ASTNode, ParseResult } from "@marcbachmann/cel-js";
import { createCelEnvironment, createMeteredEnvironment, MAX_EXPRESSION_LENGTH } from "./cel-environment.ts";
import { holdsConstructor, valueAt, withMaps } from "./cel-scope.ts";
import { partsOf } from "./cel-syntax.ts";
import { collectReferences, pathOf, type Reference } from "./collect-references.ts";
import { toJsonResult, whyNoJson } from "./json-result.ts";
import { PatternError } from "./linear-pattern.ts";
import { type MeteredExpression, meterExpression } from "./metered-expression.ts";
import { SCOPE_VARIABLES, type WorkflowScope } from "./workflow-scope.ts";

export interface CompiledExpression {
  readonly text: string;
  readonly references: readonly Reference[];
  /** When the expression is a path and nothing else, `nodes.risk.score`: which. */
  readonly path: Reference["path"] | undefined;
  /** What it gives, where CEL can tell without data. */
  readonly type: "boolean" | "string" | "number" | "integer" | "array" | "object" | "null" | undefined;
  /** Plain JSON; parts of the scope are shared, not copied. Throws EXPRESSION_FAILED. */
  evaluate(scope: WorkflowScope): unknown;
}

const environment = createCelEnvironment();
const meteredEnvironment = createMeteredEnvironment();

/**
 * CEL over the variables of a workflow's scope. Throws INVALID_ARGUMENT with the place for what is no CEL, has an unknown variable or
 * types that never fit.
 */
export const compileExpression = (text: string): CompiledExpression => {
  if (text.length > MAX_EXPRESSION_LENGTH)
    throw invalid(text, `it has ${text.length} characters, at most ${MAX_EXPRESSION_LENGTH} are allowed`);
  let parsed: ParseResult;
  try {
    parsed = environment.parse(text);
  } catch (error) {
    throw invalid(text, complaintOf(error));
  }
  const check = parsed.check();
  if (!check.valid) throw invalid(text, complaintOf(check.error));
  const { type } = check;
  const noJson = type === undefined ? undefined : whyNoJson(type);
  if (noJson !== undefined) throw invalid(text, `what it gives is no JSON: ${noJson}`);
  const metered = meter(parsed, text);
  const evaluateCel = metered?.run ?? parsed;
  const references = collectReferences(parsed.ast);
  const hasOptional = usesOptional(parsed.ast);
  // An optional is no value yet.
  const path = hasOptional ? undefined : pathOf(parsed.ast);
  const probed = hasOptional ? outermost(references) : [];
  const run = (scope: WorkflowScope): unknown => {
    // An optional takes for absent what cannot be read, and says nothing.
    if (holdsConstructor(scope, probed)) return evaluateCel(withMaps(scope));
    try {
      return evaluateCel(scope);
    } catch (error) {
      if (read(error).code !== "unsupported_type") throw error;
      return evaluateCel(withMaps(scope));
    }
  };
  return {
    text,
    references,
    path,
    type: type === undefined ? undefined : jsonTypeOf(type),
    evaluate(scope) {
      const value = path && valueAt(scope, path);
      if (value !== undefined) return value;
      try {
        return toJsonResult(run(scope));
      } catch (error) {
        throw failure(text, error, metered);
      }
    },
  };
};

const meter = (parsed: ParseResult, text: string): MeteredExpression | undefined => {
  try {
    return meterExpression(parsed, text, meteredEnvironment);
  } catch (error) {
    if (error instanceof PatternError) throw invalid(text, `the pattern of matches() cannot be used: ${error.message}`);
    throw invalid(text, read(error).summary);
  }
};

/** Without those that lead to another: what is read is at its end. */
const outermost = (references: readonly Reference[]): readonly Reference[] =>
  references.filter(
    ({ path }) =>
      !references.some(
        (other) => other.path.length > path.length && path.every((key, index) => other.path[index] === key),
      ),
  );

const usesOptional = (node: ASTNode): boolean =>
  node.op === ".?" || node.op === "[?]" || partsOf(node).some(usesOptional);

const jsonTypeOf = (type: string): CompiledExpression["type"] => {
  switch (type) {
    case "bool":
      return "boolean";
    case "int":
    case "uint":
      return "integer";
    case "double":
      return "number";
    case "string":
    case "google.protobuf.Timestamp":
      return "string";
    case "null":
      return "null";
  }
  if (type.startsWith("list")) return "array";
  return type.startsWith("map") ? "object" : undefined;
};

const MAX_SHOWN = 200;
const shown = (text: string): string => `\`${text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text}\``;

interface Complaint {
  readonly code: string;
  readonly summary: string;
  readonly range?: { readonly start: number; readonly end: number } | undefined;
}

/** The library's own errors have a code, words and a range; anything else is a limit of the runtime. */
const read = (error: unknown): Complaint => {
  if (!(error instanceof Error)) return { code: "", summary: String(error) };
  const { code, summary, range, node } = error as Partial<Complaint> & { readonly node?: Complaint["range"] };
  return { code: code ?? "", summary: summary ?? error.message, range: node ?? range };
};

const complaintOf = (error: unknown): string => {
  const { code, summary, range } = read(error);
  const place = range === undefined ? "" : `at character ${range.start + 1}: `;
  return `${place}${summary}${code === "unknown_variable" ? `; there are ${SCOPE_VARIABLES.join(", ")}` : ""}`;
};

const invalid = (text: string, complaint: string): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `the expression ${shown(text)} is not valid: ${complaint}`, {
    violations: [{ field: "", description: complaint }],
  });

const failure = (text: string, error: unknown, metered: MeteredExpression | undefined): PlatformError => {
  const { code, summary, range: evaluated } = read(error);
  const range = evaluated && metered ? metered.locate(evaluated) : evaluated;
  const at = range === undefined ? "" : text.slice(range.start, range.end);
  const where = range === undefined ? "" : ` at ${shown(at)}`;
  const next = (nextStep[code] ?? "").replace("has(…)", MEMBERS.test(at) ? `has(${at})` : "has(…)");
  return new PlatformError("EXPRESSION_FAILED", `the expression ${shown(text)} failed${where}: ${summary}${next}`, {
    cause: error,
  });
};

/** What `has` takes: members one below the other, by their names. */
const MEMBERS = /^[a-z_]\w*(\.[a-z_]\w*)+$/i;

const nextStep: Readonly<Record<string, string>> = {
  no_such_key: "; ask for it with has(…) first, or read it with .? and end with .orValue(…)",
  index_out_of_bounds: "; ask for the size first, or read it with [?…] and end with .orValue(…)",
  unknown_variable: ", which has no value where this stands",
  no_such_overload: "; int(…), double(…) and string(…) convert",
  no_matching_overload: "; int(…), double(…) and string(…) convert: a number of JSON is a double",
  invalid_logical_operand: "; compare with something, as in x == true or x != null",
  invalid_condition_type: "; compare with something, as in x == true or x != null",
};
