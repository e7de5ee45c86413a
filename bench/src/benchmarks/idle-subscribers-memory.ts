import { connect, type Socket } from "node:net";
import { type Benchmark, judge } from "../benchmark.ts";
import { format, measurePairs, median } from "../measure.ts";
import { heldBy, type Served, startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";

const FEW = 500;
const MANY = 1500;
const ROUNDS = 3;
const AT_ONCE = 50;
const KILOBYTE = 1024;

export const benchmark: Benchmark = {
  name: "idle-subscribers-memory",
  what: `memory held per idle stream, each of a task of its own, from ${FEW} to ${MANY} of them, against @a2a-js/sdk in memory on Express`,
  unit: "KB",
  floor: { of: "ratio", atMost: 0.5 },
  run: async () => {
    const resident: { ours: number[]; peer: number[] } = { ours: [], peer: [] };
    const measure = async (who: "ours" | "peer", server: Served, url: string): Promise<number> => {
      const { held, rss } = await perStream(server, url);
      resident[who].push(rss);
      return held;
    };
    const ours = () =>
      withFolder(async (folder) => {
        const node = await startServer("served/node.ts", [folder], { collects: true });
        return measure("ours", node, `${node.url}/a2a/listener`);
      });
    const peer = async () => {
      const server = await startServer("peers/a2a-server.mjs", [], { collects: true });
      return measure("peer", server, server.url);
    };
    const measured = await measurePairs(ours, peer, ROUNDS);
    return judge(benchmark, measured, [
      measured.spread,
      `JavaScript heap and what it holds outside, after collections, at ${MANY} streams less that at ${FEW}, by stream; a fresh process each`,
      `resident memory grew by ${format(median(resident.ours))} KB a stream against ${format(median(resident.peer))} KB: it depends on when V8 collects`,
      "A2A 1.0 over HTTP JSON-RPC, SendStreamingMessage, a connection each; tasks that wait (ours, durable) or never end (peer); heartbeats as by default",
    ]);
  },
};

/** In kilobytes. Between two numbers of streams, so that what serving the first ones loads and compiles does not count. */
const perStream = async (server: Served, url: string): Promise<{ readonly held: number; readonly rss: number }> => {
  const sockets: Socket[] = [];
  const openUpTo = async (count: number) => {
    while (sockets.length < count)
      sockets.push(
        ...(await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => open(url, sockets.length + index)))),
      );
    return heldBy(server);
  };
  const few = await openUpTo(FEW);
  const many = await openUpTo(MANY);
  for (const socket of sockets) socket.destroy();
  await server.stop("SIGKILL");
  const share = (from: number, to: number) => (to - from) / (MANY - FEW) / KILOBYTE;
  return { held: share(few.held, many.held), rss: share(few.rss, many.rss) };
};

/** Resolves when the stream has told that its task is at work. */
const open = (url: string, index: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { hostname, port, pathname, host } = new URL(url);
    const message = { messageId: `m-${index}`, role: "ROLE_USER", parts: [{ text: "wait" }] };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "SendStreamingMessage", params: { message } });
    const socket = connect(Number(port), hostname, () => {
      const head = `POST ${pathname} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\na2a-version: 1.0\r\n`;
      socket.write(`${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
    });
    let text = "";
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (chunk: string) => {
      if (text.length > 10_000) return;
      text += chunk;
      if (text.includes("TASK_STATE_WORKING")) resolve(socket);
      else if (!text.startsWith("HTTP/1.1 200")) reject(new Error(text.slice(0, 600)));
    });
    socket.on("close", () => reject(new Error(`closed: ${text.slice(0, 600)}`)));
  });
