/** The tables as rows of an archive: what to ask for, in which order, and how much at once. */
import { type MailboxKind, type StoreRow, sizeOfRow } from "@agentcore/core/ports";
import type { ClientBase } from "pg";
import { unescapeText } from "./escape-text.ts";
import type { HeadRow } from "./head-row.ts";
import { toHead } from "./head-row.ts";
import { type HeldRow, toHeld } from "./postgres-ledger.ts";
import { fromUsageRow, type UsageColumns } from "./usage-row.ts";

/** Of bytes; a MiB in base64. */
const BLOB_PIECE = 768 * 1024;

// Of bytes: with 200 rows a fetch is at most 6 MiB, and a payload of a usual size needs no second question.
const LARGE_PAYLOAD = 32 * 1024;
// As `sizeOfRow` counts; a row larger than that goes alone.
const PAGE_SIZE = 1024 * 1024;

interface ArchiveTable {
  readonly query: string;
  /** Rows of one fetch. */
  readonly fetch: number;
  readonly toRow: (row: never) => StoreRow;
  readonly payload: PayloadColumn | null;
}

/** A column of which a cursor gives null for what is large, and the place to ask for it: a fetch of 200 rows may be 6 GB otherwise. */
interface PayloadColumn {
  readonly table: string;
  readonly column: string;
}

const unlessLarge = (of: string, column: string): string =>
  `case when octet_length(${of}.${column}) <= ${LARGE_PAYLOAD} then ${of}.${column} end as ${column}, ${of}.ctid::text as place`;

interface OfTask {
  readonly tenant_id: string;
  readonly task_id: string;
}
const taskOf = ({ tenant_id, task_id }: OfTask) => ({
  tenantId: unescapeText(tenant_id),
  taskId: unescapeText(task_id),
});

/** Holds `toRow` against the columns it names. */
const table = <Row>(
  query: string,
  toRow: (row: Row) => StoreRow,
  { fetch = 200, payload = null }: Partial<Pick<ArchiveTable, "fetch" | "payload">> = {},
): ArchiveTable => ({ query, toRow, fetch, payload });

