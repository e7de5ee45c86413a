/** What the gateway asks of the node it stands in front of. Filled by compose.ts, faked in a few lines by tests. */
import type { CardSigner } from "@agentcore/a2a/cards";
import type { TokenIssuer, TokenVerifier } from "@agentcore/a2a/tokens";
import type {
  A2AVersion,
  AgentExtension,
  AgentSkill,
  BudgetStatus,
  Forgotten,
  ManifestKind,
  MemoryEntry,
  MemoryPoolStatus,
  NeedTarget,
  NodeStatus,
  Recalled,
  ScheduleStatus,
  TaskEvent,
  TaskPushNotificationConfig,
  UsageGroup,
  UsageRow,
} from "@agentcore/contract";
import type { AgentProfile } from "@agentcore/contract/authoring";
import type { ForgetRule, RecallRequest } from "@agentcore/core/memory";
import type { ListedTool, TaskHead, UsageQuery } from "@agentcore/core/ports";
import type { Collected } from "@agentcore/core/retention";
import type { CallerScope, LoadedAgent, SubmitRequest, Submitted, TaskService } from "@agentcore/core/tasks";
import type { WorkflowProgress } from "@agentcore/core/workflows";
import type { ModelGateway } from "@agentcore/models";
import type { WorkflowShape } from "../agents/in-process-host.ts";

/** An agent as a front door shows it. */
export interface AgentDescription {
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly skills: readonly AgentSkill[];
  /** Changes whenever the manifest or the code does. */
  readonly revision: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas: number;
  readonly state: string;
  /** Why it is in that state, when there is something to say. */
  readonly reason?: string | undefined;
  /** Media types that message parts may have. @default ["text/plain", "application/json"] */
  readonly inputModes?: readonly string[] | undefined;
  /** @default ["text/plain", "application/json"] */
  readonly outputModes?: readonly string[] | undefined;
  /** What it promises. @default nothing */
  readonly profile?: AgentProfile | undefined;
  /** Extensions of A2A that it declares. @default none */
  readonly extensions?: readonly AgentExtension[] | undefined;
  /** Versions of A2A that it is served in. @default all */
  readonly a2aVersions?: readonly A2AVersion[] | undefined;
  /** What callers who authenticated are shown beyond the card. @default none: there is no extended card */
  readonly extendedCard?:
    | { readonly description?: string | undefined; readonly skills?: readonly AgentSkill[] | undefined }
    | undefined;
  /** What a caller must be good for, all of it. @default nothing */
  readonly scopes?: readonly string[] | undefined;
  /** JSON Schema of what its tasks are given; undefined where its schema cannot be told, or there is none. @default none */
  readonly inputJsonSchema?: (() => Readonly<Record<string, unknown>> | undefined) | undefined;
  /** How it is shown to clients of MCP. @default under its own name */
  readonly mcp?: { readonly tool?: string | undefined; readonly hidden?: boolean | undefined } | undefined;
  /** False for one that answers queries only. @default true */
  readonly takesTasks?: boolean | undefined;
  /** Doing the same task twice does no harm. @default false */
  readonly idempotent?: boolean | undefined;
  /** Of a workflow: how many nodes its graph has. */
  readonly nodes?: number | undefined;
}

export interface AgentDirectory {
  list(tenantId: string): readonly AgentDescription[];
  get(tenantId: string, name: string): AgentDescription | null;
  /** Calls back when agents of a tenant are others than before. @default nobody is told */
  watch?(listener: (tenantId: string) => void): void;
}

export interface ApplyResult {
  readonly kind: string;
  readonly name: string;
  readonly change: "created" | "configured" | "unchanged";
  readonly revision: string;
}

export interface ManifestService {
  /** All or nothing. Throws INVALID_ARGUMENT with a violation per refused field. With `dryRun` nothing changes. */
  apply(
    tenantId: string,
    manifests: readonly unknown[],
    options: { readonly dryRun: boolean; readonly overHttp?: boolean },
  ): Promise<readonly ApplyResult[]>;
  /**
   * An agent or workflow as it would be, ready to be run and not applied; its code is loaded. Throws INVALID_ARGUMENT (also for other kinds),
   * PERMISSION_DENIED, TOO_LARGE.
   */
  prepare(
    tenantId: string,
    manifest: unknown,
    options?: { readonly overHttp?: boolean },
  ): Promise<{ readonly name: string; readonly revision: string; readonly agent: LoadedAgent }>;
  get(tenantId: string, kind: ManifestKind, name: string): Promise<unknown>;
  list(tenantId: string, kind?: ManifestKind): Promise<readonly unknown[]>;
  /** False when there was none. */
  delete(tenantId: string, kind: ManifestKind, name: string): Promise<boolean>;
}

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

