/** The strategies by name, as manifests name them. */
import { invalidArgument, parseInput } from "@agentcore/contract";
import { PlatformError, type ReactOptions, react, type Strategy } from "@agentcore/sdk";
import { z } from "zod";
import { type BreakdownOptions, breakdown, breakdownShape } from "../breakdown/breakdown.ts";
import { IN_JSON } from "../role.ts";
import { autonomous, autonomousShape } from "./autonomous.ts";
import { chainOfThought, chainOfThoughtShape } from "./chain-of-thought.ts";
import { count } from "./check-strategy.ts";
import { deliberative, deliberativeShape } from "./deliberative.ts";
import { hybrid } from "./hybrid.ts";
import { planAndExecute, planAndExecuteShape } from "./plan-and-execute.ts";
import { reactive } from "./reactive.ts";
import { type CompileRule, type DeclaredRule, DeclaredRules } from "./rules.ts";

/** What a declared strategy is made with. */
export interface StrategyTools {
  readonly compileRule: CompileRule;
}

export interface StrategyDescription {
  readonly name: string;
  readonly description: string;
  /** Whether it may do without a model. */
  readonly needsModel: boolean;
  /** JSON Schema of its options. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Throws INVALID_ARGUMENT with every option that is wrong, as `field` below. */
  define(options: unknown, tools: StrategyTools): Strategy;
}

type Shape = Readonly<Record<string, z.ZodType>>;
type Make<Options> = (options: Options, tools: StrategyTools) => Strategy;

const describe = <S extends Shape>(
  name: string,
  description: string,
  shape: S,
  make: Make<z.output<z.ZodObject<S>>>,
  needsModel = true,
): StrategyDescription => {
  const schema = z.strictObject(shape);
  let json: Readonly<Record<string, unknown>> | undefined;
  return {
    ...{ name, description, needsModel },
    get options() {
      return (json ??= z.toJSONSchema(schema, { io: "input" }));
    },
    define(options, tools) {
      const what = `the options of strategy "${name}"`;
      const checked = parseInput(schema, options ?? {}, what) as z.output<z.ZodObject<S>>;
      try {
        return make(checked, tools);
      } catch (error) {
        const { violations } = PlatformError.from(error);
        throw violations === undefined ? error : invalidArgument(what, violations);
      }
    },
  };
};

const compiled = (rules: readonly DeclaredRule[], { compileRule }: StrategyTools) =>
  rules.map((rule, index) => {
    try {
      return compileRule(rule);
    } catch (error) {
      const { message } = PlatformError.from(error);
      throw invalidArgument("the rules", [{ field: `rules[${index}]`, description: message }]);
    }
  });

const Named = z.strictObject({ name: z.string(), options: z.unknown().optional() });

const strategies: readonly StrategyDescription[] = [
  describe(
    "react",
    "Reason and act: a model calls tools until it answers",
    {
      maxTurns: count(1000, 10),
      atLimit: z.enum(["fail", "answer"]).default("fail"),
      stream: z.boolean().default(true),
    },
    (options: ReactOptions) => react(options),
  ),
  describe(
    "chain-of-thought",
    "One step of thought at a time, each checked before the next",
    chainOfThoughtShape,
    chainOfThought,
  ),
  describe(
    "plan-and-execute",
    "A plan first, then its steps, side by side where they may, and a new plan when one fails",
    planAndExecuteShape,
    planAndExecute,
  ),
  describe(
    "autonomous",
    "Divides a goal, works on the parts, reviews, and stops by rules",
    autonomousShape,
    autonomous,
  ),
  describe(
    "deliberative",
    "Thinks of several ways, judges them, and carries out the best",
    deliberativeShape,
    deliberative,
  ),
  describe(
    "breakdown",
    "Finds who can do a request, and divides it where no one agent can; tools are others' matter",
    breakdownShape(IN_JSON),
    (options) => breakdown(options as BreakdownOptions),
    false,
  ),
  describe(
    "reactive",
    "Rules alone: the first that fits decides",
    { rules: DeclaredRules },
    ({ rules }, tools) => reactive({ rules: compiled(rules, tools) }),
    false,
  ),
  describe(
    "hybrid",
    "Rules first, another strategy where none fits",
    { rules: DeclaredRules, otherwise: Named.default({ name: "react" }) },
    ({ rules, otherwise }, tools) => hybrid({ rules: compiled(rules, tools), otherwise: declared(otherwise, tools) }),
  ),
];

export const strategyCatalogue: ReadonlyMap<string, StrategyDescription> = new Map(
  strategies.map((each) => [each.name, each]),
);

const declared = ({ name, options }: z.output<typeof Named>, tools: StrategyTools): Strategy => {
  const description = strategyCatalogue.get(name);
  if (description === undefined || name === "hybrid") {
    const names = [...strategyCatalogue.keys()].filter((each) => each !== "hybrid").join(", ");
    throw invalidArgument("otherwise", [{ field: "otherwise.name", description: `expected one of ${names}` }]);
  }
  try {
    return description.define(options, tools);
  } catch (error) {
    const { violations } = PlatformError.from(error);
    if (violations === undefined) throw error;
    throw invalidArgument(
      "otherwise",
      violations.map(({ field, description: expected }) => ({
        field: field === "" ? "otherwise.options" : `otherwise.options.${field}`,
        description: expected,
      })),
    );
  }
};
