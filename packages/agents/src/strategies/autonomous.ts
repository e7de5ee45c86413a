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
import { STEP_RESULT_RULE, StepResult } from "./step-result.ts";

export interface AutonomousOptions {
  /** Goals that are worked on, one after the other, 1 to 1,000. @default 20 */
  readonly maxCycles?: number | undefined;
  /** Open goals at once, 1 to 50; what a review adds beyond is left out. @default 10 */
  readonly maxGoals?: number | undefined;
  /** Model calls on one goal, 1 to 50. @default 10 */
  readonly goalTurns?: number | undefined;
  /** The reviewer's score, 0 to 1, from which the work is done. @default 0.8 */
  readonly threshold?: number | undefined;
  /** Cycles in a row without a better score, after which it stops, 1 to 100. @default 3 */
  readonly patience?: number | undefined;
  /** When it stops before it is done: it fails and says why, or answers with what there is. @default "fail" */
  readonly whenStopped?: "fail" | "answer" | undefined;
}

export const autonomousShape = {
  maxCycles: count(1000, 20),
  maxGoals: count(50, 10),
  goalTurns: count(50, 10),
  threshold: z.number().min(0).max(1).default(0.8),
  patience: count(100, 3),
  whenStopped: z.enum(["fail", "answer"]).default("fail"),
};
type Limits = z.output<z.ZodObject<typeof autonomousShape>>;

// With five tools a turn they write some 7,000 events, and a log holds 10,000.
const MODEL_CALLS_PER_LOG = 1000;
// What is read again in every cycle.
const RESULTS_KEPT = 20;

const Goal = z.string().min(1).max(2000);
const Goals = z.object({ goals: z.array(Goal).min(1) });
const Review = z.object({
  /** How much of the whole is done. */
  score: z.number().min(0).max(1),
  missing: z.string().optional(),
  /** What is left to do, in order: in place of the goals before. */
  goals: z.array(Goal),
});

/** All that a cycle begins with: goes through `continueAs`. */
interface Progress {
  readonly cycle: number;
  readonly goals: readonly string[];
  readonly results: readonly { readonly goal: string; readonly result: string }[];
  readonly best: number;
  /** Cycles since the best score. */
  readonly stalled: number;
}

/**
 * Works towards a goal by itself: divides it, works on the first part with tools, has the whole reviewed, which sets the next parts, and again. It is
 * done at `threshold`, and stops when nothing is left, after `maxCycles`, and when `patience` cycles brought nothing. Runs of any length
 * go on in fresh logs. Its run throws TerminalError, naming the rule, when it stops before it is done.
 */
export const autonomous = (options: AutonomousOptions = {}): Strategy => {
  const limits = checkStrategy("autonomous", autonomousShape, options);
  return (spec) => async (task, ctx) => {
    const mission = inputText(task);
    let progress = (task.continuedFrom as Progress | undefined) ?? (await begin(ctx, spec, mission, limits));
    for (let inThisLog = 1; ; inThisLog += 1) {
      progress = await cycle(ctx, spec, mission, progress, limits);
      const state = progress;
      const choice = ctx.decide(`cycle-${state.cycle}`, () => verdictOn(state, limits));
      if (choice === "done" || (choice !== "go-on" && limits.whenStopped === "answer")) break;
      if (choice !== "go-on") throw new TerminalError(`stopped before it was done: ${STOPPED[choice]}`);
      if (inThisLog * limits.goalTurns >= MODEL_CALLS_PER_LOG) await ctx.continueAs(progress);
    }
    const last = opening({ ...spec, tools: [] }, `${mission}\n\n${stateOf(progress)}\n\nGive the answer.`, {
      output: spec.output,
    });
    return converse(ctx, last, { model: spec.model, tools: [], output: spec.output, maxTurns: 1 });
  };
};

const STOPPED = {
  "out-of-cycles": "its cycles are used up; raise maxCycles",
  "no-progress": "the last cycles brought nothing; sharpen the goal, or give it other tools",
  "nothing-left": "the review found nothing left to do, and yet not enough done",
} as const;

const verdictOn = (
  { cycle: number, goals, best, stalled, results }: Progress,
  { threshold, maxCycles, patience }: Limits,
): { readonly choice: "done" | "go-on" | keyof typeof STOPPED; readonly reasons: readonly string[] } => {
  const reasons = [
    `score ${best}, ${threshold} is asked for`,
    `${goals.length} goals left`,
    `last: ${results.at(-1)?.goal ?? ""}`,
  ];
  if (best >= threshold) return { choice: "done", reasons };
  if (goals.length === 0) return { choice: "nothing-left", reasons };
  if (number >= maxCycles) return { choice: "out-of-cycles", reasons };
  if (stalled >= patience) return { choice: "no-progress", reasons };
  return { choice: "go-on", reasons };
};

const stateOf = ({ results, goals }: Progress): string =>
  [
    ...(results.length === 0
      ? []
      : [`Done so far:\n${results.map((each) => `- ${each.goal}: ${each.result}`).join("\n")}`]),
    ...(goals.length === 0 ? [] : [`Left to do:\n${goals.map((goal) => `- ${goal}`).join("\n")}`]),
  ].join("\n\n");

const begin = async (
  ctx: Context,
  { instructions, tools, model }: StrategySpec<unknown>,
  mission: string,
  { maxGoals }: Limits,
): Promise<Progress> => {
  const rule = `Divide the work into at most ${maxGoals} goals, in the order in which to reach them, as JSON { "goals": [text, …] }.`;
  const messages = opening({ instructions, tools }, mission, { rules: [rule] });
  const { goals } = await askFor(ctx, messages, Goals, { name: "goals", model });
  return { cycle: 0, goals: goals.slice(0, maxGoals), results: [], best: 0, stalled: 0 };
};

/** Works on the first goal, and has the whole reviewed. */
const cycle = async (
  ctx: Context,
  { instructions, tools, model }: StrategySpec<unknown>,
  mission: string,
  progress: Progress,
  { goalTurns, maxGoals }: Limits,
): Promise<Progress> => {
  const [goal = mission] = progress.goals;
  const text = `The whole work: ${mission}\n\n${stateOf(progress)}\n\nYour part: ${goal}`;
  const { done, result } = await converse(
    ctx,
    opening({ instructions, tools }, text, { rules: [STEP_RESULT_RULE], output: StepResult }),
    { model, tools, output: StepResult, maxTurns: goalTurns, atLimit: "answer" },
  );
  const outcome = { goal, result: told(done ? result : `could not be done: ${result}`) };
  const results = [...progress.results, outcome].slice(-RESULTS_KEPT);
  const worked = { ...progress, cycle: progress.cycle + 1, goals: progress.goals.slice(1), results };
  const rule =
    'You review the work, you do none of it. Answer with JSON: { "score": 0 to 1, how much of the whole is done, "missing": what is not, "goals": [what is left to do, in order] }.';
  const review = await askFor(
    ctx,
    opening({ instructions, tools: [] }, `${mission}\n\n${stateOf(worked)}`, { rules: [rule] }),
    Review,
    { name: "review", model },
  );
  const isBetter = review.score > progress.best;
  return {
    ...worked,
    goals: review.goals.slice(0, maxGoals),
    best: Math.max(progress.best, review.score),
    stalled: isBetter ? 0 : progress.stalled + 1,
  };
};
