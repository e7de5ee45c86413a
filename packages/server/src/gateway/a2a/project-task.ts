import type { A2ATask } from "@agentcore/contract";

export interface Projection {
  /** Newest messages to keep; 0 leaves the member out; all when absent. */
  readonly historyLength?: number | undefined;
  /** @default true */
  readonly artifacts?: boolean | undefined;
}

/** The task as it goes out: A2A's members and no other, since validators in the field refuse extras. */
export const projectTask = (task: A2ATask, { historyLength, artifacts = true }: Projection = {}): A2ATask => {
  const out: A2ATask = { id: task.id, status: task.status };
  if (task.contextId !== undefined) out.contextId = task.contextId;
  if (artifacts) out.artifacts = task.artifacts ?? [];
  const history = task.history ?? [];
  if (historyLength === undefined) out.history = history;
  else if (historyLength > 0) out.history = history.slice(-historyLength);
  if (task.metadata !== undefined) out.metadata = task.metadata;
  return out;
};
