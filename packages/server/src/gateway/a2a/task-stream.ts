/** A task's log as the frames of an A2A stream. */
import { type A2ATask, type StreamResponse, submissionOf, type TaskEvent } from "@agentcore/contract";
import { changeOf, type Feed, type TaskChange, TaskView, VIEW_BOUNDS, viewTask } from "@agentcore/core/tasks";
import { RESUMABLE_STREAMS } from "./extensions.ts";
import { projectTask } from "./project-task.ts";

export interface TaskStreamOptions {
  /** Number of the event the stream starts after: up to it the log is only folded. At least 1. */
  readonly from: number;
  /** Whether the task as of `from` comes first; not so on a resume, whose client has it already. */
  readonly snapshot: boolean;
  readonly historyLength?: number | undefined;
  /** Ends after an INPUT_REQUIRED that comes after `from`; AUTH_REQUIRED never ends a stream (A2A 7.6). */
  readonly endAtInputRequired: boolean;
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
  private readonly log: Feed<TaskEvent>;
  private readonly options: TaskStreamOptions;
  private contextId = "";
  /** What comes before the snapshot; null from there on. */
  private fold: TaskView | null;
  private closed = false;

  /** `log` is the task's from its first event, which in a compacted one stands for many, up to its end. */
  constructor(taskId: string, log: Feed<TaskEvent>, options: TaskStreamOptions) {
    this.taskId = taskId;
    this.log = log;
    this.options = options;
    this.fold = new TaskView(taskId, "", { historyLength: options.historyLength, bounds: VIEW_BOUNDS });
  }

  async read(): Promise<readonly TaskFrame[] | null> {
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
    if (seq < options.from) return;
    if (seq === options.from) {
      const task = this.taskAt(event);
      if (options.snapshot) frames.push({ response: { task }, seq });
      const asksForInput = task.status.state === "TASK_STATE_INPUT_REQUIRED";
      if (options.endAtSnapshotOfInputRequired === true && asksForInput) this.close();
    } else if (event.type === "log.compacted") {
      // What the client has not seen of the events that are gone is in the task as a whole.
      frames.push({ response: { task: this.taskAt(event) }, seq });
    } else this.update(seq, change, frames);
    this.fold = null;
  }

  private update(seq: number, change: TaskChange, frames: TaskFrame[]): void {
    const { taskId, contextId, options } = this;
    const updates = updatesOf(taskId, contextId, change);
    for (const [index, response] of updates.entries())
      frames.push({ response, seq: index === updates.length - 1 ? seq : undefined });
    if (options.endAtInputRequired && change.status?.state === "TASK_STATE_INPUT_REQUIRED") this.close();
  }

  /** As of an event that is the last one folded, or that holds the task as a whole. */
  private taskAt(event: TaskEvent): A2ATask {
    const task = this.fold?.snapshot() ?? viewTask(this.taskId, [event]);
    return projectTask(task, { historyLength: this.options.historyLength });
  }
}

/** What an event changed, as a client is told that has everything before it; often nothing. */
export const updatesOf = (taskId: string, contextId: string, { artifact, status }: TaskChange): StreamResponse[] => [
  ...(artifact === undefined ? [] : [{ artifactUpdate: artifact }]),
  ...(status === undefined ? [] : [{ statusUpdate: { taskId, contextId, status } }]),
];
