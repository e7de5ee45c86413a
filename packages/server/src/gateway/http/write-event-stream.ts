import type { ServerResponse } from "node:http";
import { type EventStream, formatFrame, HEARTBEAT } from "./server-sent-events.ts";

/**
 * Writes the stream straight to the socket. A web stream in between would hold several times the memory of what it carries, and most
 * streams are idle most of the time.
 */
export const writeEventStream = (
  outgoing: ServerResponse,
  { status, headers }: Response,
  { frames, heartbeatMs, release }: EventStream,
): void => {
  let closed = false;
  const heartbeat = setTimeout(() => {
    // Whoever does not read what was sent needs no more of it.
    if (!outgoing.writableNeedDrain) outgoing.write(HEARTBEAT);
    heartbeat.refresh();
  }, heartbeatMs);
  outgoing.once("close", () => {
    closed = true;
    clearTimeout(heartbeat);
    release();
  });
  // A socket that failed closes; there is nobody left to tell.
  outgoing.on("error", () => {});

  const pump = async (): Promise<void> => {
    for (;;) {
      const result = await frames.next();
      if (closed || result.done === true) return;
      heartbeat.refresh();
      if (!outgoing.write(formatFrame(result.value))) await drained(outgoing);
    }
  };
  outgoing.writeHead(status, Object.fromEntries(headers));
  outgoing.flushHeaders();
  // The status line has gone out long ago: the client sees the stream end and resumes from its last id.
  pump()
    .catch(() => {})
    .finally(() => outgoing.end());
};

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
