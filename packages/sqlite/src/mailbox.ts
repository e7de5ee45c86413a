import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { MailboxKind, TaskKey } from "@agentcore/core/ports";
import { chooseMail } from "@agentcore/core/storage";
import type { MailRow } from "./units.ts";

const INSERT = `insert into mailbox (task, key, kind, payload, inserted_at) values (?, ?, ?, ?, ?) on conflict (task, key) do nothing`;
// Without the payloads, which are not even read from the file for it.
const WAITING = `select key, kind, position, octet_length(payload) as bytes from mailbox where task = ? and consumed = 0
  order by position`;
const ITEM = "select key, kind, payload, position, inserted_at from mailbox where position = ?";
// The key stays: a message that comes again after it was taken in must not come in twice.
const CONSUME = "update mailbox set consumed = 1, payload = 'null' where task = ? and key = ? and consumed = 0";
const TAKEN = "select 1 from mailbox where task = ? and key = ? and consumed = 1";
const OF_LEASED = `select tenant_id, task_id from heads where leased = 1
  and exists (select 1 from mailbox where task = heads.id and consumed = 0)`;
const CLEAR = "delete from mailbox where task = ?";

export interface WaitingItem {
  readonly key: string;
  readonly kind: MailboxKind;
  readonly position: number;
  readonly bytes: number;
}

export interface StoredMail {
  readonly key: string;
  readonly kind: MailboxKind;
  readonly payload: string;
  readonly position: number;
  readonly inserted_at: number;
}

export class Mailbox {
  private readonly insertRow: StatementSync;
  private readonly selectWaiting: StatementSync;
  private readonly consumeRow: StatementSync;
  private readonly selectTaken: StatementSync;
  private readonly selectItem: StatementSync;
  private readonly selectOfLeased: StatementSync;
  private readonly clearRows: StatementSync;

  constructor(database: DatabaseSync) {
    this.insertRow = database.prepare(INSERT);
    this.selectWaiting = database.prepare(WAITING);
    this.consumeRow = database.prepare(CONSUME);
    this.selectTaken = database.prepare(TAKEN);
    this.selectItem = database.prepare(ITEM);
    this.selectOfLeased = database.prepare(OF_LEASED);
    this.clearRows = database.prepare(CLEAR);
  }

  /** False when the key was there already. */
  insert(head: number, mail: MailRow, now: number): boolean {
    return this.insertRow.run(head, mail.key, mail.kind, mail.payload, now).changes === 1;
  }

  waiting(head: number): WaitingItem[] {
    return this.selectWaiting.all(head) as unknown as WaitingItem[];
  }

  /** As much as one reading brings that has brought `read` bytes before. */
  read(head: number, read = 0): { readonly items: StoredMail[]; readonly more: boolean; readonly bytes: number } {
    const waiting = this.waiting(head);
    const { chosen, bytes } = chooseMail(waiting, read);
    const items = chosen.map(({ position }) => this.selectItem.get(position) as unknown as StoredMail);
    return { items, more: items.length < waiting.length, bytes };
  }

  /** Tasks with a lease for which something waits. */
  ofLeased(): TaskKey[] {
    return this.selectOfLeased
      .all()
      .map((row) => ({ tenantId: String(row["tenant_id"]), taskId: String(row["task_id"]) }));
  }

  hasTaken(head: number, key: string): boolean {
    return this.selectTaken.get(head, key) !== undefined;
  }

  consume(head: number, keys: readonly string[]): void {
    for (const key of keys) this.consumeRow.run(head, key);
  }

  /** For a task that has ended: nothing can be inserted any more, so its keys need not be remembered. */
  clear(head: number): void {
    this.clearRows.run(head);
  }
}
