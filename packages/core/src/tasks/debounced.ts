/**
 * The pause before a task: events of a trigger, or of one key of it, that come while others still come make one task, with the input of the last.
 *
 * While they come a task of the platform's own takes them in, which has no code: it waits as any task does, in a row, and each event is mail that
 * wakes it. When it was quiet for long enough one unit ends it and makes the task that was waited for, and the store refuses that unit while
 * mail waits. So an event is either taken in before, or finds the task ended and begins the next pause.
 */
import {
  MAX_WAITING_SIGNALS,
  type NewTaskEvent,
  PlatformError,
  type Signal,
  submissionOf,
  type TaskEvent,
} from "@agentcore/contract";
import type { ClaimedTask, NewTask, TaskHead } from "../ports/index.ts";
import { DEBOUNCER, type Debounce, type EventInput } from "./task-router.ts";

/** Member of a task's metadata: of how many events it is the last. */
export const DEBOUNCED = "https://agentcore.dev/a2a/debounced";
const REVISION = "1";
// Half of what may wait for a task: the relay is held up when they come faster than they are taken in.
const MAX_TAKEN = MAX_WAITING_SIGNALS / 2;

/** What the pause is for; the input of its own task. */
interface Pause extends Debounce {
  readonly agent: string;
  /** As it was when the first event came: for an agent that is not declared any more. */
  readonly revision: string;
  /** The event that made the pause. */
  readonly first: Placed;
  /** One at a time. */
  readonly inTurn: boolean;
}

/** What a trigger makes of an event, with its place in the outbox: of events that several nodes carry at once the order in which they come says little. */
export interface Placed {
  readonly position: number;
  readonly input: unknown;
}

/** The task that takes in the events before `task`, which begins with `first`. */
export const pauseBefore = (task: NewTask, first: Placed, debounce: Debounce, inTurn: boolean): NewTask => {
  const [submitted] = task.events;
  if (submitted?.type !== "task.submitted") throw new PlatformError("INTERNAL", "a task begins with its submission");
  const { agent, revision } = task;
  const input: Pause = { ...debounce, agent, revision, first, inTurn };
  const own = { agent: DEBOUNCER, revision: REVISION };
  return {
    ...{ ...task, ...own, dueAt: task.createdAt + Math.min(debounce.quietMs, debounce.maxWaitMs ?? Infinity) },
    events: [{ ...submitted, data: { ...submitted.data, ...own, input } }],
  };
};

/** What the holder of the lease is to write: events that it took in and when to look again, or the task that was waited for. */
export type PauseStep =
  | {
      readonly type: "wait";
      readonly events: readonly NewTaskEvent[];
      readonly consume: readonly string[];
      readonly dueAt: number;
    }
  | { readonly type: "begin"; readonly task: Omit<NewTask, "taskId">; readonly taken: number };

/**
 * Pure. `log`: all of the pause's own. The last event is the one that was committed last; events count from when they came into the mailbox, by
 * the clock of the node that they came to, at the latest from `now`.
 */
export const stepOfPause = (
  head: TaskHead,
  log: readonly TaskEvent[],
  mailbox: ClaimedTask["mailbox"],
  now: number,
  revisionOf: (agent: string) => string | null,
): PauseStep => {
  const begun = submissionOf(log[0]);
  if (begun === null) throw new PlatformError("INTERNAL", `the log of task ${head.taskId} has no submission`);
  const { agent, revision, first, inTurn, quietMs, maxWaitMs, counts } = begun.data.input as Pause;
  let last = first;
  let lastAt = begun.at;
  let taken = 1;
  for (const event of log) {
    if (event.type !== "signal.received") continue;
    taken += 1;
    lastAt = Math.max(lastAt, event.at);
    last = later(last, event.data.payload as Placed | undefined);
  }
  // What people send to it has nobody who would read it.
  const consume = mailbox.map(({ key }) => key);
  const came = mailbox.filter((item) => eventIn(item)?.by === head.caller);
  const latest = came.reduce((known, item) => later(known, eventIn(item)?.payload as Placed), last);
  const events = came.map((item): NewTaskEvent => {
    const { payload, ...known } = eventIn(item) as Signal;
    // Only the last is asked for it.
    const data = payload === latest ? { ...known, payload } : known;
    return { type: "signal.received", at: Math.min(now, item.insertedAt), data };
  });
  for (const { at } of events) lastAt = Math.max(lastAt, at);
  const isFull = taken + events.length >= MAX_TAKEN;
  const dueAt = isFull ? now : Math.min(lastAt + quietMs, begun.at + (maxWaitMs ?? Infinity));
  if (consume.length > 0 || dueAt > now) return { type: "wait", events, consume, dueAt: Math.max(now, dueAt) };
  const { contextId, caller, priority } = head;
  const current = revisionOf(agent) ?? revision;
  const given = counts === true ? { ...(last.input as EventInput), events: taken } : last.input;
  const data = {
    agent,
    revision: current,
    contextId,
    caller,
    input: given,
    priority,
    metadata: { [DEBOUNCED]: { events: taken } },
  };
  return {
    type: "begin",
    taken,
    task: {
      ...{ agent, revision: current, contextId, caller, priority, deadline: null, parent: null, exclusive: inTurn },
      ...{ dueAt: now, createdAt: now, events: [{ type: "task.submitted", at: now, data }] },
    },
  };
};

const later = (one: Placed, other: Placed | undefined): Placed =>
  other === undefined || other.position < one.position ? one : other;

const eventIn = ({ kind, payload }: ClaimedTask["mailbox"][number]): Signal | undefined =>
  kind === "signal" ? (payload as { readonly signal?: Signal }).signal : undefined;
