/**
 * Gives events to the open tasks of their keys, or else begins those: one at a time for each key. What is given, and that it was, is one unit (C1), so an
 * event that is still in the outbox has been given to nobody.
 */
import { isTerminal, MAX_WAITING_SIGNAL_BYTES, MAX_WAITING_SIGNALS, PlatformError } from "@agentcore/contract";
import type { CommitOutcome, MailboxInsert, NewTask, OutboxRow, TaskHead, TaskKey } from "../ports/index.ts";
import { eventMail, keyAfter } from "./correlation.ts";
import type { TaskEngine } from "./engine.ts";
import { READ_BATCH, READ_BYTES } from "./log-reader.ts";
import { type LogAccess, waitingSignals } from "./signal-task.ts";

// Each means that a task ended, or another was begun, in the moment between a look and a write.
const MAX_TRIES = 20;
// Of inputs, about: what comes at once is written at once, within that.
const UNIT_BYTES = 4 * 1024 * 1024;
// Where a look begins: of others the store is asked, which costs more.
const MAX_KNOWN = 10_000;

/** An event, and what a trigger makes of it. */
export interface CorrelatedEvent {
  readonly row: OutboxRow;
  readonly topic: string;
  readonly input: unknown;
  /** Bytes of the input, about. */
  readonly size: number;
  /** That it begins, if none of its context is open. */
  readonly task: NewTask;
}

export interface Given {
  /** Their rows are out of the outbox. */
  readonly delivered: ReadonlySet<OutboxRow>;
  /** Those that cannot be given now, and why: each is tried again by itself. One that several triggers wait for is given to all of them, or to none yet. */
  readonly refused: ReadonlyMap<OutboxRow, PlatformError>;
}

/** An event with all that triggers make of it. */
type Row = readonly [OutboxRow, readonly CorrelatedEvent[]];

/** Where the next event of a context goes. */
interface Place {
  readonly context: Pick<NewTask, "agent" | "caller" | "contextId">;
  /** To whom; null: to a task that is still to be begun. */
  open: Pick<TaskKey, "taskId"> | null;
  /** After which a new one comes; "" after none. */
  readonly last: string;
  /** What may still wait for it. */
  count: number;
  bytes: number;
}

class Giving {
  readonly delivered = new Set<OutboxRow>();
  readonly refused = new Map<OutboxRow, PlatformError>();
  /** Contexts of which an event could not be given: what came later stays behind it. */
  private readonly stuck: Map<string, PlatformError>;

  constructor(stuck: Map<string, PlatformError>) {
    this.stuck = stuck;
  }

  refuse([row, events]: Row, error: PlatformError): void {
    this.refused.set(row, error);
    for (const { task } of events) if (!this.stuck.has(task.contextId)) this.stuck.set(task.contextId, error);
  }

  /** Why the row has to wait behind another. */
  stuckBy([, events]: Row): PlatformError | undefined {
    return events.map(({ task }) => this.stuck.get(task.contextId)).find((error) => error !== undefined);
  }
}

export class CorrelatedEvents {
  private readonly engine: TaskEngine;
  /** The task of a context that was seen last: any will do to begin with. */
  private readonly known = new Map<string, string>();
  /** Tasks that were sent events by a unit of which it is not known whether it was written. */
  private unsure: { readonly tenantId: string; readonly mail: readonly MailboxInsert[] }[] = [];

  constructor(engine: TaskEngine) {
    this.engine = engine;
  }

  /**
   * In their order, as far as they are of one context. `events`: all that were taken from the outbox just now, so what an earlier unit was to give is among them or was
   * given. `stuck`: contexts of which an earlier event could not be given, and why; it grows by those of which one of these cannot. Throws STORE_UNAVAILABLE
   * and LEASE_LOST.
   */
  async give(events: readonly CorrelatedEvent[], stuck: Map<string, PlatformError>): Promise<Given> {
    const giving = new Giving(stuck);
    for (const { tenantId, mail } of this.unsure.splice(0)) this.engine.mail.deliver(tenantId, mail, false);
    for (const [tenantId, ofTenant] of Map.groupBy(events, ({ row }) => row.tenantId))
      for (const rows of withinUnits([...Map.groupBy(ofTenant, ({ row }) => row)]))
        await this.giveRows(giving, tenantId, rows);
    return giving;
  }

