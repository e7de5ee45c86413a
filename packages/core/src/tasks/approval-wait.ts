/** Waits for people to decide: asked, reminded, escalated, answered. What has become of it stands in the log (`approvals.ts`). */
import {
  type A2AMessage,
  type ApprovalAsked,
  type ApprovalQuestion,
  CancelledError,
  invalidArgument,
  MAX_SHOWN_BYTES,
  type NewTaskEvent,
  type Part,
  PlatformError,
} from "@agentcore/contract";
import { isoTime } from "../iso-time.ts";
import { isLargerThan } from "../payloads/json-size.ts";
import { type Approval, judge, type Refusal, type SentAnswer, tally } from "./approvals.ts";
import { approvalId, contentHashOf } from "./decision-tokens.ts";
import type { Execution } from "./execution.ts";
import type { RecordedWait } from "./journal.ts";
import type { OpenCall } from "./open-call.ts";
import { hashOf, listen, RESIDENT_SLEEP_MS, resume } from "./waits.ts";
import { wakeAt } from "./wake-at.ts";

/** Before the call is in the log. `caller`: the task's. Throws TOO_LARGE, INVALID_ARGUMENT when it can never be decided. */
export const assertDecidable = ({ prompt, show, choices, ...asked }: ApprovalAsked, caller: string): void => {
  if (isLargerThan([prompt, show, choices], MAX_SHOWN_BYTES))
    throw new PlatformError(
      "TOO_LARGE",
      `ctx.waitForDecision: prompt, show and choices have more than ${MAX_SHOWN_BYTES} characters; show what matters, and give the rest as an artifact`,
    );
  const { approvers, escalate, fourEyes } = asked;
  if (approvers === undefined) return;
  const may = new Set([...approvers, ...(escalate?.to ?? [])]);
  if (fourEyes !== undefined) may.delete(caller);
  if (may.size >= (fourEyes ?? 1)) return;
  const description = `expected at most ${may.size}: no more of those who are asked may decide, the caller of the task not among them`;
  throw invalidArgument("the request of ctx.waitForDecision", [{ field: "fourEyes", description }]);
};

export const startApproval = (
  execution: Execution,
  call: OpenCall,
  recorded: RecordedWait | undefined,
  asked: ApprovalAsked,
  signal: AbortSignal | undefined,
): void => {
  const { services, head, checkpointSeq } = execution;
  const { clock, digest } = services.senses;
  // As it was asked first: times count from then.
  const question =
    approvalOf(execution, call)?.question ??
    questionOf(
      asked,
      approvalId(digest, head, checkpointSeq, call.firstPath),
      contentHashOf(digest, asked),
      clock.now(),
    );
  const say = (event: Omit<NewTaskEvent, "at">): void =>
    execution.append({ ...event, at: clock.now() } as NewTaskEvent);
  const ask = (note?: string, refusedMessageId?: string): void => {
    if (!execution.isOpen(call)) return;
    say({
      type: "task.inputRequired",
      data: {
        path: call.path,
        kind: "approval",
        ...hashOf(call),
        prompt: promptOf(question, note),
        ...(refusedMessageId === undefined ? {} : { refusedMessageId }),
        approval: question,
      },
    });
  };
  const settle = (how: () => void): void => {
    call.receive = null;
    call.ask = null;
    call.timer?.cancel();
    how();
  };
  const fail = (error: PlatformError): void => settle(() => execution.fail(call, error, 1));

  /** What is due by `at` happens, once. */
  const strike = (at: number): void => {
    const approval = approvalOf(execution, call);
    if (approval === null || call.receive === null) return;
    const { expiresAt, remindAt, escalate } = question;
    const { path } = call;
    if (expiresAt !== undefined && expiresAt <= at) {
      fail(new PlatformError("DECISION_EXPIRED", `nobody decided in time: ${question.prompt}`, { details: { path } }));
      return resume(execution, call, "input");
    }
    if (escalate !== undefined && !approval.escalated && escalate.at <= at) {
      say({ type: "approval.escalated", data: { path, to: escalate.to } });
      ask(`Escalated to ${escalate.to.join(", ")}`);
    }
    if (remindAt !== undefined && !approval.reminded && remindAt <= at) {
      say({ type: "approval.reminded", data: { path } });
      ask("Reminder");
    }
    if (!divide()) arm();
  };
  const arm = (): void => {
    call.timer?.cancel();
    call.dueAt = null;
    const due = nextDue(approvalOf(execution, call));
    call.durable = due === null || due - clock.now() > RESIDENT_SLEEP_MS;
    if (due !== null) wakeAt(execution, call, due, () => strike(Math.max(due, clock.now())));
  };
  /** True when the last who may decide has, without a decision. */
  const divide = (): boolean => {
    const approval = approvalOf(execution, call);
    if (approval === null || tally(approval, head.caller) !== "divided") return false;
    const said = approval.chosen.map(({ caller, choice }) => `${caller}: ${choice}`).join(", ");
    fail(new PlatformError("DECISION_DIVIDED", `too few chose the same: ${said}`, { details: { path: call.path } }));
    resume(execution, call, "input");
    return true;
  };

  call.ask = () => ask();
  // Of answers those that count (`takeDecision`), of messages why they are none (`hearMessage`).
  call.receive = (payload) => {
    const received = payload as SentAnswer | { readonly why: string; readonly messageId: string };
    if ("why" in received) return ask(received.why, received.messageId);
    const { answer, by, choice = "", delegateTo, comment } = received;
    const said = { path: call.path, by, answer, ...(comment === undefined ? {} : { comment }) };
    if (delegateTo !== undefined) return say({ type: "approval.delegated", data: { ...said, to: delegateTo } });
    say({ type: "approval.answered", data: { ...said, choice } });
    const approval = approvalOf(execution, call);
    const decided = approval === null ? null : tally(approval, head.caller);
    if (decided === null || decided === "divided") return void divide();
    settle(() => execution.complete(call, { ...decided, id: question.id }));
    resume(execution, call, "input");
  };

  let wasAsked = recorded !== undefined;
  const withdraw = (): void => {
    if (!execution.isOpen(call) || call.receive === null) return;
    fail(new CancelledError("the decision is not needed any more"));
    if (wasAsked) resume(execution, call, "input");
  };
  if (signal?.aborted === true) return execution.afterBegin(withdraw);
  if (!wasAsked || execution.asksAgain) ask();
  wasAsked = true;
  arm();
  listen(call, signal, withdraw);
};

