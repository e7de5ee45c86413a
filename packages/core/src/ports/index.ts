export type { BlobEntry, BlobScope, BlobStore } from "./blob-store.ts";
export type { KeyValue, KeyValueEntry, KeyValueScope } from "./key-value.ts";
export type { ModelProvider } from "./model-provider.ts";
export type { PayloadCodec, SealScope } from "./payload-codec.ts";
export type { Clock, Digest, Ids, Logger, LogLevel, Senses, Timer } from "./senses.ts";
export {
  type BlobReference,
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
  type StoredEvent,
  type StoreHint,
  type TailRow,
  type TaskHead,
  type TaskKey,
  type TaskStore,
  type Unnumbered,
  type UnreadableEvent,
  wakesTask,
} from "./task-store.ts";
