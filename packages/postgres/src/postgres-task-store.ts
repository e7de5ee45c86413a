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
  MailboxItem,
  MailboxKind,
  MailboxReading,
  OutboxTake,
  Removal,
  Removed,
  Renewal,
  Reservation,
  RetentionQuery,
  RetentionRow,
  StaleReason,
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
import { MAX_MAIL_BYTES } from "@agentcore/core/ports";
import { GroupCommit, type SettledResult } from "@agentcore/core/storage";
import { type Database, mayBeWrittenAgain, toPlatformError } from "./database.ts";
import { contextsOf, encodeLedger, encodeUnits, type PreparedUnit, prepareUnit } from "./encode-units.ts";
import { escapeText, unescapeText } from "./escape-text.ts";
import { type HeadRow, toHead } from "./head-row.ts";
import type { HintLine } from "./hint-line.ts";
import { PostgresLedger } from "./postgres-ledger.ts";
import { PostgresOutbox } from "./postgres-outbox.ts";
import { FOLDABLE, REMOVABLE } from "./sql/retention-queries.ts";
import { splitUnits } from "./unit-batches.ts";
import type { WorkerLease } from "./worker-lease.ts";

const DEFAULT_LOG_LIMIT = 10_000;
// No answer is larger than a full log, whatever is asked for.
const MAX_ROWS = 10_000;
const MAX_LIST_LIMIT = 1000;
// The task (tenant $1, id $2) as its index knows it.
const TASK = "h.tenant_id || '\\t' || h.task_id = $1 || '\\t' || $2";
const LOCK = "select from heads h where h.tenant_id || '\\t' || h.task_id = any ($1) order by h.id for update";
// Before any task, as everybody who touches both: who takes a worker's place locks its row, and then its tasks.
const LOCK_WORKER = "select from workers where id = $1 for key share";
// Sizes are told without reading what is large.
const logPage = (condition: string): string => `select seq, type, at, data from (
    select e.seq, e.type, e.at, e.data, sum(octet_length(e.data)) over (order by e.seq) as upto
    from heads h join events e on e.task = h.id where ${TASK} and e.seq > $3 ${condition} order by e.seq limit $4
  ) page where upto <= $5 or upto = octet_length(data) order by seq`;
const LOG_PAGE = logPage("");
const LOG_PAGE_WITHOUT = logPage("and not e.type = any ($6)");
/** `chooseMail`, of what waits there; `max` is the bytes. */
const readMail = (
  from: string,
  max: string,
): string => `select task, key, kind, payload, position, inserted_at, waiting from (
    select sized.*, sum(bytes) over (order by position) as upto, count(*) over () as waiting from (
      select b.*, case when b.kind in ('cancel', 'retry', 'migrate') then 0 else octet_length(b.payload) end as bytes from ${from} not b.consumed
    ) sized
  ) found where upto <= ${max} or upto = bytes or bytes = 0 order by position`;
const MAX_TRIES = 3;
const LOCK_CONTEXTS = "select lock_contexts($1::jsonb)";
const LOCK_LEDGER = "select keep_ledger($1::jsonb, '{}', true)";
const COMMIT = "select commit_units($1::jsonb, $2, $3) as verdicts";

interface MailRow {
  readonly task: number;
  readonly key: string;
  readonly kind: MailboxKind;
  readonly payload: string;
  readonly position: number;
  readonly inserted_at: number;
}

interface EventRow {
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly data: string;
}

export interface PostgresTaskStoreOptions {
  readonly database: Database;
  readonly worker: WorkerLease;
  readonly hints: HintLine;
  readonly clock: Pick<Clock, "now">;
  readonly maxBatchUnits: number;
  readonly maxBatchBytes: number;
}

export class PostgresTaskStore implements TaskStore<StoredEvent> {
  private readonly database: Database;
  private readonly worker: WorkerLease;
  private readonly hints: HintLine;
  private readonly clock: Pick<Clock, "now">;
  private readonly outbox: PostgresOutbox;
  private readonly ledger: PostgresLedger;
  private readonly writes: GroupCommit<readonly PreparedUnit[]>;
  private closing = false;

