/**
 * One task while it is in memory: its code, what the code waits for, and what the log does not know yet.
 *
 * States:  replaying → live → ending → ended
 *   replaying  recorded deliveries are handed to the code in log order (journal.ts); nothing has an effect
 *   live       calls start for real; results are appended, committed, and only then handed to the code (I4, I5)
 *   ending     the code has returned, thrown, been cancelled or parked; one last append is on its way
 *   ended      terminal, parked, evicted or lost; the object is garbage
 *
 * Only this object makes log appends for its task, one unit in flight at a time, each conditional on sequence and
 * fencing token (I1). A task whose open calls are all durable waits is evicted with the unit that recorded the last one.
 */
import {
  CancelledError,
  isTerminal,
  type NewTaskEvent,
  PlatformError,
  type Priority,
  type SerializedError,
  type StepKind,
  type TaskState,
} from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import type { CommitUnit, MailboxInsert, NewTask, OutboxInsert, Timer } from "../ports/index.ts";
import type { LoadedAgent } from "./agent-host.ts";
import { createContext } from "./context.ts";
import type { ExecutionServices } from "./execution-services.ts";
import { cancelMail, childFinishedMail } from "./family-mail.ts";
import { Intake } from "./intake.ts";
import type { Delivery, InputResult, Journal, RecordedWait } from "./journal.ts";
import { LazySignal } from "./lazy-signal.ts";
import { Paths } from "./paths.ts";
import { assertSerialisable } from "./serialisable.ts";
import { stateAfter } from "./view.ts";

/** A journaled call that has no result yet. */
export interface OpenCall {
  readonly path: string;
  readonly kind: StepKind;
  readonly inputHash: string | undefined;
  /** Everything it waits for is in the log, so it needs no memory. */
  durable: boolean;
  dueAt: number | null;
  timer: Timer | null;
  childTaskId: string | null;
  detached: boolean;
  /** Agents that got a child for this call, for rerouting. */
  readonly tried: string[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Set by `waitForInput` and `command`: takes what the mailbox brings. */
  receive: ((payload: unknown) => void) | null;
}

export interface CallRequest {
  readonly kind: StepKind;
  readonly name: string;
  readonly key?: string | undefined;
  readonly inputHash?: string | undefined;
  /** Begins the call for real; `recorded` is what the log knows of a wait that was open before. */
  readonly start: (call: OpenCall, recorded: RecordedWait | undefined) => void;
  /** Its child goes on when this task ends. @default false */
  readonly detached?: boolean | undefined;
}

export interface ExecutionHead {
  readonly tenantId: string;
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  readonly contextId: string;
  readonly caller: string;
  readonly priority: Priority;
  readonly deadline: number | null;
  readonly parent: { readonly taskId: string; readonly path: string } | null;
  readonly createdAt: number;
  readonly idempotencyKey?: string | undefined;
}

type Phase = "replaying" | "live" | "ending" | "ended";

// A log longer than this is slow to replay; `ctx.continueAs` starts afresh (design: Growth).
const MAX_EVENTS = 10_000;
const CANCEL_GRACE_MS = 30_000;
// One for all: making an error, with its stack, costs more than the rest of ending a task.
const HAS_ENDED = new CancelledError("the task has ended");

export class Execution {
  readonly head: ExecutionHead;
  readonly journal: Journal;
  readonly paths = new Paths();
  readonly open = new Map<string, OpenCall>();
  readonly intake: Intake;
  readonly services: ExecutionServices;
  readonly loaded: LoadedAgent;
  state: TaskState;
  seq: number;
  readonly token: number;
  checkpointSeq: number;
  /** False until the unit that creates the task is committed: no effect may start before (I4). */
  born: boolean;
  phase: Phase = "replaying";
  /** Time of the last delivery: `ctx.now()`. */
  time: number;
  commitInFlight = false;
  /** Commands on their way through the bus: code that returns without awaiting them has sent them all the same. */
  private sending = 0;
  /** Effects running now: while there are any, the task cannot be evicted. */
  effects = 0;
  lastActivity: number;

