/** A task's log as the frames of an A2A stream. */
import {
  type A2ATask,
  type StreamResponse,
  submissionOf,
  type TaskArtifactUpdateEvent,
  type TaskEvent,
  type TaskEventOf,
} from "@agentcore/contract";
import {
  changeOf,
  type Feed,
  type FollowedLog,
  itemsOf,
  type TaskChange,
  TaskView,
  VIEW_BOUNDS,
  viewTask,
} from "@agentcore/core/tasks";
import { RESUMABLE_STREAMS } from "./extensions.ts";
import { projectTask } from "./project-task.ts";
import { TextsAhead } from "./texts-ahead.ts";

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
  /** Whether each frame that completes an event says the event's number in its metadata, and none shows what is in no event. @default false */
  readonly numbered?: boolean | undefined;
}

export interface TaskFrame {
  readonly response: StreamResponse;
  /**
   * Number of the event that is complete with this frame, `n.k` while the client has text, too, that was not in the log by event n; absent when
   * another frame of the same event follows.
   */
  readonly seq?: number | string | undefined;
  /** It only takes back text that never came into the log. */
  readonly takesBack?: boolean | undefined;
}

/** A frame with its number where the extension puts it: in the metadata of what it carries, under the extension's URI. */
const numberedFrame = ({ response, seq }: TaskFrame): TaskFrame => {
  if (typeof seq !== "number") return { response };
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
  private readonly reopen: () => Promise<FollowedLog>;
  private contextId = "";
  /** What comes before the snapshot; null from there on. */
  private fold: TaskView | null;
  private closed = false;
  private taken: boolean;
  /** The question that the task's status asks; null when that asks none, or comes from a compacted log. */
  private asked: string | null = null;
  /** Made when something is shown before it is in the log: few streams ever do. */
  private ahead: TextsAhead | null = null;
  /** Number of the last event told of, and how many frames came since. */
  private last = 0;
  private since = 0;
  /** Up to here the client was told of the task as a whole. */
  private toldUpTo = 0;

  /**
   * `log` is the task's from its first event, which in a compacted one stands for many, up to its end; `reopen` gives it once more, for what
   * has to be told anew.
   */
  constructor(taskId: string, log: FollowedLog, options: TaskStreamOptions, reopen: () => Promise<FollowedLog>) {
    this.taskId = taskId;
    this.log = log;
    this.options = options;
    this.reopen = reopen;
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
      if (events.length === 0) return this.showTexts();
      const frames: TaskFrame[] = [];
      for (const event of events) if (!this.closed) await this.tell(event, frames);
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

  /** What models have said by now; of what was said since the last look no reader keeps anything. */
  private showTexts(): TaskFrame[] {
    if (this.fold !== null || this.options.numbered === true) return [];
    const texts = this.log.texts();
    if (texts.length === 0) return [];
    this.ahead ??= new TextsAhead();
    const { taskId, contextId } = this;
    return this.ahead.show(texts).map((piece) => ({
      response: { artifactUpdate: { taskId, contextId, ...piece, lastChunk: false } },
      seq: this.nextNumber(),
    }));
  }

  /** Of the frame that is told now: a client that names it is given what follows, and first the task where it has more than the log. */
  private nextNumber(): number | string {
    return this.ahead === null || this.ahead.isEmpty ? this.last : `${this.last}.${++this.since}`;
  }

  private async tell(event: TaskEvent, frames: TaskFrame[]): Promise<void> {
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
    [this.last, this.since] = [seq, 0];
    if (seq === options.from) {
      const task = this.taskAt(event);
      if (options.snapshot) frames.push({ response: { task }, seq });
      const asksForInput = task.status.state === "TASK_STATE_INPUT_REQUIRED";
      if (options.endAtSnapshotOfInputRequired === true && asksForInput) this.close();
    } else if (event.type === "log.compacted") {
      if (seq > this.toldUpTo) this.tellWhole(event, frames);
    } else {
      if (seq > this.toldUpTo) await this.update(event, change, frames);
      const asks = change.status?.state === "TASK_STATE_INPUT_REQUIRED";
      // An answer to the question that the status asks is followed by another status.
      if (options.endAtInputRequired && this.taken && (asks || answersBeside)) this.close();
    }
    this.fold = null;
  }

  /** What the client has not seen of the events that are gone is in the task as a whole. */
  private tellWhole(event: TaskEventOf<"log.compacted">, frames: TaskFrame[]): void {
    this.ahead?.clear();
    this.toldUpTo = event.seq;
    frames.push({ response: { task: this.taskAt(event) }, seq: event.seq });
  }

  private async update(event: TaskEvent, change: TaskChange, frames: TaskFrame[]): Promise<void> {
    const { taskId, contextId, ahead } = this;
    const told: TaskFrame[] = [];
    for (const artifactId of ahead?.lostBy(event) ?? []) {
      const artifactUpdate = await this.artifactBefore(event.seq, artifactId, frames);
      if (artifactUpdate === null) return;
      told.push({ response: { artifactUpdate }, takesBack: true });
    }
    const rest = event.type === "artifact.appended" ? ahead?.restOf(event) : undefined;
    const untold =
      rest === undefined || change.artifact === undefined
        ? change
        : { ...change, artifact: { ...change.artifact, ...rest } };
    for (const response of updatesOf(taskId, contextId, untold)) told.push({ response });
    for (const [index, frame] of told.entries())
      frames.push(index === told.length - 1 ? { ...frame, seq: this.nextNumber() } : frame);
  }

  /**
   * As the log has it before an event, in place of what the client has of it; of one that the log does not have, nothing. Null, when the log was
   * compacted beyond meanwhile: then the client is told of the task as a whole.
   */
  private async artifactBefore(
    seq: number,
    artifactId: string,
    frames: TaskFrame[],
  ): Promise<TaskArtifactUpdateEvent | null> {
    const { taskId, contextId } = this;
    const log = await this.reopen();
    try {
      return await log.inTurn(async () => {
        const view = new TaskView(taskId, "", { historyLength: 0, bounds: VIEW_BOUNDS });
        for await (const event of itemsOf(log)) {
          if (event.type === "log.compacted" && event.seq >= seq) {
            this.tellWhole(event, frames);
            return null;
          }
          if (event.seq >= seq) break;
          view.apply(event);
        }
        const known = view.snapshot().artifacts?.find((artifact) => artifact.artifactId === artifactId);
        const artifact = known ?? { artifactId, parts: [{ text: "" }] };
        return { ...{ taskId, contextId, artifact }, append: false, lastChunk: false };
      });
    } finally {
      log.close();
    }
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