/** Patterns over a tenant's agents. */
export interface OrchestrationService {
  patterns(): Promise<
    readonly {
      readonly name: string;
      readonly description: string;
      /** JSON Schema. */
      readonly configuration: Readonly<Record<string, unknown>>;
      readonly example: { readonly input: unknown; readonly configuration: unknown };
    }[]
  >;
  /** Throws INVALID_ARGUMENT, NO_CANDIDATE with all that is missing, PERMISSION_DENIED. */
  execute(
    scope: CallerScope,
    run: Omit<SubmitRequest, "target" | "skill" | "message"> & {
      readonly pattern: string;
      readonly configuration: unknown;
      readonly requirements?:
        | { readonly agents?: readonly string[] | undefined; readonly capabilities?: readonly string[] | undefined }
        | undefined;
    },
  ): Promise<Submitted>;
  /** Events of a task of that agent, in plain words. */
  log(events: readonly TaskEvent[], agent: string): Promise<readonly object[]>;
}

/** Who could do something, in an order. */
export interface AgentFinder {
  /** As a command to that target would be routed now. Throws what the bus throws, but for nobody. */
  find(scope: CallerScope, target: NeedTarget, signal: AbortSignal): Promise<FoundAgents>;
}

export interface FoundAgents {
  /** The one that would be chosen first. */
  readonly found: readonly {
    readonly agent: string;
    readonly score: number;
    readonly similarity: number;
    readonly latencyMs: number;
    readonly costUsd: number;
    readonly quality: number;
    readonly why: string;
  }[];
  readonly reasons: readonly string[];
  /** A model was to be asked and could not be: with it there may be more. */
  readonly isPartial: boolean;
  /** Of a need that nobody meets. */
  readonly nearest: readonly { readonly agent: string; readonly why: string }[];
}

/** The nodes that share a store. Whoever asks sees the agents of their tenant only (I7). */
export interface NodeService {
  list(tenantId: string): Promise<readonly NodeStatus[]>;
  /** Throws NOT_FOUND. */
  get(tenantId: string, name: string): Promise<NodeStatus>;
  /** Resolves when the node will hear of it, with the node as it is now. Throws NOT_FOUND. */
  drain(scope: CallerScope, name: string, graceMs: number): Promise<NodeStatus>;
  /** Throws NOT_FOUND when there is neither such a node nor a request to drain it. */
  undrain(tenantId: string, name: string): Promise<void>;
}

/** Old tasks and events, as far as they may go. */
export interface RetentionService {
  /** Those with a policy, and those whose models cost something: sums of usage go without a policy too. */
  tenants(): Promise<readonly string[]>;
  /** A bounded part of what the policy lets go, or of the tasks that ended longer ago than `olderThanMs`. */
  collect(request: {
    readonly tenantId: string;
    readonly olderThanMs?: number | undefined;
    readonly dryRun: boolean;
    readonly signal?: AbortSignal | undefined;
  }): Promise<Collected>;
}

/** Work that begins by itself. */
export interface ScheduleService {
  /** By name. */
  list(tenantId: string): Promise<readonly ScheduleStatus[]>;
  /** Throws NOT_FOUND. */
  get(tenantId: string, name: string): Promise<ScheduleStatus>;
}

/** Copies of all that the store holds. */
export interface BackupService {
  /** The bytes of a backup; ends in an error when it cannot be finished. One at a time: throws OVERLOADED. */
  take(signal: AbortSignal): ReadableStream<Uint8Array>;
}

/** Where clients want a task's events posted, as one caller sees it: a caller its own configurations, an operator those of the tenant. */
export interface PushConfigService {
  /** Before work is begun that brings a configuration along. Throws OVERLOADED when the caller, the tenant or the task has too many. */
  assertRoom(scope: CallerScope, config?: { readonly taskId: string; readonly id: string }): Promise<void>;
  /**
   * The first notification is the task as it was after event `from`. The same id again changes the configuration, and keeps what has been
   * delivered. Throws OVERLOADED, CONFLICT (an id that another caller uses).
   */
  register(scope: CallerScope, registration: PushRegistration): Promise<RegisteredConfig>;
  /** Throws TASK_NOT_FOUND. */
  get(scope: CallerScope, taskId: string, id: string): Promise<RegisteredConfig>;
  list(
    scope: CallerScope,
    taskId: string,
    page: { readonly pageSize: number; readonly pageToken?: string | undefined },
  ): Promise<{ readonly configs: readonly RegisteredConfig[]; readonly nextPageToken: string }>;
  /** How far those of a task have come. */
  states(scope: CallerScope, taskId: string): Promise<readonly PushState[]>;
  /** Nothing happens when it is not there. */
  delete(scope: CallerScope, taskId: string, id: string): Promise<void>;
}

