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
  AuthorizationAsked,
  AuthorizationDecision,
  AuthorizationName,
  CREDENTIAL_TYPES,
  Credential,
  DEFAULT_AUTHORIZATION_MS,
  MAX_AUTHORIZATION_MS,
} from "./authorization.ts";
export { camelizeKeys } from "./camelize-keys.ts";
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
  type Handoff,
  isTerminal,
  MAX_HANDOFFS,
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
export type { JsonValue } from "./json.ts";
export { type LegacyCardMembers, legacyCardMembers } from "./legacy-card.ts";
export {
  AgentManifest,
  API_VERSION,
  MANIFEST_KINDS,
  Manifest,
  type ManifestKind,
  ModelManifest,
  type RemoteAgent,
  Scope,
  TenantManifest,
} from "./manifest.ts";
export { AuthContext, MESSAGE_TYPES, Message, NAME_PATTERN, SCHEMA_VERSION, TargetText } from "./message.ts";
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
export { formatTarget, parseTarget, type Target } from "./target.ts";
export { formatFieldPath, invalidArgument, parseInput } from "./validation.ts";
