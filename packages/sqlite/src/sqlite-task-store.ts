import { PRIORITIES } from "@agentcore/contract";
import type {
  AccountBalance,
  AccountQuery,
  ClaimedTask,
  ClaimRequest,
  CommitOutcome,
  CommitUnit,
  Compaction,
  CompactionOutcome,
  Lease,
  LedgerRemoval,
  ListQuery,
  LogPage,
  MailboxItem,
  MailboxReading,
  OutboxTake,
  Removal,
  Removed,
  Renewal,
  Reservation,
  RetentionQuery,
  RetentionRow,
  StoredEvent,
  TailRow,
  TaskHead,
  TaskKey,
  TaskStore,
  UsageQuery,
  UsageRecord,
  WaitingMail,
} from "@agentcore/core/ports";
import {
  checkAccountQuery,
  checkAccounts,
  checkExpiry,
  checkLedgerRemoval,
  checkUsageQuery,
  MAX_USAGE_ROWS,
  tooMuchUsage,
} from "@agentcore/core/storage";
import type { StoredHead } from "./heads.ts";
import type { UsagePage } from "./ledger.ts";
import type { StoredMail } from "./mailbox.ts";
import { encodeUnits } from "./unit-codec.ts";
import type { WorkerClient } from "./worker-client.ts";

const DEFAULT_LOG_LIMIT = 10_000;
// No answer is larger than a full log, whatever is asked for.
const MAX_ROWS = 10_000;
const MAX_LIST_LIMIT = 1000;
// Commits wait behind a page.
const USAGE_PAGE = 5000;

export class SqliteTaskStore implements TaskStore<StoredEvent> {
  private readonly worker: WorkerClient;

  constructor(worker: WorkerClient) {
    this.worker = worker;
  }

