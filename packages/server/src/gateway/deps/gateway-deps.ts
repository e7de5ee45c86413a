/** What the gateway asks of the node it stands in front of. Filled by compose.ts, faked in a few lines by tests. */

import type { CardSigner } from "@agentcore/a2a/cards";
import type { TaskHead } from "@agentcore/core/ports";
import type { TaskService } from "@agentcore/core/tasks";
import type { ModelGateway } from "@agentcore/models";
import type { AgentFinder } from "./agent-finder.ts";
import type { AgentDirectory } from "./agents.ts";
import type { BackupService } from "./backup-service.ts";
import type { ConsentDoor } from "./consent-door.ts";
import type { ApiKey, Credentials } from "./credentials.ts";
import type { HookDoor } from "./hook-door.ts";
import type { ManifestService } from "./manifest-service.ts";
import type { MemoryService } from "./memory-service.ts";
import type { NodeService } from "./node-service.ts";
import type { OrchestrationService } from "./orchestration-service.ts";
import type { PushConfigService } from "./push-config-service.ts";
import type { RetentionService } from "./retention-service.ts";
import type { ScheduleService } from "./schedule-service.ts";
import type { SpendingService } from "./spending-service.ts";
import type { ToolService } from "./tool-service.ts";
import type { WorkflowService } from "./workflow-service.ts";

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

export interface Health {
  readonly ready: boolean;
  readonly checks: Readonly<Record<string, unknown>>;
}