  constructor({ database, worker, hints, clock, maxBatchUnits, maxBatchBytes }: PostgresTaskStoreOptions) {
    this.database = database;
    this.worker = worker;
    this.hints = hints;
    this.clock = clock;
    this.outbox = new PostgresOutbox(database, worker);
    this.ledger = new PostgresLedger(database);
    this.writes = new GroupCommit({
      write: (calls) => this.writeCalls(calls),
      nextTurn: (callback) => void setImmediate(callback),
      maxWeight: maxBatchUnits,
      maxBytes: maxBatchBytes,
    });
  }

  async commit(units: readonly CommitUnit<StoredEvent>[]): Promise<readonly CommitOutcome[]> {
    if (units.length === 0) return [];
    const prepared = units.map(prepareUnit);
    const bytes = prepared.reduce((sum, each) => sum + each.bytes, 0);
    return (await this.writes.add(prepared, units.length, bytes)) as readonly CommitOutcome[];
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedTask[]> {
    const heads = await this.database.query<HeadRow>("claim", "select * from claim_tasks($1, $2::jsonb)", [
      this.worker.id,
      encodeClaim(request),
    ]);
    const mail = heads.length === 0 ? [] : await this.mailOfClaimed(heads.map(({ id }) => id));
    return heads.map((head) => ({
      head: toHead(head),
      mailbox: mail.filter(({ task }) => task === head.id).map(toMailboxItem),
    }));
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

  async readLog(key: TaskKey, options: LogPage = {}): Promise<readonly StoredEvent[]> {
    const { after = 0, limit = DEFAULT_LOG_LIMIT, maxBytes, without = [] } = options;
    const most = Math.min(limit, MAX_ROWS);
    if (without.length > 0) {
      const values = [...textOf(key), after, most, maxBytes ?? Number.MAX_SAFE_INTEGER, without];
      return (await this.database.query<EventRow>("log-page-without", LOG_PAGE_WITHOUT, values)).map(toEvent);
    }
    if (maxBytes !== undefined) {
      const page = await this.database.query<EventRow>("log-page", LOG_PAGE, [...textOf(key), after, most, maxBytes]);
      return page.map(toEvent);
    }
    const rows = await this.database.query<EventRow>(
      "log",
      `select e.seq, e.type, e.at, e.data from heads h join events e on e.task = h.id
        where ${TASK} and e.seq > $3 order by e.seq limit $4`,
      [...textOf(key), after, most],
    );
    return rows.map(toEvent);
  }

  async mailbox(key: TaskKey): Promise<MailboxReading> {
    const rows = await this.database.query<MailRow & { readonly waiting: number }>(
      "mailbox",
      readMail(`heads h join mailbox b on b.task = h.id where ${TASK} and`, "$3"),
      [...textOf(key), MAX_MAIL_BYTES],
    );
    return { items: rows.map(toMailboxItem), more: rows.length < (rows[0]?.waiting ?? 0) };
  }

  async leasedWithMail(): Promise<readonly TaskKey[]> {
    const rows = await this.database.query<HeadRow>(
      "leased-with-mail",
      `select h.tenant_id, h.task_id from heads h where h.leased_by = $1 and h.leased_by is not null
        and exists (select from mailbox b where b.task = h.id and not b.consumed)`,
      [this.worker.id],
    );
    return rows.map(({ tenant_id, task_id }) => ({ tenantId: unescapeText(tenant_id), taskId: unescapeText(task_id) }));
  }

  async waitingMail(key: TaskKey): Promise<WaitingMail> {
    const [row] = await this.database.query<WaitingMail>(
      "waiting-mail",
      `select count(*) as count, coalesce(sum(octet_length(b.payload)), 0)::bigint as bytes
        from heads h join mailbox b on b.task = h.id where ${TASK} and not b.consumed`,
      textOf(key),
    );
    return { count: row?.count ?? 0, bytes: row?.bytes ?? 0 };
  }

  async hasTaken(key: TaskKey, mailKey: string): Promise<boolean> {
    const rows = await this.database.query(
      "has-taken",
      `select from heads h join mailbox b on b.task = h.id where ${TASK} and b.key = $3 and b.consumed`,
      [...textOf(key), escapeText(mailKey)],
    );
    return rows.length > 0;
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

  async tail(options: {
    tenantId?: string;
    after: string | null;
    limit: number;
  }): Promise<readonly TailRow<StoredEvent>[]> {
    const { tenantId, after, limit } = options;
    const [transaction = "0", position = "0"] = after?.split(".") ?? [];
    const rows = await this.database.query<EventRow & { tenant_id: string; task_id: string; cursor: string }>(
      tenantId === undefined ? "tail" : "tail-of-tenant",
      `select h.tenant_id, h.task_id, e.transaction || '.' || e.position as cursor, e.seq, e.type, e.at, e.data
        from events e join heads h on h.id = e.task
        where (e.transaction, e.position) > ($1::text::xid8, $2::bigint)
          and e.transaction < pg_snapshot_xmin(pg_current_snapshot())
        ${tenantId === undefined ? "" : "and h.tenant_id = $4"} order by e.transaction, e.position limit $3`,
      [transaction, position, Math.min(limit, MAX_ROWS), ...(tenantId === undefined ? [] : [escapeText(tenantId)])],
    );
    return rows.map((row) => ({
      tenantId: unescapeText(row.tenant_id),
      taskId: unescapeText(row.task_id),
      cursor: row.cursor,
      event: toEvent(row),
    }));
  }

  takeOutbox(limit: number): Promise<OutboxTake> {
    return this.outbox.take(limit);
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
    await this.writes.drain();
    await this.worker.close();
    await this.hints.close();
    await this.database.close();
  }

  /** Call by call when they fail together by the fault of one. */
  private async writeCalls(calls: readonly (readonly PreparedUnit[])[]): Promise<readonly SettledResult[]> {
    try {
      const units = calls.flat();
      const outcomes = await this.writeUnits(units);
      this.tell(units, outcomes);
      let next = 0;
      return calls.map((units) => ({ ok: true, value: outcomes.slice(next, (next += units.length)) }));
    } catch (thrown) {
      const error = toPlatformError(thrown);
      if (calls.length === 1 || error.code !== "INTERNAL") return calls.map(() => ({ ok: false, error }));
      const results: SettledResult[] = [];
      for (const call of calls) results.push(...(await this.writeCalls([call])));
      return results;
    }
  }

  /** Other nodes may follow these logs, run these tasks, or have a slot for what is due now. */
  private tell(units: readonly PreparedUnit[], outcomes: readonly CommitOutcome[]): void {
    for (const [index, { unit }] of units.entries()) {
      const { tenantId, taskId, append, create = [], mail = [] } = unit;
      if (outcomes[index]?.outcome !== "committed") continue;
      if (append !== undefined && taskId !== undefined) this.hints.tell({ kind: "changed", tenantId, taskId });
      for (const item of mail) this.hints.tell({ kind: "changed", tenantId, taskId: item.taskId });
      if (mail.length > 0 || create.some(({ claimed }) => claimed === undefined)) this.hints.tell({ kind: "due" });
    }
  }

  /** What the order of locks did not rule out (two nodes that make the same tasks, or the same reservation) is known to have written nothing. */
  private async writeUnits(units: readonly PreparedUnit[], triesLeft = MAX_TRIES): Promise<CommitOutcome[]> {
    try {
      return await this.writeBatches(splitUnits(units));
    } catch (error) {
      const failure = toPlatformError(error);
      if (triesLeft === 0 || !mayBeWrittenAgain(failure)) throw failure;
      return this.writeUnits(units, triesLeft - 1);
    }
  }

  private async writeBatches(batches: readonly (readonly PreparedUnit[])[]): Promise<CommitOutcome[]> {
    const now = this.clock.now();
    const [only] = batches;
    if (batches.length === 1 && only !== undefined) {
      const values = [encodeUnits(only), this.worker.id, now];
      const [row] = await this.database.query<{ verdicts: (string | null)[] }>("commit", COMMIT, values);
      return (row?.verdicts ?? []).map(toOutcome);
    }
    return this.database.transaction(async (client) => {
      await client.query({ name: "lock-worker", text: LOCK_WORKER, values: [this.worker.id] });
      const contexts = contextsOf(batches.flat());
      if (contexts.length > 0)
        await client.query({ name: "contexts", text: LOCK_CONTEXTS, values: [JSON.stringify(contexts)] });
      // Each batch locks in order, but not one after the other: all of them at once, first.
      await client.query({ name: "lock", text: LOCK, values: [batches.flat().flatMap(({ heads }) => heads)] });
      const ledger = encodeLedger(batches.flat());
      if (ledger !== null) await client.query({ name: "lock-ledger", text: LOCK_LEDGER, values: [ledger] });
      const outcomes: CommitOutcome[] = [];
      for (const batch of batches) {
        const values = [encodeUnits(batch), this.worker.id, now];
        const { rows } = await client.query<{ verdicts: (string | null)[] }>({ name: "commit", text: COMMIT, values });
        outcomes.push(...(rows[0]?.verdicts ?? []).map(toOutcome));
      }
      return outcomes;
    });
  }

  private mailOfClaimed(heads: readonly number[]): Promise<MailRow[]> {
    return this.database.query<MailRow>("mail-of-claimed", readMail("mailbox b where b.task = any ($1) and", "$2"), [
      heads,
      MAX_MAIL_BYTES,
    ]);
  }
}

const toOutcome = (verdict: string | null): CommitOutcome => {
  if (verdict === null) return { outcome: "committed" };
  if (verdict === "fenced") return { outcome: "fenced" };
  const [, reason = "", name] = /^stale (\w+)(?: (.*))?$/s.exec(verdict) ?? [];
  if (name === undefined) return { outcome: "stale", reason: reason as StaleReason };
  const named = unescapeText(name);
  return reason === "limit"
    ? { outcome: "stale", reason, account: named }
    : { outcome: "stale", reason: reason as StaleReason, existingTaskId: named };
};

const encodeClaim = ({ slots, tenants, maxLeased, ...rest }: ClaimRequest): string =>
  JSON.stringify({ ...rest, slots: named(slots), tenants: named(tenants), maxLeased: named(maxLeased) });

const named = <Value>(values: ReadonlyMap<string, Value> = new Map()): Readonly<Record<string, Value>> =>
  Object.fromEntries([...values].map(([name, value]) => [escapeText(name), value]));

const textOf = ({ tenantId, taskId }: TaskKey): string[] => [escapeText(tenantId), escapeText(taskId)];

const toEvent = ({ seq, type, at, data }: EventRow): StoredEvent => ({
  seq,
  type,
  at,
  data: JSON.parse(data) as unknown,
});

const toMailboxItem = ({ key, kind, payload, position, inserted_at }: MailRow): MailboxItem => ({
  key: unescapeText(key),
  kind,
  payload: JSON.parse(payload) as unknown,
  position,
  insertedAt: inserted_at,
});

class Filter {
  readonly name: string;
  readonly where: string;
  readonly values: readonly unknown[];

  constructor(name: string, where: string, values: readonly unknown[]) {
    this.name = name;
    this.where = where;
    this.values = values;
  }

  /** `?` stands for the value. */
  and(name: string, condition: string, value: unknown): Filter {
    const placed = condition.replace("?", `$${this.values.length + 1}`);
    return new Filter(`${this.name} ${name}`, `${this.where} and ${placed}`, [...this.values, value]);
  }

  afterRow({ updatedAt, taskId }: { readonly updatedAt: number; readonly taskId: string }): Filter {
    const [time, task] = [`$${this.values.length + 1}`, `$${this.values.length + 2}`];
    const where = `${this.where} and (updated_at, task_id collate "C") < (${time}, ${task})`;
    return new Filter(`${this.name} after`, where, [...this.values, updatedAt, escapeText(taskId)]);
  }
}

const filterOf = (query: ListQuery): Filter => {
  let filter = new Filter("tenant", "tenant_id = $1", [escapeText(query.tenantId)]);
  if (query.caller !== undefined) filter = filter.and("caller", "caller = ?", escapeText(query.caller));
  if (query.contextId !== undefined) filter = filter.and("context", "context_id = ?", escapeText(query.contextId));
  if (query.agent !== undefined) filter = filter.and("agent", "agent = ?", query.agent);
  if (query.parentTaskId !== undefined)
    filter = filter.and("parent", "parent_task_id = ?", escapeText(query.parentTaskId));
  if (query.states !== undefined) filter = filter.and("states", "state = any (?)", query.states);
  if (query.updatedSince !== undefined) filter = filter.and("since", "updated_at >= ?", query.updatedSince);
  return filter;
};
