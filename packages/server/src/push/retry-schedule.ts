/** When a notification that was not taken is sent again. */

// As everywhere on the platform, the first tries come after 100, 200 and 400 ms; then on, doubling.
const FIRST_MS = 100;
const MAX_MS = 3_600_000;
// What the receiver refused, or an address that may not be called, is no matter of moments.
const SLOW_MS = 60_000;
const JITTER = 0.25;

/** Nothing waits longer for its next attempt: what seems to was stored by another clock, or before this one was set back. */
export const MAX_RETRY_DELAY_MS = MAX_MS * (1 + JITTER);

/** A receiver that was away for so long is given up. */
export const GIVE_UP_AFTER_MS = 86_400_000;

export type FailureKind =
  /** May work in a moment: no connection, no answer, 408, 409, 425, 429, 5xx. */
  | "transient"
  /** Will not before somebody changes something: any other status, a redirect, an address that may not be called. */
  | "refused"
  /** 410: the receiver wants no more of it. */
  | "gone";

export const failureOf = (status: number): FailureKind => {
  if (status === 410) return "gone";
  return status >= 500 || status === 408 || status === 409 || status === 425 || status === 429
    ? "transient"
    : "refused";
};

/** Milliseconds to wait after the `attempts`-th failure in a row, at most an hour and a quarter. `random` is at least 0 and below 1. */
export const retryDelay = (failure: {
  readonly attempts: number;
  readonly kind: Exclude<FailureKind, "gone">;
  readonly retryAfterMs?: number | undefined;
  readonly random: number;
}): number => {
  const doubled = Math.min(MAX_MS, FIRST_MS * 2 ** Math.min(30, failure.attempts - 1));
  const base = Math.max(doubled, failure.kind === "refused" ? SLOW_MS : 0, Math.min(failure.retryAfterMs ?? 0, MAX_MS));
  return Math.round(base * (1 + JITTER * failure.random));
};

/** What a `Retry-After` asks for, from `now` on: seconds, or a date (RFC 9110, 10.2.3). */
export const retryAfterOf = (header: string | null, now: number): number | undefined => {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now);
};
