import { type Benchmark, judge } from "../benchmark.ts";
import { format, measurePairs, median } from "../measure.ts";
import { startLoadGenerator, startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";

const CONNECTIONS = 32;
const MS = 1500;

export const benchmark: Benchmark = {
  name: "send-message",
  what: `blocking SendMessage/s at ${CONNECTIONS} connections, echo agent, durable, against @a2a-js/sdk in memory on Express`,
  unit: "requests/s",
  floor: { of: "ratio", atLeast: 1.5 },
  run: () =>
    withFolder(async (folder) => {
      const node = await startServer("served/node.ts", [folder]);
      const peerServer = await startServer("peers/a2a-server.mjs");
      const load = startLoadGenerator();
      const latencies: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
      const measure = async (who: "ours" | "peer", url: string): Promise<number> => {
        const { answered, ms, p99 } = await load.run({ url, connections: CONNECTIONS, ms: MS });
        latencies[who].push(p99);
        return (answered * 1000) / ms;
      };
      const ours = (): Promise<number> => measure("ours", `${node.url}/a2a/echo`);
      const peer = (): Promise<number> => measure("peer", peerServer.url);
      await ours();
      await peer();
      const measured = await measurePairs(ours, peer);
      load.stop();
      await Promise.all([node.stop(), peerServer.stop()]);
      return judge(benchmark, measured, [
        measured.spread,
        `p99 ${format(median(latencies.ours))} ms against ${format(median(latencies.peer))} ms`,
        "A2A 1.0 over HTTP JSON-RPC, keep-alive; server and load generator in processes of their own; every answer checked to be a completed task",
        "ours: whole node, task and answer on SQLite (WAL, synchronous=FULL) before the response; peer: DefaultRequestHandler with InMemoryTaskStore, nothing survives its process",
      ]);
    }),
};