export type RegisteredConfig = TaskPushNotificationConfig & { readonly id: string };

export interface PushState {
  readonly id: string;
  /** Of the webhook: the rest of its URL may be secret. */
  readonly host: string;
  /** `open`: goes on; `done`: has had everything; `abandoned`: failed for a day and is given up. */
  readonly state: "open" | "done" | "abandoned";
  /** Number of the last event that was taken; 0 before the first. */
  readonly acknowledged: number;
  /** Failed ones since then. */
  readonly attempts: number;
  /** Milliseconds since 1970; null when nothing has failed. */
  readonly nextAttemptAt: number | null;
  readonly lastError: string | null;
}

export interface PushRegistration {
  readonly config: TaskPushNotificationConfig;
  /** Of the protocol, which says how bodies look. */
  readonly version: A2AVersion;
  /** Number of an event of the task. */
  readonly from: number;
}

/** What a key may do: an operator everything in its tenant, a caller A2A and its own tasks. */
export type ApiKeyRole = "operator" | "caller";

export interface ApiKey {
  /** SHA-256 of the secret, in hex; the secret itself is never kept. */
  readonly keyHash: string;
  readonly tenantId: string;
  readonly caller: string;
  readonly role: ApiKeyRole;
  /** What agents may ask for that it is good for. @default none */
  readonly scopes?: readonly string[] | undefined;
  /** The node's own, for calls of its own process: no card tells of it. */
  readonly isOwn?: true | undefined;
}

/** Whom the tokens of an issuer stand for. */
export interface TokenCaller extends TokenIssuer {
  /** Unless `tenantClaim` says it. */
  readonly tenantId: string;
  readonly tenantClaim?: string | undefined;
  readonly callerClaim: string;
  readonly scopesClaim: string;
  /** The scope that makes an operator. @default none does */
  readonly operatorScope?: string | undefined;
  /** For cards. */
  readonly openIdConnectUrl?: string | undefined;
  /** For cards: where tokens come from. */
  readonly oauth2?:
    | {
        readonly metadataUrl?: string | undefined;
        readonly flows: Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;
      }
    | undefined;
}

/** Whom a client certificate stands for: one of subject, fingerprint256 and subjectAltName says which. */
export interface CertificateCaller {
  /** `CN=billing, O=Example`, all of it. */
  readonly subject?: string | undefined;
  /** SHA-256 in hexadecimal, with or without colons. */
  readonly fingerprint256?: string | undefined;
  /** One of the certificate's names, as in `URI:spiffe://example.com/billing`. */
  readonly subjectAltName?: string | undefined;
  readonly tenantId: string;
  readonly caller: string;
  readonly role: ApiKeyRole;
  readonly scopes: readonly string[];
}

/** What callers may authenticate with besides API keys. */
export interface Credentials {
  readonly tokens?: (TokenVerifier<TokenCaller> & { readonly issuers: readonly TokenCaller[] }) | undefined;
  readonly certificates?: readonly CertificateCaller[] | undefined;
}

export interface Health {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, unknown>>;
}

export interface GatewaySettings {
  /** @default 10 MiB */
  readonly maxBodyBytes?: number | undefined;
  /** Open SSE streams of this node; one more is refused as OVERLOADED. @default 5,000 */
  readonly maxStreams?: number | undefined;
  /** @default 2,000 */
  readonly maxStreamsPerCaller?: number | undefined;
  /** Calls of this node that wait for a task; one more is refused as OVERLOADED. @default 5,000 */
  readonly maxWaits?: number | undefined;
  /** @default 1,000 */
  readonly maxWaitsPerCaller?: number | undefined;
  /**
   * Of answers, and pieces of streams, that their clients have not taken yet; one more is refused as OVERLOADED, and open streams wait.
   * @default 256 MiB
   */
  readonly maxPendingAnswerBytes?: number | undefined;
  /** @default 64 MiB */
  readonly maxPendingAnswerBytesPerCaller?: number | undefined;
  /** A comment is sent on a stream that was silent for so long. @default 15,000 */
  readonly heartbeatMs?: number | undefined;
  /** How long CancelTask waits for the task to end before it answers with the task as it is. @default 5,000 */
  readonly cancelWaitMs?: number | undefined;
}

