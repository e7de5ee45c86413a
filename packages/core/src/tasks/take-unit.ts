/** Makes one commit unit of everything a task has to write now, and decides whether it stays in memory afterwards. */
import { isTerminal, type NewTaskEvent, type TaskState } from "@agentcore/contract";
import type { CommitUnit, MailboxInsert, NewTask } from "../ports/index.ts";
import { successionOf } from "./correlation.ts";
import type { Draft } from "./draft.ts";
import type { Execution } from "./execution.ts";
import { cancelMail, childFinishedMail } from "./family-mail.ts";
import { historyLimit, MAX_EVENTS } from "./parking.ts";
import { stateAfter } from "./view.ts";

export interface TakenUnit {
  readonly unit: CommitUnit;
  readonly draft: Draft;
  readonly seq: number;
  /** After it, as the log says. */
  readonly state: TaskState;
  readonly checkpointSeq: number;
  /** The lease goes back with it, because the task only waits. */
  readonly evict: boolean;
  readonly terminal: boolean;
  /** Terminal or parked. */
  readonly ended: boolean;
  /** A checkpoint: the code starts afresh from its state. */
  readonly restart: boolean;
}

/** Null when there is nothing to write or say. Called with no unit in flight. */
export const takeUnit = (execution: Execution): TakenUnit | null => {
  const { phase, mustLeave } = execution;
  if (phase === "ended" || (phase === "replaying" && !mustLeave)) return null;
  if (phase === "live" && execution.announcing > 0 && !mustLeave) return null;
  if (
    phase === "live" &&
    execution.seq - execution.checkpointSeq + execution.draft.events.length > maxEvents(execution)
  )
    execution.ending.park(historyLimit(execution.seq));
  if (phase === "live" && !mustLeave && execution.keepsUnit()) {
    execution.changed();
    return null;
  }
  const { draft } = execution;
  // Mail that has not been read yet goes before: it is known that the store would refuse this end (I2, I5).
  const mustHold = (): boolean => execution.ending.conclusion?.afterMailbox === true && execution.intake.hasMore;
  // Code that returned during its replay was asked for its end before what had been read was taken in.
  if (mustHold()) execution.intake.resume();
  const { conclusion } = execution.ending;
  const held = mustHold() ? conclusion : null;
  const ending = held === null ? conclusion : null;
  if (ending !== null) draft.events.push(ending.event);
  const restart = draft.checkpointPlace !== null;
  const waits = ending === null && !restart && isIdle(execution);
  const evict = waits || (ending === null && !restart && mustLeave);
  // To be assigned is no progress: written alone it would start the count of attempts anew, and a task that kills its
  // process would never be parked (I10). It goes with what comes next.
  const news = ending !== null || draft.events.some(({ type }) => type !== "task.assigned");
  if (!news && draft.mail.length === 0 && draft.consume.length === 0 && !evict) return null;
  const release =
    ending !== null
      ? { dueAt: null }
      : evict
        ? { dueAt: waits ? nextDue(execution) : execution.services.senses.clock.now() }
        : undefined;
  const checkpointSeq =
    draft.checkpointPlace === null ? execution.checkpointSeq : execution.seq + draft.checkpointPlace;
  // What was taken in while the task was ending may have said otherwise; the ending event has the last word.
  if (ending !== null) execution.state = stateAfter(ending.event) ?? execution.state;
  const terminal = ending !== null && isTerminal(execution.state);
  if (terminal) execution.intake.forgetMigrations();
  // Not drafted: a unit refused for its mailbox may end otherwise.
  const next = terminal ? succession(execution) : null;
  const mail = terminal ? [...draft.mail, ...familyMail(execution, ending.event), ...(next?.mail ?? [])] : draft.mail;
  const checkpoint = restart ? { checkpointSeq } : {};
  const state = held?.stateBefore ?? execution.state;
  const unit = execution.born
    ? appendUnit(execution, state, mail, next?.create ?? [], {
        ...checkpoint,
        release,
        requireEmptyMailbox: terminal && ending.afterMailbox,
      })
    : birthUnit(execution, mail, { ...checkpoint, ...(release === undefined ? {} : { release }) });
  execution.beginCommit();
  return {
    unit,
    draft,
    seq: execution.seq + draft.events.length,
    state,
    checkpointSeq,
    evict,
    terminal,
    ended: ending !== null,
    restart,
  };
};

