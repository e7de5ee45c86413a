/** A task's log as the frames of an A2A stream. */
import { type StreamResponse, submissionOf, type TaskEvent } from "@agentcore/contract";
import { type TaskChange, TaskView } from "@agentcore/core/tasks";
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

async function* numberedFrames(frames: AsyncIterable<TaskFrame>): AsyncGenerator<TaskFrame, void> {
  for await (const frame of frames) yield numberedFrame(frame);
}

/** `events` is the log from its first event, which in a compacted one stands for many. */
export const streamTask = (
  taskId: string,
  events: AsyncIterable<TaskEvent>,
  options: TaskStreamOptions,
): AsyncGenerator<TaskFrame, void> => {
  const frames = framesOf(taskId, events, options);
  return options.numbered === true ? numberedFrames(frames) : frames;
};

async function* framesOf(
  taskId: string,
  events: AsyncIterable<TaskEvent>,
  options: TaskStreamOptions,
): AsyncGenerator<TaskFrame, void> {
  const view = new TaskView(taskId);
  let contextId = "";
  let ended = false;
  for await (const event of events) {
    const change = view.apply(event);
    const submitted = submissionOf(event);
    if (submitted !== null) contextId = submitted.data.contextId;
    ended ||= change.terminal;
    if (event.seq < options.from) continue;
    if (event.type === "log.compacted" && event.seq > options.from) {
      // What the client has not seen of the events that are gone is in the task as a whole.
      yield {
        response: { task: projectTask(view.snapshot(), { historyLength: options.historyLength }) },
        seq: event.seq,
      };
      continue;
    }
    if (event.seq === options.from) {
      const task = projectTask(view.snapshot(), { historyLength: options.historyLength });
      if (options.snapshot) yield { response: { task }, seq: event.seq };
      if (ended || (options.endAtSnapshotOfInputRequired === true && task.status.state === "TASK_STATE_INPUT_REQUIRED"))
        return;
      continue;
    }
    const updates = updatesOf(taskId, contextId, change);
    for (const [index, response] of updates.entries())
      yield { response, seq: index === updates.length - 1 ? event.seq : undefined };
    if (ended || (options.endAtInputRequired && change.status?.state === "TASK_STATE_INPUT_REQUIRED")) return;
  }
}

/** What an event changed, as a client is told that has everything before it; often nothing. */
export const updatesOf = (taskId: string, contextId: string, { artifact, status }: TaskChange): StreamResponse[] => [
  ...(artifact === undefined ? [] : [{ artifactUpdate: artifact }]),
  ...(status === undefined ? [] : [{ statusUpdate: { taskId, contextId, status } }]),
];
