import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { MailboxKind, TaskKey } from "@agentcore/core/ports";
import type { MailRow } from "./units.ts";

const INSERT = `insert into mailbox (task, key, kind, payload, inserted_at) values (?, ?, ?, ?, ?) on conflict (task, key) do nothing`;
const WAITING =
  "select key, kind, payload, position, inserted_at from mailbox where task = ? and consumed = 0 order by position";
// The key stays: a message that comes again after it was taken in must not come in twice.
const CONSUME = "update mailbox set consumed = 1, payload = 'null' where task = ? and key = ? and consumed = 0";
const COUNT = "select count(*) as count from mailbox where task = ? and consumed = 0";
const OF_LEASED = `select tenant_id, task_id from heads where leased = 1
  and exists (select 1 from mailbox where task = heads.id and consumed = 0)`;
const CLEAR = "delete from mailbox where task = ?";

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
  private readonly countRows: StatementSync;
  private readonly selectOfLeased: StatementSync;
  private readonly clearRows: StatementSync;

  constructor(database: DatabaseSync) {
    this.insertRow = database.prepare(INSERT);
    this.selectWaiting = database.prepare(WAITING);
    this.consumeRow = database.prepare(CONSUME);
    this.countRows = database.prepare(COUNT);
    this.selectOfLeased = database.prepare(OF_LEASED);
    this.clearRows = database.prepare(CLEAR);
  }

  /** False when the key was there already. */
  insert(head: number, mail: MailRow, now: number): boolean {
    return this.insertRow.run(head, mail.key, mail.kind, mail.payload, now).changes === 1;
  }

  waiting(head: number): StoredMail[] {
    return this.selectWaiting.all(head) as unknown as StoredMail[];
  }

  count(head: number): number {
    return Number(this.countRows.get(head)?.["count"] ?? 0);
  }

  /** Tasks with a lease for which something waits. */
  ofLeased(): TaskKey[] {
    return this.selectOfLeased
      .all()
      .map((row) => ({ tenantId: String(row["tenant_id"]), taskId: String(row["task_id"]) }));
  }

  consume(head: number, keys: readonly string[]): void {
    for (const key of keys) this.consumeRow.run(head, key);
  }

  /** For a task that has ended: nothing can be inserted any more, so its keys need not be remembered. */
  clear(head: number): void {
    this.clearRows.run(head);
  }
}
