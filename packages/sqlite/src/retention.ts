/** Folding logs and removing tasks, inside the open transaction; and finding what it is time for. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { CompactionOutcome, FoldedBlobs, Removal, Removed, RetentionQuery } from "@agentcore/core/ports";
import { type Heads, isTerminal, type StoredHead } from "./heads.ts";
import type { TaskBlobs } from "./task-blobs.ts";

const ENDED = "('completed', 'failed', 'canceled', 'rejected')";
const OPEN = "('submitted', 'working', 'input-required', 'auth-required', 'parked')";

const REMOVABLE = `select *, updated_at as at from heads
  where tenant_id = :tenant and state in ${ENDED} and updated_at < :before and (updated_at, task_id) > (:at, :task)
    and not exists (select 1 from heads p where p.tenant_id = heads.tenant_id and p.task_id = heads.parent_task_id and p.state in ${OPEN})
  order by updated_at, task_id limit :limit`;
const FOLDABLE = `select * from (
    select *, created_at as at from heads where tenant_id = :tenant and state in ${ENDED} and folded = 0 and seq > 1
      and created_at < :before and updated_at < :before and (created_at, task_id) > (:at, :task)
    order by created_at, task_id limit :limit)
  union all select * from (
    select *, created_at as at from heads where tenant_id = :tenant and state in ${OPEN} and checkpoint_seq > floor + 1
      and created_at < :before and (created_at, task_id) > (:at, :task)
    order by created_at, task_id limit :limit)
  order by at, task_id limit :limit`;
// In place: whoever reads all tasks finds it where the last event it stands for was.
const FOLD = "update events set type = 'log.compacted', at = ?, data = ? where task = ? and seq = ?";
const DROP_FOLDED = "delete from events where task = ? and seq < ?";
const SET_FLOOR = "update heads set floor = ?, folded = ? where id = ?";
const MEASURE = "select count(*) as events, coalesce(sum(octet_length(data)), 0) as bytes from events where task = ?";
const LAST = "select position, task from events order by position desc limit 1";
const DROP_EVENTS = "delete from events where task = ?";
const HOLD_PLACE = "insert into events (position, task, seq, type, at, data) values (?, 0, 1, 'removed', 0, 'null')";
const DROP_KEYS = "delete from idempotency_keys where tenant_id = ? and task_id = ?";
const DROP_MAIL = "delete from mailbox where task = ?";
const DROP_HEAD = "delete from heads where id = ?";

export interface CompactionRow {
  readonly tenantId: string;
  readonly taskId: string;
  readonly floor: number;
  readonly at: number;
  readonly data: string;
  readonly blobs: FoldedBlobs | null;
}

export type StoredCandidate = StoredHead & { readonly at: number };

export class Retention {
  private readonly heads: Heads;
  private readonly blobs: TaskBlobs;
  private readonly statements: ReturnType<typeof prepareAll>;

  constructor(database: DatabaseSync, heads: Heads, blobs: TaskBlobs) {
    this.heads = heads;
    this.blobs = blobs;
    this.statements = prepareAll(database);
  }

  find({ tenantId, kind, before, limit, after }: RetentionQuery): StoredCandidate[] {
    const statement = kind === "removable" ? this.statements.removable : this.statements.foldable;
    const values = { tenant: tenantId, before, limit, at: after?.at ?? -1, task: after?.taskId ?? "" };
    return statement.all(values) as unknown as StoredCandidate[];
  }

  compact({ tenantId, taskId, floor, at, data, blobs }: CompactionRow): CompactionOutcome {
    const head = this.heads.find(tenantId, taskId);
    if (head === null) return "missing";
    const ended = isTerminal(head.state);
    if (floor < 1 || floor >= (ended ? head.seq : head.checkpoint_seq)) return "refused";
    if (floor <= head.floor) return "unchanged";
    this.statements.fold.run(at, data, head.id, floor);
    this.statements.dropFolded.run(head.id, floor);
    const folded = ended && floor === head.seq - 1;
    this.statements.setFloor.run(floor, folded ? 1 : 0, head.id);
    if (blobs !== null) this.changeBlobs(tenantId, head.id, blobs, folded);
    return "compacted";
  }

  remove({ tenantId, taskIds, dryRun = false }: Removal): Removed {
    const removed: string[] = [];
    let [events, bytes] = [0, 0];
    for (const taskId of new Set(taskIds)) {
      const head = this.heads.find(tenantId, taskId);
      if (head === null || !this.mayGo(head)) continue;
      const size = this.statements.measure.get(head.id);
      removed.push(taskId);
      events += Number(size?.["events"]);
      bytes += Number(size?.["bytes"]);
      if (!dryRun) this.drop(head);
    }
    return { taskIds: removed, events, bytes };
  }

  private changeBlobs(tenantId: string, head: number, { added, dropped, last }: FoldedBlobs, folded: boolean): void {
    if (folded && last !== undefined) this.blobs.deleteAll(head);
    for (const name of dropped) this.blobs.delete(tenantId, name, head);
    for (const name of [...added, ...(folded ? (last ?? []) : [])]) this.blobs.insert(tenantId, name, head);
  }

  /** It has ended, and nothing that runs rests on it. */
  private mayGo(head: StoredHead): boolean {
    if (!isTerminal(head.state)) return false;
    const parent = head.parent_task_id === null ? null : this.heads.find(head.tenant_id, head.parent_task_id);
    return parent === null || isTerminal(parent.state);
  }

  private drop({ id, tenant_id, task_id }: StoredHead): void {
    const last = this.statements.last.get();
    this.statements.dropEvents.run(id);
    if (last?.["task"] === id) {
      // The next event would get a position that readers have passed: its place is held, by no task.
      this.statements.dropEvents.run(0);
      this.statements.holdPlace.run(Number(last["position"]));
    }
    this.statements.dropMail.run(id);
    this.statements.dropKeys.run(tenant_id, task_id);
    this.statements.dropHead.run(id);
  }
}

const prepareAll = (database: DatabaseSync) =>
  ({
    removable: database.prepare(REMOVABLE),
    foldable: database.prepare(FOLDABLE),
    fold: database.prepare(FOLD),
    dropFolded: database.prepare(DROP_FOLDED),
    setFloor: database.prepare(SET_FLOOR),
    measure: database.prepare(MEASURE),
    last: database.prepare(LAST),
    dropEvents: database.prepare(DROP_EVENTS),
    holdPlace: database.prepare(HOLD_PLACE),
    dropKeys: database.prepare(DROP_KEYS),
    dropMail: database.prepare(DROP_MAIL),
    dropHead: database.prepare(DROP_HEAD),
  }) satisfies Record<string, StatementSync>;
