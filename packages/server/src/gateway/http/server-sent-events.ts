/** Server-sent events by pull: nothing is read from the source before the client has taken what came before. */
import { type Feed, itemsOf } from "@agentcore/core/tasks";
import { type ExtraHeaders, streamHeaders } from "./responses.ts";

export interface SseFrame {
  /** JSON text on one line. */
  readonly data: string;
  readonly event?: string | undefined;
  readonly id?: number | string | undefined;
}

export interface SseOptions {
  readonly heartbeatMs: number;
  readonly headers?: ExtraHeaders | undefined;
}

/** Where a stream's items come from. */
export interface SseSource<Item> {
  readonly feed: Feed<Item>;
  /** Ends the feed: called when the stream has ended for whatever reason. Idempotent. */
  release(): void;
  /** Called when a connection takes the stream over, which tells itself when the client has gone. */
  leaveSignal?(): void;
}

const encoder = new TextEncoder();
/** A comment, which clients skip. */
export const HEARTBEAT = ": heartbeat\n\n";

const formatFrame = (frame: SseFrame): string => {
  const id = frame.id === undefined ? "" : `id: ${frame.id}\n`;
  const event = frame.event === undefined ? "" : `event: ${frame.event}\n`;
  return `${id}${event}data: ${frame.data}\n\n`;
};

/** What such a response will say, for a listener that writes it without a web stream in between. Closing it ends the source. */
export interface EventStream<Item> extends Feed<Item> {
  readonly heartbeatMs: number;
  /** As it goes out. Made of one item at a time, since a piece may be large. */
  textOf(item: Item): string;
  leaveSignal(): void;
}

const EVENT_STREAM = Symbol("event stream");

/** The stream of a response made here, or undefined. Whoever takes it reads it instead of the body. */
export const eventStreamOf = (response: Response): EventStream<unknown> | undefined =>
  (response as { readonly [EVENT_STREAM]?: EventStream<unknown> })[EVENT_STREAM];

/**
 * Reads the first piece of the feed, so that what fails before it can still be an ordinary error answer; that rejection releases too. A
 * feed with nothing to say yet does not hold up the head of the answer.
 */
export const sseResponse = async <Item>(
  source: SseSource<Item>,
  format: (item: Item) => SseFrame,
  { heartbeatMs, headers }: SseOptions,
): Promise<Response> => {
  try {
    const stream = new SourceStream(source, format, heartbeatMs, await source.feed.read());
    const response = new Response(bodyOf(stream), { status: 200, headers: { ...streamHeaders(), ...headers } });
    return Object.assign(response, { [EVENT_STREAM]: stream });
  } catch (error) {
    source.release();
    throw error;
  }
};

class SourceStream<Item> implements EventStream<Item> {
  readonly heartbeatMs: number;
  private readonly source: SseSource<Item>;
  private readonly format: (item: Item) => SseFrame;
  /** The piece that was read before anybody took the stream; undefined once it is taken. */
  private first: readonly Item[] | null | undefined;

  constructor(
    source: SseSource<Item>,
    format: (item: Item) => SseFrame,
    heartbeatMs: number,
    first: readonly Item[] | null,
  ) {
    this.source = source;
    this.format = format;
    this.heartbeatMs = heartbeatMs;
    this.first = first;
  }

  async read(): Promise<readonly Item[] | null> {
    const { first } = this;
    if (first === undefined) return this.source.feed.read();
    this.first = undefined;
    return first;
  }

  textOf(item: Item): string {
    return formatFrame(this.format(item));
  }

  wait(ring: () => void): void {
    this.source.feed.wait(ring);
  }

  close(): void {
    this.source.release();
  }

  leaveSignal(): void {
    this.source.leaveSignal?.();
  }
}

const bodyOf = <Item>(stream: EventStream<Item>): ReadableStream<Uint8Array> => {
  const items = itemsOf(stream);
  let pending: Promise<IteratorResult<Item, void>> | null = null;
  let ended = false;
  const end = () => {
    ended = true;
    stream.close();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          pending ??= items.next();
          const result = await orHeartbeat(pending, stream.heartbeatMs);
          if (ended) return;
          if (result === "heartbeat") return controller.enqueue(encoder.encode(HEARTBEAT));
          pending = null;
          if (result.done !== true) return controller.enqueue(encoder.encode(stream.textOf(result.value)));
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

/** What a client has of a task. */
export interface LastEventId {
  /** The log up to this number, at least 1. */
  readonly seq: number;
  /** It has text, too, that was not in the log by then: `n.k`. */
  readonly isAhead: boolean;
}

/** `Last-Event-ID`, or null when it is absent or none of ours. */
export const lastEventId = (headers: Headers): LastEventId | null => {
  const [, number, part] = /^(\d{1,15})(\.\d{1,15})?$/.exec(headers.get("last-event-id")?.trim() ?? "") ?? [];
  const seq = Number(number ?? 0);
  return seq > 0 ? { seq, isAhead: part !== undefined } : null;
};
