/**
 * Runs tasks: claims what is due, keeps executions in memory while they do something, collects what they have to
 * write once a turn, and hands on what a commit sets in motion (children, mail, outbox).
 */
import { type A2AMessage, isTerminal, type NewTaskEvent, PlatformError, type TaskEvent } from "@agentcore/contract";
import type {
  ClaimedTask,
  KeyValue,
  MailboxInsert,
  ModelProvider,
  NewTask,
  Senses,
  TaskHead,
  TaskKey,
  TaskStore,
  Timer,
} from "../ports/index.ts";
import type { AgentHost, LoadedAgent } from "./agent-host.ts";
import { Execution, type ExecutionHead, type OpenCall, type TakenUnit } from "./execution.ts";
import type { ChildRequest, ExecutionServices } from "./execution-services.ts";
import { cancelMail, childFinishedMail } from "./family-mail.ts";
import { Journal } from "./journal.ts";
import { keyOf, LogHub } from "./log-hub.ts";
import { OutboxRelay } from "./outbox-relay.ts";
import { RecentTasks } from "./recent-tasks.ts";
import type { RoutingChoice, TaskRouter } from "./task-router.ts";
import { validateInput } from "./validate-input.ts";

export interface EngineOptions {
  readonly store: TaskStore;
  readonly keyValue: KeyValue;
  readonly models: ModelProvider | null;
  readonly host: AgentHost;
  readonly router: TaskRouter;
  readonly senses: Senses;
  /** Name of this node, in `task.assigned`. */
  readonly node: string;
  /** Tasks in memory at once. @default 2000 */
  readonly maxResident?: number;
  /** Tasks of one tenant that may wait to run before admission refuses more. @default 100000 */
  readonly maxBacklog?: number;
  /** Milliseconds code may wait for something outside ctx before its task is parked. @default 2000 */
  readonly outsideAwaitMs?: number;
}

// After five claims without a new event the sixth would only lose another process (I10).
const MAX_ATTEMPTS = 5;
const CLAIM_BATCH = 200;
// The loop is woken by hints and due times; this is for what both missed.
const SWEEP_MS = 500;
const RELOAD_DELAY_MS = 250;

export class TaskEngine {
  readonly hub = new LogHub();
  readonly recent = new RecentTasks();
  readonly store: TaskStore;
  readonly senses: Senses;
  readonly router: TaskRouter;
  private readonly options: EngineOptions;
  private readonly running = new Map<string, Execution>();
  private readonly runningByAgent = new Map<string, number>();
  /** Claimed tasks that wait for a slot, by `tenant/agent`. */
  private readonly linedUp = new Map<string, TaskHead[]>();
  private readonly dirty = new Set<Execution>();
  private readonly births = new Map<
    Execution,
    { resolve: (outcome: Birth) => void; reject: (error: unknown) => void }
  >();
  private readonly services: ExecutionServices;
  private readonly relay: OutboxRelay;
  private flushScheduled = false;
  private claiming = false;
  private claimAgain = false;
  private accepting = false;
  private closed = false;
  private wakeTimer: Timer | null = null;
  private sweepTimer: Timer | null = null;
  private backlog = new Map<string, number>();

  constructor(options: EngineOptions) {
    this.options = options;
    this.store = options.store;
    this.senses = options.senses;
    this.router = options.router;
    this.relay = new OutboxRelay(this, options.router);
    this.services = {
      node: options.node,
      senses: options.senses,
      keyValue: options.keyValue,
      models: options.models,
      markDirty: (execution) => this.markDirty(execution),
      runsHere: (tenantId, taskId) => this.running.has(keyOf({ tenantId, taskId })),
      mailbox: (key) => this.store.mailbox(key),
      command: (execution, call, request) => this.command(execution, call, request),
      query: (execution, request) =>
        this.router.query({
          ...this.draftFor(execution),
          ...request,
          deadline: this.senses.clock.now() + (request.timeoutMs ?? 30_000),
        }),
      emit: (execution, topic, payload, id) =>
        this.router.emit({
          tenantId: execution.head.tenantId,
          source: `agent:${execution.head.agent}`,
          topic,
          payload,
          id,
          taskId: execution.head.taskId,
        }),
    };
  }

  /** Begins to claim. Call when every agent that should run is registered. */
  async start(): Promise<void> {
    this.backlog = new Map(await this.store.backlog());
    this.accepting = true;
    this.sweep();
    this.wake();
    this.relay.wake();
  }

