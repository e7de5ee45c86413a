/**
 * Which tasks wait for which events: kept beside their logs, by tenant and topic, for whoever carries an event. A row is there before the log says that
 * the task waits, so nothing that is told after that is missed. One that is there too long costs a look, and a mail that the task takes for
 * nothing: it goes when its wait has ended, when an event was posted for it, or with a sweep when its task has ended.
 */
import { isTerminal, PlatformError } from "@agentcore/contract";
import type { KeyValue, KeyValueEntry, KeyValueScope, Senses, TaskStore } from "../ports/index.ts";
import { EventConditions } from "./event-conditions.ts";
import type { EventInput } from "./task-router.ts";

/** One wait of one task. */
export interface EventWait {
  /** Names the wait for the task's life, also after a checkpoint: other waits of the same path have others. */
  readonly id: string;
  readonly taskId: string;
  readonly path: string;
  /** Or a pattern of topics. */
  readonly topic: string;
  readonly where?: string | undefined;
  readonly with?: Readonly<Record<string, unknown>> | undefined;
}

/** What the task is told. */
export interface EventMail {
  readonly type: "event";
  readonly path: string;
  readonly wait: string;
  readonly event: EventInput;
}

/** Of a tenant, at once. Two that begin at the same time may both find room. */
export const MAX_EVENT_WAITS_OF_TENANT = 100_000;
const PAGE = 100;
const ROWS = "event-waits";
const COUNTS = "event-wait-counts";
const COUNT = "all";

const rowsOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: ROWS });
const countOf = (tenantId: string): KeyValueScope => ({ tenantId, namespace: COUNTS });
const keyOf = ({ topic, taskId, id }: EventWait): string => `${topic}/${taskId}/${id}`;

export class EventWaits {
  readonly conditions = new EventConditions();
  private readonly keyValue: KeyValue;
  private readonly senses: Senses;
  private readonly forgetting = new Set<Promise<void>>();

  constructor(keyValue: KeyValue, senses: Senses) {
    this.keyValue = keyValue;
    this.senses = senses;
  }

  /** Durable when it resolves; the same once more changes nothing. Throws INVALID_ARGUMENT (its condition), OVERLOADED. */
  async add(tenantId: string, wait: EventWait): Promise<void> {
    const [rows, key] = [rowsOf(tenantId), keyOf(wait)];
    if ((await this.keyValue.get(rows, key)) !== null) return;
    await this.conditions.check(wait);
    if ((await this.keyValue.put(rows, key, wait, { expectedVersion: 0 })) === null) return;
    // A crash in between leaves the count too low until a sweep: it keeps nobody from waiting.
    if ((await this.count(tenantId, 1)) !== null) return;
    await this.keyValue.delete(rows, key);
    throw new PlatformError(
      "OVERLOADED",
      `${MAX_EVENT_WAITS_OF_TENANT} waits for events are open in tenant ${tenantId}, which is as many as may`,
      { retryAfterMs: 10_000 },
    );
  }

  async remove(tenantId: string, wait: EventWait): Promise<void> {
    if (await this.keyValue.delete(rowsOf(tenantId), keyOf(wait))) await this.count(tenantId, -1);
  }

  /** In the background. What fails here goes with the next event that fits, or with a sweep. */
  forget(tenantId: string, wait: EventWait): void {
    const { taskId } = wait;
    const forgotten = this.remove(tenantId, wait)
      .catch((error: unknown) =>
        this.senses.logger.log("warn", `cannot remove a wait for an event: ${PlatformError.from(error).message}`, {
          tenantId,
          taskId,
        }),
      )
      .finally(() => this.forgetting.delete(forgotten));
    this.forgetting.add(forgotten);
  }

  /** Resolves when what was to be forgotten is. */
  async idle(): Promise<void> {
    await Promise.all(this.forgetting);
  }

  async hasAny(tenantId: string): Promise<boolean> {
    return (await this.keyValue.list(rowsOf(tenantId), { limit: 1 })).length > 0;
  }

  /** Those that named exactly this pattern, some at a time. Throws for one that cannot be read: nobody knows what it waits for. */
  async *of(tenantId: string, pattern: string): AsyncGenerator<readonly EventWait[]> {
    for await (const entries of this.pages(tenantId, `${pattern}/`))
      yield entries.map(({ value }) => value as EventWait).filter(({ topic }) => topic === pattern);
  }

  /** Takes out what tasks left behind whose process died when they ended, and counts anew. */
  async sweep(tasks: TaskStore, tenantId: string, signal?: AbortSignal): Promise<void> {
    const counted = Number((await this.keyValue.get(countOf(tenantId), COUNT))?.value ?? 0);
    let count = 0;
    for await (const entries of this.pages(tenantId, "")) {
      const ended = new Map<string, boolean>();
      for (const { key } of entries) {
        if (signal?.aborted === true) return;
        const [, taskId = ""] = key.split("/");
        if (!ended.has(taskId)) {
          const head = await tasks.head({ tenantId, taskId });
          ended.set(taskId, head === null || isTerminal(head.state));
        }
        if (ended.get(taskId) === true) await this.keyValue.delete(rowsOf(tenantId), key);
        else count += 1;
      }
    }
    // Those that began or ended meanwhile may be counted wrong, until the next sweep.
    if (count !== counted) await this.count(tenantId, count - counted);
  }

  private async *pages(tenantId: string, prefix: string): AsyncGenerator<readonly KeyValueEntry[]> {
    for (let after: string | undefined; ; ) {
      const entries = await this.keyValue.list(rowsOf(tenantId), {
        ...{ prefix, limit: PAGE },
        ...(after === undefined ? {} : { after }),
      });
      if (entries.length > 0) yield entries;
      if (entries.length < PAGE) return;
      after = entries.at(-1)?.key;
    }
  }

  private count(tenantId: string, by: number): Promise<number | null> {
    return this.keyValue.add(countOf(tenantId), COUNT, by, by === 1 ? { ceiling: MAX_EVENT_WAITS_OF_TENANT } : {});
  }
}
