/**
 * TaskStore in plain Maps, for tests and embedded use. It keeps JSON text, not objects, so that what a caller changes
 * later, or what JSON cannot carry, behaves as it does in a database. Nothing here survives the process.
 */
import { PlatformError, TaskEvent } from "@agentcore/contract";
import type {
  AccountBalance,
  AccountQuery,
  LedgerRemoval,
  Reservation,
  UsageQuery,
  UsageRecord,
} from "../ports/ledger.ts";
import type { Clock } from "../ports/senses.ts";
import type { StoreRow } from "../ports/store-archive.ts";
import type {
  Compaction,
  CompactionOutcome,
  Removal,
  Removed,
  RetentionQuery,
  RetentionRow,
} from "../ports/task-retention.ts";
import type {
  ClaimedTask,
  ClaimRequest,
  CommitOutcome,
  CommitUnit,
  Lease,
  ListQuery,
  LogPage,
  MailboxReading,
  OutboxRow,
  OutboxTake,
  Renewal,
  StoredEvent,
  TailRow,
  TaskHead,
  TaskKey,
  TaskStore,
  WaitingMail,
} from "../ports/task-store.ts";
import { checkLedgerParts } from "../storage/index.ts";
import { addRow, rowsOfTables } from "./memory-archive.ts";
import { claimInMemory } from "./memory-claims.ts";
import {
  accountsInMemory,
  balancesInMemory,
  expireInMemory,
  heldInMemory,
  ledgerTenantsInMemory,
  removeSpentInMemory,
  usageInMemory,
} from "./memory-ledger.ts";
import { compactInMemory, findForRetention, removeInMemory } from "./memory-retention.ts";
import {
  byText,
  bytesOf,
  compose,
  eventAt,
  headOf,
  logAfter,
  type MemoryTables,
  type MemoryTaskRow,
  mailboxOf,
  taskKey,
  waitingMailOf,
} from "./memory-tables.ts";
import { MemoryUnitWriter } from "./memory-unit-writer.ts";

const DEFAULT_LOG_LIMIT = 10_000;
const MAX_LIST_LIMIT = 1000;

export interface MemoryTaskStore<Event extends StoredEvent = TaskEvent> extends TaskStore<Event> {
  /**
   * What a crash and a new process would find: a store over the same data with every lease voided and the tokens of
   * voided leases raised (attempts stay). This store refuses everything from now on.
   */
  reopen(): MemoryTaskStore<Event>;
  /** What a store of several workers does about one that is silent: those leases are void, their tokens raised (attempts stay). */
  voidLeases(leases: readonly TaskKey[]): void;
  /** All that it holds now. */
  rows(): readonly StoreRow[];
}

class MemoryStore<Event extends StoredEvent> implements MemoryTaskStore<Event> {
  private closed = false;
  private readonly clock: Pick<Clock, "now">;
  private readonly tables: MemoryTables;
  private readonly writer: MemoryUnitWriter;
  private readonly parse: (stored: unknown) => Event;

  constructor(clock: Pick<Clock, "now">, tables: MemoryTables, parse: (stored: unknown) => Event) {
    this.clock = clock;
    this.tables = tables;
    this.parse = parse;
    this.writer = new MemoryUnitWriter(tables, clock, parse);
  }

  reopen(): MemoryTaskStore<Event> {
    this.closed = true;
    this.voidLeases([...this.tables.tasks.values()].map(({ head }) => head));
    return new MemoryStore(this.clock, this.tables, this.parse);
  }

  voidLeases(leases: readonly TaskKey[]): void {
    for (const { tenantId, taskId } of leases) {
      const row = this.row(tenantId, taskId);
      if (row?.leased !== true) continue;
      row.head = { ...row.head, token: row.head.token + 1 };
      row.leased = false;
    }
  }

  rows(): readonly StoreRow[] {
    this.assertOpen();
    return rowsOfTables(this.tables);
  }

