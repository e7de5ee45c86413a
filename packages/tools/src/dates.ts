import { PlatformError, type Tool, tool } from "@agentcore/sdk";
import { Temporal } from "temporal-polyfill";
import { z } from "zod";
import { refuse } from "./refuse.ts";

export interface DateToolsOptions {
  /** Of dates and times that name none, by IANA. @default "UTC" */
  readonly timeZone?: string;
  /** Milliseconds since 1970. @default the machine's clock; what a call gave is recorded */
  readonly now?: () => number;
}

const When = z.string().min(1).max(100);
const Zone = z.string().min(1).max(100).optional();

/** `now`, `date_add` and `date_difference`: what day it is, and how days are counted. */
export const dateTools = ({ timeZone = "UTC", now = Date.now }: DateToolsOptions = {}): readonly Tool[] => {
  const read = (name: string, text: string, zone = timeZone): Temporal.ZonedDateTime =>
    understood(name, `"${text}" is no date in ISO 8601, such as 2026-02-28 or 2026-02-28T09:30`, () => {
      if (/\[[^\]]+\]$/.test(text)) return Temporal.ZonedDateTime.from(text);
      if (/(?:Z|[+-]\d{2}:?\d{2})$/i.test(text) && text.includes("T"))
        return Temporal.Instant.from(text).toZonedDateTimeISO(zone);
      return Temporal.PlainDateTime.from(text).toZonedDateTime(zone);
    });
  return [
    tool({
      name: "now",
      description: "The date and time now, with the weekday",
      input: z.object({ timeZone: Zone.describe("IANA name, such as Europe/Oslo") }),
      readOnly: true,
      execute: ({ timeZone: zone = timeZone }) =>
        describe(
          understood("now", `there is no time zone "${zone}"`, () =>
            Temporal.Instant.fromEpochMilliseconds(now()).toZonedDateTimeISO(zone),
          ),
        ),
    }),
    tool({
      name: "date_add",
      description:
        "Adds a length of time to a date, also a negative one: P1M is a month, -P2W two weeks back, PT36H 36 hours",
      input: z.object({ date: When, duration: When.describe("ISO 8601, such as P1Y2M10DT2H30M"), timeZone: Zone }),
      readOnly: true,
      execute: ({ date, duration, timeZone: zone }) => {
        const begin = read("date_add", date, zone);
        const length = understood(
          "date_add",
          `"${duration}" is no length of time in ISO 8601, such as P1M or PT36H`,
          () => Temporal.Duration.from(duration),
        );
        return describe(understood("date_add", "the result is beyond all dates", () => begin.add(length)));
      },
    }),
    tool({
      name: "date_difference",
      description: "How long it is from one date to another, in the largest unit that is asked for",
      input: z.object({
        from: When,
        to: When,
        unit: z.enum(["years", "months", "weeks", "days", "hours", "minutes", "seconds"]).default("days"),
        timeZone: Zone,
      }),
      readOnly: true,
      execute: ({ from, to, unit, timeZone: zone }) => {
        const [begin, end] = [read("date_difference", from, zone), read("date_difference", to, zone)];
        const duration = begin.until(end.withTimeZone(begin.timeZoneId), { largestUnit: unit });
        return { [unit]: duration[unit], exact: duration.toString(), businessDays: businessDays(begin, end) };
      },
    }),
  ] as readonly Tool[];
};

const describe = (time: Temporal.ZonedDateTime) => ({
  iso: time.toString({ smallestUnit: "second", timeZoneName: "never" }),
  date: time.toPlainDate().toString(),
  timeZone: time.timeZoneId,
  weekday: WEEKDAYS[time.dayOfWeek - 1],
  week: time.weekOfYear,
});
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** Monday to Friday, from the first day up to but without the last; negative backwards. Holidays are nobody's knowledge here. */
const businessDays = (from: Temporal.ZonedDateTime, to: Temporal.ZonedDateTime): number => {
  const [first, last] = [from.toPlainDate(), to.toPlainDate()];
  const days = first.until(last, { largestUnit: "days" }).days;
  const sign = Math.sign(days);
  const begin = sign < 0 ? last : first;
  const whole = Math.floor(Math.abs(days) / 7);
  const rest = Array.from({ length: Math.abs(days) % 7 }, (_, index) => ((begin.dayOfWeek - 1 + index) % 7) + 1);
  const count = whole * 5 + rest.filter((day) => day <= 5).length;
  return sign < 0 ? -count : count;
};

const understood = <T>(name: string, message: string, read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (PlatformError.is(error) || !(error instanceof RangeError)) throw error;
    throw refuse(name, message);
  }
};

export const isTimeZone = (name: string): boolean => {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
};