  private events: NewTaskEvent[] = [];
  private committed: (() => void)[] = [];
  private creates: NewTask[] = [];
  private mail: MailboxInsert[] = [];
  private outbox: OutboxInsert[] = [];
  private consume: string[] = [];
  private ready: Delivery[] = [];
  private delivering = false;
  private readonly visited = new Set<string>();
  private readonly canceledPaths = new Set<string>();
  private waitingForBirth: (() => void)[] = [];
  private waitingForLive: (() => void)[] = [];
  private ending: { readonly event: NewTaskEvent; readonly afterMailbox: boolean } | null = null;
  private returned: { readonly value: unknown } | { readonly error: unknown } | null = null;
  private cancel: { readonly reason: string | undefined } | null = null;
  private deadlineTimer: Timer | null = null;
  private graceTimer: Timer | null = null;
  /** Place of `checkpoint.created` among the events to be written, 1 for the first; mail may come after it in the same unit. */
  private checkpointPlace: number | null = null;
  private draining = false;
  private readonly running = new LazySignal();
  private launches: Execution[] = [];
  /** The deadline passed while the log was replayed. */
  private expired = false;
  private readonly cleanup = new LazySignal();

  constructor(options: {
    readonly head: ExecutionHead;
    readonly loaded: LoadedAgent;
    readonly journal: Journal;
    readonly state: TaskState;
    readonly seq: number;
    readonly token: number;
    readonly checkpointSeq: number;
    readonly born: boolean;
    readonly services: ExecutionServices;
    /** Events that are not in the store yet: those that create an unborn task. */
    readonly events?: readonly NewTaskEvent[];
  }) {
    this.head = options.head;
    this.loaded = options.loaded;
    this.journal = options.journal;
    this.state = options.state;
    this.seq = options.seq;
    this.token = options.token;
    this.checkpointSeq = options.checkpointSeq;
    this.born = options.born;
    this.services = options.services;
    this.events = [...(options.events ?? [])];
    this.time = options.journal.submittedAt;
    this.lastActivity = options.services.senses.clock.monotonic();
    this.intake = new Intake(this);
  }

  /** What a step that begins now listens to, made when it looks. After a cancel it cleans up: its signal is not aborted from the start. */
  stepSignal(): () => AbortSignal {
    const signal = this.cancel === null ? this.running : this.cleanup;
    return () => signal.signal;
  }

  private abort(reason: PlatformError): void {
    this.running.abort(reason);
    this.cleanup.abort(reason);
  }

  /** Aborts on cancel, deadline, loss of the lease and at the end. */
  get signal(): AbortSignal {
    return this.running.signal;
  }

  /** The code has been told of a cancel. */
  get isCanceled(): boolean {
    return this.cancel !== null;
  }

  get definition(): AgentDefinition {
    return this.loaded.definition;
  }

  /** Runs the code from the top. `attempt` is the claim's number. */
  start(attempt: number): void {
    if (this.phase !== "replaying" || this.draining) return;
    const { clock } = this.services.senses;
    this.append({ type: "task.assigned", at: clock.now(), data: { node: this.services.node, attempt } });
    if (!this.journal.started) this.append({ type: "task.started", at: clock.now(), data: {} });
    if (this.head.deadline !== null) {
      const left = this.head.deadline - clock.now();
      if (left > 0) this.deadlineTimer = clock.after(left, () => this.expire());
      else this.expired = true;
    }
    if (this.journal.calls.size === 0 && this.journal.deliveries.length === 0) {
      this.phase = "live";
      if (this.expired) return this.expire();
      this.invoke();
    } else {
      this.invoke();
      void this.replay();
    }
  }

