import type { TaskKey } from "@agentcore/core/ports";
import { escapeText } from "./escape-text.ts";

/** The head `h` of the task (tenant $1, id $2), as its index knows it. */
export const TASK = "h.tenant_id || '\\t' || h.task_id = $1 || '\\t' || $2";

/** $1 and $2 of TASK. */
export const textOf = ({ tenantId, taskId }: TaskKey): string[] => [escapeText(tenantId), escapeText(taskId)];