  get resident(): number {
    return this.running.size;
  }

  /**
   * Stops taking work, gives running steps `graceMs` to end, writes what is known and gives leases back. What did not
   * end in time is continued from its log by the next start.
   */
  async close(graceMs = 0): Promise<void> {
    this.accepting = false;
    this.wakeTimer?.cancel();
    this.sweepTimer?.cancel();
    const { clock } = this.senses;
    const until = clock.monotonic() + graceMs;
    while (this.running.size > 0 && clock.monotonic() < until) {
      if (![...this.running.values()].some((execution) => execution.effects > 0 || execution.commitInFlight)) break;
      await new Promise<void>((resolve) => clock.after(20, resolve));
    }
    for (const execution of this.running.values()) execution.drain();
    await clock.turn();
    for (
      let waits = 0;
      waits < 100 && [...this.running.values()].some((execution) => execution.commitInFlight);
      waits++
    ) {
      await new Promise<void>((resolve) => clock.after(20, resolve));
    }
    this.closed = true;
    await this.giveBack();
    await this.relay.idle();
    for (const execution of this.running.values())
      execution.end(new PlatformError("UNAVAILABLE", "the node is shutting down"));
    this.running.clear();
  }

  /** Leases of tasks that never got a slot. */
  private async giveBack(): Promise<void> {
    const heads = [...this.linedUp.values()].flat();
    this.linedUp.clear();
    if (heads.length === 0) return;
    const dueAt = this.senses.clock.now();
    const append = ({ seq, token, state }: TaskHead) => ({
      expect: { seq, token },
      events: [],
      state,
      consume: [],
      requireEmptyMailbox: false,
      release: { dueAt },
    });
    // If the store fails here, the next start voids the leases.
    await this.store
      .commit(heads.map((head) => ({ tenantId: head.tenantId, taskId: head.taskId, append: append(head) })))
      .catch(() => undefined);
  }

  // ── taking work ──────────────────────────────────────────────────────────────────────────────────────────────

  /** Creates a task of the chosen agent; resolves when it is durable. */
  async create(choice: RoutingChoice, request: NewWork): Promise<Birth> {
    if (!this.accepting)
      throw new PlatformError("UNAVAILABLE", "the node is not taking work now", { retryAfterMs: 1000 });
    const { tenantId } = request;
    const waiting = this.backlog.get(tenantId) ?? 0;
    const maxBacklog = this.options.maxBacklog ?? 100_000;
    if (waiting >= maxBacklog) {
      throw new PlatformError(
        "OVERLOADED",
        `tenant ${tenantId} has ${waiting} tasks waiting, ${maxBacklog} are allowed`,
        { retryAfterMs: 1000 },
      );
    }
    const loaded = await this.load(tenantId, choice.agent, choice.revision);
    if (loaded === null) throw new PlatformError("AGENT_NOT_FOUND", `agent ${choice.agent} cannot be loaded here`);
    const input = await validateInput(loaded.definition, request.input);
    const now = this.senses.clock.now();
    const taskId = request.taskId ?? this.senses.ids.next();
    const timeout = loaded.definition.timeoutMs;
    const deadline = earliest(
      request.deadline === undefined ? null : Math.ceil(request.deadline),
      timeout === undefined ? null : now + timeout,
    );
    const head: ExecutionHead = {
      tenantId,
      taskId,
      agent: choice.agent,
      revision: choice.revision,
      contextId: request.contextId,
      caller: request.caller,
      priority: request.priority ?? "normal",
      deadline,
      parent: null,
      createdAt: now,
      idempotencyKey: request.idempotencyKey,
    };
    const submitted = submittedEvent(head, input, request, now);
    const events: NewTaskEvent[] = [submitted, decisionEvent(choice, undefined, now)];
    if (!this.hasRoom(tenantId, choice.agent, loaded)) return this.createWaiting(head, events);
    const execution = new Execution({
      head,
      loaded,
      journal: new Journal([{ ...submitted, seq: 1 } as TaskEvent]),
      state: "submitted",
      seq: 0,
      token: 1,
      checkpointSeq: 0,
      born: false,
      services: this.services,
      events,
    });
    this.add(execution);
    return new Promise<Birth>((resolve, reject) => {
      this.births.set(execution, { resolve, reject });
      execution.start(1);
      this.markDirty(execution);
    });
  }

