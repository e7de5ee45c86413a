/**
 * All that a store holds, row by row, in a form that every other store takes: for backups, and for moving from one kind of store to
 * another. Payloads are the JSON text that was stored, sealed ones as they are sealed.
 */
import type { Reservation, UsageRecord } from "./ledger.ts";
import type { MailboxKind, OutboxInsert, TaskHead } from "./task-store.ts";

export interface TaskRow extends Omit<TaskHead, "leased"> {
  readonly kind: "task";
  readonly exclusive: boolean;
  /** It has ended, and nothing more of its log can be folded. */
  readonly folded: boolean;
}

export interface EventRow {
  readonly kind: "event";
  readonly tenantId: string;
  readonly taskId: string;
  readonly seq: number;
  readonly type: string;
  readonly at: number;
  readonly data: string;
}

export interface MailRow {
  readonly kind: "mail";
  readonly tenantId: string;
  readonly taskId: string;
  readonly key: string;
  readonly mail: MailboxKind;
  readonly payload: string;
  readonly insertedAt: number;
  /** Its key alone is still of use. */
  readonly consumed: boolean;
}

export interface OutgoingRow {
  readonly kind: "outgoing";
  readonly tenantId: string;
  readonly id: string;
  readonly message: OutboxInsert["kind"];
  readonly payload: string;
}

export interface IdempotencyKeyRow {
  readonly kind: "idempotencyKey";
  readonly tenantId: string;
  readonly caller: string;
  readonly key: string;
  readonly taskId: string;
}

export interface ValueRow {
  readonly kind: "value";
  readonly tenantId: string;
  readonly namespace: string;
  readonly key: string;
  readonly value: string;
  readonly version: number;
  readonly expiresAt: number | null;
}

/** The payloads of the task refer to that blob. */
export interface BlobReferenceRow {
  readonly kind: "blobReference";
  readonly tenantId: string;
  readonly taskId: string;
  readonly name: string;
}

/** Of an account that something was written to: all zeros are left out. */
export interface AccountRow {
  readonly kind: "account";
  readonly tenantId: string;
  readonly account: string;
  readonly spent: number;
  readonly reserved: number;
  /** Milliseconds since 1970; null: it does not end. */
  readonly endsAt: number | null;
}

export interface ReservationRow {
  readonly kind: "reservation";
  readonly tenantId: string;
  readonly key: string;
  readonly expiresAt: number;
  readonly amounts: Reservation["amounts"];
  readonly usage: UsageRecord;
}

export interface UsageRow extends UsageRecord {
  readonly kind: "usage";
  readonly tenantId: string;
}

/** A piece of a blob; pieces of one blob follow each other. */
export interface BlobRow {
  readonly kind: "blob";
  readonly tenantId: string;
  readonly namespace: string;
  readonly name: string;
  /** Base64, of at most 1 MiB. */
  readonly bytes: string;
  readonly isLast: boolean;
}

/** In this order: tasks as they were made, events as they were committed, mail and what is outgoing as it came, and the rest. */
export type StoreRow =
  | TaskRow
  | EventRow
  | MailRow
  | OutgoingRow
  | IdempotencyKeyRow
  | ValueRow
  | BlobReferenceRow
  | AccountRow
  | ReservationRow
  | UsageRow
  | BlobRow;

/** Of the payloads a row carries, in UTF-16 units, with some for the rest of it: what pages and batches of rows are bounded by. */
export const sizeOfRow = (row: StoreRow): number => REST_OF_ROW + payloadOf(row).length;

const REST_OF_ROW = 200;

const payloadOf = (row: StoreRow): string => {
  switch (row.kind) {
    case "event":
      return row.data;
    case "mail":
    case "outgoing":
      return row.payload;
    case "value":
      return row.value;
    case "blob":
      return row.bytes;
    case "task":
    case "idempotencyKey":
    case "blobReference":
    case "account":
    case "usage":
      return "";
    case "reservation":
      return JSON.stringify(row.amounts);
  }
};

export type StorePages = AsyncIterable<readonly StoreRow[]>;

export interface StoreArchive {
  /**
   * What there is at one moment while others go on writing, in pages of at most 500 rows and about a MiB of
   * payloads; a row larger than that is a page. Ending the iteration early, or `signal`,
   * gives free what it holds. Throws STORE_UNAVAILABLE, or the signal's reason.
   */
  pages(options?: { readonly signal?: AbortSignal | undefined }): StorePages;
}

/**
 * Fills an empty store that nobody uses, all or nothing: nothing is seen of it before `pages` has ended, nor when it throws. Leases are
 * void, and tokens higher than any before. Throws CONFIG_INVALID when the store is not empty or in use, STORE_UNAVAILABLE, or
 * what `pages` throws.
 */
export type RestoreStore = (pages: StorePages) => Promise<void>;
