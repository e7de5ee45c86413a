/** The rows of tasks: state, number of the last event, fencing token, lease and due time. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { TaskState } from "@agentcore/contract";
import { type Lease, type ListQuery, statusTimeOf } from "@agentcore/core/ports";
import type { AppendRow, CreateRow } from "./units.ts";

// The path of nearly every append. Conditions and change are one statement on one index; the same state before and
// after leaves every other index alone, and shows that the task is not terminal.
const ADVANCE = `update heads set seq = seq + ?, attempts = 0
  where tenant_id = ? and task_id = ? and seq = ? and token = ? and leased = 1 and state = ? returning id`;
// Another statement for what makes a status: one that could set the time would touch its index each time.
const ADVANCE_STATUS = ADVANCE.replace("attempts = 0", "attempts = 0, updated_at = ?");
const SELECT = "select * from heads where tenant_id = ? and task_id = ?";
const CHANGE = `update heads set seq = ?, state = ?, checkpoint_seq = coalesce(?, checkpoint_seq),
  revision = coalesce(?, revision), attempts = ?, leased = ?, due_at = ?, updated_at = ? where id = ?`;
const INSERT = `insert into heads (tenant_id, task_id, agent, revision, context_id, caller, state, seq, checkpoint_seq, token, leased,
  due_at, priority, attempts, deadline, parent_task_id, parent_path, created_at, updated_at, exclusive)
  values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (tenant_id, task_id) do nothing returning id`;
const WAKE = "update heads set due_at = ? where id = ? and (due_at is null or due_at > ?)";
const VOID_LEASES = "update heads set leased = 0, token = token + 1 where leased = 1";
const LEASES = "select tenant_id, task_id, token from heads where leased = 1";
const NEXT_DUE = "select min(due_at) as due_at from heads where leased = 0 and due_at is not null";
const BACKLOG = `select tenant_id, count(*) as waiting from heads where leased = 0 and due_at is not null and due_at <= ? group by tenant_id`;
const KEY_INSERT =
  "insert into idempotency_keys (tenant_id, caller, key, task_id) values (?, ?, ?, ?) on conflict do nothing";
const KEY_SELECT = "select task_id from idempotency_keys where tenant_id = ? and caller = ? and key = ?";

const TERMINAL: ReadonlySet<TaskState> = new Set<TaskState>(["completed", "failed", "canceled", "rejected"]);
export const isTerminal = (state: TaskState): boolean => TERMINAL.has(state);

export interface StoredHead {
  readonly id: number;
  readonly tenant_id: string;
  readonly task_id: string;
  readonly agent: string;
  readonly revision: string;
  readonly context_id: string;
  readonly caller: string;
  readonly state: TaskState;
  readonly seq: number;
  readonly checkpoint_seq: number;
  readonly token: number;
  readonly leased: number;
  readonly due_at: number | null;
  readonly priority: number;
  readonly attempts: number;
  readonly deadline: number | null;
  readonly parent_task_id: string | null;
  readonly parent_path: string | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly floor: number;
}

export interface HeadChange {
  readonly seq: number;
  readonly state: TaskState;
  readonly checkpointSeq: number | null;
  readonly revision: string | null;
  readonly attempts: number;
  readonly leased: boolean;
  readonly dueAt: number | null;
  readonly updatedAt: number;
}

export class Heads {
  private readonly database: DatabaseSync;
  private readonly statements: ReturnType<typeof prepareAll>;

  constructor(database: DatabaseSync) {
    this.database = database;
    this.statements = prepareAll(database);
  }

  /** The head's id, or null when the append needs the long way or is refused. */
  advance(tenantId: string, taskId: string, append: AppendRow): number | null {
    const { seq, token, state, events } = append;
    const updatedAt = statusTimeOf(events, state);
    const expected = [tenantId, taskId, seq, token, state];
    const row =
      updatedAt === undefined
        ? this.statements.advance.get(events.length, ...expected)
        : this.statements.advanceStatus.get(events.length, updatedAt, ...expected);
    return row === undefined ? null : Number(row["id"]);
  }

  find(tenantId: string, taskId: string): StoredHead | null {
    return (this.statements.select.get(tenantId, taskId) as unknown as StoredHead | undefined) ?? null;
  }

  change(id: number, change: HeadChange): void {
    const { seq, state, checkpointSeq, revision, attempts, leased, dueAt, updatedAt } = change;
    this.statements.change.run(seq, state, checkpointSeq, revision, attempts, leased ? 1 : 0, dueAt, updatedAt, id);
  }

  /** The new head's id, or null when the task id is taken. */
  insert(tenantId: string, task: CreateRow): number | null {
    const state = task.claimedState ?? "submitted";
    const claimed = task.claimedState !== null;
    const ended = isTerminal(state);
    const dueAt = ended ? null : task.releases ? task.releaseDueAt : task.dueAt;
    const leased = claimed && !task.releases && !ended;
    const row = this.statements.insert.get(
      ...[tenantId, task.taskId, task.agent, task.revision, task.contextId, task.caller, state, task.events.length],
      ...[task.checkpointSeq, claimed ? 1 : 0, leased ? 1 : 0, dueAt, task.priority, claimed ? 1 : 0, task.deadline],
      ...[task.parentTaskId, task.parentPath, task.createdAt, statusTimeOf(task.events, state) ?? task.createdAt],
      task.exclusive ? 1 : 0,
    );
    return row === undefined ? null : Number(row["id"]);
  }

  wake(id: number, now: number): void {
    this.statements.wake.run(now, id, now);
  }

  voidLeases(): void {
    this.database.exec(VOID_LEASES);
  }

  leases(): Lease[] {
    return this.statements.leases.all().map((row) => ({
      tenantId: String(row["tenant_id"]),
      taskId: String(row["task_id"]),
      token: Number(row["token"]),
    }));
  }

  nextDue(): number | null {
    return (this.statements.nextDue.get()?.["due_at"] as number | null | undefined) ?? null;
  }

  backlog(now: number): [string, number][] {
    return this.statements.backlog.all(now).map((row) => [String(row["tenant_id"]), Number(row["waiting"])]);
  }

  /** Null when the key was free and is now taken for `taskId`, else the task that has it. */
  reserveKey(tenantId: string, task: CreateRow, key: string): string | null {
    const { changes } = this.statements.insertKey.run(tenantId, task.caller, key, task.taskId);
    return changes === 1 ? null : this.findByKey(tenantId, task.caller, key);
  }

  findByKey(tenantId: string, caller: string, key: string): string | null {
    return (this.statements.selectKey.get(tenantId, caller, key)?.["task_id"] as string | undefined) ?? null;
  }

  list(query: ListQuery): { readonly heads: StoredHead[]; readonly total: number } {
    const filter = filterOf(query);
    const total = this.database
      .prepare(`select count(*) as total from heads where ${filter.where}`)
      .get(...filter.values);
    const page =
      query.after === undefined
        ? filter
        : filter.and("(updated_at, task_id) < (?, ?)", query.after.updatedAt, query.after.taskId);
    const rows = this.database.prepare(
      `select * from heads where ${page.where} order by updated_at desc, task_id desc limit ?`,
    );
    return {
      heads: rows.all(...page.values, query.limit) as unknown as StoredHead[],
      total: Number(total?.["total"] ?? 0),
    };
  }
}