/** A Tool manifest, and how its tools are to be had on this node. */
export interface ToolManifestStatus {
  readonly name: string;
  readonly description: string;
  /** Where the tools are: a program, an address, or a library of the node's own. */
  readonly from: "stdio" | "http" | "library";
  /** Its name. */
  readonly library?: string;
  /** `idle`: not open, since nobody needed it lately; `failed`: it could not be opened, and is left in peace for a while. */
  readonly state: "open" | "idle" | "failed";
  readonly server?: { readonly name: string; readonly version: string; readonly protocol: string };
  readonly reason?: string;
}

/** A library that Tool manifests may name. */
export interface ToolLibraryStatus {
  readonly name: string;
  /** The package that it comes with, or the file of an operator's own. */
  readonly from: string;
  readonly installed: boolean;
  readonly description?: string;
  /** JSON Schema, where its schema library tells one. */
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Tools of Tool manifests. */
export interface ToolService {
  /** By name. */
  list(tenantId: string): Promise<readonly ToolManifestStatus[]>;
  /** By name. */
  libraries(): Promise<readonly ToolLibraryStatus[]>;
  /** As whoever asks may see them. Throws NOT_FOUND, NOT_INSTALLED, CONFIG_INVALID, UPSTREAM_FAILED, UNAUTHENTICATED, OVERLOADED. */
  tools(scope: CallerScope, manifest: string, signal: AbortSignal): Promise<readonly ListedTool[]>;
  /** By hand, outside of any task. `tool`: by either of its names. Throws as `tools`, INVALID_ARGUMENT. */
  call(
    scope: CallerScope,
    manifest: string,
    tool: string,
    call: { readonly input: unknown; readonly signal: AbortSignal },
  ): Promise<unknown>;
  /** Who has consented to the server of a manifest; of others than themselves only operators are told. Throws NOT_FOUND, to operators. */
  consents(scope: CallerScope, manifest: string): Promise<readonly ToolConsent[]>;
  /** Takes back what `caller` has consented to. Throws NOT_FOUND, PERMISSION_DENIED (another's, and no operator). */
  revoke(scope: CallerScope, manifest: string, caller: string): Promise<void>;
}

export interface ToolConsent {
  readonly caller: string;
  /** ISO 8601: when they did last. */
  readonly since: string;
  /** As they were granted; empty where that was not said. */
  readonly scopes: readonly string[];
}

/** What models cost. */
export interface SpendingService {
  status(tenantId: string): Promise<readonly BudgetStatus[]>;
  /** Throws TOO_LARGE, for more than 100,000 sums of an hour. */
  usage(query: UsageQuery, groups: readonly UsageGroup[]): Promise<readonly UsageRow[]>;
}

/** What agents remember, as far as a caller may see it. */
export interface MemoryService {
  pools(
    scope: CallerScope,
    page: MemoryPage,
  ): Promise<{ readonly pools: readonly MemoryPoolStatus[]; readonly nextAfter: string | null }>;
  /** These throw INVALID_ARGUMENT, PERMISSION_DENIED; `get` NOT_FOUND too. */
  list(
    scope: CallerScope,
    pool: string,
    page: MemoryPage,
  ): Promise<{ readonly entries: readonly MemoryEntry[]; readonly nextAfter: string | null }>;
  get(scope: CallerScope, pool: string, id: string): Promise<MemoryEntry>;
  recall(
    scope: CallerScope,
    request: RecallRequest & { readonly pool: string },
    signal: AbortSignal,
  ): Promise<Recalled>;
  /** For operators. Without a pool: in all of the tenant. */
  forget(scope: CallerScope, request: ForgetRule["which"] & { readonly pool?: string | undefined }): Promise<Forgotten>;
}

export interface MemoryPage {
  readonly after?: string | undefined;
  readonly limit: number;
}

/** Standard agents "webhook", as outside services find them. */
export interface HookDoor {
  /** Null: there is none of that name. */
  find(tenantId: string, name: string): Promise<HookEntry | null>;
}

export interface HookEntry {
  /** Of one delivery. */
  readonly maxBytes: number;
  /**
   * Durable when it resolves; null: it is not signed as it should be, and nothing was kept. Throws OVERLOADED, UNAVAILABLE (a secret is missing), INVALID_ARGUMENT
   * (no id), CONTENT_TYPE_NOT_SUPPORTED, PARSE_ERROR, and what `TaskService.submit` throws.
   */
  deliver(headers: Headers, body: Uint8Array): Promise<{ readonly repeated: boolean } | null>;
}

/** What somebody is asked to consent to. */
export interface ConsentView {
  readonly tenantId: string;
  /** Of the Tool. */
  readonly manifest: string;
  /** Whose consent it is. */
  readonly caller: string;
  /** Origin of the server. */
  readonly server: string;
  readonly scopes: readonly string[];
  /** That asks; absent where somebody called a tool by hand. */
  readonly task?: { readonly taskId: string; readonly agent: string } | undefined;
}

/** Where people consent to MCP servers, whom a task has asked. */
export interface ConsentDoor {
  /** `isGiven`: it was, since it was asked for. Throws NOT_FOUND. */
  look(tenantId: string, id: string): Promise<ConsentView & { readonly isGiven: boolean }>;
  /** Where the person goes, and what their browser keeps until it is back with that `state`. Throws NOT_FOUND, UPSTREAM_FAILED, CONFIG_INVALID, CONFLICT. */
  begin(
    tenantId: string,
    id: string,
  ): Promise<{ readonly authorizationUrl: string; readonly state: string; readonly browser: string }>;
  /** Tokens are kept, and tasks go on, when it resolves. Throws PERMISSION_DENIED, NOT_FOUND, CONFLICT (the manifest names another server since), CONFIG_INVALID, UPSTREAM_FAILED, UNAUTHENTICATED. */
  finish(
    back: {
      readonly state: string;
      readonly code?: string | undefined;
      readonly iss?: string | undefined;
      readonly error?: string | undefined;
      readonly errorDescription?: string | undefined;
    },
    browser: string,
  ): Promise<ConsentView>;
  /** What the node is to authorisation servers, by an address of its own. Throws NOT_INSTALLED. */
  client(): Promise<Readonly<Record<string, unknown>>>;
}

export interface GatewayDeps {
  readonly tasks: TaskService;
  readonly agents: AgentDirectory;
  /** The scopes that the agent of a task asked for as the task began; null when that cannot be told any more. */
  scopesOfTask(task: TaskHead): Promise<readonly string[] | null>;
  readonly manifests: ManifestService;
  readonly workflows: WorkflowService;
  readonly orchestration: OrchestrationService;
  readonly finder: AgentFinder;
  readonly nodes: NodeService;
  readonly schedules: ScheduleService;
  readonly spending: SpendingService;
  readonly retention: RetentionService;
  readonly tools: ToolService;
  /** Loaded when somebody asks. */
  readonly memory: () => Promise<MemoryService>;
  readonly backups: BackupService;
  readonly push: PushConfigService;
  readonly hooks: HookDoor;
  readonly consents: ConsentDoor;
  /** Behind the doors in OpenAI's words. @default there are agents only */
  readonly models?: ModelGateway | undefined;
  /** Without keys and credentials every caller is the local operator of tenant "default", and only loopback may call. */
  readonly apiKeys?: readonly ApiKey[] | undefined;
  readonly credentials?: Credentials | undefined;
  /** Signs cards. @default they are not signed */
  readonly cardSigner?: CardSigner | undefined;
  readonly health: () => Health;
  /** Prometheus text: the tenant's calls, and what the node counts as a whole. */
  readonly metrics: (tenantId: string) => string;
  readonly version: string;
  /** Where clients reach this node, without a trailing slash; a function when the port is known only after listening. */
  readonly publicUrl: string | (() => string);
  /** `HOST:PORT` at which clients reach it over gRPC; undefined when it is not served. */
  readonly grpcAddress?: (() => string | undefined) | undefined;
  readonly clock: { now(): number };
  readonly settings?: GatewaySettings | undefined;
  /** Told about defects (INTERNAL); the answer carries the same id and nothing else of the error. */
  readonly onError?: ((error: unknown, errorId: string) => void) | undefined;
}

/** What the transport knows about a connection. */
export interface ConnectionInfo {
  readonly remoteAddress?: string | undefined;
  /** The node's own port; what it announces may differ. */
  readonly localPort?: number | undefined;
  /** Present when the client showed one that the configured authorities have signed. */
  readonly clientCertificate?: ClientCertificate | undefined;
}

/** As Node's X509Certificate has it. */
export interface ClientCertificate {
  /** A line an attribute, `CN=ann`; empty when it has none. */
  readonly subject: string;
  readonly issuer: string;
  /** Upper-case hexadecimal bytes between colons. */
  readonly fingerprint256: string;
  /** `DNS:a.example, URI:spiffe://…`; undefined when it has none. */
  readonly subjectAltName?: string | undefined;
}

export const DEFAULT_TENANT = "default";
/** Holds what belongs to no tenant; nobody's key may name it. */
export const SYSTEM_TENANT = "system";
