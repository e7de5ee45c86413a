import type { ASTNode, Environment, ParseResult } from "@marcbachmann/cel-js";
import { bindingOf, comprehensionOf, partsOf } from "./cel-syntax.ts";
import { LinearPattern } from "./linear-pattern.ts";
import { Meter, TooCostly } from "./meter.ts";
import type { WorkflowScope } from "./workflow-scope.ts";

/*
 * CEL ends, but not soon: macros within macros take n × n, and the library has no budget and JavaScript's patterns. An expression with such
 * a part is written once more with calls of the macros below in it, which count, and evaluated in that form. Their names begin with
 * `metered`; the environment in which people's text is read does not know them.
 */

/** No name that CEL could have. */
const METER = "#meter";

interface Running {
  run(node: ASTNode, context: Context): unknown;
}
interface Context {
  getValue(name: string): unknown;
}
interface Checking {
  check(node: ASTNode, context: Context): unknown;
  getType(name: string): unknown;
}

const meterOf = (context: Context): Meter => context.getValue(METER) as Meter;

/** A macro over its first argument, with its type if no other is given. */
const macro =
  (evaluate: (evaluator: Running, args: readonly ASTNode[], context: Context) => unknown, type?: string) =>
  ({ args }: { readonly args: readonly ASTNode[] }) => ({
    async: false,
    typeCheck: (checker: Checking, _: unknown, context: Context) => {
      const [first] = args.map((argument) => checker.check(argument, context));
      return type === undefined ? first : checker.getType(type);
    },
    evaluate: (evaluator: Running, _: unknown, context: Context) => evaluate(evaluator, args, context),
  });

const first = (evaluator: Running, [node]: readonly ASTNode[], context: Context): unknown =>
  node && evaluator.run(node, context);

const stepsOf = (args: readonly ASTNode[]): number => Number(args[1]?.args);

/** Adds the counting macros to an environment that only `meterExpression` writes for. */
export const registerMetering = (environment: Environment): Environment => {
  environment.registerFunction(
    "meteredStep(ast, ast): dyn",
    macro((evaluator, args, context) => {
      meterOf(context).spend(stepsOf(args));
      return first(evaluator, args, context);
    }),
  );
  // `exists` and `all` go on after errors, so these end them by an answer; that it was too much is told afterwards.
  for (const [name, answer] of [
    ["meteredAny", true],
    ["meteredAll", false],
  ] as const)
    environment.registerFunction(
      `${name}(ast, ast): dyn`,
      macro((evaluator, args, context) =>
        meterOf(context).afford(stepsOf(args)) ? first(evaluator, args, context) : answer,
      ),
    );
  environment.registerFunction(
    "meteredWidth(ast): dyn",
    macro((evaluator, args, context) => {
      const value = first(evaluator, args, context);
      meterOf(context).spendOnWidth(value);
      return value;
    }),
  );
  environment.registerFunction(
    "meteredWhole(ast): dyn",
    macro((evaluator, args, context) => {
      const value = first(evaluator, args, context);
      meterOf(context).spendOnWhole(value);
      return value;
    }),
  );
  environment.registerFunction("meteredMap(ast): dyn", macro(evaluateMap));
  environment.registerFunction(
    "meteredJoin(ast, ast): string",
    macro((evaluator, args, context) => {
      const [list, between] = args.map((argument) => evaluator.run(argument, context));
      if (!isTexts(list) || typeof between !== "string") throw new Error("join() is for lists of texts, with a text");
      const length = list.reduce((sum, text) => sum + text.length, between.length * list.length);
      meterOf(context).spendOnText(length);
      return list.join(between);
    }, "string"),
  );
  environment.registerFunction(
    "meteredMatches(ast, ast): bool",
    ({ args }: { readonly args: readonly [ASTNode, ASTNode] }) => {
      const [text, pattern] = args;
      const compiled = pattern.op === "value" ? new LinearPattern(String(pattern.args)) : undefined;
      return {
        async: false,
        typeCheck: (checker: Checking, _: unknown, context: Context) => {
          for (const argument of args) checker.check(argument, context);
          return checker.getType("bool");
        },
        evaluate: (evaluator: Running, _: unknown, context: Context) => {
          const [given, wanted] = [evaluator.run(text, context), compiled ?? evaluator.run(pattern, context)];
          if (typeof given !== "string") throw new Error("matches() is for texts");
          if (wanted instanceof LinearPattern) return wanted.test(given, meterOf(context));
          if (typeof wanted !== "string") throw new Error("matches() takes a pattern as text");
          meterOf(context).spend(wanted.length * 10);
          return new LinearPattern(wanted).test(given, meterOf(context));
        },
      };
    },
  );
  return environment;
};

