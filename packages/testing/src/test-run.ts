import {
  type A2ATask,
  type AuthorizationDecision,
  type AuthorizationQuestion,
  type DebugAction,
  type Debugging,
  isTerminal,
  PlatformError,
  type TaskEvent,
  type TaskState,
} from "@agentcore/contract";
import type { TaskHead } from "@agentcore/core/ports";
import { type CallerScope, type TaskService, viewTask } from "@agentcore/core/tasks";

interface RunControls {
  readonly act: <T>(action: (tasks: TaskService, scope: CallerScope) => Promise<T>) => Promise<T>;
  readonly advance: (ms: number) => Promise<void>;
  readonly nextId: () => string;
}

/** What somebody decides in a test: exactly one of `choice` and `delegateTo`. */
export interface TestDecision {
  /** @default the caller of the task, who is an operator too */
  readonly by?: string;
  readonly choice?: string;
  readonly delegateTo?: string;
  readonly comment?: string;
  /** Id of the question, when `by` is asked several. */
  readonly question?: string;
  /** @default what is in their inbox now */
  readonly token?: string;
}

/** One task under test, as its log tells it now. */
export class TestRun {
  readonly taskId: string;
  head: TaskHead | null = null;
  private log: readonly TaskEvent[] = [];
  private readonly controls: RunControls;

  constructor(taskId: string, controls: RunControls) {
    this.taskId = taskId;
    this.controls = controls;
  }

  get state(): TaskState {
    return this.head?.state ?? "submitted";
  }

  /** What `run` returned. Throws the task's error when it failed or is parked; undefined while it is open. */
  get output(): unknown {
    const { error } = this;
    if (error !== undefined) throw error;
    const last = this.log.at(-1);
    return last?.type === "task.completed" ? last.data.output : undefined;
  }

  /** Why it failed or is parked. */
  get error(): PlatformError | undefined {
    const last = this.log.at(-1);
    return last?.type === "task.failed" || last?.type === "task.parked" || last?.type === "task.rejected"
      ? PlatformError.fromJSON(last.data.error)
      : undefined;
  }

  /** The log: also what `replay` takes. */
  get events(): readonly TaskEvent[] {
    return this.log;
  }

  /** As an A2A client sees it: status, artifacts, history. */
  get task(): A2ATask {
    return viewTask(this.taskId, this.log);
  }

  /** Answers a question: text as text, anything else as data. Throws UNSUPPORTED_OPERATION when nothing was asked. */
  async answer(value: unknown): Promise<this> {
    if (this.state !== "input-required")
      throw new PlatformError("UNSUPPORTED_OPERATION", `the task asks nothing; it is ${this.state}`);
    return this.send(value);
  }

  /** A follow-up message, whether or not something was asked. Throws TASK_TERMINAL. */
  async send(value: unknown): Promise<this> {
    const messageId = this.controls.nextId();
    const part = typeof value === "string" ? { text: value } : { data: value };
    await this.controls.act((tasks, scope) =>
      tasks.send(scope, this.taskId, { messageId, role: "ROLE_USER", parts: [part] }),
    );
    return this;
  }

  /**
   * Grants access that the task waits for now, with a credential or without one, or refuses it: `{ deny: "why" }`. Throws
   * UNSUPPORTED_OPERATION when nothing like that is asked for, INVALID_ARGUMENT when `name` must say which, CONFLICT.
   */
  async authorize(decision: AuthorizationDecision = {}): Promise<this> {
    const meant = { ...this.referenceTo(decision.name), ...decision };
    await this.controls.act((tasks, scope) => tasks.authorize(scope, this.taskId, meant));
    return this;
  }

  /** Of the one question of that name, or of any, that is open. */
  private referenceTo(name: string | undefined): Pick<AuthorizationDecision, "reference"> {
    const open = new Map<string, AuthorizationQuestion>();
    for (const { type, data } of this.log) {
      if (type === "task.authRequired") open.set(data.path, data.authorization);
      else if (type === "step.completed" || type === "step.failed") open.delete(data.path);
      else if (type === "checkpoint.created") open.clear();
    }
    const [only, ...others] = [...open.values()].filter((asked) => name === undefined || asked.name === name);
    return only?.reference === undefined || others.length > 0 ? {} : { reference: only.reference };
  }

