import type { Priority } from "@agentcore/contract";

/** What never changes about a task. */
export interface ExecutionHead {
  readonly tenantId: string;
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  readonly contextId: string;
  readonly caller: string;
  readonly priority: Priority;
  readonly deadline: number | null;
  readonly parent: { readonly taskId: string; readonly path: string } | null;
  readonly createdAt: number;
  readonly idempotencyKey?: string | undefined;
}