  private async createWaiting(head: ExecutionHead, events: readonly NewTaskEvent[]): Promise<Birth> {
    const [outcome] = await this.store.commit([
      { tenantId: head.tenantId, create: [{ ...head, dueAt: head.createdAt, events }] },
    ]);
    if (outcome?.outcome === "stale" && outcome.existingTaskId !== undefined)
      return { taskId: outcome.existingTaskId, existing: true };
    if (outcome?.outcome !== "committed") throw new PlatformError("CONFLICT", `task ${head.taskId} exists already`);
    this.backlog.set(head.tenantId, (this.backlog.get(head.tenantId) ?? 0) + 1);
    this.wake();
    return { taskId: head.taskId, existing: false };
  }

  /** Mail from outside (a caller's message, cancel, retry). Rejects as the port says; wakes the task. */
  async post(tenantId: string, mail: MailboxInsert): Promise<"accepted" | "terminal"> {
    const [outcome] = await this.store.commit([{ tenantId, mail: [mail] }]);
    if (outcome?.outcome === "stale") return "terminal";
    if (outcome?.outcome !== "committed") throw new PlatformError("STORE_UNAVAILABLE", "the store refused the mail");
    this.deliverMail(tenantId, [mail], true);
    return "accepted";
  }

  private draftFor(execution: Execution) {
    const { head, journal } = execution;
    return {
      tenantId: head.tenantId,
      caller: head.caller,
      source: `agent:${head.agent}`,
      priority: head.priority,
      contextId: head.contextId,
      taskId: head.taskId,
      ...(journal.submitted.traceparent === undefined ? {} : { traceparent: journal.submitted.traceparent }),
    };
  }

  /** A child task: created in the same unit as the parent's record of it, and run here if there is room. */
  private async command(execution: Execution, call: OpenCall, request: ChildRequest): Promise<void> {
    const draft = {
      ...this.draftFor(execution),
      target: request.target,
      payload: request.payload,
      skill: request.skill,
      exclude: request.exclude,
      ...(request.deadline === null ? {} : { deadline: request.deadline }),
    };
    await this.router.command(draft, async (choice) => {
      const { tenantId } = execution.head;
      const loaded = await this.load(tenantId, choice.agent, choice.revision);
      if (loaded === null) throw new PlatformError("AGENT_NOT_FOUND", `agent ${choice.agent} cannot be loaded here`);
      const input = await validateInput(loaded.definition, request.payload);
      if (execution.open.get(call.path) !== call || execution.phase !== "live") return;
      // A cancel is in the log and about to reach the code: a child made now would be an orphan of it.
      if (execution.intake.cancelRequested && !execution.isCanceled && !call.detached) return;
      const now = this.senses.clock.now();
      const childTaskId = this.senses.digest
        .sha256(JSON.stringify([tenantId, execution.head.taskId, execution.checkpointSeq, call.path, request.attempt]))
        .slice(0, 32);
      const timeout = loaded.definition.timeoutMs;
      const head: ExecutionHead = {
        tenantId,
        taskId: childTaskId,
        agent: choice.agent,
        revision: choice.revision,
        contextId: execution.head.contextId,
        caller: execution.head.caller,
        priority: execution.head.priority,
        deadline: earliest(
          request.deadline === null ? null : Math.ceil(request.deadline),
          timeout === undefined ? null : now + timeout,
        ),
        parent: { taskId: execution.head.taskId, path: call.path },
        createdAt: now,
      };
      const work = {
        skill: request.skill,
        traceparent: execution.journal.submitted.traceparent,
        parent: { ...head.parent!, ...(call.detached ? { detached: true } : {}) },
      };
      const submitted = submittedEvent(head, input, work, now);
      const room = this.hasRoom(tenantId, choice.agent, loaded);
      const child: NewTask = {
        ...head,
        dueAt: now,
        events: [submitted],
        ...(room ? { claimed: { state: "submitted" } } : {}),
      };
      const launch = room
        ? new Execution({
            head,
            loaded,
            journal: new Journal([{ ...submitted, seq: 1 } as TaskEvent]),
            state: "submitted",
            seq: 1,
            token: 1,
            checkpointSeq: 0,
            born: true,
            services: this.services,
          })
        : null;
      // Counted from now, so that a burst of commands does not overrun the agent's slots.
      if (launch !== null) this.add(launch);
      call.childTaskId = childTaskId;
      call.durable = true;
      call.tried.push(choice.agent);
      execution.addChild(child, launch);
      execution.append(decisionEvent(choice, call.path, now));
      execution.append({
        type: "step.started",
        at: now,
        data: {
          path: call.path,
          kind: "command",
          ...(call.inputHash === undefined ? {} : { inputHash: call.inputHash }),
          attempt: request.attempt,
          childTaskId,
        },
      });
    });
  }

