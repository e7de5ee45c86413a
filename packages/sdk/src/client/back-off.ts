import type { RetryOptions } from "./types.ts";

const MAX_DELAY_MS = 5000; // a restarted node is back within seconds, and a person may be watching

export class BackOff {
  readonly maxAttempts: number;
  private readonly initialDelayMs: number;
  private failures = 0;

  constructor(options: RetryOptions = {}) {
    this.maxAttempts = options.maxAttempts ?? 8;
    this.initialDelayMs = options.initialDelayMs ?? 250;
  }

  /** There was progress: the next failure is a first one again. */
  reset(): void {
    this.failures = 0;
  }

  /** Waits before the next try, at least `atLeastMs`; throws `error` when there is none left, or the signal's reason. */
  async wait(error: unknown, atLeastMs = 0, signal?: AbortSignal): Promise<void> {
    this.failures += 1;
    if (this.failures >= this.maxAttempts) throw error;
    const delayMs = Math.min(MAX_DELAY_MS, this.initialDelayMs * 2 ** (this.failures - 1));
    await pause(Math.max(atLeastMs, delayMs * (0.5 + Math.random() / 2)), signal);
  }
}

const pause = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
