/** Rows that leave the database: each taken by one worker, which delivers and then removes it. */
import type { OutboxRow, OutboxTake } from "@agentcore/core/ports";
import type { Database } from "./database.ts";
import { unescapeText } from "./escape-text.ts";
import type { WorkerLease } from "./worker-lease.ts";

// As many as the port allows.
const MAX_ROWS = 10_000;
const TAKE = "select position, tenant_id, id, kind, payload from take_outbox($1, $2, $3)";
const MORE = `select exists (select from outbox where taken_by is null)
  or (select count(*) from outbox where taken_by = $1 and ($3::bigint is null
    or (transaction, position) > (select a.transaction, a.position from outbox a where a.position = $3))) > $2 as more`;

interface StoredRow {
  readonly position: number;
  readonly tenant_id: string;
  readonly id: string;
  readonly kind: "event";
  readonly payload: string;
}

export class PostgresOutbox {
  private readonly database: Database;
  private readonly worker: WorkerLease;

  constructor(database: Database, worker: WorkerLease) {
    this.database = database;
    this.worker = worker;
  }

  async take(limit: number, after: number | null): Promise<OutboxTake> {
    const most = Math.min(limit, MAX_ROWS);
    const values = [this.worker.id, most, after];
    const rows = await this.database.query<StoredRow>("take-outbox", TAKE, values);
    const [answer] = await this.database.query<{ more: boolean }>("more-in-outbox", MORE, values);
    return { rows: rows.map(toRow), more: answer?.more ?? false };
  }

  async acknowledge(positions: readonly number[]): Promise<void> {
    if (positions.length === 0) return;
    const values = [positions, this.worker.id];
    await this.database.query("acknowledge", "delete from outbox where position = any ($1) and taken_by = $2", values);
  }
}

const toRow = ({ position, tenant_id, id, kind, payload }: StoredRow): OutboxRow => ({
  position,
  tenantId: unescapeText(tenant_id),
  id: unescapeText(id),
  kind,
  payload: JSON.parse(payload) as unknown,
});
