/**
 * Carries durable events from the outbox to their subscribers: each subscribing agent gets a task, once per event.
 *
 * Where several processes share the store each takes rows that no other has (`takeOutbox`), so an event is relayed by one. What
 * a lost process left behind is found by looking now and then (`LeaseKeeper`).
 */
import { type NewTaskEvent, PlatformError } from "@agentcore/contract";
import type { CommitUnit, OutboxInsert, OutboxRow, Timer } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { Subscriber, TaskRouter } from "./task-router.ts";
import { Trouble } from "./trouble.ts";

const BATCH = 200;
// Of the port.
const MAX_TAKE = 10_000;
const RETRY_MS = 1000;
// Rows behind an open transaction: those of nodes commit in milliseconds, those of others may take hours.
const SETTLE_MS = 50;
const MAX_SETTLE_MS = 1000;
// Somebody has to give the node a key, or restart it.
const UNREADABLE_RETRY_MS = 60_000;

interface EventPayload {
  readonly topic: string;
  readonly payload: unknown;
  readonly source: string;
  readonly taskId: string;
}

export class OutboxRelay {
  private readonly engine: TaskEngine;
  private readonly router: TaskRouter;
  private readonly failing: Trouble;
  private working: Promise<void> | null = null;
  private again = false;
  private settleMs = SETTLE_MS;
  private leftBehind = 0;
  /** Set while there are rows that could not be read. */
  private unreadable: Timer | null = null;

  constructor(engine: TaskEngine, router: TaskRouter) {
    this.engine = engine;
    this.router = router;
    this.failing = new Trouble(engine.senses.logger, "cannot carry durable events");
  }

  /** Events have been committed here: subscribers in this process hear of them now, as of volatile ones; tasks follow. */
  committed(tenantId: string, rows: readonly OutboxInsert[]): void {
    for (const { id, payload } of rows) {
      const event = payload as EventPayload;
      const source = `agent:${event.source}`;
      this.router.emit({ tenantId, source, topic: event.topic, payload: event.payload, id, taskId: event.taskId });
    }
    this.wake();
  }

  /** There may be something to carry. */
  wake(): void {
    if (this.engine.isClosed) return;
    if (this.working !== null) {
      this.again = true;
      return;
    }
    this.working = this.drain().finally(() => {
      this.working = null;
      if (this.again) {
        this.again = false;
        this.wake();
      }
    });
  }

  async idle(): Promise<void> {
    await this.working;
  }

  private async drain(): Promise<void> {
    const { store, senses, claims, lease } = this.engine;
    // The next renewal wakes it.
    if (lease.isLost) return;
    try {
      for (;;) {
        const { rows: taken, more } = await store.takeOutbox(Math.min(MAX_TAKE, BATCH + this.leftBehind));
        this.failing.end();
        const rows = taken.filter((row) => row.unreadable === undefined);
        // They stay with us until they can be read, and come first each time; what is behind them does not wait for that.
        this.leftBehind = taken.length - rows.length;
        if (this.leftBehind > 0) this.leave(taken);
        if (rows.length === 0) {
          if (more) this.lookLater();
          return;
        }
        this.settleMs = SETTLE_MS;
        const units = await this.unitsFor(rows);
        if (units.length > 0) await store.commit(units);
        // Acknowledged after the tasks are there: a crash in between makes them again under the same ids, which the store ignores.
        await store.acknowledgeOutbox(rows.map(({ position }) => position));
        if (units.length > 0) claims.wake();
        if (!more) return;
      }
    } catch (thrown) {
      const error = PlatformError.from(thrown);
      if (error.code === "LEASE_LOST") return lease.check();
      this.failing.begin(error);
      senses.clock.after(RETRY_MS, () => this.wake());
    }
  }

  private lookLater(): void {
    this.engine.senses.clock.after(this.settleMs, () => this.wake());
    this.settleMs = Math.min(MAX_SETTLE_MS, this.settleMs * 2);
  }

  private leave(found: readonly OutboxRow[]): void {
    // Said once a minute, however often the relay is woken.
    if (this.unreadable !== null) return;
    const { logger, clock } = this.engine.senses;
    for (const { tenantId, id, unreadable } of found)
      if (unreadable !== undefined) logger.log("error", `event not delivered: ${unreadable.message}`, { tenantId, id });
    this.unreadable = clock.after(UNREADABLE_RETRY_MS, () => {
      this.unreadable = null;
      this.wake();
    });
  }

  private async unitsFor(rows: readonly OutboxRow[]): Promise<CommitUnit[]> {
    // Asked once a batch for each topic, after the rows were read: who was declared before an event was committed is found.
    const found = new Map<string, readonly Subscriber[]>();
    const units: CommitUnit[] = [];
    for (const row of rows) {
      const { topic } = row.payload as EventPayload;
      const name = JSON.stringify([row.tenantId, topic]);
      const subscribers = found.get(name) ?? (await this.router.subscribers(row.tenantId, topic));
      found.set(name, subscribers);
      for (const subscriber of subscribers) units.push(this.unitFor(row, subscriber));
    }
    return units;
  }

  private unitFor(row: OutboxRow, { agent, revision }: Subscriber): CommitUnit {
    const event = row.payload as EventPayload;
    const { clock, digest } = this.engine.senses;
    const now = clock.now();
    const taskId = digest.sha256(JSON.stringify([row.tenantId, row.id, agent])).slice(0, 32);
    const input = { id: row.id, topic: event.topic, source: event.source, payload: event.payload };
    const caller = `event:${event.topic}`;
    const submitted: NewTaskEvent = {
      type: "task.submitted",
      at: now,
      data: { agent, revision, contextId: row.id, caller, input, priority: "normal" },
    };
    return {
      tenantId: row.tenantId,
      create: [
        {
          taskId,
          agent,
          revision,
          contextId: row.id,
          caller,
          priority: "normal",
          deadline: null,
          parent: null,
          dueAt: now,
          createdAt: now,
          events: [submitted],
          ifExists: "ignore",
        },
      ],
    };
  }
}
