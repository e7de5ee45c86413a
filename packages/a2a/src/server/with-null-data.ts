/** The SDK's fromJSON reads `data: null` as a part without content, and A2A has none of these: so what lacks one is put right. */
import type { Part, StreamResponse, Task, TaskStatus } from "@a2a-js/sdk";

const restore = ({ parts }: { readonly parts: readonly Part[] }): void => {
  for (const part of parts) part.content ??= { $case: "data", value: null };
};

const restoreStatus = (status: TaskStatus | undefined): void => {
  if (status?.message !== undefined) restore(status.message);
};

/** The same task, changed in place. */
export const withNullData = (task: Task): Task => {
  restoreStatus(task.status);
  task.artifacts.forEach(restore);
  task.history.forEach(restore);
  return task;
};

/** The same response, of a stream or of SendMessage, changed in place. */
export const responseWithNullData = <Response extends { readonly payload?: StreamResponse["payload"] }>(
  response: Response,
): Response => {
  const { payload } = response;
  switch (payload?.$case) {
    case "task":
      withNullData(payload.value);
      break;
    case "message":
      restore(payload.value);
      break;
    case "statusUpdate":
      restoreStatus(payload.value.status);
      break;
    case "artifactUpdate":
      if (payload.value.artifact !== undefined) restore(payload.value.artifact);
      break;
    case undefined:
      break;
  }
  return response;
};
