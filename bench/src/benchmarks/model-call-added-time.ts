import { type Benchmark, judge } from "../benchmark.ts";
import { format, median } from "../measure.ts";
import { measureModelCalls, SETTINGS } from "../model-calls.ts";

const CALLS = 300;
const WARM_UP = 1000;

export const benchmark: Benchmark = {
  name: "model-call-added-time",
  what: "microseconds that ctx.model with cache and budget adds to a plain call of the same provider, beyond two commits of the store",
  unit: "µs",
  floor: { of: "ours", atMost: 150 },
  run: async () => {
    const rounds = await measureModelCalls({ latencyMs: 0, calls: CALLS, warmUp: WARM_UP });
    const added = rounds.map(({ inTask, plain, commits }) => (inTask - plain - commits) * 1000);
    const of = (pick: (round: (typeof rounds)[number]) => number): string => `${format(median(rounds.map(pick)))} ms`;
    return judge(benchmark, { ours: median(added), peer: null, ratio: null }, [
      `${rounds.length} rounds of ${CALLS} calls, ${added.map((micros) => format(micros)).join(" ")} µs`,
      `ctx.model ${of(({ inTask }) => inTask)}, the AI SDK's doGenerate with its own fetch ${of(({ plain }) => plain)}, two commits on the same disk ${of(({ commits }) => commits)}; medians of rounds' medians`,
      SETTINGS,
    ]);
  },
};
