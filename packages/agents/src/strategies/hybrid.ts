import { react, type Strategy } from "@agentcore/sdk";
import { z } from "zod";
import { checkStrategy } from "./check-strategy.ts";
import { decideByRules, follow, type Rule, RulesInCode } from "./rules.ts";

export interface HybridOptions {
  /** In the order in which they are asked, 1 to 1,000. */
  readonly rules: readonly Rule<never>[];
  /** How the agent works when no rule fits. @default react() */
  readonly otherwise?: Strategy | undefined;
}

const shape = {
  rules: RulesInCode,
  otherwise: z
    .custom<Strategy>((value) => typeof value === "function", { error: "expected a strategy, such as react()" })
    .optional(),
};

/** Rules first, and a model only where they do not suffice: what a rule decides costs nothing. */
export const hybrid = (options: HybridOptions): Strategy => {
  const { rules, otherwise = react() } = checkStrategy("hybrid", shape, options);
  return (spec) => {
    const think = otherwise(spec);
    return async (task, ctx) => {
      // In a fresh log too: they go by the input alone, and the work of one may have gone on in it.
      const rule = decideByRules(ctx, rules, task.input);
      return rule === null ? think(task, ctx) : follow(rule, task, ctx);
    };
  };
};