  private invoke(): void {
    const { run } = this.definition;
    const { submitted } = this.journal;
    const task = {
      id: this.head.taskId,
      contextId: this.head.contextId,
      tenantId: this.head.tenantId,
      input: submitted.input,
      skill: submitted.skill,
      ...(this.journal.continuedFrom === undefined ? {} : { continuedFrom: this.journal.continuedFrom }),
    };
    if (run === undefined) {
      this.onThrow(
        new PlatformError("UNSUPPORTED_OPERATION", `agent ${this.head.agent} answers queries only; it has no run()`),
      );
      return;
    }
    let result: unknown;
    try {
      result = run(task, createContext(this));
    } catch (error) {
      this.onThrow(error);
      return;
    }
    Promise.resolve(result).then(
      (value) => this.onReturn(value),
      (error: unknown) => this.onThrow(error),
    );
  }

  // ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Makes a journaled call. The promise settles when the result is durable, in log order; after an eviction it never does. */
  call<T>(request: CallRequest): Promise<T> {
    if (this.phase === "ending" || this.phase === "ended") return new Promise<T>(() => {});
    this.lastActivity = this.services.senses.clock.monotonic();
    const path = this.paths.enter(request.kind, request.name, request.key);
    if (!this.agrees(path, request.kind, request.inputHash)) return new Promise<T>(() => {});
    return new Promise<T>((resolve, reject) => {
      const call: OpenCall = {
        path,
        kind: request.kind,
        inputHash: request.inputHash,
        durable: false,
        dueAt: null,
        timer: null,
        childTaskId: this.journal.waits.get(path)?.childTaskId ?? null,
        detached: request.detached ?? false,
        tried: [...(this.journal.routed.get(path) ?? [])],
        resolve: resolve as (value: unknown) => void,
        reject,
        receive: null,
      };
      this.open.set(path, call);
      const recorded = this.journal.waits.get(path);
      // What the log has a result for is settled by the replay; everything else begins once the replay is through.
      if (this.phase === "replaying") {
        this.waitingForLive.push(() => {
          if (this.open.get(path) === call) request.start(call, recorded);
        });
      } else {
        request.start(call, recorded);
      }
    });
  }

  /** A call that is recorded at once and waits for nothing. Returns false when the log has it already. */
  mark(
    kind: StepKind,
    name: string,
    inputHash: string | undefined,
  ): { readonly path: string; readonly isNew: boolean } | null {
    if (this.phase === "ending" || this.phase === "ended") return null;
    const path = this.paths.mark(kind, name);
    if (!this.agrees(path, kind, inputHash)) return null;
    return { path, isNew: !this.journal.marks.has(path) };
  }

  /** True while the log holds calls that the code has not come to: it is where an earlier run passed. */
  hasCallsAhead(): boolean {
    for (const path of this.journal.calls.keys()) if (!this.visited.has(path)) return true;
    return false;
  }

  /** A mark that was asked about but not made. */
  unmark(path: string): void {
    this.visited.delete(path);
  }

  /** Compares a call with the log; on a difference the task is parked and the call never settles. */
  private agrees(path: string, kind: StepKind, inputHash: string | undefined): boolean {
    this.visited.add(path);
    const recorded = this.journal.calls.get(path);
    if (recorded === undefined || (recorded.kind === kind && recorded.inputHash === inputHash)) return true;
    this.park(
      new PlatformError("NON_DETERMINISTIC", `the code asks for ${path} with other content than the log recorded`, {
        details: { path, recorded, asked: { kind, inputHash } },
      }),
    );
    return false;
  }

  /** Runs `begin` once the task is durable (I4): at once, or after the commit under way. */
  whenBorn(begin: () => void): void {
    if (this.born) begin();
    else {
      this.waitingForBirth.push(begin);
      this.changed();
    }
  }

