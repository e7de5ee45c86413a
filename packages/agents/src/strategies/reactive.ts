import { type Strategy, TerminalError } from "@agentcore/sdk";
import { checkStrategy, refuseTools } from "./check-strategy.ts";
import { decideByRules, follow, type Rule, RulesInCode } from "./rules.ts";

export interface ReactiveOptions {
  /** In the order in which they are asked, 1 to 1,000. */
  readonly rules: readonly Rule<never>[];
}

const shape = { rules: RulesInCode };

/** Stimulus and response: the first rule that fits decides; no model is asked, nothing is planned. Its run throws TerminalError when none fits. */
export const reactive = (options: ReactiveOptions): Strategy => {
  const { rules } = checkStrategy("reactive", shape, options);
  return (spec) => {
    refuseTools("reactive", spec);
    return async (task, ctx) => {
      const rule = decideByRules(ctx, rules, task.input);
      if (rule !== null) return follow(rule, task, ctx);
      throw new TerminalError(
        `no rule of agent "${spec.name}" fits the input; rules: ${rules.map(({ name }) => name).join(", ")}`,
      );
    };
  };
};
