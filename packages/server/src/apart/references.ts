/** Functions and signals of one run that are known on both sides: ours by number, theirs as ones that lead back. */
import { PlatformError } from "@agentcore/contract";
import type { Settled } from "./messages.ts";
import { decode, encode, type References } from "./value-codec.ts";

/** For the node's side: as many as a run may have events, so that code which names them without end does not fill the node's memory. */
export const MAX_SIGNALS = 10_000;

export interface Exchange extends References {
  /** Runs one of ours that the other side calls, and says how it came out. */
  run(id: number, values: unknown): Promise<Settled>;
  /** What became of a call of one of theirs. */
  settle(call: number, settled: Settled): void;
  /** One of theirs has aborted. */
  abort(id: number, reason: unknown): void;
  /** Nothing of it leads anywhere any more. `why`: what calls of theirs fail with, open ones and later ones; without it they never settle. */
  close(why?: Error): void;
}

/**
 * `invoke` and `aborted` tell the other side; `awaits` hears of each of its answers that the code waits for here, and of its coming.
 * `maxSignals`: of theirs, which are kept to the end; more are refused with TOO_LARGE. No limit by default.
 */
export const openExchange = (tell: {
  invoke(call: number, id: number, values: unknown): void;
  aborted(id: number, reason: unknown): void;
  awaits?(change: 1 | -1): void;
  readonly maxSignals?: number;
}): Exchange => {
  const { maxSignals = Number.POSITIVE_INFINITY } = tell;
  const functions = new Map<number, (...values: unknown[]) => unknown>();
  const calls = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  const controllers = new Map<number, AbortController>();
  const listening = new Map<AbortSignal, { readonly id: number; readonly listener: () => void }>();
  /** Ones that lead to theirs, by their number. */
  const theirs = new WeakMap<object, number>();
  let made = 0;
  let closedFor: Error | undefined;
  const exchange: Exchange = {
    functionId(run) {
      made += 1;
      functions.set(made, run as (...values: unknown[]) => unknown);
      return made;
    },
    theirId: (run) => theirs.get(run),
    ownFunction: (id) => functions.get(id) ?? ended,
    signalId(signal) {
      const known = listening.get(signal);
      if (known !== undefined) return known.id;
      made += 1;
      const id = made;
      const listener = (): void => tell.aborted(id, encode(signal.reason, exchange));
      listening.set(signal, { id, listener });
      signal.addEventListener("abort", listener, { once: true });
      return id;
    },
    functionOf(id, isAwaited) {
      const call = (...values: unknown[]): Promise<unknown> =>
        new Promise((resolve, reject) => {
          if (closedFor !== undefined) return reject(closedFor);
          made += 1;
          calls.set(made, { resolve, reject });
          tell.invoke(made, id, encode(values, exchange));
        });
      const counted = async (...values: unknown[]): Promise<unknown> => {
        tell.awaits?.(1);
        try {
          return await call(...values);
        } finally {
          tell.awaits?.(-1);
        }
      };
      const lead = isAwaited ? counted : call;
      theirs.set(lead, id);
      return lead;
    },
    signalOf(id, aborted) {
      const known = controllers.get(id);
      if (known === undefined && controllers.size >= maxSignals)
        throw new PlatformError("TOO_LARGE", `code that runs apart named more than ${maxSignals} signals in one run`);
      const controller = known ?? new AbortController();
      controllers.set(id, controller);
      if (aborted !== null) controller.abort(aborted.reason);
      return controller.signal;
    },
    async run(id, values) {
      try {
        const run = functions.get(id) ?? ended;
        return { value: encode(await run(...(decode(values, exchange) as unknown[])), exchange) };
      } catch (error) {
        return { error: encode(error, exchange) };
      }
    },
    settle(call, settled) {
      const waiting = calls.get(call);
      calls.delete(call);
      if ("error" in settled) waiting?.reject(decode(settled.error, exchange));
      else waiting?.resolve(decode(settled.value, exchange));
    },
    abort: (id, reason) => controllers.get(id)?.abort(decode(reason, exchange)),
    close(why) {
      closedFor = why;
      if (why !== undefined) for (const { reject } of calls.values()) reject(why);
      for (const [signal, { listener }] of listening) signal.removeEventListener("abort", listener);
      listening.clear();
      functions.clear();
      calls.clear();
      controllers.clear();
    },
  };
  return exchange;
};

const ended = (): never => {
  throw new Error("the run has ended");
};
