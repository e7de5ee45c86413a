/**
 * How a task comes to its end: its code returns or throws, it is cancelled, its deadline passes, or it is parked because it cannot go on by
 * itself. Whatever comes first is concluded, and goes to the log with the next unit. Until the store has that unit, what was concluded
 * may change twice: to a cancel that was accepted meanwhile, which wins over every other end (I2), and to being parked for mail that
 * nobody can read.
 *
 * While the log is replayed a task can only be parked: code that has returned, and a deadline that has passed, wait until it is live.
 */
import { CancelledError, type NewTaskEvent, type PlatformError, type TaskState } from "@agentcore/contract";
import { serialiseError } from "../payloads/serialise-error.ts";
import type { Timer } from "../ports/index.ts";
import type { Execution } from "./execution.ts";
import { type CodeEnd, failed, judge } from "./outcome.ts";
import { deadlineExceeded, passesBy } from "./parking.ts";
import { stateAfter } from "./view.ts";

const CANCEL_GRACE_MS = 30_000;
const HAS_ENDED = new CancelledError("the task has ended");

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
  private returned: CodeEnd | null = null;
  /** The code has been told. */
  private cancel: { readonly reason: string | undefined } | null = null;
  private hasExpired = false;
  private deadlineTimer: Timer | null = null;
  private graceTimer: Timer | null = null;

  constructor(execution: Execution) {
    this.execution = execution;
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

  /** Begins to count, or notes that there is no time left. */
  watchDeadline(): void {
    const { head, services } = this.execution;
    if (head.deadline === null) return;
    const { clock } = services.senses;
    const left = head.deadline - clock.now();
    if (left > 0) this.deadlineTimer = clock.after(left, () => this.expire());
    else this.hasExpired = true;
  }

  /** The task is live now. True when its deadline had passed before: nothing is to begin. */
  endIfExpired(): boolean {
    if (this.hasExpired) this.expire();
    return this.hasExpired;
  }

  onCodeEnd(end: CodeEnd): void {
    this.returned ??= end;
    this.endIfReturned();
  }

  /** False when the code has not ended, or commands of it are still on their way through the bus. */
  endIfReturned(): boolean {
    if (this.returned === null || this.execution.isSending) return false;
    this.finish(this.returned);
    return true;
  }

  /** Clean-up may take steps of its own; it does not get for ever. */
  onCancel(reason: string | undefined): void {
    this.cancel = { reason };
    this.graceTimer = this.execution.services.senses.clock.after(CANCEL_GRACE_MS, () =>
      this.finish({ value: undefined }),
    );
  }

  /** Cancel came while the task was ending with something else, and was committed first: it wins (I2). */
  endAsCanceled(reason: string | undefined): void {
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

  private finish(end: CodeEnd): void {
    const { execution } = this;
    if (execution.phase !== "live") return;
    const passedBy = execution.visits.ahead();
    if (passedBy.length > 0) return this.diverge(passedBy);
    if (this.isToBeCanceled) return this.concludeCanceled();
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
      this.hasExpired = true;
      return;
    }
    if (this.isToBeCanceled) return this.concludeCanceled();
    const error = deadlineExceeded(this.execution.head.deadline ?? 0);
    this.conclude(failed(error, this.now()), true, error);
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

  private canceled(reason: string | undefined): NewTaskEvent {
    return { type: "task.canceled", at: this.now(), data: reason === undefined ? {} : { reason } };
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
