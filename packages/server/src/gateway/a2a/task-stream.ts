/** A task's log as the frames of an A2A stream. */
import { type A2ATask, type StreamResponse, submissionOf, type TaskEvent } from "@agentcore/contract";
import {
  changeOf,
  type Feed,
  type FollowedLog,
  type TaskChange,
  TaskView,
  VIEW_BOUNDS,
  viewTask,
} from "@agentcore/core/tasks";
import { RESUMABLE_STREAMS } from "./extensions.ts";
import { projectTask } from "./project-task.ts";

export interface TaskStreamOptions {
  /** Number of the event the stream starts after: up to it the log is only folded. At least 1. */
  readonly from: number;
  /** Whether the task as of `from` comes first; not so on a resume, whose client has it already. */
  readonly snapshot: boolean;
  readonly historyLength?: number | undefined;
  /**
   * Ends after an INPUT_REQUIRED that comes after `from`, and when one of several questions is answered, of which no new status tells;
   * AUTH_REQUIRED never ends a stream (A2A 7.6).
   */
  readonly endAtInputRequired: boolean;
  /** Id of the message that it waits for an answer to: before the task has taken it, no question ends it. @default taken */
  readonly answerTo?: string | undefined;
  /** Ends after the snapshot when the task asks for input already: nothing is on its way that would answer it. */
  readonly endAtSnapshotOfInputRequired?: boolean | undefined;
  /** Whether each frame that completes an event says the event's number in its metadata. @default false */
  readonly numbered?: boolean | undefined;
}

export interface TaskFrame {
  readonly response: StreamResponse;
  /** Number of the event that is complete with this frame; absent when another frame of the same event follows. */
  readonly seq?: number | undefined;
}

/** A frame with its number where the extension puts it: in the metadata of what it carries, under the extension's URI. */
const numberedFrame = ({ response, seq }: TaskFrame): TaskFrame => {
  if (seq === undefined) return { response };
  const withNumber = <Carried extends { metadata?: Record<string, unknown> | undefined }>(carried: Carried) => ({
    ...carried,
    metadata: { ...carried.metadata, [RESUMABLE_STREAMS]: { seq } },
  });
  if ("task" in response) return { response: { task: withNumber(response.task) }, seq };
  if ("statusUpdate" in response) return { response: { statusUpdate: withNumber(response.statusUpdate) }, seq };
  if ("artifactUpdate" in response) return { response: { artifactUpdate: withNumber(response.artifactUpdate) }, seq };
  return { response, seq };
};

/** Holds nothing of the log once it has told of it: what comes after the snapshot needs nothing of what came before. */
export class TaskStream implements Feed<TaskFrame> {
  private readonly taskId: string;
  private readonly log: FollowedLog;
  private readonly options: TaskStreamOptions;
  private contextId = "";
  /** What comes before the snapshot; null from there on. */
  private fold: TaskView | null;
  private closed = false;
  private taken: boolean;
  /** The question that the task's status asks; null when that asks none, or comes from a compacted log. */
  private asked: string | null = null;

  /** `log` is the task's from its first event, which in a compacted one stands for many, up to its end. */
  constructor(taskId: string, log: FollowedLog, options: TaskStreamOptions) {
    this.taskId = taskId;
    this.log = log;
    this.options = options;
    this.fold = new TaskView(taskId, "", { historyLength: options.historyLength, bounds: VIEW_BOUNDS });
    this.taken = options.answerTo === undefined;
  }

  /** What comes before the first frame is read through and let go of, or folded, in one turn: many streams may begin at once. */
  read(): Promise<readonly TaskFrame[] | null> {
    return this.fold === null ? this.readOn() : this.log.inTurn(() => this.readOn());
  }

  private async readOn(): Promise<readonly TaskFrame[] | null> {
    while (!this.closed) {
      const events = await this.log.read();
      if (events === null) return null;
      if (events.length === 0) return [];
      const frames: TaskFrame[] = [];
      for (const event of events) if (!this.closed) this.tell(event, frames);
      if (frames.length > 0) return this.options.numbered === true ? frames.map(numberedFrame) : frames;
    }
    return null;
  }

  wait(ring: () => void): void {
    this.log.wait(ring);
  }

  close(): void {
    this.closed = true;
    this.log.close();
  }

  private tell(event: TaskEvent, frames: TaskFrame[]): void {
    const { taskId, options } = this;
    const { seq } = event;
    this.contextId = submissionOf(event)?.data.contextId ?? this.contextId;
    const change = changeOf(event, { taskId, contextId: this.contextId });
    this.fold?.apply(event);
    this.taken ||= takes(event, options.answerTo);
    const answersBeside =
      event.type === "step.completed" &&
      event.data.kind === "input" &&
      this.asked !== null &&
      event.data.path !== this.asked;
    if (change.status !== undefined) this.asked = event.type === "task.inputRequired" ? event.data.path : null;
    if (seq < options.from) return;
    if (seq === options.from) {
      const task = this.taskAt(event);
      if (options.snapshot) frames.push({ response: { task }, seq });
      const asksForInput = task.status.state === "TASK_STATE_INPUT_REQUIRED";
      if (options.endAtSnapshotOfInputRequired === true && asksForInput) this.close();
    } else if (event.type === "log.compacted") {
      // What the client has not seen of the events that are gone is in the task as a whole.
      frames.push({ response: { task: this.taskAt(event) }, seq });
    } else {
      this.update(seq, change, frames);
      const asks = change.status?.state === "TASK_STATE_INPUT_REQUIRED";
      // An answer to the question that the status asks is followed by another status.
      if (options.endAtInputRequired && this.taken && (asks || answersBeside)) this.close();
    }
    this.fold = null;
  }

  private update(seq: number, change: TaskChange, frames: TaskFrame[]): void {
    const { taskId, contextId } = this;
    const updates = updatesOf(taskId, contextId, change);
    for (const [index, response] of updates.entries())
      frames.push({ response, seq: index === updates.length - 1 ? seq : undefined });
  }

  /** As of an event that is the last one folded, or that holds the task as a whole. */
  private taskAt(event: TaskEvent): A2ATask {
    const task = this.fold?.snapshot() ?? viewTask(this.taskId, [event]);
    return projectTask(task, { historyLength: this.options.historyLength });
  }
}

const takes = (event: TaskEvent, messageId: string | undefined): boolean => {
  if (event.type === "message.added") return event.data.message.messageId === messageId;
  // The task went on while nobody looked.
  if (event.type !== "log.compacted") return false;
  return event.data.task.history?.some((message) => message.messageId === messageId) === true;
};

/** What an event changed, as a client is told that has everything before it; often nothing. */
export const updatesOf = (taskId: string, contextId: string, { artifact, status }: TaskChange): StreamResponse[] => [
  ...(artifact === undefined ? [] : [{ artifactUpdate: artifact }]),
  ...(status === undefined ? [] : [{ statusUpdate: { taskId, contextId, status } }]),
];
