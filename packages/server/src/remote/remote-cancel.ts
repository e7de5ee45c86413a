/**
 * Ends the remote task with ours: by a step, when our task is canceled or fails; without one after a deadline, when nothing can be recorded any more.
 */
import { type A2AMessage, PlatformError } from "@agentcore/contract";
import type { Context, RetryPolicy } from "@agentcore/contract/authoring";
import type { RemoteCalls, RemoteCallsOptions, Sent } from "./remote-calls.ts";

/** How far our task has come with it. */
export interface RemoteStanding {
  /** Null: it is not known yet. */
  readonly taskId: string | null;
  /** What the remote task begins with; null: nothing can have been sent. */
  readonly message: A2AMessage | null;
  /** On its way: a cancel waits for the id that it will bring. Null: not sent by this process. */
  readonly sending: Promise<Sent> | null;
  readonly hasEnded: boolean;
}

// As long as clean-up after a cancel may take.
const CANCEL_RETRY: RetryPolicy = { maxAttempts: 8, initialDelayMs: 250, maxDelayMs: 10_000 };
// It is a try, or three, within the time of other cancels.
const LAST_CANCELS = 3;
const LAST_CANCELS_MS = 30_000;

export class RemoteCancel {
  private readonly options: Pick<RemoteCallsOptions, "clock" | "closing">;
  private readonly ctx: Context;
  private readonly calls: RemoteCalls;
  private readonly standing: () => RemoteStanding;

  constructor(
    options: Pick<RemoteCallsOptions, "clock" | "closing">,
    ctx: Context,
    calls: RemoteCalls,
    standing: () => RemoteStanding,
  ) {
    this.options = options;
    this.ctx = ctx;
    this.calls = calls;
    this.standing = standing;
  }

  /** Nothing happens when nothing can have been sent. */
  async cancel(): Promise<void> {
    const { ctx, isNothingSent } = this;
    if (isNothingSent) return;
    await ctx.step(
      "cancel",
      async ({ signal }) => {
        const id = this.standing().taskId ?? (await this.idOfSent(signal));
        // It was open for the id that it would bring.
        this.calls.closeStream();
        if (id !== null) await this.calls.cancel(id, signal);
        return null;
      },
      { retry: CANCEL_RETRY },
    );
  }

  /** Null: there is no task, or none that can be told without beginning another. */
  private async idOfSent(signal: AbortSignal): Promise<string | null> {
    const { ctx } = this;
    const { message, sending } = this.standing();
    let sent = (await sending?.catch(() => null)) ?? null;
    // A send that failed for good has said why; one that our caller ended may have arrived.
    if (sent === null && message !== null && ctx.signal.aborted && this.mayHaveArrived)
      sent = await this.calls.sendAgain(message, signal);
    return sent !== null && "task" in sent ? sent.task.taskId : null;
  }

  /** Without an attempt of this process one of a process that died may have sent it. */
  private get mayHaveArrived(): boolean {
    return this.standing().sending === null || this.calls.hasSent;
  }

  /** A deadline ends our task at once, and with it what can be recorded; the remote task must not go on for nobody all the same. */
  onAbort(reason: unknown): void {
    const { taskId, hasEnded } = this.standing();
    const code = PlatformError.is(reason) ? reason.code : undefined;
    if (taskId !== null || code !== "CANCELED") this.calls.closeStream();
    if (code !== "DEADLINE_EXCEEDED" || hasEnded || this.isNothingSent) return;
    void this.cancelUnrecorded();
  }

  private async cancelUnrecorded(): Promise<void> {
    const { ctx, options } = this;
    const over = new AbortController();
    const timer = options.clock.after(LAST_CANCELS_MS, () => over.abort());
    const signal = AbortSignal.any([options.closing, over.signal]);
    let id = this.standing().taskId ?? null;
    try {
      for (let attempt = 1; attempt <= LAST_CANCELS && !signal.aborted; attempt++) {
        try {
          id ??= await this.idOfSent(signal);
          if (id === null && !this.mayHaveArrived) return;
          if (id === null) break;
          return await this.calls.cancel(id, signal);
        } catch {
          // Tried again.
        }
      }
    } finally {
      timer.cancel();
    }
    ctx.log.warn(
      id === null
        ? "the deadline passed before the agent said which task it makes of the message; that may go on"
        : `the deadline passed, and task ${id} of the agent could not be canceled`,
    );
  }

  private get isNothingSent(): boolean {
    const { taskId, message } = this.standing();
    return taskId === null && message === null;
  }
}
