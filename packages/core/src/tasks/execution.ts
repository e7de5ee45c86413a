/**
 * One task while it is in memory: its code, what the code waits for, and what the log does not know yet.
 *
 * States:  replaying → live → ending → ended
 *   replaying  recorded deliveries are handed to the code in log order (journal.ts); nothing has an effect
 *   live       calls start for real; results are appended and handed to the code, and nothing that it does about them has an
 *              effect before they are committed (I4)
 *   ending     the code has returned, thrown, been cancelled or parked (ending.ts); one last append is on its way
 *   ended      terminal, parked, evicted or lost; the object is garbage
 *
 * Only this object makes log appends for its task, one unit in flight at a time, each conditional on sequence and
 * fencing token (I1). A task whose open calls are all durable waits is evicted with the unit that recorded the last one.
 */
import {
  type A2AMessage,
  type CarriedEvent,
  type Handoff,
  type NewTaskEvent,
  PlatformError,
  type Signal,
  type StepKind,
  type TaskState,
} from "@agentcore/contract";
import type { AgentDefinition } from "@agentcore/contract/authoring";
import { plainCopy } from "../payloads/plain-copy.ts";
import { serialiseError } from "../payloads/serialise-error.ts";
import type { MailboxInsert, NewTask, OutboxInsert, Settlement } from "../ports/index.ts";
import type { Birth } from "./admission.ts";
import type { LoadedAgent } from "./agent-host.ts";
import type { ApartAttempt } from "./apart-code.ts";
import type { ArtifactStream, LiveText } from "./artifact-stream.ts";
import { Draft } from "./draft.ts";
import { Draws } from "./draws.ts";
import { Ending } from "./ending.ts";
import type { ExecutionHead } from "./execution-head.ts";
import type { ExecutionServices } from "./execution-services.ts";
import { contentOf } from "./handoffs.ts";
import { HeldCalls } from "./held-calls.ts";
import { Inbound } from "./inbound.ts";
import { Intake } from "./intake.ts";
import { type Delivery, type Journal, type RecordedWait, resultOf } from "./journal.ts";
import { LazySignal } from "./lazy-signal.ts";
import type { CallRequest, OpenCall } from "./open-call.ts";
import { canceledFor, differsFromLog, outsideAwait } from "./parking.ts";
import { Paths } from "./paths.ts";
import { Reaction } from "./reaction.ts";
import { ReceivedValues } from "./received-values.ts";
import { Repeats } from "./repeats.ts";
import { replay } from "./replay.ts";
import { runCode } from "./run-code.ts";
import type { TakenUnit } from "./take-unit.ts";
import { ToolUse } from "./tool-use.ts";
import { stateAfter } from "./view.ts";
import { VisitedCalls } from "./visited-calls.ts";

interface Checkpoint {
  readonly state: unknown;
  readonly unread: readonly A2AMessage[];
  readonly signals: readonly Signal[];
  readonly carried: readonly CarriedEvent[];
}

type Phase = "replaying" | "live" | "ending" | "ended";

// Of a unit, in events: while the disk stands still, code that only waits does not go on for ever.
const MAX_AHEAD = 500;
// One for all: making an error, with its stack, costs more than the rest of ending a task.
const GOES_ELSEWHERE = new PlatformError("UNAVAILABLE", "the node gives its tasks to others");

