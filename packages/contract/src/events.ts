/** Task events: what a task's log is made of. The same strings stand in log, bus, SSE and console (docs/events.md). */
import { z } from "zod";
import { A2AMessage, A2ATask, Artifact, Part } from "./a2a.ts";
import { ApprovalQuestion, RefusalReason } from "./approval.ts";
import { AuthorizationQuestion } from "./authorization.ts";
import { Breakpoints } from "./debugging.ts";
import { ERROR_CODES, type ErrorCode, type SerializedError } from "./errors.ts";
import { MigrationRules } from "./migration.ts";
import { Signal } from "./signal.ts";

const codes = Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]];

export const SerializedErrorSchema: z.ZodType<SerializedError> = z.object({
  code: z.enum(codes).catch("INTERNAL"),
  message: z.string(),
  retryable: z.boolean().optional(),
  retryAfterMs: z.number().optional(),
  details: z.record(z.string(), z.unknown()).optional(),
  violations: z.array(z.object({ field: z.string(), description: z.string() })).optional(),
});

export const STEP_KINDS = [
  "step",
  "query",
  "command",
  "emit",
  "input",
  "authorization",
  "approval",
  "signal",
  "event",
  "sleep",
  "memory",
  "model",
  "tool",
  "artifact",
  "progress",
  "patched",
  "decision",
] as const;
export const StepKind = z.enum(STEP_KINDS);
/** What a journaled `ctx` call was. */
export type StepKind = z.infer<typeof StepKind>;

export const PRIORITIES = ["low", "normal", "high", "urgent"] as const;
export const Priority = z.enum(PRIORITIES);
export type Priority = z.infer<typeof Priority>;

/** Where in a task's code a journaled call stands: enclosing branch, name, occurrence; and what it was asked. */
const call = { path: z.string(), kind: StepKind, inputHash: z.string().optional() };
/** The call that waits for a decision. */
const approval = { path: z.string() };
/** Most tasks above a task: deeper work is taken for a loop. */
export const MAX_HANDOFFS = 32;
/** Most forks of forks. */
export const MAX_FORKS = 32;
/** Most migrations of a task that have rules: each stays with it. */
export const MAX_RULED_MIGRATIONS = 32;
const Handoff = z.object({ agent: z.string(), content: z.string() });
/** One task of a chain of commands: its agent, and a hash of its input. */
export type Handoff = z.infer<typeof Handoff>;

const epochMs = z.number().int().nonnegative();

/** Revisions of the agent, and who asked. */
const migration = { from: z.string(), to: z.string(), by: z.string(), rules: MigrationRules.optional() };

const event = <Type extends string, Data extends z.ZodRawShape>(type: Type, data: Data) =>
  z.object({ seq: z.int().positive(), at: epochMs, type: z.literal(type), data: z.object(data) });

/** Events that say what has become of a call that is under way. */
const CALL_EVENTS = [
  ...(["step.started", "step.completed", "step.failed", "decision.made", "task.inputRequired"] as const),
  ...([
    "approval.answered",
    "approval.delegated",
    "approval.refused",
    "approval.reminded",
    "approval.escalated",
  ] as const),
  ...(["call.held", "call.released"] as const),
] as const;

/** An event of before a checkpoint, without its number. `since`: number of the checkpoint that its call was begun after, 0 if there was none. */
const CarriedEvent = z.object({
  since: z.int().nonnegative(),
  at: epochMs,
  type: z.enum(CALL_EVENTS),
  data: z.record(z.string(), z.unknown()),
});
export type CarriedEvent = z.infer<typeof CarriedEvent>;

/** Where a task stands. `parked` cannot go on by itself and waits for `retry`. */
export const TASK_STATES = [
  "submitted",
  "working",
  "input-required",
  "auth-required",
  "parked",
  "completed",
  "failed",
  "canceled",
  "rejected",
] as const;
export const TaskState = z.enum(TASK_STATES);
export type TaskState = z.infer<typeof TaskState>;

const ForkedFrom = z.object({
  taskId: z.string(),
  /** Number of the last event of that task which the fork took over. */
  seq: z.int().positive(),
  /**
   * Whose ids and random numbers the code is given first, in order, each up to that count since `checkpointSeq` of this log: what was taken
   * over may rest on them. @default none
   */
  draws: z
    .object({
      checkpointSeq: z.int().nonnegative(),
      of: z
        .array(z.object({ taskId: z.string(), checkpointSeq: z.int().nonnegative(), upTo: z.int().positive() }))
        .max(MAX_FORKS),
    })
    .optional(),
});
/** The task that a fork was made of. */
export type ForkedFrom = z.infer<typeof ForkedFrom>;