  private async giveRows(giving: Giving, tenantId: string, all: readonly Row[], tries = 1): Promise<void> {
    const places = await this.placesOf(tenantId, all);
    const create: NewTask[] = [];
    const mail: MailboxInsert[] = [];
    const rows = all.filter((row) => {
      const error = giving.stuckBy(row) ?? noRoom(row, places);
      if (error !== undefined) giving.refuse(row, error);
      else for (const event of row[1]) put(event, places, { create, mail });
      return error === undefined;
    });
    if (rows.length === 0) return;
    const { store, claims } = this.engine;
    const delivers = rows.map(([{ position }]) => position);
    // Each is told once that it has mail.
    const told = [...new Map(mail.map((item) => [item.taskId, item])).values()];
    const [outcome] = await store.commit([{ tenantId, create, mail, delivers }]).catch((error: unknown) => {
      this.unsure.push({ tenantId, mail: told });
      throw error;
    });
    if (outcome?.outcome === "committed") {
      for (const [row] of rows) giving.delivered.add(row);
      for (const { context, open, last } of places.values())
        this.note(tenantId, context.contextId, open?.taskId ?? last);
      this.engine.mail.deliver(tenantId, told, true);
      if (create.length > 0) claims.wake();
      return;
    }
    await this.learn(tenantId, outcome);
    if (rows.length > 1) {
      // The others need not wait for the one that was too late.
      const middle = rows.length >> 1;
      await this.giveRows(giving, tenantId, rows.slice(0, middle));
      return this.giveRows(giving, tenantId, rows.slice(middle));
    }
    if (tries < MAX_TRIES) return this.giveRows(giving, tenantId, rows, tries + 1);
    for (const row of rows) giving.refuse(row, tooMany(row));
  }

  private async placesOf(tenantId: string, rows: readonly Row[]): Promise<Map<string, Place>> {
    const events = rows.flatMap(([, ofRow]) => ofRow);
    const places = [...Map.groupBy(events, ({ task }) => task.contextId).values()].map((ofContext) =>
      this.placeOf(tenantId, ofContext),
    );
    return new Map((await Promise.all(places)).map((place) => [place.context.contextId, place]));
  }

  private async placeOf(tenantId: string, events: readonly CorrelatedEvent[]): Promise<Place> {
    const [first] = events;
    if (first === undefined) throw new PlatformError("INTERNAL", "a context is that of an event");
    const { agent, caller, contextId } = first.task;
    const context = { agent, caller, contextId };
    const head = await this.lastOf(tenantId, context);
    const most = { count: MAX_WAITING_SIGNALS, bytes: MAX_WAITING_SIGNAL_BYTES };
    if (head === null || isTerminal(head.state)) return { context, open: null, last: head?.taskId ?? "", ...most };
    const wanted = { count: events.length, bytes: events.reduce((sum, { size }) => sum + size, 0) };
    const waiting = await waitingSignals(
      this.engine,
      head,
      this.logOf(head),
      ({ count, bytes }) => count + wanted.count <= most.count && bytes + wanted.bytes <= most.bytes,
    );
    const left = { count: most.count - waiting.count, bytes: most.bytes - waiting.bytes };
    return { context, open: head, last: head.taskId, ...left };
  }

  /**
   * The open task of the context, or one that has ended: the newest as far as is known. However old that look is: a task has one that comes after it, whoever
   * begins that, and none is begun after one before it was seen to have ended. So what was begun meanwhile is met on the way from there (`learn`), and the end
   * of that way is the only one that may be open.
   */
  private async lastOf(tenantId: string, context: Place["context"]): Promise<TaskHead | null> {
    const { store } = this.engine;
    const known = this.known.get(nameOf(tenantId, context.contextId));
    const head = known === undefined ? null : await store.head({ tenantId, taskId: known });
    if (head !== null && !isTerminal(head.state)) return head;
    const { heads } = await store.list({ tenantId, ...context, limit: 2 });
    const open = heads.find(({ state }) => !isTerminal(state));
    if (open !== undefined) return open;
    const [newest = null] = heads;
    // One that was met is further on than what a look finds that ended in the same moment.
    return head !== null && (newest === null || head.updatedAt >= newest.updatedAt) ? head : newest;
  }

