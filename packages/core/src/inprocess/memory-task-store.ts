/**
 * TaskStore in plain Maps, for tests and embedded use. It keeps JSON text, not objects, so that what a caller changes
 * later, or what JSON cannot carry, behaves as it does in a database. Nothing here survives the process.
 */
import {
  isTerminal,
  type NewTaskEvent,
  PlatformError,
  PRIORITIES,
  TaskEvent,
  type TaskState,
} from "@agentcore/contract";
import type { Clock } from "../ports/senses.ts";
import {
  type ClaimedTask,
  type ClaimRequest,
  type CommitOutcome,
  type CommitUnit,
  type Lease,
  type ListQuery,
  type LogAppend,
  type MailboxInsert,
  type MailboxItem,
  type MailboxKind,
  type NewTask,
  type OutboxRow,
  PRIORITY_STEP_MS,
  type StaleReason,
  type TailRow,
  type TaskHead,
  type TaskKey,
  type TaskStore,
} from "../ports/task-store.ts";

const DEFAULT_LOG_LIMIT = 10_000;
const MAX_LIST_LIMIT = 1000;

export interface MemoryTaskStore extends TaskStore {
  /**
   * What a crash and a new process would find: a store over the same data with every lease voided and the tokens of
   * voided leases raised (attempts stay). This store refuses everything from now on.
   */
  reopen(): MemoryTaskStore;
}

interface MailRow {
  readonly key: string;
  readonly kind: MailboxKind;
  readonly payload: string;
  readonly position: number;
  readonly insertedAt: number;
  /** Keys stay reserved after they were taken in: a repeated message must not come in twice. */
  consumed: boolean;
}

type StoredHead = Omit<TaskHead, "leased">;

interface TaskRow {
  head: StoredHead;
  leased: boolean;
  /** Events as text; index + 1 is the number. */
  readonly log: string[];
  readonly exclusive: boolean;
  readonly mail: Map<string, MailRow>;
}

interface Data {
  readonly tasks: Map<string, TaskRow>;
  readonly idempotency: Map<string, string>;
  readonly outbox: Map<
    number,
    { readonly tenantId: string; readonly id: string; readonly kind: "event"; readonly payload: string }
  >;
  /** Every event in commit order; index + 1 is the position. */
  readonly tail: { readonly row: TaskRow; readonly seq: number }[];
  positions: number;
  lastTenant: string;
}

type Refusal = Exclude<CommitOutcome, { readonly outcome: "committed" }>;
type Undo = (() => void)[];

const FENCED: Refusal = { outcome: "fenced" };
const stale = (reason: StaleReason, existingTaskId?: string): Refusal => ({
  outcome: "stale",
  reason,
  ...(existingTaskId === undefined ? {} : { existingTaskId }),
});

// Ids may hold any character, so a plain separator could make two keys one (I7).
const compose = (...parts: readonly string[]): string => JSON.stringify(parts);
const taskKey = (tenantId: string, taskId: string): string => compose(tenantId, taskId);

/** A parked task waits for a decision; other mail waits with it. */
const wakes = (state: TaskState, kind: MailboxKind): boolean =>
  state !== "parked" || kind === "retry" || kind === "cancel";

const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

class MemoryStore implements MemoryTaskStore {
  private closed = false;
  private readonly clock: Pick<Clock, "now">;
  private readonly data: Data;

  constructor(clock: Pick<Clock, "now">, data: Data) {
    this.clock = clock;
    this.data = data;
  }

  reopen(): MemoryTaskStore {
    this.closed = true;
    for (const row of this.data.tasks.values()) {
      if (row.leased) row.head = { ...row.head, token: row.head.token + 1 };
      row.leased = false;
    }
    return new MemoryStore(this.clock, this.data);
  }

  async commit(units: readonly CommitUnit[]): Promise<readonly CommitOutcome[]> {
    this.assertOpen();
    return units.map((unit) => this.commitUnit(unit));
  }

  async claim(request: ClaimRequest): Promise<readonly ClaimedTask[]> {
    this.assertOpen();
    const waiting = this.waiting(request);
    const claimed: ClaimedTask[] = [];
    for (const tenantId of this.tenantsInTurn(waiting, request.limit)) {
      const row = waiting.get(tenantId)?.shift();
      if (row === undefined) continue;
      row.head = { ...row.head, token: row.head.token + 1, attempts: row.head.attempts + 1 };
      row.leased = true;
      this.data.lastTenant = tenantId;
      claimed.push({ head: headOf(row), mailbox: mailboxOf(row) });
    }
    return claimed;
  }