export class Execution {
  readonly head: ExecutionHead;
  readonly journal: Journal;
  readonly paths = new Paths();
  readonly repeats = new Repeats();
  readonly toolUse: ToolUse;
  /** Null: nobody looks at it. */
  readonly received: ReceivedValues | null;
  readonly open = new Map<string, OpenCall>();
  /** Of the model calls under way that speak to an artifact. */
  readonly streams = new Set<ArtifactStream>();
  readonly intake: Intake;
  readonly ending: Ending;
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
  /** What is being written. */
  private underWay: Draft | null = null;
  /** Who waits for the unit that creates this task. */
  birth: { readonly resolve: (birth: Birth) => void; readonly reject: (error: unknown) => void } | null = null;
  /** Commands on their way through the bus: code that returns without awaiting them has sent them all the same. */
  private sending = 0;
  /** Effects running now: while there are any, the task cannot be evicted. */
  effects = 0;
  /** Waits for events that are being made known: what the code did after it began them, such as to ask, is not to be seen before. */
  announcing = 0;
  /** Those that are made known when what stands before them is durable: what the code calls after them begins behind them. */
  announcesLater = 0;
  /** Bodies of the code's that run, or are about to: they may see whatever the code is handed, and act on it. */
  readonly bodies = new Set<OpenCall>();
  lastActivity: number;
  /** Where the code runs, if not here. */
  apart: ApartAttempt | null = null;

