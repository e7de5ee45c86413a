/** One commit unit on the tables in memory: applied part by part, taken back as a whole when one part is refused. */
import { isTerminal } from "@agentcore/contract";
import type { Clock } from "../ports/senses.ts";
import {
  type CommitOutcome,
  type CommitUnit,
  type LogAppend,
  type MailboxInsert,
  type NewTask,
  type StaleReason,
  type StoredEvent,
  statusTimeOf,
  type Unnumbered,
  wakesTask,
} from "../ports/task-store.ts";
import { type LedgerParts, type ReservationRefusal, reserve, settle } from "../storage/index.ts";
import { MemoryLedgerRows } from "./memory-ledger.ts";
import { compose, type MemoryTables, type MemoryTaskRow, nextSeq, taskKey } from "./memory-tables.ts";

type Refusal = Exclude<CommitOutcome, { readonly outcome: "committed" }>;
type Undo = (() => void)[];
type Unit = CommitUnit<StoredEvent>;
type NewEvent = Unnumbered<StoredEvent>;

const FENCED: Refusal = { outcome: "fenced" };
const stale = (reason: StaleReason, existingTaskId?: string): Refusal => ({
  outcome: "stale",
  reason,
  ...(existingTaskId === undefined ? {} : { existingTaskId }),
});

export class MemoryUnitWriter {
  private readonly tables: MemoryTables;
  private readonly clock: Pick<Clock, "now">;
  private readonly check: (event: StoredEvent) => void;

  /** `check` throws for an event that its reader would refuse. */
  constructor(tables: MemoryTables, clock: Pick<Clock, "now">, check: (event: StoredEvent) => void) {
    this.tables = tables;
    this.clock = clock;
    this.check = check;
  }

  /** Applies the parts in order; the first refusal takes back what came before it. `ledger`: its parts of that kind, checked. */
  write(unit: Unit, ledger: LedgerParts | null): CommitOutcome {
    const undo: Undo = [];
    let refusal: Refusal | null = null;
    let done = false;
    try {
      refusal = this.apply(unit, ledger, undo);
      done = refusal === null;
    } finally {
      // Also when a payload is not JSON and the unit throws half way.
      if (!done) for (const step of undo.reverse()) step();
    }
    return refusal ?? { outcome: "committed" };
  }

  private apply(unit: Unit, ledger: LedgerParts | null, undo: Undo): Refusal | null {
    if (unit.append !== undefined) {
      const refusal = this.append(unit.tenantId, unit.taskId ?? "", unit.append, undo);
      if (refusal !== null) return refusal;
    }
    for (const task of unit.create ?? []) {
      const refusal = this.create(unit.tenantId, task, undo);
      if (refusal !== null) return refusal;
    }
    for (const mail of unit.mail ?? []) {
      const refusal = this.insertMail(unit.tenantId, mail, undo);
      if (refusal !== null) return refusal;
    }
    if (unit.delivers !== undefined && !this.deliver(unit.tenantId, unit.delivers, undo)) return stale("delivered");
    const refusal = ledger === null ? null : this.keepLedger(unit.tenantId, ledger, undo);
    if (refusal !== null) return refusal;
    for (const { id, kind, payload } of unit.outbox ?? []) {
      const position = this.nextPosition();
      this.tables.outbox.set(position, { tenantId: unit.tenantId, id, kind, payload: jsonText(payload) });
      undo.push(() => this.tables.outbox.delete(position));
    }
    // A reference that nothing needs does no harm, so it is not taken back.
    for (const { taskId, name } of unit.blobs ?? []) this.row(unit.tenantId, taskId)?.blobs.add(name);
    return null;
  }

  /** False: one of them is not there. */
  private deliver(tenantId: string, positions: readonly number[], undo: Undo): boolean {
    const { outbox } = this.tables;
    if (positions.some((position) => outbox.get(position)?.tenantId !== tenantId)) return false;
    const before = [...outbox];
    undo.push(() => {
      // In order of positions, as rows are read.
      outbox.clear();
      for (const [position, row] of before) outbox.set(position, row);
    });
    for (const position of positions) outbox.delete(position);
    return true;
  }

  private keepLedger(tenantId: string, ledger: LedgerParts, undo: Undo): ReservationRefusal | null {
    const rows = new MemoryLedgerRows(this.tables, undo);
    for (const settlement of ledger.settle) settle(rows, tenantId, settlement);
    return ledger.reserve === null ? null : reserve(rows, tenantId, ledger.reserve);
  }

