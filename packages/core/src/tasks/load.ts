/**
 * Load, the second phase: brings a leased task into memory, or writes why it cannot be (parked, canceled), or gives its
 * lease back. One load of a task at a time; a lease that is ours is followed up until the store says it is not (I10).
 */
import { isTerminal, type NewTaskEvent, PlatformError, type TaskEvent } from "@agentcore/contract";
import type { ClaimedTask, LogAppend, MailboxInsert, TaskHead, TaskKey } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import { Execution } from "./execution.ts";
import { cancelMail, childFinishedMail } from "./family-mail.ts";
import { Journal } from "./journal.ts";
import { keyOf } from "./log-hub.ts";
import { attemptsExhausted, MAX_ATTEMPTS, revisionUnavailable } from "./parking.ts";
import { agentKey } from "./residents.ts";

const RELOAD_MS = 250;

export class Loading {
  private readonly engine: TaskEngine;
  /** Tasks whose lease is ours and that are on their way into memory. */
  private readonly underWay = new Set<string>();

  constructor(engine: TaskEngine) {
    this.engine = engine;
  }

  /** Takes a task that was just leased. */
  async adopt(task: ClaimedTask): Promise<void> {
    await this.once(task.head, task.head.token, () => this.bringIn(task));
  }

  /** Continues a task whose lease is ours, from its log; nothing happens when it is in memory, or not ours any more. */
  resume(key: TaskKey, token: number): void {
    void this.once(key, token, async () => {
      const head = await this.engine.store.head(key);
      if (head === null || head.token !== token || isTerminal(head.state)) return;
      // Given back meanwhile: not ours to continue without a new claim (I1).
      if (!head.leased) return this.engine.claims.wake();
      await this.bringIn({ head, mailbox: await this.engine.store.mailbox(key) });
    });
  }

  resumeLater(key: TaskKey, token: number): void {
    this.engine.senses.clock.after(RELOAD_MS, () => this.resume(key, token));
  }

