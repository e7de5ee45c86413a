import type { BlobStore, StoredEvent, TaskStore } from "../ports/index.ts";
import { PAYLOADS } from "./blob-names.ts";

/** Many times what lies between the put of a blob and the commit that refers to it, also on machines whose clocks differ. */
export const BLOB_GRACE_MS = 24 * 60 * 60 * 1000;
const PAGE = 1000;

export interface SweepOptions {
  readonly tasks: Pick<TaskStore<StoredEvent>, "referredBlobs">;
  readonly blobs: Pick<BlobStore, "list" | "delete">;
  readonly tenantId: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Milliseconds since its last put during which a blob stays although nothing refers to it. @default 24 hours */
  readonly graceMs?: number | undefined;
  /** Counts what would go, and deletes nothing. @default false */
  readonly dryRun?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface Swept {
  /** Blobs older than the grace period. */
  readonly looked: number;
  readonly removed: number;
}

/**
 * Removes the payload blobs of one tenant that no task refers to and that were last put longer ago than the grace period.
 * One that is put again meanwhile stays: whoever puts it is about to refer to it. Safe beside a running node.
 */
export const sweepBlobs = async ({
  tasks,
  blobs,
  tenantId,
  now,
  graceMs = BLOB_GRACE_MS,
  dryRun = false,
  signal,
}: SweepOptions): Promise<Swept> => {
  const scope = { tenantId, namespace: PAYLOADS };
  const putBefore = now - graceMs;
  let [looked, removed] = [0, 0];
  for (let after: string | undefined; ; ) {
    signal?.throwIfAborted();
    const page = await blobs.list(scope, { putBefore, limit: PAGE, ...(after === undefined ? {} : { after }) });
    const referred = await tasks.referredBlobs(
      tenantId,
      page.map(({ name }) => name),
    );
    for (const { name } of page)
      if (!referred.has(name) && (dryRun || (await blobs.delete(scope, name, { putBefore })))) removed += 1;
    looked += page.length;
    after = page.at(-1)?.name;
    if (page.length < PAGE || after === undefined) return { looked, removed };
  }
};
