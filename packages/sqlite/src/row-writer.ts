/** Rows of an archive into the tables of a new file. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { PRIORITIES } from "@agentcore/contract";
import type { StoreRow, TaskRow } from "@agentcore/core/ports";
import { USAGE_COUNTS, USAGE_NAMES, usageColumns } from "./usage-columns.ts";

const HEAD = `insert into heads (tenant_id, task_id, agent, revision, context_id, caller, state, seq, checkpoint_seq, token, leased,
  due_at, priority, attempts, deadline, parent_task_id, parent_path, created_at, updated_at, exclusive, floor, folded)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const HEAD_ID = "(select id from heads where tenant_id = ? and task_id = ?)";
// A row without its task fails: `task` is not null.
const EVENT = `insert into events (task, seq, type, at, data) values (${HEAD_ID}, ?, ?, ?, ?)`;
const MAIL = `insert into mailbox (task, key, kind, payload, inserted_at, consumed) values (${HEAD_ID}, ?, ?, ?, ?, ?)`;
const OUTGOING = "insert into outbox (tenant_id, id, kind, payload) values (?, ?, ?, ?)";
const KEY = "insert into idempotency_keys (tenant_id, caller, key, task_id) values (?, ?, ?, ?)";
const REFERENCE = `insert into task_blobs (tenant_id, name, task) values (?, ?, ${HEAD_ID})`;
const VALUE =
  "insert into key_values (tenant_id, namespace, key, value, version, expires_at) values (?, ?, ?, ?, ?, ?)";
const ACCOUNT = "insert into ledger_accounts (tenant_id, account, spent, reserved, ends_at) values (?, ?, ?, ?, ?)";
const RESERVATION =
  "insert into ledger_reservations (tenant_id, key, expires_at, amounts, usage) values (?, ?, ?, ?, ?)";
const USAGE = `insert into ledger_usage (tenant_id, hour, ${USAGE_NAMES}, ${USAGE_COUNTS.join(", ")})
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const VERSION =
  "update meta set value = (select coalesce(max(version), 0) from key_values) where name = 'keyValueVersion'";

export class RowWriter {
  private readonly database: DatabaseSync;
  private readonly statements: Record<
    ("head" | "event" | "mail" | "outgoing" | "key" | "reference" | "value") | ("account" | "reservation" | "usage"),
    StatementSync
  >;

  constructor(database: DatabaseSync) {
    this.database = database;
    this.statements = {
      head: database.prepare(HEAD),
      event: database.prepare(EVENT),
      mail: database.prepare(MAIL),
      outgoing: database.prepare(OUTGOING),
      key: database.prepare(KEY),
      reference: database.prepare(REFERENCE),
      value: database.prepare(VALUE),
      account: database.prepare(ACCOUNT),
      reservation: database.prepare(RESERVATION),
      usage: database.prepare(USAGE),
    };
  }

  write(row: StoreRow): void {
    const { statements } = this;
    switch (row.kind) {
      case "task":
        return this.writeTask(row);
      case "event":
        return void statements.event.run(row.tenantId, row.taskId, row.seq, row.type, row.at, row.data);
      case "mail": {
        const { tenantId, taskId, key, mail, payload, insertedAt, consumed } = row;
        return void statements.mail.run(tenantId, taskId, key, mail, payload, insertedAt, consumed ? 1 : 0);
      }
      case "outgoing":
        return void statements.outgoing.run(row.tenantId, row.id, row.message, row.payload);
      case "idempotencyKey":
        return void statements.key.run(row.tenantId, row.caller, row.key, row.taskId);
      case "blobReference":
        return void statements.reference.run(row.tenantId, row.name, row.tenantId, row.taskId);
      case "value":
        return void statements.value.run(row.tenantId, row.namespace, row.key, row.value, row.version, row.expiresAt);
      case "account":
        return void statements.account.run(row.tenantId, row.account, row.spent, row.reserved, row.endsAt);
      case "reservation": {
        const { tenantId, key, expiresAt, amounts, usage } = row;
        return void statements.reservation.run(
          ...[tenantId, key, expiresAt, JSON.stringify(amounts), JSON.stringify(usage)],
        );
      }
      case "usage":
        return void statements.usage.run(row.tenantId, ...usageColumns(row));
      case "blob":
        return;
    }
  }

  /** After the last row. */
  end(): void {
    this.database.exec(VERSION);
  }

  private writeTask(row: TaskRow): void {
    const { tenantId, taskId, agent, revision, contextId, caller, state, seq, checkpointSeq } = row;
    this.statements.head.run(
      ...[tenantId, taskId, agent, revision, contextId, caller, state, seq, checkpointSeq],
      // Whoever held it in the store this is from is fenced.
      ...[row.token + 1, row.dueAt, PRIORITIES.indexOf(row.priority), row.attempts, row.deadline],
      ...[row.parent?.taskId ?? null, row.parent?.path ?? null, row.createdAt, row.updatedAt],
      ...[row.exclusive ? 1 : 0, row.floor, row.folded ? 1 : 0],
    );
  }
}