  /** Wakes a call at a time, in memory or, when the task is evicted meanwhile, by the store. */
  wakeAt(call: OpenCall, dueAt: number, onDue: () => void): void {
    const { clock } = this.services.senses;
    call.dueAt = dueAt;
    call.timer = clock.after(Math.max(0, dueAt - clock.now()), () => {
      call.timer = null;
      // Clocks cut very long delays short.
      if (clock.now() < dueAt) return this.wakeAt(call, dueAt, onDue);
      if (this.phase === "live" && this.open.get(call.path) === call) onDue();
    });
  }

  complete(call: OpenCall, result: unknown, extra?: NewTaskEvent): void {
    if (this.open.get(call.path) !== call || this.phase !== "live") return;
    const at = this.services.senses.clock.now();
    const { path, kind, inputHash } = call;
    call.durable = false;
    this.append(
      { type: "step.completed", at, data: { path, kind, ...(inputHash === undefined ? {} : { inputHash }), result } },
      () =>
        this.deliver({ type: "result", path, at, result: kind === "input" ? (result as InputResult).value : result }),
    );
    if (extra !== undefined) this.append(extra);
  }

  fail(call: OpenCall, error: PlatformError, attempt: number): void {
    if (this.open.get(call.path) !== call || this.phase !== "live") return;
    const at = this.services.senses.clock.now();
    const { path, kind, inputHash } = call;
    const json = serialise(error);
    call.durable = false;
    this.append(
      {
        type: "step.failed",
        at,
        data: { path, kind, ...(inputHash === undefined ? {} : { inputHash }), attempt, error: json },
      },
      () => this.deliver({ type: "error", path, at, error: json }),
    );
  }

  beginSending(): void {
    this.sending += 1;
    this.effects += 1;
  }

  endSending(): void {
    this.sending -= 1;
    this.effects -= 1;
    if (this.returned !== null && this.sending === 0) this.finish(this.returned);
    this.changed();
  }

  // ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────

  append(event: NewTaskEvent, onCommitted?: () => void): void {
    this.events.push(event);
    if (onCommitted !== undefined) this.committed.push(onCommitted);
    const state = stateAfter(event);
    if (state !== null) this.state = state;
    this.changed();
  }

  appendCheckpoint(state: unknown): void {
    this.append({ type: "checkpoint.created", at: this.services.senses.clock.now(), data: { state } });
    this.checkpointPlace = this.events.length;
    this.phase = "ending";
  }

  /** `launch` runs the child here once the unit that creates it is committed. */
  addChild(child: NewTask, launch: Execution | null): void {
    this.creates.push(child);
    if (launch !== null) this.launches.push(launch);
  }

  addMail(mail: MailboxInsert): void {
    this.mail.push(mail);
    this.changed();
  }

  addOutbox(row: OutboxInsert): void {
    this.outbox.push(row);
  }

  consumed(key: string): void {
    this.consume.push(key);
    this.changed();
  }

  isConsumed(key: string): boolean {
    return this.consume.includes(key);
  }

  changed(): void {
    this.services.markDirty(this);
  }

