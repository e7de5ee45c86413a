/** What a fork takes over of a log: pure. Of the task itself nothing comes along: no lease, no parent, no deadline, no end. */
import {
  type A2ATask,
  type FieldViolation,
  invalidArgument,
  type NewTaskEvent,
  PlatformError,
  type TaskEvent,
} from "@agentcore/contract";
import { carriedBy } from "./call-records.ts";
import { recordedAs, unlikeResult } from "./journal.ts";
import { askedAnew } from "./unanswered-consents.ts";

/** An event, and its number in the log that it was taken from; null for what was made for the fork. */
export interface TakenEvent {
  readonly event: NewTaskEvent;
  readonly from: number | null;
}

type Call = Extract<TaskEvent, { readonly data: { readonly path: string; readonly kind: string } }>;

/** Events that a task has of itself. */
const ITS_OWN: ReadonlySet<TaskEvent["type"]> = new Set<TaskEvent["type"]>([
  ...(["task.submitted", "log.compacted", "task.assigned", "task.parked"] as const),
  ...(["breakpoints.changed", "call.held", "call.released"] as const),
  // What is taken over reads as the revision of now has it.
  ...(["task.migrated", "task.migrationRefused"] as const),
  ...(["task.completed", "task.failed", "task.canceled", "task.rejected"] as const),
]);

/** After these the code ends, or takes back what it did. */
export const endsIt = (event: TaskEvent): boolean =>
  event.type === "task.cancelRequested" ||
  event.type === "task.deadlinePassed" ||
  (event.type === "checkpoint.created" &&
    (event.data.cancelRequested !== undefined || event.data.deadlinePassed === true));

const isEnd = (event: TaskEvent): boolean => ITS_OWN.has(event.type) && !START.has(event.type);
const START: ReadonlySet<string> = new Set(["task.submitted", "log.compacted", "task.assigned"]);

/** The last event before the task ended, was told to, or was parked: what a fork of all of it takes over. `events` is in order. */
export const lastToTake = (events: readonly TaskEvent[]): number => {
  const told = events.findIndex(endsIt);
  const before = told === -1 ? events : events.slice(0, told);
  return before.findLast((event) => !isEnd(event))?.seq ?? 1;
};

/**
 * Where calls were that came to their end, and where they are: since the checkpoint that `events` begin with, if they do. Of a path there is
 * one result.
 */
export const resultsIn = (events: readonly TaskEvent[]): ReadonlyMap<string, number> => {
  const results = new Map<string, number>();
  for (const event of events.flatMap(unpacked))
    if (resultOf(event) !== null) results.set(resultOf(event) as string, event.seq);
  return results;
};

/** With what a checkpoint carries, as events behind it. */
const unpacked = (event: TaskEvent): readonly TaskEvent[] =>
  event.type === "checkpoint.created" ? [event, ...carriedBy(event).map((call) => call.event)] : [event];

/** Of what a checkpoint carries those, and neither breakpoints nor rules: nobody knows the fork's calls by names of before. */
const carrying = <Event extends NewTaskEvent>(event: Event, isKept: (event: TaskEvent) => boolean): Event => {
  if (event.type !== "checkpoint.created") return event;
  const { debug: _, migrated: __, carried, ...data } = event.data;
  const kept = carried?.filter((call) => isKept({ seq: 1, ...call } as unknown as TaskEvent));
  return { ...event, data: { ...data, ...(kept === undefined ? {} : { carried: kept }) } };
};

const resultOf = (event: TaskEvent): string | null => {
  switch (event.type) {
    case "step.completed":
      return event.data.path;
    case "step.failed":
      return event.data.retryAt === undefined ? event.data.path : null;
    case "decision.made":
      return event.data.kind === "choice" || event.data.kind === "guard" ? (event.data.path ?? null) : null;
    default:
      return null;
  }
};

/**
 * The events after the submission that the fork begins with. Calls that are under way begin anew, so nothing is left of them; a sleep goes on.
 * Consent that nobody has given yet is asked for anew.
 * Throws REPLAY_DIFFERS past a cancel or the deadline.
 */
export const takeOver = (events: readonly TaskEvent[], at: number): TakenEvent[] => {
  const upTo = events.filter(({ seq }) => seq <= at);
  const told = upTo.find(endsIt);
  if (told !== undefined)
    throw new PlatformError(
      "REPLAY_DIFFERS",
      told.type === "checkpoint.created"
        ? "the task had been told to end before this part of its log: it cannot be forked from here"
        : `event ${told.seq} tells the task to end (${told.type}), and a fork would end as well: fork at ${told.seq - 1} or before`,
      { details: { seq: told.seq } },
    );
  const settled = resultsIn(upTo);
  const sleeps = new Set(
    upTo
      .flatMap(unpacked)
      .flatMap((event) => (event.type === "step.started" && event.data.kind === "sleep" ? [event.data.path] : [])),
  );
  // Begun at most once: to make them anew could do twice what they did.
  const begun = new Set(
    upTo.flatMap((event) => (event.type === "step.started" && event.data.kind === "tool" ? [event.data.path] : [])),
  );
  const isKept = (event: TaskEvent): boolean => {
    if (ITS_OWN.has(event.type)) return false;
    // Text of a model's answer as it came is of a call, and begins anew with it.
    if (event.type === "task.progressed" || (event.type === "artifact.appended" && event.data.kind !== "model"))
      return true;
    const path = pathOf(event);
    return path === null || settled.has(path) || sleeps.has(path) || begun.has(path);
  };
  return askedAnew(upTo.filter(isKept)).map(({ seq, ...event }) => ({
    event: carrying(event as NewTaskEvent, isKept),
    from: seq,
  }));
};

