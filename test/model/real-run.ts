/** Runs a plan in real time, for stores whose leases run on a clock of their own. */
import type { Clock } from "@agentcore/core/ports";
import type { Backend } from "./backend.ts";
import { type RunResult, runPlan } from "./run-plan.ts";
import type { Pace, Plan, World } from "./world.ts";

/** Long enough that two busy cores do not miss a renewal. */
export const REAL_LEASE_MS = 2_400;
/** Milliseconds by which clocks are set wrong: what they hold up has to be waited for. */
export const REAL_JUMPS = [-1_500, -700, 700, 1_500];
const PACE: Pace = {
  // `long` is one that leaves memory.
  spans: { short: 5, medium: 60, long: 1_100 },
  again: { short: 5, medium: 60, long: 250 },
  outsideMs: 2_000,
  downMs: 100,
  patienceMs: 3_000,
  awayMs: 500,
  stallMs: 2 * REAL_LEASE_MS,
  lateWriteMs: 5_000,
};
// A busy machine takes three times as long as a quiet one.
const MAX_MS = 400_000;
const LOOK_MS = 20;

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return { cancel: () => clearTimeout(timer) };
  },
  turn: () => new Promise((resolve) => setImmediate(resolve)),
};

export const runReal = (plan: Plan, backend: Backend): Promise<RunResult> => {
  const drive = async (_: World, isOver: () => boolean): Promise<string | null> => {
    const until = performance.now() + MAX_MS;
    while (!isOver()) {
      if (performance.now() > until) return `no end after ${MAX_MS} ms`;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return null;
  };
  return runPlan({ plan, pace: PACE, clock: realClock, backend, settle: { everyMs: 250, maxLooks: 600 }, drive });
};
