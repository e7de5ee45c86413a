/**
 * Load, the second phase: brings a leased task into memory, or writes why it cannot be (parked, canceled), or gives its
 * lease back. One load of a task at a time; a lease that is ours is followed up until the store says it is not (I10).
 */
import { isTerminal, type NewTaskEvent, PlatformError, type SerializedError, submissionOf } from "@agentcore/contract";
import {
  type ClaimedTask,
  isDecision,
  type LogAppend,
  type MailboxInsert,
  type MailboxItem,
  type NewTask,
  type TaskHead,
  type TaskKey,
} from "../ports/index.ts";
import type { LoadedAgent } from "./agent-host.ts";
import { eventsIn, successionOf, untakenIn } from "./correlation.ts";
import { stepOfPause } from "./debounced.ts";
import type { TaskEngine } from "./engine.ts";
import { Execution } from "./execution.ts";
import { type CancelRequest, cancelMail, cancelRequestOf, childFinishedMail } from "./family-mail.ts";
import { Journal } from "./journal.ts";
import { keyOf } from "./log-hub.ts";
import { LostTries } from "./lost-tries.ts";
import { judgeMigration, migrationRefused } from "./migrate-task.ts";
import { failed } from "./outcome.ts";
import { attemptsExhausted, deadlineExceeded, MAX_ATTEMPTS, revisionUnavailable } from "./parking.ts";
import { readForReplay } from "./replay-log.ts";
import { agentKey, type Reservation } from "./residents.ts";
import { DEBOUNCER } from "./task-router.ts";

const RELOAD_MS = 250;
const MAX_CHILDREN = 1000;
// Of a cancel whose answer was lost a caller asks again; whoever asks after that means that it should end as it stands.
const REPEATED_CANCEL_MS = 10_000;

/** What a claim knew: the term of our lease that it was made in, and the limits of agents that it was told. */
interface ClaimTerms {
  readonly term: number;
  readonly maxLeased: ReadonlyMap<string, number>;
}

/** `claim`: the task was claimed just now, under those limits, and has a place here. */
interface Origin {
  readonly term: number;
  readonly claim: { readonly place: Reservation; readonly maxLeased: ReadonlyMap<string, number> } | null;
}

export class Loading {
  private readonly engine: TaskEngine;
  /** Tokens of the tasks whose lease is ours and that are on their way into memory. */
  private readonly underWay = new Map<string, number>();
  /** Later leases of those tasks, claimed before the load of the earlier one had ended. */
  private readonly followUps = new Map<string, number>();
  private readonly lostTries = new LostTries();

  constructor(engine: TaskEngine) {
    this.engine = engine;
  }

  /** Tasks whose lease is ours and that are not in memory yet. */
  get size(): number {
    return this.underWay.size;
  }

  /** Takes a task that was just leased. Its place is reserved in this turn. */
  async adopt(task: ClaimedTask, { term, maxLeased }: ClaimTerms): Promise<void> {
    const { head } = task;
    const agent = agentKey(head.tenantId, head.agent);
    const place = this.engine.residents.reserve(agent);
    await this.once(head, head.token, () => this.bringIn(task, { term, claim: { place, maxLeased } }));
    place.release();
    // Others may have waited for it to show how many of its agent may run, or for the place it did not take.
    if (this.engine.residents.isQueued(agent)) this.engine.claims.wake();
  }

  /** Continues a task whose lease is ours, from its log; nothing happens when it is in memory, or not ours any more. */
  resume(key: TaskKey, token: number): void {
    if (this.engine.commits.isWriting(key)) return this.resumeLater(key, token);
    void this.once(key, token, async () => {
      const { term } = this.engine.lease;
      const head = await this.engine.store.head(key);
      if (head === null || head.token !== token || isTerminal(head.state)) return;
      // Given back meanwhile: not ours to continue without a new claim (I1).
      if (!head.leased) return this.engine.claims.wake();
      // The token is ours, the lease may be another node's all the same: every task that is created leased has token 1.
      if (!(await this.engine.store.holds({ tenantId: head.tenantId, taskId: head.taskId, token }))) return;
      const { items: mailbox } = await this.engine.store.mailbox(key);
      const attempts = head.attempts + this.lostTries.of(keyOf(key), head.seq);
      await this.bringIn({ head: { ...head, attempts }, mailbox }, { term, claim: null });
    });
  }

  resumeLater(key: TaskKey, token: number): void {
    this.engine.senses.clock.after(RELOAD_MS, () => this.resume(key, token));
  }

