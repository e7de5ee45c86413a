/**
 * Commit, the last phase: once a turn it collects what executions have to write, writes it as one batch, and hands on
 * what each unit sets in motion (the code's next calls, children, mail, outbox).
 */
import { PlatformError } from "@agentcore/contract";
import type { CommitOutcome, Lease, TaskKey, Timer } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { Execution } from "./execution.ts";
import type { ExecutionHead } from "./execution-head.ts";
import { keyOf } from "./log-hub.ts";
import { type TakenUnit, takeUnit } from "./take-unit.ts";

const AFTER_DOUBT_MS = 250;
const MAX_DOUBT_MS = 30_000;

interface Write {
  readonly execution: Execution;
  readonly taken: TakenUnit;
}

/** On its way to the store. */
interface Batch {
  readonly writes: readonly Write[];
  /** Its tasks, made when somebody asks: hardly ever. */
  tasks: ReadonlySet<string> | null;
}

/** A task whose unit may have been written or not, until the truth is read. */
interface Doubt {
  /** Of the lease that wrote it. */
  readonly token: number;
  readonly look: () => void;
  timer: Timer;
}

export class Commits {
  private readonly engine: TaskEngine;
  private readonly doubts = new Map<string, Doubt>();
  /** Monotonic milliseconds; null while units are written. */
  private failingSince: number | null = null;
  private dirty = new Set<Execution>();
  /** A few, which go soon: a map of their tasks would keep what is gone for the collector (`TurnoverMap`). */
  private underWay: readonly Batch[] = [];
  private isScheduled = false;

  constructor(engine: TaskEngine) {
    this.engine = engine;
  }

  /** There may be something to write; asked for it after the current turn. */
  markDirty(execution: Execution): void {
    this.dirty.add(execution);
    if (this.isScheduled) return;
    this.isScheduled = true;
    // After the turn: by then the code has reacted to what it was given, so it is known whether it only waits.
    void this.engine.senses.clock.turn().then(() => this.flush());
  }

  /** What the store has of the task may be about to change: by what it says now, a step would run that is just being recorded (I3). */
  isWriting(key: TaskKey): boolean {
    const name = keyOf(key);
    return this.underWay.some((batch) => {
      batch.tasks ??= new Set(batch.writes.map(({ execution }) => keyOf(execution.head)));
      return batch.tasks.has(name);
    });
  }

  /** It is looked at later: by then the store may take again what its code would do once more. */
  isInDoubt(lease: Lease): boolean {
    const doubt = this.doubts.get(keyOf(lease));
    // A later lease, by a claim whose answer was lost, is not what is looked at then.
    return doubt !== undefined && doubt.token >= lease.token;
  }

  /** The store writes: what waited for that need not wait longer. */
  lookAgain(): void {
    if (this.failingSince === null) return;
    this.failingSince = null;
    for (const doubt of this.doubts.values()) {
      doubt.timer.cancel();
      doubt.timer = this.engine.senses.clock.after(AFTER_DOUBT_MS, doubt.look);
    }
  }

  /** What is in doubt is left to the next start. */
  stop(): void {
    for (const { timer } of this.doubts.values()) timer.cancel();
    this.doubts.clear();
  }

  private flush(): void {
    this.isScheduled = false;
    const { dirty } = this;
    // Not cleared: a set's old table would keep what it held (`TurnoverMap`).
    this.dirty = new Set();
    const writes: Write[] = [];
    for (const execution of dirty) {
      const taken = execution.commitInFlight ? null : takeUnit(execution);
      if (taken !== null) writes.push({ execution, taken });
    }
    if (writes.length > 0) void this.write(writes);
  }

  private async write(writes: readonly Write[]): Promise<void> {
    let outcomes: readonly CommitOutcome[];
    const batch: Batch = { writes, tasks: null };
    this.underWay = [...this.underWay, batch];
    const onWritten = (): void => {
      this.underWay = this.underWay.filter((other) => other !== batch);
    };
    try {
      outcomes = await this.engine.store.commit(writes.map(({ taken }) => taken.unit)).finally(onWritten);
    } catch (error) {
      const failure = PlatformError.from(error, "INTERNAL");
      if (failure.code === "LEASE_LOST") {
        for (const { execution, taken } of writes) this.drop(execution, taken, failure);
        this.engine.lease.check();
      } else if (failure.code === "STORE_UNAVAILABLE") for (const each of writes) this.onUnknown(each, failure);
      // Something in the batch cannot be written at all: find it, so that it harms nobody but itself.
      else if (writes.length > 1) for (const each of writes) await this.write([each]);
      else for (const each of writes) await this.onUnwritable(each, failure);
      return;
    }
    this.lookAgain();
    for (const [index, each] of writes.entries()) this.onOutcome(each, outcomes[index]);
  }

