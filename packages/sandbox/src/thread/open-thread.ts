/**
 * A thread that serves one call after the other, and that is ended when a call takes too long, takes too much memory or is aborted: the next call starts
 * another. It is no sandbox: for code of ours on data of others, never for code of others.
 */
import { Worker } from "node:worker_threads";
import { CancelledError, type ErrorCode, PlatformError } from "@agentcore/contract/errors";
import type { ThreadAnswer } from "./messages.ts";

export interface ThreadOptions {
  /** Its file, which calls `serveThread`. */
  readonly file: URL;
  /** Stands in errors: "reading a PDF". */
  readonly doing: string;
  /** Of its heap and its buffers together. Buffers are looked at every 50 ms, so what grows faster gets past it by that. @default 512 MiB */
  readonly memoryBytes?: number;
  /** Without a call it ends after so long. @default 10,000 */
  readonly idleMs?: number;
  /** Calls that wait; further ones are refused with OVERLOADED. @default 64 */
  readonly maxWaiting?: number;
}

export interface ThreadCall {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

export interface BoundedThread {
  /**
   * `value` and the answer are cloned. Throws what the thread threw (UPSTREAM_FAILED where that has no code of ours), DEADLINE_EXCEEDED, TOO_LARGE past the memory, CANCELED, and the
   * signal's reason.
   */
  call(value: unknown, options: ThreadCall): Promise<unknown>;
  /** Ends the call under way, and those that wait, with CANCELED. */
  close(): Promise<void>;
}

const MEBIBYTE = 1024 * 1024;
const DEFAULT_MEMORY_BYTES = 512 * MEBIBYTE;
const DEFAULT_IDLE_MS = 10_000;
const DEFAULT_MAX_WAITING = 64;
const LOOK_MS = 50;
// From source its imports of our packages lead to sources, too.
const execArgvFor = (file: URL): string[] => (file.pathname.endsWith(".ts") ? ["-C", "agentcore-source"] : []);

export const openThread = (options: ThreadOptions): BoundedThread => new Thread(options);

class Thread implements BoundedThread {
  private readonly options: ThreadOptions;
  private worker: Worker | null = null;
  private last: Promise<unknown> = Promise.resolve();
  private waiting = 0;
  private lastId = 0;
  private idle: NodeJS.Timeout | undefined;
  private isClosed = false;
  private endCurrent: ((error: unknown) => void) | null = null;

  constructor(options: ThreadOptions) {
    this.options = options;
  }

  call(value: unknown, options: ThreadCall): Promise<unknown> {
    const { doing, maxWaiting = DEFAULT_MAX_WAITING } = this.options;
    if (this.waiting > maxWaiting)
      return Promise.reject(new PlatformError("OVERLOADED", `${doing}: ${maxWaiting} calls wait already`));
    this.waiting += 1;
    const served = this.last.then(() => this.serve(value, options)).finally(() => (this.waiting -= 1));
    this.last = served.catch(() => undefined);
    return served;
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.endCurrent?.(new CancelledError(`${this.options.doing}: closed`));
    await this.end();
  }

  private async serve(value: unknown, { signal, timeoutMs }: ThreadCall): Promise<unknown> {
    const { doing, memoryBytes = DEFAULT_MEMORY_BYTES } = this.options;
    signal?.throwIfAborted();
    if (this.isClosed) throw new CancelledError(`${doing}: closed`);
    clearTimeout(this.idle);
    const worker = (this.worker ??= this.start());
    const id = ++this.lastId;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.endCurrent = reject;
    const onMessage = (answer: ThreadAnswer): void => {
      if (answer.id !== id) return;
      if ("value" in answer) resolve(answer.value);
      else reject(new Answered(answer.failure.code, answer.failure.message));
    };
    const onError = (error: Error & { code?: string }): void =>
      reject(
        error.code === "ERR_WORKER_OUT_OF_MEMORY"
          ? tooMuch(doing, memoryBytes)
          : new PlatformError("UPSTREAM_FAILED", `${doing}: ${error.message}`, { cause: error }),
      );
    const onExit = (): void => reject(new PlatformError("UPSTREAM_FAILED", `${doing}: its thread has ended`));
    const onAbort = (): void => reject(signal?.reason);
    worker.on("message", onMessage).once("error", onError).once("exit", onExit);
    signal?.addEventListener("abort", onAbort, { once: true });
    const clock = setTimeout(
      () => reject(new PlatformError("DEADLINE_EXCEEDED", `${doing} took more than ${timeoutMs} ms`)),
      timeoutMs,
    );
    const look = setInterval(() => {
      worker.getHeapStatistics().then(
        ({ external_memory: buffers, used_heap_size: heap }) => {
          if (buffers + heap > memoryBytes) reject(tooMuch(doing, memoryBytes));
        },
        () => undefined,
      );
    }, LOOK_MS);
    try {
      worker.ref();
      worker.postMessage({ id, value });
      return await promise;
    } catch (error) {
      if (!(error instanceof Answered)) await this.end();
      throw error instanceof Answered ? error.told(doing) : error;
    } finally {
      clearTimeout(clock);
      clearInterval(look);
      signal?.removeEventListener("abort", onAbort);
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      this.endCurrent = null;
      worker.unref();
      this.idle = setTimeout(() => void this.end(), this.options.idleMs ?? DEFAULT_IDLE_MS).unref();
    }
  }

  private start(): Worker {
    const { file, memoryBytes = DEFAULT_MEMORY_BYTES } = this.options;
    const worker = new Worker(file, {
      execArgv: execArgvFor(file),
      // What a parser prints is nobody's output, and no secret is its business.
      ...{ env: {}, stdout: true, stderr: true },
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytes / MEBIBYTE) },
    });
    worker.stdout.resume();
    worker.stderr.resume();
    // Between calls nobody listens else, and an error that nobody hears ends the process.
    worker.on("error", () => undefined);
    worker.once("exit", () => {
      if (this.worker === worker) this.worker = null;
    });
    return worker;
  }

  private async end(): Promise<void> {
    const { worker } = this;
    this.worker = null;
    clearTimeout(this.idle);
    await worker?.terminate();
  }
}

const tooMuch = (doing: string, memoryBytes: number): PlatformError =>
  new PlatformError("TOO_LARGE", `${doing} took more than ${Math.floor(memoryBytes / MEBIBYTE)} MiB of memory`);

/** What the thread said itself: it is whole. */
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