  private load(tenantId: string, agent: string, revision: string): LoadedAgent | null | Promise<LoadedAgent | null> {
    return this.options.host.load({ tenantId, agent, revision });
  }

  private hasRoom(tenantId: string, agent: string, loaded: LoadedAgent): boolean {
    return this.running.size < (this.options.maxResident ?? 2000) && this.hasSlot({ tenantId, agent }, loaded);
  }

  private hasSlot(
    { tenantId, agent }: { readonly tenantId: string; readonly agent: string },
    loaded: LoadedAgent,
  ): boolean {
    return (this.runningByAgent.get(`${tenantId}/${agent}`) ?? 0) < loaded.concurrency;
  }

  /** One claim may bring more tasks of an agent than it has slots: the rest keep their lease, but no code, until one is free. */
  private lineUp(head: TaskHead): void {
    const agent = `${head.tenantId}/${head.agent}`;
    const line = this.linedUp.get(agent) ?? [];
    line.push(head);
    this.linedUp.set(agent, line);
  }

  /** Gives a free slot to the next in line; who turns out to need none passes it on. */
  private serveLine(agent: string): void {
    const line = this.linedUp.get(agent);
    const head = line?.shift();
    if (line?.length === 0) this.linedUp.delete(agent);
    if (head === undefined) return;
    void this.resume(head, head.token).then(() => {
      if (!this.running.has(keyOf(head)) && !this.closed) this.serveLine(agent);
    });
  }

  private add(execution: Execution): void {
    this.running.set(keyOf(execution.head), execution);
    const agent = `${execution.head.tenantId}/${execution.head.agent}`;
    this.runningByAgent.set(agent, (this.runningByAgent.get(agent) ?? 0) + 1);
  }

  private remove(execution: Execution): void {
    const key = keyOf(execution.head);
    if (this.running.get(key) !== execution) return;
    this.running.delete(key);
    const agent = `${execution.head.tenantId}/${execution.head.agent}`;
    const count = (this.runningByAgent.get(agent) ?? 1) - 1;
    if (count > 0) this.runningByAgent.set(agent, count);
    else this.runningByAgent.delete(agent);
    if (this.linedUp.has(agent)) this.serveLine(agent);
    // Claims left this agent out while it was full, or everyone while memory was.
    else if (count + 1 >= execution.loaded.concurrency || this.running.size + 1 >= (this.options.maxResident ?? 2000))
      this.wake();
    this.abandon(execution.takeLaunches());
    // A parent that stayed for this child may have nothing left to stay for.
    const { parent, tenantId } = execution.head;
    const waiting = parent === null ? undefined : this.running.get(keyOf({ tenantId, taskId: parent.taskId }));
    if (waiting !== undefined) this.markDirty(waiting);
  }

  /** Children whose creation was not written. */
  private abandon(launches: readonly Execution[]): void {
    for (const child of launches) {
      child.end(new PlatformError("LEASE_LOST", "the task was never created"));
      this.remove(child);
    }
  }

  // ── committing ───────────────────────────────────────────────────────────────────────────────────────────────

  private markDirty(execution: Execution): void {
    this.dirty.add(execution);
    if (this.flushScheduled) return;
    this.flushScheduled = true;
    // After the turn: by then the code has reacted to what it was given, so it is known whether it only waits.
    void this.senses.clock.turn().then(() => this.flush());
  }

  private flush(): void {
    this.flushScheduled = false;
    const executions: Execution[] = [];
    const taken: TakenUnit[] = [];
    for (const execution of this.dirty) {
      if (execution.commitInFlight) continue;
      const unit = execution.takeUnit();
      if (unit === null) continue;
      executions.push(execution);
      taken.push(unit);
    }
    this.dirty.clear();
    if (taken.length > 0) void this.commit(executions, taken);
  }

