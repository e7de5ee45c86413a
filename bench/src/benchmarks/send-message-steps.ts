import { type Benchmark, judge } from "../benchmark.ts";
import { format, median, PAIRS } from "../measure.ts";
import { startLoadGenerator, startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";

const CONNECTIONS = 32;
const MS = 1500;

export const benchmark: Benchmark = {
  name: "send-message-steps",
  what: `blocking SendMessage/s at ${CONNECTIONS} connections, durable, an agent with three steps and a child`,
  unit: "requests/s",
  floor: null,
  run: () =>
    withFolder(async (folder) => {
      const node = await startServer("served/node.ts", [folder]);
      const load = startLoadGenerator();
      const measure = () => load.run({ url: `${node.url}/a2a/three-steps`, connections: CONNECTIONS, ms: MS });
      await measure();
      const results = [];
      for (let round = 0; round < PAIRS; round++) results.push(await measure());
      load.stop();
      await node.stop();
      const ours = median(results.map(({ answered, ms }) => (answered * 1000) / ms));
      return judge(benchmark, { ours, peer: null, ratio: null }, [
        `median of ${PAIRS} rounds; p50 ${format(median(results.map(({ p50 }) => p50)))} ms, p99 ${format(median(results.map(({ p99 }) => p99)))} ms`,
        "three steps awaited one after another, then a child task and its result; five commits one after another at least",
        "no floor and no peer: the A2A SDK has no steps",
      ]);
    }),
};