  private onOutcome(write: Write, outcome: CommitOutcome | undefined): void {
    const { execution, taken } = write;
    if (outcome?.outcome === "committed") return this.onCommitted(write);
    if (outcome?.outcome === "stale" && outcome.reason === "mailbox") {
      execution.onMailboxFirst(taken);
      return this.engine.mail.read(execution, () => execution.changed());
    }
    this.abandon(taken.draft.launches);
    if (execution.born) this.onLeaseLost(execution);
    else this.onBirthRefused(execution, outcome?.outcome === "stale" ? outcome.existingTaskId : undefined);
  }

  private onCommitted({ execution, taken }: Write): void {
    const { engine } = this;
    const { head } = execution;
    const { unit, draft } = taken;
    if (unit.settle !== undefined) execution.services.models?.settled?.(head.tenantId, unit.settle);
    const birth = execution.takeBirth();
    if (taken.terminal && execution.mayHoldCredentials) engine.credentials.forget(head);
    // It left memory while the unit was on its way, and whoever looked for our leases since may have looked too early.
    const hadLeft = execution.phase === "ended";
    if (hadLeft) {
      engine.hub.notify(head, { seq: taken.seq, state: taken.state });
      return this.followUp(head, execution.token, taken);
    }
    execution.onCommitted(taken);
    if (execution.phase === "ended") {
      this.forget(execution);
      if (taken.terminal) {
        engine.recent.remember(execution, taken);
        this.reportEnd(execution, taken);
      }
      if (taken.restart) engine.loading.resume(head, execution.token);
      else engine.claims.wakeAt(unit.append?.release?.dueAt ?? unit.create?.[0]?.claimed?.release?.dueAt ?? null);
    } else {
      this.markDirty(execution);
      if (draft.consume.length > 0 && execution.intake.tookOut()) engine.mail.read(execution, () => undefined);
    }
    birth?.resolve({ taskId: head.taskId, existing: false });
    // What the log says, not what memory has concluded since: a reader takes a terminal state for the end at that number.
    engine.hub.notify(head, { seq: taken.seq, state: taken.state });
    for (const child of draft.launches) {
      child.start(1);
      // What was addressed to it since the commit.
      child.intake.resume();
    }
    // Of a task that is born here the unit creates one more.
    const created = (unit.create?.length ?? 0) - (unit.append === undefined ? 1 : 0);
    if (created > draft.launches.length) engine.claims.wake();
    if (unit.mail !== undefined && unit.mail.length > 0) engine.mail.deliver(head.tenantId, unit.mail, true);
    if (draft.outbox.length > 0) engine.relay.committed(head.tenantId, draft.outbox);
  }

  private onBirthRefused(execution: Execution, existingTaskId: string | undefined): void {
    const { taskId } = execution.head;
    const birth = execution.takeBirth();
    const conflict = new PlatformError("CONFLICT", `task ${taskId} exists already`);
    execution.end(conflict);
    this.forget(execution);
    if (existingTaskId === undefined) birth?.reject(conflict);
    else birth?.resolve({ taskId: existingTaskId, existing: true });
  }

  /** Somebody else has the task, or the log is ahead of us: nothing of this attempt is written (I1). */
  private onLeaseLost(execution: Execution): void {
    execution.end(new PlatformError("LEASE_LOST", `task ${execution.head.taskId} has another holder`));
    this.forget(execution);
    this.engine.loading.resumeLater(execution.head, execution.token);
  }

  /** Its lease is another's, or about to be. */
  dropLost(execution: Execution): void {
    const lost = new PlatformError("LEASE_LOST", `task ${execution.head.taskId} may have another holder`);
    execution.end(lost);
    this.forget(execution);
    execution.takeBirth()?.reject(new PlatformError("UNAVAILABLE", "the node lost its lease", { retryAfterMs: 1000 }));
  }

  /** What its code ran in is gone, and its lease is ours: it goes on from its log, as after a crash. */
  dropApart(execution: Execution, why: PlatformError): void {
    if (execution.phase === "ended") return;
    // Whoever submits it is told of it first.
    if (!execution.born) return execution.whenDurable(() => this.dropApart(execution, why));
    const { head, token, seq } = execution;
    this.engine.senses.logger.log("warn", `the code of a task was lost: ${why.message}`, {
      ...{ tenantId: head.tenantId, taskId: head.taskId, agent: head.agent },
    });
    execution.end(why);
    this.forget(execution);
    this.engine.loading.resumeLost(head, token, { seq, why: why.message });
  }

