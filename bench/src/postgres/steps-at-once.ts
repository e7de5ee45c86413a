/** Durable steps/s of many tasks at once on PostgreSQL, ours against one peer. */
import { type Benchmark, judge } from "../benchmark.ts";
import { format, measurePairs } from "../measure.ts";
import { STEPS } from "../steps.ts";
import { describeServer, withDatabase } from "./server.ts";
import { type RunnerName, type StepRunner, startRunner } from "./step-runner.ts";

export const TASKS = 200;

export const stepsAgainst = (options: {
  readonly name: string;
  readonly peer: RunnerName;
  readonly title: string;
}): Benchmark => {
  const benchmark: Benchmark = {
    name: options.name,
    what: `durable steps/s on PostgreSQL, ${TASKS} tasks at once x ${STEPS} steps of 1 KB, against ${options.title}`,
    unit: "steps/s",
    floor: { of: "ratio", atLeast: 5 },
    run: () =>
      withRunners(options.peer, async (ours, peer) => {
        const perSecond = async (runner: StepRunner): Promise<number> =>
          (TASKS * STEPS * 1000) / (await runner.run(TASKS, STEPS));
        // One round each that does not count: both compile and fill their caches.
        await perSecond(ours);
        await perSecond(peer);
        const measured = await measurePairs(
          () => perSecond(ours),
          () => perSecond(peer),
        );
        return judge(benchmark, measured, [measured.spread, ...(await describeRunners(ours, peer))]);
      }),
  };
  return benchmark;
};

/** Each in a process and a database of its own. */
export const withRunners = <T>(
  peerName: RunnerName,
  work: (ours: StepRunner, peer: StepRunner) => Promise<T>,
): Promise<T> =>
  withDatabase("ours", (ourUrl) =>
    withDatabase(peerName, async (peerUrl) => {
      const ours = await startRunner("ours", ourUrl);
      const peer = await startRunner(peerName, peerUrl);
      try {
        return await work(ours, peer);
      } finally {
        await ours.close();
        await peer.close();
      }
    }),
  );

export const describeRunners = async (ours: StepRunner, peer: StepRunner): Promise<readonly string[]> => [
  await describeServer(),
  ...ours.notes,
  ...peer.notes,
  `found in the databases afterwards: all ${ours.recorded} of our steps, all ${peer.recorded} of the peer's`,
  `processor time a step, all runs, the server's not counted: ours ${format(ours.cpuMsPerStep)} ms, the peer's ${format(peer.cpuMsPerStep)} ms`,
];
