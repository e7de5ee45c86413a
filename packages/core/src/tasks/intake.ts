/** Takes what others put into a task's mailbox into its log, in order of arrival. */
import type { A2AMessage, Signal } from "@agentcore/contract";
import type { MailboxItem } from "../ports/index.ts";
import { hearMessage, takeDecision } from "./approval-wait.ts";
import type { SentAnswer } from "./approvals.ts";
import type { Grant } from "./credentials.ts";
import type { EventMail } from "./event-waits.ts";
import type { Execution } from "./execution.ts";
import { type CancelRequest, type ChildFinished, cancelMail, cancelRequestOf } from "./family-mail.ts";
import type { DebugMail } from "./held-calls.ts";
import { IncomingMessages } from "./incoming-messages.ts";
import { IncomingSignals } from "./incoming-signals.ts";
import type { OpenCall } from "./open-call.ts";
import { Unjudged } from "./unjudged.ts";

/** What mail of the kind `signal` brings: what somebody decided or tells the code, or an event that it waits for. */
export type SignalMail =
  | { readonly type: "authorization"; readonly grant: Grant }
  | { readonly type: "decision"; readonly answer: SentAnswer }
  | { readonly type: "signal"; readonly signal: Signal }
  | EventMail
  | DebugMail;

export class Intake {
  readonly messages: IncomingMessages;
  readonly signals: IncomingSignals;
  private readonly execution: Execution;
  private readonly unjudged: Unjudged;
  private readonly seen = new Set<string>();
  private waiting: MailboxItem[] = [];
  private reading: Promise<void> | null = null;
  private readAgain = false;
  /** Items were taken out of the mailbox while it was read. */
  private madeRoom = false;
  /** Mail that asks for another revision: it stays in the mailbox for whoever loads the task next. */
  private migrations: string[] = [];
  /** The last reading left some in the mailbox: they are read when what it brought has been taken out. */
  hasMore = false;
  /** A cancel is in the log, or in the unit that comes next. */
  cancelRequested: boolean;
  cancelReason: string | undefined;

  constructor(execution: Execution) {
    this.execution = execution;
    this.messages = new IncomingMessages(execution.journal);
    this.signals = new IncomingSignals(execution.journal);
    this.cancelRequested = execution.journal.cancelRequestedAt !== null;
    if (this.cancelRequested)
      this.cancelReason = execution.journal.deliveries.find((delivery) => delivery.type === "cancel")?.reason;
    this.unjudged = new Unjudged(execution.open, execution.journal.unjudged);
  }

  /** There is new mail: resolves when it has been read. */
  hint(): Promise<void> {
    this.readAgain = true;
    // Whoever hints while a reading is under way waits for it too: it goes on until nobody has hinted meanwhile.
    this.reading ??= this.readAll().finally(() => {
      this.reading = null;
    });
    return this.reading;
  }

  private async readAll(): Promise<void> {
    const { execution } = this;
    while (this.readAgain) {
      const hadMore = this.hasMore;
      this.readAgain = false;
      this.madeRoom = false;
      const { items, more } = await execution.services.mailbox(execution.head);
      this.hasMore = more;
      this.take(items);
      if (more && this.madeRoom) this.readAgain = true;
      // An end may have waited for it.
      if (hadMore && !more) execution.changed();
    }
  }

  /** What a unit took in is out of the mailbox. True when the rest of it is to be read. */
  tookOut(): boolean {
    this.madeRoom = true;
    return this.hasMore && this.reading === null;
  }

  /** Takes items out of the mailbox with the next unit, whatever it says. */
  acknowledge(items: readonly MailboxItem[]): void {
    for (const { key } of items) {
      this.seen.add(key);
      this.execution.consumed(key);
    }
  }

  take(items: readonly MailboxItem[]): void {
    for (const item of items) {
      if (this.seen.has(item.key)) continue;
      this.seen.add(item.key);
      this.waiting.push(item);
      if (item.kind === "cancel") this.execution.toEnd();
    }
    if (this.execution.phase !== "replaying") this.resume();
  }

  /** The replay is through, or new items came. */
  resume(): void {
    const { execution } = this;
    this.unjudged.judge();
    for (let item = this.waiting.shift(); item !== undefined; item = this.waiting.shift()) {
      // A parked task finds it in its mailbox when it goes on: nobody here can make anything of it now.
      if (execution.phase === "ended" || execution.ending.isParking) return;
      // It stays in the mailbox. What a cancel says nobody needs to know.
      if (item.unreadable !== undefined && item.kind !== "cancel") return execution.ending.parkForMail(item.unreadable);
      if (item.kind === "migrate" && (execution.phase === "live" || execution.isContinuing)) {
        this.migrations.push(item.key);
        execution.leave("quiet");
        continue;
      }
      // Taken in now, the task would wait for what it was told.
      if (this.isForLater(item)) {
        this.waiting.unshift(item);
        // It may be long until the task has left: what ends it does not wait for that.
        return this.takeEarly(this.waiting.filter(({ kind }) => kind === "cancel"));
      }
      execution.consumed(item.key);
      this.process(item);
    }
  }