const submission = {
  agent: z.string(),
  revision: z.string(),
  contextId: z.string(),
  caller: z.string(),
  skill: z.string().optional(),
  /** What the agent's `run` gets as `task.input`. */
  input: z.unknown().optional(),
  message: A2AMessage.optional(),
  parent: z.object({ taskId: z.string(), path: z.string(), detached: z.boolean().optional() }).optional(),
  /** Hash of what the caller asked for; present with an idempotency key, which must always stand for the same. */
  requestHash: z.string().optional(),
  /** The tasks above this one, the oldest first: who was asked for what (a hash of the input). For the loop detector. */
  handoffs: z.array(Handoff).max(MAX_HANDOFFS).optional(),
  /** The task that the run began with: what it costs is counted together. @default the task itself */
  runId: z.string().optional(),
  priority: Priority,
  deadline: epochMs.optional(),
  traceparent: z.string().optional(),
  /** Remote agents that the work came through, over however many nodes. For the stop when that goes round. @default 0 */
  hops: z.int().nonnegative().optional(),
  metadata: z.record(z.string(), z.unknown()).optional(),
  /** Scopes that whoever it works for is good for; `all` of an operator. @default nobody knows: none that is asked for */
  permissions: z.union([z.literal("all"), z.array(z.string())]).optional(),
  forkedFrom: ForkedFrom.optional(),
};

/** A2A's view of a task as a fold of many events makes it: an artifact that was appended to has more parts than one event may bring. */
const FoldedTask = A2ATask.extend({
  artifacts: z.array(Artifact.extend({ parts: z.array(Part).min(1) })).optional(),
});

/**
 * One entry of a task's log; `seq` counts 1, 2, 3 … without gaps, after compaction from its floor; `at` is milliseconds since 1970 by the
 * writer's clock.
 */