  /** Everything to write now as one unit, or null when there is nothing to write or say. Called with no unit in flight. */
  takeUnit(): TakenUnit | null {
    if (this.phase === "ended" || (this.phase === "replaying" && !this.draining)) return null;
    if (this.seq - this.checkpointSeq + this.events.length > MAX_EVENTS && this.phase === "live") {
      this.park(
        new PlatformError(
          "HISTORY_LIMIT",
          `the log holds ${this.seq} events, ${MAX_EVENTS} are allowed; use ctx.continueAs(state)`,
        ),
      );
    }
    const { ending } = this;
    if (ending !== null) this.events.push(ending.event);
    const evict = ending === null && this.checkpointPlace === null && (this.draining || this.isIdle());
    // To be assigned is no progress: written alone it would start the count of attempts anew, and a task that kills its
    // process would never be parked (I10). It goes with what comes next.
    const news = ending !== null || this.events.some(({ type }) => type !== "task.assigned");
    if (!news && this.mail.length === 0 && this.consume.length === 0 && !evict) return null;
    const release =
      ending !== null
        ? { dueAt: null }
        : evict
          ? { dueAt: this.draining ? this.services.senses.clock.now() : this.nextDue() }
          : undefined;
    const seq = this.seq + this.events.length;
    const checkpointSeq = this.checkpointPlace === null ? this.checkpointSeq : this.seq + this.checkpointPlace;
    // What was taken in while the task was ending may have said otherwise; the ending event has the last word.
    if (ending !== null) this.state = stateAfter(ending.event) ?? this.state;
    const terminal = ending !== null && isTerminal(this.state);
    const { head } = this;
    const mail = terminal ? [...this.mail, ...this.familyMail(ending.event)] : this.mail;
    const unit: CommitUnit = this.born
      ? {
          tenantId: head.tenantId,
          taskId: head.taskId,
          append: {
            expect: { seq: this.seq, token: this.token },
            events: this.events,
            state: this.state,
            ...(this.checkpointPlace === null ? {} : { checkpointSeq }),
            consume: this.consume,
            requireEmptyMailbox: terminal && ending.afterMailbox,
            ...(release === undefined ? {} : { release }),
          },
          create: this.creates,
          mail,
          outbox: this.outbox,
        }
      : {
          tenantId: head.tenantId,
          create: [
            {
              ...head,
              dueAt: head.createdAt,
              events: this.events,
              claimed: {
                state: this.state,
                ...(this.checkpointPlace === null ? {} : { checkpointSeq }),
                ...(release === undefined ? {} : { release }),
              },
            },
            ...this.creates,
          ],
          mail,
          outbox: this.outbox,
        };
    const taken: TakenUnit = {
      unit,
      seq,
      checkpointSeq,
      events: this.events,
      committed: this.committed,
      children: this.creates,
      launches: this.launches,
      mail: this.mail,
      evict,
      terminal,
      ended: ending !== null,
      restart: this.checkpointPlace !== null,
    };
    this.events = [];
    this.committed = [];
    this.creates = [];
    this.launches = [];
    this.mail = [];
    this.outbox = [];
    this.consume = [];
    this.commitInFlight = true;
    return taken;
  }

  /** The unit is durable. */
  onCommitted(taken: TakenUnit): void {
    this.commitInFlight = false;
    this.seq = taken.seq;
    this.checkpointSeq = taken.checkpointSeq;
    const isBirth = !this.born;
    this.born = true;
    if (taken.evict || taken.ended || taken.restart) {
      this.end();
      return;
    }
    if (isBirth) for (const begin of this.waitingForBirth.splice(0)) begin();
    for (const callback of taken.committed) callback();
  }

  /** The mailbox held something that the last append did not take in: take it in, then end again (I2, I5). */
  onMailboxFirst(taken: TakenUnit): void {
    this.commitInFlight = false;
    this.events = taken.events.slice(0, -1).concat(this.events);
    this.committed = [...taken.committed, ...this.committed];
    this.creates = [...taken.children, ...this.creates];
    this.launches = [...taken.launches, ...this.launches];
    this.consume = [...(taken.unit.append?.consume ?? []), ...this.consume];
    this.mail = [...taken.mail, ...this.mail];
    this.outbox = [...(taken.unit.outbox ?? []), ...this.outbox];
  }

  // ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────

  deliver(delivery: Delivery): void {
    this.ready.push(delivery);
    if (!this.delivering) void this.deliverReady();
  }

  /** One delivery a turn: the code reacts to each before the next, exactly as the replay will have it. */
  private async deliverReady(): Promise<void> {
    this.delivering = true;
    for (let next = this.ready.shift(); next !== undefined; next = this.ready.shift()) {
      if (this.phase !== "live") break;
      this.apply(next);
      if (this.ready.length > 0) await this.services.senses.clock.turn();
    }
    this.delivering = false;
    // Perhaps nothing is left but durable waits: the flush decides.
    this.changed();
  }

