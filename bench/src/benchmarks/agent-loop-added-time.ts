import { STEPS, TURNS } from "../agent-loop/loop.ts";
import { askAgent } from "../ask-agent.ts";
import { type Benchmark, judge } from "../benchmark.ts";
import { format, median, PAIRS } from "../measure.ts";
import { startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";
import type { LoopTimes } from "../served/loop-stopwatch.ts";

const LOOPS = 30;
const WARM_UP = 100;
export const benchmark: Benchmark = {
  name: "agent-loop-added-time",
  what: `microseconds that a step of react(), a call of a model with a budget or of a tool, adds to the model and the tool themselves, beyond two commits of the store; ${TURNS} model calls and ${TURNS - 1} tool calls`,
  unit: "µs/step",
  floor: { of: "ours", atMost: 150 },
  run: () =>
    withFolder(async (folder) => {
      const provider = await startServer("served/loop-provider.ts");
      const node = await startServer("served/loop-node.ts", [folder, provider.url, "budget"]);
      const measure = (loops: number, round: number): Promise<LoopTimes> =>
        askAgent(node.url, "loop-stopwatch", JSON.stringify({ loops, round }));
      await measure(WARM_UP, -1);
      const rounds: LoopTimes[] = [];
      for (let round = 0; round < PAIRS; round++) rounds.push(await measure(LOOPS, round));
      await Promise.all([node.stop(), provider.stop()]);
      const perStep = ({ inTask, plain }: LoopTimes, commits: number): number =>
        ((inTask - plain - commits) / STEPS) * 1000;
      const added = rounds.map((round) => perStep(round, round.commits));
      const whole = rounds.map((round) => perStep(round, 0));
      const of = (pick: (round: LoopTimes) => number): string => `${format(median(rounds.map(pick)))} ms`;
      return judge(benchmark, { ours: median(added), peer: null, ratio: null }, [
        `${rounds.length} rounds of ${LOOPS} loops, ${added.map((micros) => format(micros)).join(" ")} µs`,
        `added to a step with its commits: ${format(median(whole))} µs, where two commits on the same disk take ${format(median(rounds.map(({ commits }) => (commits / STEPS) * 1000)))} µs`,
        `the loop in a task ${of(({ inTask }) => inTask)}, by the AI SDK's doStream and the tool alone ${of(({ plain }) => plain)}, ${2 * STEPS} commits ${of(({ commits }) => commits)}; medians of rounds' medians`,
        "in one task of a whole node, one loop at a time, in turn with the plain loop and the commits; a budget in US dollars on each call of the model (a reservation, and the answer with its settlement), over HTTP to a provider that answers at once; a tool that acts at most once (its start, and its result); SQLite (WAL, synchronous=FULL)",
      ]);
    }),
};
