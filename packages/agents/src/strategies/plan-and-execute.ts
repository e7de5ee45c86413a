import {
  askFor,
  type Context,
  converse,
  inputText,
  opening,
  type Strategy,
  type StrategySpec,
  TerminalError,
} from "@agentcore/sdk";
import { z } from "zod";
import { checkStrategy, count, told } from "./check-strategy.ts";
import { type Plan, type PlanStep, planOf } from "./plan.ts";
import { STEP_RESULT_RULE, StepResult } from "./step-result.ts";

export interface PlanAndExecuteOptions {
  /** Steps of a plan at most, 1 to 50. @default 10 */
  readonly maxSteps?: number | undefined;
  /** New plans after a step that failed, 0 to 10. @default 2 */
  readonly maxReplans?: number | undefined;
  /** Model calls of one step, 1 to 50. @default 10 */
  readonly stepTurns?: number | undefined;
  /** Steps at once that need nothing of each other, 1 to 20. @default 4 */
  readonly concurrency?: number | undefined;
}

export const planAndExecuteShape = {
  maxSteps: count(50, 10),
  maxReplans: z.int().min(0).max(10).default(2),
  stepTurns: count(50, 10),
  concurrency: count(20, 4),
};
type Limits = z.output<z.ZodObject<typeof planAndExecuteShape>>;

interface Done {
  readonly task: string;
  readonly result: string;
}

/**
 * A plan first, then its steps, each by a model with tools that sees what the steps before it came to; steps that need nothing of each other run at once.
 * When a step fails, the rest is planned anew. Then the answer, from what the steps came to. Its run throws TerminalError
 * when plans are used up.
 */
export const planAndExecute = (options: PlanAndExecuteOptions = {}): Strategy => {
  const limits = checkStrategy("planAndExecute", planAndExecuteShape, options);
  return (spec) => async (task, ctx) => {
    const question = inputText(task);
    const done: Done[] = [];
    let failed: Done | null = null;
    for (let plans = 0; ; plans += 1) {
      if (plans > limits.maxReplans)
        throw new TerminalError(
          `step "${failed?.task}" failed, and ${limits.maxReplans} new plans did not help: ${failed?.result}`,
        );
      const plan = await makePlan(ctx, spec, { question, done, failed, maxSteps: limits.maxSteps });
      ctx.decide("plan", () => ({
        choice: plans === 0 ? "made" : "made-anew",
        reasons: plan.steps.map(({ id, task: what, after }) =>
          after.length === 0 ? `${id}: ${what}` : `${id} after ${after.join(", ")}: ${what}`,
        ),
      }));
      failed = await runPlan(ctx, spec, limits, question, plan, done);
      if (failed === null) break;
    }
    const last = opening({ ...spec, tools: [] }, `${question}\n\n${resultsOf(done)}\n\nGive the answer.`, {
      output: spec.output,
    });
    return converse(ctx, last, { model: spec.model, tools: [], output: spec.output, maxTurns: 1 });
  };
};

const resultsOf = (done: readonly Done[]): string =>
  `What the steps came to:\n${done.map(({ task, result }) => `- ${task}: ${told(result)}`).join("\n")}`;

const makePlan = (
  ctx: Context,
  { instructions, tools, model }: StrategySpec<unknown>,
  known: {
    readonly question: string;
    readonly done: readonly Done[];
    readonly failed: Done | null;
    readonly maxSteps: number;
  },
): Promise<Plan> => {
  const { question, done, failed, maxSteps } = known;
  const abilities = tools.map(({ name, description }) => `- ${name}: ${description}`).join("\n");
  const rules = [
    `Plan the work, do not do it: at most ${maxSteps} steps, as JSON { "steps": [{ "id": "short-name", "task": what to do and what it should give, "after": [ids of steps whose results it needs] }] }.`,
    ...(tools.length === 0 ? [] : [`Whoever does a step can use:\n${abilities}`]),
  ];
  const state = [
    ...(done.length === 0 ? [] : [resultsOf(done)]),
    ...(failed === null ? [] : [`This failed: ${failed.task}: ${told(failed.result)}\nPlan the rest another way.`]),
  ];
  const messages = opening({ instructions, tools }, [question, ...state].join("\n\n"), { rules });
  return askFor(ctx, messages, planOf(maxSteps), { name: "plan", model });
};

/** Runs what is ready, until all is done or a step has failed; that is given back when those under way have ended. */
const runPlan = async (
  ctx: Context,
  spec: StrategySpec<unknown>,
  { concurrency, stepTurns }: Limits,
  question: string,
  { steps }: Plan,
  done: Done[],
): Promise<Done | null> => {
  const results = new Map<string, Done>();
  const begun = new Set<string>();
  let failed: Done | null = null;
  const isReady = ({ id, after }: PlanStep): boolean => !begun.has(id) && after.every((before) => results.has(before));
  const run = async (step: PlanStep): Promise<void> => {
    const needs = step.after.flatMap((id) => results.get(id) ?? []);
    const before = needs.length === 0 ? done.slice() : needs;
    const { isDone, result } = await runStep(ctx, spec, { question, step, before, stepTurns });
    ctx.decide(`step:${step.id}`, () => ({ choice: isDone ? "done" : "failed", reasons: [told(result)] }));
    const outcome = { task: step.task, result };
    if (isDone) {
      results.set(step.id, outcome);
      done.push(outcome);
    } else failed ??= outcome;
    await goOn();
  };
  const goOn = async (): Promise<void> => {
    const free = failed === null ? concurrency - (begun.size - results.size) : 0;
    const next = steps.filter(isReady).slice(0, Math.max(0, free));
    for (const { id } of next) begun.add(id);
    await Promise.all(next.map(run));
  };
  await goOn();
  return failed;
};

const runStep = async (
  ctx: Context,
  { instructions, tools, model }: StrategySpec<unknown>,
  work: {
    readonly question: string;
    readonly step: PlanStep;
    readonly before: readonly Done[];
    readonly stepTurns: number;
  },
): Promise<{ readonly isDone: boolean; readonly result: string }> => {
  const { question, step, before, stepTurns } = work;
  const text = [
    `The whole task: ${question}`,
    ...(before.length === 0 ? [] : [resultsOf(before)]),
    `Your part: ${step.task}`,
  ];
  const messages = opening({ instructions, tools }, text.join("\n\n"), { rules: [STEP_RESULT_RULE] });
  const { done: isDone, result } = await converse(ctx, messages, {
    ...{ model, tools, output: StepResult, maxTurns: stepTurns, atLimit: "answer", key: step.id },
  });
  return { isDone, result };
};
