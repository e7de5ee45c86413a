/** What the code's end means: its value checked against the agent's output schema, or its error. */
import { type NewTaskEvent, PlatformError, RejectedError } from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { assertSerialisable } from "../payloads/serialisable.ts";
import { serialiseError } from "../payloads/serialise-error.ts";
import { describeViolation, type SchemaIssue, violationsOf } from "./schema-issues.ts";

/** How the code ended: returned or thrown. */
export type CodeEnd = { readonly value: unknown } | { readonly error: unknown };

type Outcome = Extract<NewTaskEvent, { type: "task.completed" | "task.failed" | "task.rejected" }>;

/** Calls `done` once, in this turn unless the schema is asynchronous. */
export const judge = (
  definition: AgentDefinition,
  end: CodeEnd,
  now: () => number,
  done: (event: Outcome) => void,
): void => {
  const failWith = (error: unknown): void => done(failed(PlatformError.from(error, "AGENT_FAILED"), now()));
  const completeWith = (output: unknown): void => {
    try {
      assertSerialisable(output, `the output of agent ${definition.name}`);
    } catch (error) {
      return failWith(error);
    }
    done({ type: "task.completed", at: now(), data: { output } });
  };
  if ("error" in end)
    return RejectedError.is(end.error)
      ? done({ type: "task.rejected", at: now(), data: { error: serialiseError(end.error) } })
      : failWith(end.error);
  if (definition.output === undefined) return completeWith(end.value);
  const check = (result: CheckedOutput): void =>
    result.issues === undefined ? completeWith(result.value) : failWith(mismatch(definition.name, result.issues));
  try {
    const checked = definition.output["~standard"].validate(end.value);
    if (checked instanceof Promise) checked.then(check, failWith);
    else check(checked);
  } catch (error) {
    // A schema is author code too.
    failWith(error);
  }
};

interface CheckedOutput {
  readonly value?: unknown;
  readonly issues?: readonly SchemaIssue[] | undefined;
}

const mismatch = (agent: string, issues: readonly SchemaIssue[]): PlatformError => {
  const violations = violationsOf(issues);
  const [first] = violations;
  return new PlatformError(
    "OUTPUT_MISMATCH",
    `agent ${agent} returned a value its output schema refuses${first === undefined ? "" : `: ${describeViolation(first)}`}`,
    { violations },
  );
};

export const failed = (error: PlatformError, at: number): Extract<NewTaskEvent, { type: "task.failed" }> => ({
  type: "task.failed",
  at,
  data: { error: serialiseError(error) },
});
