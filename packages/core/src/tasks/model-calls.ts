import type { ModelCall } from "../ports/index.ts";
import type { Execution } from "./execution.ts";

/** Who asks, as the models are told. */
export const modelCallOf = (execution: Execution, id: string, signal: AbortSignal): ModelCall => {
  const { head, definition, runId, journal } = execution;
  const { traceparent } = journal.submitted;
  return {
    tenantId: head.tenantId,
    id,
    agent: head.agent,
    labels: definition.labels,
    caller: head.caller,
    task: { id: head.taskId, runId },
    priority: head.priority,
    ...(traceparent === undefined ? {} : { traceparent }),
    signal,
  };
};
