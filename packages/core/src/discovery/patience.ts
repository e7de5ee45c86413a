import { PlatformError } from "@agentcore/contract";
import type { Clock } from "../ports/index.ts";

export interface Patience {
  readonly clock: Clock;
  readonly timeoutMs: number;
  /** What has not come by then, for the error. */
  readonly what: string;
  /** Of whoever waits. */
  readonly signal: AbortSignal | undefined;
}

/** Runs `work` under a signal that aborts when whoever waits leaves, and with DEADLINE_EXCEEDED when it takes too long. */
export const withPatience = async <T>(
  { clock, timeoutMs, what, signal }: Patience,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> => {
  signal?.throwIfAborted();
  const patience = new AbortController();
  const timer = clock.after(timeoutMs, () =>
    patience.abort(new PlatformError("DEADLINE_EXCEEDED", `no ${what} came within ${timeoutMs} ms`)),
  );
  const leave = () => patience.abort(new PlatformError("CANCELED", "the caller has left"));
  signal?.addEventListener("abort", leave, { once: true });
  try {
    return await work(patience.signal);
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", leave);
  }
};

/** Waits for work that goes on when whoever waits has left: whoever comes next is told. */
export const untilAborted = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> => {
  signal.throwIfAborted();
  let leave: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    leave = () => reject(PlatformError.from(signal.reason));
    signal.addEventListener("abort", leave, { once: true });
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", leave);
    void work.catch(() => undefined);
  }
};
