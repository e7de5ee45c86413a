/** How fast the graph runs, ours against the best of all peers. */
import { type Benchmark, type Floor, judge } from "../benchmark.ts";
import { format, measurePairs, measureRounds, PAIRS } from "../measure.ts";
import { describeServer } from "../postgres/server.ts";
import { NODES } from "./work.ts";
import { fully, PEERS, type SideName, type WorkflowRunner, withPlaces, withRunners } from "./workflow-runner.ts";

const SYNCED_PAIRS = 3;

export interface GraphSpeedOptions {
  readonly name: string;
  readonly what: string;
  readonly unit: string;
  readonly floor: Floor;
  readonly best: "highest" | "lowest";
  readonly runs: number;
  readonly atOnce: boolean;
  /** In the unit, of what so many runs took. */
  numberOf(ms: number): number;
}

export const graphSpeed = (options: GraphSpeedOptions): Benchmark => {
  const { name, what, unit, floor, best } = options;
  const benchmark: Benchmark = {
    ...{ name, what, unit, floor },
    run: () =>
      withPlaces((places) =>
        withRunners([places.ours, ...PEERS.map((peer) => places[peer])], async (runners) => {
          const measure = async (runner: WorkflowRunner): Promise<number> =>
            options.numberOf(await runner.runGraphs(options.runs, options.atOnce));
          const of = (side: SideName): WorkflowRunner => {
            const runner = runners.find(({ place }) => place.name === side);
            if (runner === undefined) throw new Error(`${side} was not started`);
            return runner;
          };
          const ours = (): Promise<number> => measure(of("ours"));
          // One round that does not count: all compile and fill their caches.
          for (const runner of runners) await measure(runner);
          const measured = await measureRounds(
            ours,
            {
              langgraph: () => measure(of("langgraph")),
              mastra: () => measure(of("mastra")),
              dbos: () => measure(of("dbos")),
            },
            { best },
          );
          const synced: string[] = [];
          for (const peer of ["langgraph", "mastra"] as const)
            await withRunners([fully(places[peer])], async ([full]) => {
              if (full === undefined) return;
              await measure(full);
              const pairs = await measurePairs(ours, () => measure(full), Math.min(PAIRS, SYNCED_PAIRS));
              await full.checkResults();
              synced.push(
                `${peer} with synchronous=FULL, as ours: ${format(pairs.ours)} against ${format(pairs.peer ?? 0)} ${unit}, ${format(pairs.ratio ?? 0)}x`,
              );
            });
          const results: string[] = [];
          for (const runner of runners) results.push(`${runner.place.name} ${format(await runner.checkResults())}`);
          return judge(benchmark, measured, [
            measured.spread,
            `medians: ${runners.map(({ place }) => `${place.name} ${format(measured.medians[place.name])}`).join(", ")} ${unit}`,
            ...runners.flatMap(({ notes }) => notes),
            await describeServer(),
            ...synced,
            `results of nodes found in the stores afterwards, ${NODES} of every run: ${results.join(", ")}`,
            `processor time a run, all runs, the PostgreSQL server's not counted: ${runners.map(({ place, cpuMsPerRun }) => `${place.name} ${format(cpuMsPerRun)}`).join(", ")} ms`,
          ]);
        }),
      ),
  };
  return benchmark;
};
