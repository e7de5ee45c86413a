/** Runs a plan in time that is moved by hand: waiting costs nothing. */
import { ManualClock } from "@agentcore/core/testing";
import type { Backend } from "./backend.ts";
import { type RunResult, runPlan } from "./run-plan.ts";
import type { Pace, Plan, World } from "./world.ts";

const PACE: Pace = {
  spans: { short: 20, medium: 700, long: 40_000 },
  again: { short: 20, medium: 700, long: 40_000 },
  outsideMs: 4_000,
  downMs: 50,
  patienceMs: 2_000,
  awayMs: 1_500,
  stallMs: 5_000,
  lateWriteMs: 60_000,
};
/** Milliseconds by which clocks are set wrong. */
export const VIRTUAL_JUMPS = [-3_600_000, -60_000, -700, 700, 60_000, 3_600_000];
/** Shorter than a stall. */
export const VIRTUAL_LEASE_MS = 3_000;
// Sleeps of a program add up to some minutes, and a clock may be wrong by an hour.
const MAX_VIRTUAL_MS = 6 * 3_600_000;
// An engine that goes round must not go round for ever: then no time passes. Nodes that wait in vain take as many in hours.
const MAX_TURNS = 1_000_000;

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const runVirtual = async (
  plan: Plan,
  open: (clock: ManualClock, plan: Plan) => Promise<Backend>,
): Promise<RunResult> => {
  const clock = new ManualClock({ macrotask: turn });
  const backend = await open(clock, plan);
  const drive = async (world: World, isOver: () => boolean): Promise<string | null> => {
    const began = clock.now();
    for (let turns = 0; !isOver(); ) {
      // Until nothing moves without time.
      for (let still = 0, seen = -1; still < 3 && !isOver(); still++) {
        const answer = backend.underWay?.() ?? null;
        await answer;
        if (world.activity !== seen || answer !== null) still = 0;
        seen = world.activity;
        await turn();
        if (answer === null) turns += 1;
        if (turns > MAX_TURNS)
          return `no end after ${turns} turns, in which ${clock.now() - began} ms of its time passed`;
      }
      if (clock.now() > began + MAX_VIRTUAL_MS) return `no end after ${MAX_VIRTUAL_MS} ms`;
      const next = clock.nextTimerAt();
      if (next !== null && !isOver()) await clock.advance(Math.max(0, next - clock.now()));
    }
    return null;
  };
  return runPlan({ plan, pace: PACE, clock, backend, settle: { everyMs: 10_000, maxLooks: 300 }, drive });
};
