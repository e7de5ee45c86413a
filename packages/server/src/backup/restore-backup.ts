/** Puts a backup into an empty store that no node uses: all of it or nothing. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { PlatformError } from "@agentcore/contract";
import { BLOB_FOLDER, createFileBlobStore, restoreSqlite } from "@agentcore/sqlite";
import { createKeyring } from "../encryption/keyring.ts";
import { parseEncryptionKeys } from "../encryption/parse-encryption-keys.ts";
import type { BackupHeader } from "./backup-format.ts";
import { intoFolders } from "./blob-rows.ts";
import { readBackup } from "./read-backup.ts";

export type RestoreTarget = { readonly dataDirectory: string } | { readonly database: string };

export interface Restored {
  readonly header: BackupHeader;
  /** Rows by kind. */
  readonly counts: Readonly<Record<string, number>>;
}

/**
 * `encryptionKeys`: `NAME:KEY` each; a data folder needs them when the backup is sealed, because agents' code lies open in it.
 * Throws PAYLOAD_UNREADABLE without the key, INVALID_ARGUMENT for a file that is cut, changed or none; CONFIG_INVALID when the store is not empty, is in use or cannot be
 * opened; STORE_UNAVAILABLE.
 */
export const restoreBackup = async (
  file: string,
  target: RestoreTarget,
  encryptionKeys: readonly string[] = [],
): Promise<Restored> => {
  const codec = createKeyring(parseEncryptionKeys(encryptionKeys));
  const backup = readBackup(file);
  if ("database" in target) {
    const { restorePostgres } = await import("@agentcore/postgres").catch((cause: unknown) => {
      throw new PlatformError(
        "CONFIG_INVALID",
        "a database needs @agentcore/postgres; npm install @agentcore/postgres",
        {
          cause,
        },
      );
    });
    await restorePostgres({ url: target.database }, backup.pages);
  } else {
    const { dataDirectory } = target;
    const revisions = join(dataDirectory, "revisions");
    const blobs = createFileBlobStore({
      directory: join(dataDirectory, BLOB_FOLDER),
      clock: { now: () => Date.now() },
    });
    const beside = { snapshotDirectory: revisions, blobs, codec };
    await restoreSqlite(dataDirectory, intoFolders(backup.pages, beside));
    await mkdir(revisions, { recursive: true, mode: 0o700 });
  }
  return { header: known(backup.header()), counts: backup.counts() };
};

/** Reads all of a backup and keeps nothing. Throws INVALID_ARGUMENT. */
export const checkBackup = async (file: string): Promise<Restored> => {
  const backup = readBackup(file);
  for await (const page of backup.pages) void page;
  return { header: known(backup.header()), counts: backup.counts() };
};

const known = (header: BackupHeader | null): BackupHeader => {
  if (header === null) throw new PlatformError("INTERNAL", "a backup without a header was taken for whole");
  return header;
};
