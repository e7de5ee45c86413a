export {
  A2A_TASK_STATES,
  A2A_VERSIONS,
  A2AMessage,
  A2ATask,
  A2ATaskState,
  A2ATaskStatus,
  type A2AVersion,
  AgentCard,
  AgentExtension,
  AgentSkill,
  Artifact,
  CancelTaskRequest,
  DeleteTaskPushNotificationConfigRequest,
  GetExtendedAgentCardRequest,
  GetTaskPushNotificationConfigRequest,
  GetTaskRequest,
  InlinePushNotificationConfig,
  ListTaskPushNotificationConfigsRequest,
  ListTasksRequest,
  Part,
  Role,
  SecurityRequirement,
  SecurityScheme,
  SendMessageRequest,
  type StreamResponse,
  SubscribeToTaskRequest,
  TaskArtifactUpdateEvent,
  TaskPushNotificationConfig,
  TaskStatusUpdateEvent,
} from "./a2a.ts";
export {
  ApprovalAsked,
  ApprovalQuestion,
  DEFAULT_CHOICES,
  DecisionAnswer,
  MAX_APPROVAL_MS,
  MAX_RECORDED_REFUSALS,
  MAX_SHOWN_BYTES,
  REFUSAL_REASONS,
  RefusalReason,
} from "./approval.ts";
export {
  AuthorizationAsked,
  AuthorizationDecision,
  AuthorizationName,
  AuthorizationQuestion,
  AuthorizationReference,
  CREDENTIAL_TYPES,
  Credential,
  DEFAULT_AUTHORIZATION_MS,
  MAX_AUTHORIZATION_MS,
} from "./authorization.ts";
export { BudgetLimit, BudgetScope, BudgetSpec } from "./budget-manifest.ts";
export { CacheStatus } from "./cache-status.ts";
export { addressIn, type CallAddress } from "./call-address.ts";
export { type CodingOptions, CodingSpec } from "./coding-manifest.ts";
export {
  Breakpoint,
  Breakpoints,
  DebugAction,
  type Debugging,
  type HeldCall,
  type KnownOutput,
  MAX_BREAKPOINTS,
  MAX_HELD_INPUT_SIZE,
  MAX_SET_SIZE,
} from "./debugging.ts";
export { DurationText, parseDuration } from "./duration.ts";
export {
  CancelledError,
  ERROR_CODES,
  type ErrorCode,
  type FieldViolation,
  PlatformError,
  type PlatformErrorOptions,
  RejectedError,
  RetryableError,
  type SerializedError,
  TerminalError,
} from "./errors.ts";
export {
  type CarriedEvent,
  type ForkedFrom,
  type Handoff,
  isTerminal,
  MAX_FORKS,
  MAX_HANDOFFS,
  MAX_RULED_MIGRATIONS,
  type NewTaskEvent,
  PRIORITIES,
  Priority,
  SerializedErrorSchema,
  STEP_KINDS,
  StepKind,
  submissionOf,
  TASK_STATES,
  TaskEvent,
  type TaskEventOf,
  type TaskEventType,
  TaskState,
} from "./events.ts";
export { FAILURE_DECISION, FAILURE_MODES, type FailureMode, isFailureMode } from "./failure-modes.ts";
export type { JsonValue } from "./json.ts";
export { LATENCY_BANDS, type LatencyBand, latencyBand } from "./latency-band.ts";
export { type LegacyCardMembers, legacyCardMembers } from "./legacy-card.ts";
export {
  AgentManifest,
  type AnyAgentManifest,
  API_VERSION,
  BudgetManifest,
  type DeclaredGuardrail,
  declaresAgent,
  isAgentKind,
  MANIFEST_KINDS,
  Manifest,
  type ManifestKind,
  MemoryPoolManifest,
  ModelManifest,
  PolicyManifest,
  type RemoteAgent,
  ScheduleManifest,
  TenantManifest,
  ToolManifest,
  type Trigger,
  WorkflowManifest,
} from "./manifest.ts";
export { HeaderName, Headers, HttpUrl, Scope, SecretVariable } from "./manifest-parts.ts";
export { MemberPath, memberAt } from "./member-path.ts";
export {
  Forgotten,
  MemoryEntry,
  MemoryPoolSpec,
  MemoryPoolStatus,
  MemoryRight,
  PRIVATE_POOLS,
  Recalled,
  Recollection,
} from "./memory.ts";
export { AuthContext, MESSAGE_TYPES, Message, NAME_PATTERN, SCHEMA_VERSION, TargetText } from "./message.ts";
export { isReservedChoice, MigrationRules } from "./migration.ts";
export {
  MODEL_PROVIDERS,
  type ModelCacheSpec,
  type ModelLimits,
  ModelName,
  ModelPrice,
  type ModelProviderName,
  ModelSpec,
} from "./model-manifest.ts";
export {
  DrainRequest,
  NODE_CONDITIONS,
  NODE_ROLES,
  NODE_STATES,
  NodeAgent,
  type NodeCondition,
  NodeRecord,
  type NodeState,
  NodeStatus,
} from "./node.ts";
export { PolicySpec, ToolRule } from "./policy-manifest.ts";
export { readProtoJson } from "./read-proto-json.ts";
export { renamedAddress, renamedPath, renamer, unrenamer } from "./renamed-path.ts";
export { SandboxNetwork } from "./sandbox-network.ts";
export { ScheduleSpec, ScheduleStatus } from "./schedule.ts";
export { MAX_WAITING_SIGNAL_BYTES, MAX_WAITING_SIGNALS, Signal, SignalId, SignalName } from "./signal.ts";
export { type BudgetBalance, BudgetStatus, USAGE_GROUPS, type UsageGroup, UsageRow } from "./spending.ts";
export {
  formatTarget,
  type NeedTarget,
  parseTarget,
  SYSTEM_SKILLS,
  type Target,
} from "./target.ts";
export {
  type McpConsent,
  type McpEndpoint,
  type McpProgram,
  McpServerSpec,
  ToolLibrarySpec,
  ToolSpec,
} from "./tool-manifest.ts";
export { TopicPattern } from "./topic.ts";
export { formatFieldPath, invalidArgument, parseInput } from "./validation.ts";
// The schemas themselves are of `@agentcore/contract/workflow`: making them takes milliseconds, and most nodes start without.
export type {
  Expression,
  FunctionReference,
  Template,
  Undo,
  WorkflowGraph,
  WorkflowNode,
  WorkflowNodeOf,
  WorkflowNodeType,
} from "./workflow.ts";
export {
  isWorkflowState,
  type StandingNode,
  type UndoEntry,
  type UndoneNode,
  type WorkflowFrameState,
  type WorkflowNodeError,
  type WorkflowState,
} from "./workflow-state.ts";
