/**
 * Something apart that serves one call after the other, and that is ended when a call takes too long, takes too much memory or is aborted: the next call
 * starts another. It is no sandbox: for code of ours on data of others, never for code of others.
 */
import { CancelledError, type ErrorCode, PlatformError } from "@agentcore/contract/errors";
import type { Answer, Request } from "./messages.ts";

export interface BoundedOptions {
  /** Its file, which calls `serveCalls`. */
  readonly file: URL;
  /** Stands in errors: "reading a PDF". */
  readonly doing: string;
  /** Of a thread its heap and its buffers, of a process all of it. It is looked at every 50 ms, so what grows faster gets past it by that much. @default 512 MiB */
  readonly memoryBytes?: number;
  /** Without a call it ends after so long. @default 10,000 */
  readonly idleMs?: number;
  /** Calls that wait; further ones are refused with OVERLOADED. @default 64 */
  readonly maxWaiting?: number;
}

export interface BoundedCall {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface BoundedWorker {
  /**
   * `value` and the answer are cloned. Throws what the other end threw (UPSTREAM_FAILED where that has no code of ours), DEADLINE_EXCEEDED, TOO_LARGE past the
   * memory, CANCELED, and the signal's reason.
   */
  call(value: unknown, options: BoundedCall): Promise<unknown>;
  /** Ends the call under way, and those that wait, with CANCELED. */
  close(): Promise<void>;
}

export interface Listeners {
  answered(answer: Answer): void;
  /** `ranOut`: of memory. */
  failed(error: Error, ranOut: boolean): void;
}

/** A thread or a process that runs. */
export interface Running {
  send(request: Request): void;
  listen(listeners: Listeners | null): void;
  /** Bytes; null where nobody can tell. */
  memory(): Promise<number | null>;
  /** Whether the node waits for it. */
  hold(isHeld: boolean): void;
  /** At once, whatever it does. */
  end(): Promise<void>;
}

export const MEBIBYTE = 1024 * 1024;
export const DEFAULT_MEMORY_BYTES = 512 * MEBIBYTE;
const DEFAULT_IDLE_MS = 10_000;
const DEFAULT_MAX_WAITING = 64;
const LOOK_MS = 50;

/** From source its imports of our packages lead to sources, too. */
export const conditionsFor = (file: URL): string[] => (file.pathname.endsWith(".ts") ? ["-C", "agentcore-source"] : []);

/** `start` is asked for another one when there is none, and told when that one is gone. */
export const openWorker = (options: BoundedOptions, start: (gone: () => void) => Running): BoundedWorker =>
  new Worker(options, start);

class Worker implements BoundedWorker {
  private readonly options: BoundedOptions;
  private readonly start: (gone: () => void) => Running;
  private running: Running | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private lastId = 0;
  private idle: NodeJS.Timeout | undefined;
  private isClosed = false;
  private endCurrent: ((error: unknown) => void) | null = null;

  constructor(options: BoundedOptions, start: (gone: () => void) => Running) {
    this.options = options;
    this.start = start;
  }

  call(value: unknown, options: BoundedCall): Promise<unknown> {
    const { doing, maxWaiting = DEFAULT_MAX_WAITING } = this.options;
    if (this.waiting > maxWaiting)
      return Promise.reject(new PlatformError("OVERLOADED", `${doing}: ${maxWaiting} calls wait already`));
    this.waiting += 1;
    let hasBegun = false;
    const served = this.last
      .then(() => {
        hasBegun = true;
        return this.serve(value, options);
      })
      .finally(() => (this.waiting -= 1));
    this.last = served.catch(() => undefined);
    const { signal } = options;
    return new Promise((resolve, reject) => {
      // Its turn may come late; what has begun is ended first.
      const leave = (): void => {
        if (!hasBegun) reject(signal?.reason);
      };
      signal?.addEventListener("abort", leave, { once: true });
      served.then(resolve, reject).finally(() => signal?.removeEventListener("abort", leave));
    });
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.endCurrent?.(new CancelledError(`${this.options.doing}: closed`));
    await this.end();
  }

  private async serve(value: unknown, { signal, timeoutMs }: BoundedCall): Promise<unknown> {
    const { doing, memoryBytes = DEFAULT_MEMORY_BYTES } = this.options;
    signal?.throwIfAborted();
    if (this.isClosed) throw new CancelledError(`${doing}: closed`);
    clearTimeout(this.idle);
    const running = (this.running ??= this.begin());
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    // What cannot be sent ends it as well, and nobody waits for this then.
    promise.catch(() => undefined);
    this.endCurrent = reject;
    running.listen({
      answered(answer) {
        if (answer.id !== id) return;
        if ("failure" in answer) reject(new Answered(answer.failure.code, answer.failure.message));
        else resolve(answer.value);
      },
      failed: (error, ranOut) =>
        reject(
          ranOut
            ? tooMuch(doing, memoryBytes)
            : new PlatformError("UPSTREAM_FAILED", `${doing}: ${error.message}`, { cause: error }),
        ),
    });
    const onAbort = (): void => reject(signal?.reason);
    signal?.addEventListener("abort", onAbort, { once: true });
    const clock = setTimeout(
      () => reject(new PlatformError("DEADLINE_EXCEEDED", `${doing} took more than ${timeoutMs} ms`)),
      timeoutMs,
    );
    const look = setInterval(() => {
      running.memory().then(
        (bytes) => {
          if (bytes !== null && bytes > memoryBytes) reject(tooMuch(doing, memoryBytes));
        },
        () => undefined,
      );
    }, LOOK_MS);
    try {
      running.hold(true);
      running.send({ id, value });
      return await promise;
    } catch (error) {
      if (error instanceof Answered) throw error.told(doing);
      await this.end();
      throw error;
    } finally {
      clearTimeout(clock);
      clearInterval(look);
      signal?.removeEventListener("abort", onAbort);
      running.listen(null);
      this.endCurrent = null;
      // One that is being ended is waited for.
      if (this.running === running) running.hold(false);
      this.idle = setTimeout(() => void this.end(), this.options.idleMs ?? DEFAULT_IDLE_MS).unref();
    }
  }

  private begin(): Running {
    const running = this.start(() => {
      if (this.running === running) this.running = null;
    });
    return running;
  }

  private async end(): Promise<void> {
    const { running } = this;
    this.running = null;
    clearTimeout(this.idle);
    running?.hold(true);
    await running?.end();
  }
}

const tooMuch = (doing: string, memoryBytes: number): PlatformError =>
  new PlatformError("TOO_LARGE", `${doing} took more than ${Math.floor(memoryBytes / MEBIBYTE)} MiB of memory`);

/** What the other end said itself: it is whole. */
class Answered extends Error {
  private readonly code: string | undefined;

  constructor(code: string | undefined, message: string) {
    super(message);
    this.code = code;
  }

  told(doing: string): PlatformError {
    const message = `${doing}: ${this.message}`;
    return PlatformError.fromJSON({ code: (this.code ?? "UPSTREAM_FAILED") as ErrorCode, message });
  }
}
