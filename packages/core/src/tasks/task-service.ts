/** What front doors may do with tasks. Implemented by the engine; everything is scoped to a tenant and a caller (I7). */
import type {
  A2AMessage,
  A2ATask,
  AuthorizationDecision,
  DebugAction,
  Debugging,
  DecisionAnswer,
  HeldCall,
  Priority,
  Target,
  TaskEvent,
  TaskState,
} from "@agentcore/contract";
import type { LogPage, TaskHead } from "../ports/index.ts";
import type { BreakpointRequest } from "./debug-task.ts";
import type { DecisionMade } from "./decide-task.ts";
import type { Forked, ForkRequest } from "./fork-task.ts";
import type { Inbox, InboxRequest } from "./inbox.ts";
import type { FollowedLog, FollowOptions } from "./log-reader.ts";
import type { MigrateRequest, TaskMigration } from "./migrate-task.ts";
import type { OpenTasksReport, ReplayOpenRequest } from "./replay-open-tasks.ts";
import type { ReplayReport, ReplayRequest } from "./replay-task.ts";
import type { RestorePoint, RestorePolicy } from "./restore-points.ts";
import type { ViewOptions } from "./view.ts";

/** What a view shows: its bounds are the engine's. */
export type TaskViewOptions = Omit<ViewOptions, "bounds">;

/** Who asks. An operator sees every caller's tasks of the tenant; others see their own only. */
export interface CallerScope {
  readonly tenantId: string;
  readonly caller: string;
  readonly operator?: boolean | undefined;
  /** Of what agents ask for, what the caller is good for. @default everything */
  readonly permissions?: readonly string[] | undefined;
  /** What the platform lets them through with besides, on this call. It stands in no log. @default nothing */
  readonly passes?: readonly string[] | undefined;
}

export interface SubmitRequest {
  readonly target: Target;
  readonly skill?: string | undefined;
  /** What `run` gets. When absent it is taken from `message`: its first data part, else its text. */
  readonly input?: unknown;
  readonly message?: A2AMessage | undefined;
  /** Made when absent. */
  readonly contextId?: string | undefined;
  /** `urgent` needs an operator. @default "normal" */
  readonly priority?: Priority | undefined;
  /** Milliseconds since 1970. */
  readonly deadline?: number | undefined;
  /**
   * Same key, same caller: the task of then is returned, whoever would be chosen now. CONFLICT when it stood for another
   * request, or in another context than the one stated. A2A front doors make it of agent and messageId.
   */
  readonly idempotencyKey?: string | undefined;
  readonly traceparent?: string | undefined;
  /** Remote agents that the work came through, as who sends it says. @default 0 */
  readonly hops?: number | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  /** Where the task is held from its very start on; needs an operator. @default none */
  readonly breakpoints?: readonly string[] | undefined;
  /** Ends the search for who can do what a need says; whoever has been found has the work. @default none */
  readonly signal?: AbortSignal | undefined;
}

export interface Submitted {
  readonly taskId: string;
  readonly contextId: string;
  /** True when the idempotency key was known and nothing new was made. */
  readonly existing: boolean;
}

export interface TaskListing {
  /** One for each head, when `views` was asked for. A task whose log cannot be read has its state only. */
  readonly tasks: readonly A2ATask[];
  readonly heads: readonly TaskHead[];
  /** Cursor of the next page; "" on the last. */
  readonly nextPageToken: string;
  readonly totalSize: number;
}

export interface TaskListRequest {
  readonly contextId?: string | undefined;
  readonly agent?: string | undefined;
  readonly parentTaskId?: string | undefined;
  readonly states?: readonly TaskState[] | undefined;
  readonly updatedSince?: number | undefined;
  /** Read each task's log and show it as A2A does; a page then ends at 16 MiB of them too, with one at least. @default heads only */
  readonly views?: TaskViewOptions | undefined;
  /** 1 to 100. @default 50 */
  readonly pageSize?: number | undefined;
  /** Throws INVALID_ARGUMENT when it is not one of ours. */
  readonly pageToken?: string | undefined;
}

export interface SignalRequest {
  readonly name: string;
  readonly payload?: unknown;
  /** @default a fresh one */
  readonly id?: string | undefined;
}

export interface RestoreRequest extends RestorePolicy {
  readonly after?: number | undefined;
  /** 1 to 1,000. @default 100 */
  readonly limit?: number | undefined;
}

export interface RestorePage {
  readonly points: readonly RestorePoint[];
  /** What to go on after; null on the last page. */
  readonly nextAfter: number | null;
}

