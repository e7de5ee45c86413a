/** Follows a task's log event by event, and says which of them the program could not have brought about. */
import { type A2AMessage, isTerminal, type TaskEvent, type TaskState } from "@agentcore/contract";
import { type Call, type Choice, Failure, failsForGood, Machine } from "./machine.ts";
import { MAX_ATTEMPTS, type Payload, type Span, type StepValue } from "./program.ts";

export interface LogFacts {
  readonly taskId: string;
  readonly log: readonly TaskEvent[];
  readonly payload: Payload;
  readonly spans: Readonly<Record<Span, number>>;
  readonly deadline: number | null;
  /** A clock was set back: what was due by it may have come early by another. */
  readonly clocksJump: boolean;
  /** The log of a child. */
  readonly logOf: (taskId: string) => readonly TaskEvent[] | undefined;
  /** Codes that tasks of this world may be parked with. */
  readonly parkedAs: ReadonlySet<string>;
}

/** Null when the log is one that the program can have; else the first event that is not, and why. */
export const follow = (facts: LogFacts): string | null => {
  const { how } = facts.payload.change ?? {};
  const choices: readonly Choice[] = how === undefined ? [1] : [1, 2];
  const verdicts = choices.map((choice) => new Follower(facts, choice).run());
  // One version of the code explains all of it.
  return verdicts.includes(null) ? null : verdicts.join(" / ");
};

/** Whether the second version of the code could have come to this log: otherwise it must be parked. */
export const fitsNewCode = (facts: LogFacts): boolean => new Follower(facts, 2).run() === null;

interface OpenState {
  attempt: number;
  /** A durable wait began. */
  begun: boolean;
  dueAt: number | null;
  childTaskId: string | null;
  /** How often the task had been retried when the question was asked. */
  retries: number;
}

class Follower {
  private readonly facts: LogFacts;
  private readonly choice: Choice;
  private machine: Machine | null = null;
  private round = 0;
  private states = new Map<string, OpenState>();
  private settled = new Set<string>();
  /** Questions, in the order they were asked. */
  private asked: string[] = [];
  /** Messages, with the questions that were open when they came. */
  private unjudged: { readonly message: A2AMessage; readonly paths: readonly string[] }[] = [];
  private isStarted = false;
  private isCanceled = false;
  private retries = 0;
  private state: TaskState = "submitted";
  /** Path of the question that the state shows, or showed last. */
  private shown: string | null = null;

  constructor(facts: LogFacts, choice: Choice) {
    this.facts = facts;
    this.choice = choice;
  }

  run(): string | null {
    for (const [index, event] of this.facts.log.entries()) {
      const wrong =
        event.seq !== index + 1
          ? `expected number ${index + 1}`
          : isTerminal(this.state)
            ? "after the end"
            : this.take(event, index);
      if (wrong !== null) return `${event.seq} ${event.type} ${JSON.stringify(event.data).slice(0, 200)}: ${wrong}`;
    }
    return null;
  }

  private begin(): void {
    this.machine = new Machine(this.facts.payload, this.round, this.choice);
    this.states = new Map();
    this.settled = new Set();
    this.asked = [];
    this.unjudged = [];
    this.machine.start();
  }

  private stateOf(path: string): OpenState {
    const known = this.states.get(path);
    if (known !== undefined) return known;
    const made: OpenState = { attempt: 1, begun: false, dueAt: null, childTaskId: null, retries: 0 };
    this.states.set(path, made);
    return made;
  }

