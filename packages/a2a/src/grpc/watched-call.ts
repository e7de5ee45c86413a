import type { Metadata, ServerInterceptingCallInterface } from "@grpc/grpc-js";

type Status = Parameters<ServerInterceptingCallInterface["sendStatus"]>[0];
type Listener = Parameters<ServerInterceptingCallInterface["start"]>[0];

export interface CallWatch {
  /** Throws what does not fit the message. */
  serialize(message: unknown): Buffer;
  /** Counts bytes that the client has not taken yet, until what is returned is called. Throws when there are too many. */
  hold(bytes: number): () => void;
  /** What a call ends with that `hold` refused. */
  failed(thrown: unknown): Status;
  /** The client takes nothing: nothing more is to be kept for it. */
  cut(): void;
  /** In milliseconds, for a message of no size. */
  readonly timeoutMs: number;
}

// Slower than this nobody reads on purpose: a message of 10 MiB gets 160 s on top.
const BYTES_PER_MS = 64;

/**
 * A call of which every message is counted until the client has taken it, and which does not wait for that without end: flow control lets a
 * client hold back what was asked for for as long as its connection lives.
 */
export class WatchedCall implements ServerInterceptingCallInterface {
  private readonly call: ServerInterceptingCallInterface;
  private readonly watch: CallWatch;
  /** What lets go of each message that is on its way. */
  private readonly pending = new Set<() => void>();
  private isOver = false;

  constructor(call: ServerInterceptingCallInterface, watch: CallWatch) {
    this.call = call;
    this.watch = watch;
  }

  sendMessage(message: unknown, callback: () => void): void {
    const { watch } = this;
    // Nobody is told what becomes of it any more.
    if (this.isOver) return this.call.sendMessage(message, callback);
    try {
      const bytes = watch.serialize(message);
      const taken = this.begin(watch.hold(bytes.length), watch.timeoutMs + bytes.length / BYTES_PER_MS);
      this.call.sendMessage(bytes, () => {
        taken();
        callback();
      });
    } catch (thrown) {
      this.sendStatus(watch.failed(thrown));
    }
  }

  /** The call is over, whatever of it was taken. */
  end(): void {
    this.isOver = true;
    for (const settle of this.pending) settle();
  }

  start(listener: Listener): void {
    this.call.start(listener);
  }

  sendMetadata(metadata: Metadata): void {
    this.call.sendMetadata(metadata);
  }

  sendStatus(sent: Status): void {
    // It comes behind what was said before, also the head of an answer, for which a client can leave no room.
    if (!this.isOver) this.begin(nothing, this.watch.timeoutMs);
    this.call.sendStatus(sent);
  }

  startRead(): void {
    this.call.startRead();
  }

  getPeer() {
    return this.call.getPeer();
  }

  getDeadline() {
    return this.call.getDeadline();
  }

  getHost() {
    return this.call.getHost();
  }

  getAuthContext() {
    return this.call.getAuthContext();
  }

  getConnectionInfo() {
    return this.call.getConnectionInfo();
  }

  getMetricsRecorder() {
    return this.call.getMetricsRecorder();
  }

  private begin(release: () => void, timeoutMs: number): () => void {
    const late = setTimeout(() => this.watch.cut(), timeoutMs).unref();
    const settle = () => {
      this.pending.delete(settle);
      clearTimeout(late);
      release();
    };
    this.pending.add(settle);
    return settle;
  }
}

const nothing = (): void => {};