const pathOf = ({ data }: Pick<TaskEvent, "data">): string | null =>
  "path" in data && typeof data.path === "string" ? data.path : null;

/** What was folded by compaction, as events: the fork is to have all that the task has made. */
export const foldedArtifacts = ({ artifacts = [] }: A2ATask, at: number): TakenEvent[] =>
  artifacts.flatMap(({ parts, ...artifact }) =>
    chunksOf(parts).map((chunk, index): TakenEvent => {
      const path = `artifact:${artifact.artifactId}${index === 0 ? "" : `#${index + 1}`}`;
      const said = { path, kind: "artifact" as const, append: index > 0, lastChunk: true };
      return {
        event: { type: "artifact.appended", at, data: { ...said, artifact: { ...artifact, parts: chunk } } },
        from: null,
      };
    }),
  );

// As many as an event of an artifact may bring.
const MAX_PARTS = 1000;
const chunksOf = <Item>(items: readonly Item[]): Item[][] =>
  Array.from({ length: Math.ceil(items.length / MAX_PARTS) }, (_, index) =>
    items.slice(index * MAX_PARTS, (index + 1) * MAX_PARTS),
  );

/**
 * Results of calls as they are to be instead, also of calls that are under way in `events`. Throws INVALID_ARGUMENT for a path that is none
 * of a call, or a value that it cannot have come to.
 */
export const withResults = (
  taken: readonly TakenEvent[],
  events: readonly TaskEvent[],
  results: Readonly<Record<string, unknown>>,
): TakenEvent[] => {
  const isAsItWas = (event: TaskEvent): boolean => !Object.hasOwn(results, resultOf(event) ?? "");
  const changed = taken.map(({ event, from }) => ({ event: carrying(event, isAsItWas), from }));
  const violations: FieldViolation[] = [];
  for (const [path, value] of Object.entries(results)) {
    const index = changed.findLastIndex(
      ({ event, from }) => from !== null && resultOf({ ...event, seq: from } as TaskEvent) === path,
    );
    const place = changed[index];
    const call = place === undefined ? openCall(events, path) : { seq: place.from, ...place.event };
    const refuse = (description: string): void => void violations.push({ field: `set.${path}`, description });
    if (call === null) refuse(`expected the path of a call: ${pathsIn(events)}`);
    else if (call.type === "decision.made" && call.data.kind === "guard")
      refuse("what a policy or a guardrail said stays as it is: it is no result of a call");
    else if (call.type === "decision.made") {
      if (typeof value !== "string" || value === "") refuse("expected the name of what is chosen");
      else
        changed[index] = {
          event: { ...call, data: { ...call.data, choice: value } } as NewTaskEvent,
          from: place?.from ?? null,
        };
    } else {
      const unlike = unlikeResult((call as Call).data.kind, value);
      if (unlike !== null) {
        refuse(unlike);
        continue;
      }
      // A call that is under way ends after all that is taken over.
      const at = place === undefined ? Math.max(call.at, changed.at(-1)?.event.at ?? 0) : call.at;
      const completed = completedAs({ at, data: (call as Call).data }, value);
      if (place === undefined) changed.push({ event: completed, from: null });
      else changed[index] = { event: completed, from: place.from };
    }
  }
  if (violations.length > 0) throw invalidArgument("the fork", violations);
  return changed;
};

const completedAs = ({ at, data }: Pick<Call, "at" | "data">, value: unknown): NewTaskEvent => {
  const { path, kind, inputHash } = data;
  const result = recordedAs(data, value, "result" in data ? data.result : undefined);
  return {
    type: "step.completed",
    at,
    data: { path, kind, ...(inputHash === undefined ? {} : { inputHash }), result },
  };
};

/** The first event of a call without a result. */
const openCall = (events: readonly TaskEvent[], path: string): Call | null =>
  (events
    .flatMap(unpacked)
    .find((event) =>
      event.type.startsWith("step.") || event.type.endsWith("Required") ? pathOf(event) === path : false,
    ) as Call | undefined) ?? null;

const MAX_NAMED = 20;
const pathsIn = (events: readonly TaskEvent[]): string => {
  const paths = [...new Set(events.flatMap((event) => resultOf(event) ?? []))];
  if (paths.length === 0) return "none has a result by then";
  const named = paths.slice(0, MAX_NAMED).join(", ");
  return paths.length > MAX_NAMED ? `${named} and ${paths.length - MAX_NAMED} more` : named;
};
