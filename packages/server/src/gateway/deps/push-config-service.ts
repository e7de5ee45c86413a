import type { A2AVersion, TaskPushNotificationConfig } from "@agentcore/contract";
import type { CallerScope } from "@agentcore/core/tasks";

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