const appendUnit = (
  { head, seq, token, draft }: Execution,
  state: TaskState,
  mail: readonly MailboxInsert[],
  successors: readonly NewTask[],
  more: {
    readonly checkpointSeq?: number;
    readonly requireEmptyMailbox: boolean;
    readonly release: { readonly dueAt: number | null } | undefined;
  },
): CommitUnit => ({
  tenantId: head.tenantId,
  taskId: head.taskId,
  append: { expect: { seq, token }, events: draft.events, state, consume: draft.consume, ...more },
  create: [...draft.creates, ...successors],
  mail,
  outbox: draft.outbox,
  ...settled(draft),
});

const birthUnit = (
  { head, state, draft }: Execution,
  mail: readonly MailboxInsert[],
  more: { readonly checkpointSeq?: number; readonly release?: { readonly dueAt: number | null } },
): CommitUnit => ({
  tenantId: head.tenantId,
  create: [{ ...head, dueAt: head.createdAt, events: draft.events, claimed: { state, ...more } }, ...draft.creates],
  mail,
  outbox: draft.outbox,
  ...settled(draft),
});

const settled = ({ settlements }: Draft): Pick<CommitUnit, "settle"> =>
  settlements.length === 0 ? {} : { settle: settlements };

/** What fills a log must not keep it from being taken back. */
const maxEvents = ({ ending }: Execution): number =>
  ending.compensates && ending.isTold ? 2 * MAX_EVENTS : MAX_EVENTS;

/** Nothing but durable waits is left, so the task needs no memory. */
const isIdle = (execution: Execution): boolean => {
  // Clean-up after a cancel is bounded by a timer in memory, so it stays there.
  if (execution.ending.isCanceled && !execution.ending.compensates) return false;
  // What is about to be handed to the code will move it: not idle.
  if (execution.phase !== "live" || execution.draft.willGoOn || execution.isMoving) return false;
  if (execution.open.size === 0) return false;
  let keeps = false;
  for (const call of execution.open.values()) {
    if (!call.durable) return false;
    // A child that runs here will be back sooner than an eviction and a replay would take, unless it has to leave as well.
    if (
      call.childTaskId !== null &&
      !execution.isLeaving &&
      execution.services.staysFor(execution.head, call.childTaskId)
    )
      keeps = true;
  }
  return !keeps;
};

const nextDue = (execution: Execution): number | null => {
  let due = execution.ending.deadline;
  for (const { dueAt } of execution.open.values()) if (dueAt !== null && (due === null || dueAt < due)) due = dueAt;
  return due;
};

/** Events that the code had not taken begin the next task of their key (C2). */
const succession = ({ head, intake, services }: Execution): ReturnType<typeof successionOf> => {
  const revision = services.revisionOf(head.tenantId, head.agent) ?? head.revision;
  return successionOf(head, intake.signals.untaken, { revision, ...services.senses });
};

/** A terminal unit also tells the parent, and cancels children that nobody waits for any more. */
const familyMail = ({ head, open }: Execution, event: NewTaskEvent): MailboxInsert[] => {
  const { parent, taskId } = head;
  const mail: MailboxInsert[] = [];
  if (parent !== null) {
    const { type, data } = event;
    mail.push(childFinishedMail(parent.taskId, { childTaskId: taskId, path: parent.path, event: { type, data } }));
  }
  for (const call of open.values()) {
    if (call.childTaskId !== null && !call.detached) mail.push(cancelMail(call.childTaskId, taskId));
  }
  return mail;
};