export interface MigrateOpenRequest
  extends MigrateRequest,
    Pick<ReplayOpenRequest, "from" | "pageSize" | "pageToken" | "sees"> {
  readonly revision?: string | undefined;
}

export interface OpenTasksMigration extends Omit<OpenTasksReport, "tasks"> {
  readonly tasks: readonly TaskMigration[];
}

export interface TaskService {
  /**
   * Accepts work; durable when it resolves (I5), or completed already when the task needed no effect. Throws
   * AGENT_NOT_FOUND, NO_CANDIDATE, INVALID_ARGUMENT (input refused by the agent's schema), CONFLICT, PERMISSION_DENIED,
   * OVERLOADED, UNAVAILABLE.
   */
  submit(scope: CallerScope, request: SubmitRequest): Promise<Submitted>;
  /**
   * A follow-up or an answer. Idempotent per messageId: `repeated` when the log has the message. With data `{ approval: { token, … } }` it is a
   * decision, as `decide` takes it, and no message. Throws TASK_NOT_FOUND, TASK_TERMINAL, INVALID_ARGUMENT on another context, OVERLOADED.
   */
  send(scope: CallerScope, taskId: string, message: A2AMessage): Promise<"accepted" | "repeated" | "decided">;
  /** Asks for cancellation; resolves when that is durable. Canceled already: nothing happens. Throws TASK_NOT_FOUND, TASK_NOT_CANCELABLE. */
  cancel(scope: CallerScope, taskId: string, reason?: string): Promise<void>;
  /**
   * Grants or refuses access that the task waits for; durable when it resolves. The same decision of the same caller again changes nothing.
   * Throws TASK_NOT_FOUND, TASK_TERMINAL, UNSUPPORTED_OPERATION (nothing like that is asked for), INVALID_ARGUMENT (`name` must say
   * which), CONFLICT (it was decided already), OVERLOADED.
   */
  authorize(scope: CallerScope, taskId: string, decision: AuthorizationDecision): Promise<void>;
  /**
   * What the caller has decided, or to whom they hand their part. Resolves when the task has taken it in; the same answer under the same id
   * again is told the same. For callers who are asked, whether or not they see the task otherwise. Throws TASK_NOT_FOUND, DECISION_REFUSED
   * (`details.reason` says why), TASK_TERMINAL, UNSUPPORTED_OPERATION while it is parked, OVERLOADED, UNAVAILABLE when it is kept and the
   * task did not come to it within half a minute, or until `signal` aborts.
   */
  decide(
    scope: CallerScope,
    taskId: string,
    answer: DecisionAnswer,
    options?: { readonly signal?: AbortSignal },
  ): Promise<DecisionMade>;
  /** What waits for the caller: decisions they are asked for, and what tasks of their own ask. Throws INVALID_ARGUMENT, PERMISSION_DENIED. */
  inbox(scope: CallerScope, request?: InboxRequest): Promise<Inbox>;
  /**
   * Tells it something by name, for code that waits for it now or later; durable when it resolves. `repeated`: it has had a signal of that id,
   * whatever that said. Throws TASK_NOT_FOUND, TASK_TERMINAL, INVALID_ARGUMENT (the name), TOO_LARGE, OVERLOADED (as many wait for it as may).
   */
  signal(scope: CallerScope, taskId: string, signal: SignalRequest): Promise<"accepted" | "repeated">;
  /** Lets a parked task go on. Throws TASK_NOT_FOUND, TASK_NOT_RETRIABLE. */
  retry(scope: CallerScope, taskId: string): Promise<void>;
  /**
   * Runs the code of the task over its log as it is now, without any effect, and tells whether it comes to where the log is. Throws
   * TASK_NOT_FOUND, AGENT_NOT_FOUND, REVISION_UNAVAILABLE, TOO_LARGE, OVERLOADED.
   */
  replay(scope: CallerScope, taskId: string, request?: ReplayRequest): Promise<ReplayReport>;
  /**
   * The same for a page of the agent's open tasks that are not of the revision: which would go on under it. For operators. Throws
   * PERMISSION_DENIED, AGENT_NOT_FOUND, REVISION_UNAVAILABLE, INVALID_ARGUMENT (the page token), OVERLOADED.
   */
  replayOpen(scope: CallerScope, agent: string, request?: ReplayOpenRequest): Promise<OpenTasksReport>;
  /**
   * Moves the task to another revision of its agent, if that comes to where its log is; resolves when the task has taken that in, or after half a
   * minute, or when `signal` aborts. What has the revision already is left alone. For operators. Throws PERMISSION_DENIED, TASK_NOT_FOUND,
   * TASK_TERMINAL, AGENT_NOT_FOUND, REVISION_UNAVAILABLE, INVALID_ARGUMENT (the rules), OVERLOADED.
   */
  migrate(
    scope: CallerScope,
    taskId: string,
    request?: MigrateRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<TaskMigration>;
  /**
   * The same for a page of the agent's open tasks that are not of the revision. Throws PERMISSION_DENIED, AGENT_NOT_FOUND,
   * REVISION_UNAVAILABLE, INVALID_ARGUMENT (the page token), OVERLOADED.
   */
  migrateOpen(
    scope: CallerScope,
    agent: string,
    request?: MigrateOpenRequest,
    options?: { readonly signal?: AbortSignal },
  ): Promise<OpenTasksMigration>;
  /**
   * A new task of the caller that begins where this one was, and goes on from there for real; durable when it resolves. Nothing that was
   * recorded by then is done again. Throws TASK_NOT_FOUND, INVALID_ARGUMENT, REPLAY_DIFFERS (the code does not come there with what was
   * changed), AGENT_NOT_FOUND, REVISION_UNAVAILABLE, TOO_LARGE, CONFLICT, OVERLOADED, UNAVAILABLE, and what `submit` throws.
   */
  fork(scope: CallerScope, taskId: string, request?: ForkRequest): Promise<Forked>;
  /** Events that a fork can begin after, in order: at most 1,000, those after `after`. Throws TASK_NOT_FOUND, OVERLOADED. */
  restorePoints(scope: CallerScope, taskId: string, request?: RestoreRequest): Promise<RestorePage>;
  /** What is held of those tasks of the tenant, by their ids: tasks of which nothing is are left out. */
  held(tenantId: string, tasks: readonly TaskHead[]): Promise<ReadonlyMap<string, readonly HeldCall[]>>;
  /** Where the task is to be held, also what it has not heard of yet, and what is. Throws TASK_NOT_FOUND, TOO_LARGE. */
  debugging(scope: CallerScope, taskId: string): Promise<Debugging>;
  /**
   * Durable when it resolves; holds calls that begin after the task has taken it in, which one that is not in memory does before its next call.
   * Throws TASK_NOT_FOUND, TASK_TERMINAL, OVERLOADED, UNSUPPORTED_OPERATION (a pause of a trigger, which has no code).
   */
  changeBreakpoints(scope: CallerScope, taskId: string, request: BreakpointRequest): Promise<void>;
  /**
   * Lets what is held go on; durable when it resolves. Throws TASK_NOT_FOUND, TASK_TERMINAL, OVERLOADED, UNSUPPORTED_OPERATION (nothing like that
   * is held, or it takes no other input), RESULT_NOT_SERIALISABLE and TOO_LARGE (what it is given).
   */
  release(scope: CallerScope, taskId: string, request: DebugAction): Promise<void>;
  /** Throws TASK_NOT_FOUND, also for another caller's or tenant's task. */
  head(scope: CallerScope, taskId: string): Promise<TaskHead>;
  /**
   * The A2A task as its log tells it now: its artifacts, and as much of the newest history as 16 MiB hold. Throws TASK_NOT_FOUND, TOO_LARGE
   * over 64 MiB of artifacts, OVERLOADED when too many logs are read for the tenant already.
   */
  view(scope: CallerScope, taskId: string, options?: TaskViewOptions): Promise<A2ATask>;
  list(scope: CallerScope, request: TaskListRequest): Promise<TaskListing>;
  /**
   * The log after `after` (default 0), then what is added, in order without a gap (I6), until the task is terminal. To be closed by whoever
   * does not read to the end. Throws TASK_NOT_FOUND.
   */
  follow(scope: CallerScope, taskId: string, options?: FollowOptions): Promise<FollowedLog>;
  /** What `follow` gives, event by event, until `signal` aborts. */
  events(
    scope: CallerScope,
    taskId: string,
    options?: { readonly after?: number; readonly signal?: AbortSignal },
  ): AsyncIterable<TaskEvent>;
  /** The log up to now, or a part of it: as many events as `limit` and `maxBytes` of payloads allow, at least one if there is one. */
  log(scope: CallerScope, taskId: string, options?: LogPage): Promise<readonly TaskEvent[]>;
  /** Resolves with the head once the task is terminal, interrupted (input or auth required) or parked, or when `signal` aborts. */
  settled(scope: CallerScope, taskId: string, options?: { readonly signal?: AbortSignal }): Promise<TaskHead>;
}