  /**
   * Decides what the task asks, or hands a part over: as `by`, with the token from their inbox, unless one is given. Throws
   * UNSUPPORTED_OPERATION when they are not asked, INVALID_ARGUMENT when `question` must say which, DECISION_REFUSED.
   */
  async decide({ by, question, ...answer }: TestDecision): Promise<this> {
    const id = this.controls.nextId();
    // Before, not with it: whoever asks again because the process died sends the same.
    const token = answer.token ?? (await this.token(by, question));
    await this.controls.act((tasks, scope) => tasks.decide(as(scope, by), this.taskId, { id, ...answer, token }));
    return this;
  }

  /** What that caller would decide with. Throws as `decide` does. */
  token(by?: string, question?: string): Promise<string> {
    return this.controls.act((tasks, scope) => this.tokenOf(tasks, as(scope, by), question));
  }

  private async tokenOf(tasks: TaskService, scope: CallerScope, question: string | undefined): Promise<string> {
    const { items } = await tasks.inbox(scope, { taskId: this.taskId });
    const asked = items.flatMap(({ approval }) =>
      approval?.token !== undefined && (question === undefined || approval.id === question)
        ? [{ id: approval.id, token: approval.token }]
        : [],
    );
    const [only, ...others] = asked;
    if (only === undefined)
      throw new PlatformError("UNSUPPORTED_OPERATION", `${scope.caller} is asked for no such decision`);
    if (others.length > 0)
      throw new PlatformError(
        "INVALID_ARGUMENT",
        `${scope.caller} is asked for several decisions: question: expected one of ${asked.map(({ id }) => id).join(", ")}`,
      );
    return only.token;
  }

  /** Sends a signal, whether or not anything waits for it. Throws TASK_TERMINAL, OVERLOADED. */
  async signal(name: string, payload?: unknown): Promise<this> {
    const id = this.controls.nextId();
    await this.controls.act((tasks, scope) => tasks.signal(scope, this.taskId, { name, payload, id }));
    return this;
  }

  /** Paths of calls that breakpoints hold now. */
  get held(): readonly string[] {
    const held = new Set<string>();
    for (const { type, data } of this.log) {
      if (type === "call.held") held.add(data.path);
      else if (type === "call.released" || type === "step.completed" || type === "step.failed") held.delete(data.path);
      else if (type === "checkpoint.created") {
        held.clear();
        for (const carried of data.carried ?? [])
          if (carried.type === "call.held") held.add(String(carried.data["path"]));
          else held.delete(String(carried.data["path"]));
      }
    }
    return isTerminal(this.state) ? [] : [...held];
  }

  /** Where it is held from now on, in place of where it was. Throws TASK_TERMINAL. */
  async breakAt(breakpoints: readonly string[]): Promise<this> {
    await this.controls.act((tasks, scope) => tasks.changeBreakpoints(scope, this.taskId, { breakpoints }));
    return this;
  }

  /** Lets what is held go on, as `agentcore debug` does. Throws UNSUPPORTED_OPERATION when nothing like that is held, TASK_TERMINAL, TOO_LARGE. */
  async debug(action: DebugAction): Promise<this> {
    let asked = false;
    // Named: asked again because the process died, it is not for the call that is held next.
    const [only, ...others] = this.held;
    const path = action.path ?? (others.length === 0 ? only : undefined);
    await this.controls.act(async (tasks, scope) => {
      const again = asked;
      asked = true;
      try {
        await tasks.release(scope, this.taskId, { ...action, path });
      } catch (error) {
        // It was done when the process died.
        if (!again || !PlatformError.is(error) || !["UNSUPPORTED_OPERATION", "TASK_TERMINAL"].includes(error.code))
          throw error;
      }
    });
    return this;
  }

  /** What who looks into it is shown. */
  look(): Promise<Debugging> {
    return this.controls.act((tasks, scope) => tasks.debugging(scope, this.taskId));
  }

  /** Throws TASK_NOT_CANCELABLE. */
  async cancel(reason?: string): Promise<this> {
    await this.controls.act((tasks, scope) => tasks.cancel(scope, this.taskId, reason));
    return this;
  }

  /** Lets a parked task go on. Throws TASK_NOT_RETRIABLE. */
  async retry(): Promise<this> {
    await this.controls.act((tasks, scope) => tasks.retry(scope, this.taskId));
    return this;
  }

  /** Moves the clock of the whole test. */
  async advance(ms: number): Promise<this> {
    await this.controls.advance(ms);
    return this;
  }

  /** Called by the test when the log may have grown. */
  update(head: TaskHead, log: readonly TaskEvent[]): void {
    this.head = head;
    this.log = log;
  }
}

const as = (scope: CallerScope, caller: string | undefined): CallerScope =>
  caller === undefined ? scope : { tenantId: scope.tenantId, caller };