const approvalOf = ({ journal }: Execution, { path }: OpenCall): Approval | null => journal.approvals.at(path);

const nextDue = (approval: Approval | null): number | null => {
  if (approval === null) return null;
  const { question, reminded, escalated } = approval;
  const due = [
    question.expiresAt,
    ...(reminded ? [] : [question.remindAt]),
    ...(escalated ? [] : [question.escalate?.at]),
  ].filter((at) => at !== undefined);
  return due.length === 0 ? null : Math.min(...due);
};

const questionOf = (asked: ApprovalAsked, id: string, contentHash: string, askedAt: number): ApprovalQuestion => {
  const { expiresMs, remindMs, escalate, prompt, show, choices, approvers, fourEyes } = asked;
  const at = (ms: number): number => Math.ceil(askedAt + ms);
  return {
    ...{ id, prompt, choices, contentHash, askedAt },
    ...(show === undefined ? {} : { show }),
    ...(approvers === undefined ? {} : { approvers }),
    ...(fourEyes === undefined ? {} : { fourEyes }),
    ...(expiresMs === undefined ? {} : { expiresAt: at(expiresMs) }),
    ...(remindMs === undefined ? {} : { remindAt: at(remindMs) }),
    ...(escalate === undefined ? {} : { escalate: { at: at(escalate.afterMs), to: escalate.to } }),
  };
};

/** All of it in words, for clients that show nothing else, and as data. */
const promptOf = (question: ApprovalQuestion, note: string | undefined): Part[] => {
  const { id, prompt, show, choices, expiresAt, contentHash } = question;
  const lines = [
    prompt,
    `To be decided: ${choices.join(" or ")}${expiresAt === undefined ? "" : `, by ${isoTime(expiresAt)}`}`,
    ...(note === undefined ? [] : [`(${note})`]),
  ];
  const approval = { id, prompt, ...(show === undefined ? {} : { show }), choices, contentHash };
  return [
    { text: lines.join("\n") },
    { data: { approval: { ...approval, ...(expiresAt === undefined ? {} : { expiresAt: isoTime(expiresAt) }) } } },
  ];
};

/** An answer came: it counts, or is refused, in the unit that takes it out of the mailbox. */
export const takeDecision = (execution: Execution, answer: SentAnswer): void => {
  const { approvals } = execution.journal;
  const approval = answer.question === undefined ? null : approvals.find(answer.question);
  const call = approval === null ? undefined : execution.open.get(approval.path);
  const refusal = judge(approval, answer, execution.head.caller);
  if (refusal !== null) return refuse(execution, approval, refusal, { by: answer.by, answer: answer.answer });
  const receive = call?.kind === "approval" ? call.receive : null;
  // Canceled, or about to end with something else: whoever decides is not to be told that it counted.
  if (call === undefined || receive === null || !execution.isOpen(call) || execution.isAboutToHearOfCancel)
    return refuse(execution, approval, { reason: "stale", why: "the task does not wait for it any more" }, answer);
  void receive(answer);
};

/** A message is no decision, whatever it says: the question is asked again with the words why. */
export const hearMessage = (execution: Execution, { messageId }: A2AMessage): void => {
  const { journal, askedLast, open } = execution;
  const asking = [...open.values()].filter(({ kind, receive }) => kind === "approval" && receive !== null);
  const call = asking.find(({ path }) => path === askedLast) ?? asking[0];
  if (call === undefined || !execution.isOpen(call)) return;
  const approval = journal.approvals.at(call.path);
  if (approval === null || !journal.approvals.records(approval)) return;
  const why = "a message is no decision; answer with the token from the inbox";
  refuse(execution, approval, { reason: "message", why }, { messageId });
  void call.receive?.({ why, messageId });
};

/** Told in the log, up to a bound: nobody fills it with answers that do not count. */
const refuse = (
  execution: Execution,
  approval: Approval | null,
  { reason, why }: Refusal,
  { by, answer, messageId }: { readonly by?: string; readonly answer?: string; readonly messageId?: string },
): void => {
  const { head, services, journal } = execution;
  const { clock, logger } = services.senses;
  logger.log("warn", `an answer was refused: ${why}`, { tenantId: head.tenantId, taskId: head.taskId, reason });
  if (!journal.approvals.records(approval)) return;
  const data = {
    ...(approval === null ? {} : { path: approval.path }),
    ...(by === undefined ? {} : { by }),
    ...{ reason, message: why },
    ...(answer === undefined ? {} : { answer }),
    ...(messageId === undefined ? {} : { messageId }),
  };
  execution.append({ type: "approval.refused", at: clock.now(), data });
};