  private apply(delivery: Delivery): void {
    this.time = delivery.at;
    this.lastActivity = this.services.senses.clock.monotonic();
    switch (delivery.type) {
      case "message":
        this.intake.messages.push(delivery.message);
        return;
      case "cancel":
        this.applyCancel(delivery.reason);
        return;
      case "result":
      case "error": {
        const call = this.open.get(delivery.path);
        if (call === undefined) return;
        this.close(call);
        if (delivery.type === "result") call.resolve(delivery.result);
        else call.reject(PlatformError.fromJSON(delivery.error));
      }
    }
  }

  private close(call: OpenCall): void {
    call.timer?.cancel();
    this.open.delete(call.path);
    this.paths.leave(call.path);
  }

  private applyCancel(reason: string | undefined): void {
    this.cancel = { reason };
    const error = new CancelledError(reason ?? "the task was canceled");
    this.running.abort(error);
    for (const call of [...this.open.values()]) {
      this.canceledPaths.add(call.path);
      this.close(call);
      call.reject(error);
    }
    // Clean-up may take steps of its own; it does not get for ever.
    this.graceTimer = this.services.senses.clock.after(CANCEL_GRACE_MS, () => this.finish({ value: undefined }));
  }

  private async replay(): Promise<void> {
    const { clock } = this.services.senses;
    await clock.turn();
    for (const delivery of this.journal.deliveries) {
      if (this.phase !== "replaying") return;
      if ((delivery.type === "result" || delivery.type === "error") && !this.open.has(delivery.path)) {
        if (this.canceledPaths.has(delivery.path)) continue;
        if (this.returned !== null || this.open.size > 0) return this.diverge([delivery.path]);
        // No call is open and the code has not ended: it waits for something that ctx knows nothing about.
        return this.park(outsideAwait(delivery.path));
      }
      const settled =
        delivery.type === "result" && this.open.get(delivery.path)?.kind === "input" ? unwrapInput(delivery) : delivery;
      this.apply(settled);
      await clock.turn();
    }
    if (this.phase !== "replaying") return;
    this.phase = "live";
    if (this.expired) return this.expire();
    const begin = this.waitingForLive;
    this.waitingForLive = [];
    for (const callback of begin) callback();
    if (this.returned !== null && this.sending === 0) this.finish(this.returned);
    else this.intake.resume();
    this.changed();
  }

  // ── endings ──────────────────────────────────────────────────────────────────────────────────────────────────

  private onReturn(value: unknown): void {
    this.returned ??= { value };
    if (this.phase === "live" && this.sending === 0) this.finish({ value });
  }

  private onThrow(error: unknown): void {
    this.returned ??= { error };
    if (this.phase === "live" && this.sending === 0) this.finish({ error });
  }

  private finish(outcome: { readonly value: unknown } | { readonly error: unknown }): void {
    if (this.phase !== "live") return;
    const passedBy = [...this.journal.calls.keys()].filter((path) => !this.visited.has(path));
    if (passedBy.length > 0) return this.diverge(passedBy);
    const at = this.services.senses.clock.now();
    // A cancel in the log was first, also when the code ended before it heard of it (I2).
    if (this.cancel !== null || this.intake.cancelRequested) {
      const { reason } = this.cancel ?? { reason: this.intake.cancelReason };
      return this.conclude({ type: "task.canceled", at, data: reason === undefined ? {} : { reason } });
    }
    if ("error" in outcome) {
      return this.conclude({
        type: "task.failed",
        at,
        data: { error: serialise(PlatformError.from(outcome.error, "AGENT_FAILED")) },
      });
    }
    const { output } = this.definition;
    if (output === undefined) return this.concludeWith(outcome.value);
    const refused = (error: unknown): void => this.concludeFailed(PlatformError.from(error, "AGENT_FAILED"));
    try {
      const checked = output["~standard"].validate(outcome.value);
      if (checked instanceof Promise) checked.then((result) => this.concludeChecked(result), refused);
      else this.concludeChecked(checked);
    } catch (error) {
      // A schema is author code too.
      refused(error);
    }
  }