  private async commit(executions: readonly Execution[], taken: readonly TakenUnit[]): Promise<void> {
    let outcomes: Awaited<ReturnType<TaskStore["commit"]>>;
    try {
      outcomes = await this.store.commit(taken.map(({ unit }) => unit));
    } catch (error) {
      for (let index = 0; index < executions.length; index++) {
        if (PlatformError.from(error, "INTERNAL").code === "STORE_UNAVAILABLE")
          this.onUnknown(executions[index]!, taken[index]!, error);
        // Something in the batch cannot be written at all: find it, so that it harms nobody but itself.
        else if (executions.length > 1) await this.commit([executions[index]!], [taken[index]!]);
        else await this.onUnwritable(executions[index]!, taken[index]!, PlatformError.from(error, "INTERNAL"));
      }
      return;
    }
    for (let index = 0; index < executions.length; index++) {
      const execution = executions[index]!;
      const unit = taken[index]!;
      const outcome = outcomes[index]!;
      if (outcome.outcome === "committed") this.onCommitted(execution, unit);
      else if (outcome.outcome === "stale" && outcome.reason === "mailbox") {
        execution.onMailboxFirst(unit);
        this.readMail(execution, () => execution.changed());
      } else {
        this.abandon(unit.launches);
        if (!execution.born)
          this.onBirthRefused(execution, outcome.outcome === "stale" ? outcome.existingTaskId : undefined);
        else this.onLeaseLost(execution);
      }
    }
  }

  private onCommitted(execution: Execution, taken: TakenUnit): void {
    const { head } = execution;
    const birth = this.births.get(execution);
    execution.onCommitted(taken);
    if (execution.phase === "ended") {
      this.remove(execution);
      if (taken.terminal) {
        this.recent.remember(execution, taken);
        this.reportEnd(execution, taken);
      }
      if (taken.restart) void this.resume(head, execution.token);
      else this.wakeAt(taken.unit.append?.release?.dueAt ?? taken.unit.create?.[0]?.claimed?.release?.dueAt ?? null);
    } else {
      this.markDirty(execution);
    }
    if (birth !== undefined) {
      this.births.delete(execution);
      birth.resolve({ taskId: head.taskId, existing: false });
    }
    this.hub.notify(head, { seq: taken.seq, state: execution.state });
    for (const child of taken.launches) {
      child.start(1);
      // What was addressed to it since the commit.
      child.intake.resume();
    }
    if (taken.children.length > taken.launches.length) this.wake();
    if (taken.unit.mail !== undefined && taken.unit.mail.length > 0)
      this.deliverMail(head.tenantId, taken.unit.mail, true);
    if (taken.unit.outbox !== undefined && taken.unit.outbox.length > 0) this.relay.wake();
  }

  private onBirthRefused(execution: Execution, existingTaskId: string | undefined): void {
    const birth = this.births.get(execution);
    this.births.delete(execution);
    execution.end(new PlatformError("CONFLICT", "the task exists already"));
    this.remove(execution);
    if (existingTaskId === undefined)
      birth?.reject(new PlatformError("CONFLICT", `task ${execution.head.taskId} exists already`));
    else birth?.resolve({ taskId: existingTaskId, existing: true });
  }

  /** Somebody else has the task, or the log is ahead of us: nothing of this attempt is written (I1). */
  private onLeaseLost(execution: Execution): void {
    execution.end(new PlatformError("LEASE_LOST", `task ${execution.head.taskId} has another holder`));
    this.remove(execution);
    this.senses.clock.after(RELOAD_DELAY_MS, () => void this.resume(execution.head, execution.token));
  }

  /** The store refuses what the task's code made: trying again would be refused again. */
  private async onUnwritable(execution: Execution, { launches }: TakenUnit, error: PlatformError): Promise<void> {
    execution.end(error);
    this.remove(execution);
    this.abandon(launches);
    const birth = this.births.get(execution);
    this.births.delete(execution);
    birth?.reject(error);
    if (birth !== undefined) return;
    const head = await this.store.head(execution.head).catch(() => null);
    if (head !== null && head.token === execution.token)
      await this.parkUnloaded(head, [], error).catch(() => undefined);
  }

