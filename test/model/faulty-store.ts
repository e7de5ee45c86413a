/** What stands between a process and its store: delays, and the faults of the plan. */
import { PlatformError, type TaskEvent } from "@agentcore/contract";
import type { CommitOutcome, CommitUnit, TaskStore } from "@agentcore/core/ports";
import type { Effects } from "./effects.ts";
import { type CallFault, type FaultPlan, groupOf } from "./faults.ts";
import type { Life } from "./life.ts";

export interface FaultyStoreOptions {
  readonly life: Life;
  readonly plan: FaultPlan;
  readonly effects: Effects;
  readonly onActivity: () => void;
  /** Milliseconds on the way to the store and back; null: none, and everything in order. */
  readonly latency: (() => number) | null;
  readonly kill: () => void;
  readonly stall: () => void;
  /** Breaks real connections instead, where there are some; then what the store says is what happened. */
  readonly breakConnections: (() => Promise<void>) | null;
  /** Lets a real statement wait too long. */
  readonly holdUp: ((isHeld: () => void) => Promise<void>) | null;
  readonly hasLateWrites: boolean;
  /** The database is away. */
  readonly isAway: () => boolean;
  /** Resolves after that time of the world, whatever becomes of the process. */
  readonly later: (ms: number) => Promise<void>;
}

const LATE_MS = 700;
const unknown = (what: string): PlatformError => new PlatformError("STORE_UNAVAILABLE", what);

export const createFaultyStore = (store: TaskStore, options: FaultyStoreOptions): TaskStore => {
  const { life, plan, onActivity, latency, isAway, later } = options;
  let lastCommit: Promise<unknown> = Promise.resolve();

  const ask = async (name: keyof TaskStore, given: readonly unknown[]): Promise<unknown> => {
    const call = (): Promise<unknown> =>
      (store[name] as (...args: readonly unknown[]) => Promise<unknown>).call(store, ...given);
    const fault = plan.next(groupOf(name));
    if (latency !== null) await later(latency());
    // What was still inside the process dies with it.
    await life.awake();
    if (isAway()) throw unknown("the database is away");
    if (fault !== null) return strike(fault, call);
    const answer = await call();
    if (latency !== null) await later(latency());
    return answer;
  };

  const strike = async (fault: CallFault, call: () => Promise<unknown>): Promise<unknown> => {
    const { what, when } = fault;
    switch (what) {
      case "kill": {
        if (when === "before") options.kill();
        else await call().finally(options.kill);
        return life.awake();
      }
      case "stall": {
        if (when === "before") options.stall();
        else {
          const answer = await call();
          options.stall();
          return answer;
        }
        // The request leaves the process when it wakes up.
        await life.awake();
        return call();
      }
      case "lost": {
        if (options.breakConnections !== null) {
          const [answer] = await Promise.all([call(), options.breakConnections()]);
          return answer;
        }
        if (when === "after") await call();
        throw unknown("the connection broke");
      }
      case "timeout": {
        const { holdUp } = options;
        if (holdUp !== null) {
          await new Promise<void>((resolve) => void holdUp(resolve));
          return call();
        }
        if (when === "after" && options.hasLateWrites)
          void later(LATE_MS)
            .then(call)
            .catch(() => undefined);
        else if (when === "after") await call();
        throw unknown("the statement took too long");
      }
    }
  };

  const watched = async (name: keyof TaskStore, given: readonly unknown[]): Promise<unknown> => {
    await life.awake();
    onActivity();
    try {
      // One statement at a time writes, as the adapters have it.
      const turn = name === "commit" ? lastCommit.then(() => ask(name, given)) : ask(name, given);
      if (name === "commit") lastCommit = turn.catch(() => undefined);
      const answer = await turn;
      see(name, given, answer, options.effects, `by ${name} ${life.name}`);
      await life.awake();
      return answer;
    } catch (error) {
      await life.awake();
      throw error;
    } finally {
      onActivity();
    }
  };

  return new Proxy(store, {
    get: (target, name: keyof TaskStore) =>
      name === "listen"
        ? (listener: Parameters<TaskStore["listen"]>[0]) =>
            target.listen((hint) => void life.awake().then(() => listener(hint)))
        : (...given: readonly unknown[]) => watched(name, given),
  });
};

/** Notes the results that are certainly in a log now: written, or read from it. */
const see = (name: keyof TaskStore, given: readonly unknown[], answer: unknown, effects: Effects, by: string): void => {
  if (name === "readLog") for (const event of answer as readonly TaskEvent[]) effects.see(event, by);
  if (name !== "commit") return;
  for (const [index, unit] of (given[0] as readonly CommitUnit[]).entries()) {
    if ((answer as readonly CommitOutcome[])[index]?.outcome !== "committed") continue;
    for (const event of unit.append?.events ?? []) effects.see(event, by);
    for (const task of unit.create ?? []) for (const event of task.events) effects.see(event, by);
  }
};
