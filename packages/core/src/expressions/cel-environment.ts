import { Environment, type Limits } from "@marcbachmann/cel-js";
import { registerMetering } from "./metered-expression.ts";
import { SCOPE_VARIABLES } from "./workflow-scope.ts";

/** Characters of one expression. */
export const MAX_EXPRESSION_LENGTH = 4096;
const LIMITS: Limits = {
  maxAstNodes: 1_000,
  maxDepth: 32,
  maxListElements: 200,
  maxMapEntries: 200,
  maxCallArguments: 8,
};
/** Of the same, written once more with what it costs in it and all parentheses. */
const METERED_LIMITS: Limits = { ...LIMITS, maxAstNodes: 5_000, maxDepth: 2_000 };

const arithmetic: Readonly<Record<string, (left: number, right: number) => number>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "/": (left, right) => left / right,
  "%": (left, right) => left % right,
};

/**
 * CEL as workflows speak it. A number of JSON is a double, as CEL's own mapping of JSON has it, so a scope is read as it is, without a
 * copy. CEL has no arithmetic between a double and an int, but `turn + 1` must be 3: with an int it is done in doubles here.
 */
export const createCelEnvironment = (): Environment => createEnvironment(LIMITS);

/** The same, with what `meterExpression` writes. */
export const createMeteredEnvironment = (): Environment => registerMetering(createEnvironment(METERED_LIMITS));

const createEnvironment = (limits: Limits): Environment => {
  const environment = new Environment({
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
    limits,
  });
  for (const name of SCOPE_VARIABLES) environment.registerVariable(name, "dyn");
  for (const [operator, compute] of Object.entries(arithmetic)) {
    const handler = (left: bigint | number, right: bigint | number): number => compute(Number(left), Number(right));
    environment.registerOperator(`double ${operator} int: double`, handler);
    environment.registerOperator(`int ${operator} double: double`, handler);
  }
  environment.registerOperator("double % double: double", (left: number, right: number) => left % right);
  return environment;
};
