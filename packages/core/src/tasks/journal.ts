/**
 * What a log says about a task's code: which calls were made, what they returned, in which order results arrived.
 * Pure: built from events, read by the replay.
 */
import {
  type A2AMessage,
  type MigrationRules,
  type SerializedError,
  type Signal,
  type StepKind,
  submissionOf,
  type TaskEvent,
  type TaskEventOf,
} from "@agentcore/contract";
import type { Decision } from "@agentcore/contract/authoring";
import { Approvals } from "./approvals.ts";
import { Breakpoints } from "./breakpoints.ts";
import { CallRecords, carriedBy } from "./call-records.ts";
import { noteSignals, type SignalResult } from "./incoming-signals.ts";
import { pathsBefore } from "./migration-rules.ts";
import type { UnjudgedMessage } from "./unjudged.ts";
import type { Verdict } from "./verdicts.ts";

/** Things that reach the code, in log order; a replay delivers them in exactly this order, so races come out the same. */
export type Delivery =
  | { readonly type: "result"; readonly path: string; readonly at: number; readonly result: unknown }
  | { readonly type: "error"; readonly path: string; readonly at: number; readonly error: SerializedError }
  | { readonly type: "message"; readonly at: number; readonly message: A2AMessage }
  | { readonly type: "cancel"; readonly at: number; readonly reason: string | undefined }
  | { readonly type: "deadline"; readonly at: number };

/** A wait that was opened, or a step that will be tried again. */
export interface RecordedWait {
  readonly attempt: number;
  readonly dueAt: number | null;
  readonly childTaskId: string | null;
  /** When it was opened, or tried first, in milliseconds since 1970. */
  readonly begunAt: number;
  /** Number of the checkpoint that it was begun after, which is before the one that carried it. 0: none. */
  readonly since: number;
}

interface RecordedCall {
  readonly kind: StepKind;
  /** Null where it does not matter any more what was asked: a sleep that is carried ends when it would have, and less of it is left. */
  readonly inputHash: string | undefined | null;
}

export class Journal {
  readonly submitted: TaskEventOf<"task.submitted">["data"];
  readonly submittedAt: number;
  /** Of the submission, or the checkpoint that the log is read from: what time it is for the code when it begins. */
  readonly beganAt: number;
  readonly deliveries: readonly Delivery[];
  readonly waits = new Map<string, RecordedWait>();
  readonly calls = new Map<string, RecordedCall>();
  /** Calls of which the log says no more than that a checkpoint carried them. */
  onlyCarried: Set<string> = new Set();
  /** Paths recorded without a result to wait for: progress, artifacts, patches. */
  readonly marks = new Set<string>();
  readonly continuedFrom: unknown;
  /** Milliseconds since 1970; null: nobody asked for it. */
  readonly cancelRequestedAt: number | null;
  readonly deadlinePassed: boolean;
  /** The code that began it takes back what it did when it is canceled or late. */
  readonly compensates: boolean;
  /** What had been asked of the code before the checkpoint that the log is read from. */
  readonly carried: Pick<TaskEventOf<"checkpoint.created">["data"], "cancelRequested" | "deadlinePassed" | "toolCalls">;
  readonly started: boolean;
  /** Access was asked for, or a decision, since the checkpoint that it was read from: something may be kept beside the log. */
  sawSecrets = false;
  readonly approvals = new Approvals();
  readonly breakpoints = new Breakpoints();
  readonly records = new CallRecords();
  /** Path of the question that was asked last. */
  readonly askedLast: string | null;
  readonly routed = new Map<string, string[]>();
  /** What the code chose, by path. */
  readonly choices = new Map<string, string>();
  /** What guards said, by path. */
  readonly verdicts = new Map<string, Verdict>();
  /** Messages that came to questions and got no verdict: they were still being checked when the process died. */
  readonly unjudged: readonly UnjudgedMessage[];
  /** What came before the last checkpoint and was not read by the code before it. */
  readonly unread: readonly A2AMessage[];
  /** Signals that the code has not been given, by id. */
  readonly signals: ReadonlyMap<string, Signal>;
  /** Those, and the ones that calls were given, in order of arrival: returning code may have left such a call behind. */
  readonly received: ReadonlyMap<string, Signal>;
  /** Ids of the messages that the code has been given as answers. */
  readonly answers: readonly string[];
  /** Rules that the task has been migrated by, the oldest first. The events are read by them already. */
  readonly migrated: readonly MigrationRules[];
  /** The name of a call that its ids are made of, and that others know it by: the first that it had. */
  readonly firstPathOf: (path: string) => string;

