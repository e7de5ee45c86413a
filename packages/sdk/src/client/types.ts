import type {
  A2AMessage,
  A2ATask,
  ApprovalQuestion,
  AuthorizationQuestion,
  Credential,
  MemoryEntry,
  MemoryPoolStatus,
  Part,
  Priority,
  Target,
  TaskEvent,
  TaskState,
  UsageGroup,
  UsageRow,
  WorkflowGraph,
} from "@agentcore/contract";

export interface ClientOptions {
  /** Address of a node, for example `http://127.0.0.1:4700`; a path in it is kept. */
  readonly url: string;
  /** Sent as a bearer token. */
  readonly apiKey?: string | undefined;
  /** @default the global fetch */
  readonly fetch?: typeof fetch | undefined;
  readonly retry?: RetryOptions | undefined;
}

export interface RetryOptions {
  /** Tries in a row without progress. @default 8 */
  readonly maxAttempts?: number;
  /** Wait before the second try; doubles up to 5 s, with jitter. @default 250 */
  readonly initialDelayMs?: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A Tool manifest, and how its tools are to be had on the node that is asked. */
export interface ToolManifestStatus {
  readonly name: string;
  readonly description: string;
  /** A program, an address, or a library of the node's own. */
  readonly from: "stdio" | "http" | "library";
  /** Its name. */
  readonly library?: string;
  readonly state: "open" | "idle" | "failed";
  readonly server?: { readonly name: string; readonly version: string; readonly protocol: string };
  /** Why it failed. */
  readonly reason?: string;
}

/** What somebody has consented to, for tools that work for them. */
export interface ToolConsent {
  readonly caller: string;
  /** ISO 8601: when they did last. */
  readonly since: string;
  /** As they were granted; empty where that was not said. */
  readonly scopes: readonly string[];
}

/** A library of tools that Tool manifests may name. */
export interface ToolLibraryStatus {
  readonly name: string;
  /** The package that it comes with, or the file of an operator's own. */
  readonly from: string;
  readonly installed: boolean;
  readonly description?: string;
  /** JSON Schema of `spec.library.options`. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A tool of a Tool manifest. */
export interface DeclaredTool {
  /** What agents and models call it by. */
  readonly name: string;
  /** What its server or library calls it. */
  readonly origin: string;
  readonly description: string;
  readonly inputJsonSchema: Readonly<Record<string, unknown>>;
  readonly hints?: { readonly readOnly?: boolean; readonly destructive?: boolean; readonly idempotent?: boolean };
  /** What holds for it wherever a task calls it. */
  readonly terms?: {
    readonly permission?: string;
    readonly timeoutMs?: number;
    readonly costUsd?: number;
    readonly maxCalls?: number;
    readonly approval?: "never" | "always";
    readonly approvers?: readonly string[];
  };
}

export interface PageOptions extends CallOptions {
  /** What the page before said comes next. */
  readonly after?: string | undefined;
  /** 1 to 1,000. @default 100 */
  readonly limit?: number | undefined;
}

export interface MemoryPoolPage {
  readonly pools: readonly MemoryPoolStatus[];
  /** Null: there are no more. */
  readonly nextAfter: string | null;
}

export interface MemoryPage {
  readonly entries: readonly MemoryEntry[];
  /** Null: there are no more. */
  readonly nextAfter: string | null;
}

export interface RecallMemories {
  /** `agent:NAME`, `caller:NAME/CALLER` or the name of a MemoryPool. */
  readonly pool: string;
  readonly query: string;
  /** 1 to 50. @default 8 */
  readonly limit?: number;
  readonly tags?: readonly string[];
  readonly document?: string;
}

/** Which memories: without `pool` what came from a task, a document or a caller, in all pools. */
export type ForgetMemories =
  | ({ readonly pool: string } & ({ readonly id: string } | { readonly words: string } | { readonly all: true }))
  | ({ readonly pool?: string } & (
      | { readonly task: string }
      | { readonly document: string }
      | { readonly caller: string }
    ));

/** As `GET /api/v1/models` tells of it. */
export interface ModelSummary {
  /** `provider/…` stands for all models of a provider that the node's environment has a key for. */
  readonly name: string;
  readonly declaredBy: "manifest" | "environment";
  readonly provider?: string | undefined;
  readonly model?: string | undefined;
  /** Names that it chooses among, and falls back to. */
  readonly candidates?: readonly string[] | undefined;
  readonly fallback?: readonly string[] | undefined;
  /** US dollars for a million tokens. */
  readonly price?:
    | {
        readonly input: number;
        readonly output: number;
        readonly cachedInput?: number | undefined;
        readonly cacheWrite?: number | undefined;
      }
    | undefined;
  /** Tokens. */
  readonly contextWindow?: number | undefined;
  readonly maxOutputTokens?: number | undefined;
  /** Why it cannot be asked now; null: nothing is known against it. */
  readonly trouble: string | null;
}

export interface ChatRequest {
  /** A model, or an agent as `agent/NAME`, which is told the text of the last message. */
  readonly model: string;
  readonly messages: readonly { readonly role: "system" | "user" | "assistant"; readonly content: string }[];
  /** Of an agent: the task that the last message goes to, in place of a new one. */
  readonly taskId?: string | undefined;
  /** Of an agent: the conversation that a new task belongs to. */
  readonly contextId?: string | undefined;
  /** Of an agent: the same key finds the task of then. @default a new task */
  readonly idempotencyKey?: string | undefined;
}

/** Some text, or how it ended, which comes last. */
export type ChatPiece =
  | { readonly text: string }
  | {
      /** `stop`, `length`, `tool_calls` or `content_filter`. */
      readonly finishReason: string;
      /** Which answered. */
      readonly model: string;
      /** Of an agent: its task, and `completed`, `input-required` or `auth-required`. */
      readonly taskId?: string;
      readonly contextId?: string;
      readonly state?: string;
      /** Of a model: US dollars. */
      readonly costUsd?: number;
      /** Of a model: the level of the cache that it comes from. */
      readonly cache?: string;
    };

export interface SignalOptions extends CallOptions {
  /** Any JSON. @default none */
  readonly payload?: unknown;
  /** Same key, same task: it is the same signal, and given once. @default a fresh one per call */
  readonly idempotencyKey?: string | undefined;
}

export interface SubmitTask {
  /**
   * `{ agent }`, `{ capability }` or `{ need }`, or its spelling: `agent:<name>`, `capability:<skill>`, `need:<plain words>`. Others are TARGET_UNSUPPORTED: a
   * task has one agent.
   */
  readonly target: Target | string;
  readonly skill?: string | undefined;
  readonly input?: unknown;
  /** @default a new context */
  readonly contextId?: string | undefined;
  /** Which of the tasks that wait begins first; `urgent` is for operators, others get PERMISSION_DENIED. @default "normal" */
  readonly priority?: Priority | undefined;
  /** Where it is held from its very start on, at most 50; for operators, others get PERMISSION_DENIED. @default none */
  readonly breakpoints?: readonly string[] | undefined;
  /** Same key, same agent, same caller: the existing task is returned. @default a fresh one per call */
  readonly idempotencyKey?: string | undefined;
  /** Answer once the task has ended or needs someone. @default false */
  readonly wait?: boolean | undefined;
}

/** Grants access that a task waits for, or refuses it with `deny`. */
export interface AuthorizationDecision {
  /** Needed where the task has asked for several. */
  readonly name?: string | undefined;
  /**
   * Which question is meant: `authorization.reference` in the data of the task's status message. Needed where the task has asked for that
   * name before, or has gone on with `continueAs`; always good, since a decision sent late then grants nothing that was asked since.
   */
  readonly reference?: string | undefined;
  /** Left out when access was given elsewhere, for example by consent at the address that the task names. */
  readonly credential?: Credential | undefined;
  /** At most 30 days. @default what the agent asked for; else a day with a `credential`, for good without one */
  readonly expiresInMs?: number | undefined;
  /** Refuses, and says why. */
  readonly deny?: string | undefined;
}

/** A choice, or to whom the caller hands their part. Exactly one of `choice` and `delegateTo`. */
export interface DecisionAnswer {
  /** Of the inbox item. Good for one answer. */
  readonly token: string;
  readonly choice?: string | undefined;
  readonly delegateTo?: string | undefined;
  readonly comment?: string | undefined;
  /** Of the inbox item: an answer to anything else is refused. @default what the token was made for */
  readonly contentHash?: string | undefined;
  /** Makes a repeated call harmless. @default a fresh one per call */
  readonly id?: string | undefined;
}

export interface ReplayOptions extends CallOptions {
  /** Of the agent; `current` is what new tasks get. @default that of the task */
  readonly revision?: string | undefined;
}

export interface ReplayReport {
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  /** The code asks for what the log has, and ends as it does where it has ended. */
  readonly agrees: boolean;
  /** Numbers of the events that were gone through. */
  readonly from: number;
  readonly to: number;
  /** Where they part: the event and the call, if it is one, and both sides. */
  readonly differs: {
    readonly seq: number | null;
    readonly path: string | null;
    readonly recorded: unknown;
    readonly made: unknown;
    readonly message: string;
  } | null;
  /** How the code ends after that; null when it goes on. */
  readonly end: { readonly type: string; readonly data: unknown } | null;
  /** Calls that it goes on with, at most 20. */
  readonly next: readonly string[];
}

export interface ReplayOpenOptions extends CallOptions {
  /** Of the agent. @default `current`: what new tasks get */
  readonly revision?: string | undefined;
  /** Of an Agent or a Workflow of that name, in place of a revision: as it would be if it were applied. Its code is loaded by the node. */
  readonly manifest?: Readonly<Record<string, unknown>> | undefined;
  /** Only tasks of this revision. @default all but those of the revision itself */
  readonly from?: string | undefined;
  /** How their logs are to be read. @default what the revision declares */
  readonly rules?: MigrationRules | undefined;
  /** Replays of a page, 1 to 100. @default 20 */
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

export interface OpenTaskReplay {
  readonly taskId: string;
  readonly state: TaskState;
  /** Its own. */
  readonly revision: string;
  /** The code comes to where the log is, and does not fail at once there. */
  readonly survives: boolean;
  readonly differs: ReplayReport["differs"];
  /** What it would fail with, or why that cannot be told. */
  readonly error: { readonly code: string; readonly message: string } | null;
  /** That its log was read by. @default none */
  readonly rules?: MigrationRules | undefined;
}

export interface OpenTasksReport {
  readonly agent: string;
  /** What the tasks were run with. */
  readonly revision: string;
  /** Those that have it already, which were not run; of this page. */
  readonly alreadyThere: number;
  readonly tasks: readonly OpenTaskReplay[];
  /** Cursor of the next page, which may be there also after a page without tasks; "" on the last. */
  readonly nextPageToken: string;
}

/**
 * `path`: which of the calls that are held. `continue` lets all of them begin; `step`, `set` and whatever has an `input` are for the first.
 * `input`: what the call is given in place of its own. `value`: what it comes to without having begun.
 */
export type DebugAction =
  | { readonly action: "continue" | "step"; readonly path?: string | undefined; readonly input?: unknown }
  | { readonly action: "set"; readonly path?: string | undefined; readonly value: unknown };

export interface CheckpointOptions extends CallOptions {
  /** Every so many results. */
  readonly everySteps?: number | undefined;
  /** The first result that came so many milliseconds after the one before. */
  readonly everyMs?: number | undefined;
  /** Where a call came to something else than the same call before. @default false */
  readonly changed?: boolean | undefined;
  readonly after?: number | undefined;
  /** 1 to 1,000. @default 100 */
  readonly limit?: number | undefined;
}

export interface CheckpointPage {
  readonly checkpoints: readonly {
    /** What `fork` takes as `at`. */
    readonly seq: number;
    /** Milliseconds since 1970. */
    readonly at: number;
    readonly type: TaskEvent["type"];
    /** The call that had its result there. */
    readonly path: string | null;
  }[];
  readonly nextAfter: number | null;
}

/** How what a run of a workflow recorded is to be read by another revision. */
export interface MigrationRules {
  /** Names of nodes then, by what they are called now. */
  readonly rename?: Readonly<Record<string, string>> | undefined;
  /** Nodes that are no more. */
  readonly drop?: readonly string[] | undefined;
}

export interface MigrateOptions extends CallOptions {
  /** Of the agent. @default `current`: what new tasks get */
  readonly revision?: string | undefined;
  /** @default what the revision declares */
  readonly rules?: MigrationRules | undefined;
  /** Nothing happens: only tells whether it could be. @default false */
  readonly dryRun?: boolean | undefined;
}

export interface MigrateOpenOptions extends MigrateOptions {
  /** Only tasks of this revision. @default all but those of the revision itself */
  readonly from?: string | undefined;
  /** Tasks of a page, 1 to 100. @default 20 */
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

export interface TaskMigration extends OpenTaskReplay {
  /** That was asked for. */
  readonly to: string;
  /**
   * migrated: it has the revision, perhaps from before. refused: it goes on with its own. asked: it is kept, and the task has not come to it yet.
   * possible: of a dry run, that it could be.
   */
  readonly outcome: "migrated" | "refused" | "asked" | "possible";
  /** Why it was refused. */
  readonly reason: string | null;
}

export interface OpenTasksMigration extends Omit<OpenTasksReport, "tasks"> {
  readonly tasks: readonly TaskMigration[];
}

export interface ForkOptions extends CallOptions {
  /** Number of the last event that is taken over. @default the last before the end; the last result that is set; 1 with an input */
  readonly at?: number | undefined;
  readonly input?: unknown;
  /** Results of calls, by their path, in place of those recorded. At most 100. */
  readonly set?: Readonly<Record<string, unknown>> | undefined;
  /** Of the agent; `current` is what new tasks get. @default that of the task */
  readonly revision?: string | undefined;
  /** Of the fork, at most 50. @default none */
  readonly breakpoints?: readonly string[] | undefined;
  /** Same key, same caller: the fork of then. @default a fresh one per call */
  readonly idempotencyKey?: string | undefined;
}

export interface InboxOptions extends CallOptions {
  /** All that waits in the tenant, without tokens of others; for operators. @default false */
  readonly all?: boolean | undefined;
  readonly taskId?: string | undefined;
  /** 1 to 100. @default 50 */
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

/** What waits for somebody. Times are milliseconds since 1970. */
export interface InboxItem {
  readonly kind: "approval" | "question" | "authorization";
  readonly taskId: string;
  readonly agent: string;
  readonly contextId: string;
  /** Who began the task. */
  readonly caller: string;
  readonly path: string;
  readonly prompt: readonly Part[];
  readonly askedAt: number;
  readonly authorization?: AuthorizationQuestion | undefined;
  /** `token` is absent where the caller is not asked. */
  readonly approval?:
    | (ApprovalQuestion & { readonly decidedBy: readonly string[]; readonly token?: string | undefined })
    | undefined;
}

export interface InboxPage {
  readonly items: readonly InboxItem[];
  /** "" on the last page. */
  readonly nextPageToken: string;
}

/** The index row of a task. Times are milliseconds since 1970. */
export interface TaskSummary {
  readonly tenantId: string;
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  readonly contextId: string;
  readonly state: TaskState;
  readonly priority: Priority;
  /** Number of the last event. */
  readonly seq: number;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Paths of calls that breakpoints hold, the first 20: the task goes on there when somebody lets it. */
  readonly held: readonly string[];
}

export interface ForkedTask extends TaskSnapshot {
  /** Number of the last event that was taken over. */
  readonly at: number;
  readonly existing: boolean;
}

export interface TaskSnapshot {
  /** As A2A shows it. */
  readonly task: A2ATask;
  readonly head: TaskSummary;
}

export interface ListTasksOptions extends CallOptions {
  readonly agent?: string | undefined;
  readonly state?: TaskState | undefined;
  readonly contextId?: string | undefined;
  /** 1 to 100. @default 50 */
  readonly pageSize?: number | undefined;
  readonly pageToken?: string | undefined;
}

export interface TaskPage {
  readonly heads: readonly TaskSummary[];
  /** "" on the last page. */
  readonly nextPageToken: string;
  readonly totalSize: number;
}

export interface EventsOptions extends CallOptions {
  /** Only events with a higher number. @default 0 */
  readonly after?: number | undefined;
}

export interface RunOptions extends CallOptions {
  /** Sees every event of the task, in order, for example to answer `task.inputRequired` by `send`. */
  readonly onEvent?: ((event: TaskEvent) => void) | undefined;
}

export interface RunResult<Output> {
  readonly taskId: string;
  readonly contextId: string;
  readonly output: Output;
}

/** Text, parts, or a whole message with an id of your own. */
export type MessageContent = string | readonly Part[] | A2AMessage;

export interface CollectGarbage {
  /** @default the caller's own */
  readonly tenant?: string | undefined;
  /** All with a policy. @default false */
  readonly allTenants?: boolean | undefined;
  /** `30d`, `12h`: removes what ended longer ago, whatever the policy says. */
  readonly olderThan?: string | undefined;
  /** @default false */
  readonly dryRun?: boolean | undefined;
}

export interface CollectedGarbage {
  readonly dryRun: boolean;
  readonly tenants: readonly {
    readonly tenantId: string;
    readonly removedTasks: number;
    readonly removedEvents: number;
    /** Of payloads, as stored. */
    readonly removedBytes: number;
    readonly compactedTasks: number;
    readonly compactedEvents: number;
    /** Sums of usage, and counters of budgets. */
    readonly removedSums: number;
    readonly failedTasks: number;
    /** There is more to be asked for. */
    readonly isMore: boolean;
    /** What broke the call off for this tenant; null: nothing did. */
    readonly error: { readonly code: string; readonly message: string } | null;
  }[];
}

export interface AgentSummary {
  readonly name: string;
  readonly description?: string;
  readonly [field: string]: unknown;
}

/** Those who can do what is needed, in plain words. */
export interface AgentsOptions extends CallOptions {
  readonly need?: string | undefined;
  /** US dollars a task. */
  readonly maxCostUsd?: number | undefined;
  readonly maxLatencyMs?: number | undefined;
  /** 1 to 50. @default 50 */
  readonly limit?: number | undefined;
}

export interface AgentsAnswer {
  /** With `need` those who can do it, best first. */
  readonly agents: readonly AgentSummary[];
  /** With `need`. */
  readonly found?: {
    readonly reasons: readonly string[];
    readonly scores: readonly FoundScore[];
    /** When nobody can do it: who comes nearest. */
    readonly nearest: readonly { readonly agent: string; readonly why: string }[];
  };
}

export interface FoundScore {
  readonly agent: string;
  readonly score: number;
  readonly similarity: number;
  readonly latencyMs: number;
  readonly costUsd: number;
  readonly quality: number;
  /** What it has in common with what was asked for. */
  readonly why: string;
}

export interface WorkflowSummary {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly revision: string;
  readonly state: string;
  /** How many its graph has. */
  readonly nodes: number;
}

/** A workflow's graph, with the JSON Schemas of its input and output as far as they are known. */
export interface WorkflowGraphAnswer {
  readonly name: string;
  readonly revision: string;
  readonly graph: WorkflowGraph;
  readonly input?: Readonly<Record<string, unknown>>;
  readonly output?: Readonly<Record<string, unknown>>;
}

/** What a node of a workflow's task has come to. Times are milliseconds since 1970. */
export interface NodeProgress {
  readonly id: string;
  readonly type: string;
  /** pending, running, waiting, held, done, failed, canceled, skipped, undoing, undone, stands, unknown. */
  readonly state: string;
  readonly waitsFor?: "person" | "time" | "signal" | "event";
  readonly visits: number;
  readonly turn?: number;
  readonly items?: { readonly done: number; readonly failed: number; readonly total?: number };
  readonly underWay?: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
  readonly dueAt?: number;
  readonly childTaskId?: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** How far a task of a workflow has come. */
export interface TaskProgress {
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  /** Number of the last event that it tells of. */
  readonly seq: number;
  readonly state: TaskState;
  /** 0 to 1. */
  readonly share: number;
  /** The beginning of its log is gone: what was done then may be unknown. */
  readonly compacted: boolean;
  /** Nodes by state. */
  readonly counts: Readonly<Record<string, number>>;
  readonly nodes: readonly NodeProgress[];
}

export interface UsageOptions extends CallOptions {
  /** Milliseconds since 1970; hours that begin at or after it. @default 30 days before `to` */
  readonly from?: number;
  /** Hours that begin before it. @default now */
  readonly to?: number;
  /** @default ["model"] */
  readonly by?: readonly UsageGroup[];
  readonly agent?: string;
  readonly team?: string;
  readonly model?: string;
  readonly caller?: string;
}

export interface UsageAnswer {
  readonly from: number;
  readonly to: number;
  readonly usage: readonly UsageRow[];
}

/** What a node says of itself to probes. */
export interface Readiness {
  readonly ready: boolean;
  readonly checks: {
    /** `ready`, or why not: `starting`, `draining`, `drained`, `stopping`, `unavailable`. */
    readonly state: string;
    readonly residentTasks: number;
    /** Of one that is unavailable. */
    readonly reason?: { readonly code: string; readonly message: string };
  };
}
