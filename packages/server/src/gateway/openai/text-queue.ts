import { PlatformError } from "@agentcore/contract";
import type { Feed } from "@agentcore/core/tasks";
import type { StreamRoom } from "../http/stream-room.ts";
import type { AnswerEvent } from "./question.ts";

// Characters: minutes of what a model says, and more than a connection takes nothing of before it is cut.
const MAX_UNREAD = 256 * 1024;

/**
 * An answer that is pushed, as a feed: what came since the last piece is one piece. Who reads too slowly for what lies here may lose the rest:
 * a model cannot be told to wait.
 */
export class TextQueue implements Feed<AnswerEvent> {
  /** Settles when there is something to read, or never will be. */
  readonly first: Promise<void>;
  private readonly room: StreamRoom;
  private readonly onClose: () => void;
  private readonly tellFirst: () => void;
  private text = "";
  private last: AnswerEvent | null = null;
  private isOver = false;
  private isClosed = false;
  private ring: (() => void) | null = null;

  /** `onClose`: nobody reads any more. */
  constructor(room: StreamRoom, onClose: () => void) {
    this.room = room;
    this.onClose = onClose;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.first = promise;
    this.tellFirst = resolve;
  }

  /** Why there is no answer, when that is known before anything of it was read. */
  get failure(): PlatformError | null {
    return this.text === "" && this.last !== null && "error" in this.last ? this.last.error : null;
  }

  /** Throws OVERLOADED when too much is unread; what is there is still given. */
  add(text: string): void {
    if (this.isOver || this.isClosed || text === "") return;
    if (this.text.length + text.length > MAX_UNREAD && this.text !== "")
      throw new PlatformError("OVERLOADED", `more than ${MAX_UNREAD} characters of the answer were not read in time`);
    this.text += text;
    this.wake();
  }

  /** The last piece. */
  end(event: AnswerEvent): void {
    if (this.isOver) return;
    this.isOver = true;
    this.last = event;
    this.wake();
  }

  async read(): Promise<readonly AnswerEvent[] | null> {
    if (this.isClosed) return null;
    if (!this.hasNews) return this.isOver ? null : [];
    if (!this.room.hasRoom()) return [];
    const { text, last } = this;
    this.text = "";
    this.last = null;
    return [...(text === "" ? [] : [{ text }]), ...(last === null ? [] : [last])];
  }

  wait(ring: () => void): void {
    if (this.hasNews || this.isOver || this.isClosed) ring();
    else this.ring = ring;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.text = "";
    this.last = null;
    this.onClose();
    this.wake();
  }

  private get hasNews(): boolean {
    return this.text !== "" || this.last !== null;
  }

  private wake(): void {
    this.tellFirst();
    const { ring } = this;
    this.ring = null;
    ring?.();
  }
}
