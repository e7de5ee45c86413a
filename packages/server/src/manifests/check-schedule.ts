/** What of a Schedule manifest its schema cannot say: whether its pattern and its zone are any, and whether it ever comes round. */
import { invalidArgument, parseDuration, type ScheduleManifest } from "@agentcore/contract";
import { openOccurrences } from "../schedules/occurrences.ts";

const MAX_JITTER_MS = 3_600_000;

/** Throws INVALID_ARGUMENT. */
export const checkSchedule = async ({ metadata, spec }: ScheduleManifest, now: number): Promise<void> => {
  const refuse = (field: string, description: string) =>
    invalidArgument(`schedule "${metadata.name}"`, [{ field, description }]);
  if (spec.jitter !== undefined && (parseDuration(spec.jitter) ?? 0) > MAX_JITTER_MS)
    throw refuse("spec.jitter", "expected an hour at most");
  const occurrences = await openOccurrences(spec);
  // One that has ended may stay.
  if (spec.endsAt === undefined && occurrences.next(now) === null) throw refuse("spec.cron", "it never comes round");
};
