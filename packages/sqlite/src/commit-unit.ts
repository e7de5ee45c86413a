/** One commit unit inside the open transaction: checks, then writes; all of it or nothing. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type CommitOutcome, type StaleReason, statusTimeOf, wakesTask } from "@agentcore/core/ports";
import type { ReservationRefusal } from "@agentcore/core/storage";
import type { Events } from "./events.ts";
import { type Heads, isTerminal } from "./heads.ts";
import type { LedgerTable } from "./ledger.ts";
import type { Mailbox } from "./mailbox.ts";
import type { Outbox } from "./outbox.ts";
import type { TaskBlobs } from "./task-blobs.ts";
import type { AppendRow, CreateRow, LedgerRow, MailRow, Unit } from "./units.ts";

type Refusal = Exclude<CommitOutcome, { readonly outcome: "committed" }>;

const COMMITTED: CommitOutcome = { outcome: "committed" };
const FENCED: Refusal = { outcome: "fenced" };
const stale = (reason: StaleReason, existingTaskId?: string): Refusal => ({
  outcome: "stale",
  reason,
  ...(existingTaskId === undefined ? {} : { existingTaskId }),
});

export interface Tables {
  readonly database: DatabaseSync;
  readonly heads: Heads;
  readonly events: Events;
  readonly mailbox: Mailbox;
  readonly outbox: Outbox;
  readonly blobs: TaskBlobs;
  readonly ledger: LedgerTable;
}

export class UnitWriter {
  private readonly tables: Tables;
  private readonly savepoint: StatementSync;
  private readonly release: StatementSync;
  private readonly rollback: StatementSync;

  constructor(tables: Tables) {
    this.tables = tables;
    this.savepoint = tables.database.prepare("savepoint unit");
    this.release = tables.database.prepare("release unit");
    this.rollback = tables.database.prepare("rollback to unit");
  }

  write(unit: Unit, now: number): CommitOutcome {
    // Every part checks before it writes. So only a unit with a part that may refuse behind another can be refused half
    // written, and only such a unit pays for a savepoint.
    if (!mayEndHalfWritten(unit)) return this.apply(unit, now) ?? COMMITTED;
    this.savepoint.run();
    const refusal = this.apply(unit, now);
    if (refusal !== null) this.rollback.run();
    this.release.run();
    return refusal ?? COMMITTED;
  }

  private apply(unit: Unit, now: number): Refusal | null {
    if (unit.append !== null) {
      const refusal = this.append(unit.tenantId, unit.taskId, unit.append, now);
      if (refusal !== null) return refusal;
    }
    for (const task of unit.create) {
      const refusal = this.create(unit.tenantId, task);
      if (refusal !== null) return refusal;
    }
    for (const mail of unit.mail) {
      const refusal = this.mail(unit.tenantId, mail, now);
      if (refusal !== null) return refusal;
    }
    if (!this.tables.outbox.has(unit.tenantId, unit.delivers)) return stale("delivered");
    this.tables.outbox.acknowledge(unit.delivers);
    if (unit.ledger !== null) {
      const refusal = this.keepLedger(unit.tenantId, unit.ledger);
      if (refusal !== null) return refusal;
    }
    for (const row of unit.outbox) this.tables.outbox.insert(unit.tenantId, row);
    for (const { taskId, name } of unit.blobs) this.refer(unit.tenantId, taskId, name);
    return null;
  }

  private append(tenantId: string, taskId: string, append: AppendRow, now: number): Refusal | null {
    const { heads, events, mailbox } = this.tables;
    if (isPlain(append)) {
      const id = heads.advance(tenantId, taskId, append);
      if (id !== null) {
        events.append(id, append.seq, append.events);
        mailbox.consume(id, append.consume);
        return null;
      }
    }
    const head = heads.find(tenantId, taskId);
    if (head === null) return stale("missing");
    if (head.token !== append.token) return FENCED;
    if (isTerminal(head.state)) return stale("terminal");
    if (head.leased !== 1) return FENCED;
    if (head.seq !== append.seq) return stale("sequence");
    const waiting = mailbox.waiting(head.id).filter((mail) => !append.consume.includes(mail.key));
    if (append.requireEmptyMailbox && waiting.length > 0) return stale("mailbox");

    const ended = isTerminal(append.state);
    // Mail that came while the holder was busy would otherwise sleep with the task.
    const woken = waiting.some((mail) => wakesTask(append.state, mail.kind));
    const releaseDueAt = woken ? Math.min(append.releaseDueAt ?? now, now) : append.releaseDueAt;
    heads.change(head.id, {
      seq: head.seq + append.events.length,
      state: append.state,
      checkpointSeq: append.checkpointSeq,
      revision: append.revision,
      // Giving a lease back is not losing it: the attempt does not count.
      attempts: append.events.length > 0 ? 0 : append.releases ? Math.max(0, head.attempts - 1) : head.attempts,
      leased: !append.releases && !ended,
      dueAt: ended ? null : append.releases ? releaseDueAt : head.due_at,
      updatedAt: statusTimeOf(append.events, append.state) ?? (append.state === head.state ? head.updated_at : now),
    });
    events.append(head.id, head.seq, append.events);
    if (ended) mailbox.clear(head.id);
    else mailbox.consume(head.id, append.consume);
    return null;
  }

  private create(tenantId: string, task: CreateRow): Refusal | null {
    const { heads, events } = this.tables;
    if (heads.find(tenantId, task.taskId) !== null) return task.ignoreExisting ? null : stale("exists", task.taskId);
    if (task.idempotencyKey !== null) {
      const existing = heads.reserveKey(tenantId, task, task.idempotencyKey);
      if (existing !== null) return stale("exists", existing);
    }
    const id = heads.insert(tenantId, task);
    if (id !== null) events.append(id, 0, task.events);
    return null;
  }

  private keepLedger(tenantId: string, { settle, reserve }: LedgerRow): ReservationRefusal | null {
    const { ledger } = this.tables;
    for (const settlement of settle) ledger.settle(tenantId, settlement);
    return reserve === null ? null : ledger.reserve(tenantId, reserve);
  }

  private refer(tenantId: string, taskId: string, name: string): void {
    const head = this.tables.heads.find(tenantId, taskId);
    if (head !== null) this.tables.blobs.insert(tenantId, name, head.id);
  }

  private mail(tenantId: string, mail: MailRow, now: number): Refusal | null {
    const { heads, mailbox } = this.tables;
    const head = heads.find(tenantId, mail.taskId);
    if (head === null) return mail.refuse ? stale("missing") : null;
    if (isTerminal(head.state)) return mail.refuse ? stale("terminal") : null;
    if (mailbox.insert(head.id, mail, now) && wakesTask(head.state, mail.kind)) heads.wake(head.id, now);
    return null;
  }
}

/** Changes no more of the head than its number. The same terminal state before and after must be refused (I2), so that takes the long way. */
const isPlain = ({ releases, requireEmptyMailbox, checkpointSeq, revision, events, state }: AppendRow): boolean =>
  !releases &&
  !requireEmptyMailbox &&
  checkpointSeq === null &&
  revision === null &&
  events.length > 0 &&
  !isTerminal(state);

const mayEndHalfWritten = ({ append, create, mail, delivers, ledger }: Unit): boolean => {
  const before = (append === null ? 0 : 1) + create.length;
  return (
    (delivers.length > 0 && (before + mail.length > 0 || ledger?.reserve != null)) ||
    (create.length > 0 && before > 1) ||
    mail.some(({ refuse }, index) => refuse && before + index > 0) ||
    (ledger?.reserve != null && before + mail.length + ledger.settle.length > 0)
  );
};
