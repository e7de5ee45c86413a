import { PlatformError } from "@agentcore/contract";
import type { AgentDefinition, Context, TaskInput } from "@agentcore/contract/authoring";
import { createContext } from "./context.ts";
import type { Execution } from "./execution.ts";
import type { Guards } from "./guards.ts";
import type { CodeEnd } from "./outcome.ts";

/** Runs an agent's code from the top; `ended` hears how it ended, unless the task is evicted or lost before. */
export const runCode = (execution: Execution, ended: (end: CodeEnd) => void): void => {
  const { definition, head, journal } = execution;
  const task: TaskInput<unknown> = {
    id: head.taskId,
    contextId: head.contextId,
    tenantId: head.tenantId,
    caller: head.caller,
    input: journal.submitted.input,
    message: journal.submitted.message,
    traceparent: journal.submitted.traceparent,
    hops: journal.submitted.hops,
    skill: journal.submitted.skill,
    ...(journal.continuedFrom === undefined ? {} : { continuedFrom: journal.continuedFrom }),
  };
  const { apart } = execution.loaded;
  if (apart !== undefined) {
    const attempt = apart.start(task, createContext(execution), {
      quiet: () => execution.onQuiet(),
      lost: (why) => execution.services.lost(execution, why),
    });
    execution.apart = attempt;
    attempt.ended.then(
      (value) => ended({ value }),
      (error: unknown) => ended({ error }),
    );
    return;
  }
  try {
    const { run } = definition;
    if (run === undefined)
      throw new PlatformError("UNSUPPORTED_OPERATION", `agent ${head.agent} answers queries only; it has no run()`);
    const { ctx, guards } = createContext(execution, task);
    const running = guards === null ? run(task, ctx) : runGuarded(run, task, ctx, guards);
    Promise.resolve(running).then(
      (value) => ended({ value }),
      (error: unknown) => ended({ error }),
    );
  } catch (error) {
    ended({ error });
  }
};

const runGuarded = async (
  run: NonNullable<AgentDefinition["run"]>,
  task: TaskInput<unknown>,
  ctx: Context,
  guards: Guards,
): Promise<unknown> => {
  const input = await guards.input(task.input);
  // The message says what the input does not say any more.
  const given = input === task.input ? task : { ...task, input, message: undefined };
  return guards.output(await run(given, ctx));
};
