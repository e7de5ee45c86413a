/** Server-sent events by pull: nothing is read from the source before the client has taken what came before. */
import { type ExtraHeaders, streamHeaders } from "./responses.ts";

export interface SseFrame {
  /** JSON text on one line. */
  readonly data: string;
  readonly event?: string | undefined;
  readonly id?: number | undefined;
}

export interface SseOptions {
  readonly heartbeatMs: number;
  /** Ends the source: called once, when the stream has ended for whatever reason. */
  readonly release: () => void;
  /** False when the first frame may be long in coming; then what fails before it merely ends the stream. @default true */
  readonly waitForFirst?: boolean | undefined;
  readonly headers?: ExtraHeaders | undefined;
}

const encoder = new TextEncoder();
const HEARTBEAT = encoder.encode(": heartbeat\n\n");

export const formatFrame = (frame: SseFrame): string => {
  const id = frame.id === undefined ? "" : `id: ${frame.id}\n`;
  const event = frame.event === undefined ? "" : `event: ${frame.event}\n`;
  return `${id}${event}data: ${frame.data}\n\n`;
};

/**
 * Waits for the first frame, so that what fails before it can still be an ordinary error answer; that rejection
 * releases too.
 */
export const sseResponse = async (frames: AsyncIterator<SseFrame>, options: SseOptions): Promise<Response> => {
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    options.release();
    // A generator that waits for its source finishes once the source does; nobody waits for it here.
    frames.return?.().catch(() => {});
  };
  let pending: Promise<IteratorResult<SseFrame>> | null = null;
  if (options.waitForFirst !== false) {
    try {
      pending = Promise.resolve(await frames.next());
    } catch (error) {
      release();
      throw error;
    }
  }
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          pending ??= frames.next();
          const result = await orHeartbeat(pending, options.heartbeatMs);
          if (released) return;
          if (result === "heartbeat") return controller.enqueue(HEARTBEAT);
          pending = null;
          if (!result.done) return controller.enqueue(encoder.encode(formatFrame(result.value)));
          release();
          controller.close();
        } catch {
          // The status line has gone out long ago: the client sees the stream end and resumes from its last id.
          release();
          controller.close();
        }
      },
      cancel: release,
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: 200, headers: { ...streamHeaders(), ...options.headers } });
};

const orHeartbeat = <T>(next: Promise<T>, heartbeatMs: number): Promise<T | "heartbeat"> => {
  let timer: NodeJS.Timeout | undefined;
  const heartbeat = new Promise<"heartbeat">((resolve) => {
    timer = setTimeout(resolve, heartbeatMs, "heartbeat");
  });
  return Promise.race([next, heartbeat]).finally(() => clearTimeout(timer));
};

/** `Last-Event-ID` as the number of an event, or null when it is absent or none of ours. */
export const lastEventId = (headers: Headers): number | null => {
  const text = headers.get("last-event-id");
  if (text === null || !/^\d{1,15}$/.test(text.trim())) return null;
  const seq = Number(text);
  return seq > 0 ? seq : null;
};
