/**
 * Tasks that events of one key make, one at a time, by a trigger with `correlate`. They share a context, which stands for trigger and key, and each names
 * the task that it comes after: so a task is followed by one, whoever begins that.
 *
 * C1 An event is in one place: in the outbox, in the mailbox or the log of an open task that has not taken it, or taken. What moves it moves it in one unit.
 * C2 What a task had not taken when it ended, however it ended, is moved by the unit that ends it: the first such event begins the next task, the others
 *    wait for that. Nobody else can have begun it, since nobody has seen the end of the one before.
 */
import type { NewTaskEvent, Signal, TaskEvent } from "@agentcore/contract";
import type { Clock, Digest, MailboxInsert, MailboxItem, NewTask, TaskHead } from "../ports/index.ts";
import { noteSignals } from "./incoming-signals.ts";
import { DEBOUNCER } from "./task-router.ts";

const CALLER = "event:";

/** Whom tasks belong to that events of a topic, or of a pattern of topics, begin. Nobody else has such a name. */
export const callerOf = (topic: string): string => `${CALLER}${topic}`;

/** A task that begins with an event. */
export const eventTask = ({
  input,
  now,
  ...task
}: Pick<NewTask, "taskId" | "agent" | "revision" | "contextId" | "caller"> & {
  readonly input: unknown;
  readonly now: number;
}): NewTask => {
  const { agent, revision, contextId, caller } = task;
  const priority = "normal";
  const submitted: NewTaskEvent = {
    type: "task.submitted",
    at: now,
    data: { agent, revision, contextId, caller, input, priority },
  };
  return { ...task, priority, deadline: null, parent: null, dueAt: now, createdAt: now, events: [submitted] };
};

/** Of the task that an event begins in a context of its key. */
export const correlatedTaskId = (digest: Digest, tenantId: string, contextId: string, eventId: string): string =>
  digest.sha256(JSON.stringify([tenantId, eventId, contextId])).slice(0, 32);

/** Idempotency key of the task that comes after `taskId` in a context; "": of the first. */
export const keyAfter = (contextId: string, taskId: string): string => `correlate/${contextId}/${taskId}`;

/** An event, as mail for the task of its key. */
export const eventMail = (taskId: string, signal: Signal, ifTerminal: MailboxInsert["ifTerminal"]): MailboxInsert => ({
  ...{ taskId, key: `signal:${signal.id}`, kind: "signal", ifTerminal },
  payload: { type: "signal", signal },
});

type Correlated = Pick<TaskHead, "tenantId" | "taskId" | "agent" | "contextId" | "caller">;

/** Whether a trigger, and nobody else, gave it to the task. */
const isGiven =
  ({ caller }: Pick<Correlated, "caller">) =>
  (signal: Signal | undefined): signal is Signal =>
    signal !== undefined && caller.startsWith(CALLER) && signal.by === caller;

/** Events among the mail of the task. */
export const eventsIn = (head: Pick<Correlated, "caller">, mail: readonly MailboxItem[]): readonly Signal[] =>
  mail
    .map(({ kind, payload }) =>
      kind === "signal" ? (payload as { readonly signal?: Signal } | undefined)?.signal : undefined,
    )
    .filter(isGiven(head));

/** Signals that the log holds and that its code was not given. */
export const untakenIn = (log: readonly TaskEvent[]): readonly Signal[] => {
  const waiting = new Map<string, Signal>();
  for (const event of log) noteSignals(waiting, event);
  return [...waiting.values()];
};

/**
 * What goes with the unit that ends a task (C2). `untaken`: in order of arrival, each once; what others sent to it ends with it. So does
 * all that came to a pause that is canceled (`debounced.ts`): it has taken in what it has, though no code has.
 */
export const successionOf = (
  head: Correlated,
  untaken: readonly Signal[],
  { revision, clock, digest }: { readonly revision: string; readonly clock: Clock; readonly digest: Digest },
): { readonly create: readonly NewTask[]; readonly mail: readonly MailboxInsert[] } => {
  const [first, ...others] = untaken.filter(isGiven(head));
  const { tenantId, agent, contextId, caller } = head;
  if (first === undefined || agent === DEBOUNCER) return { create: [], mail: [] };
  const taskId = correlatedTaskId(digest, tenantId, contextId, first.id);
  const task = eventTask({
    ...{ taskId, agent, revision, contextId, caller },
    ...{ input: first.payload, now: clock.now() },
  });
  return {
    create: [{ ...task, idempotencyKey: keyAfter(contextId, head.taskId) }],
    mail: others.map((signal) => eventMail(taskId, signal, "refuse")),
  };
};
