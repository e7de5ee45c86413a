import { type Benchmark, judge } from "../benchmark.ts";
import { openWorld } from "../engine.ts";
import { describeMastra, type MastraPeer, withMastra } from "../mastra.ts";
import { format, measurePairs } from "../measure.ts";
import { withFolder } from "../scratch.ts";
import { runTenSteps, STEPS, tenSteps } from "../steps.ts";

const TASKS = 200;
const SYNCED_PAIRS = 3;

export const benchmark: Benchmark = {
  name: "durable-steps",
  what: `durable steps/s, ${TASKS} tasks at once x ${STEPS} steps of 1 KB, against Mastra's default engine on LibSQL`,
  unit: "steps/s",
  floor: { of: "ratio", atLeast: 5 },
  run: () =>
    withFolder((folder) =>
      withMastra(folder, async ({ standard, full }) => {
        const world = await openWorld({ directory: `${folder}/ours`, agents: [tenSteps()] });
        const perSecond = (ms: number): number => (TASKS * STEPS * 1000) / ms;
        const ours = async (): Promise<number> => perSecond(await runTenSteps(world, TASKS));
        const peer = async (): Promise<number> => perSecond(await runAtOnce(standard));
        // One round each that does not count: both compile and fill their caches.
        await ours();
        await runAtOnce(standard, 20);
        const measured = await measurePairs(ours, peer);
        const synced = await measurePairs(ours, async () => perSecond(await runAtOnce(full)), SYNCED_PAIRS);
        await world.close();
        return judge(benchmark, measured, [
          measured.spread,
          "ours: node:sqlite, WAL, synchronous=FULL, every step's result on disk before the code goes on",
          describeMastra(folder),
          `Mastra with synchronous=FULL, as ours: ${format(synced.ours)} against ${format(synced.peer ?? 0)} steps/s, ${format(synced.ratio ?? 0)}x`,
        ]);
      }),
    ),
};

const runAtOnce = async (mastra: MastraPeer, runs = TASKS): Promise<number> => {
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: runs }, () => mastra.run()));
  return performance.now() - startedAt;
};
