import type { NewTaskEvent } from "@agentcore/contract";
import type { MemoryTaskStore } from "@agentcore/core/inprocess";
import type { CommitOutcome, CommitUnit, Digest, TaskStore } from "@agentcore/core/ports";

/**
 * Where the process dies. A number counts commits from 1; a text is the path of a step (`step:bureau-file`, `fetch#2`;
 * without a kind `step:` is meant) and names the commit that records its result.
 */
export type CrashPoint = number | string | { readonly at: number | string; readonly when?: "before" | "after" };

/** What the stores of all lives of a test know together. */
export class CrashBook {
  /** Commits until now, over all lives. */
  commits = 0;
  /** Model answers that are in a log. */
  modelAnswers = 0;
  /** Idempotency keys of the steps whose outcome is in a log: they must never run again (I3). */
  readonly recorded = new Set<string>();
  private readonly epochs = new Map<string, number>();
  private readonly digest: Digest;
  private readonly points: { readonly at: number | string; readonly when: "before" | "after" }[];

  constructor(digest: Digest, points: readonly CrashPoint[]) {
    this.digest = digest;
    this.points = points.map((point) =>
      typeof point === "object" ? { at: point.at, when: point.when ?? "before" } : { at: point, when: "before" },
    );
  }

  /** Points that no commit has met. */
  get missed(): readonly (number | string)[] {
    return this.points.map(({ at }) => at);
  }

  /** Whether this commit is one to die at; each point is met once. */
  take(units: readonly CommitUnit[]): "before" | "after" | null {
    const index = this.points.findIndex(({ at }) =>
      typeof at === "number"
        ? at === this.commits
        : units.some((unit) => eventsOf(unit).some(({ event }) => records(event, at))),
    );
    if (index < 0) return null;
    const [point] = this.points.splice(index, 1);
    return point?.when ?? null;
  }

  learn(unit: CommitUnit): void {
    for (const { taskId, event, lastSeq } of eventsOf(unit)) {
      const key = `${unit.tenantId}/${taskId}`;
      if (event.type === "checkpoint.created" && lastSeq !== null) this.epochs.set(key, lastSeq);
      if (event.type !== "step.completed" && !(event.type === "step.failed" && event.data.retryAt === undefined))
        continue;
      if (event.data.kind === "model") this.modelAnswers += 1;
      this.recorded.add(
        this.digest.sha256(JSON.stringify([unit.tenantId, taskId, this.epochs.get(key) ?? 0, event.data.path])),
      );
    }
  }
}

const eventsOf = (
  unit: CommitUnit,
): { readonly taskId: string; readonly event: NewTaskEvent; readonly lastSeq: number | null }[] => [
  ...(unit.append?.events ?? []).map((event) => ({
    taskId: unit.taskId ?? "",
    event,
    lastSeq: unit.append?.checkpointSeq ?? null,
  })),
  ...(unit.create ?? []).flatMap((task) =>
    task.events.map((event) => ({ taskId: task.taskId, event, lastSeq: task.claimed?.checkpointSeq ?? null })),
  ),
];

const records = (event: NewTaskEvent, path: string): boolean =>
  (event.type === "step.completed" || event.type === "step.failed") &&
  (event.data.path === path || event.data.path === `step:${path}`);

/** One life's view of the store: kills the process at its point, and hears of nothing once that is dead. */
export const createCrashStore = (
  store: MemoryTaskStore,
  book: CrashBook,
  onCrash: () => void,
): { readonly store: TaskStore; readonly die: () => void } => {
  let dead = false;
  const never = new Promise<never>(() => {});
  const alive = <T>(answer: () => Promise<T>): Promise<T> =>
    dead ? never : answer().then((value) => (dead ? never : value));
  const commit = async (units: readonly CommitUnit[]): Promise<readonly CommitOutcome[]> => {
    book.commits += 1;
    const point = book.take(units);
    if (point === "before") {
      onCrash();
      return never;
    }
    const outcomes = await store.commit(units);
    units.forEach((unit, index) => outcomes[index]?.outcome === "committed" && book.learn(unit));
    if (point === "after") onCrash();
    return outcomes;
  };
  return {
    die: () => {
      dead = true;
    },
    store: {
      commit: (units) => alive(() => commit(units)),
      claim: (request) => alive(() => store.claim(request)),
      holds: (lease) => alive(() => store.holds(lease)),
      leases: () => alive(() => store.leases()),
      renew: () => alive(() => store.renew()),
      reclaim: () => alive(() => store.reclaim()),
      listen: (listener) => store.listen(listener),
      nextDue: () => alive(() => store.nextDue()),
      head: (key) => alive(() => store.head(key)),
      findByIdempotencyKey: (key) => alive(() => store.findByIdempotencyKey(key)),
      readLog: (key, options) => alive(() => store.readLog(key, options)),
      mailbox: (key) => alive(() => store.mailbox(key)),
      leasedWithMail: () => alive(() => store.leasedWithMail()),
      waitingMail: (key) => alive(() => store.waitingMail(key)),
      hasTaken: (key, mailKey) => alive(() => store.hasTaken(key, mailKey)),
      list: (query) => alive(() => store.list(query)),
      tail: (options) => alive(() => store.tail(options)),
      takeOutbox: (limit, after) => alive(() => store.takeOutbox(limit, after)),
      referredBlobs: (tenantId, names) => alive(() => store.referredBlobs(tenantId, names)),
      acknowledgeOutbox: (positions) => alive(() => store.acknowledgeOutbox(positions)),
      backlog: () => alive(() => store.backlog()),
      retention: (query) => alive(() => store.retention(query)),
      compact: (compaction) => alive(() => store.compact(compaction)),
      remove: (removal) => alive(() => store.remove(removal)),
      balances: (tenantId, accounts) => alive(() => store.balances(tenantId, accounts)),
      accounts: (tenantId, query) => alive(() => store.accounts(tenantId, query)),
      usage: (query) => alive(() => store.usage(query)),
      expireReservations: (now, limit) => alive(() => store.expireReservations(now, limit)),
      removeSpent: (removal) => alive(() => store.removeSpent(removal)),
      ledgerTenants: () => alive(() => store.ledgerTenants()),
      reservations: (tenantId) => alive(() => store.reservations(tenantId)),
      close: () => store.close(),
    },
  };
};
