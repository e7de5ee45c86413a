/** A TaskService on arrays. What the first message says decides what its task does: see `react`. */
import {
  type A2AMessage,
  type AuthorizationDecision,
  type Debugging,
  type DecisionAnswer,
  type HeldCall,
  isTerminal,
  type NewTaskEvent,
  PlatformError,
  type Priority,
  type TaskEvent,
  type TaskState,
} from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import {
  type BreakpointRequest,
  type CallerScope,
  type FollowedLog,
  type FollowOptions,
  type Forked,
  type ForkRequest,
  type InboxItem,
  type InboxRequest,
  itemsOf,
  type LiveText,
  type MigrateOpenRequest,
  type MigrateRequest,
  type OpenTasksMigration,
  type OpenTasksReport,
  type ReplayOpenRequest,
  type ReplayReport,
  type ReplayRequest,
  type RestorePage,
  type RestoreRequest,
  type SignalRequest,
  type SubmitRequest,
  type TaskMigration,
  type TaskService,
  viewTask,
} from "@agentcore/core/tasks";

interface FakeTask {
  readonly taskId: string;
  readonly scope: CallerScope;
  readonly agent: string;
  readonly contextId: string;
  readonly key: string | undefined;
  readonly priority: Priority;
  readonly events: TaskEvent[];
  /** Behind the last event. */
  texts?: readonly LiveText[];
  state: TaskState;
}

const CALL = { path: "ask", kind: "input" as const };

const STATES: Partial<Record<TaskEvent["type"], TaskState>> = {
  "task.started": "working",
  "task.resumed": "working",
  "task.inputRequired": "input-required",
  "task.authRequired": "auth-required",
  "task.completed": "completed",
  "task.failed": "failed",
  "task.canceled": "canceled",
  "task.parked": "parked",
};

export class FakeTaskService implements TaskService {
  private breakpoints: readonly string[] = [];
  readonly tasks = new Map<string, FakeTask>();
  readonly sent: { readonly taskId: string; readonly message: A2AMessage }[] = [];
  /** How often models have said something. */
  spoken = 0;
  /** Readers of a log that have not ended. */
  readers = 0;
  /** Pieces of logs that were read. */
  pieces = 0;
  cancels = 0;
  now = 1_760_000_000_000;
  readonly wakers = new Set<() => void>();
  private nextId = 1;

  /** Who waits for something to change. */
  get waiting(): number {
    return this.wakers.size;
  }

  append(taskId: string, ...events: readonly { readonly type: TaskEvent["type"]; readonly data: unknown }[]): void {
    const task = this.tasks.get(taskId);
    if (task === undefined) throw new Error(`no task ${taskId}`);
    for (const event of events) {
      this.now += 1;
      task.events.push({ ...event, seq: task.events.length + 1, at: this.now } as TaskEvent);
      task.state = STATES[event.type] ?? task.state;
    }
    task.texts = [];
    for (const wake of this.wakers) wake();
  }

  /** What models have said behind the last event, until the next one. */
  speak(taskId: string, ...texts: readonly LiveText[]): void {
    const task = this.tasks.get(taskId);
    if (task === undefined) throw new Error(`no task ${taskId}`);
    task.texts = texts;
    this.spoken += 1;
    for (const wake of this.wakers) wake();
  }

  async submit(scope: CallerScope, request: SubmitRequest) {
    const agent = "agent" in request.target ? request.target.agent : "echo";
    for (const task of this.tasks.values()) {
      const same = request.idempotencyKey !== undefined && task.key === request.idempotencyKey;
      const isOwn = task.scope.tenantId === scope.tenantId && task.scope.caller === scope.caller;
      if (same && isOwn && task.agent === agent)
        return { taskId: task.taskId, contextId: task.contextId, existing: true };
    }
    const taskId = `task-${this.nextId++}`;
    const contextId = request.contextId ?? `context-of-${taskId}`;
    this.tasks.set(taskId, {
      taskId,
      scope,
      agent,
      contextId,
      key: request.idempotencyKey,
      priority: request.priority ?? "normal",
      events: [],
      state: "submitted",
    });
    const { message, metadata } = request;
    const input = request.input ?? message?.parts[0]?.text ?? message?.parts[0]?.data;
    const submitted: Omit<Extract<NewTaskEvent, { type: "task.submitted" }>, "at"> = {
      type: "task.submitted",
      data: {
        agent,
        revision: "r1",
        contextId,
        caller: scope.caller,
        input,
        priority: request.priority ?? "normal",
        message,
        ...(metadata === undefined ? {} : { metadata: { ...metadata } }),
      },
    };
    this.append(taskId, submitted, { type: "task.started", data: {} });
    this.react(taskId, input);
    return { taskId, contextId, existing: false };
  }

