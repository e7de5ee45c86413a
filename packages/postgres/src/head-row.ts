/** A task's row as the database has it. */
import { PRIORITIES, type TaskState } from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import { unescapeText } from "./escape-text.ts";

export interface HeadRow {
  readonly id: number;
  readonly tenant_id: string;
  readonly task_id: string;
  readonly agent: string;
  readonly revision: string;
  readonly context_id: string;
  readonly caller: string;
  readonly state: TaskState;
  readonly seq: number;
  readonly checkpoint_seq: number;
  readonly floor: number;
  readonly token: number;
  readonly leased_by: number | null;
  readonly due_at: number | null;
  readonly priority: number;
  readonly attempts: number;
  readonly deadline: number | null;
  readonly parent_task_id: string | null;
  readonly parent_path: string | null;
  readonly created_at: number;
  readonly updated_at: number;
}

export const toHead = (row: HeadRow): TaskHead => ({
  tenantId: unescapeText(row.tenant_id),
  taskId: unescapeText(row.task_id),
  agent: row.agent,
  revision: row.revision,
  contextId: unescapeText(row.context_id),
  caller: unescapeText(row.caller),
  state: row.state,
  seq: row.seq,
  checkpointSeq: row.checkpoint_seq,
  floor: row.floor,
  token: row.token,
  leased: row.leased_by !== null,
  dueAt: row.due_at,
  priority: PRIORITIES[row.priority] ?? "normal",
  attempts: row.attempts,
  deadline: row.deadline,
  parent:
    row.parent_task_id === null || row.parent_path === null
      ? null
      : { taskId: unescapeText(row.parent_task_id), path: unescapeText(row.parent_path) },
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
