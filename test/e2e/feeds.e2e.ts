/** A service that tells again what it has not heard acknowledged, and a node that is killed in the middle of it, again and again. */
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { NodeProcess } from "./node-process.ts";

const MESSAGES = 60;
// After so many acknowledgements it is killed: in the first, the middle, and the last of them.
const KILLS = [1, 25, 59];

const nodes: NodeProcess[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.kill()));
});

test("each message is one event, though its node is killed, and none that was acknowledged is lost", async () => {
  const data = await mkdtemp(join(tmpdir(), "agentcore-feeds-"));
  onTestFinished(() => rm(data, { recursive: true, force: true, maxRetries: 3 }));
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const open = new Set(Array.from({ length: MESSAGES }, (_, index) => `m-${index}`));
  let sent = 0;
  let heard = (): void => undefined;
  server.on("connection", (socket: WebSocket) => {
    socket.on("error", () => undefined);
    socket.on("message", (text: Buffer) => {
      open.delete((JSON.parse(text.toString()) as { ack: string }).ack);
      heard();
    });
    for (const id of open) {
      sent += 1;
      socket.send(JSON.stringify({ id }));
    }
  });
  const start = (): NodeProcess => {
    const env = { FEED_URL: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
    const node = NodeProcess.launch(data, env, new URL("./feed-node.ts", import.meta.url));
    nodes.push(node);
    return node;
  };
  for (const acknowledged of KILLS) {
    const node = start();
    const reached = new Promise<void>((resolve) => {
      heard = () => void (MESSAGES - open.size >= acknowledged && resolve());
      heard();
    });
    await reached;
    await node.kill();
  }
  const node = start();
  await node.ready();
  const kept = async () => (await node.call("list", { agent: "keeper", pageSize: 100 })).heads;
  await expect
    .poll(async () => (await kept()).filter(({ state }) => state === "completed").length, { timeout: 20_000 })
    .toBe(MESSAGES);
  await expect.poll(() => open.size, { timeout: 5_000 }).toBe(0);
  const told = await Promise.all(
    (await kept()).map(async ({ taskId }) => {
      const last = (await node.call("log", taskId)).at(-1);
      return last?.type === "task.completed" ? String(last.data.output) : last?.type;
    }),
  );
  expect(new Set(told)).toEqual(new Set(Array.from({ length: MESSAGES }, (_, index) => `m-${index}`)));
  expect((await node.call("list", { agent: "shop", pageSize: 100 })).heads).toHaveLength(MESSAGES);
  // It was told some again.
  expect(sent).toBeGreaterThan(MESSAGES);
});