  private concludeChecked(result: {
    readonly value?: unknown;
    readonly issues?:
      | readonly { readonly message: string; readonly path?: readonly unknown[] | undefined }[]
      | undefined;
  }): void {
    if (result.issues === undefined) return this.concludeWith(result.value);
    const violations = result.issues
      .slice(0, 20)
      .map((issue) => ({ field: (issue.path ?? []).map(String).join("."), description: issue.message }));
    const first = violations[0];
    this.concludeFailed(
      new PlatformError(
        "OUTPUT_MISMATCH",
        `agent ${this.head.agent} returned a value its output schema refuses: ${first?.field ?? ""} ${first?.description ?? ""}`,
        { violations },
      ),
    );
  }

  private concludeWith(output: unknown): void {
    try {
      assertSerialisable(output, `the output of agent ${this.head.agent}`);
    } catch (error) {
      return this.concludeFailed(PlatformError.from(error));
    }
    this.conclude({ type: "task.completed", at: this.services.senses.clock.now(), data: { output } });
  }

  private concludeFailed(error: PlatformError): void {
    this.conclude({ type: "task.failed", at: this.services.senses.clock.now(), data: { error: serialise(error) } });
  }

  private conclude(event: NewTaskEvent, afterMailbox = true): void {
    if (this.phase === "ending" || this.phase === "ended") return;
    this.phase = "ending";
    this.ending = { event, afterMailbox };
    this.state = stateAfter(event) ?? this.state;
    this.abort(HAS_ENDED);
    this.changed();
  }

  /** Cancel came while the task was ending with something else, and was committed first: it wins (I2). */
  endAsCanceled(reason: string | undefined): void {
    if (this.ending === null || this.ending.event.type === "task.canceled") return;
    this.ending = {
      event: {
        type: "task.canceled",
        at: this.services.senses.clock.now(),
        data: reason === undefined ? {} : { reason },
      },
      afterMailbox: true,
    };
    this.state = "canceled";
  }

  private expire(): void {
    const deadline = this.head.deadline ?? 0;
    const error = new PlatformError(
      "DEADLINE_EXCEEDED",
      `the task did not finish before its deadline (${deadline} ms since 1970)`,
    );
    // The replay shows which children there are to cancel.
    if (this.phase === "replaying") {
      this.expired = true;
      return;
    }
    this.conclude({ type: "task.failed", at: this.services.senses.clock.now(), data: { error: serialise(error) } });
  }

  /** Ends for now: visible, and continued by `retry` (I10). What was not committed yet is dropped with the code that wrote it. */
  park(error: PlatformError): void {
    if (this.phase === "ending" || this.phase === "ended") return;
    this.services.senses.logger.log("warn", `task parked: ${error.message}`, {
      tenantId: this.head.tenantId,
      taskId: this.head.taskId,
      code: error.code,
    });
    this.conclude(
      { type: "task.parked", at: this.services.senses.clock.now(), data: { error: serialise(error) } },
      false,
    );
  }

  private diverge(paths: readonly string[]): void {
    this.park(
      new PlatformError(
        "NON_DETERMINISTIC",
        `the log recorded ${paths[0]}, which the code now passes by; changed code needs ctx.patched(id) or a new task`,
        {
          details: { recorded: paths.slice(0, 20), asked: [...this.open.keys()].slice(0, 20) },
        },
      ),
    );
  }

  /** Called now and then for tasks in memory: code that waits for nothing the journal knows cannot be continued (I10). */
  checkStalled(now: number, graceMs: number): void {
    if (
      this.phase !== "live" ||
      this.open.size > 0 ||
      this.effects > 0 ||
      this.commitInFlight ||
      this.ready.length > 0 ||
      this.returned !== null
    )
      return;
    if (now - this.lastActivity >= graceMs) this.park(outsideAwait(null));
  }

