export { isoTime } from "../iso-time.ts";
export { assertSerialisable } from "../payloads/serialisable.ts";
export type { AgentHost, AgentRevision, LoadedAgent } from "./agent-host.ts";
export type { ApartAttempt, ApartCode, ApartEvents } from "./apart-code.ts";
export type { LiveText } from "./artifact-stream.ts";
export { type BusRouter, createBusRouter } from "./bus-router.ts";
export type { BreakpointRequest } from "./debug-task.ts";
export type { DecisionMade } from "./decide-task.ts";
export { checkListedInput } from "./declared-tools.ts";
export { type Difference, type DryRun, type DryRunRequest, dryRun } from "./dry-run.ts";
export { type EngineOptions, type SeenFailure, TaskEngine } from "./engine.ts";
export { createTaskService } from "./engine-task-service.ts";
export { executeTool } from "./execute-tool.ts";
export { type Feed, itemsOf } from "./feed.ts";
export type { Forked, ForkRequest } from "./fork-task.ts";
export type { Inbox, InboxItem, InboxRequest } from "./inbox.ts";
export { describeTool } from "./listed-tool.ts";
export type { FollowedLog, FollowOptions } from "./log-reader.ts";
export { MIGRATION_OUTCOMES, type MigrateRequest, type TaskMigration } from "./migrate-task.ts";
export { BUT_MIGRATIONS, migrationsIn, type RuledMigration, underMigrations } from "./migration-rules.ts";
export { createMemoryReader } from "./own-memory.ts";
export {
  MEMORY_AGENT,
  PLATFORM_AGENTS,
  type PlatformAgent,
  PlatformAgents,
  REGISTRY_AGENT,
} from "./platform-agents.ts";
export type { OpenTaskReplay, OpenTasksReport, ReplayOpenRequest } from "./replay-open-tasks.ts";
export type { ReplayReport, ReplayRequest } from "./replay-task.ts";
export { type Delayed, SharedDelay } from "./shared-delay.ts";
export { retryDelay } from "./steps.ts";
export {
  DEBOUNCER,
  type Debounce,
  type EventInput,
  type RoutedDraft,
  type RoutingChoice,
  type Subscriber,
  type SubscribersByTopic,
  type TaskRouter,
  type Triggered,
} from "./task-router.ts";
export type {
  CallerScope,
  MigrateOpenRequest,
  OpenTasksMigration,
  RestorePage,
  RestoreRequest,
  SignalRequest,
  SubmitRequest,
  Submitted,
  TaskListing,
  TaskListRequest,
  TaskService,
  TaskViewOptions,
} from "./task-service.ts";
export type { RetentionPolicy, TenantPolicy } from "./tenant-policy.ts";
export { Trouble } from "./trouble.ts";
export {
  changeOf,
  OUTPUT_ARTIFACT_ID,
  stateAfter,
  type TaskChange,
  TaskView,
  toA2AState,
  VIEW_BOUNDS,
  viewTask,
} from "./view.ts";
