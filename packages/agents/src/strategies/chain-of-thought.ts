import { askFor, type Context, converse, inputText, opening, type Strategy, TerminalError } from "@agentcore/sdk";
import { z } from "zod";
import { checkStrategy, count, refuseTools } from "./check-strategy.ts";

export interface ThoughtStep {
  readonly thought: string;
  readonly conclusion: string;
}

/** Whether a step holds, after those before it: true, or what is wrong with it, in words for the model. Pure. */
export type StepCheck = (step: ThoughtStep, before: readonly ThoughtStep[]) => true | string;

export interface ChainOfThoughtOptions {
  /** Steps at most, 1 to 100; a chain that is not at its end by then fails. @default 10 */
  readonly maxSteps?: number | undefined;
  /** How often one step may be thought again that does not hold, 0 to 10. @default 2 */
  readonly maxRepairs?: number | undefined;
  /** Who judges a step: the model, asked apart from the chain, a function, or nobody. @default "model" */
  readonly validate?: "model" | "none" | StepCheck | undefined;
}

const limits = { maxSteps: count(100, 10), maxRepairs: z.int().min(0).max(10).default(2) };
export const chainOfThoughtShape = { ...limits, validate: z.enum(["model", "none"]).default("model") };
const shape = {
  ...limits,
  validate: z
    .union([chainOfThoughtShape.validate, z.custom<StepCheck>((value) => typeof value === "function")])
    .default("model"),
};

const Step = z.object({
  thought: z.string().min(1),
  conclusion: z.string().min(1),
  /** The conclusion answers what was asked. */
  final: z.boolean(),
});
const Verdict = z.object({ holds: z.boolean(), problem: z.string().optional() });

const RULE =
  'Think step by step. Each time give one step only, as JSON: { "thought": …, "conclusion": what follows from it, "final": whether that answers the question }.';
const CHECK_RULE =
  'You check one step of somebody\'s reasoning: whether its conclusion follows, and contradicts nothing before it. Answer with JSON: { "holds": true } or { "holds": false, "problem": what is wrong }.';

/**
 * One step at a time, each checked before the next is thought; one that does not hold is thought again with what is wrong with it. Then the answer, from
 * the steps that held. Its run throws TerminalError for a step that never held and for a chain without an end.
 */
export const chainOfThought = (options: ChainOfThoughtOptions = {}): Strategy => {
  const { maxSteps, maxRepairs, validate } = checkStrategy("chainOfThought", shape, options);
  return (spec) => {
    refuseTools("chainOfThought", spec);
    const { model } = spec;
    return async (task, ctx) => {
      const question = inputText(task);
      const messages = opening(spec, question, { rules: [RULE] });
      const steps: ThoughtStep[] = [];
      for (let repairs = 0, isFinal = false; !isFinal; ) {
        const number = steps.length + 1;
        if (number > maxSteps) throw new TerminalError(`${maxSteps} steps brought no answer; raise maxSteps`);
        const { final, ...step } = await askFor(ctx, messages, Step, { name: "step", model });
        const problem = await problemOf(ctx, step, steps, { validate, question, model });
        const choice = ctx.decide(`step-${number}`, () => judged(problem, repairs < maxRepairs));
        if (choice === "give-up")
          throw new TerminalError(`step ${number} did not hold after ${maxRepairs} repairs: ${problem}`);
        messages.push({ role: "assistant", content: JSON.stringify({ ...step, final }) });
        if (choice === "think-again") {
          repairs += 1;
          messages.push({ role: "user", content: `That step does not hold: ${problem}\nThink it again.` });
          continue;
        }
        repairs = 0;
        steps.push(step);
        isFinal = final;
        if (!final) messages.push({ role: "user", content: "Next step." });
      }
      const conclusions = steps.map(({ conclusion }, index) => `${index + 1}. ${conclusion}`).join("\n");
      const last = opening(spec, `${question}\n\nWhat was found, step by step:\n${conclusions}\n\nGive the answer.`, {
        output: spec.output,
      });
      return converse(ctx, last, { model, tools: [], output: spec.output, maxTurns: 1 });
    };
  };
};

const judged = (problem: string | null, mayRepair: boolean) => {
  if (problem === null) return { choice: "holds" as const };
  return { choice: mayRepair ? ("think-again" as const) : ("give-up" as const), reasons: [problem] };
};

const problemOf = async (
  ctx: Context,
  step: ThoughtStep,
  before: readonly ThoughtStep[],
  by: {
    readonly validate: "model" | "none" | StepCheck;
    readonly question: string;
    readonly model: string | undefined;
  },
): Promise<string | null> => {
  const { validate, question, model } = by;
  if (validate === "none") return null;
  if (typeof validate === "function") {
    const verdict = validate(step, before);
    return verdict === true ? null : verdict;
  }
  const shown = JSON.stringify({ question, before, step });
  const verdict = await askFor(
    ctx,
    [
      { role: "system", content: CHECK_RULE },
      { role: "user", content: shown },
    ],
    Verdict,
    { name: "verdict", model },
  );
  return verdict.holds ? null : (verdict.problem ?? "it does not follow");
};