  constructor(events: readonly TaskEvent[]) {
    const first = submissionOf(events[0]);
    if (first === null) throw new Error("a task's log begins with task.submitted or log.compacted");
    this.submitted = first.data;
    this.submittedAt = first.at;
    const deliveries: Delivery[] = [];
    let continuedFrom: unknown;
    let cancelRequestedAt: number | null = null;
    let deadlinePassed = false;
    let compensates = false;
    let carried: Journal["carried"] = {};
    let started = false;
    const settled = new Set<string>();
    let unjudged: UnjudgedMessage[] = [];
    let askedLast: string | null = null;
    let unread: readonly A2AMessage[] = [];
    const answers: string[] = [];
    let migrated: readonly MigrationRules[] = [];
    // With what came before it, which was for no question that is still open.
    const judged = (is: (unjudged: UnjudgedMessage) => boolean): void => {
      unjudged = unjudged.slice(unjudged.findIndex(is) + 1);
    };
    const signals = new Map<string, Signal>();
    const received = new Map<string, Signal>();
    let beganAt = first.at;
    let checkpointSeq = 0;
    const begunAt = ({ at, data }: { readonly at: number; readonly data: { readonly path: string } }): number =>
      this.waits.get(data.path)?.begunAt ?? at;
    const apply = (event: TaskEvent, since: number): void => {
      this.records.note(event, since);
      switch (event.type) {
        case "checkpoint.created":
          // What came before may not have been read: a checkpoint is only made by code that runs.
          started = true;
          deliveries.length = 0;
          this.waits.clear();
          this.calls.clear();
          this.marks.clear();
          this.routed.clear();
          this.choices.clear();
          this.verdicts.clear();
          settled.clear();
          unjudged = [];
          unread = event.data.unread ?? [];
          answers.length = 0;
          continuedFrom = event.data.state;
          migrated = event.data.migrated ?? [];
          carried = event.data;
          if (carried.cancelRequested !== undefined) cancelRequestedAt ??= event.at;
          deadlinePassed ||= carried.deadlinePassed === true;
          compensates ||= event.data.compensates === true;
          beganAt = event.at;
          checkpointSeq = event.seq;
          for (const call of carriedBy(event)) {
            apply(call.event, call.since);
            const { data } = call.event;
            if ("kind" in data && data.kind === "sleep") this.calls.set(data.path, { kind: "sleep", inputHash: null });
          }
          this.onlyCarried = new Set(this.calls.keys());
          break;
        case "task.started":
          started = true;
          compensates ||= event.data.compensates === true;
          break;
        case "step.started":
          this.record(event.data);
          this.waits.set(event.data.path, {
            attempt: event.data.attempt,
            dueAt: event.data.dueAt ?? null,
            childTaskId: event.data.childTaskId ?? null,
            begunAt: begunAt(event),
            since,
          });
          break;
        case "step.completed":
          this.record(event.data);
          settled.add(event.data.path);
          if (event.data.kind === "input") {
            const { messageId } = event.data.result as InputResult;
            judged(({ message }) => message.messageId === messageId);
            answers.push(messageId);
          }
          if (event.data.kind === "patched") this.marks.add(event.data.path);
          else deliveries.push({ type: "result", path: event.data.path, at: event.at, result: event.data.result });
          break;
        case "step.failed":
          this.record(event.data);
          if (event.data.retryAt === undefined) {
            settled.add(event.data.path);
            // Taken back by its signal it has judged nobody.
            if (event.data.kind === "input" && event.data.error.code !== "CANCELED")
              judged(({ paths }) => paths.includes(event.data.path));
            deliveries.push({
              type: "error",
              path: event.data.path,
              at: event.at,
              error: event.data.error as SerializedError,
            });
          } else {
            this.waits.set(event.data.path, {
              attempt: event.data.attempt + 1,
              dueAt: event.data.retryAt,
              childTaskId: null,
              begunAt: begunAt(event),
              since,
            });
          }
          break;
        case "task.authRequired":
          askedLast = event.data.path;
          this.record(event.data);
          this.waits.set(event.data.path, {
            ...{ attempt: 1, dueAt: null, childTaskId: null },
            ...{ begunAt: begunAt(event), since },
          });
          break;
        case "task.inputRequired":
          askedLast = event.data.path;
          this.record(event.data);
          this.waits.set(event.data.path, {
            ...{ attempt: 1, dueAt: null, childTaskId: null },
            ...{ begunAt: begunAt(event), since },
          });
          judged(({ message }) => message.messageId === event.data.refusedMessageId);
          break;
        case "task.progressed":
        case "artifact.appended":
          this.record(event.data);
          this.marks.add(event.data.path);
          break;
        case "message.added":
          deliveries.push({ type: "message", at: event.at, message: event.data.message });
          unjudged.push({
            message: event.data.message,
            paths: [...this.waits.keys()].filter(
              (path) => this.calls.get(path)?.kind === "input" && !settled.has(path),
            ),
          });
          break;
        case "task.cancelRequested":
          cancelRequestedAt ??= event.at;
          deliveries.push({ type: "cancel", at: event.at, reason: event.data.reason });
          break;
        case "task.deadlinePassed":
          deadlinePassed = true;
          deliveries.push({ type: "deadline", at: event.at });
          break;
        case "decision.made":
          if (event.data.path === undefined || event.data.choice === null || event.data.kind === "model") break;
          if (event.data.kind === "choice" || event.data.kind === "guard") {
            const { path, choice, reasons, value } = event.data;
            this.record({ path, kind: "decision" });
            this.marks.add(path);
            if (event.data.kind === "choice") this.choices.set(path, choice);
            else this.verdicts.set(path, { choice, reasons, ...(value === undefined ? {} : { value }) });
          } else {
            this.routed.set(event.data.path, [...(this.routed.get(event.data.path) ?? []), event.data.choice]);
          }
          break;
        case "call.held":
          this.record(event.data);
          break;
        case "task.migrated":
          if (event.data.rules !== undefined) migrated = [...migrated, event.data.rules];
          break;
        case "task.migrationRefused":
        case "task.submitted":
        case "log.compacted":
        case "signal.received":
        case "signal.refused":
        case "breakpoints.changed":
        case "call.released":
        case "task.assigned":
        case "task.resumed":
        case "approval.answered":
        case "approval.delegated":
        case "approval.refused":
        case "approval.reminded":
        case "approval.escalated":
        case "task.parked":
        case "task.completed":
        case "task.failed":
        case "task.canceled":
        case "task.rejected":
          break;
      }
    };
    for (const event of events) {
      // Its paths have the names of now already: those of an earlier migration would hide what was answered since.
      if (event.type !== "task.migrated") this.approvals.apply(event);
      noteSignals(signals, event);
      if (event.type !== "step.completed") noteSignals(received, event);
      this.breakpoints.apply(event);
      apply(event, checkpointSeq);
    }
    this.beganAt = beganAt;
    this.deliveries = deliveries;
    this.continuedFrom = continuedFrom;
    this.cancelRequestedAt = cancelRequestedAt;
    this.deadlinePassed = deadlinePassed;
    this.compensates = compensates;
    this.carried = carried;
    this.started = started;
    this.unjudged = unjudged;
    this.askedLast = askedLast;
    this.unread = unread;
    this.answers = answers;
    this.migrated = migrated;
    this.firstPathOf = migrated.length === 0 ? asItIs : pathsBefore(migrated);
    this.signals = signals;
    this.received = received;
  }

