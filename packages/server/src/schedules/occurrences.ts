/** When a schedule comes round. The calendar is croner's, which is loaded when the first schedule needs it. */
import { invalidArgument, PlatformError, parseDuration, type ScheduleSpec } from "@agentcore/contract";

export interface Occurrences {
  /** Milliseconds since 1970 of the first time after that; null when there is none. */
  next(after: number): number | null;
}

/** What of a spec says when; another text is another schedule, which begins with the change. */
export const timingOf = ({ cron, every, timeZone, startsAt, endsAt, suspend }: ScheduleSpec): string =>
  JSON.stringify({ cron, every, timeZone, startsAt, endsAt, suspend });

/**
 * A time that daylight saving leaves out comes as much later as the clocks are put forward, one that it brings twice comes once; patterns that
 * name every hour or minute count them all. Throws INVALID_ARGUMENT.
 */
export const openOccurrences = async (spec: ScheduleSpec): Promise<Occurrences> => {
  const startsAt = spec.startsAt === undefined ? Number.NEGATIVE_INFINITY : Date.parse(spec.startsAt);
  const endsAt = spec.endsAt === undefined ? Number.POSITIVE_INFINITY : Date.parse(spec.endsAt);
  const next = spec.cron === undefined ? everyFrom(spec, startsAt) : await cronIn(spec.cron, spec.timeZone ?? "UTC");
  return {
    next(after) {
      const found = next(Math.max(after, startsAt - 1));
      return found === null || found > endsAt ? null : found;
    },
  };
};

const everyFrom = ({ every = "" }: ScheduleSpec, startsAt: number): Occurrences["next"] => {
  const length = parseDuration(every);
  if (length === null) throw new PlatformError("INTERNAL", "a schedule has neither cron nor every");
  const base = Number.isFinite(startsAt) ? startsAt : 0;
  return (after) => base + (Math.floor((after - base) / length) + 1) * length;
};

const cronIn = async (pattern: string, timeZone: string): Promise<Occurrences["next"]> => {
  try {
    new Intl.DateTimeFormat("en", { timeZone });
  } catch {
    throw invalidArgument("the schedule", [
      { field: "spec.timeZone", description: `expected the name of a time zone, as Europe/Berlin; got ${timeZone}` },
    ]);
  }
  const { Cron } = await import("croner");
  try {
    const cron = new Cron(pattern, { timezone: timeZone, paused: true, mode: "5-or-6-parts" });
    return (after) => cron.nextRun(new Date(after))?.getTime() ?? null;
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/^CronPattern: /, "") : String(error);
    throw invalidArgument("the schedule", [{ field: "spec.cron", description: why }]);
  }
};

/** The last one after `after` that is not after `until`; null when there is none. In some 40 looks, however many there are. */
export const lastWithin = ({ next }: Occurrences, after: number, until: number): number | null => {
  const isWithin = (from: number): number | null => {
    const found = next(from);
    return found === null || found > until ? null : found;
  };
  let best = isWithin(after);
  if (best === null) return null;
  for (let [low, high] = [best, until]; low < high; ) {
    const middle = low + Math.floor((high - low) / 2);
    const found = isWithin(middle);
    if (found === null) high = middle;
    else {
      best = found;
      low = found;
    }
  }
  return best;
};
