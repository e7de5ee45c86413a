import { PlatformError } from "@agentcore/contract";
import type { Context, TaskInput } from "@agentcore/contract/authoring";
import { createContext } from "./context.ts";
import type { Execution } from "./execution.ts";
import type { Guards } from "./guards.ts";
import type { CodeEnd } from "./outcome.ts";

/** Runs an agent's code from the top; `ended` hears how it ended, unless the task is evicted or lost before. */
export const runCode = (execution: Execution, ended: (end: CodeEnd) => void): void => {
  const { head, journal } = execution;
  const task: TaskInput<unknown> = {
    id: head.taskId,
    contextId: head.contextId,
    tenantId: head.tenantId,
    agent: head.agent,
    caller: head.caller,
    input: journal.submitted.input,
    message: journal.submitted.message,
    traceparent: journal.submitted.traceparent,
    hops: journal.submitted.hops,
    above: journal.submitted.handoffs?.map(({ agent }) => agent),
    skill: journal.submitted.skill,
    ...(journal.continuedFrom === undefined ? {} : { continuedFrom: journal.continuedFrom }),
  };
  try {
    const { ctx, guards } = createContext(execution, task);
    const run = runOf(execution, ctx);
    const running = guards === null ? run(task) : runGuarded(run, task, guards);
    Promise.resolve(running).then(
      (value) => ended({ value }),
      (error: unknown) => ended({ error }),
    );
  } catch (error) {
    ended({ error });
  }
};

type Run = (task: TaskInput<unknown>) => unknown;

/** The code itself, wherever it runs. */
const runOf = (execution: Execution, ctx: Context): Run => {
  const { definition, head, loaded } = execution;
  const { apart } = loaded;
  if (apart !== undefined)
    return (task) => {
      const attempt = apart.start(task, ctx, {
        quiet: () => execution.onQuiet(),
        lost: (why) => execution.services.lost(execution, why),
      });
      execution.apart = attempt;
      return attempt.ended;
    };
  const { run } = definition;
  if (run === undefined)
    throw new PlatformError("UNSUPPORTED_OPERATION", `agent ${head.agent} answers queries only; it has no run()`);
  return (task) => run(task, ctx);
};

const runGuarded = async (run: Run, task: TaskInput<unknown>, guards: Guards): Promise<unknown> => {
  const input = await guards.input(task.input);
  // The message says what the input does not say any more.
  const given = input === task.input ? task : { ...task, input, message: undefined };
  return guards.output(await run(given));
};