  private react(taskId: string, input: unknown): void {
    if (input === "hold") return;
    if (input === "ask")
      return this.append(taskId, { type: "task.inputRequired", data: { ...CALL, prompt: [{ text: "Which one?" }] } });
    if (input === "authorize")
      return this.append(taskId, {
        type: "task.authRequired",
        data: {
          ...{ path: "authorization:github", kind: "authorization", prompt: [{ text: "Sign in" }] },
          authorization: { name: "github" },
        },
      });
    if (input === "fail")
      return this.append(taskId, { type: "task.failed", data: { error: { code: "AGENT_FAILED", message: "no" } } });
    this.append(taskId, { type: "task.completed", data: { output: input ?? null } });
  }

  async send(scope: CallerScope, taskId: string, message: A2AMessage): Promise<"accepted" | "repeated"> {
    const task = this.find(scope, taskId);
    if (message.contextId !== undefined && message.contextId !== task.contextId)
      throw new PlatformError("INVALID_ARGUMENT", "another context", {
        violations: [{ field: "message.contextId", description: "expected the task's own" }],
      });
    const { history = [] } = viewTask(taskId, task.events);
    if (history.some(({ messageId }) => messageId === message.messageId)) return "repeated";
    if (isTerminal(task.state)) throw new PlatformError("TASK_TERMINAL", `task ${taskId} has ended`);
    this.sent.push({ taskId, message });
    // As in the engine, the mailbox is drained later.
    setTimeout(() => {
      this.append(taskId, { type: "message.added", data: { message } });
      if (task.state === "input-required") {
        this.append(taskId, { type: "task.resumed", data: { reason: "input" } });
        this.react(taskId, message.parts[0]?.text);
      }
    }, 5);
    return "accepted";
  }

  async cancel(scope: CallerScope, taskId: string, reason?: string) {
    const task = this.find(scope, taskId);
    if (task.state === "canceled") return;
    if (isTerminal(task.state)) throw new PlatformError("TASK_NOT_CANCELABLE", `task ${taskId} is ${task.state}`);
    this.cancels += 1;
    setTimeout(() => this.append(taskId, { type: "task.canceled", data: reason === undefined ? {} : { reason } }), 5);
  }

  async authorize(scope: CallerScope, taskId: string, { deny }: AuthorizationDecision) {
    const task = this.find(scope, taskId);
    if (task.state !== "auth-required")
      throw new PlatformError("UNSUPPORTED_OPERATION", "it waits for no authorisation");
    this.append(taskId, { type: "task.resumed", data: { reason: "auth" } });
    this.react(taskId, deny ?? "granted");
  }

  readonly decisions: { readonly taskId: string; readonly by: string; readonly answer: DecisionAnswer }[] = [];
  readonly inboxes: { readonly caller: string; readonly request: InboxRequest | undefined }[] = [];
  readonly asked: InboxItem[] = [];

  async decide({ caller }: CallerScope, taskId: string, answer: DecisionAnswer) {
    if (answer.token === "forged")
      throw new PlatformError("DECISION_REFUSED", "it does not count", { details: { taskId, reason: "forged" } });
    this.decisions.push({ taskId, by: caller, answer });
    return { id: "0f".repeat(16), decided: answer.choice !== undefined };
  }

  async inbox({ caller }: CallerScope, request?: InboxRequest) {
    this.inboxes.push({ caller, request });
    return { items: this.asked, nextPageToken: "" };
  }

  async signal(scope: CallerScope, taskId: string, { name, payload, id = "s" }: SignalRequest) {
    if (isTerminal(this.find(scope, taskId).state))
      throw new PlatformError("TASK_TERMINAL", `task ${taskId} has ended`);
    this.append(taskId, { type: "signal.received", data: { id, name, by: scope.caller, payload } });
    return "accepted" as const;
  }

  async replay(scope: CallerScope, taskId: string, { revision = "r1" }: ReplayRequest = {}): Promise<ReplayReport> {
    const { taskId: id } = await this.head(scope, taskId);
    const { seq } = await this.head(scope, taskId);
    return {
      ...{ taskId: id, agent: "echo", revision, agrees: true, from: 1, to: seq },
      differs: null,
      end: null,
      next: [],
    };
  }

