/** Arguments that several verbs share. */
import type { TaskState } from "@agentcore/contract";

/** Completed with the tasks in these states; any when none is given. */
export const taskArgument = (...states: readonly TaskState[]) =>
  ({
    name: "TASK_ID",
    description: "Id of the task, as `agentcore get tasks` lists it",
    completes: { tasks: states.length === 0 ? undefined : states },
  }) as const;

export const nodeArgument = {
  name: "NODE",
  description: "Name of the node, as `agentcore get nodes` shows it",
  completes: "node",
} as const;
