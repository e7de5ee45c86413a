import { ANSWER_TEXT, QUESTION, TURNS } from "../agent-loop/loop.ts";
import { type LoopRunner, withLoopRunners } from "../agent-loop/loop-runner.ts";
import { askAgent } from "../ask-agent.ts";
import { type Benchmark, judge } from "../benchmark.ts";
import { format, measurePairs, time } from "../measure.ts";
import { startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";

const LATENCY_MS = 200;
const RUNS = 2;
const AT_ONCE = 20;
const AT_MOST = 1.05;

export const benchmark: Benchmark = {
  name: "agent-loop-share",
  what: `milliseconds a run of an agent with ${TURNS} model calls and ${TURNS - 1} tool calls, from the request to the answer over A2A, against the AI SDK's own loop in its process, at a model that takes ${LATENCY_MS} ms; the same with ${AT_ONCE} runs at once`,
  unit: "ms/run",
  floor: { of: "ratio", atMost: AT_MOST },
  run: () =>
    withFolder(async (folder) => {
      const provider = await startServer("served/loop-provider.ts", [String(LATENCY_MS)]);
      const node = await startServer("served/loop-node.ts", [folder, provider.url]);
      try {
        return await withLoopRunners([{ name: "ai-sdk", folder, url: provider.url }], async (runners) => {
          const [peer] = runners as [LoopRunner];
          const one = async (): Promise<void> => {
            const said = await askAgent(node.url, "buyer", QUESTION);
            if (said !== ANSWER_TEXT) throw new Error(`a run answered ${String(said)}`);
          };
          const ours = (runs: number) => async (): Promise<number> =>
            (await time(async () => {
              for (let run = 0; run < runs; run++) await one();
            })) / runs;
          const oursAtOnce = (): Promise<number> => time(() => Promise.all(Array.from({ length: AT_ONCE }, one)));
          const peerAtOnce = (): Promise<number> => peer.run(AT_ONCE, true);
          // Rounds that do not count: both compile and fill their caches.
          await oursAtOnce();
          await peerAtOnce();
          const measured = await measurePairs(ours(RUNS), async () => (await peer.run(RUNS, false)) / RUNS);
          const atOnce = await measurePairs(oursAtOnce, peerAtOnce);
          await peer.checkSteps();
          return judge(
            benchmark,
            measured,
            [
              `one at a time: ${measured.spread}`,
              `${AT_ONCE} at once, until the last is done: ${format(atOnce.ours)} against ${format(atOnce.peer ?? 0)} ms, ${format(atOnce.ratio ?? 0)}x (the same floor), ${atOnce.spread}`,
              "ours: a whole node, SQLite (WAL, synchronous=FULL), every answer and every result on disk before the loop goes on; no budget, no cache",
              ...peer.notes,
            ],
            (atOnce.ratio ?? 0) <= AT_MOST,
          );
        });
      } finally {
        await Promise.all([node.stop(), provider.stop()]);
      }
    }),
};
