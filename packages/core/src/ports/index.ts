export type { BlobStore } from "./blob-store.ts";
export type { KeyValue, KeyValueEntry, KeyValueScope } from "./key-value.ts";
export type { ModelProvider } from "./model-provider.ts";
export type { Clock, Digest, Ids, Logger, LogLevel, Senses, Timer } from "./senses.ts";
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
  PRIORITY_STEP_MS,
  type Renewal,
  type StaleReason,
  type StoreHint,
  type TailRow,
  type TaskHead,
  type TaskKey,
  type TaskStore,
  wakesTask,
} from "./task-store.ts";
export type {
  ListedVector,
  NearestQuery,
  NearVector,
  StoredVector,
  VectorEntry,
  VectorIndex,
  VectorListQuery,
  VectorMetadata,
  VectorScope,
} from "./vector-index.ts";
