import { isoTime } from "../iso-time.ts";

export type PeriodLength = "hour" | "day" | "week" | "month" | "total";

export interface CalendarPeriod {
  /** Tells periods of one length apart: the day it begins with, of hours the hour too, of months the month; "total". */
  readonly key: string;
  /** Milliseconds since 1970; null: it does not end. */
  readonly endsAt: number | null;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// 1970 began on a Thursday, three days after a Monday.
const MONDAY_OFFSET_DAYS = 3;

/** The period that `now` lies in, by the calendar in UTC, weeks from Monday (ISO 8601). */
export const periodOf = (length: PeriodLength, now: number): CalendarPeriod => {
  switch (length) {
    case "total":
      return { key: "total", endsAt: null };
    case "hour": {
      const beginsAt = Math.floor(now / HOUR_MS) * HOUR_MS;
      return { key: isoTime(beginsAt).slice(0, 13), endsAt: beginsAt + HOUR_MS };
    }
    case "day": {
      const beginsAt = Math.floor(now / DAY_MS) * DAY_MS;
      return { key: isoTime(beginsAt).slice(0, 10), endsAt: beginsAt + DAY_MS };
    }
    case "week": {
      const days = Math.floor(now / DAY_MS) + MONDAY_OFFSET_DAYS;
      const beginsAt = (days - (days % 7) - MONDAY_OFFSET_DAYS) * DAY_MS;
      return { key: `week-${isoTime(beginsAt).slice(0, 10)}`, endsAt: beginsAt + 7 * DAY_MS };
    }
    case "month": {
      const beginsAt = beginOfMonth(now);
      // No month has more than 31 days, so the 32nd day after its first lies in the next.
      return { key: isoTime(beginsAt).slice(0, 7), endsAt: beginOfMonth(beginsAt + 31 * DAY_MS) };
    }
  }
};

const beginOfMonth = (now: number): number => {
  const dayOfMonth = Number(isoTime(now).slice(8, 10));
  return (Math.floor(now / DAY_MS) - (dayOfMonth - 1)) * DAY_MS;
};