  async replayOpen(
    _scope: CallerScope,
    agent: string,
    { revision = "current" }: ReplayOpenRequest = {},
  ): Promise<OpenTasksReport> {
    const asked = typeof revision === "string" ? revision : revision.revision;
    return { agent, revision: asked, alreadyThere: this.tasks.size, tasks: [], nextPageToken: "" };
  }

  async migrate(
    scope: CallerScope,
    taskId: string,
    { revision: to = "current", rules }: MigrateRequest = {},
  ): Promise<TaskMigration> {
    const { state } = await this.head(scope, taskId);
    const replay = { taskId, state, revision: "r1", survives: true, differs: null, error: null };
    return { ...replay, ...(rules === undefined ? {} : { rules }), to, outcome: "migrated", reason: null };
  }

  async migrateOpen(
    scope: CallerScope,
    agent: string,
    { revision = "current", ...request }: MigrateOpenRequest = {},
  ): Promise<OpenTasksMigration> {
    const tasks = await Promise.all(
      [...this.tasks.keys()].map((taskId) => this.migrate(scope, taskId, { ...request, revision })),
    );
    return { agent, revision, alreadyThere: 0, tasks, nextPageToken: "" };
  }

  async fork(scope: CallerScope, taskId: string, { at = 1, input }: ForkRequest = {}): Promise<Forked> {
    await this.head(scope, taskId);
    return { ...(await this.submit(scope, { target: { agent: "echo" }, input })), at };
  }

  async restorePoints(scope: CallerScope, taskId: string, { after = 0 }: RestoreRequest = {}): Promise<RestorePage> {
    await this.head(scope, taskId);
    return { points: after === 0 ? [{ seq: 1, at: 0, type: "task.submitted", path: null }] : [], nextAfter: null };
  }

  async debugging(scope: CallerScope, taskId: string): Promise<Debugging> {
    await this.head(scope, taskId);
    return { breakpoints: this.breakpoints, next: false, held: [], heldCount: 0, outputs: [] };
  }

  async held(_tenantId: string, tasks: readonly TaskHead[]): Promise<ReadonlyMap<string, readonly HeldCall[]>> {
    const held = { path: "step:score", kind: "step", breakpoint: "score", at: 0 };
    return new Map(this.breakpoints.length === 0 ? [] : tasks.map(({ taskId }) => [taskId, [held]]));
  }

  async changeBreakpoints(scope: CallerScope, taskId: string, { breakpoints }: BreakpointRequest): Promise<void> {
    await this.head(scope, taskId);
    this.breakpoints = breakpoints;
  }

  async release(scope: CallerScope, taskId: string): Promise<void> {
    await this.head(scope, taskId);
    throw new PlatformError("UNSUPPORTED_OPERATION", "no call is held");
  }

  async retry(scope: CallerScope, taskId: string) {
    if (this.find(scope, taskId).state !== "parked") throw new PlatformError("TASK_NOT_RETRIABLE", "not parked");
    this.append(taskId, { type: "task.resumed", data: { reason: "retry" } });
  }

  async head(scope: CallerScope, taskId: string): Promise<TaskHead> {
    const { agent, contextId, events, priority, state } = this.find(scope, taskId);
    const at = events.at(-1)?.at ?? 0;
    const rest = {
      checkpointSeq: 0,
      floor: 0,
      token: 1,
      leased: false,
      dueAt: null,
      priority,
      attempts: 0,
      deadline: null,
      parent: null,
    };
    return {
      tenantId: scope.tenantId,
      taskId,
      agent,
      revision: "r1",
      contextId,
      caller: scope.caller,
      state,
      seq: events.length,
      createdAt: at,
      updatedAt: at,
      ...rest,
    };
  }

  async view(scope: CallerScope, taskId: string) {
    return viewTask(taskId, this.find(scope, taskId).events);
  }