  async commit(units: readonly CommitUnit<Event>[]): Promise<readonly CommitOutcome[]> {
    this.assertOpen();
    // A call with a part out of bounds writes nothing, also of the units before it.
    const ledgers = units.map(checkLedgerParts);
    return units.map((unit, index) => this.writer.write(unit, ledgers[index] ?? null));
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedTask[]> {
    this.assertOpen();
    return claimInMemory(this.tables, request);
  }

  async holds({ tenantId, taskId, token }: Lease): Promise<boolean> {
    this.assertOpen();
    const row = this.row(tenantId, taskId);
    return row?.leased === true && row.head.token === token;
  }

  async leases(): Promise<readonly Lease[]> {
    this.assertOpen();
    return [...this.tables.tasks.values()]
      .filter(({ leased }) => leased)
      .map(({ head: { tenantId, taskId, token } }) => ({ tenantId, taskId, token }));
  }

  async renew(): Promise<Renewal> {
    this.assertOpen();
    return { validForMs: Number.POSITIVE_INFINITY, isNew: false };
  }

  async reclaim(): Promise<number> {
    this.assertOpen();
    return 0;
  }

  /** There is no other process. */
  listen(): () => void {
    return () => {};
  }

  async nextDue(): Promise<number | null> {
    this.assertOpen();
    let next: number | null = null;
    for (const { head, leased } of this.tables.tasks.values()) {
      if (!leased && head.dueAt !== null && (next === null || head.dueAt < next)) next = head.dueAt;
    }
    return next;
  }

  async head(key: TaskKey): Promise<TaskHead | null> {
    this.assertOpen();
    const row = this.row(key.tenantId, key.taskId);
    return row === undefined || row === null ? null : headOf(row);
  }

  async findByIdempotencyKey(key: {
    tenantId: string;
    caller: string;
    idempotencyKey: string;
  }): Promise<string | null> {
    this.assertOpen();
    return this.tables.idempotency.get(compose(key.tenantId, key.caller, key.idempotencyKey)) ?? null;
  }

  async readLog(key: TaskKey, options: LogPage = {}): Promise<readonly Event[]> {
    this.assertOpen();
    const { after = 0, limit = DEFAULT_LOG_LIMIT, maxBytes = Infinity, without = [] } = options;
    const left: ReadonlySet<string> = new Set(without);
    const row = this.row(key.tenantId, key.taskId);
    const events: Event[] = [];
    let bytes = 0;
    for (const text of row === undefined ? [] : logAfter(row, after)) {
      if (events.length >= limit) break;
      const event = this.parse(JSON.parse(text));
      if (left.has(event.type)) continue;
      bytes += maxBytes === Infinity ? 0 : bytesOf(JSON.stringify(event.data));
      if (bytes > maxBytes && events.length > 0) break;
      events.push(event);
    }
    return events;
  }

  async mailbox(key: TaskKey): Promise<MailboxReading> {
    this.assertOpen();
    const row = this.row(key.tenantId, key.taskId);
    if (row === undefined) return { items: [], more: false };
    const { items, more } = mailboxOf(row);
    return { items, more };
  }

  async leasedWithMail(): Promise<readonly TaskKey[]> {
    this.assertOpen();
    return [...this.tables.tasks.values()]
      .filter((row) => row.leased && waitingMailOf(row).length > 0)
      .map(({ head: { tenantId, taskId } }) => ({ tenantId, taskId }));
  }

  async waitingMail(key: TaskKey): Promise<WaitingMail> {
    this.assertOpen();
    const row = this.row(key.tenantId, key.taskId);
    const waiting = row === undefined ? [] : waitingMailOf(row);
    return { count: waiting.length, bytes: waiting.reduce((sum, { bytes }) => sum + bytes, 0) };
  }

  async hasTaken(key: TaskKey, mailKey: string): Promise<boolean> {
    this.assertOpen();
    return this.row(key.tenantId, key.taskId)?.mail.get(mailKey)?.consumed === true;
  }

  async list(query: ListQuery): Promise<{ readonly heads: readonly TaskHead[]; readonly total: number }> {
    this.assertOpen();
    const matching = [...this.tables.tasks.values()].map(headOf).filter((head) => matches(head, query));
    matching.sort((left, right) => right.updatedAt - left.updatedAt || byText(right.taskId, left.taskId));
    const { after } = query;
    const page =
      after === undefined
        ? matching
        : matching.filter(
            (head) =>
              head.updatedAt < after.updatedAt || (head.updatedAt === after.updatedAt && head.taskId < after.taskId),
          );
    return { heads: page.slice(0, Math.min(query.limit, MAX_LIST_LIMIT)), total: matching.length };
  }

  async tail(options: { tenantId?: string; after: string | null; limit: number }): Promise<readonly TailRow<Event>[]> {
    this.assertOpen();
    const rows: TailRow<Event>[] = [];
    for (
      let index = Number(options.after ?? 0);
      index < this.tables.tail.length && rows.length < options.limit;
      index += 1
    ) {
      const entry = this.tables.tail[index];
      if (entry === undefined) break;
      const { tenantId, taskId } = entry.row.head;
      if (options.tenantId !== undefined && options.tenantId !== tenantId) continue;
      const event = this.row(tenantId, taskId) === entry.row ? eventAt(entry.row, entry.seq) : undefined;
      if (event === undefined) continue;
      rows.push({ tenantId, taskId, cursor: String(index + 1), event: this.parse(JSON.parse(event)) });
    }
    return rows;
  }

  async referredBlobs(tenantId: string, names: readonly string[]): Promise<ReadonlySet<string>> {
    this.assertOpen();
    const rows = [...this.tables.tasks.values()].filter(({ head }) => head.tenantId === tenantId);
    return new Set(names.filter((name) => rows.some(({ blobs }) => blobs.has(name))));
  }

  /** There is no other process to keep them from. */
  async takeOutbox(limit: number, after: number | null = null): Promise<OutboxTake> {
    this.assertOpen();
    const rows: OutboxRow[] = [];
    for (const [position, row] of this.tables.outbox) {
      if (after !== null && position <= after) continue;
      if (rows.length === limit) return { rows, more: true };
      rows.push({ ...row, position, payload: JSON.parse(row.payload) });
    }
    return { rows, more: false };
  }

  async acknowledgeOutbox(positions: readonly number[]): Promise<void> {
    this.assertOpen();
    for (const position of positions) this.tables.outbox.delete(position);
  }

  async backlog(): Promise<ReadonlyMap<string, number>> {
    this.assertOpen();
    const now = this.clock.now();
    const counts = new Map<string, number>();
    for (const { head, leased } of this.tables.tasks.values()) {
      if (!leased && head.dueAt !== null && head.dueAt <= now)
        counts.set(head.tenantId, (counts.get(head.tenantId) ?? 0) + 1);
    }
    return counts;
  }

  async retention(query: RetentionQuery): Promise<readonly RetentionRow[]> {
    this.assertOpen();
    return findForRetention(this.tables, query);
  }

  async compact(compaction: Compaction<Event>): Promise<CompactionOutcome> {
    this.assertOpen();
    return compactInMemory(this.tables, compaction, this.parse);
  }

  async remove(removal: Removal): Promise<Removed> {
    this.assertOpen();
    return removeInMemory(this.tables, removal);
  }

  async balances(tenantId: string, accounts: readonly string[]): Promise<readonly AccountBalance[]> {
    this.assertOpen();
    return balancesInMemory(this.tables, tenantId, accounts);
  }

  async accounts(tenantId: string, query: AccountQuery): Promise<readonly AccountBalance[]> {
    this.assertOpen();
    return accountsInMemory(this.tables, tenantId, query);
  }

  async usage(query: UsageQuery): Promise<readonly UsageRecord[]> {
    this.assertOpen();
    return usageInMemory(this.tables, query);
  }

  async expireReservations(now: number, limit: number): Promise<number> {
    this.assertOpen();
    return expireInMemory(this.tables, now, limit);
  }

  async removeSpent(removal: LedgerRemoval): Promise<number> {
    this.assertOpen();
    return removeSpentInMemory(this.tables, removal);
  }

  async ledgerTenants(): Promise<readonly string[]> {
    this.assertOpen();
    return ledgerTenantsInMemory(this.tables);
  }

  async reservations(tenantId: string): Promise<readonly Omit<Reservation, "usage">[]> {
    this.assertOpen();
    return heldInMemory(this.tables, tenantId);
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  private row(tenantId: string, taskId: string): MemoryTaskRow | undefined {
    return this.tables.tasks.get(taskKey(tenantId, taskId));
  }

  private assertOpen(): void {
    if (this.closed) throw new PlatformError("STORE_UNAVAILABLE", "the store in memory was closed");
  }
}

const matches = (head: TaskHead, query: ListQuery): boolean =>
  head.tenantId === query.tenantId &&
  (query.caller === undefined || head.caller === query.caller) &&
  (query.contextId === undefined || head.contextId === query.contextId) &&
  (query.agent === undefined || head.agent === query.agent) &&
  (query.parentTaskId === undefined || head.parent?.taskId === query.parentTaskId) &&
  (query.states === undefined || query.states.includes(head.state)) &&
  (query.updatedSince === undefined || head.updatedAt >= query.updatedSince);

interface MemoryTaskStoreOptions {
  readonly clock: Pick<Clock, "now">;
  /** What it begins with; those of other stores' kinds are left out. @default nothing */
  readonly rows?: readonly StoreRow[];
}

const tablesOf = (rows: readonly StoreRow[] = []): MemoryTables => {
  const tables: MemoryTables = {
    tasks: new Map(),
    idempotency: new Map(),
    outbox: new Map(),
    tail: [],
    positions: 0,
    accounts: new Map(),
    reservations: new Map(),
    usage: new Map(),
  };
  for (const row of rows) addRow(tables, row);
  return tables;
};

/** As strict as the engine's reader, also when it is written: here the engine's own mistakes are found. */
export const createMemoryTaskStore = ({ clock, rows }: MemoryTaskStoreOptions): MemoryTaskStore =>
  new MemoryStore(clock, tablesOf(rows), (stored) => TaskEvent.parse(stored));

/** An adapter like any other, which reads nothing in what it keeps. */
export const createMemoryEventStore = ({ clock, rows }: MemoryTaskStoreOptions): MemoryTaskStore<StoredEvent> =>
  new MemoryStore(clock, tablesOf(rows), (stored) => stored as StoredEvent);
