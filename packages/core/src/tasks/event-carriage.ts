/** What is to be written for events of the outbox: tasks of those who subscribe, and what goes to tasks of a key. */
import { PlatformError } from "@agentcore/contract";
import { sizeOf } from "../payloads/json-size.ts";
import type { CommitUnit, NewTask, OutboxRow } from "../ports/index.ts";
import type { CorrelatedEvent } from "./correlated-events.ts";
import { callerOf, correlatedTaskId, eventTask } from "./correlation.ts";
import { pauseBefore } from "./debounced.ts";
import type { TaskEngine } from "./engine.ts";
import { SeldomSaid } from "./seldom-said.ts";
import type { EventInput, Subscriber, SubscribersByTopic, TaskRouter, Triggered } from "./task-router.ts";
import type { EventPayload } from "./waiting-tasks.ts";

export interface Carriage {
  readonly rows: readonly OutboxRow[];
  readonly units: readonly CommitUnit[];
  /** To be given to the tasks of their keys, when the units are written; in the order of their rows. */
  readonly correlated: readonly CorrelatedEvent[];
  /** Tenants whose subscribers cannot be told, and why: theirs stays. */
  readonly held: ReadonlyMap<string, PlatformError>;
}

export class EventCarriage {
  private readonly engine: TaskEngine;
  private readonly router: TaskRouter;
  private readonly seldom: SeldomSaid;

  constructor(engine: TaskEngine, router: TaskRouter) {
    this.engine = engine;
    this.router = router;
    this.seldom = new SeldomSaid(engine.senses.clock);
  }

  /** Rejects when the store does not answer. */
  async of(read: readonly OutboxRow[]): Promise<Carriage> {
    // Asked once a batch for each tenant, after the rows were read: who was declared before an event was committed is found.
    const found = new Map<string, SubscribersByTopic>();
    const held = new Map<string, PlatformError>();
    const rows: OutboxRow[] = [];
    const units: CommitUnit[] = [];
    const correlated: CorrelatedEvent[] = [];
    for (const row of read) {
      const { tenantId } = row;
      if (held.has(tenantId)) continue;
      try {
        const subscribers = found.get(tenantId) ?? (await this.router.subscribers(tenantId));
        found.set(tenantId, subscribers);
        const { topic, source, payload } = row.payload as EventPayload;
        const event = { id: row.id, topic, source, payload };
        for (const subscriber of subscribers(topic)) {
          const triggered = this.select(row, subscriber, event);
          if (triggered === null) continue;
          const { input, key } = triggered;
          const task = this.taskFor(row, subscriber, event, triggered);
          const debounce = subscriber.trigger?.debounce;
          if (debounce !== undefined) {
            const placed = { position: row.position, input };
            const pause = pauseBefore(task, placed, debounce, key !== null);
            correlated.push({ row, topic, input: placed, size: sizeOf(input), task: pause });
          } else if (key === null) units.push({ tenantId, create: [{ ...task, ifExists: "ignore" }] });
          else correlated.push({ row, topic, input, size: sizeOf(input), task });
        }
        rows.push(row);
      } catch (thrown) {
        const error = PlatformError.from(thrown);
        // Nobody's in particular: all of it is tried again soon.
        if (error.code === "STORE_UNAVAILABLE") throw error;
        held.set(tenantId, error);
      }
    }
    return { rows, units, correlated, held };
  }

  /** An event that its expressions cannot be asked of is none that the trigger waits for. */
  private select({ tenantId, id }: OutboxRow, { agent, trigger }: Subscriber, event: EventInput): Triggered | null {
    if (trigger === undefined) return { input: event, key: null };
    try {
      return trigger.select(event);
    } catch (error) {
      // Every event of a topic may be one that it cannot be asked of.
      this.seldom.say(`${tenantId}/${agent}/${trigger.id}`, () => {
        const { message } = PlatformError.from(error);
        const fields = { tenantId, agent, id, topic: event.topic };
        this.engine.senses.logger.log("warn", `the trigger of ${agent} passes an event by: ${message}`, fields);
      });
      return null;
    }
  }

  private taskFor(
    { tenantId, id }: OutboxRow,
    { agent, revision, trigger }: Subscriber,
    { topic }: EventInput,
    { input, key }: Triggered,
  ): NewTask {
    const { clock, digest } = this.engine.senses;
    const hash = (...parts: readonly unknown[]): string => digest.sha256(JSON.stringify(parts)).slice(0, 32);
    const of = { agent, revision, caller: callerOf(trigger?.topic ?? topic), input, now: clock.now() };
    // Tasks of one key share their context, by which they are found.
    if (trigger !== undefined && (key !== null || trigger.debounce !== undefined)) {
      const contextId = hash(tenantId, agent, trigger.id, key);
      return eventTask({ ...of, contextId, taskId: correlatedTaskId(digest, tenantId, contextId, id) });
    }
    const taskId = trigger === undefined ? hash(tenantId, id, agent) : hash(tenantId, id, agent, trigger.id);
    return eventTask({ ...of, contextId: id, taskId });
  }
}
