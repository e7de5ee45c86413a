/** A2A's view of a task: a pure fold over its log. */
import type {
  A2AMessage,
  A2ATask,
  A2ATaskState,
  A2ATaskStatus,
  Artifact,
  Part,
  SerializedError,
  TaskArtifactUpdateEvent,
  TaskEvent,
  TaskEventOf,
  TaskState,
} from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract";
import { isoTime } from "../iso-time.ts";
import { sizeOf } from "../payloads/json-size.ts";

const A2A_STATES: Record<TaskState, A2ATaskState> = {
  submitted: "TASK_STATE_SUBMITTED",
  working: "TASK_STATE_WORKING",
  "input-required": "TASK_STATE_INPUT_REQUIRED",
  "auth-required": "TASK_STATE_AUTH_REQUIRED",
  // A2A has no parked state. A person must act before anything moves, which is what INPUT_REQUIRED tells a client.
  parked: "TASK_STATE_INPUT_REQUIRED",
  completed: "TASK_STATE_COMPLETED",
  failed: "TASK_STATE_FAILED",
  canceled: "TASK_STATE_CANCELED",
  rejected: "TASK_STATE_REJECTED",
};

export const toA2AState = (state: TaskState): A2ATaskState => A2A_STATES[state];

/** The artifact that carries a task's output: results belong in artifacts, not in messages (A2A 3.7). */
export const OUTPUT_ARTIFACT_ID = "output";

/** The state a task is in after an event, or null when the event does not change it. */
export const stateAfter = (event: { readonly type: TaskEvent["type"] }): TaskState | null => {
  switch (event.type) {
    case "task.submitted":
      return "submitted";
    case "task.started":
    case "task.resumed":
      return "working";
    case "task.inputRequired":
      return "input-required";
    case "task.authRequired":
      return "auth-required";
    case "task.completed":
      return "completed";
    case "task.failed":
      return "failed";
    case "task.canceled":
      return "canceled";
    case "task.rejected":
      return "rejected";
    case "task.parked":
      return "parked";
    case "task.assigned":
    case "task.progressed":
    case "task.cancelRequested":
    case "task.deadlinePassed":
    case "task.migrated":
    case "task.migrationRefused":
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
    // It holds the state, and follows no other event: TaskView reads it.
    case "log.compacted":
      return null;
  }
};

const outputParts = (output: unknown): Part[] => [
  typeof output === "string" ? { text: output } : { data: output ?? null },
];

const errorText = (error: SerializedError): string => `${error.code}: ${error.message}`;

/** Why, and what of it stands. */
const canceledText = ({ reason, error }: TaskEventOf<"task.canceled">["data"]): string =>
  [reason, ...(error === undefined ? [] : [errorText(error)])].filter((line) => line !== undefined).join("\n");

/** The task that an event is of. */
export interface EventOwner {
  readonly taskId: string;
  readonly contextId: string;
}

/** What an event changed for an A2A client, in order: the artifact, then the status; often nothing. */
export interface TaskChange {
  readonly status?: A2ATaskStatus;
  readonly artifact?: TaskArtifactUpdateEvent;
  readonly terminal: boolean;
}

/** Needs nothing of the log before the event, so a stream can go on from any number. */
export const changeOf = (event: TaskEvent, owner: EventOwner): TaskChange => {
  switch (event.type) {
    case "task.submitted":
    case "task.started":
    case "task.resumed":
      return statusChange(event);
    case "task.progressed":
      if (event.data.whileAsking === true) return { terminal: false };
      return statusChange(
        event,
        say(owner, event.seq, [{ text: event.data.message ?? `${Math.round((event.data.share ?? 0) * 100)} %` }]),
        "working",
      );
    case "task.inputRequired":
    case "task.authRequired":
      return statusChange(event, say(owner, event.seq, event.data.prompt));
    case "task.completed":
      return {
        ...statusChange(event),
        artifact: {
          ...owner,
          artifact: { artifactId: OUTPUT_ARTIFACT_ID, name: OUTPUT_ARTIFACT_ID, parts: outputParts(event.data.output) },
          append: false,
          lastChunk: true,
        },
      };
    case "task.failed":
    case "task.rejected":
    case "task.parked":
      return statusChange(event, say(owner, event.seq, [{ text: errorText(event.data.error) }]));
    case "task.canceled":
      return statusChange(
        event,
        canceledText(event.data) === "" ? undefined : say(owner, event.seq, [{ text: canceledText(event.data) }]),
      );
    case "artifact.appended": {
      const { artifact, append, lastChunk } = event.data;
      return { artifact: { ...owner, artifact, append, lastChunk }, terminal: false };
    }
    case "log.compacted":
      return { status: event.data.task.status, terminal: false };
    case "message.added":
    case "signal.received":
    case "signal.refused":
    case "task.migrated":
    case "task.migrationRefused":
    case "task.assigned":
    case "task.cancelRequested":
    case "task.deadlinePassed":
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
      return { terminal: false };
  }
};

