import { existsSync } from "node:fs";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import type {
  BlobStore,
  Clock,
  KeyValue,
  StoreArchive,
  StoredEvent,
  TaskStore,
  VectorIndex,
} from "@agentcore/core/ports";
import { takeCreationLock } from "./creation-lock.ts";
import { createFileBlobStore } from "./file-blob-store.ts";
import { COPY_SUFFIX, removeCopy, SqliteArchive } from "./sqlite-archive.ts";
import { SqliteKeyValue } from "./sqlite-key-value.ts";
import { SqliteTaskStore } from "./sqlite-task-store.ts";
import { SqliteVectorIndex } from "./sqlite-vector-index.ts";
import { FILE_NAME, prepareFile } from "./store-file.ts";
import { WorkerClient } from "./worker-client.ts";

export interface SqliteOptions {
  /** Data folder; made with mode 0700 when it is not there. One process at a time. */
  readonly directory: string;
  /** Dates what the store itself writes (mail, expiry). @default the system's clock */
  readonly clock?: Pick<Clock, "now"> | undefined;
  /** Most commit units in one transaction. @default 2000 */
  readonly maxBatchUnits?: number | undefined;
  /** Most bytes of payload in one transaction. @default 8 MiB */
  readonly maxBatchBytes?: number | undefined;
  /** Most pages of 4 KiB the file may have; writes beyond fail with STORE_UNAVAILABLE. @default as the disk allows */
  readonly maxPages?: number | undefined;
  /**
   * Most bytes of vectors in memory: scopes that were not searched for longest are dropped, and one that is larger is read
   * from the file with each search. @default 128 MiB
   */
  readonly maxVectorBytes?: number | undefined;
  /** For crash tests only. */
  readonly fault?:
    | {
        /** Held before every commit, as a slow disk would. */
        readonly syncDelayMs?: number | undefined;
        /**
         * URL of a module whose export `fault(point: string)` the worker calls at "tasks.commit.inside" (before COMMIT)
         * and "tasks.commit.written" (after it, before the answer). What it throws fails the batch.
         */
        readonly module?: string | undefined;
      }
    | undefined;
}

export interface SqliteStores {
  readonly tasks: TaskStore<StoredEvent>;
  readonly keyValue: KeyValue;
  readonly archive: StoreArchive;
  /** Files below the folder, which is this process's alone as long as the stores are open. */
  readonly blobs: BlobStore;
  readonly vectors: VectorIndex;
  /**
   * Why nothing can be written now: the disk is full; null otherwise. While it is, asking has a write tried, every five seconds at most: when that goes through,
   * it is over.
   */
  trouble(): PlatformError | null;
  /** Writes what was asked for before, then gives the folder free. Idempotent. */
  close(): Promise<void>;
}

/** Of a data folder. */
export const BLOB_FOLDER = "blobs";
// 67,000 vectors of 384 dimensions: a search among them holds the thread for some 35 ms.
const DEFAULT_VECTOR_BYTES = 128 * 1024 * 1024;

/**
 * Opens or makes the data folder. Leases of an earlier process are void at once. Throws DATA_LOCKED when another process
 * has it open or fills it, CONFIG_INVALID when it cannot be written or was written by a newer version.
 */
export const openSqlite = async (options: SqliteOptions): Promise<SqliteStores> => {
  const file = join(options.directory, FILE_NAME);
  if (existsSync(file)) prepareFile(options.directory, file);
  else makeStore(options.directory, file);
  const { clock, maxBatchUnits, maxBatchBytes, maxPages = null, fault } = options;
  const dates = clock ?? { now: () => Date.now() };
  const { maxVectorBytes = DEFAULT_VECTOR_BYTES } = options;
  const worker = await WorkerClient.start(
    { file, maxPages, syncDelayMs: fault?.syncDelayMs ?? 0, faultModule: fault?.module ?? null },
    { now: () => dates.now(), maxBatchUnits, maxBatchBytes },
  );
  // Of a process that died while it took a backup.
  await removeCopy(`${file}${COPY_SUFFIX}`);
  return {
    tasks: new SqliteTaskStore(worker),
    keyValue: new SqliteKeyValue(worker),
    archive: new SqliteArchive(worker, file),
    blobs: createFileBlobStore({
      directory: join(options.directory, BLOB_FOLDER),
      clock: dates,
      onFailure: (error) => worker.room.note(error),
    }),
    vectors: new SqliteVectorIndex(worker, maxVectorBytes),
    trouble: () => worker.room.trouble,
    close: () => worker.close(),
  };
};

/** Not while a restore is under way, which a store would be in the way of, and whose end may take away what lies beside that store. */
const makeStore = (directory: string, file: string): void => {
  const lock = takeCreationLock(directory);
  if (lock === null)
    throw new PlatformError(
      "DATA_LOCKED",
      `a restore into ${directory} is under way, or another node is making its store there; wait for it to end, or start with another data folder`,
    );
  try {
    prepareFile(directory, file);
  } finally {
    lock.release();
  }
};
