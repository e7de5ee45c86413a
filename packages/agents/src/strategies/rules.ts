import type { Context, TaskInput } from "@agentcore/sdk";
import { z } from "zod";

interface RuleBasics<Input> {
  /** As the log names it. */
  readonly name: string;
  /** Pure, of the task's input alone: a replay asks it again. */
  readonly when: (input: Input) => boolean;
}

/** What is done without a model, and when: a reply as it stands, or work with all that an agent has. */
export type Rule<Input = unknown> = RuleBasics<Input> &
  (
    | { readonly reply: unknown; readonly run?: never }
    | { readonly run: (task: TaskInput<Input>, ctx: Context) => unknown; readonly reply?: never }
  );

const Name = z.string().min(1).max(200);
const unique = (rules: readonly { readonly name: string }[]): boolean =>
  new Set(rules.map(({ name }) => name)).size === rules.length;
const UNIQUE = { error: "expected names that differ" };

const isFunction = (value: unknown): boolean => typeof value === "function";
const A_RULE = { error: "expected { name, when, reply } or { name, when, run }, with functions for when and run" };

export const RulesInCode = z
  .array(
    z.custom<Rule>((value) => {
      const { when, run, reply } = (value ?? {}) as Partial<Record<string, unknown>>;
      const does = isFunction(run) ? reply === undefined : run === undefined && reply !== undefined;
      return Name.safeParse((value as Rule | undefined)?.name).success && isFunction(when) && does;
    }, A_RULE),
  )
  .min(1)
  .max(1000)
  .refine(unique, UNIQUE);

/** A rule of a manifest. */
export const DeclaredRule = z.strictObject({
  name: Name,
  /** True or false, in CEL over `input`. */
  when: z.string().min(1).max(4096),
  /** What it comes to: JSON in which `${expression}` stands for its value. */
  reply: z.unknown(),
});
export type DeclaredRule = z.infer<typeof DeclaredRule>;
export const DeclaredRules = z.array(DeclaredRule).min(1).max(1000).refine(unique, UNIQUE);

/** Makes a rule of what a manifest says. Throws INVALID_ARGUMENT for an expression that is none. */
export type CompileRule = (rule: DeclaredRule) => Rule;

/** The first rule that fits decides, and the log says which and why; null when none does. */
export const decideByRules = (ctx: Context, rules: readonly Rule[], input: unknown): Rule | null => {
  const name = ctx.decide("rule", () => {
    const fitting = rules.find(({ when }) => when(input));
    if (fitting === undefined) return { choice: NONE, reasons: [`none of ${rules.length} rules fits`] };
    return { choice: fitting.name, reasons: [`the first of ${rules.length} rules that fits`] };
  });
  return rules.find((rule) => rule.name === name) ?? null;
};

const NONE = "none fits";

export const follow = async <Output>({ run, reply }: Rule, task: TaskInput<unknown>, ctx: Context): Promise<Output> =>
  (run === undefined ? reply : await run(task, ctx)) as Output;
