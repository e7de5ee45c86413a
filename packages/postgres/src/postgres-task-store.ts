import type {
  AccountBalance,
  AccountQuery,
  ClaimedTask,
  ClaimRequest,
  Clock,
  CommitOutcome,
  CommitUnit,
  Compaction,
  CompactionOutcome,
  Lease,
  LedgerRemoval,
  ListQuery,
  LogPage,
  MailboxReading,
  OutboxTake,
  Removal,
  Removed,
  Renewal,
  Reservation,
  RetentionQuery,
  RetentionRow,
  StoredEvent,
  StoreHint,
  TailRow,
  TaskHead,
  TaskKey,
  TaskStore,
  UsageQuery,
  UsageRecord,
  WaitingMail,
} from "@agentcore/core/ports";
import type { Database } from "./database.ts";
import { escapeText, unescapeText } from "./escape-text.ts";
import { type HeadRow, toHead } from "./head-row.ts";
import type { HintLine } from "./hint-line.ts";
import { filterOf } from "./list-filter.ts";
import { PostgresLedger } from "./postgres-ledger.ts";
import { PostgresLogs } from "./postgres-logs.ts";
import { PostgresMailbox } from "./postgres-mailbox.ts";
import { PostgresOutbox } from "./postgres-outbox.ts";
import { FOLDABLE, REMOVABLE } from "./sql/retention-queries.ts";
import { TASK, textOf } from "./task-key.ts";
import { UnitWriter, type UnitWriterOptions } from "./unit-writer.ts";
import type { WorkerLease } from "./worker-lease.ts";

const MAX_LIST_LIMIT = 1000;
/** Each of its parts keeps one aggregate; what is here is of heads. */
export class PostgresTaskStore implements TaskStore<StoredEvent> {
  private readonly database: Database;
  private readonly worker: WorkerLease;
  private readonly hints: HintLine;
  private readonly clock: Pick<Clock, "now">;
  private readonly writer: UnitWriter;
  private readonly logs: PostgresLogs;
  private readonly mail: PostgresMailbox;
  private readonly outbox: PostgresOutbox;
  private readonly ledger: PostgresLedger;
  private closing = false;

  constructor(options: UnitWriterOptions) {
    const { database, worker, hints, clock } = options;
    this.database = database;
    this.worker = worker;
    this.hints = hints;
    this.clock = clock;
    this.writer = new UnitWriter(options);
    this.logs = new PostgresLogs(database);
    this.mail = new PostgresMailbox(database, worker);
    this.outbox = new PostgresOutbox(database, worker);
    this.ledger = new PostgresLedger(database);
  }