  /** The store did not say whether the unit was written: the truth is read again and continued from there. */
  private onUnknown(execution: Execution, { unit, launches }: TakenUnit, error: unknown): void {
    const failure = PlatformError.from(error, "STORE_UNAVAILABLE");
    this.senses.logger.log("error", `commit failed: ${failure.message}`, {
      tenantId: execution.head.tenantId,
      taskId: execution.head.taskId,
    });
    execution.end(failure);
    this.remove(execution);
    this.abandon(launches);
    const birth = this.births.get(execution);
    this.births.delete(execution);
    birth?.reject(failure);
    this.senses.clock.after(RELOAD_DELAY_MS, () => {
      void this.resume(execution.head, execution.token);
      // What it would have set in motion, in case it was written. Its children were created leased to us.
      for (const child of launches) void this.resume(child.head, child.token);
      this.deliverMail(execution.head.tenantId, unit.mail ?? [], false);
      this.relay.wake();
    });
  }

  /**
   * Tells recipients of mail. The end of a child that was certainly written is handed over as it is: its id makes a
   * repeat harmless. Everything else is read from the mailbox, which knows what is there and what was taken in before.
   */
  private deliverMail(tenantId: string, mail: readonly MailboxInsert[], committed: boolean): void {
    for (const { taskId, key, kind, payload } of mail) {
      const recipient = this.running.get(keyOf({ tenantId, taskId }));
      if (recipient === undefined || recipient.phase === "ended") this.wake();
      else if (committed && kind === "childFinished")
        recipient.intake.take([{ key, kind, payload, position: 0, insertedAt: this.senses.clock.now() }]);
      else this.readMail(recipient, () => (recipient.phase === "ended" ? this.wake() : undefined));
    }
  }

  /** Asks again until the store answers: nobody else tells a task in memory of its mail (I5). */
  private readMail(execution: Execution, then: () => void): void {
    execution.intake.hint().then(then, (error: unknown) => {
      this.senses.logger.log("error", `cannot read mail: ${PlatformError.from(error).message}`, {
        tenantId: execution.head.tenantId,
        taskId: execution.head.taskId,
      });
      if (execution.phase === "ended") this.wake();
      else this.senses.clock.after(RELOAD_DELAY_MS, () => this.readMail(execution, then));
    });
  }

  private reportEnd(execution: Execution, taken: TakenUnit): void {
    const last = taken.events.at(-1);
    this.router.reportEnd({
      tenantId: execution.head.tenantId,
      agent: execution.head.agent,
      failedRetryably: last?.type === "task.failed" && PlatformError.fromJSON(last.data.error).retryable,
    });
  }

  // ── claiming ─────────────────────────────────────────────────────────────────────────────────────────────────

  /** Something may be due. */
  wake(): void {
    if (!this.accepting || this.closed) return;
    if (this.claiming) {
      this.claimAgain = true;
      return;
    }
    this.claiming = true;
    // One turn later, so that a burst of hints makes one claim.
    void this.senses.clock.turn().then(() => this.claim());
  }

  private wakeAt(dueAt: number | null): void {
    if (dueAt === null || this.closed) return;
    const delay = dueAt - this.senses.clock.now();
    if (delay <= 0) this.wake();
    // Later ones are found by the sweep, which asks the store for the next due time.
    else if (delay < SWEEP_MS) this.senses.clock.after(delay, () => this.wake());
  }

  private async claim(): Promise<void> {
    try {
      do {
        this.claimAgain = false;
        const room = Math.min(CLAIM_BATCH, (this.options.maxResident ?? 2000) - this.running.size);
        if (room <= 0 || !this.accepting) break;
        const claimed = await this.store.claim({
          limit: room,
          now: this.senses.clock.now(),
          except: await this.fullAgents(),
        });
        for (const { head } of claimed) {
          const waiting = this.backlog.get(head.tenantId) ?? 0;
          if (head.state === "submitted" && waiting > 0) this.backlog.set(head.tenantId, waiting - 1);
        }
        await Promise.all(claimed.map((task) => this.adopt(task)));
        if (claimed.length === room) this.claimAgain = true;
      } while (this.claimAgain);
    } catch (error) {
      this.senses.logger.log("error", `claim failed: ${PlatformError.from(error).message}`);
    } finally {
      this.claiming = false;
      if (this.claimAgain) this.wake();
    }
  }

