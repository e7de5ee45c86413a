/** What the commands ask of a node. */
import type {
  AnyAgentManifest,
  AuthorizationDecision,
  BudgetStatus,
  CacheStatus,
  DecisionAnswer,
  Forgotten,
  Manifest,
  ManifestKind,
  MemoryEntry,
  NodeAgent,
  NodeState,
  Part,
  Priority,
  Recalled,
  ScheduleStatus,
  TaskEvent,
  TaskState,
} from "@agentcore/contract";
import type {
  AgentsAnswer,
  AgentsOptions,
  ChatPiece,
  ChatRequest,
  CheckpointOptions,
  CheckpointPage,
  DebugAction,
  Debugging,
  DeclaredTool,
  ForgetMemories,
  ForkOptions,
  InboxItem,
  MemoryPage,
  MemoryPoolPage,
  MigrateOpenOptions,
  MigrateOptions,
  ModelSummary,
  OpenTasksMigration,
  OpenTasksReport,
  PageOptions,
  Readiness,
  RecallMemories,
  ReplayOpenOptions,
  ReplayOptions,
  ReplayReport,
  TaskMigration,
  TaskProgress,
  ToolConsent,
  ToolLibraryStatus,
  ToolManifestStatus,
  UsageAnswer,
  UsageOptions,
  WorkflowGraphAnswer,
  WorkflowSummary,
} from "@agentcore/sdk/client";

