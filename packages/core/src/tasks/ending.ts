/**
 * How a task comes to its end: its code returns or throws, it is cancelled, its deadline passes, or it is parked because it cannot go on by
 * itself. Whatever comes first is concluded, and goes to the log with the next unit. Until the store has that unit, what was concluded
 * may change twice: to a cancel that was accepted meanwhile, which wins over every other end (I2), and to being parked for mail that
 * nobody can read.
 *
 * While the log is replayed a task can only be parked: code that has returned, and a deadline that has passed, wait until it is live.
 *
 * A task that compensates is ended by its code alone, or parked. It is told of a cancel or of its deadline, takes back what it did for as
 * long as that takes, and ends as what it had been told when it ended; what comes later comes too late, also before the end is committed:
 * nobody is left to take anything back.
 */
import {
  CancelledError,
  type NewTaskEvent,
  PlatformError,
  type TaskEventOf,
  type TaskState,
} from "@agentcore/contract";
import { serialiseError } from "../payloads/serialise-error.ts";
import type { Timer } from "../ports/index.ts";
import type { Execution } from "./execution.ts";
import type { OpenCall } from "./open-call.ts";
import { type CodeEnd, failed, judge } from "./outcome.ts";
import { canceledFor, deadlineExceeded, passesBy } from "./parking.ts";
import { stateAfter } from "./view.ts";

const CANCEL_GRACE_MS = 30_000;
const HAS_ENDED = new CancelledError("the task has ended");

interface CancelTold {
  readonly reason: string | undefined;
}

/** The code's end, and what it had been told by then. */
interface Returned {
  readonly end: CodeEnd;
  readonly cancel: CancelTold | null;
  readonly isLate: boolean;
}

interface Conclusion {
  readonly event: NewTaskEvent;
  /** Not before the mailbox is empty (I2, I5). */
  readonly afterMailbox: boolean;
  /** What the log says while the end has to wait. */
  readonly stateBefore: TaskState;
}

export class Ending {
  private readonly execution: Execution;
  private concluded: Conclusion | null = null;
  private returned: Returned | null = null;
  /** The code has been told. */
  private cancel: CancelTold | null;
  /** The code has been told that its deadline has passed. */
  private isLate: boolean;
  /** That is in the log, or in the unit that comes next. */
  private deadlinePassed: boolean;
  private hasExpired = false;
  private deadlineTimer: Timer | null = null;
  private graceTimer: Timer | null = null;

  constructor(execution: Execution) {
    this.execution = execution;
    const { carried, deadlinePassed } = execution.journal;
    const { cancelRequested } = carried;
    this.cancel = cancelRequested === undefined ? null : { reason: cancelRequested.reason };
    this.isLate = carried.deadlinePassed === true;
    this.deadlinePassed = deadlinePassed;
  }

  get compensates(): boolean {
    return this.execution.definition.compensates === true;
  }

  /** The event that ends the log, once it is known. */
  get conclusion(): Conclusion | null {
    return this.concluded;
  }

  get isParking(): boolean {
    return this.concluded?.event.type === "task.parked";
  }

  get hasReturned(): boolean {
    return this.returned !== null;
  }

  /** The code has been told of a cancel. */
  get isCanceled(): boolean {
    return this.cancel !== null;
  }

  /** The code has been told of a cancel, or of its deadline. */
  get isTold(): boolean {
    return this.cancel !== null || this.isLate;
  }

  /** What it was told, when that was before the log was begun anew. */
  get told(): PlatformError | null {
    if (this.isLate) return this.late();
    return this.cancel === null ? null : canceledFor(this.cancel.reason);
  }

  /** What a fresh log has to know of the one before. */
  get carried(): Omit<TaskEventOf<"checkpoint.created">["data"], "state" | "unread" | "toolCalls"> {
    if (!this.compensates) return {};
    const { cancelRequested, cancelReason } = this.execution.intake;
    const reason = this.cancel?.reason ?? cancelReason;
    return {
      compensates: true,
      ...(cancelRequested ? { cancelRequested: reason === undefined ? {} : { reason } } : {}),
      ...(this.deadlinePassed ? { deadlinePassed: true } : {}),
    };
  }

  /** When time runs out. Null: never, or a task that compensates has been asked to end already. */
  get deadline(): number | null {
    const isAsked = this.deadlinePassed || this.execution.intake.cancelRequested;
    return this.compensates && isAsked ? null : this.execution.head.deadline;
  }

  /** Until when what that call asks for is of use. */
  deadlineOf({ isAfterEnd }: OpenCall): number | null {
    return this.compensates && isAfterEnd ? null : this.execution.head.deadline;
  }

  /** Begins to count, or notes that there is no time left. */
  watchDeadline(): void {
    const { deadline } = this;
    if (deadline === null) return;
    const { clock } = this.execution.services.senses;
    const left = deadline - clock.now();
    if (left > 0) this.deadlineTimer = clock.after(left, () => this.expire());
    else this.expireLater();
  }

  /** The task is live now. True when its deadline had passed before and it ends for that: nothing is to begin. */
  endIfExpired(): boolean {
    if (!this.hasExpired) return false;
    // Before it has begun there is nothing to take back.
    if (this.compensates && this.execution.journal.started) this.tellOfDeadline();
    else this.endAsLate();
    return this.concluded !== null;
  }

  /** The task is to end, and its code does not come to what the log says next. */
  endUnreplayed(): void {
    const { execution } = this;
    if (execution.phase !== "replaying") return;
    execution.phase = "live";
    // A cancel may be among the mail.
    execution.intake.resume();
    if (execution.phase === "live") this.endAsLate();
  }