/** The library leaves keys out that are names of JavaScript's own. */
const evaluateMap = (evaluator: Running, [node]: readonly ASTNode[], context: Context): unknown => {
  if (node?.op !== "map") return undefined;
  const members = node.args.map(
    ([key, value]) => [String(evaluator.run(key, context)), evaluator.run(value, context)] as const,
  );
  // As `withMaps` has it.
  return members.some(([key]) => key === "constructor") ? new Map(members) : Object.fromEntries(members);
};

const hasOddKeys = (node: ASTNode): boolean =>
  node.op === "map" &&
  node.args.some(([key]) => key.op !== "value" || ["__proto__", "constructor", "prototype"].includes(String(key.args)));

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((member) => typeof member === "string");

/** With a text between: what it makes may be longer by far than what it is made of. */
const isJoin = (node: ASTNode): boolean => node.op === "rcall" && node.args[0] === "join" && node.args[2].length === 1;

const isMatches = (node: ASTNode): boolean => node.op === "rcall" && node.args[0] === "matches";

/** Without a macro an expression goes through what it reads once for each of its parts; so many sums of long texts are too long even so. */
const MAX_PLAIN_SUMS = 16;
const countSums = (node: ASTNode): number =>
  partsOf(node).reduce((count, part) => count + countSums(part), node.op === "+" ? 1 : 0);

const needsMeter = (node: ASTNode): boolean => hasCostly(node) || countSums(node) > MAX_PLAIN_SUMS;

const hasCostly = (node: ASTNode): boolean =>
  comprehensionOf(node) !== undefined ||
  bindingOf(node) !== undefined ||
  isMatches(node) ||
  isJoin(node) ||
  hasOddKeys(node) ||
  partsOf(node).some(hasCostly);

const countParts = (node: ASTNode): number => partsOf(node).reduce((count, part) => count + countParts(part), 1);

export interface MeteredExpression {
  run(scope: WorkflowScope): unknown;
  /** Where in the text that people wrote it is, what is there in the text that was evaluated. */
  locate(range: { readonly start: number; readonly end: number }): { readonly start: number; readonly end: number };
}

/** Undefined when the expression has no part that could take long. Throws PatternError. */
export const meterExpression = (
  expression: ParseResult,
  text: string,
  environment: Environment,
): MeteredExpression | undefined => {
  if (!needsMeter(expression.ast)) return undefined;
  const { written, spans } = rewrite(expression.ast, text);
  const metered = environment.parse(written);
  const check = metered.check();
  if (!check.valid) throw check.error ?? new Error("it cannot be metered");
  return {
    run: (scope) => {
      const meter = new Meter();
      try {
        const value: unknown = metered({ ...scope, [METER]: meter });
        if (!meter.isSpent) return value;
      } catch (error) {
        if (!meter.isSpent) throw error;
      }
      throw new TooCostly();
    },
    locate: (range) => {
      const around = spans.filter(({ start, end }) => start <= range.start && range.end <= end);
      const [nearest] = around.toSorted((left, right) => left.end - left.start - (right.end - right.start));
      return nearest?.node ?? { start: 0, end: text.length };
    },
  };
};

interface Span {
  readonly start: number;
  readonly end: number;
  readonly node: ASTNode;
}

/** Methods that end macros or are none of a text or list: what they are called on is not gone through. */
const FREE: ReadonlySet<string> = new Set(["orValue", "or", "of", "none", "value", "hasValue"]);

