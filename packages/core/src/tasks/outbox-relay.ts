/** Carries durable events from the outbox to their subscribers: each gets a task, once per event. */
import { type NewTaskEvent, PlatformError } from "@agentcore/contract";
import type { CommitUnit, OutboxRow } from "../ports/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { TaskRouter } from "./task-router.ts";

const BATCH = 200;
const RETRY_MS = 1000;

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
      for (;;) {
        const rows = await this.engine.store.outbox({ after: 0, limit: BATCH });
        if (rows.length === 0) return;
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
