/** Fills a data folder that has no store yet: everything is written to a file beside it, which gets its name when all of it is there. */
import { existsSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PlatformError } from "@agentcore/contract";
import type { StorePages } from "@agentcore/core/ports";
import { takeCreationLock } from "./creation-lock.ts";
import { migrate } from "./migrations.ts";
import { RowWriter } from "./row-writer.ts";
import { removeCopy } from "./sqlite-archive.ts";
import { FILE_NAME, prepareFile } from "./store-file.ts";
import { syncFolder } from "./sync-folder.ts";
import { sqliteCode } from "./worker-failure.ts";

/** What belongs to a store and lies beside its file. */
export interface RestoredBeside {
  /** Brings it to its place: called when all rows are written, just before the file gets its name. */
  publish(): Promise<void>;
  /** Takes it away again: the restore has failed. */
  withdraw(): Promise<void>;
}

const NOTHING: RestoredBeside = { publish: async () => {}, withdraw: async () => {} };

/**
 * Leaves out blobs, which this store does not hold. One at a time: while `pages` are read and `beside` is called, no other restore and no
 * node makes a store in the folder. Throws CONFIG_INVALID when another does, when the folder has a store, or what is left of one, or cannot
 * be written, and what `pages` and `beside` throw.
 */
export const restoreSqlite = async (
  directory: string,
  pages: StorePages,
  beside: RestoredBeside = NOTHING,
): Promise<void> => {
  const lock = takeCreationLock(directory);
  if (lock === null)
    throw new PlatformError(
      "CONFIG_INVALID",
      `another restore into ${directory} is under way, or a node is making its store there; wait for it to end and look at what came, or restore into another folder`,
    );
  try {
    await restore(directory, pages, beside);
  } finally {
    lock.release();
  }
};

/** What it finds unfinished is of a process that was killed. */
const restore = async (directory: string, pages: StorePages, beside: RestoredBeside): Promise<void> => {
  const file = join(directory, FILE_NAME);
  requireNone(directory);
  const unfinished = `${file}.restoring`;
  await removeCopy(unfinished);
  prepareFile(directory, unfinished);
  let isNamed = false;
  try {
    await write(unfinished, pages);
    await syncFile(unfinished);
    // Somebody may have put files there meanwhile, who asks for no lock.
    requireNone(directory);
    await beside.publish();
    await syncFolder(directory);
    await rename(unfinished, file);
    isNamed = true;
    await syncFolder(directory);
  } catch (error) {
    await removeCopy(unfinished);
    if (!isNamed) await beside.withdraw();
    throw restoreFailure(error, file);
  }
};

/** A journal that a killed process left is of another file, and SQLite would write it over the restored one. */
const requireNone = (directory: string): void => {
  if (existsSync(join(directory, FILE_NAME)))
    throw new PlatformError("CONFIG_INVALID", `${directory} has a store already; restore into a folder without one`);
  const left = ["-wal", "-shm", "-journal"].map((suffix) => FILE_NAME + suffix);
  const found = left.filter((name) => existsSync(join(directory, name)));
  if (found.length > 0)
    throw new PlatformError(
      "CONFIG_INVALID",
      `${directory} holds ${found.join(" and ")} of a store that was there, with writes that belong to it; restore into an empty folder, or move that store's files away, all of them`,
    );
};

const SQLITE_CONSTRAINT = 19;

/** What the source of the pages throws is its own. */
const restoreFailure = (error: unknown, file: string): unknown => {
  const code = sqliteCode(error);
  if (code === null) return error;
  const message = error instanceof Error ? error.message : String(error);
  return code === SQLITE_CONSTRAINT
    ? new PlatformError("INVALID_ARGUMENT", `the rows do not fit each other: ${message}`, { cause: error })
    : new PlatformError("STORE_UNAVAILABLE", `${file} could not be written: ${message}`, { cause: error });
};

const write = async (file: string, pages: StorePages): Promise<void> => {
  const database = new DatabaseSync(file);
  try {
    // Until it has its name, nothing rests on this file: it is brought to the disk once, at the end. Without a journal at all is not to be
    // had: node:sqlite opens files in SQLite's defensive mode, which leaves the one on the disk then, and says nothing.
    database.exec("pragma journal_mode = memory; pragma synchronous = off; pragma cache_size = -65536");
    migrate(database, file);
    const writer = new RowWriter(database);
    database.exec("begin");
    for await (const page of pages) for (const row of page) writer.write(row);
    writer.end();
    database.exec("commit");
  } finally {
    database.close();
  }
};

const syncFile = async (file: string): Promise<void> => {
  // To be written, which is what Windows asks of who brings a file to the disk.
  const handle = await open(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
};
