/** Commit units as the worker sees them: payloads are JSON text, priorities their rank. Decoded from unit-codec's array. */

import type { TaskState } from "@agentcore/contract";
import type { MailboxKind, OutboxInsert, Reservation, Settlement, UsageRecord } from "@agentcore/core/ports";

export type Flat = string | number | null;

export interface EventRow {
  readonly type: string;
  readonly at: number;
  readonly data: string;
}

export interface AppendRow {
  readonly seq: number;
  readonly token: number;
  readonly state: TaskState;
  readonly checkpointSeq: number | null;
  readonly revision: string | null;
  readonly requireEmptyMailbox: boolean;
  readonly releases: boolean;
  readonly releaseDueAt: number | null;
  readonly consume: readonly string[];
  readonly events: readonly EventRow[];
}

export interface CreateRow {
  readonly taskId: string;
  readonly agent: string;
  readonly revision: string;
  readonly contextId: string;
  readonly caller: string;
  readonly priority: number;
  readonly deadline: number | null;
  readonly parentTaskId: string | null;
  readonly parentPath: string | null;
  readonly dueAt: number;
  readonly createdAt: number;
  readonly idempotencyKey: string | null;
  readonly ignoreExisting: boolean;
  readonly exclusive: boolean;
  readonly claimedState: TaskState | null;
  readonly checkpointSeq: number;
  readonly releases: boolean;
  readonly releaseDueAt: number | null;
  readonly events: readonly EventRow[];
}

export interface MailRow {
  readonly taskId: string;
  readonly key: string;
  readonly kind: MailboxKind;
  readonly payload: string;
  readonly refuse: boolean;
}

export interface OutboxWrite {
  readonly id: string;
  readonly kind: OutboxInsert["kind"];
  readonly payload: string;
}

export interface BlobRow {
  readonly taskId: string;
  readonly name: string;
}

export interface Unit {
  readonly tenantId: string;
  readonly taskId: string;
  readonly append: AppendRow | null;
  readonly create: readonly CreateRow[];
  readonly mail: readonly MailRow[];
  readonly outbox: readonly OutboxWrite[];
  readonly delivers: readonly number[];
  readonly blobs: readonly BlobRow[];
  readonly ledger: LedgerRow | null;
}

export interface LedgerRow {
  readonly settle: readonly Settlement[];
  readonly reserve: Reservation | null;
}

/** Reads what unit-codec wrote, in the same order. Both ends are one version of one package, so types are taken as written. */
class Decoder {
  private at = 0;
  private readonly flat: readonly Flat[];

  constructor(flat: readonly Flat[]) {
    this.flat = flat;
  }

  get done(): boolean {
    return this.at >= this.flat.length;
  }

  unit(): Unit {
    return {
      tenantId: this.next(),
      taskId: this.next(),
      append: this.flag() ? this.append() : null,
      create: this.many(() => this.create()),
      mail: this.many(() => ({
        taskId: this.next(),
        key: this.next(),
        kind: this.next(),
        payload: this.next(),
        refuse: this.flag(),
      })),
      outbox: this.many(() => ({ id: this.next(), kind: this.next(), payload: this.next() })),
      delivers: this.many(() => this.next<number>()),
      blobs: this.many(() => ({ taskId: this.next(), name: this.next() })),
      ledger: this.flag() ? this.ledger() : null,
    };
  }

  private ledger(): LedgerRow {
    return {
      settle: this.many(() => ({
        key: this.next<string | null>(),
        amounts: this.many(() => ({ account: this.next(), amount: this.next() })),
        usage: this.usage(),
      })),
      reserve: this.flag()
        ? {
            ...{ key: this.next(), expiresAt: this.next() },
            amounts: this.many(() => ({
              ...{ account: this.next(), amount: this.next(), ceiling: this.next() },
              endsAt: this.next<number | null>() ?? undefined,
            })),
            usage: this.usage(),
          }
        : null,
    };
  }

  private usage(): UsageRecord {
    return {
      ...{ hour: this.next(), agent: this.next(), team: this.next(), model: this.next(), caller: this.next() },
      ...{ calls: this.next(), estimatedCalls: this.next(), inputTokens: this.next(), cachedInputTokens: this.next() },
      ...{ outputTokens: this.next(), costNanoUsd: this.next(), cacheHits: this.next(), savedNanoUsd: this.next() },
    };
  }

  private append(): AppendRow {
    return {
      ...{
        seq: this.next<number>(),
        token: this.next<number>(),
        state: this.next<TaskState>(),
        checkpointSeq: this.next<number | null>(),
        revision: this.next<string | null>(),
      },
      ...{ requireEmptyMailbox: this.flag(), releases: this.flag(), releaseDueAt: this.next<number | null>() },
      consume: this.many(() => this.next<string>()),
      events: this.events(),
    };
  }

  private create(): CreateRow {
    return {
      ...{
        taskId: this.next<string>(),
        agent: this.next<string>(),
        revision: this.next<string>(),
        contextId: this.next<string>(),
      },
      ...{ caller: this.next<string>(), priority: this.next<number>(), deadline: this.next<number | null>() },
      ...{ parentTaskId: this.next<string | null>(), parentPath: this.next<string | null>() },
      ...{ dueAt: this.next<number>(), createdAt: this.next<number>(), idempotencyKey: this.next<string | null>() },
      ...{
        ignoreExisting: this.flag(),
        exclusive: this.flag(),
        claimedState: this.next<TaskState | null>(),
        checkpointSeq: this.next<number>(),
      },
      ...{ releases: this.flag(), releaseDueAt: this.next<number | null>() },
      events: this.events(),
    };
  }

  private events(): EventRow[] {
    return this.many(() => ({ type: this.next(), at: this.next(), data: this.next() }));
  }

  private many<Item>(read: () => Item): Item[] {
    const count = this.next<number>();
    const items: Item[] = [];
    for (let index = 0; index < count; index += 1) items.push(read());
    return items;
  }

  private flag(): boolean {
    return this.next<number>() === 1;
  }

  private next<Value extends Flat>(): Value {
    const value = this.flat[this.at];
    this.at += 1;
    return value as Value;
  }
}

export const decodeUnits = (flat: readonly Flat[]): Unit[] => {
  const decoder = new Decoder(flat);
  const units: Unit[] = [];
  while (!decoder.done) units.push(decoder.unit());
  return units;
};
