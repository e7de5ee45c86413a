import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { type Benchmark, judge } from "../benchmark.ts";
import { measurePairs } from "../measure.ts";
import { type Served, startServer } from "../processes.ts";
import { withFolder } from "../scratch.ts";

const SUBSCRIBERS = 1000;
const SETTLE_MS = 2000;
const ROUNDS = 3;

export const benchmark: Benchmark = {
  name: "idle-subscribers-memory",
  what: `resident memory that ${SUBSCRIBERS} idle SubscribeToTask streams of one task add, against @a2a-js/sdk in memory on Express`,
  unit: "MB",
  floor: { of: "ratio", atMost: 0.5 },
  run: async () => {
    const ours = () =>
      withFolder(async (folder) => {
        const node = await startServer("served/node.ts", [folder]);
        return added(node, `${node.url}/a2a/listener`);
      });
    const peer = async () => {
      const server = await startServer("peers/a2a-server.mjs");
      return added(server, server.url);
    };
    const measured = await measurePairs(ours, peer, ROUNDS);
    return judge(benchmark, measured, [
      measured.spread,
      `VmRSS of a fresh server process ${SETTLE_MS} ms after the last of them has its first event, less that before the first; a task that waits for input (ours) or never ends (peer)`,
      "A2A 1.0 over HTTP JSON-RPC, a connection each; heartbeats as by default",
    ]);
  },
};

const added = async (server: Served, url: string): Promise<number> => {
  const taskId = await begin(url);
  // What serving the first streams loads and compiles is not what a subscriber costs.
  const first = await Promise.all(Array.from({ length: 20 }, () => subscribe(url, taskId)));
  for (const socket of first) socket.destroy();
  await wait(SETTLE_MS);
  const before = residentOf(server);
  const sockets: Socket[] = [];
  for (let opened = 0; opened < SUBSCRIBERS; opened += 50)
    sockets.push(...(await Promise.all(Array.from({ length: 50 }, () => subscribe(url, taskId)))));
  await wait(SETTLE_MS);
  const after = residentOf(server);
  for (const socket of sockets) socket.destroy();
  await server.stop("SIGKILL");
  return after - before;
};

const rpc = (method: string, params: object) => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });

const begin = async (url: string): Promise<string> => {
  const message = { messageId: "m-1", role: "ROLE_USER", parts: [{ text: "wait" }] };
  const answer = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "a2a-version": "1.0" },
    body: rpc("SendMessage", { message, configuration: { returnImmediately: true } }),
  });
  const { result } = (await answer.json()) as { readonly result: { readonly task: { readonly id: string } } };
  return result.task.id;
};

/** Resolves when the stream has brought its first event. */
const subscribe = (url: string, taskId: string): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const { hostname, port, pathname, host } = new URL(url);
    const body = rpc("SubscribeToTask", { id: taskId });
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
      if (text.includes("data: {")) resolve(socket);
      else if (!text.startsWith("HTTP/1.1 200")) reject(new Error(text.slice(0, 600)));
    });
    socket.on("close", () => reject(new Error(`closed: ${text.slice(0, 600)}`)));
  });

const residentOf = ({ process: { pid } }: Served): number => {
  const kilobytes = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) / 1024;
};
