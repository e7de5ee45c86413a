/**
 * Commit units as one flat array of primitives: what the structured clone of postMessage is fastest at (no property
 * names, no nested objects). Payloads become JSON text here, on the main thread, so that a value JSON cannot carry
 * fails its own call only. Encoder and decoder mirror each other line by line.
 */
import { PRIORITIES } from "@agentcore/contract";
import type { CommitUnit, LogAppend, NewTask, Reservation, Settlement, StoredEvent } from "@agentcore/core/ports";
import { checkLedgerParts } from "@agentcore/core/storage";
import type { Flat } from "./units.ts";
import { usageColumns } from "./usage-columns.ts";

const flag = (value: boolean): number => (value ? 1 : 0);
const jsonText = (value: unknown): string => JSON.stringify(value) ?? "null";

export interface EncodedUnits {
  readonly flat: Flat[];
  /** Approximate, in UTF-16 units of the payloads: enough to bound a batch. */
  readonly bytes: number;
}

class Encoder {
  readonly flat: Flat[] = [];
  bytes = 0;

  unit(unit: CommitUnit<StoredEvent>): void {
    this.flat.push(unit.tenantId, unit.taskId ?? "", flag(unit.append !== undefined));
    if (unit.append !== undefined) this.append(unit.append);
    this.flat.push(unit.create?.length ?? 0);
    for (const task of unit.create ?? []) this.create(task);
    this.flat.push(unit.mail?.length ?? 0);
    for (const mail of unit.mail ?? []) {
      this.flat.push(mail.taskId, mail.key, mail.kind, this.json(mail.payload), flag(mail.ifTerminal === "refuse"));
    }
    this.flat.push(unit.outbox?.length ?? 0);
    for (const row of unit.outbox ?? []) this.flat.push(row.id, row.kind, this.json(row.payload));
    this.flat.push(unit.delivers?.length ?? 0, ...(unit.delivers ?? []));
    this.flat.push(unit.blobs?.length ?? 0);
    for (const blob of unit.blobs ?? []) this.flat.push(blob.taskId, blob.name);
    const ledger = checkLedgerParts(unit);
    this.flat.push(flag(ledger !== null));
    if (ledger === null) return;
    this.flat.push(ledger.settle.length);
    for (const settlement of ledger.settle) this.settlement(settlement);
    this.flat.push(flag(ledger.reserve !== null));
    if (ledger.reserve !== null) this.reservation(ledger.reserve);
  }

  private settlement({ key, amounts, usage }: Settlement): void {
    this.flat.push(key, amounts.length);
    for (const { account, amount } of amounts) this.flat.push(account, amount);
    this.flat.push(...usageColumns(usage));
  }

  private reservation({ key, expiresAt, amounts, usage }: Reservation): void {
    this.flat.push(key, expiresAt, amounts.length);
    for (const { account, amount, ceiling, endsAt } of amounts)
      this.flat.push(account, amount, ceiling, endsAt ?? null);
    this.flat.push(...usageColumns(usage));
  }

  private append(append: LogAppend<StoredEvent>): void {
    this.flat.push(append.expect.seq, append.expect.token, append.state, append.checkpointSeq ?? null);
    this.flat.push(append.revision ?? null);
    this.flat.push(flag(append.requireEmptyMailbox), flag(append.release !== undefined), append.release?.dueAt ?? null);
    this.flat.push(append.consume.length, ...append.consume);
    this.events(append.events);
  }

  private create(task: NewTask<StoredEvent>): void {
    const { claimed } = task;
    this.flat.push(
      task.taskId,
      task.agent,
      task.revision,
      task.contextId,
      task.caller,
      PRIORITIES.indexOf(task.priority),
    );
    this.flat.push(task.deadline, task.parent?.taskId ?? null, task.parent?.path ?? null, task.dueAt, task.createdAt);
    this.flat.push(
      task.idempotencyKey ?? null,
      flag(task.ifExists === "ignore"),
      flag(task.exclusive === true),
      claimed?.state ?? null,
    );
    this.flat.push(claimed?.checkpointSeq ?? 0, flag(claimed?.release !== undefined), claimed?.release?.dueAt ?? null);
    this.events(task.events);
  }

  private events(events: LogAppend<StoredEvent>["events"]): void {
    this.flat.push(events.length);
    for (const event of events) this.flat.push(event.type, event.at, this.json(event.data));
  }

  private json(value: unknown): string {
    const text = jsonText(value);
    this.bytes += text.length;
    return text;
  }
}

/** Throws INVALID_ARGUMENT for what is out of bounds in the ledger's parts. */
export const encodeUnits = (units: readonly CommitUnit<StoredEvent>[]): EncodedUnits => {
  const encoder = new Encoder();
  for (const unit of units) encoder.unit(unit);
  return encoder;
};
