/** Why a task cannot go on by itself: the errors it is parked with, fails with (I10), or is told to end for. */
import { CancelledError, PlatformError } from "@agentcore/contract";

// A log longer than this is slow to replay; `ctx.continueAs` starts afresh (design: Growth).
export const MAX_EVENTS = 10_000;
// After five claims without a new event the sixth would only lose another process.
export const MAX_ATTEMPTS = 5;

export const historyLimit = (seq: number): PlatformError =>
  new PlatformError(
    "HISTORY_LIMIT",
    `the log holds ${seq} events, ${MAX_EVENTS} are allowed; use ctx.continueAs(state)`,
  );

/** `why`: the last try was lost, where that is known. */
export const attemptsExhausted = (attempts: number, why?: string): PlatformError =>
  new PlatformError(
    "ATTEMPTS_EXHAUSTED",
    `the task was claimed ${attempts} times without a new event${why === undefined ? "" : `; of the last try ${why}`}`,
  );

export const revisionUnavailable = (agent: string, revision: string): PlatformError =>
  new PlatformError(
    "REVISION_UNAVAILABLE",
    `revision ${revision} of agent ${agent} cannot be loaded here; apply it again, then retry the task`,
  );

export const deadlineExceeded = (deadline: number): PlatformError =>
  new PlatformError("DEADLINE_EXCEEDED", `the task did not finish before its deadline (${deadline} ms since 1970)`);

export const canceledFor = (reason: string | undefined): CancelledError =>
  new CancelledError(reason ?? "the task was canceled");

/** The code makes a call that the log has with other content. */
export const differsFromLog = (path: string, recorded: object, asked: object): PlatformError =>
  new PlatformError("NON_DETERMINISTIC", `the code asks for ${path} with other content than the log recorded`, {
    details: { path, recorded, asked },
  });

/** The code passes calls by that the log has. */
export const passesBy = (recorded: readonly string[], asked: readonly string[]): PlatformError =>
  new PlatformError(
    "NON_DETERMINISTIC",
    `the log recorded ${recorded[0]}, which the code now passes by; changed code needs ctx.patched(id) or a new task`,
    { details: { recorded: recorded.slice(0, 20), asked: asked.slice(0, 20) } },
  );

/** No call is open and the code has not ended: it waits for something that ctx knows nothing about. */
export const outsideAwait = (recorded: string | null): PlatformError =>
  new PlatformError(
    "OUTSIDE_AWAIT",
    "the code waits for something that did not come through ctx; wrap it in ctx.step(name, fn)",
    { details: recorded === null ? {} : { recorded } },
  );
