/** Rows of an archive into the tables, many in one statement. */
import { PlatformError, PRIORITIES } from "@agentcore/contract";
import { type BlobRow, type StoreRow, sizeOfRow } from "@agentcore/core/ports";
import type { ClientBase } from "pg";
import { escapeText } from "./escape-text.ts";
import { COUNT_COLUMNS, toUsageRow } from "./usage-row.ts";

type Kind = Exclude<StoreRow["kind"], "blob">;
type Columns = Readonly<Record<string, string | number | boolean | null | object>>;

// `place` keeps the order: positions are given as rows come.
const from = (columns: string): string => `rows from (jsonb_to_recordset($1::jsonb) as (${columns})) with ordinality`;

const INSERTS: Readonly<Record<Kind, string>> = {
  // Whoever held a task in the store this is from is fenced.
  task: `insert into heads (tenant_id, task_id, agent, revision, context_id, caller, state, seq, checkpoint_seq, token, leased_by, due_at,
      priority, attempts, deadline, parent_task_id, parent_path, created_at, updated_at, exclusive, floor, folded)
    select tenant, task, agent, revision, context, caller, state, seq, checkpoint, token + 1, null, due, priority, attempts, deadline,
      parent_task, parent_path, created, updated, exclusive, floor, folded
    from ${from(`tenant text, task text, agent text, revision text, context text, caller text, state text, seq integer, checkpoint integer,
      token bigint, due bigint, priority smallint, attempts integer, deadline bigint, parent_task text, parent_path text,
      created bigint, updated bigint, exclusive boolean, floor integer, folded boolean`)}
      r (tenant, task, agent, revision, context, caller, state, seq, checkpoint, token, due, priority, attempts, deadline, parent_task,
        parent_path, created, updated, exclusive, floor, folded, place) order by place`,
  event: `insert into events (task, seq, type, at, data)
    select h.id, r.seq, r.type, r.at, r.data
    from ${from("tenant text, task text, seq integer, type text, at bigint, data text")} r (tenant, task, seq, type, at, data, place)
    join heads h on h.tenant_id || '\\t' || h.task_id = r.tenant || '\\t' || r.task order by r.place`,
  mail: `insert into mailbox (task, key, kind, payload, inserted_at, consumed)
    select h.id, r.key, r.kind, r.payload, r.inserted, r.consumed
    from ${from("tenant text, task text, key text, kind text, payload text, inserted bigint, consumed boolean")}
      r (tenant, task, key, kind, payload, inserted, consumed, place)
    join heads h on h.tenant_id || '\\t' || h.task_id = r.tenant || '\\t' || r.task order by r.place`,
  outgoing: `insert into outbox (tenant_id, id, kind, payload)
    select tenant, id, kind, payload from ${from("tenant text, id text, kind text, payload text")}
      r (tenant, id, kind, payload, place) order by place`,
  idempotencyKey: `insert into idempotency_keys (tenant_id, caller, key, task_id)
    select tenant, caller, key, task from jsonb_to_recordset($1::jsonb) r (tenant text, caller text, key text, task text)`,
  value: `insert into key_values (tenant_id, namespace, key, value, version, expires_at)
    select tenant, namespace, key, value, version, expires
    from jsonb_to_recordset($1::jsonb) r (tenant text, namespace text, key text, value text, version bigint, expires bigint)`,
  blobReference: `insert into task_blobs (tenant_id, name, task)
    select r.tenant, r.name, h.id from jsonb_to_recordset($1::jsonb) r (tenant text, task text, name text)
    join heads h on h.tenant_id || '\\t' || h.task_id = r.tenant || '\\t' || r.task`,
  account: `insert into ledger_accounts (tenant_id, account, spent, reserved, ends_at)
    select tenant, account, spent, reserved, ends
    from jsonb_to_recordset($1::jsonb) r (tenant text, account text, spent bigint, reserved bigint, ends bigint)`,
  reservation: `insert into ledger_reservations (tenant_id, key, expires_at, amounts, usage)
    select tenant, key, expires, amounts, usage
    from jsonb_to_recordset($1::jsonb) r (tenant text, key text, expires bigint, amounts jsonb, usage jsonb)`,
  usage: `insert into ledger_usage (tenant_id, hour, names, agent, team, model, caller, ${COUNT_COLUMNS.join(", ")})
    select tenant, hour, names, agent, team, model, caller, ${COUNT_COLUMNS.join(", ")}
    from jsonb_to_recordset($1::jsonb) r (tenant text, hour bigint, names text, agent text, team text, model text, caller text,
      ${COUNT_COLUMNS.map((column) => `${column} bigint`).join(", ")})`,
};
// A blob is as young as its restore: nothing that refers to it goes before that.
const BLOB = `insert into blobs (tenant_id, namespace, name, bytes, put_at)
  values ($1, $2, $3, $4, (extract(epoch from now()) * 1000)::bigint)`;
