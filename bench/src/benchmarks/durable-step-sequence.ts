import { type Benchmark, judge } from "../benchmark.ts";
import { openWorld } from "../engine.ts";
import { describeMastra, withMastra } from "../mastra.ts";
import { format, measurePairs, time } from "../measure.ts";
import { withFolder } from "../scratch.ts";
import { runTenSteps, STEPS, tenSteps } from "../steps.ts";

const TASKS = 20;
const SYNCED_PAIRS = 3;

export const benchmark: Benchmark = {
  name: "durable-step-sequence",
  what: `milliseconds a durable step, one task of ${STEPS} steps of 1 KB at a time, against Mastra's default engine on LibSQL`,
  unit: "ms/step",
  floor: { of: "ratio", atMost: 1 },
  run: () =>
    withFolder((folder) =>
      withMastra(folder, async ({ standard, full }) => {
        const world = await openWorld({ directory: `${folder}/ours`, agents: [tenSteps()] });
        const perStep = async (run: () => Promise<unknown>, tasks = TASKS): Promise<number> => {
          const ms = await time(async () => {
            for (let task = 0; task < tasks; task++) await run();
          });
          return ms / (tasks * STEPS);
        };
        const ours = (): Promise<number> => perStep(() => runTenSteps(world, 1));
        const peer = (): Promise<number> => perStep(() => standard.run());
        await ours();
        await peer();
        const measured = await measurePairs(ours, peer);
        const synced = await measurePairs(ours, () => perStep(() => full.run()), SYNCED_PAIRS);
        await world.close();
        return judge(benchmark, measured, [
          measured.spread,
          `each measurement is ${TASKS} tasks one after another, their start and end included`,
          "ours: node:sqlite, WAL, synchronous=FULL, a sync before every step is acknowledged",
          describeMastra(folder),
          `Mastra with synchronous=FULL, as ours: ${format(synced.ours)} against ${format(synced.peer ?? 0)} ms/step, ${format(synced.ratio ?? 0)}x`,
        ]);
      }),
    ),
};