  async list(scope: CallerScope, request: Parameters<TaskService["list"]>[1]) {
    if (request.pageToken !== undefined && !/^\d+$/.test(request.pageToken))
      throw new PlatformError("INVALID_ARGUMENT", "not one of our page tokens", {
        violations: [{ field: "pageToken", description: "expected one of ours" }],
      });
    const matches = [...this.tasks.values()]
      .filter((task) => this.visible(scope, task))
      .filter((task) => request.agent === undefined || task.agent === request.agent)
      .filter((task) => request.contextId === undefined || task.contextId === request.contextId)
      .filter((task) => request.states === undefined || request.states.includes(task.state))
      .filter((task) => request.updatedSince === undefined || (task.events.at(-1)?.at ?? 0) >= request.updatedSince)
      .toReversed();
    const start = Number(request.pageToken ?? 0);
    const page = matches.slice(start, start + (request.pageSize ?? 50));
    const nextPageToken = start + page.length < matches.length ? String(start + page.length) : "";
    const heads = await Promise.all(page.map((task) => this.head(scope, task.taskId)));
    return {
      tasks: page.map((task) => viewTask(task.taskId, task.events)),
      heads,
      nextPageToken,
      totalSize: matches.length,
    };
  }

  async follow(scope: CallerScope, taskId: string, options: FollowOptions = {}) {
    return new FakeLog(this, this.find(scope, taskId), options);
  }

  async *events(
    scope: CallerScope,
    taskId: string,
    { after, signal }: { readonly after?: number; readonly signal?: AbortSignal } = {},
  ) {
    const log = await this.follow(scope, taskId, { after });
    signal?.addEventListener("abort", () => log.close(), { once: true });
    if (signal?.aborted !== true) yield* itemsOf(log);
  }

  async log(
    scope: CallerScope,
    taskId: string,
    { after = 0, limit }: { readonly after?: number; readonly limit?: number } = {},
  ) {
    return this.find(scope, taskId).events.slice(after, limit === undefined ? undefined : after + limit);
  }

  async settled(scope: CallerScope, taskId: string, { signal }: { readonly signal?: AbortSignal } = {}) {
    const task = this.find(scope, taskId);
    while ((task.state === "working" || task.state === "submitted") && signal?.aborted !== true)
      await this.changed(signal);
    return this.head(scope, taskId);
  }

  private find(scope: CallerScope, taskId: string): FakeTask {
    const task = this.tasks.get(taskId);
    if (task === undefined || !this.visible(scope, task))
      throw new PlatformError("TASK_NOT_FOUND", `there is no task ${taskId}`);
    return task;
  }

  private visible(scope: CallerScope, task: FakeTask): boolean {
    return task.scope.tenantId === scope.tenantId && (scope.operator === true || task.scope.caller === scope.caller);
  }

  private changed(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.wakers.delete(wake);
        signal?.removeEventListener("abort", wake);
        resolve();
      };
      this.wakers.add(wake);
      signal?.addEventListener("abort", wake, { once: true });
    });
  }
}

/** Few events at a time, so that tests see what is read before it is asked for. */
const PIECE = 10;

class FakeLog implements FollowedLog {
  private readonly service: FakeTaskService;
  private readonly task: FakeTask;
  private after: number;
  private readonly hasRoom: () => boolean;
  private readonly live: boolean;
  private heard = 0;
  private closed = false;
  private wake: (() => void) | null = null;

  constructor(
    service: FakeTaskService,
    task: FakeTask,
    { after = 0, hasRoom = () => true, live = false }: FollowOptions,
  ) {
    this.service = service;
    this.task = task;
    this.after = after;
    this.hasRoom = hasRoom;
    this.live = live;
    service.readers += 1;
  }

  async read(): Promise<readonly TaskEvent[] | null> {
    if (this.closed) return null;
    this.heard = this.service.spoken;
    if (this.task.events.length > this.after && !this.hasRoom()) return [];
    this.service.pieces += 1;
    const piece = this.task.events.slice(this.after, this.after + PIECE);
    this.after += piece.length;
    if (piece.length > 0 || !isTerminal(this.task.state)) return piece;
    this.close();
    return null;
  }

  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return work();
  }

  texts(): readonly LiveText[] {
    return this.live && this.after === this.task.events.length ? (this.task.texts ?? []) : [];
  }

  wait(ring: () => void): void {
    const isHeard = !this.live || this.heard === this.service.spoken;
    if (this.closed || !isHeard || this.task.events.length > this.after) return ring();
    this.wake = () => {
      if (this.wake !== null) this.service.wakers.delete(this.wake);
      this.wake = null;
      ring();
    };
    this.service.wakers.add(this.wake);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.service.readers -= 1;
    this.wake?.();
  }
}
