import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { OutboxWrite } from "./units.ts";

const INSERT = "insert into outbox (tenant_id, id, kind, payload) values (?, ?, ?, ?)";
const READ = "select position, tenant_id, id, kind, payload from outbox where position > ? order by position limit ?";
const HAS = "select 1 from outbox where position = ? and tenant_id = ?";
const REMOVE = "delete from outbox where position = ?";

export interface StoredOutboxRow {
  readonly position: number;
  readonly tenant_id: string;
  readonly id: string;
  readonly kind: OutboxWrite["kind"];
  readonly payload: string;
}

export class Outbox {
  private readonly insertRow: StatementSync;
  private readonly selectRows: StatementSync;
  private readonly hasRow: StatementSync;
  private readonly removeRow: StatementSync;

  constructor(database: DatabaseSync) {
    this.insertRow = database.prepare(INSERT);
    this.selectRows = database.prepare(READ);
    this.hasRow = database.prepare(HAS);
    this.removeRow = database.prepare(REMOVE);
  }

  insert(tenantId: string, row: OutboxWrite): void {
    this.insertRow.run(tenantId, row.id, row.kind, row.payload);
  }

  read(limit: number, after: number): StoredOutboxRow[] {
    return this.selectRows.all(after, limit) as unknown as StoredOutboxRow[];
  }

  /** Whether all of them are there. */
  has(tenantId: string, positions: readonly number[]): boolean {
    return positions.every((position) => this.hasRow.get(position, tenantId) !== undefined);
  }

  acknowledge(positions: readonly number[]): void {
    for (const position of positions) this.removeRow.run(position);
  }
}
