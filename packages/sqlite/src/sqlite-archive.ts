/**
 * An archive of the file while it is in use. The store's thread has the file alone (no second connection could read it), so it
 * makes a copy, page by page between its writes, which take part in it; another thread reads the copy. The copy lies in the data folder,
 * needs as much room as the file, and goes at the end.
 */
import { once } from "node:events";
import { rm, writeFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { PlatformError } from "@agentcore/contract";
import type { StoreArchive, StorePages, StoreRow } from "@agentcore/core/ports";
import type { WorkerClient } from "./worker-client.ts";

const workerUrl = new URL(
  import.meta.url.endsWith(".ts") ? "./archive-worker.ts" : "./archive-worker.js",
  import.meta.url,
);

export const COPY_SUFFIX = ".copy";

export class SqliteArchive implements StoreArchive {
  private readonly worker: WorkerClient;
  private readonly file: string;
  private isBusy = false;

  constructor(worker: WorkerClient, file: string) {
    this.worker = worker;
    this.file = file;
  }

  /** One at a time: each needs room on the disk. Throws OVERLOADED for another. */
  async *pages({ signal }: { readonly signal?: AbortSignal | undefined } = {}): StorePages {
    signal?.throwIfAborted();
    if (this.isBusy) throw new PlatformError("OVERLOADED", "a backup is being taken already", { retryAfterMs: 10_000 });
    this.isBusy = true;
    const copy = `${this.file}${COPY_SUFFIX}`;
    const stop = (): void => this.worker.stopCopy();
    signal?.addEventListener("abort", stop, { once: true });
    try {
      await removeCopy(copy);
      // For this user alone, as the file is.
      await writeFile(copy, "", { mode: 0o600, flag: "wx" });
      await this.worker.copyTo(copy).catch((error: unknown) => {
        throw signal?.aborted === true ? signal.reason : error;
      });
      yield* readCopy(copy, signal);
    } finally {
      signal?.removeEventListener("abort", stop);
      await removeCopy(copy);
      this.isBusy = false;
    }
  }
}

/** Also what a process that died left behind. */
export const removeCopy = async (copy: string): Promise<void> => {
  await Promise.all(["", "-wal", "-shm", "-journal"].map((suffix) => rm(`${copy}${suffix}`, { force: true })));
};

async function* readCopy(file: string, signal: AbortSignal | undefined): StorePages {
  const reader = new Worker(workerUrl, { workerData: { file }, name: "agentcore-archive" });
  try {
    for (;;) {
      signal?.throwIfAborted();
      reader.postMessage(null);
      // `once` rejects when the thread fails.
      const [page] = (await once(reader, "message")) as [readonly StoreRow[] | null];
      if (page === null) return;
      yield page;
    }
  } finally {
    await reader.terminate();
  }
}
