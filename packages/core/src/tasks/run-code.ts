import { PlatformError } from "@agentcore/contract";
import type { TaskInput } from "@agentcore/contract/authoring";
import { createContext } from "./context.ts";
import type { Execution } from "./execution.ts";
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
  try {
    if (definition.run === undefined)
      throw new PlatformError("UNSUPPORTED_OPERATION", `agent ${head.agent} answers queries only; it has no run()`);
    Promise.resolve(definition.run(task, createContext(execution))).then(
      (value) => ended({ value }),
      (error: unknown) => ended({ error }),
    );
  } catch (error) {
    ended({ error });
  }
};