  private async fullAgents(): Promise<string[]> {
    const full: string[] = [];
    for (const execution of this.running.values()) {
      const name = `${execution.head.tenantId}/${execution.head.agent}`;
      if ((this.runningByAgent.get(name) ?? 0) >= execution.loaded.concurrency && !full.includes(name)) full.push(name);
    }
    return full;
  }

  private async adopt({ head, mailbox }: ClaimedTask): Promise<void> {
    try {
      const events = await this.readForReplay(head);
      await this.begin(head, events, mailbox);
    } catch (error) {
      const failure = PlatformError.from(error);
      this.senses.logger.log("error", `cannot load task: ${failure.message}`, {
        tenantId: head.tenantId,
        taskId: head.taskId,
      });
      const parked =
        failure.code !== "STORE_UNAVAILABLE" &&
        (await this.parkUnloaded(head, mailbox, failure).then(
          () => true,
          () => false,
        ));
      // The lease is ours and nobody else will look: tried again until the store answers (I10).
      if (!parked) this.senses.clock.after(RELOAD_DELAY_MS, () => void this.resume(head, head.token));
    }
  }

  /** The submission, and what came after the last checkpoint: all that a replay needs, however long the log before it. */
  private async readForReplay(head: TaskHead): Promise<readonly TaskEvent[]> {
    if (head.checkpointSeq === 0) return this.store.readLog(head);
    const [first, rest] = await Promise.all([
      this.store.readLog(head, { limit: 1 }),
      this.store.readLog(head, { after: head.checkpointSeq - 1 }),
    ]);
    return [...first, ...rest];
  }

  private async begin(head: TaskHead, events: readonly TaskEvent[], mailbox: ClaimedTask["mailbox"]): Promise<void> {
    const now = this.senses.clock.now();
    const cancel = mailbox.find((item) => item.kind === "cancel");
    if (head.state === "parked" && cancel !== undefined)
      return this.cancelParked(
        head,
        events,
        mailbox.map(({ key }) => key),
        cancel.payload as { by: string; reason?: string },
      );
    if (head.attempts > MAX_ATTEMPTS) {
      return this.parkUnloaded(
        head,
        mailbox,
        new PlatformError("ATTEMPTS_EXHAUSTED", `the task was claimed ${head.attempts} times without a new event`),
      );
    }
    const retried = head.state === "parked";
    const loaded = await this.load(head.tenantId, head.agent, head.revision);
    if (loaded === null) {
      return this.parkUnloaded(
        head,
        mailbox,
        new PlatformError(
          "REVISION_UNAVAILABLE",
          `revision ${head.revision} of agent ${head.agent} cannot be loaded here; apply it again, then retry the task`,
        ),
      );
    }
    if (!this.hasSlot(head, loaded)) return this.lineUp(head);
    const execution = new Execution({
      head,
      loaded,
      journal: new Journal(events),
      state: head.state,
      seq: head.seq,
      token: head.token,
      checkpointSeq: head.checkpointSeq,
      born: true,
      services: this.services,
      events: retried ? [{ type: "task.resumed", at: now, data: { reason: "retry" } }] : [],
    });
    if (retried) execution.state = "working";
    this.add(execution);
    execution.start(Math.max(1, head.attempts));
    // Taken in by whatever this attempt writes first: left in the mailbox, a retry that parks again would wake the task for ever.
    execution.intake.acknowledge(mailbox.filter(({ kind }) => kind === "retry"));
    execution.intake.take(mailbox);
    execution.changed();
  }

  /** Continues a task whose lease is ours, from its log. */
  private async resume(key: TaskKey, token: number): Promise<void> {
    if (this.closed || this.running.has(keyOf(key))) return;
    try {
      const head = await this.store.head(key);
      if (head === null || head.token !== token || isTerminal(head.state)) return;
      // Given back meanwhile: not ours to continue without a new claim (I1).
      if (!head.leased) return this.wake();
      await this.adopt({ head, mailbox: await this.store.mailbox(key) });
    } catch {
      this.senses.clock.after(RELOAD_DELAY_MS, () => void this.resume(key, token));
    }
  }

  private async parkUnloaded(head: TaskHead, mailbox: ClaimedTask["mailbox"], error: PlatformError): Promise<void> {
    const event: NewTaskEvent = { type: "task.parked", at: this.senses.clock.now(), data: { error: error.toJSON() } };
    const retries = mailbox.filter(({ kind }) => kind === "retry").map(({ key }) => key);
    await this.commitUnloaded(head, [event], "parked", retries, []);
  }

