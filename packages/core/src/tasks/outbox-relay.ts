/**
 * Carries durable events from the outbox to their subscribers: each subscribing agent gets a task, once per event.
 *
 * Where several processes share the store each takes rows that no other has (`takeOutbox`), so an event is relayed by one. What
 * a lost process left behind is found by looking now and then (`LeaseKeeper`).
 */
import { type NewTaskEvent, PlatformError } from "@agentcore/contract";
import type { CommitUnit, OutboxInsert, OutboxRow, Timer } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { Subscriber, SubscribersByTopic, TaskRouter } from "./task-router.ts";
import { Trouble } from "./trouble.ts";

const BATCH = 200;
// Of the port.
const MAX_TAKE = 10_000;
const RETRY_MS = 1000;
// Rows behind an open transaction: those of nodes commit in milliseconds, those of others may take hours.
const SETTLE_MS = 50;
const MAX_SETTLE_MS = 1000;
// Somebody has to give the node a key, restart it, or see to an agent.
const LEFT_RETRY_MS = 60_000;

interface Carriage {
  readonly rows: readonly OutboxRow[];
  readonly units: readonly CommitUnit[];
  /** Tenants whose subscribers cannot be told, and why: theirs stays. */
  readonly held: ReadonlyMap<string, PlatformError>;
}

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
  /** Set while there are rows that could not be carried. */
  private left: Timer | null = null;

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
        const { rows, units, held } = await this.carriageOf(taken.filter((row) => row.unreadable === undefined));
        // They stay with us until they can be carried, and come first each time; what is behind them does not wait for that.
        this.leftBehind = taken.length - rows.length;
        if (this.leftBehind > 0) this.leave(taken, held);
        if (rows.length === 0) {
          if (more) this.lookLater();
          return;
        }
        this.settleMs = SETTLE_MS;
        if (units.length > 0) await store.commit(units);
        // Acknowledged after the tasks are there: a crash in between makes them again under the same ids, which the store ignores.
        await store.acknowledgeOutbox(rows.map(({ position }) => position));
        if (units.length > 0) claims.wake();
        if (!more || this.engine.isClosed) return;
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

  private leave(found: readonly OutboxRow[], held: Carriage["held"]): void {
    // Said once a minute, however often the relay is woken.
    if (this.left !== null) return;
    const { logger, clock } = this.engine.senses;
    for (const { tenantId, id, unreadable } of found)
      if (unreadable !== undefined) logger.log("error", `event not delivered: ${unreadable.message}`, { tenantId, id });
    for (const [tenantId, { message }] of held) logger.log("error", `events not delivered: ${message}`, { tenantId });
    this.left = clock.after(LEFT_RETRY_MS, () => {
      this.left = null;
      this.wake();
    });
  }

  private async carriageOf(read: readonly OutboxRow[]): Promise<Carriage> {
    // Asked once a batch for each tenant, after the rows were read: who was declared before an event was committed is found.
    const found = new Map<string, SubscribersByTopic>();
    const held = new Map<string, PlatformError>();
    const rows: OutboxRow[] = [];
    const units: CommitUnit[] = [];
    for (const row of read) {
      const { tenantId } = row;
      if (held.has(tenantId)) continue;
      try {
        const subscribers = found.get(tenantId) ?? (await this.router.subscribers(tenantId));
        found.set(tenantId, subscribers);
        const { topic } = row.payload as EventPayload;
        for (const subscriber of subscribers(topic)) units.push(this.unitFor(row, subscriber));
        rows.push(row);
      } catch (thrown) {
        const error = PlatformError.from(thrown);
        // Nobody's in particular: all of it is tried again soon.
        if (error.code === "STORE_UNAVAILABLE") throw error;
        held.set(tenantId, error);
      }
    }
    return { rows, units, held };
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