export const ARCHIVE_TABLES: readonly ArchiveTable[] = [
  table<HeadRow & { exclusive: boolean; folded: boolean }>("select * from heads order by id", (row) => {
    const { leased: _, ...head } = toHead(row);
    return { kind: "task", ...head, exclusive: row.exclusive, folded: row.folded };
  }),
  table<OfTask & { seq: number; type: string; at: number; data: string }>(
    `select h.tenant_id, h.task_id, e.seq, e.type, e.at, ${unlessLarge("e", "data")}
      from events e join heads h on h.id = e.task order by e.transaction, e.position`,
    ({ seq, type, at, data, ...key }) => ({ kind: "event", ...taskOf(key), seq, type, at, data }),
    { payload: { table: "events", column: "data" } },
  ),
  table<OfTask & { key: string; kind: MailboxKind; payload: string; inserted_at: number; consumed: boolean }>(
    `select h.tenant_id, h.task_id, m.key, m.kind, ${unlessLarge("m", "payload")}, m.inserted_at, m.consumed
      from mailbox m join heads h on h.id = m.task order by m.position`,
    ({ key, kind, payload, inserted_at: insertedAt, consumed, ...task }) => ({
      ...{ kind: "mail", ...taskOf(task), key: unescapeText(key), mail: kind, payload, insertedAt, consumed },
    }),
    { payload: { table: "mailbox", column: "payload" } },
  ),
  table<{ tenant_id: string; id: string; kind: "event"; payload: string }>(
    `select o.tenant_id, o.id, o.kind, ${unlessLarge("o", "payload")} from outbox o order by o.transaction, o.position`,
    ({ tenant_id, id, kind, payload }) => ({
      ...{ kind: "outgoing", tenantId: unescapeText(tenant_id), id: unescapeText(id), message: kind, payload },
    }),
    { payload: { table: "outbox", column: "payload" } },
  ),
  table<OfTask & { caller: string; key: string }>(
    "select tenant_id, caller, key, task_id from idempotency_keys",
    ({ caller, key, ...task }) => ({
      ...{ kind: "idempotencyKey", ...taskOf(task), caller: unescapeText(caller), key: unescapeText(key) },
    }),
  ),
  table<{
    tenant_id: string;
    namespace: string;
    key: string;
    value: string;
    version: number;
    expires_at: number | null;
  }>(
    `select v.tenant_id, v.namespace, v.key, ${unlessLarge("v", "value")}, v.version, v.expires_at from key_values v`,
    ({ tenant_id, namespace, key, value, version, expires_at: expiresAt }) => ({
      ...{ kind: "value", tenantId: unescapeText(tenant_id), namespace: unescapeText(namespace) },
      ...{ key: unescapeText(key), value, version, expiresAt },
    }),
    { payload: { table: "key_values", column: "value" } },
  ),
  table<OfTask & { name: string }>(
    "select b.tenant_id, h.task_id, b.name from task_blobs b join heads h on h.id = b.task",
    ({ name, ...task }) => ({ kind: "blobReference", ...taskOf(task), name }),
  ),
  table<{ tenant_id: string; account: string; spent: number; reserved: number; ends_at: number | null }>(
    "select tenant_id, account, spent, reserved, ends_at from ledger_accounts where spent > 0 or reserved > 0",
    ({ tenant_id, account, spent, reserved, ends_at: endsAt }) => ({
      ...{
        kind: "account",
        tenantId: unescapeText(tenant_id),
        account: unescapeText(account),
        spent,
        reserved,
        endsAt,
      },
    }),
  ),
  table<HeldRow & { tenant_id: string; usage: UsageColumns }>(
    "select tenant_id, key, expires_at, amounts, usage from ledger_reservations",
    ({ tenant_id, usage, ...row }) => ({
      ...{ kind: "reservation", tenantId: unescapeText(tenant_id), ...toHeld(row), usage: fromUsageRow(usage) },
    }),
    { fetch: 50 },
  ),
  table<UsageColumns & { tenant_id: string }>("select * from ledger_usage", ({ tenant_id, ...row }) => ({
    ...{ kind: "usage", tenantId: unescapeText(tenant_id), ...fromUsageRow(row) },
  })),
  table<{ tenant_id: string; namespace: string; name: string; bytes: Buffer; is_last: boolean }>(
    `select tenant_id, namespace, name, substring(bytes from n * ${BLOB_PIECE} + 1 for ${BLOB_PIECE}) as bytes,
        (n + 1) * ${BLOB_PIECE} >= octet_length(bytes) as is_last
      from blobs cross join lateral generate_series(0, greatest(0, (octet_length(bytes) - 1) / ${BLOB_PIECE})) n
      order by tenant_id, namespace, name, n`,
    ({ tenant_id, namespace, name, bytes, is_last: isLast }) => ({
      ...{ kind: "blob", tenantId: unescapeText(tenant_id), namespace, name },
      ...{ bytes: bytes.toString("base64"), isLast },
    }),
    { fetch: 2 },
  ),
];

/** Rows of one fetch as pages: what was too large for it is asked for now, one at a time, in the transaction of the cursor. */
export async function* pagesOf(
  client: Pick<ClientBase, "query">,
  { toRow, payload }: Pick<ArchiveTable, "toRow" | "payload">,
  rows: readonly Readonly<Record<string, unknown>>[],
): AsyncGenerator<readonly StoreRow[], void> {
  let page: StoreRow[] = [];
  let size = 0;
  for (const columns of rows) {
    const row = toRow((await withPayload(client, payload, columns)) as never);
    const rowSize = sizeOfRow(row);
    if (page.length > 0 && size + rowSize > PAGE_SIZE) {
      yield page;
      [page, size] = [[], 0];
    }
    page.push(row);
    size += rowSize;
  }
  if (page.length > 0) yield page;
}

const withPayload = async (
  client: Pick<ClientBase, "query">,
  payload: PayloadColumn | null,
  columns: Readonly<Record<string, unknown>>,
): Promise<Readonly<Record<string, unknown>>> => {
  if (payload === null || columns[payload.column] !== null) return columns;
  const { table, column } = payload;
  const found = await client.query<Record<string, unknown>>(`select ${column} from ${table} where ctid = $1::tid`, [
    columns["place"],
  ]);
  return { ...columns, ...found.rows[0] };
};
