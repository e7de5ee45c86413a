import { type AgentDefinition, template } from "@agentcore/sdk";
import { z } from "zod";
import {
  type AnyPath,
  beginPattern,
  checkOptions,
  IN_CODE,
  type PatternOptions,
  type Performer,
  perform,
  type RoleSchemas,
} from "../role.ts";

export interface EvaluatorLoopOptions extends PatternOptions {
  /** Gets `{ input, previous, feedback }`: of the turn before what it gave and what was said of it, null in the first. */
  readonly worker: Performer;
  /** Gets `{ input, output }` and gives a score, or `{ score, feedback }`. */
  readonly evaluator: Performer;
  /** The score that has to be exceeded. @default 0.8 */
  readonly threshold?: number | undefined;
  /** 1 to 100. @default 3 */
  readonly maxTurns?: number | undefined;
  /** When no turn was good enough: it fails, or gives the last. @default "fail" */
  readonly usedUp?: "fail" | "last" | undefined;
}

export const evaluatorLoopShape = ({ performer }: RoleSchemas) => ({
  worker: performer,
  evaluator: performer,
  threshold: z.number().optional(),
  maxTurns: z.int().min(1).max(100).optional(),
  usedUp: z.enum(["fail", "last"], { error: "expected fail or last" }).optional(),
});

const SCORE = "(type(nodes.evaluate) == map ? nodes.evaluate.score : nodes.evaluate)";
const FEEDBACK = "(type(nodes.evaluate) == map ? nodes.evaluate.?feedback.orValue(null) : null)";

/** Again, with what was said of it, until it is good enough. */
export const evaluatorLoop = (options: EvaluatorLoopOptions): AgentDefinition => {
  const {
    worker,
    evaluator,
    threshold = 0.8,
    maxTurns = 3,
    usedUp = "fail",
  } = checkOptions("evaluatorLoop", evaluatorLoopShape(IN_CODE), options) as EvaluatorLoopOptions;
  const passed = `double(${SCORE}) > ${Number.isInteger(threshold) ? threshold.toFixed(1) : threshold}`;
  const begun = perform(
    beginPattern("evaluator loop", options),
    "work",
    worker,
    template({
      input: "${input}",
      previous: "${nodes.?work.orValue(null)}",
      feedback: `\${has(nodes.evaluate) ? ${FEEDBACK} : null}`,
    }),
  );
  return (
    perform(begun, "evaluate", evaluator, template({ input: "${input}", output: "${nodes.work}" })).gate("quality", {
      pass: passed,
      again: "work",
      maxTurns,
      ...(usedUp === "last" ? { otherwise: (path: AnyPath) => path } : {}),
    }) as AnyPath
  ).build(
    template({ output: "${nodes.work}", score: `\${${SCORE}}`, feedback: `\${${FEEDBACK}}`, passed: `\${${passed}}` }),
  );
};