  async commit(units: readonly CommitUnit<StoredEvent>[]): Promise<readonly CommitOutcome[]> {
    if (units.length === 0) return [];
    const { flat, bytes } = encodeUnits(units);
    return this.worker.write("commit", flat, units.length, bytes);
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedTask[]> {
    const claims = await this.worker.write("claim", request);
    return claims.map(({ head, mailbox }) => ({ head: toHead(head), mailbox: mailbox.map(toMailboxItem) }));
  }

  async holds(lease: Lease): Promise<boolean> {
    const head = await this.head(lease);
    return head?.leased === true && head.token === lease.token;
  }

  leases(): Promise<readonly Lease[]> {
    return this.worker.read("leases", null);
  }

  /** The file is this process's alone, so its leases are too. */
  async renew(): Promise<Renewal> {
    return { validForMs: Number.POSITIVE_INFINITY, isNew: false };
  }

  async reclaim(): Promise<number> {
    return 0;
  }

  listen(): () => void {
    return () => {};
  }

  nextDue(): Promise<number | null> {
    return this.worker.read("nextDue", null);
  }

  async head({ tenantId, taskId }: TaskKey): Promise<TaskHead | null> {
    const stored = await this.worker.read("head", { tenantId, taskId });
    return stored === null ? null : toHead(stored);
  }

  findByIdempotencyKey(key: { tenantId: string; caller: string; idempotencyKey: string }): Promise<string | null> {
    return this.worker.read("findByIdempotencyKey", key);
  }

  async readLog(
    { tenantId, taskId }: TaskKey,
    { after = 0, limit = DEFAULT_LOG_LIMIT, maxBytes = Number.POSITIVE_INFINITY, without = [] }: LogPage = {},
  ): Promise<readonly StoredEvent[]> {
    const page = { after, limit: Math.min(limit, MAX_ROWS), maxBytes, without };
    const rows = await this.worker.read("readLog", { key: { tenantId, taskId }, ...page });
    return rows.map((row) => toEvent(...row));
  }

  async mailbox({ tenantId, taskId }: TaskKey): Promise<MailboxReading> {
    const { items, more } = await this.worker.read("mailbox", { tenantId, taskId });
    return { items: items.map(toMailboxItem), more };
  }

  leasedWithMail(): Promise<readonly TaskKey[]> {
    return this.worker.read("leasedWithMail", null);
  }

  waitingMail({ tenantId, taskId }: TaskKey): Promise<WaitingMail> {
    return this.worker.read("waitingMail", { tenantId, taskId });
  }

  hasTaken({ tenantId, taskId }: TaskKey, mailKey: string): Promise<boolean> {
    return this.worker.read("hasTaken", { tenantId, taskId, mailKey });
  }

  async list(query: ListQuery): Promise<{ readonly heads: readonly TaskHead[]; readonly total: number }> {
    const { heads, total } = await this.worker.read("list", { ...query, limit: Math.min(query.limit, MAX_LIST_LIMIT) });
    return { heads: heads.map(toHead), total };
  }

  async tail(options: {
    tenantId?: string;
    after: string | null;
    limit: number;
  }): Promise<readonly TailRow<StoredEvent>[]> {
    const { tenantId = null, after, limit } = options;
    const rows = await this.worker.read("tail", {
      tenantId,
      after: Number(after ?? 0),
      limit: Math.min(limit, MAX_ROWS),
    });
    return rows.map(([tenant, taskId, position, ...event]) => ({
      tenantId: tenant,
      taskId,
      cursor: String(position),
      event: toEvent(...event),
    }));
  }

  /** The file is this process's alone, so its rows are too. */
  async takeOutbox(limit: number, after: number | null = null): Promise<OutboxTake> {
    const most = Math.min(limit, MAX_ROWS);
    const found = await this.worker.read("outbox", { limit: most + 1, after: after ?? 0 });
    const rows = found.slice(0, most).map((row) => ({
      position: row.position,
      tenantId: row.tenant_id,
      id: row.id,
      kind: row.kind,
      payload: JSON.parse(row.payload) as unknown,
    }));
    return { rows, more: found.length > most };
  }

  async referredBlobs(tenantId: string, names: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(names.length === 0 ? [] : await this.worker.read("referredBlobs", { tenantId, names }));
  }

  async acknowledgeOutbox(positions: readonly number[]): Promise<void> {
    if (positions.length > 0) await this.worker.write("acknowledgeOutbox", positions, positions.length);
  }

  async backlog(): Promise<ReadonlyMap<string, number>> {
    return new Map(await this.worker.read("backlog", null));
  }

  async retention(query: RetentionQuery): Promise<readonly RetentionRow[]> {
    const rows = await this.worker.read("retention", { ...query, limit: Math.min(query.limit, MAX_LIST_LIMIT) });
    return rows.map((row) => ({ head: toHead(row), at: row.at }));
  }

  compact({ tenantId, taskId, floor, event, blobs }: Compaction): Promise<CompactionOutcome> {
    const data = JSON.stringify(event.data);
    return this.worker.write(
      "compact",
      { tenantId, taskId, floor, at: event.at, data, blobs: blobs ?? null },
      1,
      data.length,
    );
  }

  remove({ tenantId, taskIds, dryRun = false }: Removal): Promise<Removed> {
    return this.worker.write("remove", { tenantId, taskIds: [...taskIds], dryRun }, taskIds.length);
  }

  async balances(tenantId: string, accounts: readonly string[]): Promise<readonly AccountBalance[]> {
    return this.worker.read("balances", { tenantId, accounts: checkAccounts(accounts) });
  }

  async accounts(tenantId: string, query: AccountQuery): Promise<readonly AccountBalance[]> {
    return this.worker.read("accounts", { tenantId, ...checkAccountQuery(query) });
  }

  async usage(query: UsageQuery): Promise<readonly UsageRecord[]> {
    const { tenantId, from, to, agent = null, team = null, model = null, caller = null } = checkUsageQuery(query);
    const filter = { tenantId, to, agent, team, model, caller, limit: USAGE_PAGE };
    const rows: UsageRecord[] = [];
    // No hour is a half.
    let after: UsagePage["after"] = [from - 0.5, "", "", "", ""];
    for (;;) {
      const page = await this.worker.read("usage", { ...filter, after });
      rows.push(...page);
      if (rows.length > MAX_USAGE_ROWS) throw tooMuchUsage();
      const last = page.at(-1);
      if (last === undefined || page.length < USAGE_PAGE) return rows;
      after = [last.hour, last.agent, last.team, last.model, last.caller];
    }
  }

  async expireReservations(now: number, limit: number): Promise<number> {
    checkExpiry(now, limit);
    return this.worker.write("expireReservations", { now, limit }, limit);
  }

  async removeSpent(removal: LedgerRemoval): Promise<number> {
    return this.worker.write("removeSpent", checkLedgerRemoval(removal), removal.limit);
  }

  ledgerTenants(): Promise<readonly string[]> {
    return this.worker.read("ledgerTenants", null);
  }

  reservations(tenantId: string): Promise<readonly Omit<Reservation, "usage">[]> {
    return this.worker.read("reservations", tenantId);
  }

  /** The folder is one file for tasks and values: closing either closes both. */
  close(): Promise<void> {
    return this.worker.close();
  }
}

const toEvent = (seq: number, type: string, at: number, data: string): StoredEvent => ({
  seq,
  type,
  at,
  data: JSON.parse(data) as unknown,
});

const toMailboxItem = (row: StoredMail): MailboxItem => ({
  key: row.key,
  kind: row.kind,
  payload: JSON.parse(row.payload) as unknown,
  position: row.position,
  insertedAt: row.inserted_at,
});

const toHead = (row: StoredHead): TaskHead => ({
  tenantId: row.tenant_id,
  taskId: row.task_id,
  agent: row.agent,
  revision: row.revision,
  contextId: row.context_id,
  caller: row.caller,
  state: row.state,
  seq: row.seq,
  checkpointSeq: row.checkpoint_seq,
  floor: row.floor,
  token: row.token,
  dueAt: row.due_at,
  priority: PRIORITIES[row.priority] ?? "normal",
  leased: row.leased === 1,
  attempts: row.attempts,
  deadline: row.deadline,
  parent:
    row.parent_task_id === null || row.parent_path === null
      ? null
      : { taskId: row.parent_task_id, path: row.parent_path },
  createdAt: row.created_at,
  updatedAt: row.updated_at,
});
