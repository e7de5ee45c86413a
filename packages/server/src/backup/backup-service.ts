/** Takes backups of this node's store while it runs. */
import { Readable } from "node:stream";
import { PlatformError } from "@agentcore/contract";
import type { Clock, StoreArchive, StorePages } from "@agentcore/core/ports";
import type { BackupService } from "../gateway/deps/backup-service.ts";
import { type BackupHeader, FORMAT_VERSION } from "./backup-format.ts";
import { type Beside, withBlobs } from "./blob-rows.ts";
import { MissingList } from "./missing-list.ts";
import { writeBackup } from "./write-backup.ts";

export const createBackupService = ({
  archive,
  store,
  beside,
  version,
  clock,
}: {
  readonly archive: StoreArchive;
  readonly store: BackupHeader["store"];
  /** What is not in the store itself, and how to keep all of it until what is returned is called; null: all is. */
  readonly beside: (Beside & { readonly hold: () => () => void }) | null;
  readonly version: string;
  readonly clock: Pick<Clock, "now">;
}): BackupService => {
  let isBusy = false;
  return {
    take(signal) {
      if (isBusy)
        throw new PlatformError("OVERLOADED", "this node is taking a backup already", { retryAfterMs: 10_000 });
      isBusy = true;
      const takenAt = new Date(clock.now()).toISOString();
      let hasBegun = false;
      const missing = new MissingList();
      // Until the archive has given free what it holds, there is no room for another.
      async function* guarded(): StorePages {
        hasBegun = true;
        // Before the moment of the rows: what they refer to is written after them.
        const release = beside?.hold();
        try {
          const pages = archive.pages({ signal });
          yield* beside === null ? pages : withBlobs(pages, beside, missing);
        } finally {
          release?.();
          isBusy = false;
        }
      }
      const bytes = writeBackup(
        { format: "agentcore-backup", version: FORMAT_VERSION, agentcore: version, takenAt, store },
        guarded(),
        () => missing.found(),
      );
      bytes.once("close", () => {
        if (!hasBegun) isBusy = false;
      });
      const abort = (): void => void bytes.destroy();
      signal.addEventListener("abort", abort, { once: true });
      bytes.once("close", () => signal.removeEventListener("abort", abort));
      return Readable.toWeb(bytes) as ReadableStream<Uint8Array>;
    },
  };
};
