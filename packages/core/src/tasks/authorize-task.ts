/** Hands the decision about access to the task that waits for it. */
import {
  type AuthorizationAsked,
  type AuthorizationDecision,
  DEFAULT_AUTHORIZATION_MS,
  isTerminal,
  MAX_AUTHORIZATION_MS,
  PlatformError,
  type TaskEvent,
} from "@agentcore/contract";
import type { Authorization } from "@agentcore/contract/authoring";
import type { TaskHead } from "../ports/index.ts";
import { authorizationReference, type Grant } from "./credentials.ts";
import type { TaskEngine } from "./engine.ts";

interface Wait {
  readonly path: string;
  readonly asked: AuthorizationAsked;
}

interface SettledWait extends Wait {
  /** Null where access was refused, or the wait ended otherwise. */
  readonly grantedBy: string | null;
  readonly isWithdrawn: boolean;
}

/**
 * Resolves when the decision is durable (I5): first what stands beside the log, then the mail that wakes the task with it. Throws
 * TASK_TERMINAL, UNSUPPORTED_OPERATION (nothing like that is asked for), INVALID_ARGUMENT (which question is meant?), CONFLICT, OVERLOADED (as
 * much waits for the task as may).
 */
export const authorizeTask = async (
  engine: TaskEngine,
  head: TaskHead,
  by: string,
  decision: AuthorizationDecision,
  {
    readLog,
    inTurn,
  }: {
    readonly readLog: (after: number) => AsyncIterable<TaskEvent>;
    /** For whatever reads the log. */
    readonly inTurn: <Result>(work: () => Promise<Result>) => Promise<Result>;
  },
): Promise<void> => {
  const { credentials, senses, mail } = engine;
  const { open, settled, checkpointSeq } = await inTurn(() => waitsOf(head.checkpointSeq, readLog));
  const referenceOf = (wait: Wait): string => authorizationReference(senses.digest, head, checkpointSeq, wait.path);
  const isMeant = (wait: Wait): boolean =>
    (decision.name === undefined || wait.asked.name === decision.name) &&
    (decision.reference === undefined || referenceOf(wait) === decision.reference);
  const before = settled.findLast(isMeant);
  if (isTerminal(head.state)) {
    // Whose answer was lost asks again; by now there is no secret left to compare with.
    if (before?.grantedBy === by && decision.deny === undefined) return;
    throw hasEnded(head);
  }
  const [wait, other] = open.filter(isMeant);
  if (wait === undefined) {
    // Of a question of before `continueAs` there may still be the decision.
    const reference = before === undefined ? decision.reference : referenceOf(before);
    if (reference === undefined) throw asksForNone(head, decision.name, open);
    // Whose answer was lost asks again.
    if (await credentials.isRepeat(head, reference, by, decision)) return;
    if (before === undefined) throw asksOtherwise(head, reference);
    throw (before.isWithdrawn ? asksNoMore : decided)(head, before.asked.name);
  }
  if (other !== undefined) throw asksForSeveral(head, open);
  // Else the answer to one question, sent again or late, would grant the next one.
  if (decision.reference === undefined && (before !== undefined || checkpointSeq > 0))
    throw asksAgain(head, wait.asked.name, referenceOf(wait));
  await mail.assertRoom(head);
  const { path, asked } = wait;
  const grant: Grant = {
    path,
    reference: referenceOf(wait),
    name: asked.name,
    by,
    ...termsOf(decision, asked, senses.clock.now()),
  };
  const { standing, isSame } = await credentials.decide(head, grant, decision.credential ?? null);
  // Also that of another: its process may have died before it sent the mail, and the task would wait in vain.
  const key = `authorization:${standing.reference}:${standing.at}`;
  const payload = { type: "authorization", grant: standing };
  const accepted = await mail.post(head.tenantId, {
    taskId: head.taskId,
    key,
    kind: "signal",
    payload,
    ifTerminal: "refuse",
  });
  if (accepted === "terminal") {
    await credentials.remove(head, standing.reference);
    throw hasEnded(head);
  }
  if (!isSame) throw decided(head, asked.name);
};

