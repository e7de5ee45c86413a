/**
 * Hands what an approver says to the task that asked. The door knows whose the token is; whether the answer counts is for the holder of the
 * task's lease to say (I1), in the log, where the door reads it.
 */
import { type DecisionAnswer, isTerminal, PlatformError, type TaskEvent } from "@agentcore/contract";
import type { TaskHead, TaskKey } from "../ports/index.ts";
import {
  type AnswerOutcome,
  type Approval,
  Approvals,
  judge,
  knows,
  type Refusal,
  type SentAnswer,
} from "./approvals.ts";
import { readToken } from "./decision-tokens.ts";
import type { TaskEngine } from "./engine.ts";
import type { CallerScope } from "./task-service.ts";
import { createWake } from "./wake.ts";

// A task that runs elsewhere may have to be loaded, or is just being written.
const PATIENCE_MS = 30_000;
// Hints come at once, but may be lost.
const LOOK_MS = 1_000;

/** What became of an answer that counts. */
export interface DecisionMade {
  /** The question. */
  readonly id: string;
  /** False when more people have to choose, or it was handed to somebody else. */
  readonly decided: boolean;
}

interface Reading {
  readonly head: () => Promise<TaskHead | null>;
  readonly readLog: (after: number) => AsyncIterable<TaskEvent>;
  /** Ends the waiting for what became of it. */
  readonly signal?: AbortSignal | undefined;
  /** For whatever reads the log. */
  readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

export const decideTask = async (
  engine: TaskEngine,
  scope: CallerScope,
  key: TaskKey,
  answer: DecisionAnswer,
  { head: readHead, readLog, inTurn, signal }: Reading,
): Promise<DecisionMade> => {
  const { senses, mail, store, credentials } = engine;
  const head = await readHead();
  if (head === null) throw notFound(key);
  const approvals = new Approvals();
  // The checkpoint itself carries questions that are open.
  let seq = Math.max(0, head.checkpointSeq - 1);
  const readOn = (): Promise<void> =>
    inTurn(async () => {
      for await (const event of readLog(seq)) {
        approvals.apply(event);
        seq = event.seq;
      }
    });
  await readOn();
  const { sent, isKnown } = sentAnswer(engine, scope, head, approvals, answer, await credentials.tokenSecret(key));
  const outcomeBefore = async (): Promise<AnswerOutcome | null> => {
    const isIn = isTerminal(head.state) || (await store.hasTaken(key, mailKey));
    if (!isIn || head.checkpointSeq === 0) return null;
    const all = new Approvals();
    await inTurn(async () => {
      for await (const event of readLog(0)) all.apply(event);
    });
    return all.outcomeOf(sent.answer);
  };
  const find = (): Approval | null => (sent.question === undefined ? null : approvals.find(sent.question));
  const told = (outcome: AnswerOutcome): DecisionMade => {
    if (outcome.outcome === "refused") throw refused(key, outcome);
    return { id: outcome.id, decided: outcome.end === "decided" };
  };
  const mailKey = `decision:${sent.answer}`;
  // Whose answer was lost asks again, perhaps after a checkpoint, or the end.
  const before = approvals.outcomeOf(sent.answer) ?? (await outcomeBefore());
  if (before !== null) return told(before);
  // Whoever is asked, or was, knows of the task by that; to all others it is not there (I7).
  if (!isKnown) throw notFound(key);
  if (isTerminal(head.state)) throw hasEnded(key);
  if (head.state === "parked")
    throw new PlatformError("UNSUPPORTED_OPERATION", `task ${key.taskId} is parked; let it go on, then decide`, {
      details: { taskId: key.taskId, state: head.state },
    });
  const refusal = judge(find(), sent, head.caller);
  // As many as the log takes are in it: nobody is woken for more.
  if (refusal !== null && !approvals.records(find())) throw refused(key, refusal);
  await mail.assertRoom(key);
  const wake = createWake();
  const listener = { hear: () => wake.ring() };
  engine.hub.listen(key, listener);
  signal?.addEventListener("abort", listener.hear, { once: true });
  try {
    const payload = { type: "decision", answer: sent };
    const mailed = await mail.post(key.tenantId, {
      ...{ taskId: key.taskId, key: mailKey, kind: "signal", payload },
      ifTerminal: "refuse",
    });
    if (mailed === "terminal") throw hasEnded(key);
    const until = senses.clock.monotonic() + PATIENCE_MS;
    while (senses.clock.monotonic() < until && signal?.aborted !== true && !engine.isClosed) {
      // Before the log is read: what has been taken in by then is in it.
      const isTaken = await store.hasTaken(key, mailKey);
      const now = await readHead();
      await readOn();
      const outcome = approvals.outcomeOf(sent.answer);
      if (outcome !== null) return told(outcome);
      if (now === null || isTerminal(now.state)) throw hasEnded(key);
      if (isTaken) throw refused(key, judge(find(), sent, head.caller) ?? NOT_RECORDED);
      const timer = senses.clock.after(LOOK_MS, () => wake.ring());
      await wake.rung();
      timer.cancel();
    }
  } finally {
    engine.hub.unlisten(key, listener);
    signal?.removeEventListener("abort", listener.hear);
  }
  throw new PlatformError(
    "UNAVAILABLE",
    `task ${key.taskId} has not come to the answer yet; it is kept: send it again under the same id to hear what became of it`,
    { retryAfterMs: LOOK_MS, details: { taskId: key.taskId } },
  );
};

const NOT_RECORDED: Refusal = { reason: "stale", why: "the task has gone on meanwhile; look at the inbox" };

/** The answer without its token, and whether its sender may know of the task. */
const sentAnswer = (
  { senses: { digest, ids, clock } }: TaskEngine,
  scope: CallerScope,
  head: TaskHead,
  approvals: Approvals,
  { token, id, contentHash, choice, delegateTo, comment }: DecisionAnswer,
  secret: string | null,
): { readonly sent: SentAnswer; readonly isKnown: boolean } => {
  const { caller: by, operator: isOperator = false } = scope;
  const all = [...approvals.all];
  const others = new Set([head.caller, ...all.flatMap(namesIn)]);
  const read = readToken(digest, secret, token, by, others);
  const asked = [by, id ?? ids.next(), token, choice, delegateTo, comment, contentHash];
  const sent: SentAnswer = {
    ...read,
    answer: digest.sha256(JSON.stringify(asked)).slice(0, 32),
    ...{ by, isOperator, at: clock.now() },
    ...(choice === undefined ? {} : { choice }),
    ...(delegateTo === undefined ? {} : { delegateTo }),
    ...(comment === undefined ? {} : { comment }),
    ...(contentHash === undefined ? {} : { shown: contentHash }),
  };
  const isAskedByName = all.some((approval) => knows(approval, by));
  return { sent, isKnown: isOperator || head.caller === by || read.proof === "genuine" || isAskedByName };
};

const namesIn = ({ question, handed, chosen }: Approval): readonly string[] => [
  ...(question.approvers ?? []),
  ...(question.escalate?.to ?? []),
  ...handed.keys(),
  ...chosen.map(({ caller }) => caller),
];

const refused = ({ taskId }: TaskKey, { reason, why }: Refusal): PlatformError =>
  new PlatformError("DECISION_REFUSED", `the answer to task ${taskId} does not count: ${why}`, {
    details: { taskId, reason },
  });

// Another caller's task looks exactly like one that does not exist (I7).
const notFound = ({ taskId }: TaskKey): PlatformError =>
  new PlatformError("TASK_NOT_FOUND", `there is no task ${taskId}`, { details: { taskId } });

const hasEnded = ({ taskId }: TaskKey): PlatformError =>
  new PlatformError("TASK_TERMINAL", `task ${taskId} has ended; nothing of it is to be decided any more`, {
    details: { taskId },
  });