  /** The try counts, as one does whose process died; sooner or later it is parked for that (I10). */
  resumeLost(key: TaskKey, token: number, { seq, why }: { readonly seq: number; readonly why: string }): void {
    const tries = this.lostTries.add(keyOf(key), seq, why);
    this.engine.senses.clock.after(RELOAD_MS * tries, () => this.resume(key, token));
  }

  private async once(key: TaskKey, token: number, load: () => Promise<void>): Promise<void> {
    const name = keyOf(key);
    const holder = Math.max(this.engine.residents.get(key)?.token ?? 0, this.underWay.get(name) ?? 0);
    if (holder > 0) {
      // What held an older lease is still being wound up here, and nobody else follows this one up (I10).
      if (token <= holder) return;
      if (this.underWay.has(name)) this.followUps.set(name, Math.max(token, this.followUps.get(name) ?? 0));
      else this.resumeLater(key, token);
      return;
    }
    this.underWay.set(name, token);
    try {
      await load();
      this.underWay.delete(name);
    } catch (error) {
      this.underWay.delete(name);
      this.engine.senses.logger.log("error", `cannot load task: ${PlatformError.from(error).message}`, {
        tenantId: key.tenantId,
        taskId: key.taskId,
      });
      // The lease is ours and nobody else will look: tried again until the store answers.
      if (!this.engine.isClosed) this.resumeLater(key, token);
    }
    const followUp = this.followUps.get(name);
    if (followUp === undefined) return;
    this.followUps.delete(name);
    this.resume(key, followUp);
  }

  private async bringIn(task: ClaimedTask, origin: Origin): Promise<void> {
    if (!this.engine.residents.isOpen) return this.giveBack(task.head);
    try {
      await this.begin(task, origin);
    } catch (error) {
      const failure = PlatformError.from(error);
      if (failure.code === "STORE_UNAVAILABLE") throw failure;
      await this.park(task.head, task.mailbox, failure);
    }
  }

  private async begin({ head, mailbox }: ClaimedTask, { term, claim }: Origin): Promise<void> {
    const { engine } = this;
    const cancel = mailbox.find((item) => item.kind === "cancel");
    const wasParked = head.state === "parked";
    const isLate = head.deadline !== null && head.deadline <= engine.senses.clock.now();
    // Neither runs code: one has begun none, the other's has been given up.
    if (cancel !== undefined && wasParked) return this.cancelParked(head, mailbox, cancelRequestOf(cancel));
    if (head.state === "submitted" && (cancel !== undefined || isLate)) {
      if (await this.mayHaveBegun(head)) return this.beginToCompensate(head, mailbox);
      if (cancel !== undefined) return this.endAsCanceled(head, mailbox, cancelRequestOf(cancel));
      return this.endAsFailed(head, mailbox, deadlineExceeded(head.deadline ?? 0));
    }
    if (head.agent === DEBOUNCER) return this.pause(head, mailbox);
    if (head.attempts > MAX_ATTEMPTS)
      return this.park(head, mailbox, attemptsExhausted(head.attempts, this.lostTries.lastWhy(keyOf(head), head.seq)));
    const unreadable = mailbox.find((item) => item.unreadable !== undefined)?.unreadable;
    if (unreadable !== undefined) return this.park(head, mailbox, unreadable);
    const migration = mailbox.find(({ kind }) => kind === "migrate");
    if (migration !== undefined) return this.migrate(head, migration, term);
    // Given back it could wait for ever where its agent loads on no node: neither a cancel nor its deadline would end it (I10).
    const journal = new Journal(await readForReplay(this.engine.store, head));
    const isAsked = journal.compensates && (journal.deadlinePassed || journal.cancelRequestedAt !== null);
    const isOverdue = cancel !== undefined || (isLate && !isAsked);
    const loaded = await this.loadAgent(head, { isOverdue });
    // Others may have had the task meanwhile: their steps are not in what was read (I3).
    if (engine.lease.term !== term) return this.resumeLater(head, head.token);
    if (loaded === "others") return this.giveBack(head);
    if (loaded === null) return this.park(head, mailbox, revisionUnavailable(head.agent, head.revision));
    // From here to the end of the turn nobody else takes the place.
    claim?.place.release();
    engine.limits.learn(head, loaded);
    // Its agent was applied elsewhere a moment ago, or is not declared any more: claimed again, within its limit.
    if (claim !== null && engine.limits.isPassedBy(head, loaded, claim.maxLeased)) return this.giveBack(head);
    if (!engine.residents.hasSlot(head.tenantId, head.agent, loaded.concurrency)) return this.giveBack(head);
    const at = engine.senses.clock.now();
    const execution = new Execution({
      head,
      loaded,
      journal,
      state: wasParked ? "working" : head.state,
      seq: head.seq,
      token: head.token,
      checkpointSeq: head.checkpointSeq,
      born: true,
      services: engine.services,
      events: wasParked ? [{ type: "task.resumed", at, data: { reason: "retry" } }] : [],
    });
    engine.residents.add(execution);
    // Taken in by whatever this attempt writes first: left in the mailbox, a retry that parks again would wake the task for ever.
    execution.intake.acknowledge(mailbox.filter(({ kind }) => kind === "retry"));
    // Before the code runs: breakpoints are there for its first call. The rest waits until the replay is through.
    execution.intake.take(mailbox);
    execution.start(Math.max(1, head.attempts));
    if (execution.phase !== "replaying") execution.intake.resume();
    execution.changed();
    // What came since the claim read the mailbox found nobody in memory to be told (I5).
    engine.mail.read(execution, () => (execution.phase === "ended" ? engine.claims.wake() : undefined));
  }

