/**
 * Carries durable events from the outbox to their subscribers: each subscribing agent gets a task, once per event. Tasks that wait for one get it
 * as mail.
 *
 * Where several processes share the store each takes rows that no other has (`takeOutbox`), so an event is relayed by one. What
 * a lost process left behind is found by looking now and then (`LeaseKeeper`).
 */
import { PlatformError } from "@agentcore/contract";
import type { CommitUnit, NewTask, OutboxInsert, OutboxRow, Timer } from "../ports/index.ts";
import { type CorrelatedEvent, CorrelatedEvents } from "./correlated-events.ts";
import { callerOf, correlatedTaskId, eventTask } from "./correlation.ts";
import { pauseBefore } from "./debounced.ts";
import type { TaskEngine } from "./engine.ts";
import { SeldomSaid } from "./seldom-said.ts";
import type { EventInput, Subscriber, SubscribersByTopic, TaskRouter, Triggered } from "./task-router.ts";
import { Trouble } from "./trouble.ts";
import { type EventPayload, WaitingTasks } from "./waiting-tasks.ts";

const BATCH = 200;
// Of the port.
const MAX_TAKE = 10_000;
const RETRY_MS = 1000;
// Rows behind an open transaction: those of nodes commit in milliseconds, those of others may take hours.
const SETTLE_MS = 50;
const MAX_SETTLE_MS = 1000;
// As many wait for a task as may: it takes them in, in a moment or never.
const ROOM_MS = 50;
const MAX_ROOM_MS = 2_000;
// Somebody has to give the node a key, restart it, or see to an agent.
const LEFT_RETRY_MS = 60_000;

interface Carriage {
  readonly rows: readonly OutboxRow[];
  readonly units: readonly CommitUnit[];
  /** To be given to the tasks of their keys, when the units are written; in the order of their rows. */
  readonly correlated: readonly CorrelatedEvent[];
  /** Tenants whose subscribers cannot be told, and why: theirs stays. */
  readonly held: ReadonlyMap<string, PlatformError>;
}

export class OutboxRelay {
  private readonly engine: TaskEngine;
  private readonly router: TaskRouter;
  private readonly failing: Trouble;
  private readonly waiting: WaitingTasks;
  private readonly correlated: CorrelatedEvents;
  private working: Promise<void> | null = null;
  private again = false;
  private settleMs = SETTLE_MS;
  private roomMs = ROOM_MS;
  private leftBehind = 0;
  /** Set while there are rows that could not be carried. */
  private left: Timer | null = null;
  /** Set while there are rows for whose tasks enough waits already. */
  private room: Timer | null = null;
  private readonly seldom: SeldomSaid;

  constructor(engine: TaskEngine, router: TaskRouter) {
    this.engine = engine;
    this.router = router;
    this.failing = new Trouble(engine.senses.logger, "cannot carry durable events");
    this.waiting = new WaitingTasks(engine);
    this.correlated = new CorrelatedEvents(engine);
    this.seldom = new SeldomSaid(engine.senses.clock);
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
        const carriage = await this.carriageOf(taken.filter((row) => row.unreadable === undefined));
        const { units, correlated, held } = carriage;
        if (units.length > 0) await store.commit(units);
        const untold = await this.waiting.tell(carriage.rows);
        const given = await this.correlated.give(correlated.filter(({ row }) => !untold.has(row)));
        const refused = new Map([...untold, ...given.refused]);
        const rows = carriage.rows.filter((row) => !refused.has(row));
        // They stay with us until they can be carried, and come first each time; what is behind them does not wait for that.
        this.leftBehind = taken.length - rows.length;
        if (this.leftBehind > 0) this.leave(taken, held, refused);
        if (given.delivered.size > 0) this.roomMs = ROOM_MS;
        if ([...given.refused.values()].some(isForWantOfRoom)) this.lookForRoom();
        if (rows.length === 0) {
          if (more) this.lookLater();
          return;
        }
        this.settleMs = SETTLE_MS;
        // Acknowledged after the tasks are there: a crash in between makes them again under the same ids, which the store ignores.
        const left = rows.filter((row) => !given.delivered.has(row));
        if (left.length > 0) await store.acknowledgeOutbox(left.map(({ position }) => position));
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

  private lookForRoom(): void {
    if (this.room !== null) return;
    this.room = this.engine.senses.clock.after(this.roomMs, () => {
      this.room = null;
      this.wake();
    });
    this.roomMs = Math.min(MAX_ROOM_MS, this.roomMs * 2);
  }

  private leave(
    found: readonly OutboxRow[],
    held: Carriage["held"],
    refused: ReadonlyMap<OutboxRow, PlatformError>,
  ): void {
    // Said once a minute, however often the relay is woken.
    if (this.left !== null) return;
    const { logger, clock } = this.engine.senses;
    for (const { tenantId, id, unreadable } of found)
      if (unreadable !== undefined) logger.log("error", `event not delivered: ${unreadable.message}`, { tenantId, id });
    // Thousands may wait for one task: its first stands for them.
    for (const rows of Map.groupBy(refused, ([{ tenantId }, { message }]) => `${tenantId}/${message}`).values()) {
      const [first] = rows;
      if (first === undefined) continue;
      const [{ tenantId, id }, error] = first;
      const what = rows.length === 1 ? "event not delivered" : `${rows.length} events not delivered`;
      logger.log(isForWantOfRoom(error) ? "warn" : "error", `${what}: ${error.message}`, { tenantId, id });
    }
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
            correlated.push({ row, topic, input: placed, task: pauseBefore(task, placed, debounce, key !== null) });
          } else if (key === null) units.push({ tenantId, create: [{ ...task, ifExists: "ignore" }] });
          else correlated.push({ row, topic, input, task });
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

const isForWantOfRoom = ({ code }: PlatformError): boolean => code === "OVERLOADED";