  /** The store refuses what the task's code made: trying again would be refused again. */
  private async onUnwritable({ execution, taken }: Write, error: PlatformError): Promise<void> {
    const birth = this.drop(execution, taken, error);
    if (birth !== null) return;
    const { loading, store } = this.engine;
    const { head, token } = execution;
    try {
      const stored = await store.head(head);
      const isOurs = await store.holds({ tenantId: head.tenantId, taskId: head.taskId, token });
      if (stored?.token === token && isOurs) return await loading.park(stored, [], error);
    } catch {
      // The store does not answer just now.
    }
    loading.resumeLater(head, token);
  }

  /** The store did not say whether the unit was written: the truth is read again and continued from there. */
  private onUnknown({ execution, taken }: Write, error: PlatformError): void {
    const { engine } = this;
    const { head, token } = execution;
    engine.senses.logger.log("error", `commit failed: ${error.message}`, {
      tenantId: head.tenantId,
      taskId: head.taskId,
    });
    this.drop(execution, taken, error);
    const name = keyOf(head);
    const look = (): void => {
      if (this.doubts.get(name)?.look === look) this.doubts.delete(name);
      this.followUp(head, token, taken);
    };
    this.doubts.set(name, { token, look, timer: engine.senses.clock.after(this.doubtMs(), look) });
    // It may yet be written.
    engine.claims.doubtLater();
  }

  /** As long again as nothing could be written: on a full disk a task would ask its model, and pay it, each time that it is looked at. */
  private doubtMs(): number {
    const now = this.engine.senses.clock.monotonic();
    this.failingSince ??= now;
    return Math.min(MAX_DOUBT_MS, Math.max(AFTER_DOUBT_MS, now - this.failingSince));
  }

  /** What the unit would have set in motion, in case it was written. */
  private followUp(head: ExecutionHead, token: number, { unit, draft }: TakenUnit): void {
    const { loading, claims, mail, relay } = this.engine;
    if (unit.append !== undefined) loading.resume(head, token);
    if (unit.append === undefined || draft.launches.length > 0) claims.doubt();
    mail.deliver(head.tenantId, unit.mail ?? [], false);
    relay.wake();
  }

  /** Ends an attempt whose unit was not written, or not known to be; returns who waited for its birth. */
  private drop(execution: Execution, { draft }: TakenUnit, error: PlatformError): ReturnType<Execution["takeBirth"]> {
    execution.end(error);
    this.forget(execution);
    this.abandon(draft.launches);
    const birth = execution.takeBirth();
    birth?.reject(error);
    return birth;
  }

  /**
   * Children whose creation was not written. One of the same id may be there all the same: made by an earlier unit of the
   * same task, confirmed when this one was in memory already, or by another node. Every task that is created leased has
   * token 1, so only the store can tell whose it is (I1).
   */
  private abandon(launches: readonly Execution[]): void {
    for (const child of launches) {
      child.end(new PlatformError("LEASE_LOST", "the task was never created"));
      this.forget(child);
    }
    if (launches.length > 0) this.engine.claims.doubt();
  }

  /** Out of memory; whoever waited for its slot, or stayed because of it, is looked at again. */
  private forget(execution: Execution): void {
    const { residents, claims, limits } = this.engine;
    const { tenantId, parent } = execution.head;
    const { wasHere, isWanted } = residents.release(execution);
    if (!wasHere) return;
    // The next of its context, or what was kept by a limit, may have waited.
    if (isWanted || execution.definition.concurrency === "context" || limits.isLimited(execution.head)) claims.wake();
    this.abandon(execution.takeLaunches());
    // A parent that stayed for this child may have nothing left to stay for.
    const waiting = parent === null ? undefined : residents.get({ tenantId, taskId: parent.taskId });
    if (waiting !== undefined) this.markDirty(waiting);
  }

  private reportEnd({ head }: Execution, { draft }: TakenUnit): void {
    const last = draft.events.at(-1);
    const failedRetryably = last?.type === "task.failed" && PlatformError.fromJSON(last.data.error).retryable;
    this.engine.router.reportEnd({ tenantId: head.tenantId, agent: head.agent, failedRetryably });
  }
}