const VERSIONS = "select setval('key_value_versions', max(version)) from key_values having max(version) is not null";

const MAX_ROWS = 500;
// As `sizeOfRow` counts; a row larger than that goes alone. JSON of 256 MiB is more than `jsonb` takes.
const MAX_SIZE = 4 * 1024 * 1024;

export class RowBatches {
  private readonly client: ClientBase;
  private kind: Kind = "task";
  private rows: Columns[] = [];
  private size = 0;
  private pieces: Buffer[] = [];

  constructor(client: ClientBase) {
    this.client = client;
  }

  async add(row: StoreRow): Promise<void> {
    if (row.kind === "blob") return this.addBlob(row);
    const size = sizeOfRow(row);
    if (row.kind !== this.kind || this.rows.length >= MAX_ROWS || this.size + size > MAX_SIZE) await this.flush();
    this.kind = row.kind;
    this.rows.push(columnsOf(row));
    this.size += size;
  }

  /** After the last row. */
  async end(): Promise<void> {
    await this.flush();
    await this.client.query(VERSIONS);
  }

  private async flush(): Promise<void> {
    if (this.rows.length === 0) return;
    const { rowCount } = await this.client.query(INSERTS[this.kind], [JSON.stringify(this.rows)]).catch(unfit);
    if (rowCount !== this.rows.length)
      throw new PlatformError("INVALID_ARGUMENT", `${this.rows.length - (rowCount ?? 0)} rows belong to no task`);
    this.rows = [];
    this.size = 0;
  }

  private async addBlob({ tenantId, namespace, name, bytes, isLast }: BlobRow): Promise<void> {
    this.pieces.push(Buffer.from(bytes, "base64"));
    if (!isLast) return;
    await this.client.query(BLOB, [escapeText(tenantId), namespace, name, Buffer.concat(this.pieces)]);
    this.pieces = [];
  }
}

/** Values out of range, keys that come twice: of the rows, not of the database. */
const unfit = (error: unknown): never => {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!/^2[23]/.test(code)) throw error;
  throw new PlatformError("INVALID_ARGUMENT", `the rows do not fit each other: ${String(error)}`, { cause: error });
};

const columnsOf = (row: Exclude<StoreRow, BlobRow>): Columns => {
  const tenant = escapeText(row.tenantId);
  switch (row.kind) {
    case "task":
      return {
        ...{ tenant, task: escapeText(row.taskId), agent: row.agent, revision: row.revision },
        ...{ context: escapeText(row.contextId), caller: escapeText(row.caller), state: row.state, seq: row.seq },
        ...{
          checkpoint: row.checkpointSeq,
          token: row.token,
          due: row.dueAt,
          priority: PRIORITIES.indexOf(row.priority),
        },
        ...{ attempts: row.attempts, deadline: row.deadline, created: row.createdAt, updated: row.updatedAt },
        parent_task: row.parent === null ? null : escapeText(row.parent.taskId),
        parent_path: row.parent === null ? null : escapeText(row.parent.path),
        ...{ exclusive: row.exclusive, floor: row.floor, folded: row.folded },
      };
    case "event":
      return { tenant, task: escapeText(row.taskId), seq: row.seq, type: row.type, at: row.at, data: row.data };
    case "mail": {
      const { mail, payload, insertedAt: inserted, consumed } = row;
      const key = escapeText(row.key);
      return { tenant, task: escapeText(row.taskId), key, kind: mail, payload, inserted, consumed };
    }
    case "outgoing":
      return { tenant, id: escapeText(row.id), kind: row.message, payload: row.payload };
    case "idempotencyKey":
      return { tenant, caller: escapeText(row.caller), key: escapeText(row.key), task: escapeText(row.taskId) };
    case "blobReference":
      return { tenant, task: escapeText(row.taskId), name: row.name };
    case "account":
      return { tenant, account: escapeText(row.account), spent: row.spent, reserved: row.reserved, ends: row.endsAt };
    case "reservation": {
      const amounts = row.amounts.map((each) => ({ ...each, account: escapeText(each.account) }));
      const usage = toUsageRow(row.tenantId, row.usage);
      return { tenant, key: escapeText(row.key), expires: row.expiresAt, amounts, usage };
    }
    case "usage":
      return { ...toUsageRow(row.tenantId, row) };
    case "value": {
      const { value, version, expiresAt: expires } = row;
      return { tenant, namespace: escapeText(row.namespace), key: escapeText(row.key), value, version, expires };
    }
  }
};