  /** It has no code: what comes is taken in here, until it has paused. */
  private async pause(head: TaskHead, mailbox: ClaimedTask["mailbox"]): Promise<void> {
    const { store, senses, router, claims } = this.engine;
    const unreadable = mailbox.find((item) => item.unreadable !== undefined)?.unreadable;
    if (unreadable !== undefined) return this.park(head, mailbox, unreadable);
    const now = senses.clock.now();
    const log = await readForReplay(store, head);
    const step = stepOfPause(head, log, mailbox, now, (agent) => router.revisionOf(head.tenantId, agent));
    if (step.type === "wait") {
      const { events, consume, dueAt } = step;
      const resumed: NewTaskEvent = { type: "task.resumed", at: now, data: { reason: "retry" } };
      const wasParked = head.state === "parked";
      await this.append(head, {
        ...{ events: wasParked ? [resumed, ...events] : events, consume, release: { dueAt } },
        // Whoever cancels it finds that none of its code has begun.
        state: "submitted",
      });
      return claims.wakeAt(dueAt);
    }
    // Of its own name, so that whoever does it, once more after a crash, makes the same.
    const taskId = senses.digest.sha256(JSON.stringify([head.tenantId, head.taskId, DEBOUNCER])).slice(0, 32);
    const output = { taskId, events: step.taken };
    const ended: NewTaskEvent = { type: "task.completed", at: now, data: { output } };
    const append = { events: [ended], state: "completed", consume: [], release: { dueAt: null } } as const;
    await this.append(head, append, [], [], [{ ...step.task, taskId }]);
    claims.wake();
  }

  /** Before anything of it runs. Claimed anew it goes on with what it has then. */
  private async migrate(head: TaskHead, item: MailboxItem, term: number): Promise<void> {
    const { engine } = this;
    let isForOthers = false;
    const event = await judgeMigration(engine, head, item, async (revision) => {
      const loaded = await this.loadAgent({ ...head, revision }, { isOverdue: false });
      isForOthers = loaded === "others";
      return loaded === "others" ? null : loaded;
    });
    if (engine.lease.term !== term) return this.resumeLater(head, head.token);
    if (isForOthers) return this.giveBack(head);
    const now = engine.senses.clock.now();
    // A parked one that was refused stays parked.
    const dueAt = head.state === "parked" && event?.type !== "task.migrated" ? null : now;
    await this.append(head, {
      ...{ events: event === null ? [] : [event], state: head.state, consume: [item.key], release: { dueAt } },
      ...(event?.type === "task.migrated" ? { revision: event.data.to } : {}),
    });
    engine.claims.wake();
  }

  /** `others`: the host has found that it cannot run the agent, which is not claimed here any more. What is overdue waits for nobody. */
  private async loadAgent(
    head: TaskHead,
    { isOverdue }: { readonly isOverdue: boolean },
  ): Promise<LoadedAgent | null | "others"> {
    const { host } = this.engine;
    const otherwise = (): "others" | null =>
      !isOverdue && host.capacities.get(agentKey(head.tenantId, head.agent)) === 0 ? "others" : null;
    try {
      return (await host.load(head)) ?? otherwise();
    } catch (error) {
      if (otherwise() === "others") return "others";
      throw error;
    }
  }

  /** Others took the slots between claim and load, or the node is drained or shuts down. The attempt does not count: nothing ran. */
  private async giveBack(head: TaskHead): Promise<void> {
    const { engine } = this;
    engine.residents.queue(agentKey(head.tenantId, head.agent));
    const dueAt = head.dueAt ?? engine.senses.clock.now();
    await this.append(head, { events: [], state: head.state, consume: [], release: { dueAt } });
  }

