/**
 * A remote task as this side follows it: what its frames and snapshots mean for ours. Pure but for the digests; built again by a
 * replay from what the log has, so it may depend on nothing else.
 */
import {
  type A2AMessage,
  type A2ATask,
  type A2ATaskState,
  type A2ATaskStatus,
  type Part,
  type StreamResponse,
} from "@agentcore/contract";
import { ArtifactMarks, type MarksJson } from "./artifact-marks.ts";
import { type RemoteUpdate, type SizedUpdate, UnfinishedEvent } from "./unfinished-event.ts";

/** Something this side has to act on: an end, or a question. */
export interface RemoteTurn {
  readonly state: A2ATaskState;
  readonly parts: readonly Part[];
  /** Tells this status from every other one of the task. */
  readonly key: string;
}

/** A batch of what a remote task did, as it stands in our log. */
export interface RemoteBatch {
  readonly updates: readonly RemoteUpdate[];
  readonly turn?: RemoteTurn | undefined;
  /**
   * Number of the last event in it, when the agent numbers its events. Null: the task was asked for, which brings more than its last
   * number says, so that a stream is taken up without one.
   */
  readonly seq?: number | null | undefined;
  /** Tries that it took, when more than one: each is an event. */
  readonly tries?: number | undefined;
  /** It was at work: a question after that is a new one, however much it looks like the last. */
  readonly resumed?: boolean | undefined;
  /** From here on the task is asked for now and then: its agent's streams cannot be taken up where they were cut. */
  readonly poll?: boolean | undefined;
  /** The access that was asked for is still waited for. */
  readonly stands?: boolean | undefined;
}

export interface RemoteTaskJson {
  readonly taskId: string;
  readonly contextId?: string | undefined;
  readonly marks: MarksJson;
  readonly seq?: number | undefined;
  readonly answered?: string | undefined;
  readonly polls: boolean;
}

export class RemoteTask {
  readonly taskId: string;
  readonly contextId: string | undefined;
  readonly marks: ArtifactMarks;
  seq: number | undefined;
  /** Key of the last question that was answered: seen again in a snapshot it is not a new one. */
  answered: string | undefined;
  polls: boolean;

  constructor(json: RemoteTaskJson) {
    this.taskId = json.taskId;
    this.contextId = json.contextId;
    this.marks = new ArtifactMarks(json.marks);
    this.seq = json.seq;
    this.answered = json.answered;
    this.polls = json.polls;
  }

  /** Takes in what the log has. */
  apply(batch: RemoteBatch): void {
    for (const update of batch.updates) if (update.type === "artifact") this.marks.note(update);
    if (batch.seq !== undefined) this.seq = batch.seq ?? undefined;
    this.polls ||= batch.poll === true;
    if (batch.resumed === true) this.answered = undefined;
  }

  toJSON(): RemoteTaskJson {
    const { taskId, contextId, seq, answered, polls } = this;
    return { taskId, contextId, marks: this.marks.toJSON(), seq, answered, polls };
  }
}

// Of a batch: larger ones hold up who watches, smaller ones fill the log.
const MAX_UPDATES = 64;
const MAX_BATCH_CHARACTERS = 256 * 1024;
// Of the contract's 1,000 parts in one update.
const MAX_MERGED_PARTS = 500;

/** Collects frames into a batch. What it has taken in is in its own copy of the marks until the batch is applied. */
export class BatchBuilder {
  private readonly marks: ArtifactMarks;
  private answered: string | undefined;
  private resumed = false;
  private readonly updates: RemoteUpdate[] = [];
  private readonly unfinished: UnfinishedEvent;
  private size = 0;
  private turn: RemoteTurn | undefined;
  private seq: number | null | undefined;
  private readonly wasNumbered: boolean;
  private numbered: boolean;

  /** `unfinished`: what the batch before has left of an event, and where this one leaves what it has. */
  constructor(task: RemoteTask, unfinished = new UnfinishedEvent()) {
    this.unfinished = unfinished;
    this.marks = new ArtifactMarks(task.marks.toJSON());
    this.answered = task.answered;
    this.wasNumbered = task.seq !== undefined;
    this.numbered = this.wasNumbered;
  }

  get isEmpty(): boolean {
    return this.updates.length === 0 && this.turn === undefined;
  }

  /** There is something to act on. */
  get hasTurn(): boolean {
    return this.turn !== undefined;
  }

  /** Nothing more belongs into it. */
  get isFull(): boolean {
    return this.turn !== undefined || this.updates.length >= MAX_UPDATES || this.size >= MAX_BATCH_CHARACTERS;
  }