const prepareAll = (database: DatabaseSync) =>
  ({
    advance: database.prepare(ADVANCE),
    advanceStatus: database.prepare(ADVANCE_STATUS),
    select: database.prepare(SELECT),
    change: database.prepare(CHANGE),
    insert: database.prepare(INSERT),
    wake: database.prepare(WAKE),
    leases: database.prepare(LEASES),
    nextDue: database.prepare(NEXT_DUE),
    backlog: database.prepare(BACKLOG),
    insertKey: database.prepare(KEY_INSERT),
    selectKey: database.prepare(KEY_SELECT),
  }) satisfies Record<string, StatementSync>;

class Filter {
  readonly where: string;
  readonly values: readonly (string | number)[];

  constructor(where: string, values: readonly (string | number)[]) {
    this.where = where;
    this.values = values;
  }

  and(condition: string, ...values: readonly (string | number)[]): Filter {
    return new Filter(`${this.where} and ${condition}`, [...this.values, ...values]);
  }
}

const filterOf = (query: ListQuery): Filter => {
  let filter = new Filter("tenant_id = ?", [query.tenantId]);
  if (query.caller !== undefined) filter = filter.and("caller = ?", query.caller);
  if (query.contextId !== undefined) filter = filter.and("context_id = ?", query.contextId);
  if (query.agent !== undefined) filter = filter.and("agent = ?", query.agent);
  if (query.parentTaskId !== undefined) filter = filter.and("parent_task_id = ?", query.parentTaskId);
  if (query.states !== undefined)
    filter = filter.and("state in (select value from json_each(?))", JSON.stringify(query.states));
  if (query.updatedSince !== undefined) filter = filter.and("updated_at >= ?", query.updatedSince);
  return filter;
};