  /** Writes why the task cannot go on: visible, and continued by `retry`. */
  async park(head: TaskHead, mailbox: ClaimedTask["mailbox"], error: PlatformError): Promise<void> {
    const at = this.engine.senses.clock.now();
    const event: NewTaskEvent = { type: "task.parked", at, data: { error: error.toJSON() } };
    // Left in the mailbox they would wake it again and again.
    const [retries, migrations] = (["retry", "migrate"] as const).map((kind) =>
      mailbox.filter((item) => item.kind === kind),
    );
    const refused = (migrations ?? []).map((item) =>
      migrationRefused(this.engine, head, item, `it was parked: ${error.message}`),
    );
    const consume = [...(retries ?? []), ...(migrations ?? [])].map(({ key }) => key);
    await this.append(head, { events: [...refused, event], state: "parked", consume, release: { dueAt: null } });
  }

  /** What it has done is taken back by its code, where that is its way: once; a log that cannot be read does not tell. */
  private async cancelParked(head: TaskHead, mailbox: ClaimedTask["mailbox"], request: CancelRequest): Promise<void> {
    const events = await unlessUnreadable(readForReplay(this.engine.store, head), null);
    const journal = events === null ? null : new Journal(events);
    if (journal?.compensates !== true) return this.endAsCanceled(head, mailbox, request);
    const last = events?.at(-1);
    const error = last?.type === "task.parked" ? last.data.error : undefined;
    const at = this.engine.senses.clock.now();
    const { cancelRequestedAt } = journal;
    if (cancelRequestedAt === null) return this.goOn(head, mailbox, "parked", [requested(request, at)]);
    if (at - cancelRequestedAt >= REPEATED_CANCEL_MS) return this.endAsCanceled(head, mailbox, request, error);
    const consume = keysOf(mailbox, "cancel");
    await this.append(head, {
      events: [],
      state: "parked",
      consume,
      release: { dueAt: error === undefined ? at : null },
    });
  }

  /** The process died before anything of it was in the log: its code may have begun all the same, and has something to take back then. */
  private async mayHaveBegun(head: TaskHead): Promise<boolean> {
    if (head.attempts < 2) return false;
    try {
      return (await this.engine.host.load(head))?.definition.compensates === true;
    } catch {
      return false;
    }
  }

  /** As a task that runs, for which a cancel or its deadline is another thing. */
  private async beginToCompensate(head: TaskHead, mailbox: ClaimedTask["mailbox"]): Promise<void> {
    const at = this.engine.senses.clock.now();
    const cancel = mailbox.find((item) => item.kind === "cancel");
    await this.goOn(head, mailbox, "working", [
      { type: "task.started", at, data: { compensates: true } },
      ...(cancel === undefined ? [] : [requested(cancelRequestOf(cancel), at)]),
    ]);
  }

  /** Its code runs when there is a slot for it. */
  private async goOn(
    head: TaskHead,
    mailbox: ClaimedTask["mailbox"],
    state: "parked" | "working",
    events: readonly NewTaskEvent[],
  ): Promise<void> {
    const dueAt = this.engine.senses.clock.now();
    await this.append(head, { events, state, consume: keysOf(mailbox, "cancel"), release: { dueAt } });
    this.engine.claims.wake();
  }

  /** A task whose code does not run: nobody else would end it. */
  private async endAsCanceled(
    head: TaskHead,
    mailbox: ClaimedTask["mailbox"],
    request: CancelRequest,
    error?: SerializedError,
  ): Promise<void> {
    const at = this.engine.senses.clock.now();
    const { reason } = request;
    const data = { ...(reason === undefined ? {} : { reason }), ...(error === undefined ? {} : { error }) };
    await this.end(head, mailbox, "canceled", [requested(request, at), { type: "task.canceled", at, data }]);
  }

  private async endAsFailed(head: TaskHead, mailbox: ClaimedTask["mailbox"], error: PlatformError): Promise<void> {
    await this.end(head, mailbox, "failed", [failed(error, this.engine.senses.clock.now())]);
  }

