import { monitorEventLoopDelay } from "node:perf_hooks";
import { type Benchmark, judge } from "../benchmark.ts";
import { openWorld } from "../engine.ts";
import { format, median } from "../measure.ts";
import { withFolder } from "../scratch.ts";
import { runTenSteps, STEPS, tenSteps } from "../steps.ts";

const TASKS = 200;
const SYNC_DELAY_MS = 5;
const ROUNDS = 5;
const RUNS_A_ROUND = 5;

export const benchmark: Benchmark = {
  name: "slow-disk",
  what: `event-loop delay, p99, while every disk sync takes ${SYNC_DELAY_MS} ms longer (${TASKS} tasks at once x ${STEPS} steps)`,
  unit: "ms",
  floor: { of: "ours", atMost: 20 },
  run: async () => {
    const quick: Delays[] = [];
    const slow: Delays[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      quick.push(await measureDelays(0));
      slow.push(await measureDelays(SYNC_DELAY_MS));
    }
    const of = (delays: readonly Delays[], what: keyof Delays): string =>
      format(median(delays.map((delay) => delay[what])));
    return judge(benchmark, { ours: median(slow.map(({ p99 }) => p99)), peer: null, ratio: null }, [
      `median of ${ROUNDS} rounds; p50 ${of(slow, "p50")} ms, max ${of(slow, "max")} ms, ${of(slow, "steps")} steps/s`,
      `without the delay, in turn: p99 ${of(quick, "p99")} ms, max ${of(quick, "max")} ms, ${of(quick, "steps")} steps/s`,
      "monitorEventLoopDelay with a resolution of 1 ms, which is part of every number",
    ]);
  },
};

interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  readonly steps: number;
}

const measureDelays = (syncDelayMs: number): Promise<Delays> =>
  withFolder(async (directory) => {
    const world = await openWorld({ directory, agents: [tenSteps()], fault: { syncDelayMs } });
    await runTenSteps(world, TASKS);
    const histogram = monitorEventLoopDelay({ resolution: 1 });
    histogram.enable();
    let ms = 0;
    for (let run = 0; run < RUNS_A_ROUND; run++) ms += await runTenSteps(world, TASKS);
    histogram.disable();
    await world.close();
    return {
      p50: histogram.percentile(50) / 1e6,
      p99: histogram.percentile(99) / 1e6,
      max: histogram.max / 1e6,
      steps: (RUNS_A_ROUND * TASKS * STEPS * 1000) / ms,
    };
  });
