/** JSON Schemas (draft 2020-12) of everything that crosses a process, made from the zod schemas; served under /schemas. */
import { z } from "zod";
import {
  A2AMessage,
  A2ATask,
  AgentCard,
  Artifact,
  ListTasksRequest,
  SendMessageRequest,
  TaskPushNotificationConfig,
} from "./a2a.ts";
import { SerializedErrorSchema, TaskEvent } from "./events.ts";
import {
  AgentManifest,
  BudgetManifest,
  MemoryPoolManifest,
  ModelManifest,
  PolicyManifest,
  ScheduleManifest,
  TenantManifest,
  ToolManifest,
  WorkflowManifest,
} from "./manifest.ts";
import { MessageJsonShape } from "./message.ts";
import { WorkflowGraph } from "./workflow.ts";

// With the graph as it is judged; that of manifests leaves it to those that have one.
const WholeWorkflow = WorkflowManifest.extend({ spec: WorkflowManifest.shape.spec.extend(WorkflowGraph.shape) });

const SOURCES = {
  message: MessageJsonShape,
  "task-event": TaskEvent,
  task: A2ATask,
  "a2a-message": A2AMessage,
  artifact: Artifact,
  "agent-card": AgentCard,
  "send-message-request": SendMessageRequest,
  "list-tasks-request": ListTasksRequest,
  "task-push-notification-config": TaskPushNotificationConfig,
  manifest: z.discriminatedUnion("kind", [
    AgentManifest,
    WholeWorkflow,
    ModelManifest,
    ToolManifest,
    BudgetManifest,
    PolicyManifest,
    TenantManifest,
    ScheduleManifest,
    MemoryPoolManifest,
  ]),
  "agent-manifest": AgentManifest,
  "workflow-manifest": WholeWorkflow,
  "model-manifest": ModelManifest,
  "tool-manifest": ToolManifest,
  "budget-manifest": BudgetManifest,
  "policy-manifest": PolicyManifest,
  "tenant-manifest": TenantManifest,
  "schedule-manifest": ScheduleManifest,
  "memory-pool-manifest": MemoryPoolManifest,
  error: SerializedErrorSchema,
} as const;

export type SchemaName = keyof typeof SOURCES;
export const SCHEMA_NAMES = Object.keys(SOURCES) as SchemaName[];

export const jsonSchemaOf = (name: SchemaName): Record<string, unknown> =>
  z.toJSONSchema(SOURCES[name], { io: "input", unrepresentable: "any" }) as Record<string, unknown>;