  private async end(
    head: TaskHead,
    mailbox: ClaimedTask["mailbox"],
    state: "canceled" | "failed",
    events: readonly NewTaskEvent[],
  ): Promise<void> {
    const last = events.at(-1);
    const mail: MailboxInsert[] = head.seq > 0 ? await this.cancelsForChildren(head) : [];
    if (head.parent !== null && last !== undefined) {
      const { taskId, path } = head.parent;
      const event = { type: last.type, data: last.data };
      mail.push(childFinishedMail(taskId, { childTaskId: head.taskId, path, event }));
    }
    const consume = mailbox.map(({ key }) => key);
    const { senses, router } = this.engine;
    const known = head.seq > 1 ? await unlessUnreadable(readForReplay(this.engine.store, head), []) : [];
    const untaken = [...untakenIn(known), ...eventsIn(head, mailbox)];
    const revision = router.revisionOf(head.tenantId, head.agent) ?? head.revision;
    const next = successionOf(head, untaken, { revision, ...senses });
    const append = { events, state, consume, release: { dueAt: null } };
    await this.append(head, append, [...mail, ...next.mail], mailbox, next.create);
    // Others of its context, or the next of its key, may have waited for this end.
    this.engine.claims.wake();
  }

  private async cancelsForChildren(head: TaskHead): Promise<MailboxInsert[]> {
    const mail: MailboxInsert[] = [];
    for (const taskId of await this.childrenWaitedFor(head)) {
      const child = { tenantId: head.tenantId, taskId };
      const [first] = await unlessUnreadable(this.engine.store.readLog(child, { limit: 1 }), []);
      const submitted = submissionOf(first);
      if (submitted !== null && submitted.data.parent?.detached !== true) mail.push(cancelMail(taskId, head.taskId));
    }
    return mail;
  }

  private async childrenWaitedFor(head: TaskHead): Promise<readonly string[]> {
    const events = await unlessUnreadable(readForReplay(this.engine.store, head), null);
    if (events !== null) return [...new Journal(events).waits.values()].flatMap(({ childTaskId }) => childTaskId ?? []);
    // Its own log cannot tell, and a cancel must be able to end it all the same.
    const { tenantId, taskId: parentTaskId } = head;
    const { heads } = await this.engine.store.list({ tenantId, parentTaskId, limit: MAX_CHILDREN });
    return heads.filter(({ state }) => !isTerminal(state)).map(({ taskId }) => taskId);
  }

  private async append(
    head: TaskHead,
    append: Omit<LogAppend, "expect" | "requireEmptyMailbox">,
    mail: readonly MailboxInsert[] = [],
    mailbox: ClaimedTask["mailbox"] = [],
    create: readonly NewTask[] = [],
  ): Promise<void> {
    const { engine } = this;
    const { tenantId, taskId, seq, token } = head;
    const [outcome] = await engine.store.commit([
      {
        tenantId,
        taskId,
        append: { expect: { seq, token }, requireEmptyMailbox: isTerminal(append.state), ...append },
        mail,
        create,
      },
    ]);
    if (outcome?.outcome === "stale" && outcome.reason === "mailbox") await this.putAway(head, mailbox);
    // Mail came since the mailbox was read, the log is ahead of what we read, or the lease is another's: looked at again,
    // which is the end of it in the last case.
    if (outcome?.outcome !== "committed") return this.resumeLater(head, token);
    if (isTerminal(append.state) && head.state !== "submitted") engine.credentials.forget(head);
    if (append.events.length > 0) engine.hub.notify(head, { seq: seq + append.events.length, state: append.state });
    engine.mail.deliver(tenantId, mail, true);
  }

  /** Of a task that is to end: what was read of its mail goes, events into its log, so that the rest of it is read. What ends it stays to the end. */
  private async putAway(head: TaskHead, read: ClaimedTask["mailbox"]): Promise<void> {
    const { tenantId, taskId, seq, token, state } = head;
    const at = this.engine.senses.clock.now();
    const consume = read.filter(({ kind }) => !isDecision(kind)).map(({ key }) => key);
    const events = eventsIn(head, read).map((data): NewTaskEvent => ({ type: "signal.received", at, data }));
    const append = { expect: { seq, token }, events, state, consume, requireEmptyMailbox: false };
    if (consume.length > 0) await this.engine.store.commit([{ tenantId, taskId, append }]);
  }
}

const keysOf = (mailbox: ClaimedTask["mailbox"], kind: MailboxInsert["kind"]): string[] =>
  mailbox.filter((item) => item.kind === kind).map(({ key }) => key);

const requested = ({ by, reason }: CancelRequest, at: number): NewTaskEvent => ({
  type: "task.cancelRequested",
  at,
  data: { by, ...(reason === undefined ? {} : { reason }) },
});

const unlessUnreadable = async <T, Otherwise>(read: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> => {
  try {
    return await read;
  } catch (error) {
    if (PlatformError.is(error) && error.code === "PAYLOAD_UNREADABLE") return otherwise;
    throw error;
  }
};