  private async once(key: TaskKey, token: number, load: () => Promise<void>): Promise<void> {
    const name = keyOf(key);
    if (this.engine.isClosed || this.engine.residents.get(key) !== undefined || this.underWay.has(name)) return;
    this.underWay.add(name);
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
      this.resumeLater(key, token);
    }
  }

  private async bringIn(task: ClaimedTask): Promise<void> {
    try {
      await this.begin(task, await this.readForReplay(task.head));
    } catch (error) {
      const failure = PlatformError.from(error);
      if (failure.code === "STORE_UNAVAILABLE") throw failure;
      await this.park(task.head, task.mailbox, failure);
    }
  }

  /** The submission, and what came after the last checkpoint: all that a replay needs, however long the log before it. */
  private async readForReplay(head: TaskHead): Promise<readonly TaskEvent[]> {
    const { store } = this.engine;
    if (head.checkpointSeq === 0) return store.readLog(head);
    const [first, rest] = await Promise.all([
      store.readLog(head, { limit: 1 }),
      store.readLog(head, { after: head.checkpointSeq - 1 }),
    ]);
    return [...first, ...rest];
  }

  private async begin({ head, mailbox }: ClaimedTask, events: readonly TaskEvent[]): Promise<void> {
    const { engine } = this;
    const cancel = mailbox.find((item) => item.kind === "cancel");
    if (head.state === "parked" && cancel !== undefined)
      return this.cancelParked(
        head,
        events,
        mailbox.map(({ key }) => key),
        cancel.payload as { by: string; reason?: string },
      );
    if (head.attempts > MAX_ATTEMPTS) return this.park(head, mailbox, attemptsExhausted(head.attempts));
    const loaded = await engine.host.load(head);
    if (loaded === null) return this.park(head, mailbox, revisionUnavailable(head.agent, head.revision));
    if (!engine.residents.hasSlot(head.tenantId, head.agent, loaded.concurrency)) return this.giveBack(head);
    const retried = head.state === "parked";
    const at = engine.senses.clock.now();
    const execution = new Execution({
      head,
      loaded,
      journal: new Journal(events),
      state: retried ? "working" : head.state,
      seq: head.seq,
      token: head.token,
      checkpointSeq: head.checkpointSeq,
      born: true,
      services: engine.services,
      events: retried ? [{ type: "task.resumed", at, data: { reason: "retry" } }] : [],
    });
    engine.residents.add(execution);
    execution.start(Math.max(1, head.attempts));
    // Taken in by whatever this attempt writes first: left in the mailbox, a retry that parks again would wake the task for ever.
    execution.intake.acknowledge(mailbox.filter(({ kind }) => kind === "retry"));
    execution.intake.take(mailbox);
    execution.changed();
  }

  /** Others took the slots between claim and load. The attempt does not count: nothing ran. */
  private async giveBack(head: TaskHead): Promise<void> {
    const { engine } = this;
    engine.residents.queue(agentKey(head.tenantId, head.agent));
    await this.append(head, {
      events: [],
      state: head.state,
      consume: [],
      release: { dueAt: engine.senses.clock.now() },
    });
    engine.claims.wake();
  }

  /** Writes why the task cannot go on: visible, and continued by `retry`. */
  async park(head: TaskHead, mailbox: ClaimedTask["mailbox"], error: PlatformError): Promise<void> {
    const event: NewTaskEvent = {
      type: "task.parked",
      at: this.engine.senses.clock.now(),
      data: { error: error.toJSON() },
    };
    const consume = mailbox.filter(({ kind }) => kind === "retry").map(({ key }) => key);
    await this.append(head, { events: [event], state: "parked", consume, release: { dueAt: null } });
  }

  /** A parked task runs no code any more, so nobody else would end it. */
  private async cancelParked(
    head: TaskHead,
    events: readonly TaskEvent[],
    consume: readonly string[],
    request: { readonly by: string; readonly reason?: string },
  ): Promise<void> {
    const at = this.engine.senses.clock.now();
    const data = request.reason === undefined ? {} : { reason: request.reason };
    const mail: MailboxInsert[] = await this.cancelsForChildren(head, events);
    if (head.parent !== null) {
      const { taskId, path } = head.parent;
      mail.push(childFinishedMail(taskId, { childTaskId: head.taskId, path, event: { type: "task.canceled", data } }));
    }
    const ending: NewTaskEvent[] = [
      { type: "task.cancelRequested", at, data: { by: request.by, ...data } },
      { type: "task.canceled", at, data },
    ];
    await this.append(head, { events: ending, state: "canceled", consume, release: { dueAt: null } }, mail);
  }

  private async cancelsForChildren(head: TaskHead, events: readonly TaskEvent[]): Promise<MailboxInsert[]> {
    const mail: MailboxInsert[] = [];
    for (const { childTaskId } of new Journal(events).waits.values()) {
      if (childTaskId === null) continue;
      const child = { tenantId: head.tenantId, taskId: childTaskId };
      const [submitted] = await this.engine.store.readLog(child, { limit: 1 });
      if (submitted?.type === "task.submitted" && submitted.data.parent?.detached !== true)
        mail.push(cancelMail(childTaskId, head.taskId));
    }
    return mail;
  }

  private async append(
    head: TaskHead,
    append: Omit<LogAppend, "expect" | "requireEmptyMailbox">,
    mail: readonly MailboxInsert[] = [],
  ): Promise<void> {
    const { engine } = this;
    const { tenantId, taskId, seq, token } = head;
    await engine.store.commit([
      { tenantId, taskId, append: { expect: { seq, token }, requireEmptyMailbox: false, ...append }, mail },
    ]);
    if (append.events.length > 0) engine.hub.notify(head, { seq: seq + append.events.length, state: append.state });
    engine.mail.deliver(tenantId, mail, true);
  }
}