const rewrite = (expression: ASTNode, text: string): { readonly written: string; readonly spans: readonly Span[] } => {
  let written = "";
  const spans: Span[] = [];

  const all = (nodes: readonly ASTNode[], one: (node: ASTNode) => void = print): void => {
    for (const [index, node] of nodes.entries()) {
      if (index > 0) written += ", ";
      one(node);
    }
  };
  const wrapped = (name: string, steps?: number) => (node: ASTNode) => {
    if (node.op === "value" || (node.op === "id" && steps === undefined && isNamespace(node.args))) {
      print(node);
      return;
    }
    const start = written.length;
    written += `${name}(`;
    print(node);
    written += steps === undefined ? ")" : `, ${steps})`;
    spans.push({ start, end: written.length, node });
  };
  const wide = wrapped("meteredWidth");
  const whole = wrapped("meteredWhole");

  const print = (node: ASTNode): void => {
    const start = written.length;
    printBare(node);
    spans.push({ start, end: written.length, node });
  };
  const printBare = (node: ASTNode): void => {
    switch (node.op) {
      case "value":
        written += text.slice(node.start, node.end);
        return;
      case "id":
        written += node.args;
        return;
      case ".":
      case ".?":
        print(node.args[0]);
        written += `${node.op}${node.args[1]}`;
        return;
      case "[]":
      case "[?]":
        print(node.args[0]);
        written += node.op === "[]" ? "[" : "[?";
        print(node.args[1]);
        written += "]";
        return;
      case "!_":
      case "-_":
        written += node.op === "!_" ? "(!" : "(-";
        print(node.args);
        written += ")";
        return;
      case "?:":
        written += "(";
        print(node.args[0]);
        written += " ? ";
        print(node.args[1]);
        written += " : ";
        print(node.args[2]);
        written += ")";
        return;
      case "list":
        written += "[";
        all(node.args);
        written += "]";
        return;
      case "map": {
        const isOdd = hasOddKeys(node);
        written += isOdd ? "meteredMap({" : "{";
        for (const [index, [key, value]] of node.args.entries()) {
          if (index > 0) written += ", ";
          print(key);
          written += ": ";
          print(value);
        }
        written += isOdd ? "})" : "}";
        return;
      }
      case "call": {
        const [name, args] = node.args;
        written += `${name}(`;
        // `has` takes a path and nothing else.
        all(args, name === "has" ? print : wide);
        written += ")";
        return;
      }
      case "rcall":
        printMethod(node.args[0], node.args[1], node.args[2], node);
        return;
      default: {
        const [left, right] = node.args;
        const operand = operandOf(node.op);
        written += "(";
        (node.op === "in" ? print : operand)(left);
        written += ` ${node.op} `;
        operand(right);
        written += ")";
      }
    }
  };

  const operandOf = (operator: string): ((node: ASTNode) => void) => {
    if (operator === "==" || operator === "!=" || operator === "in") return whole;
    return operator === "+" ? wide : print;
  };

  const printMethod = (name: string, receiver: ASTNode, args: readonly ASTNode[], node: ASTNode): void => {
    if ((isMatches(node) || isJoin(node)) && args.length === 1) {
      written += name === "join" ? "meteredJoin(" : "meteredMatches(";
      all([receiver, ...args]);
      written += ")";
      return;
    }
    const comprehension = comprehensionOf(node);
    if (comprehension) {
      wide(receiver);
      written += `.${name}(${comprehension.variable}, `;
      const counter = name === "exists" ? "meteredAny" : name === "all" ? "meteredAll" : "meteredStep";
      // Of `map(x, condition, value)` the condition counts for both.
      all(comprehension.bodies, (body) => {
        if (body === comprehension.bodies[0])
          wrapped(
            counter,
            comprehension.bodies.reduce((count, each) => count + countParts(each), 1),
          )(body);
        else print(body);
      });
      written += ")";
      return;
    }
    // A list that it makes of a text is gone through too, by making it.
    if (name === "split") written += "meteredWidth(";
    const isFree = FREE.has(name) || bindingOf(node) !== undefined;
    (isFree ? print : wide)(receiver);
    written += `.${name}(`;
    all(args, isFree ? print : wide);
    written += name === "split" ? "))" : ")";
  };

  print(expression);
  return { written, spans };
};

const isNamespace = (name: string): boolean => name === "cel" || name === "optional" || name === "google";
