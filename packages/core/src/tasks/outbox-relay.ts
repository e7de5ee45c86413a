/** Carries durable events from the outbox to their subscribers: each gets a task, once per event. */
import { type NewTaskEvent, PlatformError } from "@agentcore/contract";
import type { CommitUnit, OutboxRow, Timer } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { TaskRouter } from "./task-router.ts";

const BATCH = 200;
const RETRY_MS = 1000;
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
  private working: Promise<void> | null = null;
  private again = false;
  /** Set while there are rows that could not be read. */
  private unreadable: Timer | null = null;

  constructor(engine: TaskEngine, router: TaskRouter) {
    this.engine = engine;
    this.router = router;
  }

  wake(): void {
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
    try {
      for (let after = 0; ; ) {
        const found = await this.engine.store.outbox({ after, limit: BATCH });
        if (found.length === 0) return;
        const rows = found.filter((row) => row.unreadable === undefined);
        if (rows.length < found.length) {
          // They stay for whoever can read them; what is behind them does not wait for that.
          after = Math.max(...found.map(({ position }) => position));
          this.leave(found);
        }
        const units = rows.flatMap((row) => this.unitsFor(row));
        if (units.length > 0) await this.engine.store.commit(units);
        for (const row of rows) {
          const event = row.payload as EventPayload;
          this.router.emit({
            tenantId: row.tenantId,
            source: `agent:${event.source}`,
            topic: event.topic,
            payload: event.payload,
            id: row.id,
            taskId: event.taskId,
          });
        }
        // Acknowledged after the tasks are there: a crash in between makes them again under the same ids, which the store ignores.
        await this.engine.store.acknowledgeOutbox(rows.map(({ position }) => position));
        if (units.length > 0) this.engine.claims.wake();
      }
    } catch (error) {
      this.engine.senses.logger.log("error", `outbox: ${PlatformError.from(error).message}`);
      this.engine.senses.clock.after(RETRY_MS, () => this.wake());
    }
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

  private unitsFor(row: OutboxRow): CommitUnit[] {
    const event = row.payload as EventPayload;
    const { clock, digest } = this.engine.senses;
    const now = clock.now();
    return this.router.subscribers(row.tenantId, event.topic).map(({ agent, revision }) => {
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
    });
  }
}