  /** What the next unit will say. */
  draft: Draft;
  private readonly inbound: Inbound;
  private readonly reaction: Reaction;
  readonly visits: VisitedCalls;
  readonly draws: Draws;
  readonly held: HeldCalls;
  readonly canceledPaths = new Set<string>();
  private waitingForBirth: (() => void)[] = [];
  private waitingForLive: (() => void)[] = [];
  /** The code made them while the task leaves: they begin where it goes on. */
  private readonly unbegun = new Set<OpenCall>();
  /** While calls begin one after another: what is for when all have. */
  private whenAllBegun: (() => void)[] | null = null;
  /** `quiet`: leaves when what runs has ended; `now`: whatever runs. */
  private leaving: "quiet" | "now" | null = null;
  private readonly running = new LazySignal();
  private chain: readonly Handoff[] | null = null;
  /** Path of the question that the log asked last, which is the one that the status shows. */
  askedLast: string | null;
  /** Questions that are open in the log are asked again: since then the task was parked, and looks as if it worked. */
  asksAgain = false;
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
    this.draft = new Draft(options.events);
    this.visits = new VisitedCalls(options.journal);
    this.draws = new Draws(
      options.services.senses.digest,
      { tenantId: options.head.tenantId, taskId: options.head.taskId, checkpointSeq: options.checkpointSeq },
      options.journal.submitted.forkedFrom?.draws,
    );
    this.askedLast = options.journal.askedLast;
    this.toolUse = new ToolUse(options.journal.carried.toolCalls);
    this.received = (options.loaded.definition.guardrails ?? []).length === 0 ? null : new ReceivedValues();
    this.received?.add(options.journal.continuedFrom);
    this.time = options.journal.beganAt;
    this.lastActivity = options.services.senses.clock.monotonic();
    this.intake = new Intake(this);
    this.inbound = new Inbound(this);
    this.reaction = new Reaction(options.services.senses.clock);
    this.held = new HeldCalls(this);
    this.ending = new Ending(this);
    const told = this.ending.told;
    if (told !== null) this.running.abort(told);
  }

  /** What a step listens to, made when it looks. After a cancel it cleans up: its signal is not aborted from the start. */
  stepSignal({ isAfterEnd }: OpenCall): () => AbortSignal {
    const signal = isAfterEnd ? this.cleanup : this.running;
    return () => signal.signal;
  }

  /** The code has been told to end since it made the call, whose signal has aborted: it is not tried again. */
  isOver({ isAfterEnd }: OpenCall): boolean {
    return this.ending.isTold && !isAfterEnd;
  }

  /** The tasks above a child of this one: those above this one, and this one. Made when the first command asks. */
  get handoffs(): readonly Handoff[] {
    const { handoffs = [], input, skill } = this.journal.submitted;
    const content = (): string => contentOf(this.services.senses.digest, skill, input);
    this.chain ??= [...handoffs, { agent: this.head.agent, content: content() }];
    return this.chain;
  }

  /** The task that the run began with. */
  get runId(): string {
    return this.journal.submitted.runId ?? this.head.taskId;
  }

  private abort(reason: PlatformError): void {
    this.running.abort(reason);
    this.cleanup.abort(reason);
  }

  /** Aborts on cancel, deadline, loss of the lease and at the end; the reason tells which. */
  get signal(): AbortSignal {
    return this.running.signal;
  }

  /** The node gives its tasks to others, and nothing here is waited for any more. */
  get mustLeave(): boolean {
    return this.leaving === "now" || (this.leaving === "quiet" && this.effects === 0);
  }

  get isLeaving(): boolean {
    return this.leaving !== null;
  }

  get isSending(): boolean {
    return this.sending > 0;
  }

  /** Code that returns now has made calls, commands perhaps, that only begin where the task goes on. */
  get hasUnbegun(): boolean {
    for (const call of this.unbegun) if (this.open.get(call.path) === call) return true;
    return false;
  }

  /** Access was asked for, or a decision, here or before a checkpoint, behind which nobody looks. */
  get mayHoldCredentials(): boolean {
    return this.checkpointSeq > 0 || this.journal.sawSecrets || this.visits.sawSecrets;
  }

  /** Something in memory will go on by itself: an effect, or a delivery on its way to the code. */
  get isMoving(): boolean {
    return this.effects > 0 || !this.inbound.isEmpty || this.waitingForBirth.length > 0 || this.isReacting;
  }

  /** Code that runs apart has not said yet all that it does about what it was handed. */
  private get isReacting(): boolean {
    return this.apart?.isQuiet === false;
  }

  /**
   * Resolves when the code has reacted to what it was handed: that takes a turn, or what it takes there where it runs apart. False: its
   * task is to end, and it runs apart and comes to no rest.
   */
  async reacted(): Promise<boolean> {
    await this.services.senses.clock.turn();
    return this.apart === null || this.reaction.of(this.apart);
  }

  /** A cancel is in the log, or in the unit that comes next, and takes from the code whatever it waits for: given to it now, it would be nobody's. */
  get isAboutToHearOfCancel(): boolean {
    const { intake, ending } = this;
    return intake.cancelRequested && !ending.isCanceled && !ending.compensates;
  }

  /** The task is cancelled, or out of time, whether its code has heard of it or not: that is not waited for without end. */
  toEnd(): void {
    this.reaction.toEnd();
  }

  /** It moved until now: the flush looks again, and those who judge it count from here. */
  onQuiet(): void {
    this.lastActivity = this.services.senses.clock.monotonic();
    this.changed();
  }

  /** How it ends is known, or it has left memory: what its code does now has no place in the log. */
  get isClosed(): boolean {
    return this.phase === "ending" || this.phase === "ended";
  }

  /** Its history is about to begin afresh. */
  get isContinuing(): boolean {
    return this.phase === "ending" && this.ending.conclusion === null;
  }

  get isAsking(): boolean {
    return this.state === "input-required" || this.state === "auth-required";
  }

  get definition(): AgentDefinition {
    return this.loaded.definition;
  }

  /** Runs the code from the top. `attempt` is the claim's number. */
  start(attempt: number): void {
    if (this.phase !== "replaying" || this.isLeaving) return;
    const { clock } = this.services.senses;
    this.append({ type: "task.assigned", at: clock.now(), data: { node: this.services.node, attempt } });
    if (!this.journal.started)
      this.append({
        type: "task.started",
        at: clock.now(),
        data: this.ending.compensates ? { compensates: true } : {},
      });
    this.ending.watchDeadline();
    if (this.intake.cancelRequested) this.toEnd();
    if (this.journal.calls.size === 0 && this.journal.deliveries.length === 0) {
      this.phase = "live";
      if (this.ending.endIfExpired()) return;
      this.intake.takeBreakpoints();
      runCode(this, (end) => this.ending.onCodeEnd(end));
    } else {
      runCode(this, (end) => this.ending.onCodeEnd(end));
      void replay(this);
    }
  }

  // ── calls ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** Makes a journaled call. The promise settles in log order; what the code does then begins when the result is durable. After an eviction it never settles. */
  call<T>(request: CallRequest): Promise<T> {
    if (this.isClosed) return new Promise<T>(() => {});
    this.lastActivity = this.services.senses.clock.monotonic();
    const path = this.paths.enter(request.kind, request.name, request.key);
    if (!this.agrees(path, request.kind, request.inputHash)) return new Promise<T>(() => {});
    return new Promise<T>((resolve, reject) => {
      const call: OpenCall = {
        path,
        firstPath: this.journal.firstPathOf(path),
        kind: request.kind,
        inputHash: request.inputHash,
        isAfterEnd: this.ending.isTold,
        durable: false,
        dueAt: null,
        timer: null,
        childTaskId: this.journal.waits.get(path)?.childTaskId ?? null,
        detached: request.detached ?? false,
        tried: [...(this.journal.routed.get(path) ?? [])],
        resolve: resolve as (value: unknown) => void,
        reject,
        stopListening: null,
        ask: null,
        heard: null,
        receive: null,
        forget: null,
      };
      this.open.set(path, call);
      const recorded = this.journal.waits.get(path);
      // What the log has a result for is settled by the replay; everything else begins once the replay is through.
      if (this.phase === "replaying") {
        this.waitingForLive.push(() => {
          if (this.open.get(path) === call) this.begin(call, request, recorded);
        });
      } else if (!this.isLeaving) {
        this.begin(call, request, recorded);
      } else this.unbegun.add(call);
    });
  }

  private begin(call: OpenCall, request: CallRequest, recorded: RecordedWait | undefined): void {
    if (this.announcesLater > 0) {
      // Code that returns meanwhile has made the call all the same.
      this.beginSending();
      return this.whenDurable(() => {
        if (this.isOpen(call) && !this.isLeaving) this.begin(call, request, recorded);
        this.endSending();
      });
    }
    const { breakpoints } = this.journal;
    const begin = (): void => request.start(call, recorded, breakpoints.inputOf(call.path, request.input));
    if (breakpoints.isEmpty || recorded !== undefined || !this.held.hold(call, request, begin)) begin();
  }

  /** A call that is recorded at once and waits for nothing. Returns false when the log has it already. */
  mark(
    kind: StepKind,
    name: string,
    inputHash: string | undefined,
  ): { readonly path: string; readonly isNew: boolean } | null {
    if (this.isClosed) return null;
    const path = this.paths.mark(kind, name);
    if (!this.agrees(path, kind, inputHash)) return null;
    this.repeats.reset();
    return { path, isNew: !this.journal.marks.has(path) };
  }

  /** Compares a call with the log; on a difference the task is parked and the call never settles. */
  private agrees(path: string, kind: StepKind, inputHash: string | undefined): boolean {
    if (this.journal.calls.has(path)) this.draws.noteRecorded();
    const recorded = this.visits.visit(path, kind, inputHash);
    if (recorded === null) return true;
    this.ending.park(differsFromLog(path, recorded, { kind, inputHash }));
    return false;
  }

  /** Runs `begin` once the task is durable, and all that the code was handed (I4): at once, or after the commit that it takes. */
  whenDurable(begin: () => void): void {
    if (!this.born) {
      this.waitingForBirth.push(begin);
      this.changed();
    } else if (this.draft.isAhead) this.draft.committed.push(begin);
    else if (this.underWay?.isAhead === true) this.underWay.committed.push(begin);
    else begin();
  }

  /** At once, or, after a replay, when all calls that the code waits for have begun: one that ends sees what else is asked. */
  afterBegin(then: () => void): void {
    if (this.whenAllBegun === null) then();
    else this.whenAllBegun.push(then);
  }

  /** The open call that others know by that path. */
  openTo(firstPath: string): OpenCall | undefined {
    if (this.journal.migrated.length === 0) return this.open.get(firstPath);
    return [...this.open.values()].find((call) => call.firstPath === firstPath);
  }

  /** The code still waits for it: what it would do now has a place in the log. */
  isOpen(call: OpenCall): boolean {
    return this.phase === "live" && this.open.get(call.path) === call;
  }

  complete(call: OpenCall, result: unknown): void {
    if (!this.isOpen(call)) return;
    const at = this.services.senses.clock.now();
    const { path, kind, inputHash } = call;
    call.durable = false;
    // The code may change what it is handed before that is written.
    const recorded = plainCopy(result);
    this.appendResult(
      call,
      {
        type: "step.completed",
        at,
        data: { path, kind, ...(inputHash === undefined ? {} : { inputHash }), result: recorded },
      },
      { type: "result", path, at, result: resultOf(kind, result) },
    );
  }

  fail(call: OpenCall, error: PlatformError, attempt: number): void {
    if (!this.isOpen(call)) return;
    const at = this.services.senses.clock.now();
    const { path, kind, inputHash } = call;
    const json = serialiseError(error);
    const recorded = plainCopy(json) as typeof json;
    call.durable = false;
    this.appendResult(
      call,
      {
        type: "step.failed",
        at,
        data: { path, kind, ...(inputHash === undefined ? {} : { inputHash }), attempt, error: recorded },
      },
      { type: "error", path, at, error: json },
    );
  }

  /**
   * The code has it before it is durable, unless something before it in the log must wait for that, as it is handed everything in log order, or a body of its
   * own runs beside, which would act on it at once (I4). What it does then is written with it, in one unit instead of two.
   */
  private appendResult(call: OpenCall, event: NewTaskEvent, delivery: Delivery): void {
    const { draft, underWay, bodies } = this;
    const isToWait = draft.deliveries.length > 0 || (underWay?.deliveries.length ?? 0) > 0;
    const isSeen = bodies.size > (bodies.has(call) ? 1 : 0);
    if (!this.born || isToWait || isSeen || draft.events.length >= MAX_AHEAD) return this.appendTold(event, delivery);
    this.append(event);
    draft.isAhead = true;
    this.inbound.addAhead(delivery);
  }

  /** An event that the code is told of when it is durable. */
  appendTold(event: NewTaskEvent, delivery: Delivery): void {
    this.draft.deliveries.push(delivery);
    this.append(event);
  }

  beginSending(): void {
    this.sending += 1;
    this.effects += 1;
  }

  endSending(): void {
    this.sending -= 1;
    this.effects -= 1;
    this.ending.endIfReturned();
    this.changed();
  }

  // ── the log ──────────────────────────────────────────────────────────────────────────────────────────────────

  append(event: NewTaskEvent, onCommitted?: () => void): void {
    this.draft.events.push(event);
    this.journal.approvals.apply(event);
    this.journal.breakpoints.apply(event);
    this.journal.records.note(event, this.checkpointSeq);
    if (onCommitted !== undefined) this.draft.committed.push(onCommitted);
    const state = stateAfter(event);
    if (state !== null) this.state = state;
    if (event.type === "task.inputRequired" || event.type === "task.authRequired") this.askedLast = event.data.path;
    this.changed();
  }

  /** Calls under way go on in the fresh history by what is carried of them. */
  appendCheckpoint({ state, unread, signals, carried }: Checkpoint): void {
    const data = {
      state,
      ...(unread.length === 0 ? {} : { unread: [...unread] }),
      ...(signals.length === 0 ? {} : { signals: [...signals] }),
      ...(carried.length === 0 ? {} : { carried: [...carried] }),
      ...(this.journal.migrated.length === 0 ? {} : { migrated: [...this.journal.migrated] }),
      ...this.ending.carried,
      ...this.journal.breakpoints.carried,
      ...this.toolUse.carried,
    };
    this.append({ type: "checkpoint.created", at: this.services.senses.clock.now(), data });
    this.draft.checkpointPlace = this.draft.events.length;
    this.phase = "ending";
  }

  /** `launch` runs the child here once the unit that creates it is committed. */
  addChild(child: NewTask, launch: Execution | null): void {
    this.draft.creates.push(child);
    if (launch !== null) this.draft.launches.push(launch);
  }

  addMail(mail: MailboxInsert): void {
    this.draft.mail.push(mail);
    this.changed();
  }

  addOutbox(row: OutboxInsert): void {
    this.draft.outbox.push(row);
  }

  /** With what is written next. */
  settle(settlement: Settlement): void {
    this.draft.settlements.push(settlement);
  }

  consumed(key: string): void {
    this.draft.consume.push(key);
    this.changed();
  }

  changed(): void {
    this.services.markDirty(this);
  }

  /** Everything drafted is on its way; what comes now belongs to the next unit. */
  beginCommit(): void {
    this.underWay = this.draft;
    this.draft = new Draft();
  }

  get commitInFlight(): boolean {
    return this.underWay !== null;
  }

  /** Once for each unit: the code is about to be handed a result that is in it, and what it does about that goes with it. */
  keepsUnit(): boolean {
    const { draft } = this;
    if (draft.wasKept || !draft.isAhead || this.inbound.isEmpty) return false;
    draft.wasKept = true;
    return true;
  }

  /** The unit is durable. */
  onCommitted(taken: TakenUnit): void {
    this.underWay = null;
    this.seq = taken.seq;
    this.checkpointSeq = taken.checkpointSeq;
    const isBirth = !this.born;
    this.born = true;
    if (taken.evict || taken.ended || taken.restart) {
      if (taken.terminal) for (const call of this.open.values()) call.forget?.();
      this.end(taken.evict && this.isLeaving ? GOES_ELSEWHERE : undefined);
      return;
    }
    // Before anything begins: what comes of that at once stands behind it in the log.
    for (const delivery of taken.draft.deliveries) this.inbound.add(delivery);
    if (isBirth) for (const begin of this.waitingForBirth.splice(0)) begin();
    for (const callback of taken.draft.committed) callback();
  }

  /** The mailbox held something that the last append did not take in: take it in, then end again (I2, I5). */
  onMailboxFirst(taken: TakenUnit): void {
    this.underWay = null;
    this.draft.takeBackUnended(taken.draft);
  }

  /**
   * What models have said that comes behind event `after`: nothing, where the log is known here to end before or after it. Of an artifact
   * that two calls speak to nothing either: only the log tells in which order.
   */
  textsAfter(after: number): readonly LiveText[] {
    if (this.streams.size === 0 || after !== this.seq) return [];
    const streams = [...this.streams];
    const isAlone = (stream: ArtifactStream): boolean =>
      streams.every((other) => other === stream || other.artifactId !== stream.artifactId);
    return streams.filter(isAlone).flatMap(({ live }) => live ?? []);
  }

  // ── deliveries ───────────────────────────────────────────────────────────────────────────────────────────────

  apply(delivery: Delivery): void {
    this.time = delivery.at;
    this.lastActivity = this.services.senses.clock.monotonic();
    if (this.phase === "replaying") this.draws.noteRecorded();
    switch (delivery.type) {
      case "message":
        this.repeats.reset();
        this.intake.messages.deliver();
        for (const call of this.open.values()) call.heard?.();
        return;
      case "cancel":
        this.applyCancel(delivery.reason);
        return;
      case "deadline":
        this.running.abort(this.ending.onDeadline());
        this.held.withdraw();
        return;
      case "result":
      case "error": {
        const call = this.open.get(delivery.path);
        if (call === undefined) return;
        this.close(call);
        if (delivery.type === "result") {
          this.repeats.note(call, delivery.result);
          this.received?.note(call.kind, delivery.result);
          call.resolve(delivery.result);
        } else {
          this.repeats.note(call, delivery.error);
          this.received?.note(call.kind, delivery.error.message);
          call.reject(PlatformError.fromJSON(delivery.error));
        }
      }
    }
  }

  /** The code had returned before that reached it: it never has it, and the call that it ends does not begin again (I3). */
  leaveBehind(delivery: Delivery): void {
    const call = "path" in delivery ? this.open.get(delivery.path) : undefined;
    if (call !== undefined) this.close(call);
  }

  private close(call: OpenCall): void {
    release(call);
    this.journal.records.forget(call.path);
    call.forget?.();
    this.open.delete(call.path);
    this.paths.leave(call.path);
  }

  private applyCancel(reason: string | undefined): void {
    this.ending.onCancel(reason);
    const error = canceledFor(reason);
    this.running.abort(error);
    // Its code ends them, each by its own signal, when it has to.
    if (this.ending.compensates) return this.held.withdraw();
    for (const call of [...this.open.values()]) {
      this.canceledPaths.add(call.path);
      this.close(call);
      call.reject(error);
    }
  }

  /** The log is through: calls begin for real. */
  goLive(): void {
    this.phase = "live";
    if (this.ending.endIfExpired()) return;
    // Waits that the log opened and the code has not come to: what ends them would find nobody (I10).
    const passedBy = this.visits.ahead();
    if (passedBy.length > 0) return this.ending.diverge(passedBy);
    this.intake.takeBreakpoints();
    this.asksAgain = !this.isAsking;
    const begin = this.waitingForLive;
    this.waitingForLive = [];
    this.whenAllBegun = [];
    if (!this.isLeaving) for (const callback of begin) callback();
    else for (const call of this.open.values()) if (!this.journal.calls.has(call.path)) this.unbegun.add(call);
    this.asksAgain = false;
    const begun = this.whenAllBegun;
    this.whenAllBegun = null;
    for (const callback of begun) callback();
    if (!this.ending.endIfReturned()) this.intake.resume();
    this.changed();
  }

  // ── the end ──────────────────────────────────────────────────────────────────────────────────────────────────

  /** Nothing begins any more: how the task ends is known, and goes with the next unit. The signal aborts with `why`. */
  beginEnding(why: PlatformError): void {
    this.phase = "ending";
    this.abort(why);
    this.changed();
  }

  /** Called now and then for tasks in memory: code that waits for nothing the journal knows cannot be continued (I10). */
  checkStalled(now: number, graceMs: number): void {
    if (
      this.phase !== "live" ||
      this.open.size > 0 ||
      this.effects > 0 ||
      this.commitInFlight ||
      !this.inbound.isEmpty ||
      this.isReacting ||
      this.ending.hasReturned
    )
      return;
    if (now - this.lastActivity >= graceMs) this.ending.park(outsideAwait(null));
  }

  /**
   * The node shuts down or is drained: nothing new begins, what is known is written and the lease is given back, so that the next
   * node goes on from there: when what runs has ended, or, with `now`, at once.
   */
  leave(when: "quiet" | "now"): void {
    if (this.leaving !== "now") this.leaving = when;
    this.changed();
  }

  /** Drops the object: evicted, ended, or the lease is lost. The code's promises never settle. */
  end(reason?: PlatformError): void {
    if (this.phase === "ended") return;
    this.phase = "ended";
    // Nothing of it is written any more, and what calls have cost meanwhile is spent all the same.
    for (const settlement of this.draft.settlements.splice(0)) this.services.settle(this.head.tenantId, settlement);
    this.ending.stop();
    for (const call of this.open.values()) release(call);
    this.open.clear();
    if (reason !== undefined) this.abort(reason);
    this.apart?.drop();
  }

  /** Answered once, by whoever takes it. */
  takeBirth(): Execution["birth"] {
    const { birth } = this;
    this.birth = null;
    return birth;
  }

  /** Children that were to run here but whose creation was not committed. */
  takeLaunches(): readonly Execution[] {
    return this.draft.launches.splice(0);
  }
}

/** Nothing outside of the execution holds on to the call any more. */
const release = (call: OpenCall): void => {
  call.timer?.cancel();
  call.stopListening?.();
};