  private take(event: TaskEvent, index: number): string | null {
    if (this.state === "parked" && !["task.resumed", "task.cancelRequested", "task.canceled"].includes(event.type))
      return "the task was parked";
    switch (event.type) {
      case "task.submitted":
        return index === 0 ? null : "not the first";
      case "task.assigned":
        return null;
      case "task.started":
        if (this.isStarted) return "started before";
        this.isStarted = true;
        this.state = "working";
        this.begin();
        return null;
      case "task.resumed":
        if (event.data.reason === "retry" && this.state !== "parked") return "was not parked";
        if (event.data.reason === "retry") this.retries += 1;
        this.state = "working";
        return null;
      case "task.parked":
        this.state = "parked";
        return this.facts.parkedAs.has(event.data.error.code) ? null : "no reason to park";
      case "task.cancelRequested":
        // A task that was parked with a cancel in its log is ended by another.
        if (this.isCanceled && this.state !== "parked") return "canceled before";
        if (!this.isCanceled) this.machine?.cancel();
        this.isCanceled = true;
        return null;
      case "task.migrated":
      case "task.migrationRefused":
        return "nobody asks for another revision here";
      case "task.deadlinePassed":
        return "no agent here compensates";
      case "task.canceled":
        this.state = "canceled";
        return this.isCanceled ? null : "nobody canceled it";
      case "decision.made":
        return event.data.path === undefined || this.isKnown(event.data.path) ? null : "no such call";
      case "message.added":
        return this.hear(event.data.message);
      case "task.completed":
      case "task.failed":
        return this.finish(event);
      case "checkpoint.created":
        return this.goOn(event.data.state);
      case "artifact.appended":
        return this.machine?.marks.delete(event.data.path) === true ? null : "the code did not make it";
      case "step.started":
        return this.startWait(event);
      case "step.completed":
        if (event.data.kind === "patched")
          return this.machine?.marks.delete(event.data.path) === true ? null : "the code did not ask";
        return this.complete(event);
      case "step.failed":
        return this.fail(event);
      case "task.inputRequired":
        return this.ask(event);
      case "task.authRequired":
        return this.askFor(event);
      case "signal.received":
      case "signal.refused":
      case "task.rejected":
      case "approval.answered":
      case "approval.delegated":
      case "approval.refused":
      case "approval.reminded":
      case "approval.escalated":
      case "task.progressed":
      case "breakpoints.changed":
      case "call.held":
      case "call.released":
      case "log.compacted":
        return "no program does that";
    }
  }

  private openCall(path: string): Call | null {
    return this.machine?.open.get(path) ?? null;
  }

  private isKnown(path: string): boolean {
    return this.openCall(path) !== null || this.isOverrun(path);
  }

  /** A call that was open when the cancel came may have been on its way into the log. */
  private isOverrun(path: string): boolean {
    return this.machine?.canceled.has(path) === true;
  }

  private hear(message: A2AMessage): null {
    this.unjudged.push({ message, paths: this.asked.filter((path) => this.openCall(path) !== null) });
    return null;
  }

  /** Messages are judged in their order, each by the first of its questions that is still open. */
  private judge(call: Call, messageId: string | undefined): string | null {
    for (let next = this.unjudged.shift(); next !== undefined; next = this.unjudged.shift()) {
      const { message, paths } = next;
      const first = paths.find((path) => this.openCall(path) !== null);
      if (first === undefined) continue;
      if (first !== call.path) return `${message.messageId} came to ${first}`;
      return message.messageId === messageId ? null : `expected ${message.messageId}`;
    }
    return "no message came to it";
  }

  /** Whether the state showed such a question that is still open; from now on it shows the one at `path`. */
  private isShown(state: "input-required" | "auth-required", path: string): boolean {
    const wasShown = this.state === state && this.shown !== null && this.openCall(this.shown) !== null;
    this.state = state;
    this.shown = path;
    return wasShown;
  }

  private ask({ data }: Extract<TaskEvent, { type: "task.inputRequired" }>): string | null {
    const call = this.openCall(data.path);
    const wasShown = this.isShown("input-required", data.path);
    if (call === null) return this.isOverrun(data.path) ? null : "no such call";
    const state = this.stateOf(data.path);
    if (data.refusedMessageId === undefined) {
      if (!state.begun) this.asked.push(data.path);
      else if (state.retries === this.retries && wasShown) return "asked before";
      state.begun = true;
      state.retries = this.retries;
      return null;
    }
    const refused = this.unjudged.find(({ message }) => message.messageId === data.refusedMessageId);
    if (refused !== undefined && isGood(call, refused.message)) return "the refused message was good";
    return this.judge(call, data.refusedMessageId);
  }

