/** Short words for the cases of the TaskStore suite. */
import type { NewTaskEvent } from "@agentcore/contract";
import type { Compaction } from "../ports/task-retention.ts";
import type {
  ClaimedTask,
  ClaimRequest,
  CommitOutcome,
  CommitUnit,
  LogAppend,
  MailboxInsert,
  NewTask,
  OutboxRow,
  StoredEvent,
  TaskHead,
  TaskStore,
} from "../ports/task-store.ts";
import { equal, present } from "./assertions.ts";
import { ManualClock } from "./manual-clock.ts";

export interface OpenedTaskStore {
  readonly store: TaskStore<StoredEvent>;
  /** The same data as a new process finds it after the old one died without a word. */
  reopen(): Promise<TaskStore<StoredEvent>>;
  close(): Promise<void>;
}

export type TaskStoreCase = readonly [name: string, run: (it: TaskStoreFixture) => Promise<void>];

export const T0 = 1_750_000_000_000;
export const TENANT = "acme";
export const OTHER = "globex";
export const COMMITTED: CommitOutcome = { outcome: "committed" };
export const FENCED: CommitOutcome = { outcome: "fenced" };

export const submitted = (at = T0): NewTaskEvent => ({
  type: "task.submitted",
  at,
  data: {
    agent: "scorer",
    revision: "1",
    contextId: "context",
    caller: "ann",
    input: { amount: 1 },
    priority: "normal",
  },
});
export const started: NewTaskEvent = { type: "task.started", at: T0 + 1, data: {} };
export const completed: NewTaskEvent = { type: "task.completed", at: T0 + 2, data: { output: { ok: true } } };
export const canceled: NewTaskEvent = { type: "task.canceled", at: T0 + 2, data: {} };
export const step = (result: unknown): NewTaskEvent => ({
  type: "step.completed",
  at: T0 + 1,
  data: { path: "step#1", kind: "step", result },
});

export const task = (taskId: string, change: Partial<NewTask> = {}): NewTask => ({
  ...{
    taskId,
    agent: "scorer",
    revision: "1",
    contextId: "context",
    caller: "ann",
    priority: "normal",
    deadline: null,
    parent: null,
  },
  ...{ dueAt: T0, createdAt: T0, events: [submitted()] },
  ...change,
});

export const append = (head: Pick<TaskHead, "seq" | "token">, change: Partial<LogAppend> = {}): LogAppend => ({
  ...{
    expect: { seq: head.seq, token: head.token },
    events: [started],
    state: "working",
    consume: [],
    requireEmptyMailbox: false,
  },
  ...change,
});

export const mail = (taskId: string, key: string, change: Partial<MailboxInsert> = {}): MailboxInsert => ({
  ...{ taskId, key, kind: "message", payload: { text: key }, ifTerminal: "refuse" },
  ...change,
});

export const checkpoint: NewTaskEvent = { type: "checkpoint.created", at: T0 + 1, data: { state: 1 } };

/** A compaction up to `floor`, with something that passes for its event. */
export const folded = (taskId: string, floor: number): Compaction => {
  const { type, at, data } = submitted();
  if (type !== "task.submitted") throw new Error("not a submission");
  return {
    ...{ tenantId: TENANT, taskId, floor },
    event: {
      type: "log.compacted",
      at: T0 + 1,
      data: {
        ...{ submitted: { at, data }, state: "working" },
        task: { id: taskId, contextId: "context", status: { state: "TASK_STATE_WORKING" } },
      },
    },
  };
};

/** One store under test with the clock it was opened with. */
export class TaskStoreFixture {
  store: TaskStore<StoredEvent>;
  readonly clock: ManualClock;
  private readonly opened: OpenedTaskStore;

  private constructor(opened: OpenedTaskStore, clock: ManualClock) {
    this.opened = opened;
    this.clock = clock;
    this.store = opened.store;
  }

  static async open(
    open: (options: { readonly clock: ManualClock }) => Promise<OpenedTaskStore>,
  ): Promise<TaskStoreFixture> {
    const clock = new ManualClock({ now: T0 });
    return new TaskStoreFixture(await open({ clock }), clock);
  }

  async reopen(): Promise<void> {
    this.store = await this.opened.reopen();
  }

  async close(): Promise<void> {
    await this.opened.close();
  }

  async commit(unit: Partial<CommitUnit>): Promise<CommitOutcome> {
    const outcomes = await this.store.commit([{ tenantId: TENANT, ...unit }]);
    equal(outcomes.length, 1, "outcomes");
    return present(outcomes[0], "outcome");
  }

  async mustCommit(unit: Partial<CommitUnit>): Promise<void> {
    equal(await this.commit(unit), COMMITTED, "outcome");
  }

  create(...tasks: readonly NewTask[]): Promise<void> {
    return this.mustCommit({ create: tasks });
  }

  /** A task that runs: created already claimed. */
  async running(taskId: string, change: Partial<NewTask> = {}): Promise<TaskHead> {
    await this.create(task(taskId, { claimed: { state: "working" }, ...change }));
    return this.head(taskId);
  }

  async claim(limit = 10, more: Omit<ClaimRequest, "limit" | "now"> = {}): Promise<readonly ClaimedTask[]> {
    return this.store.claim({ limit, now: this.clock.now(), ...more });
  }

  async claimed(limit = 10): Promise<readonly string[]> {
    return (await this.claim(limit)).map(({ head }) => head.taskId);
  }

  /** What the outbox gives to this process. */
  async outbox(limit = 10): Promise<readonly OutboxRow[]> {
    return (await this.store.takeOutbox(limit)).rows;
  }

  async head(taskId: string, tenantId = TENANT): Promise<TaskHead> {
    return present(await this.store.head({ tenantId, taskId }), `head of ${taskId}`);
  }

  async seqs(taskId: string, tenantId = TENANT): Promise<readonly number[]> {
    return (await this.store.readLog({ tenantId, taskId })).map((event) => event.seq);
  }

  async keys(taskId: string, tenantId = TENANT): Promise<readonly string[]> {
    return (await this.store.mailbox({ tenantId, taskId })).items.map((item) => item.key);
  }
}
