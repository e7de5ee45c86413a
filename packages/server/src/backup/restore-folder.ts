/**
 * A backup into a data folder. Blobs and code are written beside their places, which they take just before the file does, when the backup
 * has been read to its end and found whole: a refusal leaves nothing, and what a killed restore left beside goes with the next one. One
 * that is killed just when they have taken their places is refused the next time, and says what to move away. All of it happens under the
 * lock of `restoreSqlite`, so what is found unfinished is nobody's.
 */
import { mkdir, readdir, rename, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import type { PayloadCodec, StorePages } from "@agentcore/core/ports";
import { BLOB_FOLDER, createFileBlobStore, restoreSqlite } from "@agentcore/sqlite";
import { REVISION_FOLDER } from "../agents/snapshot-store.ts";
import { intoFolders } from "./blob-rows.ts";

const UNFINISHED = ".restoring";

/** Throws as `restoreSqlite` does, and CONFIG_INVALID when blobs or code of another store are there. */
export const restoreFolder = async (directory: string, pages: StorePages, codec: PayloadCodec): Promise<void> => {
  const places = [BLOB_FOLDER, REVISION_FOLDER].map((name) => join(directory, name));
  const [blobs = "", snapshotDirectory = ""] = places.map((place) => place + UNFINISHED);
  const removeUnfinished = async (): Promise<void> => {
    for (const place of places) await rm(place + UNFINISHED, { recursive: true, force: true });
  };

  async function* rows(): StorePages {
    for (const place of places) await requireEmpty(place);
    await removeUnfinished();
    for (const place of places) await mkdir(place + UNFINISHED, { recursive: true, mode: 0o700 });
    const store = createFileBlobStore({ directory: blobs, clock: { now: () => Date.now() } });
    yield* intoFolders(pages, { snapshotDirectory, blobs: store, codec });
  }

  const placed: string[] = [];
  await restoreSqlite(directory, rows(), {
    async publish() {
      for (const place of places) {
        await requireEmpty(place);
        await rmdir(place).catch(ignoreMissing);
        await rename(place + UNFINISHED, place);
        placed.push(place);
      }
    },
    async withdraw() {
      for (const place of placed) await rm(place, { recursive: true, force: true });
      await removeUnfinished();
    },
  });
};

const requireEmpty = async (folder: string): Promise<void> => {
  const names = await readdir(folder).catch(ignoreMissing);
  if (names !== undefined && names.length > 0)
    throw new PlatformError(
      "CONFIG_INVALID",
      `${folder} holds something, of another store or of a restore that was broken off; restore into an empty folder, or move it away`,
    );
};

const ignoreMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== "ENOENT") throw error;
};