export interface TaskRow {
  readonly id: string;
  readonly agent: string;
  readonly state: TaskState;
  readonly contextId: string;
  readonly revision: string;
  /** Number of its last event. */
  readonly events: number;
  /** Paths of calls that breakpoints hold, the first 20. */
  readonly held: readonly string[];
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface AgentRow {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly revision: string;
  /** The node's word, for example `ready`. */
  readonly state: string;
  /** Why it is in that state, when the node says so. */
  readonly reason: string | undefined;
  readonly skills: readonly string[];
  /** How fast it says it is, for example `fast (20 to 80 ms)`. */
  readonly latency: string | undefined;
  readonly doesNot: readonly string[];
}

export interface ManifestRow {
  readonly kind: string;
  readonly name: string;
  readonly manifest: Manifest;
}

/** What was done with a manifest, or would be. */
export interface ChangeRow {
  readonly kind: string;
  readonly name: string;
  /** The node's word, for example `created`, `updated` or `unchanged`. */
  readonly change: string;
  /** Paths of the fields that differ, where the node tells them. */
  readonly fields: readonly string[];
}

export interface NodeRow {
  readonly name: string;
  readonly state: NodeState;
  /** In memory there now, of all tenants. */
  readonly tasks: number;
  readonly version: string;
  readonly address: string;
  readonly roles: readonly string[];
  /** Of the caller's tenant. */
  readonly agents: readonly NodeAgent[];
  /** ISO 8601. */
  readonly startedAt: string;
  readonly heartbeatAt: string;
}

export interface TaskFilter {
  readonly states?: readonly TaskState[] | undefined;
  readonly agent?: string | undefined;
  readonly limit: number;
}

export interface InboxFilter {
  readonly all?: boolean | undefined;
  readonly taskId?: string | undefined;
  readonly limit: number;
}

export interface CollectRequest {
  readonly tenant: string | undefined;
  readonly allTenants: boolean;
  readonly olderThan: string | undefined;
  readonly dryRun: boolean;
}

export interface CollectedRow {
  readonly tenant: string;
  readonly removedTasks: number;
  readonly removedEvents: number;
  readonly removedBytes: number;
  readonly compactedTasks: number;
  readonly compactedEvents: number;
  readonly removedSums: number;
  readonly failedTasks: number;
  /** A dry run that counted no further: there is more. */
  readonly isMore: boolean;
  /** What broke it off for this tenant. */
  readonly error: { readonly code: string; readonly message: string } | null;
}

export interface EventRequest {
  /** Go on until the task has ended, also over a restart of the node; else end with the last event there is now. */
  readonly follow: boolean;
  readonly after?: number;
  readonly signal: AbortSignal;
}

/** Every call rejects with a PlatformError. */
export interface NodeClient {
  submit(request: {
    /** Its name, or a target such as `need:plain words`. */
    readonly agent: string;
    readonly input: unknown;
    readonly priority?: Priority | undefined;
    /** Where it is held from its start on. */
    readonly breakpoints?: readonly string[] | undefined;
  }): Promise<{ readonly taskId: string }>;
  task(taskId: string): Promise<TaskRow>;
  /** Latest first within a state. */
  tasks(filter: TaskFilter): Promise<readonly TaskRow[]>;
  events(taskId: string, request: EventRequest): AsyncIterable<TaskEvent>;
  /** Repeating it with the same id does no harm. */
  send(taskId: string, message: { readonly messageId: string; readonly parts: readonly Part[] }): Promise<void>;
  /** Repeating it does no harm. */
  authorize(taskId: string, decision: AuthorizationDecision): Promise<void>;
  /** All of it, at most `limit` items. */
  inbox(filter: InboxFilter): Promise<readonly InboxItem[]>;
  /** True when that decided it; false while others have to choose. Repeating it with the same id does no harm. */
  decide(taskId: string, answer: DecisionAnswer): Promise<boolean>;
  /** Repeating it with the same key does no harm. */
  signal(
    taskId: string,
    name: string,
    signal: { readonly payload: unknown; readonly idempotencyKey: string },
  ): Promise<void>;
  cancel(taskId: string, reason: string | undefined): Promise<void>;
  retry(taskId: string): Promise<void>;
  replay(taskId: string, options: ReplayOptions): Promise<ReplayReport>;
  /** All pages of it, in as many calls as it takes. */
  replayOpen(agent: string, options: ReplayOpenOptions): Promise<OpenTasksReport>;
  checkpoints(taskId: string, options: CheckpointOptions): Promise<CheckpointPage>;
  breakpoints(taskId: string): Promise<Debugging>;
  setBreakpoints(taskId: string, breakpoints: readonly string[], next: boolean): Promise<Debugging>;
  debug(taskId: string, action: DebugAction): Promise<Debugging>;
  migrate(taskId: string, options: MigrateOptions): Promise<TaskMigration>;
  /** Page after page, so that what was done is told as it was done. */
  migrateOpen(agent: string, options: MigrateOpenOptions): AsyncIterable<OpenTasksMigration>;
  fork(taskId: string, options: ForkOptions): Promise<{ readonly taskId: string; readonly at: number }>;
  agents(): Promise<readonly AgentRow[]>;
  /** Who can do that, best first. */
  find(wanted: Omit<AgentsOptions, "signal">): Promise<NonNullable<AgentsAnswer["found"]>>;
  models(): Promise<readonly ModelSummary[]>;
  toolLibraries(): Promise<readonly ToolLibraryStatus[]>;
  toolManifests(): Promise<readonly ToolManifestStatus[]>;
  tools(name: string): Promise<readonly DeclaredTool[]>;
  toolConsents(name: string): Promise<readonly ToolConsent[]>;
  /** Of whom, where it is not one's own. */
  revokeToolConsent(name: string, caller?: string): Promise<{ readonly caller: string }>;
  callTool(name: string, tool: string, input: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<unknown>;
  /** An answer as it comes; broken off when `signal` aborts. */
  chat(request: ChatRequest, signal: AbortSignal): AsyncIterable<ChatPiece>;
  manifest(kind: ManifestKind, name: string): Promise<Manifest | undefined>;
  /** Of an agent of any kind. */
  agentManifest(name: string): Promise<AnyAgentManifest | undefined>;
  workflows(): Promise<readonly WorkflowSummary[]>;
  workflowGraph(name: string, revision: string | undefined): Promise<WorkflowGraphAnswer>;
  /** For Mermaid. */
  workflowDiagram(name: string, revision: string | undefined): Promise<string>;
  /** Undefined for a task of anything but a workflow. */
  progress(taskId: string): Promise<TaskProgress | undefined>;
  manifests(): Promise<readonly ManifestRow[]>;
  apply(manifests: readonly Readonly<Record<string, unknown>>[]): Promise<readonly ChangeRow[]>;
  diff(manifests: readonly Readonly<Record<string, unknown>>[]): Promise<readonly ChangeRow[]>;
  deleteManifest(kind: ManifestKind, name: string): Promise<void>;
  budgets(): Promise<readonly BudgetStatus[]>;
  memoryPools(page: PageOptions): Promise<MemoryPoolPage>;
  memories(pool: string, page: PageOptions): Promise<MemoryPage>;
  memory(pool: string, id: string): Promise<MemoryEntry>;
  recall(request: RecallMemories): Promise<Recalled>;
  forget(request: ForgetMemories): Promise<Forgotten>;
  cache(): Promise<CacheStatus>;
  clearCache(): Promise<void>;
  usage(query: UsageOptions): Promise<UsageAnswer>;
  schedules(): Promise<readonly ScheduleStatus[]>;
  /** Throws NOT_FOUND. */
  schedule(name: string): Promise<ScheduleStatus>;
  nodes(): Promise<readonly NodeRow[]>;
  /** Throws NOT_FOUND. */
  node(name: string): Promise<NodeRow>;
  /** The node as it is now; it may not have heard yet. */
  drainNode(name: string, graceMs: number): Promise<NodeRow>;
  undrainNode(name: string): Promise<void>;
  /** All of it, in as many calls as it takes; what a dry run counts is a first part of much. */
  collectGarbage(request: CollectRequest, signal: AbortSignal): Promise<readonly CollectedRow[]>;
  /** Bytes of a backup as they come. Throws UNAVAILABLE when they break off. */
  backup(signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** Whether the node takes work, and if not, why. */
  readiness(): Promise<Readiness>;
}