  commit(units: readonly CommitUnit<StoredEvent>[]): Promise<readonly CommitOutcome[]> {
    return this.writer.write(units);
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedTask[]> {
    const heads = await this.database.query<HeadRow>("claim", "select * from claim_tasks($1, $2::jsonb)", [
      this.worker.id,
      encodeClaim(request),
    ]);
    const mail = await this.mail.ofHeads(heads.map(({ id }) => id));
    return heads.map((head) => ({ head: toHead(head), mailbox: mail.get(head.id) ?? [] }));
  }

  async holds(lease: Lease): Promise<boolean> {
    const rows = await this.database.query(
      "holds",
      `select from heads h where ${TASK} and h.token = $3 and h.leased_by = $4`,
      [...textOf(lease), lease.token, this.worker.id],
    );
    return rows.length > 0;
  }

  async leases(): Promise<readonly Lease[]> {
    const rows = await this.database.query<HeadRow>(
      "leases",
      "select tenant_id, task_id, token from heads where leased_by = $1 and leased_by is not null",
      [this.worker.id],
    );
    return rows.map(({ tenant_id, task_id, token }) => ({
      tenantId: unescapeText(tenant_id),
      taskId: unescapeText(task_id),
      token,
    }));
  }

  async renew(): Promise<Renewal> {
    const { heard } = this.hints;
    const renewal = await this.worker.renew();
    if (this.worker.others !== null) this.hints.expect(this.worker.others, heard);
    return renewal;
  }

  reclaim(): Promise<number> {
    return this.worker.reclaim();
  }

  listen(listener: (hint: StoreHint) => void): () => void {
    return this.hints.listen((hint) => {
      if (hint.kind !== "value") listener(hint);
    });
  }

  async nextDue(): Promise<number | null> {
    const [row] = await this.database.query<{ due_at: number | null }>(
      "next-due",
      "select min(due_at) as due_at from heads where leased_by is null and due_at is not null",
      [],
    );
    return row?.due_at ?? null;
  }

  async head(key: TaskKey): Promise<TaskHead | null> {
    const [row] = await this.database.query<HeadRow>("head", `select * from heads h where ${TASK}`, textOf(key));
    return row === undefined ? null : toHead(row);
  }

  async findByIdempotencyKey(key: {
    tenantId: string;
    caller: string;
    idempotencyKey: string;
  }): Promise<string | null> {
    const [row] = await this.database.query<{ task_id: string }>(
      "idempotency-key",
      "select task_id from idempotency_keys where tenant_id = $1 and caller = $2 and key = $3",
      [key.tenantId, key.caller, key.idempotencyKey].map(escapeText),
    );
    return row === undefined ? null : unescapeText(row.task_id);
  }

  readLog(key: TaskKey, page?: LogPage): Promise<readonly StoredEvent[]> {
    return this.logs.read(key, page);
  }

  tail(options: { tenantId?: string; after: string | null; limit: number }): Promise<readonly TailRow<StoredEvent>[]> {
    return this.logs.tail(options);
  }

  mailbox(key: TaskKey): Promise<MailboxReading> {
    return this.mail.read(key);
  }

  leasedWithMail(): Promise<readonly TaskKey[]> {
    return this.mail.leasedWithMail();
  }

  waitingMail(key: TaskKey): Promise<WaitingMail> {
    return this.mail.waiting(key);
  }

  hasTaken(key: TaskKey, mailKey: string): Promise<boolean> {
    return this.mail.hasTaken(key, mailKey);
  }

  async list(query: ListQuery): Promise<{ readonly heads: readonly TaskHead[]; readonly total: number }> {
    const filter = filterOf(query);
    const [count] = await this.database.query<{ total: number }>(
      `count ${filter.name}`,
      `select count(*) as total from heads where ${filter.where}`,
      filter.values,
    );
    const page = query.after === undefined ? filter : filter.afterRow(query.after);
    const rows = await this.database.query<HeadRow>(
      `list ${page.name}`,
      `select * from heads where ${page.where} order by updated_at desc, task_id collate "C" desc limit $${page.values.length + 1}`,
      [...page.values, Math.min(query.limit, MAX_LIST_LIMIT)],
    );
    return { heads: rows.map(toHead), total: count?.total ?? 0 };
  }

  takeOutbox(limit: number, after?: number | null): Promise<OutboxTake> {
    return this.outbox.take(limit, after ?? null);
  }

  async referredBlobs(tenantId: string, names: readonly string[]): Promise<ReadonlySet<string>> {
    if (names.length === 0) return new Set();
    const rows = await this.database.query<{ name: string }>(
      "referred-blobs",
      "select distinct name from task_blobs where tenant_id = $1 and name = any ($2)",
      [escapeText(tenantId), names],
    );
    return new Set(rows.map(({ name }) => name));
  }

  acknowledgeOutbox(positions: readonly number[]): Promise<void> {
    return this.outbox.acknowledge(positions);
  }

  async backlog(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.query<{ tenant_id: string; waiting: number }>(
      "backlog",
      `select tenant_id, count(*) as waiting from heads where leased_by is null and due_at is not null and due_at <= $1 group by tenant_id`,
      [this.clock.now()],
    );
    return new Map(rows.map(({ tenant_id, waiting }) => [unescapeText(tenant_id), waiting]));
  }

  async retention({ tenantId, kind, before, limit, after }: RetentionQuery): Promise<readonly RetentionRow[]> {
    const rows = await this.database.query<HeadRow & { at: number }>(
      kind,
      kind === "removable" ? REMOVABLE : FOLDABLE,
      [
        ...[escapeText(tenantId), before, after?.at ?? -1, escapeText(after?.taskId ?? "")],
        Math.min(limit, MAX_LIST_LIMIT),
      ],
    );
    return rows.map((row) => ({ head: toHead(row), at: row.at }));
  }

  async compact({ floor, event, blobs, ...key }: Compaction): Promise<CompactionOutcome> {
    const [row] = await this.database.query<{ outcome: CompactionOutcome }>(
      "compact",
      "select compact_log($1, $2, $3, $4, $5, $6, $7, $8) as outcome",
      [
        ...[...textOf(key), floor, event.at, JSON.stringify(event.data)],
        ...[blobs?.added ?? [], blobs?.dropped ?? [], blobs?.last ?? null],
      ],
    );
    return row?.outcome ?? "missing";
  }

  async remove({ tenantId, taskIds, dryRun = false }: Removal): Promise<Removed> {
    const [row] = await this.database.query<{ names: string[]; event_count: number; byte_count: number }>(
      "remove",
      "select * from remove_tasks($1, $2, $3)",
      [escapeText(tenantId), taskIds.map(escapeText), dryRun],
    );
    const removed = (row?.names ?? []).map(unescapeText);
    if (!dryRun) for (const taskId of removed) this.hints.tell({ kind: "changed", tenantId, taskId });
    return { taskIds: removed, events: row?.event_count ?? 0, bytes: row?.byte_count ?? 0 };
  }

  balances(tenantId: string, accounts: readonly string[]): Promise<readonly AccountBalance[]> {
    return this.ledger.balances(tenantId, accounts);
  }

  accounts(tenantId: string, query: AccountQuery): Promise<readonly AccountBalance[]> {
    return this.ledger.accounts(tenantId, query);
  }

  usage(query: UsageQuery): Promise<readonly UsageRecord[]> {
    return this.ledger.usage(query);
  }

  expireReservations(now: number, limit: number): Promise<number> {
    return this.ledger.expireReservations(now, limit);
  }

  removeSpent(removal: LedgerRemoval): Promise<number> {
    return this.ledger.removeSpent(removal);
  }

  ledgerTenants(): Promise<readonly string[]> {
    return this.ledger.tenants();
  }

  reservations(tenantId: string): Promise<readonly Omit<Reservation, "usage">[]> {
    return this.ledger.reservations(tenantId);
  }

  async close(): Promise<void> {
    if (this.closing) return;
    this.closing = true;
    await this.writer.drain();
    await this.worker.close();
    await this.hints.close();
    await this.database.close();
  }
}

const encodeClaim = ({ slots, tenants, maxLeased, ...rest }: ClaimRequest): string =>
  JSON.stringify({ ...rest, slots: named(slots), tenants: named(tenants), maxLeased: named(maxLeased) });

const named = <Value>(values: ReadonlyMap<string, Value> = new Map()): Readonly<Record<string, Value>> =>
  Object.fromEntries([...values].map(([name, value]) => [escapeText(name), value]));
