import type { DatabaseSync, StatementSync } from "node:sqlite";

const INSERT = "insert into task_blobs (tenant_id, name, task) values (?, ?, ?) on conflict do nothing";
const DELETE = "delete from task_blobs where tenant_id = ? and name = ? and task = ?";
const DELETE_ALL = "delete from task_blobs where task = ?";
const REFERRED =
  "select distinct name from task_blobs where tenant_id = ? and name in (select value from json_each(?))";

/** Which blobs the payloads of tasks refer to. */
export class TaskBlobs {
  private readonly insertRow: StatementSync;
  private readonly deleteRow: StatementSync;
  private readonly deleteRows: StatementSync;
  private readonly selectReferred: StatementSync;

  constructor(database: DatabaseSync) {
    this.insertRow = database.prepare(INSERT);
    this.deleteRow = database.prepare(DELETE);
    this.deleteRows = database.prepare(DELETE_ALL);
    this.selectReferred = database.prepare(REFERRED);
  }

  insert(tenantId: string, name: string, head: number): void {
    this.insertRow.run(tenantId, name, head);
  }

  delete(tenantId: string, name: string, head: number): void {
    this.deleteRow.run(tenantId, name, head);
  }

  deleteAll(head: number): void {
    this.deleteRows.run(head);
  }

  referred(tenantId: string, names: readonly string[]): string[] {
    return this.selectReferred.all(tenantId, JSON.stringify(names)).map((row) => String(row["name"]));
  }
}
