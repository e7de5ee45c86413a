import type { ErrorCode } from "@agentcore/contract";

/**
 * A failure on its way to the main thread, which makes a PlatformError of it. The worker imports no other package at
 * run time: which file a package name means depends on conditions that the starting process may not hand down.
 */
export class WorkerFailure extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** What SQLite says about the statement is a defect of ours; what it says about disk, lock or file may pass. */
  static from(error: unknown): WorkerFailure {
    if (error instanceof WorkerFailure) return error;
    const message = error instanceof Error ? error.message : String(error);
    const code = sqliteCode(error);
    const ours = code === null || STATEMENT_ERRORS.has(code);
    return new WorkerFailure(ours ? "INTERNAL" : "STORE_UNAVAILABLE", message, { cause: error });
  }
}

export const SQLITE_BUSY = 5;
// SQLITE_ERROR, TOOBIG, CONSTRAINT, MISMATCH, MISUSE, RANGE. Source: sqlite.org/rescode.html
const STATEMENT_ERRORS = new Set([1, 18, 19, 20, 21, 25]);

/** The primary result code, or null when the error is not SQLite's. */
export const sqliteCode = (error: unknown): number | null =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : null;
