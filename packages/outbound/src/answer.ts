import { PlatformError } from "@agentcore/contract/errors";
import type { Dispatcher } from "undici";
import type { Exchange } from "./connections.ts";

type Control = Dispatcher.DispatchController;

export interface AnswerOptions {
  /** The body fails with TOO_LARGE above it. */
  readonly maxBytes: number;
  /** Of the address, for messages. */
  readonly host: string;
  readonly signal: AbortSignal | null;
  readonly onSent: (() => void) | undefined;
  /** Whose signal it is, held as long as the answer: the signal of a Request that nobody holds any more never aborts. */
  readonly given?: Request | undefined;
}

const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * What comes of one request, as a `Response` whose body is read from the connection no faster than somebody reads it. It is over when the body has
 * ended, failed, or was cancelled, or when the signal aborts; whatever the connection still says then concerns nobody.
 */
export class Answer implements Exchange {
  readonly response: Promise<Response>;
  onOver: (() => void) | undefined;
  private readonly options: AnswerOptions;
  private readonly settle: PromiseWithResolvers<Response>;
  private control: Control | null = null;
  private body: ReadableStreamDefaultController<Uint8Array> | null = null;
  private bytes = 0;
  private isOver = false;

  constructor(options: AnswerOptions) {
    this.options = options;
    this.settle = Promise.withResolvers();
    this.response = this.settle.promise;
    options.signal?.addEventListener("abort", this, { once: true });
  }

  /** The signal has aborted. */
  handleEvent(): void {
    this.fail(this.options.signal?.reason);
  }

  onRequestStart(control: Control): void {
    this.control = control;
    // While it was connected to.
    if (this.isOver) control.abort(new Error("nobody waits for the answer"));
  }

  onRequestSent(): void {
    this.options.onSent?.();
  }

  onResponseStart(
    control: Control,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    if (this.isOver || (status >= 100 && status < 200)) return;
    if (BODYLESS.has(status)) {
      this.settle.resolve(new Response(null, { status, headers: headersOf(headers) }));
      // A body that comes all the same is nobody's, and may have no end.
      this.end();
      control.abort(new Error("the answer has no body"));
      return;
    }
    control.pause();
    try {
      // The `Response` that Hono puts in place of Node's takes any.
      if (status < 200 || status > 599) throw new RangeError(`status ${status} is none of an answer`);
      this.settle.resolve(new Response(this.open(), { status, headers: headersOf(headers) }));
    } catch (cause) {
      this.fail(new TypeError("fetch failed", { cause }));
    }
  }

  onResponseData(control: Control, chunk: Uint8Array): void {
    // An empty one follows each pause: who paused again would read nothing else for ever.
    if (this.isOver || chunk.length === 0) return;
    const { maxBytes, host } = this.options;
    this.bytes += chunk.length;
    if (this.bytes > maxBytes) {
      this.fail(
        new PlatformError("TOO_LARGE", `the answer of ${host} is over ${maxBytes} bytes`, {
          details: { bytes: maxBytes },
        }),
      );
      return;
    }
    this.body?.enqueue(chunk);
    control.pause();
  }

  onResponseEnd(): void {
    if (this.isOver) return;
    this.body?.close();
    this.end();
  }

  onResponseError(_control: Control, cause: Error): void {
    const failure = new TypeError(this.body === null ? "fetch failed" : "terminated", { cause });
    this.fail(PlatformError.is(cause) ? cause : failure);
  }

  private open(): ReadableStream<Uint8Array> {
    return new ReadableStream(
      {
        start: (body) => {
          this.body = body;
        },
        pull: () => this.control?.resume(),
        cancel: () => {
          this.end();
          this.control?.abort(new Error("nobody reads the answer"));
        },
      },
      // Nothing is read that nobody asks for.
      { highWaterMark: 0 },
    );
  }

  private fail(reason: unknown): void {
    if (this.isOver) return;
    this.end();
    this.settle.reject(reason);
    this.body?.error(reason);
    this.control?.abort(reason instanceof Error ? reason : new Error("aborted", { cause: reason }));
  }

  private end(): void {
    this.isOver = true;
    this.options.signal?.removeEventListener("abort", this);
    this.onOver?.();
  }
}

const headersOf = (received: Readonly<Record<string, string | string[] | undefined>>): [string, string][] => {
  const headers: [string, string][] = [];
  for (const [name, value = []] of Object.entries(received)) {
    if (typeof value === "string") headers.push([name, value]);
    else for (const each of value) headers.push([name, each]);
  }
  return headers;
};