const say = (owner: EventOwner, seq: number, parts: readonly Part[]): A2AMessage => ({
  messageId: `${owner.taskId}-${seq}`,
  contextId: owner.contextId,
  taskId: owner.taskId,
  role: "ROLE_AGENT",
  parts: [...parts],
});

const statusChange = (
  event: TaskEvent,
  message?: A2AMessage,
  state: TaskState | null = stateAfter(event),
): TaskChange => {
  if (state === null) return { terminal: false };
  const said = message === undefined ? {} : { message };
  return {
    status: { state: toA2AState(state), timestamp: isoTime(event.at), ...said },
    terminal: state === "completed" || state === "failed" || state === "canceled" || state === "rejected",
  };
};

/** What of a task is shown. What is not is not kept while its log is read. */
export interface ViewOptions {
  /** Newest messages of the history. @default as many as `bounds` allow */
  readonly historyLength?: number | undefined;
  /** @default true */
  readonly artifacts?: boolean | undefined;
  /** @default none */
  readonly bounds?: ViewBounds | undefined;
}

const UNSEEN = [
  ...(["task.assigned", "task.cancelRequested", "task.deadlinePassed", "decision.made"] as const),
  ...(["checkpoint.created"] as const),
  ...(["step.started", "step.completed", "step.failed", "signal.received", "signal.refused"] as const),
  ...(["approval.answered", "approval.delegated", "approval.refused", "approval.reminded"] as const),
  ...(["approval.escalated", "breakpoints.changed", "call.held", "call.released"] as const),
] as const;

/** Events of which such a view shows nothing: they need not be read for it. */
export const typesUnseen = ({ historyLength, artifacts = true }: ViewOptions): readonly TaskEvent["type"][] => [
  ...UNSEEN,
  ...(historyLength === 0 ? (["message.added"] as const) : []),
  ...(artifacts ? [] : (["artifact.appended"] as const)),
];

/** Member of a task's metadata: which task it was forked from, and after which event. */
const FORKED_FROM = "https://agentcore.dev/a2a/forked-from";

/** Sizes in about as many characters as they have in JSON. */
export interface ViewBounds {
  /** Older messages than fit are left out; the newest is always there. */
  readonly history: number;
  /** More is TOO_LARGE: nothing of a result may be missing. */
  readonly artifacts: number;
}

/**
 * Of one task in an answer, which a node has in memory as a whole, several times over while it is written as JSON. The newest messages are
 * what is wanted of a history; artifacts are the result, four values of the largest size.
 */
export const VIEW_BOUNDS: ViewBounds = { history: 16 * 1024 * 1024, artifacts: 64 * 1024 * 1024 };

/** Builds the view event by event; also tells what a stream should say about each. */
export class TaskView {
  private readonly id: string;
  private contextId = "";
  private status: A2ATaskStatus = { state: "TASK_STATE_SUBMITTED" };
  private readonly artifacts = new Map<string, Sized<Artifact>>();
  private readonly history: Sized<A2AMessage>[] = [];
  private metadata: Record<string, unknown> | undefined;
  private historySize = 0;
  private artifactsSize = 0;
  private readonly options: ViewOptions;

  /** `contextId`: for who starts in the middle of a log and wants what each event changes, not the whole. */
  constructor(taskId: string, contextId = "", options: ViewOptions = {}) {
    this.id = taskId;
    this.contextId = contextId;
    this.options = options;
  }