  /** Before calls begin: breakpoints that were set while the task was not in memory are there for the first of them. */
  takeBreakpoints(): void {
    const { execution } = this;
    if (execution.isLeaving) return;
    const isFirst = ({ kind, payload, unreadable }: MailboxItem): boolean =>
      kind === "signal" && unreadable === undefined && (payload as SignalMail).type === "breakpoints";
    // What lets calls begin is taken in its turn, and what came after that too.
    const until = this.waiting.findIndex(
      ({ kind, payload }) => kind === "signal" && (payload as SignalMail | undefined)?.type === "debug",
    );
    const early = until === -1 ? this.waiting : this.waiting.slice(0, until);
    this.takeEarly(early.filter(isFirst));
  }

  /** Before what came before them. */
  private takeEarly(items: readonly MailboxItem[]): void {
    if (items.length === 0) return;
    this.waiting = this.waiting.filter((item) => !items.includes(item));
    for (const item of items) {
      this.execution.consumed(item.key);
      this.process(item);
    }
  }

  private process(item: MailboxItem): void {
    switch (item.kind) {
      case "message":
        return this.addMessage(item.payload as A2AMessage);
      case "cancel":
        return this.requestCancel(cancelRequestOf(item));
      case "childFinished":
        return this.childFinished(item.payload as ChildFinished);
      case "signal":
        return this.takeSignal(item.payload as SignalMail);
      case "retry":
      // The task ends: there is nothing left to be moved.
      case "migrate":
        return;
    }
  }

  /** The task ends, whatever revision it was to have. */
  forgetMigrations(): void {
    for (const key of this.migrations.splice(0)) this.execution.draft.consume.push(key);
  }

  private addMessage(message: A2AMessage): void {
    const { execution } = this;
    const at = execution.services.senses.clock.now();
    this.messages.add(message);
    execution.appendTold({ type: "message.added", at, data: { message } }, { type: "message", at, message });
    // Only a message that came after the question can be its answer; an earlier one is in ctx.messages.
    if (!this.unjudged.add(message)) hearMessage(execution, message);
  }

  private requestCancel(request: CancelRequest): void {
    const { execution } = this;
    if (this.cancelRequested) return;
    this.cancelRequested = true;
    const at = execution.services.senses.clock.now();
    const { by, reason } = request;
    this.cancelReason = reason;
    const event = {
      type: "task.cancelRequested" as const,
      at,
      data: { by, ...(reason === undefined ? {} : { reason }) },
    };
    for (const call of execution.open.values()) {
      if (call.childTaskId !== null && !call.detached && !execution.ending.compensates)
        execution.addMail(cancelMail(call.childTaskId, execution.head.taskId));
    }
    if (execution.phase === "ending") {
      execution.append(event);
      execution.ending.endAsCanceled(reason);
    } else {
      execution.appendTold(event, { type: "cancel", at, reason });
    }
  }

  private takeSignal(mail: SignalMail): void {
    switch (mail.type) {
      case "authorization":
        return this.authorize(mail.grant);
      case "decision":
        return takeDecision(this.execution, mail.answer);
      case "event":
        return this.hearEvent(mail);
      case "breakpoints":
      case "debug":
        return this.execution.held.take(mail);
      case "signal":
        this.signals.add(mail.signal);
        this.execution.append({
          type: "signal.received",
          at: this.execution.services.senses.clock.now(),
          data: mail.signal,
        });
        return this.offerSignals();
    }
  }

  /** To those who wait, the first of them first. */
  offerSignals(): void {
    for (const call of this.execution.open.values()) if (call.kind === "signal") void call.receive?.(undefined);
  }

  private authorize(grant: Grant): void {
    const call = this.execution.open.get(grant.path);
    if (call?.kind === "authorization") void call.receive?.(grant);
  }

  /** For a wait that has ended meanwhile it is nothing: nobody keeps events. */
  private hearEvent(mail: EventMail): void {
    const call = this.execution.openTo(mail.path);
    if (call?.kind === "event") void call.receive?.(mail);
  }

  /** It ends a wait that does not begin here, since the task leaves, or that goes on in a fresh history, but where it goes on. */
  private isForLater({ kind, payload }: MailboxItem): boolean {
    const { execution } = this;
    if (kind !== "signal" && kind !== "childFinished") return false;
    if (!execution.isContinuing && (execution.phase !== "live" || !execution.isLeaving)) return false;
    // What it lets begin does not begin here.
    if (kind === "signal" && isDebugMail(payload as SignalMail)) return true;
    const call =
      kind === "signal" ? this.callOf(payload as SignalMail) : execution.openTo((payload as ChildFinished).path);
    return call !== undefined && (execution.isContinuing || call.receive === null);
  }

  private callOf(signal: SignalMail): OpenCall | undefined {
    const { open, journal } = this.execution;
    // It is kept for whoever waits for it.
    if (signal.type === "signal" || isDebugMail(signal)) return undefined;
    if (signal.type === "authorization") return open.get(signal.grant.path);
    if (signal.type === "event") return this.execution.openTo(signal.path);
    return open.get(journal.approvals.find(signal.answer.question ?? "")?.path ?? "");
  }

  private childFinished(finished: ChildFinished): void {
    const call = this.execution.openTo(finished.path);
    if (call?.childTaskId === finished.childTaskId) void call.receive?.(finished.event);
  }
}

const isDebugMail = (mail: SignalMail): mail is DebugMail => mail.type === "breakpoints" || mail.type === "debug";