  private record(call: { path: string; kind: StepKind; inputHash?: string | undefined }): void {
    this.sawSecrets ||= call.kind === "authorization" || call.kind === "approval";
    this.calls.set(call.path, { kind: call.kind, inputHash: call.inputHash });
    this.onlyCarried.delete(call.path);
  }
}

const asItIs = (path: string): string => path;

/** What the code is given of what a call recorded. */
export const resultOf = (kind: StepKind, recorded: unknown): unknown =>
  kind === "input" || kind === "signal" ? (recorded as InputResult | SignalResult).value : recorded;

/** What is recorded of a value that somebody set, in place of `before` where the call had ended. */
export const recordedAs = (
  { path, kind }: { readonly path: string; readonly kind: StepKind },
  value: unknown,
  result?: unknown,
): unknown => {
  const before = result as Partial<InputResult & SignalResult & Decision> | null | undefined;
  switch (kind) {
    case "input":
      return { messageId: before?.messageId ?? `set:${path}`, value } satisfies InputResult;
    case "signal":
      // Of a signal that was given it stays told that it was: no other wait gets it.
      return { signalId: before?.signalId ?? `set:${path}`, value } satisfies SignalResult;
    case "approval":
      return { by: [], id: before?.id ?? `set:${path}`, ...(value as Partial<Decision>) };
    default:
      return value;
  }
};

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isDecision = (value: unknown): boolean =>
  isObject(value) && typeof value["choice"] === "string" && (value["by"] === undefined || Array.isArray(value["by"]));
const isEvent = (value: unknown): boolean =>
  isObject(value) && ["id", "topic", "source"].every((name) => typeof value[name] === "string") && "payload" in value;

/** Why the call cannot have come to that; null when it can. */
export const unlikeResult = (kind: StepKind, value: unknown): string | null => {
  if (kind === "approval" && !isDecision(value)) return 'expected a decision, as { "choice": "approve", "by": [] }';
  if (kind === "event" && !isEvent(value)) return "expected an event, as { id, topic, source, payload }";
  return null;
};

/** What a `waitForInput` call records: which message answered, and what it said. */
export interface InputResult {
  readonly messageId: string;
  readonly value: unknown;
}
