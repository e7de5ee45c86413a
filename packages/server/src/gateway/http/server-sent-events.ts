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
/** A comment, which clients skip. */
export const HEARTBEAT = ": heartbeat\n\n";

export const formatFrame = (frame: SseFrame): string => {
  const id = frame.id === undefined ? "" : `id: ${frame.id}\n`;
  const event = frame.event === undefined ? "" : `event: ${frame.event}\n`;
  return `${id}${event}data: ${frame.data}\n\n`;
};

/** What such a response will say, for a listener that writes it without a web stream in between. */
export interface EventStream {
  readonly frames: AsyncIterator<SseFrame>;
  readonly heartbeatMs: number;
  /** Ends the source. Idempotent. */
  release(): void;
}

const EVENT_STREAM = Symbol("event stream");

/** The stream of a response made here, or undefined. Whoever takes it reads it instead of the body. */
export const eventStreamOf = (response: Response): EventStream | undefined =>
  (response as { readonly [EVENT_STREAM]?: EventStream })[EVENT_STREAM];

/**
 * Waits for the first frame, so that what fails before it can still be an ordinary error answer; that rejection
 * releases too.
 */
export const sseResponse = async (source: AsyncIterator<SseFrame>, options: SseOptions): Promise<Response> => {
  const { heartbeatMs } = options;
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    options.release();
    // A generator that waits for its source finishes once the source does; nobody waits for it here.
    source.return?.().catch(() => {});
  };
  let frames = source;
  if (options.waitForFirst !== false) {
    try {
      frames = startingWith(await source.next(), source);
    } catch (error) {
      release();
      throw error;
    }
  }
  const stream: EventStream = { frames, heartbeatMs, release };
  const response = new Response(bodyOf(stream), { status: 200, headers: { ...streamHeaders(), ...options.headers } });
  return Object.assign(response, { [EVENT_STREAM]: stream });
};

const startingWith = <T>(first: IteratorResult<T>, rest: AsyncIterator<T>): AsyncIterator<T> => {
  let begun: IteratorResult<T> | null = first;
  return {
    next: async () => {
      if (begun === null) return rest.next();
      const result = begun;
      begun = null;
      return result;
    },
  };
};

const bodyOf = ({ frames, heartbeatMs, release }: EventStream): ReadableStream<Uint8Array> => {
  let pending: Promise<IteratorResult<SseFrame>> | null = null;
  let ended = false;
  const end = () => {
    ended = true;
    release();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          pending ??= frames.next();
          const result = await orHeartbeat(pending, heartbeatMs);
          if (ended) return;
          if (result === "heartbeat") return controller.enqueue(encoder.encode(HEARTBEAT));
          pending = null;
          if (!result.done) return controller.enqueue(encoder.encode(formatFrame(result.value)));
          end();
          controller.close();
        } catch {
          // The status line has gone out long ago: the client sees the stream end and resumes from its last id.
          end();
          controller.close();
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
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
