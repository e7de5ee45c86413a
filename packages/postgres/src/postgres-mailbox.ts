/** Mail of tasks that waits, and which was taken in. */
import {
  MAX_MAIL_BYTES,
  type MailboxItem,
  type MailboxKind,
  type MailboxReading,
  type TaskKey,
  type WaitingMail,
} from "@agentcore/core/ports";
import type { Database } from "./database.ts";
import { escapeText, unescapeText } from "./escape-text.ts";
import type { HeadRow } from "./head-row.ts";
import { TASK, textOf } from "./task-key.ts";
import type { WorkerLease } from "./worker-lease.ts";

/** `chooseMail`, of what waits there; `max` is the bytes. */
const readMail = (
  from: string,
  max: string,
): string => `select task, key, kind, payload, position, inserted_at, waiting from (
    select sized.*, sum(bytes) over (order by position) as upto, count(*) over () as waiting from (
      select b.*, case when b.kind in ('cancel', 'retry', 'migrate') then 0 else octet_length(b.payload) end as bytes from ${from} not b.consumed
    ) sized
  ) found where upto <= ${max} or upto = bytes or bytes = 0 order by position`;

interface MailRow {
  readonly task: number;
  readonly key: string;
  readonly kind: MailboxKind;
  readonly payload: string;
  readonly position: number;
  readonly inserted_at: number;
}

export class PostgresMailbox {
  private readonly database: Database;
  private readonly worker: WorkerLease;

  constructor(database: Database, worker: WorkerLease) {
    this.database = database;
    this.worker = worker;
  }

  async read(key: TaskKey): Promise<MailboxReading> {
    const rows = await this.database.query<MailRow & { readonly waiting: number }>(
      "mailbox",
      readMail(`heads h join mailbox b on b.task = h.id where ${TASK} and`, "$3"),
      [...textOf(key), MAX_MAIL_BYTES],
    );
    return { items: rows.map(toMailboxItem), more: rows.length < (rows[0]?.waiting ?? 0) };
  }

  async leasedWithMail(): Promise<readonly TaskKey[]> {
    const rows = await this.database.query<HeadRow>(
      "leased-with-mail",
      `select h.tenant_id, h.task_id from heads h where h.leased_by = $1 and h.leased_by is not null
        and exists (select from mailbox b where b.task = h.id and not b.consumed)`,
      [this.worker.id],
    );
    return rows.map(({ tenant_id, task_id }) => ({ tenantId: unescapeText(tenant_id), taskId: unescapeText(task_id) }));
  }

  async waiting(key: TaskKey): Promise<WaitingMail> {
    const [row] = await this.database.query<WaitingMail>(
      "waiting-mail",
      `select count(*) as count, coalesce(sum(octet_length(b.payload)), 0)::bigint as bytes
        from heads h join mailbox b on b.task = h.id where ${TASK} and not b.consumed`,
      textOf(key),
    );
    return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
  }

  async hasTaken(key: TaskKey, mailKey: string): Promise<boolean> {
    const rows = await this.database.query(
      "has-taken",
      `select from heads h join mailbox b on b.task = h.id where ${TASK} and b.key = $3 and b.consumed`,
      [...textOf(key), escapeText(mailKey)],
    );
    return rows.length > 0;
  }

  /** By number of the head's row. */
  async ofHeads(heads: readonly number[]): Promise<ReadonlyMap<number, readonly MailboxItem[]>> {
    if (heads.length === 0) return new Map();
    const rows = await this.database.query<MailRow>(
      "mail-of-claimed",
      readMail("mailbox b where b.task = any ($1) and", "$2"),
      [heads, MAX_MAIL_BYTES],
    );
    return new Map([...Map.groupBy(rows, ({ task }) => task)].map(([task, items]) => [task, items.map(toMailboxItem)]));
  }
}

const toMailboxItem = ({ key, kind, payload, position, inserted_at }: MailRow): MailboxItem => ({
  key: unescapeText(key),
  kind,
  payload: JSON.parse(payload) as unknown,
  position,
  insertedAt: inserted_at,
});
