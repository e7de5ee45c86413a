import type { ServerResponse } from "node:http";
import type { Clock } from "@agentcore/core/ports";
import { type Delayed, SharedDelay } from "@agentcore/core/tasks";
import { type EventStream, HEARTBEAT } from "./server-sent-events.ts";

export type WriteEventStream = (
  outgoing: ServerResponse,
  response: Pick<Response, "status" | "headers">,
  stream: EventStream<unknown>,
) => void;

/**
 * Writes streams straight to their sockets. Most streams are idle most of the time: then one is a record that waits for its feed, and
 * neither a web stream nor a pending read. All that beat alike do so by one timer.
 */
export const createEventStreamWriter = (clock: Pick<Clock, "monotonic" | "after">): WriteEventStream => {
  const heartbeats = new Map<number, SharedDelay>();
  return (outgoing, { status, headers }, stream) => {
    const { heartbeatMs } = stream;
    const beats = heartbeats.get(heartbeatMs) ?? new SharedDelay(heartbeatMs, clock);
    heartbeats.set(heartbeatMs, beats);
    outgoing.writeHead(status, Object.fromEntries(headers));
    outgoing.flushHeaders();
    new StreamWriter(outgoing, stream, beats).begin();
  };
};

class StreamWriter implements Delayed {
  private readonly outgoing: ServerResponse;
  private readonly stream: EventStream<unknown>;
  private readonly heartbeats: SharedDelay;

  constructor(outgoing: ServerResponse, stream: EventStream<unknown>, heartbeats: SharedDelay) {
    this.outgoing = outgoing;
    this.stream = stream;
    this.heartbeats = heartbeats;
  }

  begin(): void {
    const { outgoing, stream } = this;
    // Those who listened so far hold the whole request, to abort a signal that nobody hears any more.
    stream.leaveSignal();
    outgoing.removeAllListeners("close");
    outgoing.once("close", () => this.close());
    // A socket that failed closes; there is nobody left to tell.
    outgoing.on("error", ignore);
    if (outgoing.closed) return this.close();
    this.heartbeats.begin(this);
    this.resume();
  }

  /** A heartbeat. */
  due(): void {
    // Whoever does not read what was sent needs no more of it.
    if (!this.outgoing.writableNeedDrain) this.outgoing.write(HEARTBEAT);
    this.heartbeats.begin(this);
  }

  private close(): void {
    this.heartbeats.cancel(this);
    this.stream.close();
  }

  private resume(): void {
    // The status line has gone out long ago: the client sees the stream end and resumes from its last id.
    this.pump().catch(() => this.end());
  }

  /** A client may be long in taking the last of it; a heartbeat then would be written after the end, which cuts the connection. */
  private end(): void {
    this.heartbeats.cancel(this);
    this.outgoing.end();
  }

  private async pump(): Promise<void> {
    const { outgoing, stream } = this;
    for (;;) {
      const items = await stream.read();
      if (outgoing.closed) return;
      if (items === null) return this.end();
      if (items.length === 0) return stream.wait(() => this.resume());
      for (const item of items) {
        if (!outgoing.write(stream.textOf(item))) await drained(outgoing);
        if (outgoing.closed) return;
      }
      this.heartbeats.begin(this);
    }
  }
}

const ignore = (): void => {};

const drained = (outgoing: ServerResponse): Promise<void> =>
  new Promise((resolve) => {
    const settle = () => {
      outgoing.off("drain", settle);
      outgoing.off("close", settle);
      resolve();
    };
    outgoing.once("drain", settle);
    outgoing.once("close", settle);
  });