  /** Of the snapshot, in about as many characters as it has in JSON; 0 for what is kept without bounds. */
  get size(): number {
    return this.historySize + this.artifactsSize + sizeOf(this.status) + sizeOf(this.metadata);
  }

  /** Throws TOO_LARGE where there are bounds. */
  apply(event: TaskEvent): TaskChange {
    if (event.type === "log.compacted") this.replace(event.data.task);
    if (event.type === "task.submitted") {
      this.contextId = event.data.contextId;
      const { metadata, forkedFrom } = event.data;
      if (metadata !== undefined) this.metadata = metadata;
      if (forkedFrom !== undefined) {
        const { taskId, seq } = forkedFrom;
        this.metadata = { ...this.metadata, [FORKED_FROM]: { taskId, seq } };
      }
    }
    const change = changeOf(event, { taskId: this.id, contextId: this.contextId });
    const message = messageOf(event, change);
    if (message !== undefined) this.say({ ...message, contextId: this.contextId, taskId: this.id });
    if (change.artifact !== undefined) this.put(change.artifact);
    this.status = change.status ?? this.status;
    return change;
  }

  /** All that was folded before, if anything was, is in it. */
  private replace(task: TaskEventOf<"log.compacted">["data"]["task"]): void {
    this.contextId = task.contextId ?? this.contextId;
    this.metadata = task.metadata;
    this.history.length = 0;
    this.historySize = 0;
    for (const message of task.history ?? []) this.say(message);
    this.artifacts.clear();
    this.artifactsSize = 0;
    for (const artifact of task.artifacts ?? []) this.keep(artifact, this.sizeOf(artifact));
  }

  snapshot(): A2ATask {
    return {
      id: this.id,
      contextId: this.contextId,
      status: this.status,
      artifacts: Array.from(this.artifacts.values(), ({ value }) => value),
      history: this.history.map(({ value }) => value),
      ...(this.metadata === undefined ? {} : { metadata: this.metadata }),
    };
  }

  private say(value: A2AMessage): void {
    const { historyLength = Number.POSITIVE_INFINITY, bounds } = this.options;
    if (historyLength === 0) return;
    const size = this.sizeOf(value);
    this.history.push({ value, size });
    this.historySize += size;
    const isTooMuch = () => this.history.length > historyLength || this.historySize > (bounds?.history ?? Infinity);
    while (this.history.length > 1 && isTooMuch()) this.historySize -= this.history.shift()?.size ?? 0;
  }

  private put({ artifact, append }: TaskArtifactUpdateEvent): void {
    const size = this.sizeOf(artifact);
    const before = append === true ? this.artifacts.get(artifact.artifactId) : undefined;
    if (before === undefined) this.keep(artifact, size);
    else this.keep({ ...before.value, parts: [...before.value.parts, ...artifact.parts] }, before.size + size);
  }

  private keep(value: Artifact, size: number): void {
    const { artifacts = true, bounds } = this.options;
    if (!artifacts) return;
    this.artifactsSize += size - (this.artifacts.get(value.artifactId)?.size ?? 0);
    if (bounds !== undefined && this.artifactsSize > bounds.artifacts)
      throw new PlatformError(
        "TOO_LARGE",
        `the artifacts of task ${this.id} have more than ${bounds.artifacts} bytes, too many for one answer; read them from its events, page by page (GET /api/v1/tasks/${this.id}/events), or list it without artifacts`,
        { details: { taskId: this.id } },
      );
    this.artifacts.set(value.artifactId, { value, size });
  }

  /** Only where it counts: it is a walk through the value. */
  private sizeOf(value: unknown): number {
    return this.options.bounds === undefined ? 0 : sizeOf(value);
  }
}

interface Sized<Value> {
  readonly value: Value;
  readonly size: number;
}

/** What an event adds to the conversation. */
const messageOf = (event: TaskEvent, { status }: TaskChange): A2AMessage | undefined => {
  if (event.type === "task.submitted" || event.type === "message.added") return event.data.message;
  return event.type === "task.inputRequired" || event.type === "task.authRequired" ? status?.message : undefined;
};

export const viewTask = (taskId: string, events: readonly TaskEvent[]): A2ATask => {
  const view = new TaskView(taskId);
  for (const event of events) view.apply(event);
  return view.snapshot();
};