  private async cancelParked(
    head: TaskHead,
    events: readonly TaskEvent[],
    consume: readonly string[],
    request: { readonly by: string; readonly reason?: string },
  ): Promise<void> {
    const at = this.senses.clock.now();
    const reason = request.reason === undefined ? {} : { reason: request.reason };
    const mail: MailboxInsert[] = [];
    const waits = new Journal(events).waits.values();
    for (const { childTaskId } of waits) {
      if (childTaskId === null) continue;
      const [submitted] = await this.store.readLog({ tenantId: head.tenantId, taskId: childTaskId }, { limit: 1 });
      if (submitted?.type === "task.submitted" && submitted.data.parent?.detached !== true)
        mail.push(cancelMail(childTaskId, head.taskId));
    }
    if (head.parent !== null) {
      mail.push(
        childFinishedMail(head.parent.taskId, {
          childTaskId: head.taskId,
          path: head.parent.path,
          event: { type: "task.canceled", data: reason },
        }),
      );
    }
    const ending: NewTaskEvent[] = [
      { type: "task.cancelRequested", at, data: { by: request.by, ...reason } },
      { type: "task.canceled", at, data: reason },
    ];
    await this.commitUnloaded(head, ending, "canceled", consume, mail);
  }

  private async commitUnloaded(
    head: TaskHead,
    events: readonly NewTaskEvent[],
    state: "parked" | "canceled",
    consume: readonly string[],
    mail: readonly MailboxInsert[],
  ): Promise<void> {
    await this.store.commit([
      {
        tenantId: head.tenantId,
        taskId: head.taskId,
        append: {
          expect: { seq: head.seq, token: head.token },
          events,
          state,
          consume,
          requireEmptyMailbox: false,
          release: { dueAt: null },
        },
        mail,
      },
    ]);
    this.hub.notify(head, { seq: head.seq + events.length, state });
    this.deliverMail(head.tenantId, mail, true);
  }

  private sweep(): void {
    if (this.closed) return;
    this.sweepTimer = this.senses.clock.after(SWEEP_MS, () => this.sweep());
    const now = this.senses.clock.monotonic();
    for (const execution of this.running.values()) execution.checkStalled(now, this.options.outsideAwaitMs ?? 2000);
    void this.store.nextDue().then(
      (dueAt) => this.wakeAt(dueAt),
      () => undefined,
    );
  }
}

export interface Birth {
  readonly taskId: string;
  readonly existing: boolean;
}

/** Work that enters from outside, after routing. */
export interface NewWork {
  readonly tenantId: string;
  readonly caller: string;
  readonly contextId: string;
  readonly input: unknown;
  readonly taskId?: string | undefined;
  readonly skill?: string | undefined;
  readonly message?: A2AMessage | undefined;
  readonly priority?: ExecutionHead["priority"] | undefined;
  readonly deadline?: number | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

const earliest = (a: number | null, b: number | null): number | null =>
  a === null ? b : b === null ? a : Math.min(a, b);

const submittedEvent = (
  head: ExecutionHead,
  input: unknown,
  work: Pick<NewWork, "skill" | "message" | "traceparent" | "metadata"> & {
    readonly parent?: { taskId: string; path: string; detached?: boolean };
  },
  at: number,
): Extract<NewTaskEvent, { type: "task.submitted" }> => ({
  type: "task.submitted",
  at,
  data: {
    agent: head.agent,
    revision: head.revision,
    contextId: head.contextId,
    caller: head.caller,
    input,
    priority: head.priority,
    ...(work.skill === undefined ? {} : { skill: work.skill }),
    ...(work.message === undefined ? {} : { message: work.message }),
    ...(work.parent === undefined ? {} : { parent: work.parent }),
    ...(head.deadline === null ? {} : { deadline: head.deadline }),
    ...(work.traceparent === undefined ? {} : { traceparent: work.traceparent }),
    ...(work.metadata === undefined ? {} : { metadata: work.metadata }),
  },
});

const decisionEvent = (choice: RoutingChoice, path: string | undefined, at: number): NewTaskEvent => ({
  type: "decision.made",
  at,
  data: {
    ...(path === undefined ? {} : { path }),
    kind: "routing",
    choice: choice.agent,
    scores: choice.scores.map((score) => ({ ...score })),
    reasons: [...choice.reasons],
  },
});