  /** The node shuts down: what is known is written, the lease is given back, the next node goes on from there. */
  drain(): void {
    this.draining = true;
    this.changed();
  }

  /** Drops the object: evicted, ended, or the lease is lost. The code's promises never settle. */
  end(reason?: PlatformError): void {
    if (this.phase === "ended") return;
    this.phase = "ended";
    this.deadlineTimer?.cancel();
    this.graceTimer?.cancel();
    for (const call of this.open.values()) call.timer?.cancel();
    this.open.clear();
    if (reason !== undefined) this.abort(reason);
  }

  // ── helpers of takeUnit ──────────────────────────────────────────────────────────────────────────────────────

  private isIdle(): boolean {
    // Clean-up after a cancel is bounded by a timer in memory, so it stays there.
    if (this.cancel !== null) return false;
    // What is about to be delivered to the code (`committed`) will move it: not idle.
    if (
      this.phase !== "live" ||
      this.committed.length > 0 ||
      this.effects > 0 ||
      this.open.size === 0 ||
      this.ready.length > 0 ||
      this.delivering ||
      this.waitingForBirth.length > 0
    )
      return false;
    let keeps = false;
    for (const call of this.open.values()) {
      if (!call.durable) return false;
      // A child that runs here will be back sooner than an eviction and a replay would take.
      if (call.childTaskId !== null && this.services.runsHere(this.head.tenantId, call.childTaskId)) keeps = true;
    }
    return !keeps;
  }

  /** Children that were to run here but whose creation was not committed. */
  takeLaunches(): readonly Execution[] {
    const { launches } = this;
    this.launches = [];
    return launches;
  }

  private nextDue(): number | null {
    let due = this.head.deadline;
    for (const call of this.open.values())
      if (call.dueAt !== null && (due === null || call.dueAt < due)) due = call.dueAt;
    return due;
  }

  /** A terminal unit also tells the parent, and cancels children that nobody waits for any more. */
  private familyMail(event: NewTaskEvent): MailboxInsert[] {
    const { parent, taskId } = this.head;
    const mail: MailboxInsert[] = [];
    if (parent !== null) {
      mail.push(
        childFinishedMail(parent.taskId, {
          childTaskId: taskId,
          path: parent.path,
          event: { type: event.type, data: event.data },
        }),
      );
    }
    for (const call of this.open.values()) {
      if (call.childTaskId !== null && !call.detached) mail.push(cancelMail(call.childTaskId, taskId));
    }
    return mail;
  }
}

export interface TakenUnit {
  readonly unit: CommitUnit;
  readonly seq: number;
  readonly checkpointSeq: number;
  readonly events: readonly NewTaskEvent[];
  readonly committed: readonly (() => void)[];
  readonly children: readonly NewTask[];
  /** Those of the children that run here. */
  readonly launches: readonly Execution[];
  readonly mail: readonly MailboxInsert[];
  readonly evict: boolean;
  readonly terminal: boolean;
  readonly ended: boolean;
  readonly restart: boolean;
}

const serialise = (error: PlatformError): SerializedError => {
  const json = error.toJSON();
  try {
    assertSerialisable(json, "an error");
    return json;
  } catch {
    return { code: json.code, message: json.message };
  }
};

const outsideAwait = (recorded: string | null): PlatformError =>
  new PlatformError(
    "OUTSIDE_AWAIT",
    "the code waits for something that did not come through ctx; wrap it in ctx.step(name, fn)",
    {
      details: recorded === null ? {} : { recorded },
    },
  );

const unwrapInput = (delivery: Extract<Delivery, { type: "result" }>): Delivery => ({
  ...delivery,
  result: (delivery.result as InputResult).value,
});
