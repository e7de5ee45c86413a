export type { BlobStore } from "./blob-store.ts";
export type { KeyValue, KeyValueEntry, KeyValueScope } from "./key-value.ts";
export type { ModelProvider } from "./model-provider.ts";
export type { Clock, Digest, Ids, Logger, LogLevel, Senses, Timer } from "./senses.ts";
export type {
  BlobRow,
  EventRow,
  IdempotencyKeyRow,
  MailRow,
  OutgoingRow,
  RestoreStore,
  StoreArchive,
  StorePages,
  StoreRow,
  TaskRow,
  ValueRow,
} from "./store-archive.ts";
export type {
  Compaction,
  CompactionOutcome,
  Removal,
  Removed,
  RetentionQuery,
  RetentionRow,
  TaskRetention,
} from "./task-retention.ts";
export {
  type ClaimedTask,
  type ClaimRequest,
  type CommitOutcome,
  type CommitUnit,
  type Lease,
  type ListQuery,
  type LogAppend,
  MAILBOX_KINDS,
  type MailboxInsert,
  type MailboxItem,
  type MailboxKind,
  type NewTask,
  type OutboxInsert,
  type OutboxRow,
  type OutboxTake,
  PRIORITY_STEP_MS,
  placeInClaim,
  type Renewal,
  type StaleReason,
  type StoreHint,
  type TailRow,
  type TaskHead,
  type TaskKey,
  type TaskStore,
  type TenantTurn,
  wakesTask,
} from "./task-store.ts";
