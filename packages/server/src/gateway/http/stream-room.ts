import type { CallerScope } from "@agentcore/core/tasks";
import type { PendingAnswers } from "./pending-answers.ts";

/**
 * What a stream has read and its client not taken, one piece at most. A stream that has begun is never refused: while there is no room for its
 * caller nothing is read for it, and it waits, holding nothing.
 */
export class StreamRoom {
  private readonly answers: PendingAnswers;
  private readonly scope: CallerScope;
  private release: (() => void) | null = null;
  /** There was room for what is being read. */
  private isReading = false;
  /** Nothing was read, for want of room. */
  private isShort = false;
  /** There was room since, which was not used yet. */
  private isRung = false;
  /** Who waits for room, and how they stop. */
  private waiter: { readonly ring: () => void; readonly leave: () => void } | null = null;

  constructor(answers: PendingAnswers, scope: CallerScope) {
    this.answers = answers;
    this.scope = scope;
  }

  /** Asked by whoever reads for the stream, as the last thing before. What has begun goes on: what was made of it so far lies here. */
  readonly hasRoom = (): boolean => {
    this.isReading ||= this.answers.beginRead(this.scope);
    this.isShort = !this.isReading;
    return this.isReading;
  };

  /** Whether the last who asked was told that there is no room. */
  get isWaitedFor(): boolean {
    return this.isShort;
  }

  /** A piece is there for the client. */
  take(bytes: number): void {
    this.release = this.answers.count(this.scope, bytes);
  }

  /** The client has taken the piece. */
  letGo(): void {
    this.isShort = false;
    this.release?.();
    this.release = null;
  }

  /** What was to be read was read and counted, or was not. Who was rung for it and read nothing lets the next one go on. */
  endRead(): void {
    const { isReading, isRung } = this;
    this.isReading = false;
    this.isRung = false;
    if (isReading) this.answers.endRead();
    else if (isRung) this.answers.passOn();
  }

  /** Calls back once, when there may be room, perhaps before it returns; also when it is closed. */
  wait(ring: () => void): void {
    const rung = (): void => {
      this.waiter = null;
      this.isRung = true;
      ring();
    };
    const leave = this.answers.whenRoom(this.scope, rung);
    if (leave !== null) this.waiter = { ring, leave };
  }

  /** Idempotent. */
  close(): void {
    this.letGo();
    const { waiter } = this;
    this.waiter = null;
    waiter?.leave();
    waiter?.ring();
    this.endRead();
  }
}
