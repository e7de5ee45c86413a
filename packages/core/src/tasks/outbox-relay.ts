/**
 * Carries durable events from the outbox to their subscribers: each subscribing agent gets a task, once per event. Tasks that wait for one get it
 * as mail.
 *
 * Where several processes share the store each takes rows that no other has (`takeOutbox`), so an event is relayed by one. What
 * a lost process left behind is found by looking now and then (`LeaseKeeper`).
 */
import { PlatformError } from "@agentcore/contract";
import type { OutboxInsert, OutboxRow, Timer } from "../ports/index.ts";
import { CorrelatedEvents } from "./correlated-events.ts";
import type { TaskEngine } from "./engine.ts";
import { type Carriage, EventCarriage } from "./event-carriage.ts";
import { HeldEvents } from "./held-events.ts";
import type { TaskRouter } from "./task-router.ts";
import { Trouble } from "./trouble.ts";
import { type EventPayload, WaitingTasks } from "./waiting-tasks.ts";

const BATCH = 200;
const RETRY_MS = 1000;
// Rows behind an open transaction: those of nodes commit in milliseconds, those of others may take hours.
const SETTLE_MS = 50;
const MAX_SETTLE_MS = 1000;
// As many wait for a task as may: it takes them in, in a moment or never.
const ROOM_MS = 50;
const MAX_ROOM_MS = 2_000;
// Somebody has to give the node a key, restart it, or see to an agent.
const LEFT_RETRY_MS = 60_000;

export class OutboxRelay {
  private readonly engine: TaskEngine;
  private readonly router: TaskRouter;
  private readonly failing: Trouble;
  private readonly waiting: WaitingTasks;
  private readonly carriage: EventCarriage;
  private readonly correlated: CorrelatedEvents;
  private readonly held = new HeldEvents();
  /** Events are held for another reason than that there is no room: whose that is, only the reason knows. */
  private isLeftBehind = false;
  private working: Promise<void> | null = null;
  private again = false;
  private settleMs = SETTLE_MS;
  private roomMs = ROOM_MS;
  /** Set while what is left behind is not spoken of. */
  private left: Timer | null = null;
  /** Set while there are rows for whose tasks enough waits already. */
  private room: Timer | null = null;

  constructor(engine: TaskEngine, router: TaskRouter) {
    this.engine = engine;
    this.router = router;
    this.failing = new Trouble(engine.senses.logger, "cannot carry durable events");
    this.waiting = new WaitingTasks(engine);
    this.carriage = new EventCarriage(engine, router);
    this.correlated = new CorrelatedEvents(engine);
  }

  /** Events that this process has taken and cannot carry now, by tenant. */
  get undelivered(): ReadonlyMap<string, number> {
    return this.held.waiting;
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
    const { store, senses, lease } = this.engine;
    // The next renewal wakes it.
    if (lease.isLost) return;
    const { held } = this;
    if (this.isLeftBehind) held.ask({ isWhole: true });
    this.isLeftBehind = false;
    held.begin();
    try {
      for (;;) {
        const { rows, more } = await store.takeOutbox(BATCH, held.after);
        this.failing.end();
        const carried = await this.carry(rows);
        // They stay with us until they can be carried; what is behind them does not wait for that.
        held.note(rows, (row) => !carried.has(row));
        if (carried.size > 0) this.settleMs = SETTLE_MS;
        if (more && rows.length > 0 && !this.engine.isClosed) continue;
        held.end();
        if (more) this.lookLater();
        return;
      }
    } catch (thrown) {
      held.ask({ isWhole: true });
      const error = PlatformError.from(thrown);
      if (error.code === "LEASE_LOST") return lease.check();
      this.failing.begin(error);
      senses.clock.after(RETRY_MS, () => this.wake());
    }
  }

  /** Resolves with those that need not be carried any more. */
  private async carry(taken: readonly OutboxRow[]): Promise<ReadonlySet<OutboxRow>> {
    const { store, claims } = this.engine;
    const carriage = await this.carriage.of(taken.filter((row) => row.unreadable === undefined));
    const { units, correlated } = carriage;
    if (units.length > 0) await store.commit(units);
    const untold = await this.waiting.tell(carriage.rows);
    const given = await this.correlated.give(
      correlated.filter(({ row }) => !untold.has(row)),
      this.held.stuck,
    );
    const carried = carriage.rows.filter((row) => !untold.has(row) && !given.refused.has(row));
    if (given.delivered.size > 0) this.roomMs = ROOM_MS;
    if (given.refused.size > 0) this.lookForRoom();
    if (taken.length > carried.length + given.refused.size) this.isLeftBehind = true;
    if (taken.length > carried.length) this.leave(taken, carriage, new Map([...untold, ...given.refused]));
    // Acknowledged after the tasks are there: a crash in between makes them again under the same ids, which the store ignores.
    const left = carried.filter((row) => !given.delivered.has(row));
    if (left.length > 0) await store.acknowledgeOutbox(left.map(({ position }) => position));
    if (units.length > 0) claims.wake();
    return new Set(carried);
  }

  private lookLater(): void {
    this.engine.senses.clock.after(this.settleMs, () => this.wake());
    this.settleMs = Math.min(MAX_SETTLE_MS, this.settleMs * 2);
  }

  private lookForRoom(): void {
    if (this.room !== null) return;
    this.room = this.engine.senses.clock.after(this.roomMs, () => {
      this.room = null;
      this.held.ask({ isWhole: false });
      this.wake();
    });
    this.roomMs = Math.min(MAX_ROOM_MS, this.roomMs * 2);
  }

  private leave(found: readonly OutboxRow[], { held }: Carriage, refused: ReadonlyMap<OutboxRow, PlatformError>): void {
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
      const isRoom = isForWantOfRoom(error);
      const what = isRoom ? "events wait" : "event not delivered";
      logger.log(isRoom ? "warn" : "error", `${what}: ${error.message}`, { tenantId, id });
    }
    for (const [tenantId, { message }] of held) logger.log("error", `events not delivered: ${message}`, { tenantId });
    this.left = clock.after(LEFT_RETRY_MS, () => {
      this.left = null;
      this.wake();
    });
  }
}

const isForWantOfRoom = ({ code }: PlatformError): boolean => code === "OVERLOADED";
