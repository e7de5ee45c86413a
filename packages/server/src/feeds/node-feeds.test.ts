/** A feed on a node of its own, from YAML to the agent that is told. */
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { RateLimiter } from "@agentcore/core/governance";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import { expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { Metrics } from "../metrics.ts";
import { startNode } from "../start-node.ts";
import { createJsonLogger, createSystemSenses } from "../system-senses.ts";
import { createNodeTurns } from "../turns/node-turns.ts";
import { DeclaredFeeds } from "./declared-feeds.ts";
import { createNodeFeeds } from "./node-feeds.ts";

const manifest = (name: string, spec: object): object => ({
  ...{ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name }, spec },
});
const feed = (name: string, options: object): object =>
  manifest(name, { standard: { name: "websocket-feed", options: { topic: "shop.told", ...options } } });
/** Each event of the topic is a task of it, whose output is the event. */
const keeper = manifest("keeper", {
  strategy: { name: "reactive", options: { rules: [{ name: "all", when: "true", reply: "${input}" }] } },
  triggers: [{ topic: "shop.told" }],
});

interface Told {
  readonly payload?: { readonly message: string };
}

interface Answer {
  readonly head: { readonly taskId: string };
  readonly heads: readonly { readonly taskId: string }[];
  readonly events: readonly { readonly data: { readonly output?: Told } }[];
}

const start = async (dataDirectory: string) => {
  const node = await startNode({
    ...{ port: 0, dataDirectory, logLevel: "error", env: { SHOP_TOKEN: "s3cret" } },
  });
  onTestFinished(() => node.close(0));
  await node.ready;
  const api = async (path: string, body?: object) => {
    const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
    const headers = { "content-type": "application/json" };
    return (await fetch(`${node.url}/api/v1/${path}`, { ...init, headers })).json() as Promise<Answer>;
  };
  return {
    node,
    api,
    metrics: async () => (await fetch(`${node.url}/metrics`)).text(),
    outputs: async (agent: string): Promise<readonly (Told | undefined)[]> => {
      const { heads } = await api(`tasks?agent=${agent}&pageSize=100`);
      return Promise.all(
        heads.map(async ({ taskId }) => (await api(`tasks/${taskId}/events`)).events.at(-1)?.data.output),
      );
    },
  };
};

test("what a service pushes is told as a durable event, once, also when its node starts again", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  const heard: string[] = [];
  // All that it ever said, to whoever comes.
  const said = [{ order: "A-1" }];
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      heard.push(data.toString());
      if (data.toString().includes("subscribe")) for (const message of said) socket.send(JSON.stringify(message));
    });
  });
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const directory = await mkdtemp(join(tmpdir(), "agentcore-feeds-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  const first = await start(directory);
  await first.node.apply([
    feed("shop", {
      ...{ url, id: "order", acknowledge: { seen: "{order}" } },
      opening: [{ send: { subscribe: "orders", token: { env: "SHOP_TOKEN" } } }],
    }),
    keeper,
  ]);
  const told = (order: string) => ({ topic: "shop.told", payload: { feed: "shop", message: order, body: { order } } });
  await expect.poll(() => first.outputs("keeper"), { timeout: 10_000 }).toMatchObject([told("A-1")]);
  await expect
    .poll(() => heard, { timeout: 10_000 })
    .toEqual(['{"subscribe":"orders","token":"s3cret"}', '{"seen":"A-1"}']);
  await expect.poll(first.metrics).toMatch(/agentcore_feed_messages_total\{tenant="default",outcome="kept"\} 1\n/);
  expect(await first.metrics()).toMatch(/agentcore_feed_connected\{tenant="default",feed="shop"\} 1\n/);
  // Who may call agents cannot pass for the service.
  const input = { message: "A-9", receivedAt: "", body: { order: "A-9" } };
  const { head } = await first.api("tasks", { target: "agent:shop", input, wait: true });
  const { events } = await first.api(`tasks/${head.taskId}/events`);
  expect(events.at(-1)).toMatchObject({ type: "task.failed", data: { error: { code: "PERMISSION_DENIED" } } });
  await first.node.close(1_000);
  await expect.poll(() => server.clients.size).toBe(0);

  said.push({ order: "A-2" });
  const second = await start(directory);
  await expect
    .poll(() => heard.filter((text) => text.includes("seen")), { timeout: 10_000 })
    .toEqual([...['{"seen":"A-1"}', '{"seen":"A-1"}', '{"seen":"A-2"}']]);
  const orders = async () => (await second.outputs("keeper")).map((told) => String(told?.payload?.message));
  await expect.poll(async () => (await orders()).toSorted(), { timeout: 10_000 }).toEqual(["A-1", "A-2"]);
});

test("a node that has its turn again holds the same feed again", async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.close();
  });
  const opened: WebSocket[] = [];
  server.on("connection", (socket) => void opened.push(socket));
  const senses = createSystemSenses(createJsonLogger("error"));
  const keyValue = createMemoryKeyValue(senses);
  const declared = new DeclaredFeeds();
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
  declared.set("default", feed("shop", { url }) as Parameters<DeclaredFeeds["set"]>[1]);
  let isLeaving = false;
  const turns = createNodeTurns({
    ...{ keyValue, isShared: true, senses, node: "one", life: "1", leaseMs: 400 },
    ...{ random: Math.random, isLeaving: () => isLeaving },
  });
  const feeds = createNodeFeeds({
    ...{ declared, keyValue, senses, turns, env: {}, allowPrivate: true, random: Math.random, metrics: new Metrics() },
    tasks: { submit: () => Promise.reject(new Error("nothing comes")) },
    limiter: new RateLimiter({ keyValue, clock: senses.clock }),
  });
  onTestFinished(() => feeds.close());
  feeds.start();
  await expect.poll(() => server.clients.size, { timeout: 10_000 }).toBe(1);
  isLeaving = true;
  await expect.poll(() => opened[0]?.readyState, { timeout: 10_000 }).toBe(opened[0]?.CLOSED);
  // Nobody else has taken it.
  await expect.poll(() => opened.length, { timeout: 10_000 }).toBe(2);
  expect(server.clients.size).toBe(1);
});
