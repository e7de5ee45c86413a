import { type Benchmark, judge } from "../benchmark.ts";
import { format, measurePairs, median } from "../measure.ts";
import { startLoadGenerator, startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";
import { UPDATES } from "../served/agents.ts";

const CONNECTIONS = 32;
const MS = 1500;

export const benchmark: Benchmark = {
  name: "stream-events",
  what: `events/s over ${CONNECTIONS} SendStreamingMessage streams at once, ${UPDATES} artifact updates each, durable, against @a2a-js/sdk in memory on Express`,
  unit: "events/s",
  floor: { of: "ratio", atLeast: 2 },
  run: () =>
    withFolder(async (folder) => {
      const node = await startServer("served/node.ts", [folder]);
      const peerServer = await startServer("peers/a2a-server.mjs", [String(UPDATES)]);
      const load = startLoadGenerator();
      const latencies: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
      const measure = async (who: "ours" | "peer", url: string): Promise<number> => {
        const { frames, ms, p50 } = await load.run({ url, connections: CONNECTIONS, ms: MS, stream: UPDATES });
        latencies[who].push(p50);
        return (frames * 1000) / ms;
      };
      const ours = (): Promise<number> => measure("ours", `${node.url}/a2a/talker`);
      const peer = (): Promise<number> => measure("peer", peerServer.url);
      await ours();
      await peer();
      const measured = await measurePairs(ours, peer);
      load.stop();
      await Promise.all([node.stop(), peerServer.stop()]);
      return judge(benchmark, measured, [
        measured.spread,
        `a whole stream takes ${format(median(latencies.ours))} ms against ${format(median(latencies.peer))} ms (median)`,
        "A2A 1.0 over HTTP JSON-RPC; every stream checked to bring all its updates and a completed task; frames counted by the client",
        "ours: every event on SQLite (WAL, synchronous=FULL) before it is sent; peer: DefaultRequestHandler with InMemoryTaskStore, nothing survives its process",
      ]);
    }),
};
