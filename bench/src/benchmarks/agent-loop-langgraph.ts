import { STEPS, TURNS } from "../agent-loop/loop.ts";
import { type LoopRunner, withLoopRunners } from "../agent-loop/loop-runner.ts";
import { type Benchmark, judge } from "../benchmark.ts";
import { format, measurePairs, PAIRS } from "../measure.ts";
import { withFolder } from "../scratch.ts";

const RUNS = 30;
const AT_ONCE = 20;
const SYNCED_PAIRS = 3;

export const benchmark: Benchmark = {
  name: "agent-loop-langgraph",
  what: `milliseconds a run of an agent with ${TURNS} model calls and ${TURNS - 1} tool calls, one at a time, at a model that answers at once, against LangChain's createAgent on LangGraph.js' SQLite saver`,
  unit: "ms/run",
  floor: { of: "ratio", atMost: 0.5 },
  run: () =>
    withFolder((folder) =>
      withLoopRunners(
        [
          { name: "ours", folder },
          { name: "langgraph", folder },
          { name: "langgraph", folder, full: true },
        ],
        async (runners) => {
          const [ours, peer, full] = runners as [LoopRunner, LoopRunner, LoopRunner];
          const serial = (runner: LoopRunner) => async () => (await runner.run(RUNS, false)) / RUNS;
          const atOnce = (runner: LoopRunner) => async () => (await runner.run(AT_ONCE, true)) / AT_ONCE;
          // One round that does not count: all compile and fill their caches.
          for (const runner of runners) await serial(runner)();
          const measured = await measurePairs(serial(ours), serial(peer));
          const beside = Math.min(PAIRS, SYNCED_PAIRS);
          const synced = await measurePairs(serial(ours), serial(full), beside);
          const together = await measurePairs(atOnce(ours), atOnce(peer), beside);
          const steps: string[] = [];
          for (const runner of runners) steps.push(format(await runner.checkSteps()));
          return judge(benchmark, measured, [
            measured.spread,
            ...ours.notes,
            ...peer.notes,
            `with synchronous=FULL there, as ours: ${format(synced.ours)} against ${format(synced.peer ?? 0)} ms/run, ${format(synced.ratio ?? 0)}x`,
            `${AT_ONCE} runs at once: ${format(together.ours)} against ${format(together.peer ?? 0)} ms/run, ${format(together.ratio ?? 0)}x`,
            `results of calls found in the stores afterwards, ${STEPS} of every run: ${steps.join(", ")}`,
            `processor time a run: ${runners.map(({ cpuMsPerRun }) => format(cpuMsPerRun)).join(", ")} ms (ours, LangGraph.js, LangGraph.js with FULL)`,
          ]);
        },
      ),
    ),
};
