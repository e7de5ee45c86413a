/** Counts by sub-windows of ten seconds, as one document keeps them. */
import { PlatformError } from "@agentcore/contract";

export const WINDOW_MS = 10_000;
/** The current sub-window and six before it cover any sixty seconds that end in it. */
export const WINDOWS = 7;

export interface Amounts {
  readonly requests: number;
  readonly tokens: number;
}

/** By number of the sub-window: wall time in milliseconds divided by WINDOW_MS. */
export type Counts = Map<number, Amounts>;

/**
 * The sub-window to count in. Another node's clock may be ahead: then that is now, up to a minute. What is further ahead was a clock gone wrong.
 */
export const newest = (counts: ReadonlyMap<number, Amounts>, current: number): number => {
  let latest = current;
  for (const window of counts.keys()) if (window > latest && window < current + WINDOWS) latest = window;
  return latest;
};

/** A copy without what no longer counts; what lies in a future that cannot be counts as of now. */
export const prune = (counts: ReadonlyMap<number, Amounts>, current: number): Counts => {
  const kept: Counts = new Map();
  for (const [window, amounts] of counts) if (window > current - WINDOWS) add(kept, Math.min(window, current), amounts);
  return kept;
};

export const add = (counts: Counts, window: number, { requests, tokens }: Amounts): void => {
  const sum = counts.get(window) ?? { requests: 0, tokens: 0 };
  // Given back after it was forgotten, and brought here by a clock that was set: nothing is below nothing.
  const next = { requests: Math.max(0, sum.requests + requests), tokens: Math.max(0, sum.tokens + tokens) };
  if (next.requests === 0 && next.tokens === 0) counts.delete(window);
  else counts.set(window, next);
};

export const sumOf = (counts: ReadonlyMap<number, Amounts>): Amounts => {
  let requests = 0;
  let tokens = 0;
  for (const each of counts.values()) {
    requests += each.requests;
    tokens += each.tokens;
  }
  return { requests, tokens };
};

/** Milliseconds since 1970 when so much has been forgotten that at most `room` is left. */
export const firstFree = (counts: ReadonlyMap<number, Amounts>, member: keyof Amounts, room: number): number => {
  let left = sumOf(counts)[member];
  let free = 0;
  for (const [window, amounts] of [...counts].toSorted(([a], [b]) => a - b)) {
    if (left <= room) break;
    left -= amounts[member];
    free = (window + WINDOWS) * WINDOW_MS;
  }
  return free;
};

/** Throws PAYLOAD_UNREADABLE for what `[...counts]` never looks like: then nothing is granted until it has expired. */
export const readCounts = (value: unknown): Counts => {
  const counts: Counts = new Map();
  for (const entry of Array.isArray(value) ? value : [null]) {
    const [window, amounts] = (Array.isArray(entry) ? entry : []) as [unknown, Partial<Amounts> | undefined];
    const { requests, tokens } = amounts ?? {};
    if (!Number.isSafeInteger(window) || !isCount(requests) || !isCount(tokens))
      throw new PlatformError("PAYLOAD_UNREADABLE", "the counts of a limit a minute cannot be read");
    counts.set(window as number, { requests, tokens });
  }
  return counts;
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