  private append(tenantId: string, taskId: string, append: LogAppend<StoredEvent>, undo: Undo): Refusal | null {
    const row = this.row(tenantId, taskId);
    if (row === undefined) return stale("missing");
    const { head, leased } = row;
    if (head.token !== append.expect.token) return FENCED;
    if (isTerminal(head.state)) return stale("terminal");
    if (!leased) return FENCED;
    if (head.seq !== append.expect.seq) return stale("sequence");
    const waiting = [...row.mail.values()].filter((item) => !item.consumed && !append.consume.includes(item.key));
    if (append.requireEmptyMailbox && waiting.length > 0) return stale("mailbox");

    undo.push(() => {
      row.head = head;
      row.leased = leased;
    });
    this.writeEvents(row, append.events, undo);
    for (const key of append.consume) {
      const item = row.mail.get(key);
      if (item === undefined || item.consumed) continue;
      item.consumed = true;
      undo.push(() => {
        item.consumed = false;
      });
    }
    const ended = isTerminal(append.state);
    // Mail that came while the holder was busy would otherwise sleep with the task.
    const woken = waiting.some((item) => wakesTask(append.state, item.kind));
    const releasedDueAt =
      append.release === undefined
        ? head.dueAt
        : woken
          ? earliest(append.release.dueAt, this.clock.now())
          : append.release.dueAt;
    row.head = {
      ...head,
      seq: head.seq + append.events.length,
      state: append.state,
      revision: append.revision ?? head.revision,
      checkpointSeq: append.checkpointSeq ?? head.checkpointSeq,
      attempts: attemptsAfter(append, head.attempts),
      dueAt: ended ? null : releasedDueAt,
      updatedAt:
        statusTimeOf(append.events, append.state) ?? (append.state === head.state ? head.updatedAt : this.clock.now()),
    };
    row.leased = append.release === undefined && !ended;
    if (ended) this.clearMail(row, undo);
    return null;
  }

  private create(tenantId: string, task: NewTask<StoredEvent>, undo: Undo): Refusal | null {
    const key = taskKey(tenantId, task.taskId);
    if (this.tables.tasks.has(key)) return task.ifExists === "ignore" ? null : stale("exists", task.taskId);
    if (task.idempotencyKey !== undefined) {
      const idempotency = compose(tenantId, task.caller, task.idempotencyKey);
      const existing = this.tables.idempotency.get(idempotency);
      if (existing !== undefined) return stale("exists", existing);
      this.tables.idempotency.set(idempotency, task.taskId);
      undo.push(() => this.tables.idempotency.delete(idempotency));
    }
    const { claimed } = task;
    const state = claimed?.state ?? "submitted";
    const { agent, revision, contextId, caller, priority, deadline, parent, createdAt } = task;
    const row: MemoryTaskRow = {
      head: {
        ...{
          tenantId,
          taskId: task.taskId,
          agent,
          revision,
          contextId,
          caller,
          priority,
          deadline,
          parent,
          createdAt,
          state,
        },
        seq: task.events.length,
        checkpointSeq: claimed?.checkpointSeq ?? 0,
        floor: 0,
        token: claimed === undefined ? 0 : 1,
        attempts: claimed === undefined ? 0 : 1,
        dueAt: isTerminal(state) ? null : claimed?.release === undefined ? task.dueAt : claimed.release.dueAt,
        updatedAt: statusTimeOf(task.events, state) ?? createdAt,
      },
      leased: claimed !== undefined && claimed.release === undefined && !isTerminal(state),
      log: [],
      folded: false,
      exclusive: task.exclusive ?? false,
      mail: new Map(),
      blobs: new Set(),
    };
    this.tables.tasks.set(key, row);
    undo.push(() => this.tables.tasks.delete(key));
    this.writeEvents(row, task.events, undo);
    return null;
  }

  private insertMail(tenantId: string, mail: MailboxInsert, undo: Undo): Refusal | null {
    const row = this.row(tenantId, mail.taskId);
    if (row === undefined) return mail.ifTerminal === "refuse" ? stale("missing") : null;
    const { head } = row;
    if (isTerminal(head.state)) return mail.ifTerminal === "refuse" ? stale("terminal") : null;
    if (row.mail.has(mail.key)) return null;
    const insertedAt = this.clock.now();
    row.mail.set(mail.key, {
      key: mail.key,
      kind: mail.kind,
      payload: jsonText(mail.payload),
      position: this.nextPosition(),
      insertedAt,
      consumed: false,
    });
    if (wakesTask(head.state, mail.kind)) row.head = { ...head, dueAt: earliest(head.dueAt, insertedAt) };
    undo.push(() => {
      row.mail.delete(mail.key);
      row.head = head;
    });
    return null;
  }

  private writeEvents(row: MemoryTaskRow, events: readonly NewEvent[], undo: Undo): void {
    const length = row.log.length;
    for (const { type, at, data } of events) {
      const seq = nextSeq(row);
      const text = JSON.stringify({ seq, at, type, data: data ?? null });
      this.check(JSON.parse(text));
      row.log.push(text);
      this.tables.tail.push({ row, seq });
    }
    undo.push(() => {
      row.log.length = length;
      this.tables.tail.length -= events.length;
    });
  }

  private clearMail(row: MemoryTaskRow, undo: Undo): void {
    const before = [...row.mail];
    row.mail.clear();
    undo.push(() => {
      for (const [key, item] of before) row.mail.set(key, item);
    });
  }

  private row(tenantId: string, taskId: string): MemoryTaskRow | undefined {
    return this.tables.tasks.get(taskKey(tenantId, taskId));
  }

  private nextPosition(): number {
    this.tables.positions += 1;
    return this.tables.positions;
  }
}

const jsonText = (value: unknown): string => JSON.stringify(value) ?? "null";

const earliest = (dueAt: number | null, now: number): number => (dueAt === null ? now : Math.min(dueAt, now));

/** Giving a lease back is not losing it: the attempt does not count. */
const attemptsAfter = (append: LogAppend<StoredEvent>, attempts: number): number => {
  if (append.events.length > 0) return 0;
  return append.release === undefined ? attempts : Math.max(0, attempts - 1);
};
