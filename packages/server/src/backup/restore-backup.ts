/** Puts a backup into an empty store that no node uses: all of it or nothing. */
import { PlatformError } from "@agentcore/contract";
import { createKeyring } from "../encryption/keyring.ts";
import { parseEncryptionKeys } from "../encryption/parse-encryption-keys.ts";
import { loadPostgres } from "../load-postgres.ts";
import type { BackupHeader, MissingBlobs } from "./backup-format.ts";
import { type ReadBackup, readBackup } from "./read-backup.ts";
import { restoreFolder } from "./restore-folder.ts";

export type RestoreTarget = { readonly dataDirectory: string } | { readonly database: string };

export interface Restored {
  readonly header: BackupHeader;
  /** Rows by kind. */
  readonly counts: Readonly<Record<string, number>>;
  /** What the store did not have any more when the backup was taken: tasks that need it will be parked. */
  readonly missing: MissingBlobs | undefined;
}

/**
 * `encryptionKeys`: `NAME:KEY` each; a data folder needs them when the backup is sealed, because agents' code lies open in it.
 * Throws PAYLOAD_UNREADABLE without the key, INVALID_ARGUMENT for a file that is cut, changed or none; CONFIG_INVALID when the store is not
 * empty, is in use or cannot be opened; NOT_INSTALLED for a database without its driver; STORE_UNAVAILABLE.
 */
export const restoreBackup = async (
  file: string,
  target: RestoreTarget,
  encryptionKeys: readonly string[] = [],
): Promise<Restored> => {
  // A backup of a data folder has agents' code plain, and the folder that it goes to has it so too.
  const codec = createKeyring({ ...parseEncryptionKeys(encryptionKeys), sealedOnly: false });
  const backup = readBackup(file);
  if ("database" in target) {
    const { restorePostgres } = await loadPostgres();
    await restorePostgres({ url: target.database }, backup.pages);
  } else {
    await restoreFolder(target.dataDirectory, backup.pages, codec);
  }
  return restoredOf(backup);
};

/** Reads all of a backup and keeps nothing. Throws INVALID_ARGUMENT. */
export const checkBackup = async (file: string): Promise<Restored> => {
  const backup = readBackup(file);
  for await (const page of backup.pages) void page;
  return restoredOf(backup);
};

const restoredOf = ({ header, counts, missing }: ReadBackup): Restored => ({
  header: known(header()),
  counts: counts(),
  missing: missing(),
});

const known = (header: BackupHeader | null): BackupHeader => {
  if (header === null) throw new PlatformError("INTERNAL", "a backup without a header was taken for whole");
  return header;
};
