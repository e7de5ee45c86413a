import { type Benchmark, judge } from "../benchmark.ts";
import { measurePairs } from "../measure.ts";
import type { StepRunner } from "../postgres/step-runner.ts";
import { describeRunners, withRunners } from "../postgres/steps-at-once.ts";

const STEPS = 200;

export const benchmark: Benchmark = {
  name: "postgres-durable-step-sequence",
  what: `milliseconds a durable step on PostgreSQL, one task of ${STEPS} steps of 1 KB, against DBOS`,
  unit: "ms/step",
  floor: { of: "ratio", atMost: 0.7 },
  run: () =>
    withRunners("dbos", async (ours, peer) => {
      const perStep = async (runner: StepRunner): Promise<number> => (await runner.run(1, STEPS)) / STEPS;
      await perStep(ours);
      await perStep(peer);
      const measured = await measurePairs(
        () => perStep(ours),
        () => perStep(peer),
      );
      return judge(benchmark, measured, [measured.spread, ...(await describeRunners(ours, peer))]);
    }),
};