  /** Throws TOO_LARGE when an event has no end: where events are numbered it is held until its number comes. */
  addFrame(response: StreamResponse, seq: number | undefined): void {
    if ("task" in response) this.takeIn(response.task);
    if ("message" in response) this.addProgress(response.message);
    if ("statusUpdate" in response) this.addStatus(response.statusUpdate.status, true);
    if ("artifactUpdate" in response) {
      const { artifact, append, lastChunk } = response.artifactUpdate;
      const { artifactId: id, name, description, parts } = artifact;
      const update = { type: "artifact", id, name, description, parts } as const;
      this.unfinished.hold(sized({ ...update, append: append === true, lastChunk: lastChunk !== false }));
    }
    // Where events are numbered the number stands on an event's last frame: cut before it, the whole event comes again.
    this.numbered ||= seq !== undefined;
    if (!this.numbered || seq !== undefined || this.turn !== undefined)
      for (const held of this.unfinished.release()) this.add(held);
    else this.unfinished.goOn();
    this.seq = seq ?? this.seq;
  }

  /** The task as it was asked for, beside its stream. */
  addSnapshot(task: A2ATask): void {
    this.takeIn(task);
    if (this.wasNumbered) this.seq = null;
  }

  private takeIn(task: A2ATask): void {
    // It tells of that too.
    this.unfinished.release();
    for (const update of this.marks.difference(task.artifacts ?? [])) this.add(sized(update));
    this.addStatus(task.status, false);
  }

  /** As `addSnapshot`, while our side waits for access: an agent that says its question again, with other ids, asks for nothing new. */
  addWhileWaiting(task: A2ATask, asked: RemoteTurn): boolean {
    this.addSnapshot(task);
    const { status } = task;
    const stands =
      status.state === "TASK_STATE_AUTH_REQUIRED" &&
      (this.turn === undefined || JSON.stringify(this.turn.parts) === JSON.stringify(asked.parts));
    if (stands) this.turn = undefined;
    return stands;
  }

  build(more: { readonly poll?: boolean; readonly stands?: boolean } = {}): RemoteBatch {
    const resumed = this.resumed ? { resumed: true } : {};
    return { updates: this.updates, turn: this.turn, seq: this.seq, ...resumed, ...more };
  }

  private addStatus(status: A2ATaskStatus, isLive: boolean): void {
    const { state, message } = status;
    switch (state) {
      case "TASK_STATE_SUBMITTED":
      case "TASK_STATE_WORKING":
        this.answered = undefined;
        this.resumed = true;
        // A snapshot's message was told when it was new.
        if (message !== undefined && isLive) this.addProgress(message);
        return;
      case "TASK_STATE_INPUT_REQUIRED":
      case "TASK_STATE_AUTH_REQUIRED": {
        const key = keyOf(status);
        if (!isLive && key === this.answered) return;
        this.turn = { state, parts: message?.parts ?? [], key };
        return;
      }
      default:
        this.turn = { state, parts: message?.parts ?? [], key: keyOf(status) };
    }
  }

  private addProgress(message: A2AMessage): void {
    const text = textOf(message.parts);
    if (text !== "") this.unfinished.hold(sized({ type: "progress", text }));
  }

  private add({ update, size }: SizedUpdate): void {
    this.size += size;
    if (update.type === "artifact") this.marks.note(update);
    if (!this.merge(update)) this.updates.push(update);
  }

  /** Chunks of one artifact that follow each other become one update: the parts stay as many as they are. */
  private merge(update: RemoteUpdate): boolean {
    const last = this.updates.at(-1);
    if (last?.type !== "artifact" || update.type !== "artifact" || last.id !== update.id || !update.append)
      return false;
    const parts = [...last.parts, ...update.parts];
    if (parts.length > MAX_MERGED_PARTS) return false;
    this.updates[this.updates.length - 1] = { ...last, parts, lastChunk: update.lastChunk };
    return true;
  }
}

const sized = (update: RemoteUpdate): SizedUpdate => ({ update, size: JSON.stringify(update).length });

const keyOf = ({ state, timestamp, message }: A2ATaskStatus): string =>
  [state, timestamp ?? "", message?.messageId ?? ""].join("/");

export const textOf = (parts: readonly Part[]): string =>
  parts.flatMap(({ text }) => (text === undefined ? [] : [text])).join("\n");

/** Parts as one value: what stands in them alone, texts put together as they were streamed, else the parts themselves. */
export const valueOf = (parts: readonly Part[]): unknown => {
  const [only] = parts;
  if (parts.length === 1 && only?.data !== undefined) return only.data;
  if (parts.length > 0 && parts.every(({ text }) => text !== undefined)) return parts.map(({ text }) => text).join("");
  return parts.length === 0 ? null : { parts };
};

/** What an agent is told of an input. */
export const partsOf = (input: unknown): readonly Part[] => {
  if (typeof input === "string") return [{ text: input }];
  return [{ data: input ?? null, mediaType: "application/json" }];
};
