/** Tells tasks that wait for an event of it: by mail, the first event that fits each wait. */
import { PlatformError } from "@agentcore/contract";
import type { MailboxInsert, OutboxRow } from "../ports/index.ts";
import { patternsOf } from "../registry/index.ts";
import type { TaskEngine } from "./engine.ts";
import type { EventMail, EventWait } from "./event-waits.ts";
import { SeldomSaid } from "./seldom-said.ts";
import type { EventInput } from "./task-router.ts";

// Conditions that are asked before others get a turn: a few milliseconds of them.
const ASKED_AT_ONCE = 500;

/** In the outbox. */
export interface EventPayload {
  readonly topic: string;
  readonly payload: unknown;
  readonly source: string;
  readonly taskId: string;
}

export class WaitingTasks {
  private readonly engine: TaskEngine;
  private readonly seldom: SeldomSaid;
  private asked = 0;

  constructor(engine: TaskEngine) {
    this.engine = engine;
    this.seldom = new SeldomSaid(engine.senses.clock);
  }

  /**
   * Durable when it resolves. Whoever was told and did not hear of it (a crash in between) is told again under the same key, which changes nothing.
   * Resolves with the events of which nobody can tell who waits for them, and why. Rejects when the store does not answer.
   */
  async tell(rows: readonly OutboxRow[]): Promise<ReadonlyMap<OutboxRow, PlatformError>> {
    const untold = new Map<OutboxRow, PlatformError>();
    for (const [tenantId, events] of Map.groupBy(rows, (row) => row.tenantId)) {
      try {
        await this.tellTenant(tenantId, events);
      } catch (thrown) {
        const error = PlatformError.from(thrown);
        // Nobody's in particular: all of it is tried again soon.
        if (error.code === "STORE_UNAVAILABLE" || error.code === "LEASE_LOST") throw error;
        for (const row of events) untold.set(row, error);
      }
    }
    return untold;
  }

  private async tellTenant(tenantId: string, rows: readonly OutboxRow[]): Promise<void> {
    const { eventWaits } = this.engine;
    if (!(await eventWaits.hasAny(tenantId))) return;
    const byPattern = new Map<string, EventInput[]>();
    for (const { id, payload: told } of rows) {
      const { topic, source, payload } = told as EventPayload;
      for (const pattern of patternsOf(topic)) {
        const events = byPattern.get(pattern) ?? [];
        byPattern.set(pattern, events);
        events.push({ id, topic, source, payload });
      }
    }
    for (const [pattern, events] of byPattern)
      for await (const waits of eventWaits.of(tenantId, pattern)) await this.tellWaits(tenantId, waits, events);
  }

  private async tellWaits(tenantId: string, waits: readonly EventWait[], events: readonly EventInput[]): Promise<void> {
    const { store, mail: carrier, eventWaits } = this.engine;
    const told: { readonly wait: EventWait; readonly mail: MailboxInsert }[] = [];
    for (const wait of waits) {
      const event = await this.firstThatFits(tenantId, wait, events);
      if (event !== null) told.push({ wait, mail: mailOf(wait, event) });
    }
    if (told.length === 0) return;
    const outcomes = await store.commit(told.map(({ mail }) => ({ tenantId, mail: [mail] })));
    const posted = told.filter((_, index) => outcomes[index]?.outcome === "committed");
    carrier.deliver(
      tenantId,
      posted.map(({ mail }) => mail),
      true,
    );
    // Also of those whose task has ended: nobody waits there.
    for (const { wait } of told) await eventWaits.remove(tenantId, wait);
  }

  private async firstThatFits(
    tenantId: string,
    wait: EventWait,
    events: readonly EventInput[],
  ): Promise<EventInput | null> {
    const { eventWaits, senses } = this.engine;
    for (const event of events) {
      this.asked += 1;
      if (this.asked % ASKED_AT_ONCE === 0) await senses.clock.turn();
      try {
        if (await eventWaits.conditions.holds(wait, event)) return event;
      } catch (error) {
        this.seldom.say(`${tenantId}/${wait.taskId}/${wait.path}`, () => {
          const fields = { tenantId, taskId: wait.taskId, path: wait.path, id: event.id, topic: event.topic };
          senses.logger.log("warn", `a wait passes an event by: ${PlatformError.from(error).message}`, fields);
        });
      }
    }
    return null;
  }
}

const mailOf = ({ id, taskId, path }: EventWait, event: EventInput): MailboxInsert => ({
  ...{ taskId, key: `event:${event.id}:${id}`, kind: "signal", ifTerminal: "refuse" },
  payload: { type: "event", path, wait: id, event } satisfies EventMail,
});