  /** What a refused unit tells of who was begun meanwhile. */
  private async learn(tenantId: string, outcome: CommitOutcome | undefined): Promise<void> {
    if (outcome?.outcome === "stale" && outcome.reason === "delivered")
      throw new PlatformError("STORE_UNAVAILABLE", "events were delivered by a write that had not been answered");
    if (outcome?.outcome !== "stale" || outcome.existingTaskId === undefined) return;
    const head = await this.engine.store.head({ tenantId, taskId: outcome.existingTaskId });
    // Null when it was removed since: another may come after the one before it.
    if (head !== null) this.note(tenantId, head.contextId, head.taskId);
  }

  private note(tenantId: string, contextId: string, taskId: string): void {
    const name = nameOf(tenantId, contextId);
    this.known.delete(name);
    this.known.set(name, taskId);
    const [oldest] = this.known.keys();
    if (this.known.size > MAX_KNOWN && oldest !== undefined) this.known.delete(oldest);
  }

  private logOf(key: TaskKey): LogAccess {
    const { store } = this.engine;
    return {
      inTurn: (work) => work(),
      async *readLog(after, without) {
        for (let from = after; ; ) {
          const page = await store.readLog(key, { after: from, limit: READ_BATCH, maxBytes: READ_BYTES, without });
          if (page.length === 0) return;
          yield* page;
          from = page.at(-1)?.seq ?? from;
        }
      },
    };
  }
}

const nameOf = (tenantId: string, contextId: string): string => `${tenantId}/${contextId}`;

/** Puts the event where it goes, and has the next one of its context find it there. */
const put = (
  { row, topic, input, size, task }: CorrelatedEvent,
  places: ReadonlyMap<string, Place>,
  { create, mail }: { readonly create: NewTask[]; readonly mail: MailboxInsert[] },
): void => {
  const place = places.get(task.contextId);
  if (place === undefined) return;
  if (place.open === null) {
    create.push({ ...task, idempotencyKey: keyAfter(task.contextId, place.last) });
    place.open = task;
    return;
  }
  place.count -= 1;
  place.bytes -= size;
  const signal = { id: row.id, name: topic, by: task.caller, payload: input };
  mail.push(eventMail(place.open.taskId, signal, "refuse"));
};

const noRoom = ([, events]: Row, places: ReadonlyMap<string, Place>): PlatformError | undefined => {
  for (const { size, task } of events) {
    const place = places.get(task.contextId);
    if (place === undefined || place.open === null) continue;
    if (place.count > 0 && place.bytes >= size) continue;
    return new PlatformError(
      "OVERLOADED",
      `as many are before task ${place.open.taskId} of ${task.agent} as may be: ${MAX_WAITING_SIGNALS}, with ${MAX_WAITING_SIGNAL_BYTES} bytes`,
    );
  }
  return undefined;
};

const tooMany = ([, events]: Row): PlatformError =>
  new PlatformError(
    "UNAVAILABLE",
    `too many tasks of agent ${events.map(({ task }) => task.agent).join(", ")} begin and end for one key at once`,
  );

/** At least one row each. */
const withinUnits = (rows: readonly Row[]): readonly (readonly Row[])[] => {
  const units: Row[][] = [];
  let bytes = 0;
  for (const row of rows) {
    const added = row[1].reduce((sum, { size }) => sum + size, 0);
    const unit = units.at(-1);
    if (unit === undefined || bytes + added > UNIT_BYTES) {
      units.push([row]);
      bytes = added;
    } else {
      unit.push(row);
      bytes += added;
    }
  }
  return units;
};