/** What the decision comes to: never for longer than was asked. */
const termsOf = (
  { deny, credential, expiresInMs }: AuthorizationDecision,
  { maxDurationMs }: AuthorizationAsked,
  at: number,
): Pick<Grant, "at" | "expiresAt" | "denied"> => {
  if (deny !== undefined) return { at, denied: deny };
  const most = maxDurationMs ?? MAX_AUTHORIZATION_MS;
  const wanted = expiresInMs ?? maxDurationMs ?? (credential === undefined ? undefined : DEFAULT_AUTHORIZATION_MS);
  return { at, ...(wanted === undefined ? {} : { expiresAt: at + Math.min(wanted, most) }) };
};

/** Of the part of the log that the code runs on. */
const waitsOf = async (
  from: number,
  readLog: (after: number) => AsyncIterable<TaskEvent>,
): Promise<{
  readonly open: readonly Wait[];
  readonly settled: readonly SettledWait[];
  readonly checkpointSeq: number;
}> => {
  const open = new Map<string, Wait>();
  const settled: SettledWait[] = [];
  let checkpointSeq = from;
  for await (const event of readLog(from)) {
    if (event.type === "checkpoint.created") {
      // Newer than the head that was read.
      checkpointSeq = event.seq;
      open.clear();
      settled.length = 0;
    } else if (event.type === "task.authRequired") {
      open.set(event.data.path, { path: event.data.path, asked: event.data.authorization });
    } else if (event.type === "step.completed" || event.type === "step.failed") {
      const wait = open.get(event.data.path);
      const granted = event.type === "step.completed" ? (event.data.result as Authorization | null) : null;
      const isWithdrawn = event.type === "step.failed" && event.data.error.code === "CANCELED";
      if (wait !== undefined) settled.push({ ...wait, grantedBy: granted?.grantedBy ?? null, isWithdrawn });
      open.delete(event.data.path);
    }
  }
  return { open: [...open.values()], settled, checkpointSeq };
};

const namesOf = (waits: readonly Wait[]): string => waits.map(({ asked }) => asked.name).join(", ");

const hasEnded = ({ taskId }: TaskHead): PlatformError =>
  new PlatformError("TASK_TERMINAL", `task ${taskId} has ended; nothing was kept of what came for it`, {
    details: { taskId },
  });

const asksForNone = ({ taskId, state }: TaskHead, name: string | undefined, open: readonly Wait[]): PlatformError =>
  new PlatformError(
    "UNSUPPORTED_OPERATION",
    name === undefined || open.length === 0
      ? `task ${taskId} waits for no authorisation; it is ${state}`
      : `task ${taskId} asks for no access to ${name}; it waits for ${namesOf(open)}`,
    { details: { taskId, state } },
  );

const asksForSeveral = ({ taskId }: TaskHead, open: readonly Wait[]): PlatformError =>
  new PlatformError("INVALID_ARGUMENT", `task ${taskId} waits for access to ${namesOf(open)}; say which`, {
    violations: [{ field: "name", description: `expected one of ${namesOf(open)}` }],
  });

const asksAgain = ({ taskId }: TaskHead, name: string, reference: string): PlatformError =>
  new PlatformError(
    "INVALID_ARGUMENT",
    `task ${taskId} has asked for access before and now asks for access to ${name}; look at what it asks, and send the reference of that`,
    { violations: [{ field: "reference", description: `expected ${reference} for what it asks now` }] },
  );

const asksOtherwise = ({ taskId }: TaskHead, reference: string): PlatformError =>
  new PlatformError("CONFLICT", `task ${taskId} does not ask ${reference} now; look at what it asks`, {
    details: { taskId, reference },
  });

const asksNoMore = ({ taskId }: TaskHead, name: string): PlatformError =>
  new PlatformError(
    "CONFLICT",
    `task ${taskId} does not ask for access to ${name} any more: it took the question back`,
    {
      details: { taskId, name },
    },
  );

const decided = ({ taskId }: TaskHead, name: string): PlatformError =>
  new PlatformError("CONFLICT", `access of task ${taskId} to ${name} was decided already; that stands`, {
    details: { taskId, name },
  });
