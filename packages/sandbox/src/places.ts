import { PlatformError } from "@agentcore/contract";

/** How many may run at once; the rest stand in line, in order. */
export interface Places {
  /** Throws OVERLOADED when the line is full, the signal's reason when it aborts while this waits. */
  take<Result>(run: () => Promise<Result>, signal: AbortSignal): Promise<Result>;
  /** Once none runs or waits. */
  idle(): Promise<void>;
}

const RETRY_AFTER_MS = 1_000;

export const openPlaces = (maxRunning: number, maxWaiting: number): Places => {
  const waiting = new Set<() => void>();
  const idle = new Set<() => void>();
  let running = 0;
  const turn = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve, reject) => {
      const leave = (): void => {
        waiting.delete(enter);
        signal.removeEventListener("abort", abort);
      };
      const enter = (): void => {
        leave();
        resolve();
      };
      const abort = (): void => {
        leave();
        reject(signal.reason as Error);
      };
      waiting.add(enter);
      signal.addEventListener("abort", abort);
    });
  return {
    async take(run, signal) {
      signal.throwIfAborted();
      if (running >= maxRunning) {
        if (waiting.size >= maxWaiting)
          throw new PlatformError("OVERLOADED", `${maxRunning} runs are under way and ${maxWaiting} wait`, {
            retryAfterMs: RETRY_AFTER_MS,
          });
        // Whoever ends hands its place on, so `running` stays as it is.
        await turn(signal);
      } else running += 1;
      try {
        return await run();
      } finally {
        const [next] = waiting;
        if (next !== undefined) next();
        else {
          running -= 1;
          if (running === 0) for (const tell of idle) tell();
        }
      }
    },
    async idle() {
      if (running > 0) await new Promise<void>((resolve) => idle.add(resolve));
    },
  };
};
