/** The tables in memory as rows of an archive, and back. */
import type { EventRow, StoreRow } from "../ports/store-archive.ts";
import { compose, eventAt, type MemoryTables, type MemoryTaskRow, taskKey } from "./memory-tables.ts";

export const rowsOfTables = (tables: MemoryTables): StoreRow[] => [
  ...[...tables.tasks.values()].map(
    ({ head, exclusive, folded }): StoreRow => ({ kind: "task", ...head, exclusive, folded }),
  ),
  ...tables.tail.flatMap(({ row, seq }) => eventRow(tables, row, seq)),
  ...[...tables.tasks.values()]
    .flatMap(({ head: { tenantId, taskId }, mail }) =>
      [...mail.values()].map((each) => ({ tenantId, taskId, ...each })),
    )
    .sort((left, right) => left.position - right.position)
    .map(({ tenantId, taskId, key, kind, consumed, payload, insertedAt }): StoreRow => {
      const kept = consumed ? "null" : payload;
      return { kind: "mail", tenantId, taskId, key, mail: kind, payload: kept, insertedAt, consumed };
    }),
  ...[...tables.outbox.values()].map(({ kind, ...each }): StoreRow => ({ kind: "outgoing", message: kind, ...each })),
  ...[...tables.idempotency].map(([name, taskId]): StoreRow => {
    const [tenantId = "", caller = "", key = ""] = JSON.parse(name) as string[];
    return { kind: "idempotencyKey", tenantId, caller, key, taskId };
  }),
  ...[...tables.tasks.values()].flatMap(({ head: { tenantId, taskId }, blobs }) =>
    [...blobs].map((name): StoreRow => ({ kind: "blobReference", tenantId, taskId, name })),
  ),
  ...[...tables.accounts.values()]
    .filter(({ spent, reserved }) => spent > 0 || reserved > 0)
    .map((row): StoreRow => ({ kind: "account", ...row })),
  ...[...tables.reservations.values()].map((row): StoreRow => ({ kind: "reservation", ...row })),
  ...[...tables.usage.values()].map((row): StoreRow => ({ kind: "usage", ...row })),
];

const eventRow = (tables: MemoryTables, row: MemoryTaskRow, seq: number): EventRow[] => {
  const { tenantId, taskId } = row.head;
  const text = tables.tasks.get(taskKey(tenantId, taskId)) === row ? eventAt(row, seq) : undefined;
  if (text === undefined) return [];
  const { type, at, data } = JSON.parse(text) as { type: string; at: number; data: unknown };
  return [{ kind: "event", tenantId, taskId, seq, type, at, data: JSON.stringify(data) }];
};

/** Tasks before what belongs to them. */
export const addRow = (tables: MemoryTables, row: StoreRow): void => {
  switch (row.kind) {
    case "task": {
      const { kind: _, exclusive, folded, ...head } = row;
      const restored = { ...head, token: head.token + 1 };
      tables.tasks.set(taskKey(row.tenantId, row.taskId), {
        ...{ head: restored, leased: false, log: [], exclusive, folded, mail: new Map(), blobs: new Set() },
      });
      return;
    }
    case "event": {
      const task = taskOf(tables, row);
      const { seq, at, type, data } = row;
      task.log.push(JSON.stringify({ seq, at, type, data: JSON.parse(data) as unknown }));
      tables.tail.push({ row: task, seq });
      return;
    }
    case "mail": {
      const { key, mail, payload, insertedAt, consumed } = row;
      tables.positions += 1;
      const position = tables.positions;
      taskOf(tables, row).mail.set(key, { key, kind: mail, payload, position, insertedAt, consumed });
      return;
    }
    case "outgoing": {
      const { tenantId, id, message, payload } = row;
      tables.positions += 1;
      tables.outbox.set(tables.positions, { tenantId, id, kind: message, payload });
      return;
    }
    case "idempotencyKey":
      tables.idempotency.set(compose(row.tenantId, row.caller, row.key), row.taskId);
      return;
    case "blobReference":
      taskOf(tables, row).blobs.add(row.name);
      return;
    case "account": {
      const { kind: _, ...account } = row;
      tables.accounts.set(compose(row.tenantId, row.account), account);
      return;
    }
    case "reservation": {
      const { kind: _, ...reservation } = row;
      tables.reservations.set(compose(row.tenantId, row.key), reservation);
      return;
    }
    case "usage": {
      const { kind: _, ...usage } = row;
      const { tenantId, hour, agent, team, model, caller } = row;
      tables.usage.set(compose(tenantId, String(hour), agent, team, model, caller), usage);
      return;
    }
    case "value":
    case "blob":
      return;
  }
};

const taskOf = (tables: MemoryTables, key: { readonly tenantId: string; readonly taskId: string }): MemoryTaskRow => {
  const task = tables.tasks.get(taskKey(key.tenantId, key.taskId));
  if (task === undefined) throw new Error(`a row of task ${key.taskId}, which is not there`);
  return task;
};
