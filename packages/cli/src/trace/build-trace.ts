/** A task's log as a tree of what it did: a pure fold, child tasks are put in by `loadTrace`. */
import type { SerializedError, TaskEvent, TaskEventOf, TaskState } from "@agentcore/contract";
import { renamedPath, renamer } from "@agentcore/contract/renamed-path";
import { compactedCount, submissionIn } from "../compacted-log.ts";
import { isRecord } from "../is-record.ts";
import { foldOutcome, INITIAL_OUTCOME, isSettled, isTerminal } from "../task-outcome.ts";

export interface TraceDecision {
  /** Number of its event. */
  readonly seq: number;
  readonly kind: string;
  /** What was decided, where the code says so: the name that it gave to `ctx.decide`. */
  readonly name?: string;
  readonly choice: string | null;
  /** Of the ways there were, where numbers decided. */
  readonly scores?: readonly { readonly candidate: string; readonly score: number }[];
  readonly reasons: readonly string[];
}

export interface TraceStep {
  /** Number of its first event. */
  readonly seq: number;
  readonly path: string;
  readonly kind: string;
  /** `not awaited`: the task ended first; a child task that was started goes on by itself. */
  readonly outcome: "running" | "completed" | "failed" | "not awaited";
  /** Absent for a step that was recorded only when it was done, and for one that still runs. */
  readonly durationMs?: number;
  readonly attempts: number;
  readonly error?: SerializedError;
  readonly decisions: readonly TraceDecision[];
  /** What a model answered. */
  readonly answer?: {
    readonly text: string;
    readonly toolCalls: readonly { readonly name: string; readonly input: unknown }[];
  };
  readonly childTaskId?: string;
  readonly child?: TraceTask;
}

export interface TraceTask {
  readonly taskId: string;
  readonly agent: string;
  readonly state: TaskState;
  /** From submission to the end, or to the last event while it has none. */
  readonly durationMs: number;
  readonly error?: SerializedError;
  /** So many of its first events were compacted: what they told of steps and decisions is not here. */
  readonly compactedEvents?: number;
  readonly decisions: readonly TraceDecision[];
  readonly steps: readonly TraceStep[];
}

/** A call that was under way when its task was moved to a revision with other names is one call. */
const withNamesOfNow = (log: readonly TaskEvent[]): readonly TaskEvent[] => {
  const renames = log.flatMap(({ seq, ...event }) =>
    event.type === "task.migrated" && event.data.rules !== undefined
      ? [{ seq, rename: renamer(event.data.rules) }]
      : [],
  );
  if (renames.length === 0) return log;
  return log.map((event) => {
    const { path } = event.data as { readonly path?: unknown };
    if (typeof path !== "string") return event;
    const now = renames.reduce((then, { seq, rename }) => (seq > event.seq ? renamedPath(then, rename) : then), path);
    return { ...event, data: { ...event.data, path: now } } as TaskEvent;
  });
};

type StepEvent = TaskEventOf<"step.started"> | TaskEventOf<"step.completed"> | TaskEventOf<"step.failed">;

export const buildTrace = (taskId: string, log: readonly TaskEvent[]): TraceTask => {
  const events = withNamesOfNow(log);
  const outcome = events.reduce(foldOutcome, INITIAL_OUTCOME);
  const submitted = submissionIn(events);
  const compacted = compactedCount(events);
  const stepEvents = Map.groupBy(events.filter(isStepEvent), (event) => event.data.path);
  const decisions = events.filter((event) => event.type === "decision.made");
  const last = isSettled(outcome.state) ? events.findLast((event) => event.type.startsWith("task.")) : events.at(-1);
  return {
    taskId,
    agent: submitted?.data.agent ?? "unknown",
    state: outcome.state,
    durationMs: (last?.at ?? 0) - (submitted?.at ?? 0),
    ...(outcome.error === undefined ? {} : { error: outcome.error }),
    ...(compacted === 0 ? {} : { compactedEvents: compacted }),
    decisions: decisions.filter(({ data }) => data.path === undefined || !stepEvents.has(data.path)).map(decisionOf),
    steps: [...stepEvents].map(([path, own]) => ({
      ...stepOf(path, own, isTerminal(outcome.state)),
      decisions: decisions.filter(({ data }) => data.path === path).map(decisionOf),
    })),
  };
};

const isStepEvent = (event: TaskEvent): event is StepEvent =>
  event.type === "step.started" || event.type === "step.completed" || event.type === "step.failed";

// As `ctx.decide` names its mark.
const DECIDED = /^decision:/;

const decisionOf = ({ seq, data }: TaskEventOf<"decision.made">): TraceDecision => ({
  seq,
  kind: data.kind,
  ...(data.kind === "choice" && data.path !== undefined ? { name: data.path.replace(DECIDED, "") } : {}),
  choice: data.choice,
  ...(data.scores.length === 0 ? {} : { scores: data.scores }),
  reasons: data.reasons,
});

/** Of a model's call: what it said, and which tools it called. Undefined where the log keeps it elsewhere. */
const answerOf = (end: StepEvent | undefined): TraceStep["answer"] => {
  if (end?.type !== "step.completed" || end.data.kind !== "model" || !isRecord(end.data.result)) return undefined;
  const { text, toolCalls } = end.data.result;
  const calls = Array.isArray(toolCalls) ? toolCalls.filter(isRecord) : [];
  return {
    text: typeof text === "string" ? text : "",
    toolCalls: calls.map(({ name, input }) => ({ name: String(name), input })),
  };
};

const outcomeOf = (end: StepEvent | undefined, hasTaskEnded: boolean): TraceStep["outcome"] => {
  if (end === undefined) return hasTaskEnded ? "not awaited" : "running";
  return end.type === "step.completed" ? "completed" : "failed";
};

const stepOf = (path: string, events: readonly StepEvent[], hasTaskEnded: boolean): Omit<TraceStep, "decisions"> => {
  const started = events.filter((event) => event.type === "step.started");
  const failed = events.filter((event) => event.type === "step.failed");
  const end = events.findLast(
    (event) => event.type === "step.completed" || (event.type === "step.failed" && event.data.retryAt === undefined),
  );
  const error = end?.type === "step.completed" ? undefined : failed.at(-1)?.data.error;
  const childTaskId = started.find((event) => event.data.childTaskId !== undefined)?.data.childTaskId;
  const first = events[0];
  const answer = answerOf(end);
  return {
    seq: first?.seq ?? 0,
    path,
    kind: first?.data.kind ?? "step",
    outcome: outcomeOf(end, hasTaskEnded),
    // A single event tells when it was written and not how long it took.
    ...(end === undefined || first === undefined || first === end ? {} : { durationMs: end.at - first.at }),
    attempts: Math.max(
      1,
      ...[...started, ...failed].map((event) => event.data.attempt),
      failed.length + (end?.type === "step.completed" ? 1 : 0),
    ),
    ...(error === undefined ? {} : { error }),
    ...(answer === undefined ? {} : { answer }),
    ...(childTaskId === undefined ? {} : { childTaskId }),
  };
};
