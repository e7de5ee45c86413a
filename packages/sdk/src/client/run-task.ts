import { PlatformError } from "@agentcore/contract/errors";
import type { Client } from "./client.ts";
import type { RunOptions, RunResult, SubmitTask } from "./types.ts";

export const runTask = async <Output>(
  client: Pick<Client, "submit" | "get" | "events">,
  task: SubmitTask,
  { signal, onEvent }: RunOptions,
): Promise<RunResult<Output>> => {
  const { task: submitted, head } = await client.submit(task, { signal });
  const taskId = submitted.id;
  for await (const event of client.events(taskId, { signal })) {
    onEvent?.(event);
    switch (event.type) {
      case "task.completed":
        // What the agent's output schema let through; the caller names its type.
        return { taskId, contextId: head.contextId, output: event.data.output as Output };
      case "task.failed":
      case "task.rejected":
        throw withTask(taskId, event.data.error);
      case "task.canceled":
        throw withTask(taskId, {
          code: "CANCELED",
          message: event.data.reason ?? `task ${taskId} was canceled`,
          ...(event.data.error === undefined ? {} : { details: { error: event.data.error } }),
        });
      case "task.parked": {
        // An older stop may have been retried since: only a task that stands still now is worth giving up on.
        const now = await client.get(taskId, { signal });
        if (now.head.state === "parked") throw withTask(taskId, event.data.error);
        break;
      }
      default: // progress
    }
  }
  throw new PlatformError("UNAVAILABLE", `the events of task ${taskId} ended without a result`);
};

const withTask = (taskId: string, error: Parameters<typeof PlatformError.fromJSON>[0]): PlatformError =>
  PlatformError.fromJSON({ ...error, details: { ...error.details, taskId } });
