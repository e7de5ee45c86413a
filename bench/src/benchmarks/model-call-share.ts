import { type Benchmark, judge } from "../benchmark.ts";
import { format, median } from "../measure.ts";
import { measureModelCalls, SETTINGS } from "../model-calls.ts";

const CALLS = 40;
const LATENCY_MS = 200;
const WARM_UP = 10;

export const benchmark: Benchmark = {
  name: "model-call-share",
  what: `time of ctx.model with cache and budget, two commits included, against a plain call of the same provider, which takes ${LATENCY_MS} ms`,
  unit: "ms",
  floor: { of: "ratio", atMost: 1.02 },
  run: async () => {
    const rounds = await measureModelCalls({ latencyMs: LATENCY_MS, calls: CALLS, warmUp: WARM_UP });
    const ratios = rounds.map(({ inTask, plain }) => inTask / plain);
    const ours = median(rounds.map(({ inTask }) => inTask));
    const peer = median(rounds.map(({ plain }) => plain));
    return judge(benchmark, { ours, peer, ratio: median(ratios) }, [
      `${rounds.length} rounds of ${CALLS} calls, ratios ${ratios.map((ratio) => ratio.toFixed(4)).join(" ")}; medians of rounds' medians`,
      `two commits on the same disk ${format(median(rounds.map(({ commits }) => commits)))} ms`,
      SETTINGS,
    ]);
  },
};
