/** What the store in memory holds, and how its rows are found and read. */
import type { MailboxItem, MailboxKind, TaskHead } from "../ports/task-store.ts";

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
  /** Events as text; index + 1 is the number. */
  readonly log: string[];
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
  /** Every event in commit order; index + 1 is the position. */
  readonly tail: { readonly row: MemoryTaskRow; readonly seq: number }[];
  positions: number;
  lastTenant: string;
}

// Ids may hold any character, so a plain separator could make two keys one (I7).
export const compose = (...parts: readonly string[]): string => JSON.stringify(parts);
export const taskKey = (tenantId: string, taskId: string): string => compose(tenantId, taskId);

export const byText = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

export const headOf = (row: MemoryTaskRow): TaskHead => ({ ...row.head, leased: row.leased });

export const mailboxOf = (row: MemoryTaskRow): MailboxItem[] =>
  [...row.mail.values()]
    .filter((item) => !item.consumed)
    .map(({ key, kind, payload, position, insertedAt }) => ({
      key,
      kind,
      payload: JSON.parse(payload) as unknown,
      position,
      insertedAt,
    }));