  /** Asked once, again after a retry, and again when what the state showed is over. */
  private askFor({ data }: Extract<TaskEvent, { type: "task.authRequired" }>): string | null {
    const call = this.openCall(data.path);
    const wasShown = this.isShown("auth-required", data.path);
    if (call === null) return this.isOverrun(data.path) ? null : "no such call";
    if (data.authorization.name !== call.at) return "asks for something else";
    const state = this.stateOf(data.path);
    if (state.begun && state.retries === this.retries && wasShown) return "asked before";
    state.begun = true;
    state.retries = this.retries;
    return null;
  }

  private startWait({ at, data }: Extract<TaskEvent, { type: "step.started" }>): string | null {
    const call = this.openCall(data.path);
    if (call === null) return this.isOverrun(data.path) ? null : "no such call";
    const state = this.stateOf(data.path);
    if (state.begun) return "begun before";
    state.begun = true;
    if (data.attempt !== state.attempt) return `expected attempt ${state.attempt}`;
    if (call.op?.op === "sleep") {
      state.dueAt = data.dueAt ?? null;
      return data.dueAt === Math.ceil(at + this.facts.spans[call.op.span]) ? null : "due at another time";
    }
    if (call.op?.op !== "child" || data.childTaskId === undefined) return "a wait of another kind";
    state.childTaskId = data.childTaskId;
    const submitted = this.facts.logOf(data.childTaskId)?.[0];
    if (submitted?.type !== "task.submitted") return "there is no such child";
    const { parent, input } = submitted.data;
    if (parent?.taskId !== this.facts.taskId || parent.path !== data.path) return "the child has another parent";
    return same((input as Payload).body, call.op.body) ? null : "the child was asked something else";
  }

  private complete({ at, data }: Extract<TaskEvent, { type: "step.completed" }>): string | null {
    const call = this.openCall(data.path);
    if (this.settled.has(data.path)) return "settled before";
    this.settled.add(data.path);
    if (call === null) return this.isOverrun(data.path) ? null : "the code has not made that call";
    if (call.kind !== data.kind) return `expected ${call.kind}`;
    const wrong = this.checkResult(call, data.result, at);
    const { result } = data;
    const value = call.kind === "input" ? (result as { readonly value: unknown }).value : result;
    this.machine?.settle(data.path, { value: call.kind === "emit" ? null : value });
    return wrong;
  }

  private checkResult(call: Call, result: unknown, at: number): string | null {
    const state = this.stateOf(call.path);
    switch (call.kind) {
      case "step": {
        if ((result as StepValue).at !== call.at) return "the result of another step";
        const fails = call.op?.op === "step" ? call.op.fails : 0;
        return state.attempt === fails + 1 ? null : `expected ${fails} failures, there were ${state.attempt - 1}`;
      }
      case "sleep":
        if (!state.begun || state.dueAt === null) return "the sleep did not begin";
        return at >= state.dueAt || this.facts.clocksJump ? null : "woken too early";
      case "command": {
        const end = this.facts.logOf(state.childTaskId ?? "")?.at(-1);
        return end?.type === "task.completed" && same(end.data.output, result) ? null : "not what the child returned";
      }
      case "input": {
        const { messageId, value } = result as { readonly messageId: string; readonly value: unknown };
        const found = this.unjudged.find(({ message }) => message.messageId === messageId);
        if (found === undefined) return "there is no such message";
        if (!isGood(call, found.message)) return "the message should be refused";
        return value === found.message.parts[0]?.text ? this.judge(call, messageId) : "another value";
      }
      case "authorization": {
        const { name, reference } = result as { readonly name: unknown; readonly reference: unknown };
        return state.begun && name === call.at && typeof reference === "string" ? null : "not what was asked for";
      }
      case "emit":
        return typeof result === "string" ? null : "no id";
    }
  }

