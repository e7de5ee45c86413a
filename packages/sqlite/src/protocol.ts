/** What main thread and worker say to each other. Both are one version of one package. */
import type { ErrorCode } from "@agentcore/contract";
import type {
  AccountBalance,
  ClaimRequest,
  CommitOutcome,
  CompactionOutcome,
  KeyValueScope,
  Lease,
  ListQuery,
  Removal,
  Removed,
  Reservation,
  RetentionQuery,
  TaskKey,
  UsageRecord,
  VectorScope,
  WaitingMail,
} from "@agentcore/core/ports";
import type { EventColumns, LogRead, StoredTailRow } from "./events.ts";
import type { StoredHead } from "./heads.ts";
import type { StoredValue } from "./key-value.ts";
import type { AccountRange, CheckedRemoval, UsagePage } from "./ledger.ts";
import type { StoredMail } from "./mailbox.ts";
import type { StoredOutboxRow } from "./outbox.ts";
import type { CompactionRow, StoredCandidate } from "./retention.ts";
import type { Flat } from "./units.ts";
import type { VectorLabel, VectorRow, VectorSpace } from "./vectors.ts";

/** Where the folder is and what is injected; the worker's `workerData`. */
export interface WorkerOptions {
  readonly file: string;
  readonly syncDelayMs: number;
  readonly maxPages: number | null;
  readonly faultModule: string | null;
}

export interface StoredClaim {
  readonly head: StoredHead;
  readonly mailbox: readonly StoredMail[];
}

/** Calls that write: the argument, then the answer. Several are written in one transaction. */
export interface Writes {
  commit: [readonly Flat[], readonly CommitOutcome[]];
  claim: [ClaimRequest, readonly StoredClaim[]];
  acknowledgeOutbox: [readonly number[], null];
  compact: [CompactionRow, CompactionOutcome];
  remove: [Removal, Removed];
  expireReservations: [{ readonly now: number; readonly limit: number }, number];
  removeSpent: [CheckedRemoval, number];
  put: [
    {
      readonly scope: KeyValueScope;
      readonly key: string;
      readonly value: string;
      readonly expectedVersion: number | null;
      readonly ttlMs: number | null;
    },
    number | null,
  ];
  delete: [{ readonly scope: KeyValueScope; readonly key: string; readonly expectedVersion: number | null }, boolean];
  add: [
    { readonly scope: KeyValueScope; readonly key: string; readonly amount: number; readonly ceiling: number | null },
    { readonly sum: number; readonly version: number } | null,
  ];
  upsertVectors: [
    { readonly scope: VectorScope; readonly dimensions: number; readonly rows: readonly VectorRow[] },
    number,
  ];
  deleteVectors: [{ readonly scope: VectorScope; readonly ids: readonly string[] }, number];
  clearVectors: [VectorScope, number];
}

export interface Reads {
  leases: [null, readonly Lease[]];
  nextDue: [null, number | null];
  head: [TaskKey, StoredHead | null];
  findByIdempotencyKey: [
    { readonly tenantId: string; readonly caller: string; readonly idempotencyKey: string },
    string | null,
  ];
  readLog: [LogRead & { readonly key: TaskKey }, readonly EventColumns[]];
  mailbox: [TaskKey, { readonly items: readonly StoredMail[]; readonly more: boolean }];
  leasedWithMail: [null, readonly TaskKey[]];
  waitingMail: [TaskKey, WaitingMail];
  hasTaken: [TaskKey & { readonly mailKey: string }, boolean];
  list: [ListQuery, { readonly heads: readonly StoredHead[]; readonly total: number }];
  tail: [
    { readonly tenantId: string | null; readonly after: number; readonly limit: number },
    readonly StoredTailRow[],
  ];
  outbox: [{ readonly limit: number; readonly after: number }, readonly StoredOutboxRow[]];
  retention: [RetentionQuery, readonly StoredCandidate[]];
  referredBlobs: [{ readonly tenantId: string; readonly names: readonly string[] }, readonly string[]];
  balances: [{ readonly tenantId: string; readonly accounts: readonly string[] }, readonly AccountBalance[]];
  accounts: [AccountRange, readonly AccountBalance[]];
  reservations: [string, readonly Omit<Reservation, "usage">[]];
  ledgerTenants: [null, readonly string[]];
  usage: [UsagePage, readonly UsageRecord[]];
  backlog: [null, readonly (readonly [string, number])[]];
  get: [{ readonly scope: KeyValueScope; readonly key: string }, StoredValue | null];
  listValues: [
    { readonly scope: KeyValueScope; readonly prefix: string; readonly after: string | null; readonly limit: number },
    readonly StoredValue[],
  ];
  vectorSpace: [VectorScope, VectorSpace | null];
  vectors: [{ readonly scope: VectorScope; readonly ids: readonly string[] }, readonly VectorRow[]];
  vectorPage: [{ readonly space: number; readonly after: string; readonly limit: number }, readonly VectorRow[]];
  vectorLabels: [
    { readonly scope: VectorScope; readonly after: string; readonly limit: number },
    readonly VectorLabel[],
  ];
  countVectors: [VectorScope, number];
}

export type WriteCall = { [Name in keyof Writes]: readonly [name: Name, argument: Writes[Name][0]] }[keyof Writes];
export type ReadCall = { [Name in keyof Reads]: readonly [name: Name, argument: Reads[Name][0]] }[keyof Reads];

/** `now`: the caller's clock, so that a test's clock also dates what the worker writes. */
export type Request =
  | { readonly id: number; readonly kind: "write"; readonly now: number; readonly calls: readonly WriteCall[] }
  | { readonly id: number; readonly kind: "read"; readonly now: number; readonly call: ReadCall }
  /** Answered when the copy is whole, whatever is asked for meanwhile. */
  | { readonly id: number; readonly kind: "copy"; readonly file: string }
  | { readonly id: number; readonly kind: "stopCopy" }
  | { readonly id: number; readonly kind: "close" };

export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly isDiskFull: boolean;
}

export type CallResult =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly failure: Failure };

/** `id` 0 is the answer to the start itself. A write answers with one result per call, a failed batch with `failure`. */
export type Response =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly failure: Failure };
