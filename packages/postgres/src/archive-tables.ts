/** The tables as rows of an archive: what to ask for, in which order, and how many at once. */
import type { MailboxKind, StoreRow } from "@agentcore/core/ports";
import { unescapeText } from "./escape-text.ts";
import type { HeadRow } from "./head-row.ts";
import { toHead } from "./head-row.ts";

/** Of bytes; a MiB in base64. */
const BLOB_PIECE = 768 * 1024;

interface ArchiveTable {
  readonly query: string;
  /** Rows of one fetch. */
  readonly fetch: number;
  readonly toRow: (row: never) => StoreRow;
}

interface OfTask {
  readonly tenant_id: string;
  readonly task_id: string;
}
const taskOf = ({ tenant_id, task_id }: OfTask) => ({
  tenantId: unescapeText(tenant_id),
  taskId: unescapeText(task_id),
});

/** Holds `toRow` against the columns it names. */
const table = <Row>(query: string, toRow: (row: Row) => StoreRow, fetch = 200): ArchiveTable => ({
  query,
  toRow,
  fetch,
});

export const ARCHIVE_TABLES: readonly ArchiveTable[] = [
  table<HeadRow & { exclusive: boolean; folded: boolean }>("select * from heads order by id", (row) => {
    const { leased: _, ...head } = toHead(row);
    return { kind: "task", ...head, exclusive: row.exclusive, folded: row.folded };
  }),
  table<OfTask & { seq: number; type: string; at: number; data: string }>(
    `select h.tenant_id, h.task_id, e.seq, e.type, e.at, e.data from events e join heads h on h.id = e.task
      order by e.transaction, e.position`,
    ({ seq, type, at, data, ...key }) => ({ kind: "event", ...taskOf(key), seq, type, at, data }),
  ),
  table<OfTask & { key: string; kind: MailboxKind; payload: string; inserted_at: number; consumed: boolean }>(
    `select h.tenant_id, h.task_id, m.key, m.kind, m.payload, m.inserted_at, m.consumed
      from mailbox m join heads h on h.id = m.task order by m.position`,
    ({ key, kind, payload, inserted_at: insertedAt, consumed, ...task }) => ({
      ...{ kind: "mail", ...taskOf(task), key: unescapeText(key), mail: kind, payload, insertedAt, consumed },
    }),
  ),
  table<{ tenant_id: string; id: string; kind: "event"; payload: string }>(
    "select tenant_id, id, kind, payload from outbox order by transaction, position",
    ({ tenant_id, id, kind, payload }) => ({
      ...{ kind: "outgoing", tenantId: unescapeText(tenant_id), id: unescapeText(id), message: kind, payload },
    }),
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
    "select tenant_id, namespace, key, value, version, expires_at from key_values",
    ({ tenant_id, namespace, key, value, version, expires_at: expiresAt }) => ({
      ...{ kind: "value", tenantId: unescapeText(tenant_id), namespace: unescapeText(namespace) },
      ...{ key: unescapeText(key), value, version, expiresAt },
    }),
  ),
  table<OfTask & { name: string }>(
    "select b.tenant_id, h.task_id, b.name from task_blobs b join heads h on h.id = b.task",
    ({ name, ...task }) => ({ kind: "blobReference", ...taskOf(task), name }),
  ),
  table<{ tenant_id: string; namespace: string; name: string; bytes: Buffer; is_last: boolean }>(
    `select tenant_id, namespace, name, substring(bytes from n * ${BLOB_PIECE} + 1 for ${BLOB_PIECE}) as bytes,
        (n + 1) * ${BLOB_PIECE} >= octet_length(bytes) as is_last
      from blobs cross join lateral generate_series(0, greatest(0, (octet_length(bytes) - 1) / ${BLOB_PIECE})) n
      order by tenant_id, namespace, name, n`,
    ({ tenant_id, namespace, name, bytes, is_last: isLast }) => ({
      ...{ kind: "blob", tenantId: unescapeText(tenant_id), namespace, name },
      ...{ bytes: bytes.toString("base64"), isLast },
    }),
    2,
  ),
];
