import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LogPage } from "@agentcore/core/ports";
import type { EventRow } from "./units.ts";

const INSERT = "insert into events (task, seq, type, at, data) values (?, ?, ?, ?, ?)";
const READ = "select seq, type, at, data from events where task = ? and seq > ? order by seq limit ?";
const READ_WITHOUT = `select seq, type, at, data from events where task = ? and seq > ?
  and type not in (select value from json_each(?)) order by seq limit ?`;
// `cross join` keeps events outermost, so that rows come in order of position without a sort.
const TAIL = `select h.tenant_id, h.task_id, e.position, e.seq, e.type, e.at, e.data
  from events e cross join heads h on h.id = e.task where e.position > ? order by e.position limit ?`;
const TAIL_OF_TENANT = `select h.tenant_id, h.task_id, e.position, e.seq, e.type, e.at, e.data
  from events e cross join heads h on h.id = e.task where e.position > ? and h.tenant_id = ? order by e.position limit ?`;

export type EventColumns = readonly [seq: number, type: string, at: number, data: string];
export type StoredTailRow = readonly [tenantId: string, taskId: string, position: number, ...EventColumns];

export type LogRead = Required<LogPage>;

export class Events {
  private readonly insert: StatementSync;
  private readonly read: StatementSync;
  private readonly readWithout: StatementSync;
  private readonly tailAll: StatementSync;
  private readonly tailTenant: StatementSync;

  constructor(database: DatabaseSync) {
    this.insert = database.prepare(INSERT);
    this.read = arrays(database.prepare(READ));
    this.readWithout = arrays(database.prepare(READ_WITHOUT));
    this.tailAll = arrays(database.prepare(TAIL));
    this.tailTenant = arrays(database.prepare(TAIL_OF_TENANT));
  }

  append(head: number, after: number, events: readonly EventRow[]): void {
    let seq = after;
    for (const event of events) {
      seq += 1;
      this.insert.run(head, seq, event.type, event.at, event.data);
    }
  }

  /** At least one, however large. */
  log(head: number, { after, limit, maxBytes, without }: LogRead): EventColumns[] {
    const statement = without.length === 0 ? this.read : this.readWithout;
    const values = without.length === 0 ? [head, after, limit] : [head, after, JSON.stringify(without), limit];
    if (maxBytes === Number.POSITIVE_INFINITY) return statement.all(...values) as unknown as EventColumns[];
    const rows: EventColumns[] = [];
    let bytes = 0;
    for (const row of statement.iterate(...values) as unknown as Iterable<EventColumns>) {
      bytes += Buffer.byteLength(row[3]);
      if (bytes > maxBytes && rows.length > 0) break;
      rows.push(row);
    }
    return rows;
  }

  tail(tenantId: string | null, after: number, limit: number): StoredTailRow[] {
    const rows = tenantId === null ? this.tailAll.all(after, limit) : this.tailTenant.all(after, tenantId, limit);
    return rows as unknown as StoredTailRow[];
  }
}

/** Rows as arrays: no property names to build here nor to clone on the way. */
const arrays = (statement: StatementSync): StatementSync => {
  statement.setReturnArrays(true);
  return statement;
};
