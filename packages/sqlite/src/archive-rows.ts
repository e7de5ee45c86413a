/** The tables of a file as rows of an archive, in pages. */
import type { DatabaseSync } from "node:sqlite";
import {
  type MailboxKind,
  type OutboxInsert,
  type Reservation,
  type StoreRow,
  sizeOfRow,
  type UsageRecord,
} from "@agentcore/core/ports";
import type { StoredHead } from "./heads.ts";
import { usageOf } from "./usage-columns.ts";

const PRIORITIES = ["low", "normal", "high", "urgent"] as const;
const PAGE_ROWS = 500;
// As `sizeOfRow` counts; a row larger than that goes alone.
const PAGE_SIZE = 1024 * 1024;

const TASKS = "select * from heads order by id";
// `cross join` keeps events outermost, so that rows come in order of position without a sort.
const EVENTS = `select h.tenant_id, h.task_id, e.seq, e.type, e.at, e.data from events e cross join heads h on h.id = e.task order by e.position`;
const MAIL = `select h.tenant_id, h.task_id, m.key, m.kind, m.payload, m.inserted_at, m.consumed
  from mailbox m cross join heads h on h.id = m.task order by m.position`;
const OUTGOING = "select tenant_id, id, kind, payload from outbox order by position";
const KEYS = "select tenant_id, caller, key, task_id from idempotency_keys";
// By tenant and name: whoever looks for the blobs goes through their folders once.
const REFERENCES = `select b.tenant_id, h.task_id, b.name from task_blobs b cross join heads h on h.id = b.task
  order by b.tenant_id, b.name, b.task`;
const ACCOUNTS =
  "select tenant_id, account, spent, reserved, ends_at from ledger_accounts where spent > 0 or reserved > 0";
const RESERVATIONS = "select tenant_id, key, expires_at, amounts, usage from ledger_reservations";
const USAGE = "select * from ledger_usage";
const VALUES = "select tenant_id, namespace, key, value, version, expires_at from key_values";

type Columns = Readonly<Record<string, string | number | null>>;

const TABLES: readonly (readonly [query: string, toRow: (columns: Columns) => StoreRow])[] = [
  [TASKS, (columns) => taskRow(columns as unknown as StoredHead & { folded: number; exclusive: number })],
  [
    EVENTS,
    (row) => ({
      kind: "event",
      ...taskOf(row),
      seq: Number(row["seq"]),
      type: text(row, "type"),
      at: Number(row["at"]),
      data: text(row, "data"),
    }),
  ],
  [
    MAIL,
    (row) => ({
      ...{ kind: "mail", ...taskOf(row), key: text(row, "key"), mail: text(row, "kind") as MailboxKind },
      ...{ payload: text(row, "payload"), insertedAt: Number(row["inserted_at"]), consumed: row["consumed"] === 1 },
    }),
  ],
  [
    OUTGOING,
    (row) => ({
      ...{ kind: "outgoing", tenantId: text(row, "tenant_id"), id: text(row, "id") },
      ...{ message: text(row, "kind") as OutboxInsert["kind"], payload: text(row, "payload") },
    }),
  ],
  [KEYS, (row) => ({ kind: "idempotencyKey", ...taskOf(row), caller: text(row, "caller"), key: text(row, "key") })],
  [REFERENCES, (row) => ({ kind: "blobReference", ...taskOf(row), name: text(row, "name") })],
  [
    ACCOUNTS,
    (row) => ({
      ...{ kind: "account", tenantId: text(row, "tenant_id"), account: text(row, "account") },
      ...{ spent: Number(row["spent"]), reserved: Number(row["reserved"]) },
      endsAt: row["ends_at"] === null ? null : Number(row["ends_at"]),
    }),
  ],
  [
    RESERVATIONS,
    (row) => ({
      ...{ kind: "reservation", tenantId: text(row, "tenant_id"), key: text(row, "key") },
      expiresAt: Number(row["expires_at"]),
      amounts: JSON.parse(text(row, "amounts")) as Reservation["amounts"],
      usage: JSON.parse(text(row, "usage")) as UsageRecord,
    }),
  ],
  [USAGE, (row) => ({ kind: "usage", tenantId: text(row, "tenant_id"), ...usageOf(row) })],
  [
    VALUES,
    (row) => ({
      ...{ kind: "value", tenantId: text(row, "tenant_id"), namespace: text(row, "namespace"), key: text(row, "key") },
      ...{ value: text(row, "value"), version: Number(row["version"]), expiresAt: row["expires_at"] as number | null },
    }),
  ],
];

export function* archivePages(database: DatabaseSync): Generator<readonly StoreRow[], void> {
  let page: StoreRow[] = [];
  let size = 0;
  for (const [query, toRow] of TABLES) {
    for (const columns of database.prepare(query).iterate()) {
      const row = toRow(columns as Columns);
      const rowSize = sizeOfRow(row);
      if (page.length >= PAGE_ROWS || (page.length > 0 && size + rowSize > PAGE_SIZE)) {
        yield page;
        [page, size] = [[], 0];
      }
      page.push(row);
      size += rowSize;
    }
  }
  if (page.length > 0) yield page;
}

const text = (row: Columns, name: string): string => String(row[name]);
const taskOf = (row: Columns) => ({ tenantId: text(row, "tenant_id"), taskId: text(row, "task_id") });

const taskRow = (row: StoredHead & { readonly folded: number; readonly exclusive: number }): StoreRow => ({
  ...{ kind: "task", tenantId: row.tenant_id, taskId: row.task_id, agent: row.agent, revision: row.revision },
  ...{
    contextId: row.context_id,
    caller: row.caller,
    state: row.state,
    seq: row.seq,
    checkpointSeq: row.checkpoint_seq,
  },
  ...{ floor: row.floor, token: row.token, dueAt: row.due_at, priority: PRIORITIES[row.priority] ?? "normal" },
  ...{ attempts: row.attempts, deadline: row.deadline, createdAt: row.created_at, updatedAt: row.updated_at },
  parent:
    row.parent_task_id === null || row.parent_path === null
      ? null
      : { taskId: row.parent_task_id, path: row.parent_path },
  ...{ exclusive: row.exclusive === 1, folded: row.folded === 1 },
});
