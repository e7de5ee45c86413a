/** Makes the files of a data folder, for this user only. */
import { accessSync, chmodSync, closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname } from "node:path";
import { PlatformError } from "@agentcore/contract";

/** The store, of a data folder. */
export const FILE_NAME = "agentcore.db";

/** For this user only, as the log is: SQLite gives `-wal` and `-journal` the mode of the file. Throws CONFIG_INVALID. */
export const prepareFile = (directory: string, file: string): void =>
  inFolder(directory, () => {
    makeFile(file);
    // What a crash of an earlier version left behind was open to others.
    for (const left of [file, `${file}-wal`, `${file}-shm`]) if (existsSync(left)) chmodSync(left, 0o600);
  });

/** An empty file, unless it is there, which another process may take away meanwhile. Throws CONFIG_INVALID. */
export const makeLockFile = (directory: string, file: string): void => inFolder(directory, () => makeFile(file));

const inFolder = (directory: string, work: () => void): void => {
  try {
    makeDirectory(directory);
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
    work();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PlatformError(
      "CONFIG_INVALID",
      `the data folder ${directory} cannot be made or written (${reason}); choose another, or change its permissions`,
      { cause, details: { dataDirectory: directory } },
    );
  }
};

/** Never opened when it is there: closing any handle of a file gives up the locks that this process holds on it. */
const makeFile = (file: string): void => {
  if (!existsSync(file)) unlessThere(() => closeSync(openSync(file, "ax", 0o600)));
};

/** One level at a time: `recursive` of Node 24 never returns where folders cannot be made although their parent is there, as in /proc. */
const makeDirectory = (directory: string): void => {
  if (existsSync(directory)) return;
  makeDirectory(dirname(directory));
  unlessThere(() => mkdirSync(directory, { mode: 0o700 }));
};

/** Another process may make the same meanwhile. */
const unlessThere = (make: () => void): void => {
  try {
    make();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
};
