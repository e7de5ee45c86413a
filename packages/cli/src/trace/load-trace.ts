import type { TaskEvent } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { NodeClient } from "../node/node-client.ts";
import { buildTrace, type TraceStep, type TraceTask } from "./build-trace.ts";

// A tree for reading: beyond this the ids of child tasks are shown and not what they did.
const MAX_DEPTH = 10;
const MAX_TASKS = 200;

/** The trace of a task with those of its child tasks inside the steps that started them. */
export const loadTrace = async (client: NodeClient, taskId: string, signal: AbortSignal): Promise<TraceTask> => {
  let loaded = 0;
  const load = async (id: string, depth: number): Promise<TraceTask> => {
    loaded += 1;
    const events: TaskEvent[] = [];
    for await (const event of client.events(id, { follow: false, signal })) events.push(event);
    signal.throwIfAborted();
    const trace = buildTrace(id, events);
    const steps: TraceStep[] = [];
    for (const step of trace.steps) steps.push(await withChild(step, depth));
    return { ...trace, steps };
  };
  const withChild = async (step: TraceStep, depth: number): Promise<TraceStep> => {
    if (step.childTaskId === undefined || depth >= MAX_DEPTH || loaded >= MAX_TASKS) return step;
    try {
      return { ...step, child: await load(step.childTaskId, depth + 1) };
    } catch (error) {
      // A child that may not be seen, or is no longer kept, must not hide the rest.
      if (PlatformError.is(error) && error.code === "TASK_NOT_FOUND") return step;
      throw error;
    }
  };
  return load(taskId, 0);
};
