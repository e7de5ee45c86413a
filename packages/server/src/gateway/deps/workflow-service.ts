import type { CallerScope, TaskService } from "@agentcore/core/tasks";
import type { WorkflowProgress } from "@agentcore/core/workflows";
import type { WorkflowShape } from "../../agents/in-process-host.ts";

/** Workflows: their graphs, and how far their tasks have come. */
export interface WorkflowService {
  /** Of the revision that is declared now, unless it says which. Throws AGENT_NOT_FOUND, UNSUPPORTED_OPERATION (no workflow), NOT_FOUND. */
  graph(tenantId: string, name: string, revision?: string): Promise<WorkflowResource>;
  /** As a flowchart for Mermaid. */
  draw(workflow: WorkflowShape): Promise<string>;
  /** Throws TASK_NOT_FOUND, UNSUPPORTED_OPERATION (not of a workflow), OVERLOADED. `tasks` as the caller may see them. */
  progress(tasks: Pick<TaskService, "head" | "log">, scope: CallerScope, taskId: string): Promise<ProgressResource>;
}

export interface WorkflowResource extends WorkflowShape {
  readonly name: string;
  readonly revision: string;
}

export interface ProgressResource extends WorkflowProgress {
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  /** Number of the last event that it tells of. */
  readonly seq: number;
}
