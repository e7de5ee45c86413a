/** When work is begun by itself, and how that goes. */
import { z } from "zod";
import { DurationText } from "./duration.ts";
import { Priority } from "./events.ts";
import { NAME_PATTERN } from "./message.ts";

const expectedTime = "expected a time as 2026-01-31T12:00:00Z, with Z or an offset";
const TimeText = z.iso.datetime({ offset: true, error: expectedTime });

/** Exactly one of `cron` and `every`. Whether the pattern and the zone are any is for the node, which knows the calendar. */
export const ScheduleSpec = z
  .strictObject({
    /** Five fields (minute hour day month weekday), or six with seconds before them. */
    cron: z
      .string()
      .max(200)
      .regex(/^[^\s]+( +[^\s]+){4,5}$/, {
        error: "expected five fields, as in 0 9 * * MON-FRI (minute hour day month weekday), or six with seconds first",
      })
      .optional(),
    /** From `startsAt`, or else from 1970 on: `15m` is at :00, :15, :30 and :45. */
    every: DurationText.optional(),
    /** IANA name, for `cron`. @default "UTC" */
    timeZone: z.string().min(1).max(64).optional(),
    target: z.union(
      [
        z.strictObject({ agent: z.string().regex(NAME_PATTERN) }),
        z.strictObject({ capability: z.string().min(1).max(200) }),
      ],
      { error: "expected { agent } or { capability }" },
    ),
    skill: z.string().min(1).max(200).optional(),
    /** What `run` gets: any JSON. */
    input: z.unknown().optional(),
    /** @default "normal" */
    priority: Priority.optional(),
    /** skip: not while the task of the last time is still open. @default "skip" */
    overlap: z.enum(["allow", "skip"]).optional(),
    /** What becomes of times that passed while no node was up. all: the latest 100 at most. @default "last" */
    catchUp: z.enum(["none", "last", "all"]).optional(),
    startsAt: TimeText.optional(),
    endsAt: TimeText.optional(),
    /** Each time is late by up to so much, at random but always the same: an hour at most. @default none */
    jitter: DurationText.optional(),
    /** Times that pass meanwhile are not made up for. @default false */
    suspend: z.boolean().optional(),
    /** How long each task may take. @default the agent's */
    deadline: DurationText.optional(),
  })
  .superRefine((spec, context) => {
    const issue = (member: string, message: string) => context.addIssue({ code: "custom", path: [member], message });
    if ((spec.cron === undefined) === (spec.every === undefined)) issue("cron", "expected either cron or every");
    if (spec.timeZone !== undefined && spec.cron === undefined)
      issue("timeZone", "says nothing without cron: `every` counts time, whatever the clocks show");
    if (
      spec.startsAt !== undefined &&
      spec.endsAt !== undefined &&
      Date.parse(spec.endsAt) <= Date.parse(spec.startsAt)
    )
      issue("endsAt", "expected a time after startsAt");
  });
export type ScheduleSpec = z.infer<typeof ScheduleSpec>;

const epochMs = z.number();

/** How a schedule goes; times are milliseconds since 1970. */
export const ScheduleStatus = z.object({
  name: z.string(),
  state: z.enum(["active", "suspended", "ended"]),
  spec: ScheduleSpec,
  /** The times to come, five at most. */
  next: z.array(epochMs),
  /** The last time that a task was begun for. */
  last: z.object({ time: epochMs, taskId: z.string(), state: z.string().optional() }).optional(),
  /** Tasks begun. */
  started: z.int(),
  /** Times left out because the task of the time before was still open. */
  skipped: z.int(),
  /** Times that passed while no node was up, or the work was refused for now, and were not made up for. */
  missed: z.int(),
  /** Times whose work was refused. */
  failed: z.int(),
  /** Why it was refused when it was last, if nothing was begun since. */
  failure: z.object({ time: epochMs, code: z.string(), message: z.string() }).optional(),
});
export type ScheduleStatus = z.infer<typeof ScheduleStatus>;
