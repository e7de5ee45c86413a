/**
 * Held by whoever makes the store of a data folder, a node that starts in an empty one or a restore, until the store's file is there: one
 * at a time, and what each finds unfinished is nobody's. It is SQLite's lock on an empty file beside the store, which the system gives up
 * when the process dies, however it dies; the file that such a process leaves hinders nobody and goes with the next one.
 */
import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PlatformError } from "@agentcore/contract";
import { FILE_NAME, makeLockFile } from "./store-file.ts";
import { SQLITE_BUSY, sqliteCode } from "./worker-failure.ts";

export interface CreationLock {
  /** Takes the lock's file away too. */
  release(): void;
}

// Each failure means that another process has held the lock and let it go within this millisecond.
const MAX_ATTEMPTS = 5;

/**
 * Makes the folder when it is not there. Null when another has the lock, in this process or elsewhere; nothing waits. Throws
 * CONFIG_INVALID when the folder cannot be made or written, STORE_UNAVAILABLE when its file system locks nothing.
 */
export const takeCreationLock = (directory: string): CreationLock | null => {
  const file = join(directory, `${FILE_NAME}.creation-lock`);
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    makeLockFile(directory, file);
    const before = identityOf(file);
    const database = lock(file);
    if (database === null) return null;
    // The holder before takes the file away: who has opened that one has locked what nobody else will ever open.
    if (before !== undefined && identityOf(file) === before) return { release: () => release(database, file) };
    database.close();
  }
  return null;
};

/** An inode alone does not do: its number is given again as soon as its file is gone. */
const identityOf = (file: string): string | undefined => {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found && `${found.ino} ${found.birthtimeNs}`;
};

const lock = (file: string): DatabaseSync | null => {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(file, { timeout: 0 });
    // A journal on the disk would be one more file to leave.
    database.exec("pragma journal_mode = memory; begin exclusive");
    return database;
  } catch (error) {
    database?.close();
    const code = sqliteCode(error);
    if (code === SQLITE_BUSY) return null;
    if (code === null) throw error;
    const { message } = PlatformError.from(error);
    throw new PlatformError(
      "STORE_UNAVAILABLE",
      `${file} could not be locked (${message}); move it away, or choose a folder where files can be locked`,
      { cause: error },
    );
  }
};

/** Windows removes no file that is open; so when it can be removed there, nobody else has opened it. */
const release = (database: DatabaseSync, file: string): void => {
  const isWindows = process.platform === "win32";
  if (!isWindows) removeIfPossible(file);
  database.close();
  if (isWindows) removeIfPossible(file);
};

const removeIfPossible = (file: string): void => {
  try {
    rmSync(file, { force: true });
  } catch {
    // It hinders nobody, and what it was held for is done.
  }
};
