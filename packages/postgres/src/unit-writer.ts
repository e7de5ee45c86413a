/** Writes units of tasks, those of a turn together, and tells other nodes of them. */
import type { Clock, CommitOutcome, CommitUnit, StaleReason, StoredEvent } from "@agentcore/core/ports";
import { GroupCommit, type SettledResult } from "@agentcore/core/storage";
import { type Database, mayBeWrittenAgain, toPlatformError } from "./database.ts";
import { contextsOf, encodeLedger, encodeUnits, type PreparedUnit, prepareUnit } from "./encode-units.ts";
import { unescapeText } from "./escape-text.ts";
import type { HintLine } from "./hint-line.ts";
import { splitUnits } from "./unit-batches.ts";
import type { WorkerLease } from "./worker-lease.ts";

const LOCK = "select from heads h where h.tenant_id || '\\t' || h.task_id = any ($1) order by h.id for update";
// Before any task, as everybody who touches both: who takes a worker's place locks its row, and then its tasks.
const LOCK_WORKER = "select from workers where id = $1 for key share";
const MAX_TRIES = 3;
// One is on its way while the other is written: the database is across a network.
const BATCHES_IN_FLIGHT = 2;
const LOCK_CONTEXTS = "select lock_contexts($1::jsonb)";
const LOCK_LEDGER = "select keep_ledger($1::jsonb, '{}', true)";
const COMMIT = "select commit_units($1::jsonb, $2, $3) as verdicts";

export interface UnitWriterOptions {
  readonly database: Database;
  readonly worker: WorkerLease;
  readonly hints: HintLine;
  readonly clock: Pick<Clock, "now">;
  readonly maxBatchUnits: number;
  readonly maxBatchBytes: number;
}

export class UnitWriter {
  private readonly database: Database;
  private readonly worker: WorkerLease;
  private readonly hints: HintLine;
  private readonly clock: Pick<Clock, "now">;
  private readonly writes: GroupCommit<readonly PreparedUnit[]>;

  constructor({ database, worker, hints, clock, maxBatchUnits, maxBatchBytes }: UnitWriterOptions) {
    this.database = database;
    this.worker = worker;
    this.hints = hints;
    this.clock = clock;
    this.writes = new GroupCommit({
      write: (calls) => this.writeCalls(calls),
      nextTurn: (callback) => void setImmediate(callback),
      maxWeight: maxBatchUnits,
      maxBytes: maxBatchBytes,
      maxInFlight: BATCHES_IN_FLIGHT,
    });
  }

  async write(units: readonly CommitUnit<StoredEvent>[]): Promise<readonly CommitOutcome[]> {
    if (units.length === 0) return [];
    const prepared = units.map(prepareUnit);
    const bytes = prepared.reduce((sum, each) => sum + each.bytes, 0);
    return (await this.writes.add(prepared, units.length, bytes)) as readonly CommitOutcome[];
  }

  /** Resolves when what was given is written. */
  drain(): Promise<void> {
    return this.writes.drain();
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
