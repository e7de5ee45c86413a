/** Tasks as the HTTP API shows them: the index row without its internals, and A2A's view. */
import { A2ATask, type HeldCall, PRIORITIES, TASK_STATES } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import { z } from "zod";

export const TaskHeadResource = z.object({
  taskId: z.string(),
  agent: z.string(),
  revision: z.string(),
  contextId: z.string(),
  caller: z.string(),
  state: z.enum(TASK_STATES),
  /** Number of the last event. */
  seq: z.number(),
  /** How many of the first events were compacted. */
  floor: z.number(),
  priority: z.enum(PRIORITIES),
  attempts: z.number(),
  dueAt: z.number().nullable(),
  deadline: z.number().nullable(),
  parent: z.object({ taskId: z.string(), path: z.string() }).nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
  /** Paths of calls that breakpoints hold, the first 20: it goes on there when somebody lets it. */
  held: z.array(z.string()),
});
export type TaskHeadResource = z.infer<typeof TaskHeadResource>;

export const TaskResource = z.object({ head: TaskHeadResource, task: A2ATask });

const MAX_HELD = 20;

export const toHeadResource = (head: TaskHead, held: readonly HeldCall[] = []): TaskHeadResource => ({
  taskId: head.taskId,
  agent: head.agent,
  revision: head.revision,
  contextId: head.contextId,
  caller: head.caller,
  state: head.state,
  seq: head.seq,
  floor: head.floor,
  priority: head.priority,
  attempts: head.attempts,
  dueAt: head.dueAt,
  deadline: head.deadline,
  parent: head.parent,
  createdAt: head.createdAt,
  updatedAt: head.updatedAt,
  held: held.slice(0, MAX_HELD).map(({ path }) => path),
});