  async leases(): Promise<readonly Lease[]> {
    this.assertOpen();
    return [...this.data.tasks.values()]
      .filter(({ leased }) => leased)
      .map(({ head: { tenantId, taskId, token } }) => ({ tenantId, taskId, token }));
  }

  async nextDue(): Promise<number | null> {
    this.assertOpen();
    let next: number | null = null;
    for (const { head, leased } of this.data.tasks.values()) {
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
    return this.data.idempotency.get(compose(key.tenantId, key.caller, key.idempotencyKey)) ?? null;
  }

  async readLog(key: TaskKey, options: { after?: number; limit?: number } = {}): Promise<readonly TaskEvent[]> {
    this.assertOpen();
    const { after = 0, limit = DEFAULT_LOG_LIMIT } = options;
    const log = this.row(key.tenantId, key.taskId)?.log ?? [];
    return log.slice(after, after + limit).map(parseEvent);
  }

  async mailbox(key: TaskKey): Promise<readonly MailboxItem[]> {
    this.assertOpen();
    const row = this.row(key.tenantId, key.taskId);
    return row === undefined ? [] : mailboxOf(row);
  }

  async list(query: ListQuery): Promise<{ readonly heads: readonly TaskHead[]; readonly total: number }> {
    this.assertOpen();
    const matching = [...this.data.tasks.values()].map(headOf).filter((head) => matches(head, query));
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

  async tail(options: { tenantId?: string; after: number; limit: number }): Promise<readonly TailRow[]> {
    this.assertOpen();
    const rows: TailRow[] = [];
    for (let index = options.after; index < this.data.tail.length && rows.length < options.limit; index += 1) {
      const entry = this.data.tail[index];
      if (entry === undefined) break;
      const { tenantId, taskId } = entry.row.head;
      if (options.tenantId !== undefined && options.tenantId !== tenantId) continue;
      rows.push({ tenantId, taskId, position: index + 1, event: parseEvent(entry.row.log[entry.seq - 1] ?? "") });
    }
    return rows;
  }

  async outbox(options: { after: number; limit: number }): Promise<readonly OutboxRow[]> {
    this.assertOpen();
    const rows: OutboxRow[] = [];
    for (const [position, row] of this.data.outbox) {
      if (rows.length >= options.limit) break;
      if (position > options.after) rows.push({ ...row, position, payload: JSON.parse(row.payload) });
    }
    return rows;
  }

  async acknowledgeOutbox(positions: readonly number[]): Promise<void> {
    this.assertOpen();
    for (const position of positions) this.data.outbox.delete(position);
  }

  async backlog(): Promise<ReadonlyMap<string, number>> {
    this.assertOpen();
    const now = this.clock.now();
    const counts = new Map<string, number>();
    for (const { head, leased } of this.data.tasks.values()) {
      if (!leased && head.dueAt !== null && head.dueAt <= now)
        counts.set(head.tenantId, (counts.get(head.tenantId) ?? 0) + 1);
    }
    return counts;
  }

  async close(): Promise<void> {
    this.closed = true;
  }

  /** Applies the parts in order; the first refusal takes back what came before it. */
  private commitUnit(unit: CommitUnit): CommitOutcome {
    const undo: Undo = [];
    let refusal: Refusal | null = null;
    let done = false;
    try {
      refusal = this.apply(unit, undo);
      done = refusal === null;
    } finally {
      // Also when a payload is not JSON and the unit throws half way.
      if (!done) for (const step of undo.reverse()) step();
    }
    return refusal ?? { outcome: "committed" };
  }

  private apply(unit: CommitUnit, undo: Undo): Refusal | null {
    if (unit.append !== undefined) {
      const refusal = this.append(unit.tenantId, unit.taskId ?? "", unit.append, undo);
      if (refusal !== null) return refusal;
    }
    for (const task of unit.create ?? []) {
      const refusal = this.create(unit.tenantId, task, undo);
      if (refusal !== null) return refusal;
    }
    for (const mail of unit.mail ?? []) {
      const refusal = this.insertMail(unit.tenantId, mail, undo);
      if (refusal !== null) return refusal;
    }
    for (const { id, kind, payload } of unit.outbox ?? []) {
      const position = this.nextPosition();
      this.data.outbox.set(position, { tenantId: unit.tenantId, id, kind, payload: jsonText(payload) });
      undo.push(() => this.data.outbox.delete(position));
    }
    return null;
  }

  private append(tenantId: string, taskId: string, append: LogAppend, undo: Undo): Refusal | null {
    const row = this.row(tenantId, taskId);
    if (row === undefined) return stale("missing");
    const { head, leased } = row;
    if (head.token !== append.expect.token) return FENCED;
    if (isTerminal(head.state)) return stale("terminal");
    if (!leased) return FENCED;
    if (head.seq !== append.expect.seq) return stale("sequence");
    const waiting = [...row.mail.values()].filter((item) => !item.consumed && !append.consume.includes(item.key));
    if (append.requireEmptyMailbox && waiting.length > 0) return stale("mailbox");

    undo.push(() => {
      row.head = head;
      row.leased = leased;
    });
    this.writeEvents(row, append.events, undo);
    for (const key of append.consume) {
      const item = row.mail.get(key);
      if (item === undefined || item.consumed) continue;
      item.consumed = true;
      undo.push(() => {
        item.consumed = false;
      });
    }
    const ended = isTerminal(append.state);
    // Mail that came while the holder was busy would otherwise sleep with the task.
    const woken = waiting.some((item) => wakes(append.state, item.kind));
    const releasedDueAt =
      append.release === undefined
        ? head.dueAt
        : woken
          ? earliest(append.release.dueAt, this.clock.now())
          : append.release.dueAt;
    row.head = {
      ...head,
      seq: head.seq + append.events.length,
      state: append.state,
      checkpointSeq: append.checkpointSeq ?? head.checkpointSeq,
      attempts: attemptsAfter(append, head.attempts),
      dueAt: ended ? null : releasedDueAt,
      updatedAt: append.state === head.state ? head.updatedAt : (append.events.at(-1)?.at ?? this.clock.now()),
    };
    row.leased = append.release === undefined && !ended;
    if (ended) this.clearMail(row, undo);
    return null;
  }

  private create(tenantId: string, task: NewTask, undo: Undo): Refusal | null {
    const key = taskKey(tenantId, task.taskId);
    if (this.data.tasks.has(key)) return task.ifExists === "ignore" ? null : stale("exists", task.taskId);
    if (task.idempotencyKey !== undefined) {
      const idempotency = compose(tenantId, task.caller, task.idempotencyKey);
      const existing = this.data.idempotency.get(idempotency);
      if (existing !== undefined) return stale("exists", existing);
      this.data.idempotency.set(idempotency, task.taskId);
      undo.push(() => this.data.idempotency.delete(idempotency));
    }
    const { claimed } = task;
    const state = claimed?.state ?? "submitted";
    const { agent, revision, contextId, caller, priority, deadline, parent, createdAt } = task;
    const row: TaskRow = {
      head: {
        ...{
          tenantId,
          taskId: task.taskId,
          agent,
          revision,
          contextId,
          caller,
          priority,
          deadline,
          parent,
          createdAt,
          state,
        },
        seq: task.events.length,
        checkpointSeq: claimed?.checkpointSeq ?? 0,
        token: claimed === undefined ? 0 : 1,
        attempts: claimed === undefined ? 0 : 1,
        dueAt: isTerminal(state) ? null : claimed?.release === undefined ? task.dueAt : claimed.release.dueAt,
        updatedAt: task.events.at(-1)?.at ?? createdAt,
      },
      leased: claimed !== undefined && claimed.release === undefined && !isTerminal(state),
      log: [],
      exclusive: task.exclusive ?? false,
      mail: new Map(),
    };
    this.data.tasks.set(key, row);
    undo.push(() => this.data.tasks.delete(key));
    this.writeEvents(row, task.events, undo);
    return null;
  }

  private insertMail(tenantId: string, mail: MailboxInsert, undo: Undo): Refusal | null {
    const row = this.row(tenantId, mail.taskId);
    if (row === undefined) return mail.ifTerminal === "refuse" ? stale("missing") : null;
    const { head } = row;
    if (isTerminal(head.state)) return mail.ifTerminal === "refuse" ? stale("terminal") : null;
    if (row.mail.has(mail.key)) return null;
    const insertedAt = this.clock.now();
    row.mail.set(mail.key, {
      key: mail.key,
      kind: mail.kind,
      payload: jsonText(mail.payload),
      position: this.nextPosition(),
      insertedAt,
      consumed: false,
    });
    if (wakes(head.state, mail.kind)) row.head = { ...head, dueAt: earliest(head.dueAt, insertedAt) };
    undo.push(() => {
      row.mail.delete(mail.key);
      row.head = head;
    });
    return null;
  }

  private writeEvents(row: TaskRow, events: readonly NewTaskEvent[], undo: Undo): void {
    const first = row.log.length;
    for (const { type, at, data } of events) {
      // As strict as the reader will be: this store is where the engine's own mistakes are found.
      const text = JSON.stringify({ seq: row.log.length + 1, at, type, data });
      parseEvent(text);
      row.log.push(text);
      this.data.tail.push({ row, seq: row.log.length });
    }
    undo.push(() => {
      row.log.length = first;
      this.data.tail.length -= events.length;
    });
  }

  private clearMail(row: TaskRow, undo: Undo): void {
    const before = [...row.mail];
    row.mail.clear();
    undo.push(() => {
      for (const [key, item] of before) row.mail.set(key, item);
    });
  }

  /** What may be claimed now, by tenant, the most urgent first; of each agent no more than it has slots. */
  private waiting(request: ClaimRequest): Map<string, TaskRow[]> {
    const occupied = new Set<string>();
    const due: TaskRow[] = [];
    for (const row of this.data.tasks.values()) {
      const { tenantId, agent, contextId, dueAt, state } = row.head;
      const context = compose(tenantId, agent, contextId);
      const isFree = !row.exclusive || !occupied.has(context);
      if (row.exclusive && !isTerminal(state)) occupied.add(context);
      if (isFree && !row.leased && dueAt !== null && dueAt <= request.now) due.push(row);
    }
    const slots = new Map(request.slots);
    const waiting = new Map<string, TaskRow[]>();
    for (const row of due.sort(byUrgency)) {
      const { tenantId, agent } = row.head;
      const free = slots.get(`${tenantId}/${agent}`) ?? request.otherSlots ?? request.limit;
      if (free <= 0) continue;
      slots.set(`${tenantId}/${agent}`, free - 1);
      waiting.set(tenantId, [...(waiting.get(tenantId) ?? []), row]);
    }
    return waiting;
  }

  /** Tenants in alphabetical turn, beginning after the one served last, as often as somebody waits, `limit` in all. */
  private *tenantsInTurn(waiting: ReadonlyMap<string, readonly TaskRow[]>, limit: number): Generator<string> {
    const sorted = [...waiting.keys()].sort(byText);
    const { lastTenant } = this.data;
    const turn = [
      ...sorted.filter((tenantId) => tenantId > lastTenant),
      ...sorted.filter((tenantId) => tenantId <= lastTenant),
    ];
    let left = limit;
    while (left > 0) {
      const round = turn.filter((tenantId) => (waiting.get(tenantId)?.length ?? 0) > 0).slice(0, left);
      if (round.length === 0) return;
      left -= round.length;
      yield* round;
    }
  }

  private row(tenantId: string, taskId: string): TaskRow | undefined {
    return this.data.tasks.get(taskKey(tenantId, taskId));
  }

  private nextPosition(): number {
    this.data.positions += 1;
    return this.data.positions;
  }

  private assertOpen(): void {
    if (this.closed) throw new PlatformError("STORE_UNAVAILABLE", "the store in memory was closed");
  }
}

const parseEvent = (text: string): TaskEvent => TaskEvent.parse(JSON.parse(text));

const jsonText = (value: unknown): string => JSON.stringify(value) ?? "null";

const earliest = (dueAt: number | null, now: number): number => (dueAt === null ? now : Math.min(dueAt, now));

const byUrgency = ({ head: left }: TaskRow, { head: right }: TaskRow): number => urgency(left) - urgency(right);

const urgency = ({ dueAt, priority }: StoredHead): number =>
  (dueAt ?? 0) - PRIORITIES.indexOf(priority) * PRIORITY_STEP_MS;

const mailboxOf = (row: TaskRow): MailboxItem[] =>
  [...row.mail.values()]
    .filter((item) => !item.consumed)
    .map(({ key, kind, payload, position, insertedAt }) => ({
      key,
      kind,
      payload: JSON.parse(payload) as unknown,
      position,
      insertedAt,
    }));

const matches = (head: TaskHead, query: ListQuery): boolean =>
  head.tenantId === query.tenantId &&
  (query.caller === undefined || head.caller === query.caller) &&
  (query.contextId === undefined || head.contextId === query.contextId) &&
  (query.agent === undefined || head.agent === query.agent) &&
  (query.parentTaskId === undefined || head.parent?.taskId === query.parentTaskId) &&
  (query.states === undefined || query.states.includes(head.state)) &&
  (query.updatedSince === undefined || head.updatedAt >= query.updatedSince);

export const createMemoryTaskStore = (options: { readonly clock: Pick<Clock, "now"> }): MemoryTaskStore =>
  new MemoryStore(options.clock, {
    tasks: new Map(),
    idempotency: new Map(),
    outbox: new Map(),
    tail: [],
    positions: 0,
    lastTenant: "",
  });

const headOf = (row: TaskRow): TaskHead => ({ ...row.head, leased: row.leased });

/** Giving a lease back is not losing it: the attempt does not count. */
const attemptsAfter = (append: LogAppend, attempts: number): number => {
  if (append.events.length > 0) return 0;
  return append.release === undefined ? attempts : Math.max(0, attempts - 1);
};