  private fail({ data }: Extract<TaskEvent, { type: "step.failed" }>): string | null {
    const call = this.openCall(data.path);
    if (call === null) return this.isOverrun(data.path) ? null : "the code has not made that call";
    const state = this.stateOf(data.path);
    if (data.attempt !== state.attempt) return `expected attempt ${state.attempt}`;
    if (call.op?.op === "step") {
      const isLast = data.attempt >= MAX_ATTEMPTS;
      if (data.attempt > call.op.fails) return "this try succeeds";
      if ((data.retryAt === undefined) !== isLast) return "three tries are allowed";
      if (isLast && !failsForGood(call.op)) return "it does not fail for good";
    } else if (call.op?.op === "child") {
      const wrong = this.checkChildFailed(state.childTaskId, data.error.code);
      if (wrong !== null) return wrong;
    } else if (call.op?.op === "access") {
      if (!state.begun || data.error.code !== "PERMISSION_DENIED" || data.retryAt !== undefined)
        return "not how access is refused";
    } else return "it cannot fail";
    state.attempt += 1;
    if (data.retryAt === undefined) {
      if (this.settled.has(data.path)) return "settled before";
      this.settled.add(data.path);
      this.machine?.settle(data.path, { error: new Failure(data.error.code) });
    } else if (call.kind === "command") state.begun = false;
    return null;
  }

  private checkChildFailed(childTaskId: string | null, code: string): string | null {
    const end = this.facts.logOf(childTaskId ?? "")?.at(-1);
    if (end?.type === "task.canceled") return code === "CANCELED" ? null : "the child was canceled";
    return end?.type === "task.failed" && end.data.error.code === code ? null : "not how the child ended";
  }

  private goOn(state: unknown): string | null {
    const { continuing, marks } = this.machine ?? {};
    if (continuing == null) return "the code does not go on here";
    if (!same(continuing.state, state)) return `expected ${JSON.stringify(continuing.state)}`;
    if (marks !== undefined && marks.size > 0) return `${[...marks].join()} is missing`;
    if (this.isCanceled) return "the task was canceled";
    this.round += 1;
    this.begin();
    return null;
  }

  private finish(event: Extract<TaskEvent, { type: "task.completed" | "task.failed" }>): string | null {
    this.state = event.type === "task.completed" ? "completed" : "failed";
    if (this.isCanceled) return "the task was canceled";
    const { deadline } = this.facts;
    if (event.type === "task.failed" && event.data.error.code === "DEADLINE_EXCEEDED" && deadline !== null)
      return event.at >= deadline || this.facts.clocksJump ? null : "before its deadline";
    const { end, marks, open, owed = [] } = this.machine ?? {};
    if (end == null) return `the code still waits for ${[...(open?.keys() ?? [])].join()}`;
    for (const path of owed) {
      const { begun, childTaskId } = this.stateOf(path);
      // One that is about to be sent again was sent.
      const isUnsent = open?.has(path) === true && !begun && childTaskId === null;
      if (marks?.has(path) === true || isUnsent) return `${path} was not sent`;
    }
    if ("error" in end)
      return event.type === "task.failed" && event.data.error.code === end.error.code
        ? null
        : `expected ${end.error.code}`;
    return event.type === "task.completed" && same(event.data.output, end.value)
      ? null
      : `expected ${JSON.stringify(end.value)}`;
  }
}

const isGood = (call: Call, message: A2AMessage): boolean =>
  call.op?.op === "input" && (call.op.checks === "nothing" || message.parts[0]?.text?.startsWith("ok") === true);

export const same = (left: unknown, right: unknown): boolean => sorted(left) === sorted(right);

/** JSON with the members in the order of their names. */
const sorted = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) =>
    each !== null && typeof each === "object" && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  ) ?? "null";
