import type { ErrorCode } from "@agentcore/contract";

/**
 * A failure on its way to the main thread, which makes a PlatformError of it. The worker imports no other package at
 * run time: which file a package name means depends on conditions that the starting process may not hand down.
 */
export class WorkerFailure extends Error {
  readonly code: ErrorCode;
  readonly isDiskFull: boolean;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { readonly isDiskFull?: boolean } = {}) {
    super(message, options);
    this.code = code;
    this.isDiskFull = options.isDiskFull === true;
  }

  /** What SQLite says about the statement is a defect of ours; what it says about disk, lock or file may pass. */
  static from(error: unknown): WorkerFailure {
    if (error instanceof WorkerFailure) return error;
    const message = error instanceof Error ? error.message : String(error);
    const code = sqliteCode(error);
    if (code === SQLITE_FULL)
      return new WorkerFailure("STORE_UNAVAILABLE", DISK_FULL, { cause: error, isDiskFull: true });
    const ours = code === null || STATEMENT_ERRORS.has(code);
    return new WorkerFailure(ours ? "INTERNAL" : "STORE_UNAVAILABLE", message, { cause: error });
  }
}

/** Without the folder: callers read it too. */
export const DISK_FULL =
  "the disk of the data folder (--data, AGENTCORE_DATA) is full: make room on it, and the node goes on by itself; or stop it, and move the folder to a larger one";

export const SQLITE_BUSY = 5;
const SQLITE_FULL = 13;
// SQLITE_ERROR, TOOBIG, CONSTRAINT, MISMATCH, MISUSE, RANGE. Source: sqlite.org/rescode.html
const STATEMENT_ERRORS = new Set([1, 18, 19, 20, 21, 25]);

/** The primary result code, or null when the error is not SQLite's. */
export const sqliteCode = (error: unknown): number | null =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : null;
