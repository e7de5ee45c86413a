/** A service that tells again what it has not heard acknowledged, and a node that is killed in the middle of it, again and again. */
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { createDatabase, hasPostgres } from "../../packages/server/test/own-database.ts";
import { NodeProcess } from "./node-process.ts";

const sharedTest = hasPostgres ? test : test.skip;

const MESSAGES = 60;
// After so many acknowledgements it is killed: in the first, the middle, and the last of them.
const KILLS = [1, 25, 59];

const nodes: NodeProcess[] = [];
afterEach(async () => {
  await Promise.all(nodes.splice(0).map((node) => node.kill()));
});

/** A service that tells all that it has not heard acknowledged to whoever connects, and keeps who does. */
const serve = async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const open = new Set(Array.from({ length: MESSAGES }, (_, index) => `m-${index}`));
  const told = { sent: 0, by: [] as string[] };
  let heard = (): void => undefined;
  server.on("connection", (socket: WebSocket) => {
    socket.on("error", () => undefined);
    socket.on("message", (text: Buffer) => {
      const { ack, node } = JSON.parse(text.toString()) as { readonly ack?: string; readonly node?: string };
      if (node !== undefined) told.by.push(node);
      if (ack !== undefined) open.delete(ack);
      heard();
    });
    for (const id of open) {
      told.sent += 1;
      socket.send(JSON.stringify({ id }));
    }
  });
  return {
    ...{ server, open, told },
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** Resolves in the moment in which so many are acknowledged. */
    acknowledged: (count: number): Promise<void> =>
      new Promise((resolve) => {
        heard = () => void (MESSAGES - open.size >= count && resolve());
        heard();
      }),
  };
};

const folder = async (): Promise<string> => {
  const data = await mkdtemp(join(tmpdir(), "agentcore-feeds-"));
  onTestFinished(() => rm(data, { recursive: true, force: true, maxRetries: 3 }));
  return data;
};

/** As the node tells it: each message is one task of the feed, and one of who is told. */
const mustHaveAll = async (node: NodeProcess): Promise<void> => {
  const kept = async () => (await node.call("list", { agent: "keeper", pageSize: 100 })).heads;
  await expect
    .poll(async () => (await kept()).filter(({ state }) => state === "completed").length, { timeout: 20_000 })
    .toBe(MESSAGES);
  const told = await Promise.all(
    (await kept()).map(async ({ taskId }) => {
      const last = (await node.call("log", taskId)).at(-1);
      return last?.type === "task.completed" ? String(last.data.output) : last?.type;
    }),
  );
  expect(new Set(told)).toEqual(new Set(Array.from({ length: MESSAGES }, (_, index) => `m-${index}`)));
  expect((await node.call("list", { agent: "shop", pageSize: 100 })).heads).toHaveLength(MESSAGES);
};

test("each message is one event, though its node is killed, and none that was acknowledged is lost", async () => {
  const data = await folder();
  const service = await serve();
  const start = (): NodeProcess => {
    const node = NodeProcess.launch(data, { FEED_URL: service.url }, new URL("./feed-node.ts", import.meta.url));
    nodes.push(node);
    return node;
  };
  for (const acknowledged of KILLS) {
    const node = start();
    await service.acknowledged(acknowledged);
    await node.kill();
  }
  const node = start();
  await node.ready();
  await expect.poll(() => service.open.size, { timeout: 20_000 }).toBe(0);
  await mustHaveAll(node);
  // It was told some again.
  expect(service.told.sent).toBeGreaterThan(MESSAGES);
});

sharedTest(
  "of several processes on one database one holds the feed; when it is killed, or stops and goes on, another takes it, and each message is one event",
  async () => {
    const data = await folder();
    const database = await createDatabase();
    onTestFinished(async () => {
      await Promise.all(nodes.splice(0).map((node) => node.kill()));
      await database.drop();
    });
    const service = await serve();
    const start = async (name: string): Promise<NodeProcess> => {
      const env = { FEED_URL: service.url, DATABASE_URL: database.url, NODE_NAME: name };
      const node = NodeProcess.launch(join(data, name), env, new URL("./feed-node.ts", import.meta.url));
      nodes.push(node);
      await node.ready();
      return node;
    };
    // Nobody is told anything before all are there.
    const messages = [...service.open];
    service.open.clear();
    const started = { a: await start("a") } as Record<string, NodeProcess>;
    await expect.poll(() => service.told.by, { timeout: 10_000 }).toEqual(["a"]);
    [started["b"], started["c"]] = await Promise.all([start("b"), start("c")]);
    for (const id of messages) service.open.add(id);
    for (const client of service.server.clients) for (const id of messages) client.send(JSON.stringify({ id }));
    await service.acknowledged(15);
    await started["a"]?.kill();
    await service.acknowledged(30);
    const next = service.told.by.at(-1) ?? "";
    expect(["b", "c"]).toContain(next);
    started[next]?.signal("SIGSTOP");
    const last = next === "b" ? "c" : "b";
    await expect.poll(() => service.told.by.at(-1), { timeout: 10_000 }).toBe(last);
    // Now two of them hold it, until the one that was stopped looks at its clock.
    started[next]?.signal("SIGCONT");
    await expect.poll(() => service.open.size, { timeout: 20_000 }).toBe(0);
    await mustHaveAll(started[next] as NodeProcess);
    await expect.poll(() => service.server.clients.size, { timeout: 10_000 }).toBe(1);
  },
);
