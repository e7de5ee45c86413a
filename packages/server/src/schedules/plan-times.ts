/** Which of the times that have passed are to be done now. Pure but for the turns that a long count takes. */
import type { ScheduleSpec } from "@agentcore/contract";
import { lastWithin, type Occurrences } from "./occurrences.ts";

/** So late it still counts as on time: nodes start, leases change hands, after 45 s where all nodes are drained, stores are slow. */
export const GRACE_MS = 60_000;
/** At once; the rest comes with the next look. */
const MAX_DUE = 100;
// Of a schedule that a node slept through; more are counted as so many.
const MAX_COUNTED = 1_000;
// Some milliseconds of work.
const COUNTED_IN_A_TURN = 50;

export interface Plan {
  /** To be done, in order. */
  readonly due: readonly number[];
  /** Passed, and not to be done: all before the first of `due`. */
  readonly missed: number;
  /** Up to here nothing is left, once `due` is done. */
  readonly handledUntil: number;
}

export const planTimes = async (options: {
  readonly occurrences: Occurrences;
  /** So much later than its time each is to be done: up to `maxDelayMs`. */
  readonly delayOf: (time: number) => number;
  readonly maxDelayMs: number;
  readonly handledUntil: number;
  readonly now: number;
  readonly catchUp: NonNullable<ScheduleSpec["catchUp"]>;
  readonly turn: () => Promise<void>;
}): Promise<Plan> => {
  const { occurrences, delayOf, maxDelayMs, now, catchUp, turn } = options;
  // Of a clock that was set back: what comes once more is known by its key.
  const from = Math.min(options.handledUntil, now);
  const lateUntil = now - GRACE_MS - maxDelayMs;
  const late: number[] = [];
  for (let time = occurrences.next(from); time !== null && time <= lateUntil && late.length < MAX_COUNTED; ) {
    late.push(time);
    if (late.length % COUNTED_IN_A_TURN === 0) await turn();
    time = occurrences.next(time);
  }
  const lastLate = late.length === MAX_COUNTED ? lastWithin(occurrences, from, lateUntil) : (late.at(-1) ?? null);
  const onTime: number[] = [];
  for (let time = occurrences.next(Math.max(from, lateUntil)); time !== null; time = occurrences.next(time)) {
    if (time + delayOf(time) > now || onTime.length === MAX_DUE) break;
    onTime.push(time);
  }
  const made =
    catchUp === "none" || lastLate === null || (catchUp === "last" && onTime.length > 0)
      ? []
      : catchUp === "last"
        ? [lastLate]
        : lastLate === late.at(-1)
          ? late.slice(-MAX_DUE)
          : await latest(occurrences, { after: from, until: lastLate, turn });
  const due = [...made, ...onTime];
  return { due, missed: late.length - made.length, handledUntil: due.at(-1) ?? lastLate ?? from };
};

const latest = async (
  occurrences: Occurrences,
  { after, until, turn }: { readonly after: number; readonly until: number; readonly turn: () => Promise<void> },
): Promise<readonly number[]> => {
  const found: number[] = [];
  for (let time: number | null = until; time !== null && found.length < MAX_DUE; ) {
    found.push(time);
    await turn();
    time = lastWithin(occurrences, after, time - 1);
  }
  return found.reverse();
};
