/** What the store in memory holds, and how its rows are found and read. */
import type { AccountRow, ReservationRow, UsageRow } from "../ports/store-archive.ts";
import type { MailboxKind, MailboxReading, TaskHead } from "../ports/task-store.ts";
import { chooseMail } from "../storage/index.ts";

export interface MemoryMailRow {
  readonly key: string;
  readonly kind: MailboxKind;
  readonly payload: string;
  readonly position: number;
  readonly insertedAt: number;
  /** Keys stay reserved after they were taken in: a repeated message must not come in twice. */
  consumed: boolean;
}

export type StoredHead = Omit<TaskHead, "leased">;

export interface MemoryTaskRow {
  head: StoredHead;
  leased: boolean;
  /** Events as text, from the floor on, else from number 1. */
  readonly log: string[];
  /** It has ended, and nothing more can be folded. */
  folded: boolean;
  readonly exclusive: boolean;
  readonly mail: Map<string, MemoryMailRow>;
  /** Names of blobs that the log refers to. */
  readonly blobs: Set<string>;
}

export interface MemoryTables {
  readonly tasks: Map<string, MemoryTaskRow>;
  readonly idempotency: Map<string, string>;
  readonly outbox: Map<
    number,
    { readonly tenantId: string; readonly id: string; readonly kind: "event"; readonly payload: string }
  >;
  /** Every event in commit order; index + 1 is the position. Those that are gone since stay, so that positions do. */
  readonly tail: { readonly row: MemoryTaskRow; readonly seq: number }[];
  positions: number;
  /** By tenant and account. */
  readonly accounts: Map<string, Omit<AccountRow, "kind">>;
  /** By tenant and key. */
  readonly reservations: Map<string, Omit<ReservationRow, "kind">>;
  /** By tenant, hour and names. */
  readonly usage: Map<string, Omit<UsageRow, "kind">>;
}

// Ids may hold any character, so a plain separator could make two keys one (I7).
export const compose = (...parts: readonly string[]): string => JSON.stringify(parts);
export const taskKey = (tenantId: string, taskId: string): string => compose(tenantId, taskId);

export const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

export const headOf = (row: MemoryTaskRow): TaskHead => ({ ...row.head, leased: row.leased });

const encoder = new TextEncoder();
export const bytesOf = (text: string): number => encoder.encode(text).byteLength;

export const waitingMailOf = (row: MemoryTaskRow): readonly (MemoryMailRow & { readonly bytes: number })[] =>
  [...row.mail.values()].filter((item) => !item.consumed).map((item) => ({ ...item, bytes: bytesOf(item.payload) }));

/** As much as one reading brings that has brought `read` bytes before. */
export const mailboxOf = (row: MemoryTaskRow, read = 0): MailboxReading & { readonly bytes: number } => {
  const waiting = waitingMailOf(row);
  const { chosen, bytes } = chooseMail(waiting, read);
  const items = chosen.map(({ key, kind, payload, position, insertedAt }) => ({
    key,
    kind,
    payload: JSON.parse(payload) as unknown,
    position,
    insertedAt,
  }));
  return { items, more: items.length < waiting.length, bytes };
};

const firstSeq = (row: MemoryTaskRow): number => Math.max(1, row.head.floor);

export const nextSeq = (row: MemoryTaskRow): number => firstSeq(row) + row.log.length;

/** Text of the events with numbers above `after`. */
export const logAfter = (row: MemoryTaskRow, after: number): readonly string[] =>
  row.log.slice(Math.max(0, after + 1 - firstSeq(row)));

/** Undefined for one that was folded into another. */
export const eventAt = (row: MemoryTaskRow, seq: number): string | undefined => row.log[seq - firstSeq(row)];
