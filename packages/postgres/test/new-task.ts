import type { NewTask } from "@agentcore/core/ports";

const whose = { agent: "a", revision: "r", contextId: "c", caller: "ann", priority: "normal" } as const;

export const submitted = { type: "task.submitted", at: 5, data: whose } as const;

/** One that waits, due since long ago. */
export const newTask = (taskId: string, change: Partial<NewTask> = {}): NewTask => ({
  ...{ taskId, ...whose, deadline: null, parent: null, dueAt: 5, createdAt: 5, events: [submitted] },
  ...change,
});

/** One that runs at once where it was created. */
export const claimedTask = (taskId: string, change: Partial<NewTask> = {}): NewTask =>
  newTask(taskId, { claimed: { state: "working" }, ...change });