  onCodeEnd(end: CodeEnd): void {
    this.returned ??= { end, cancel: this.cancel, isLate: this.isLate };
    this.endIfReturned();
  }

  /** False when the code has not ended, or commands of it are still on their way through the bus, or begin where the task goes on. */
  endIfReturned(): boolean {
    if (this.returned === null || this.execution.isSending || this.execution.hasUnbegun) return false;
    this.finish(this.returned);
    return true;
  }

  /** Clean-up may take steps of its own; it does not get for ever. */
  onCancel(reason: string | undefined): void {
    this.cancel = { reason };
    if (this.compensates) return;
    this.graceTimer = this.execution.services.senses.clock.after(CANCEL_GRACE_MS, () =>
      this.finish({ end: { value: undefined }, cancel: this.cancel, isLate: false }),
    );
  }

  /** The code hears of it: what its signal aborts with. */
  onDeadline(): PlatformError {
    this.isLate = true;
    return this.late();
  }

  /** Cancel came while the task was ending with something else, and was committed first: it wins (I2). */
  endAsCanceled(reason: string | undefined): void {
    if (this.compensates) return;
    if (this.concluded === null || this.concluded.event.type === "task.canceled") return;
    this.concluded = { ...this.concluded, event: this.canceled(reason), afterMailbox: true };
    this.execution.state = "canceled";
  }

  /** Ends for now: visible, and continued by `retry` (I10). What was not committed yet is dropped with the code that wrote it. */
  park(error: PlatformError): void {
    if (this.execution.isClosed) return;
    this.conclude(this.parked(error), false);
  }

  /** Mail that cannot be read is there: with it waits whatever the code would have ended with. */
  parkForMail(error: PlatformError): void {
    if (this.concluded === null) return this.park(error);
    this.concluded = { ...this.concluded, event: this.parked(error), afterMailbox: false };
    this.execution.state = "parked";
  }

  /** The code passes calls by that the log has. */
  diverge(paths: readonly string[]): void {
    this.park(passesBy(paths, [...this.execution.open.keys()]));
  }

  /** Ended, or out of memory. */
  stop(): void {
    this.deadlineTimer?.cancel();
    this.graceTimer?.cancel();
  }

  /** A cancel in the log was first, also when the code ended before it heard of it (I2). */
  private get isToBeCanceled(): boolean {
    return this.cancel !== null || this.execution.intake.cancelRequested;
  }

  private finish({ end, cancel, isLate }: Returned): void {
    const { execution } = this;
    if (execution.phase !== "live") return;
    const passedBy = execution.visits.ahead();
    if (passedBy.length > 0) return this.diverge(passedBy);
    if (this.compensates) {
      const error = standing(end);
      if (cancel !== null) return this.conclude(this.canceled(cancel.reason, error));
      if (isLate) return this.conclude(failed(error ?? this.late(), this.now()));
    } else if (this.isToBeCanceled) return this.concludeCanceled();
    judge(
      execution.definition,
      end,
      () => this.now(),
      (event) => this.conclude(event),
    );
  }

  private expire(): void {
    // The replay shows which children there are to cancel.
    if (this.execution.phase === "replaying") {
      this.expireLater();
      return;
    }
    if (this.compensates) this.tellOfDeadline();
    else this.endAsLate();
  }

  private expireLater(): void {
    this.hasExpired = true;
    this.execution.toEnd();
  }

  private endAsLate(): void {
    if (this.isToBeCanceled) return this.concludeCanceled();
    const error = this.late();
    this.conclude(failed(error, this.now()), true, error);
  }

  /** By the log, as a cancel: once, and not when it ends already for that or by itself. */
  private tellOfDeadline(): void {
    const { execution, deadline } = this;
    if (deadline === null || this.returned !== null || execution.isClosed) return;
    this.deadlinePassed = true;
    const at = this.now();
    execution.appendTold({ type: "task.deadlinePassed", at, data: { deadline } }, { type: "deadline", at });
  }

  private late(): PlatformError {
    return deadlineExceeded(this.execution.head.deadline ?? 0);
  }

  private concludeCanceled(): void {
    const { reason } = this.cancel ?? { reason: this.execution.intake.cancelReason };
    this.conclude(this.canceled(reason));
  }

  /** `why` is what the code's signal aborts with. */
  private conclude(event: NewTaskEvent, afterMailbox = true, why: PlatformError = HAS_ENDED): void {
    if (this.execution.isClosed) return;
    const { execution } = this;
    this.concluded = { event, afterMailbox, stateBefore: execution.state };
    execution.state = stateAfter(event) ?? execution.state;
    execution.beginEnding(why);
  }

  private canceled(reason: string | undefined, error: PlatformError | null = null): NewTaskEvent {
    const data = {
      ...(reason === undefined ? {} : { reason }),
      ...(error === null ? {} : { error: serialiseError(error) }),
    };
    return { type: "task.canceled", at: this.now(), data };
  }

  private parked(error: PlatformError): NewTaskEvent {
    const { head, services } = this.execution;
    services.senses.logger.log("warn", `task parked: ${error.message}`, {
      tenantId: head.tenantId,
      taskId: head.taskId,
      code: error.code,
    });
    return { type: "task.parked", at: this.now(), data: { error: serialiseError(error) } };
  }

  private now(): number {
    return this.execution.services.senses.clock.now();
  }
}

/** What code that was asked to end says beyond that it does so: what it took back, and what it could not. */
const standing = (end: CodeEnd): PlatformError | null => {
  if (!("error" in end)) return null;
  const error = PlatformError.from(end.error, "AGENT_FAILED");
  return error.code === "CANCELED" && error.details === undefined ? null : error;
};
