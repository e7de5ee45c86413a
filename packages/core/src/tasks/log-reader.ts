import { isTerminal, type TaskEvent, type TaskState } from "@agentcore/contract";
import type { LogPage, TaskHead, TaskKey } from "../ports/index.ts";
import type { LiveText } from "./artifact-stream.ts";
import type { Feed } from "./feed.ts";
import type { LogHint, LogHub, LogListener } from "./log-hub.ts";
import type { Delayed, SharedDelay } from "./shared-delay.ts";

export const READ_BATCH = 500;
// Events may be as large as 32 MiB each: a page of them must not be.
export const READ_BYTES = 4 * 1024 * 1024;

type InTurn = <Result>(key: TaskKey, work: () => Promise<Result>) => Promise<Result>;

/** A task's log, as far as it goes and then as it grows. */
export interface FollowedLog extends Feed<TaskEvent> {
  /** For who reads through much of it before giving anything on: a few do on a node at once, tenants in turn. */
  inTurn<Result>(work: () => Promise<Result>): Promise<Result>;
  /**
   * After an empty piece: what models have said behind the last event read, as far as it is known here now. It is volatile: it may be gone,
   * begin otherwise, or be in the log the next time.
   */
  texts(): readonly LiveText[];
}

export interface FollowOptions {
  /** The log begins after this number. @default 0 */
  readonly after?: number | undefined;
  /**
   * Asked before a page is read, in its turn. While it says no nothing is read, and the piece is empty: whoever said it knows when to read again.
   * @default always
   */
  readonly hasRoom?: (() => boolean) | undefined;
  /** Calls also whoever waits when there may be more `texts`. @default false */
  readonly live?: boolean | undefined;
}

/** What all readers of a node share. */
export interface ReadableLogs {
  readonly hub: LogHub;
  /** Until the next look at the head of a task of which nothing was heard. */
  readonly looks: SharedDelay;
  readLog(key: TaskKey, page: LogPage): Promise<readonly TaskEvent[]>;
  /** For reading one page. */
  pageInTurn: InTurn;
  /** For reading page after page, each in a turn of its own too. */
  foldInTurn: InTurn;
  head(key: TaskKey): Promise<TaskHead | null>;
  textsAfter(key: TaskKey, after: number): readonly LiveText[];
}

/**
 * A task's log after a number, then what is added, in order without a gap (I6). It listens before anybody reads the head or the log: what
 * those do not tell of will ring. Nothing of a page is held once it is read.
 */
export class LogReader implements FollowedLog, LogListener, Delayed {
  private readonly logs: ReadableLogs;
  private readonly key: TaskKey;
  private after: number;
  /** As far as heads and hints tell. */
  private knownSeq = 0;
  private knownState: TaskState = "submitted";
  /** Something changed of which no more is known. */
  private isUnsure = false;
  /** Something was heard since the last page was asked for. */
  private hasRung = false;
  private isClosed = false;
  private failure: { readonly thrown: unknown } | null = null;
  private ring: (() => void) | null = null;
  private readonly hasRoom: () => boolean;
  private readonly isLive: boolean;

  /** Listens until it is closed or has come to the end. Reads nothing before `hear` was told of the head. */
  constructor(logs: ReadableLogs, key: TaskKey, { after = 0, hasRoom = always, live = false }: FollowOptions = {}) {
    this.logs = logs;
    this.key = key;
    this.after = after;
    this.hasRoom = hasRoom;
    this.isLive = live;
    logs.hub.listen(key, this);
  }

  hear(hint: LogHint | null): void {
    if (hint === null) this.isUnsure = true;
    else if (hint.seq > this.knownSeq) {
      this.knownSeq = hint.seq;
      this.knownState = hint.state;
    } else return;
    this.hasRung = true;
    this.wake();
  }

  hearSpeech(): void {
    if (!this.isLive) return;
    this.hasRung = true;
    this.wake();
  }

  async read(): Promise<readonly TaskEvent[] | null> {
    if (this.failure !== null) throw this.failure.thrown;
    if (this.isClosed) return null;
    this.hasRung = false;
    if (!this.isUnsure && this.knownSeq <= this.after) {
      if (!isTerminal(this.knownState)) return [];
      // Someone may ask for what comes after the end.
      this.close();
      return null;
    }
    const page = await this.logs.pageInTurn(this.key, () => this.readPage());
    if (this.isClosed) return null;
    const last = page.at(-1);
    if (last === undefined) return page;
    this.after = last.seq;
    if (isEnd(last)) this.close();
    return page;
  }

  texts(): readonly LiveText[] {
    const texts = this.isClosed ? [] : this.logs.textsAfter(this.key, this.after);
    return texts.length === 0 || this.hasRoom() ? texts : [];
  }

  inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    return this.logs.foldInTurn(this.key, work);
  }

  wait(ring: () => void): void {
    if (this.hasRung || this.isClosed) return ring();
    this.ring = ring;
    this.logs.looks.begin(this);
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.logs.hub.unlisten(this.key, this);
    this.wake();
  }

  due(): void {
    this.look().catch((thrown: unknown) => {
      // It was called for another reason meanwhile, and looks again when it waits again.
      if (this.ring === null) return;
      this.failure = { thrown };
      this.close();
    });
  }

  private async readPage(): Promise<readonly TaskEvent[]> {
    // While it waited for its turn.
    if (this.isClosed) return [];
    if (!this.hasRoom()) return [];
    this.isUnsure = false;
    return this.logs.readLog(this.key, { after: this.after, limit: READ_BATCH, maxBytes: READ_BYTES });
  }

  private async look(): Promise<void> {
    const head = await this.logs.head(this.key);
    if (this.ring === null) return;
    // Removed by its tenant's policy: nothing will come.
    if (head === null) return this.close();
    this.hear(head);
    // What was heard of before and could not be read yet is asked for again.
    if (this.knownSeq > this.after) this.wake();
    else if (this.ring !== null) this.logs.looks.begin(this);
  }

  private wake(): void {
    const { ring } = this;
    if (ring === null) return;
    this.ring = null;
    this.logs.looks.cancel(this);
    ring();
  }
}

const always = (): boolean => true;

const isEnd = (event: TaskEvent): boolean =>
  event.type === "task.completed" ||
  event.type === "task.failed" ||
  event.type === "task.canceled" ||
  event.type === "task.rejected";
