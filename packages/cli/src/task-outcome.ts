/** What a task's log says about where it stands: a fold over events, used by everything that follows a task. */
import type { CarriedEvent, Part, SerializedError, TaskEvent, TaskState } from "@agentcore/contract";

export interface TaskOutcome {
  readonly state: TaskState;
  readonly output?: unknown;
  readonly error?: SerializedError | undefined;
  /** What the task asks a person, while it waits for input or authorisation. */
  readonly prompt?: string | undefined;
  /** It waits for a decision: a message is none. */
  readonly asksDecision?: boolean | undefined;
  /** Names the question, while it waits for authorisation. */
  readonly reference?: string | undefined;
  /** Paths of calls that breakpoints hold. @default none */
  readonly held?: readonly string[] | undefined;
}

export const INITIAL_OUTCOME: TaskOutcome = { state: "submitted" };

/** A task in one of these states goes no further by itself. */
export const isSettled = (state: TaskState): boolean => state !== "submitted" && state !== "working";

/** A task in one of these states never changes again. */
export const isTerminal = (state: TaskState): boolean => isSettled(state) && !isPause(state);

/** Somebody has to do something before the task goes on. */
export const isPause = (state: TaskState): boolean =>
  state === "input-required" || state === "auth-required" || state === "parked";

export const foldOutcome = (outcome: TaskOutcome, event: TaskEvent): TaskOutcome => {
  const folded = statusAfter(outcome, event);
  const held = heldAfter(outcome.held, event);
  return folded === outcome && held === outcome.held ? outcome : { ...folded, held };
};

const heldAfter = (held: TaskOutcome["held"], event: TaskEvent): TaskOutcome["held"] => {
  switch (event.type) {
    case "call.held":
      return [...(held ?? []), event.data.path];
    case "call.released":
    case "step.completed":
    case "step.failed":
      return held?.includes(event.data.path) === true ? held.filter((path) => path !== event.data.path) : held;
    case "checkpoint.created":
      return heldIn(event.data.carried ?? []);
    case "task.completed":
    case "task.failed":
    case "task.rejected":
    case "task.canceled":
      return undefined;
    default:
      return held;
  }
};

/** What goes on in a fresh log. */
const heldIn = (carried: readonly Pick<CarriedEvent, "type" | "data">[]): readonly string[] => {
  const held = new Set<string>();
  for (const { type, data } of carried)
    if (type === "call.held") held.add(String(data["path"]));
    else held.delete(String(data["path"]));
  return [...held];
};

const statusAfter = (outcome: TaskOutcome, event: TaskEvent): TaskOutcome => {
  switch (event.type) {
    case "task.submitted":
      return INITIAL_OUTCOME;
    case "log.compacted":
      return { state: event.data.state };
    case "task.started":
    case "task.resumed":
      return { state: "working" };
    case "task.inputRequired":
      return {
        state: "input-required",
        prompt: promptOf(event.data.prompt),
        asksDecision: event.data.approval !== undefined,
      };
    case "task.authRequired":
      return {
        state: "auth-required",
        prompt: promptOf(event.data.prompt),
        reference: event.data.authorization.reference,
      };
    case "task.completed":
      return { state: "completed", output: event.data.output };
    case "task.failed":
      return { state: "failed", error: event.data.error };
    case "task.rejected":
      return { state: "rejected", error: event.data.error };
    case "task.parked":
      return { state: "parked", error: event.data.error };
    case "task.canceled":
      return { state: "canceled", ...(event.data.error === undefined ? {} : { error: event.data.error }) };
    case "task.migrated":
    case "task.migrationRefused":
    case "task.assigned":
    case "task.progressed":
    case "task.cancelRequested":
    case "task.deadlinePassed":
    case "artifact.appended":
    case "message.added":
    case "signal.received":
    case "signal.refused":
    case "step.started":
    case "step.completed":
    case "step.failed":
    case "decision.made":
    case "approval.answered":
    case "approval.delegated":
    case "approval.refused":
    case "approval.reminded":
    case "approval.escalated":
    case "breakpoints.changed":
    case "call.held":
    case "call.released":
    case "checkpoint.created":
      return outcome;
  }
};

/** What a person is asked: the words; the data beside them is for programs, unless it is all there is. */
export const promptOf = (parts: readonly Part[]): string => {
  const words = parts.filter(({ text }) => text !== undefined);
  return textOf(words.length === 0 ? parts : words);
};

/** Text parts as they are, data as JSON, files by name. */
export const textOf = (parts: readonly Part[]): string =>
  parts
    .map(
      (part) =>
        part.text ?? (part.data === undefined ? (part.filename ?? part.url ?? "(file)") : JSON.stringify(part.data)),
    )
    .join("\n");