export const TaskEvent = z.discriminatedUnion("type", [
  event("task.submitted", submission),
  event("task.assigned", { node: z.string(), attempt: z.int().positive() }),
  /** `compensates`: when it is canceled or late, its code takes back what it did, and nobody but it ends the task. @default false */
  event("task.started", { compensates: z.boolean().optional() }),
  /** `whileAsking`: the task waits for an answer or for access meanwhile, which is what its status goes on to say. */
  event("task.progressed", {
    ...call,
    message: z.string().optional(),
    share: z.number().min(0).max(1).optional(),
    whileAsking: z.boolean().optional(),
  }),
  /** `refusedMessageId`: an answer that did not fit; the question is asked again. `approval`: a decision is asked for. */
  event("task.inputRequired", {
    ...call,
    prompt: z.array(Part).min(1),
    refusedMessageId: z.string().optional(),
    approval: ApprovalQuestion.optional(),
  }),
  /** The same in words and data stands in `prompt`, for clients of A2A. */
  event("task.authRequired", { ...call, prompt: z.array(Part).min(1), authorization: AuthorizationQuestion }),
  event("task.resumed", { reason: z.enum(["input", "retry", "auth"]) }),
  event("task.cancelRequested", { by: z.string(), reason: z.string().optional() }),
  /** Of a task that compensates: its code hears of it, and ends when it has taken back what it did. */
  event("task.deadlinePassed", { deadline: epochMs }),
  event("task.completed", { output: z.unknown().optional() }),
  event("task.failed", { error: SerializedErrorSchema }),
  /** `error`: what the code threw after the cancel, or what kept it from running: what could not be taken back. */
  event("task.canceled", { reason: z.string().optional(), error: SerializedErrorSchema.optional() }),
  event("task.rejected", { error: SerializedErrorSchema }),
  event("task.parked", { error: SerializedErrorSchema }),
  /** From here on it has another revision. What came before is read by the rules. */
  event("task.migrated", migration),
  /** It stays with the revision that it has, and goes on. */
  event("task.migrationRefused", { ...migration, reason: z.string() }),
  event("artifact.appended", { ...call, artifact: Artifact, append: z.boolean(), lastChunk: z.boolean() }),
  event("message.added", { message: A2AMessage }),
  /** Taken out of the mailbox; kept for the first wait of that name. */
  event("signal.received", Signal.shape),
  /** It did not fit what the wait at `path` takes, and is given to nobody. */
  event("signal.refused", { path: z.string(), id: z.string(), name: z.string(), reason: z.string() }),
  /** A durable wait has begun: what it waits for is in the log, so nothing needs to stay in memory. */
  event("step.started", {
    ...call,
    attempt: z.int().positive(),
    dueAt: epochMs.optional(),
    childTaskId: z.string().optional(),
  }),
  event("step.completed", { ...call, result: z.unknown().optional() }),
  /** Final unless `retryAt` is set: then the step is tried again at that time. */
  event("step.failed", {
    ...call,
    attempt: z.int().positive(),
    error: SerializedErrorSchema,
    retryAt: epochMs.optional(),
  }),
  event("decision.made", {
    path: z.string().optional(),
    /**
     * choice: what the code chose by `ctx.decide`; guard: what a policy or a guardrail said of a call of a tool, of the input or the output. A replay
     * takes both from here.
     */
    kind: z.enum(["routing", "retry", "handoff", "choice", "model", "guard"]),
    choice: z.string().nullable(),
    /** Of a guard: what it was changed to, or on which terms it is allowed. */
    value: z.unknown().optional(),
    scores: z.array(
      z.object({ candidate: z.string(), score: z.number(), parts: z.record(z.string(), z.number()).optional() }),
    ),
    reasons: z.array(z.string()),
  }),
  /** Somebody looks into the task. In place of those before; `next`: the next call is held as well. */
  event("breakpoints.changed", { by: z.string(), breakpoints: Breakpoints, next: z.boolean().optional() }),
  /** A call that the code has made does not begin: somebody is to say how it goes on. `input`: what it is to be given; `inputSize`: it is large. */
  event("call.held", {
    ...call,
    breakpoint: z.string(),
    input: z.unknown().optional(),
    inputSize: z.number().int().optional(),
    /** Somebody may give it another input. */
    takesInput: z.boolean().optional(),
  }),
  /** It begins, with `input` in place of its own; or, with `set`, comes to what it was told. `next`: the next call is held. */
  event("call.released", {
    path: z.string(),
    by: z.string(),
    next: z.boolean().optional(),
    set: z.boolean().optional(),
    input: z.unknown().optional(),
  }),
  /** One approver has chosen; with enough of them the call ends by `step.completed`. `answer` names what was sent, in all of these. */
  event("approval.answered", {
    ...approval,
    by: z.string(),
    choice: z.string(),
    comment: z.string().optional(),
    answer: z.string(),
  }),
  event("approval.delegated", {
    ...approval,
    by: z.string(),
    to: z.string(),
    comment: z.string().optional(),
    answer: z.string(),
  }),
  /** Without `path`: it was for no question that the log knows since its checkpoint. */
  event("approval.refused", {
    path: z.string().optional(),
    by: z.string().optional(),
    reason: RefusalReason,
    message: z.string(),
    answer: z.string().optional(),
    messageId: z.string().optional(),
  }),
  event("approval.reminded", approval),
  event("approval.escalated", { ...approval, to: z.array(z.string()).min(1) }),
  /**
   * `unread`: messages that had come and that the code had not looked at; `signals`: those that it had not waited for; `carried`: what the log
   * has said, in order, of calls that go on in the fresh history; `migrated`: rules of the migrations before it, the oldest first: ids and mail
   * of what is under way are made of names of then. The others of a task that compensates: what had been asked of it by then, whereupon the
   * code goes on with a signal that has aborted.
   */
  event("checkpoint.created", {
    state: z.unknown().optional(),
    unread: z.array(A2AMessage).optional(),
    signals: z.array(Signal).optional(),
    carried: z.array(CarriedEvent).optional(),
    compensates: z.boolean().optional(),
    cancelRequested: z.object({ reason: z.string().optional() }).optional(),
    deadlinePassed: z.boolean().optional(),
    /** Breakpoints that stay. */
    debug: z.object({ breakpoints: Breakpoints, next: z.boolean() }).optional(),
    migrated: z.array(MigrationRules).max(MAX_RULED_MIGRATIONS).optional(),
    /** Calls of tools that count for their limits, by name. */
    toolCalls: z.record(z.string(), z.int().positive()).optional(),
  }),
  /** Stands for all events up to its number, which are gone: what a replay and a reader need of them. The first of its log. */
  event("log.compacted", {
    submitted: z.object({ at: epochMs, data: z.object(submission) }),
    /** The task as it stood after the last of them, and as A2A shows it. Never terminal: the last event of a log stays. */
    state: TaskState,
    task: FoldedTask,
  }),
]);
export type TaskEvent = z.infer<typeof TaskEvent>;
export type TaskEventType = TaskEvent["type"];
export type TaskEventOf<Type extends TaskEventType> = Extract<TaskEvent, { type: Type }>;

/** An event before the log gave it a number. */
export type NewTaskEvent = { [Type in TaskEventType]: Omit<TaskEventOf<Type>, "seq"> }[TaskEventType];

export const isTerminal = (state: TaskState): boolean =>
  state === "completed" || state === "failed" || state === "canceled" || state === "rejected";

/** A task's submission, from the first event of its log; null when a log of ours does not begin so. */
export const submissionOf = (
  first: TaskEvent | undefined,
): Omit<TaskEventOf<"task.submitted">, "seq" | "type"> | null => {
  if (first?.type === "task.submitted") return first;
  return first?.type === "log.compacted" ? first.data.submitted : null;
};
