import type {
  BlobStore,
  Clock,
  KeyValue,
  StoreArchive,
  StoredEvent,
  TaskStore,
  VectorIndex,
} from "@agentcore/core/ports";
import { Database } from "./database.ts";
import { HintLine } from "./hint-line.ts";
import { migrate } from "./migrations.ts";
import { Pgvector } from "./pgvector.ts";
import { PostgresArchive } from "./postgres-archive.ts";
import { PostgresBlobStore } from "./postgres-blob-store.ts";
import { PostgresKeyValue } from "./postgres-key-value.ts";
import { PostgresTaskStore } from "./postgres-task-store.ts";
import { PostgresVectorIndex } from "./postgres-vector-index.ts";
import { requireVersion } from "./require-version.ts";
import { WorkerLease } from "./worker-lease.ts";

// One to renew, one to free what others left, which may wait for them.
const LEASE_CONNECTIONS = 2;
// However long the lease: a statement that waits for what a lost node has locked should live to see it free.
const MAX_IDLE_IN_TRANSACTION_MS = 10_000;

export interface PostgresOptions {
  /** `postgres://user:password@host:port/database`. */
  readonly url: string;
  /** Name of this node: a process that opens the store under it takes the place of an earlier one, whose leases are void. */
  readonly node: string;
  /** Schema of the tables; made when it is not there. @default "agentcore" */
  readonly schema?: string | undefined;
  /** Dates what the store itself writes (mail, expiry). Leases go by the database's clock. @default the system's clock */
  readonly clock?: Pick<Clock, "now"> | undefined;
  /** Milliseconds after which the tasks of a silent worker are free for others. @default 10000 */
  readonly leaseMs?: number | undefined;
  /** Besides two for the lease and one for hints. @default 10 */
  readonly maxConnections?: number | undefined;
  /** Milliseconds a statement may take. @default 30000 */
  readonly statementTimeoutMs?: number | undefined;
  /** Most commit units in one statement. @default 1000 */
  readonly maxBatchUnits?: number | undefined;
  /** Most bytes of payload in one statement; a unit larger than that goes alone. @default 8 MiB */
  readonly maxBatchBytes?: number | undefined;
  /** Lets the extension pgvector search vectors, where the database has it or lets it be created. @default true */
  readonly usePgvector?: boolean | undefined;
}

export interface PostgresStores {
  readonly tasks: TaskStore<StoredEvent>;
  readonly keyValue: KeyValue;
  readonly blobs: BlobStore;
  readonly archive: StoreArchive;
  readonly vectors: VectorIndex;
  close(): Promise<void>;
}

/** Brings the schema up to date and joins as a worker. Throws CONFIG_INVALID (too old, newer schema), STORE_UNAVAILABLE. */
export const openPostgres = async (options: PostgresOptions): Promise<PostgresStores> => {
  const { url, node, schema = "agentcore", leaseMs = 10_000, clock = { now: () => Date.now() } } = options;
  const { maxConnections = 10, statementTimeoutMs = 30_000, maxBatchUnits = 1000, usePgvector = true } = options;
  const idleInTransactionMs = Math.min(leaseMs, MAX_IDLE_IN_TRANSACTION_MS);
  const connect = (most: number): Database =>
    new Database({ url, schema, maxConnections: most, statementTimeoutMs, idleInTransactionMs });
  const [database, ofLease] = [connect(maxConnections), connect(LEASE_CONNECTIONS)];
  try {
    await requireVersion(database);
    await database.session((client) => migrate(client, schema));
    const worker = new WorkerLease(ofLease, node, leaseMs);
    await worker.join();
    const hints = new HintLine(url, schema, `${node}#${worker.id}`);
    await hints.open();
    const maxBatchBytes = options.maxBatchBytes ?? 8 * 1024 * 1024;
    const tasks = new PostgresTaskStore({ database, worker, hints, clock, maxBatchUnits, maxBatchBytes });
    return {
      tasks,
      keyValue: new PostgresKeyValue(database, clock, hints),
      blobs: new PostgresBlobStore(database, clock),
      archive: new PostgresArchive(database),
      vectors: new PostgresVectorIndex(database, usePgvector ? new Pgvector(database) : null),
      close: () => tasks.close(),
    };
  } catch (error) {
    await ofLease.close();
    await database.close();
    throw error;
  }
};
