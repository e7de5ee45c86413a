/** Feeds of nodes that start, die and take over from each other, before a service that pushes, closes, and falls silent. */
import type { AddressInfo } from "node:net";
import { PlatformError } from "@agentcore/contract";
import { RateLimiter } from "@agentcore/core/governance";
import { createMemoryKeyValue } from "@agentcore/core/inprocess";
import type { KeyValue } from "@agentcore/core/ports";
import type { CallerScope, SubmitRequest } from "@agentcore/core/tasks";
import { createFnvDigest, createRecordingLogger, createSequentialIds, ManualClock } from "@agentcore/core/testing";
import { createGuardedWebSocket } from "@agentcore/outbound";
import { expect, onTestFinished, test } from "vitest";
import { type WebSocket, WebSocketServer } from "ws";
import { createNodeTurns } from "../turns/node-turns.ts";
import { DeclaredFeeds } from "./declared-feeds.ts";
import { FeedKeeper } from "./feed-keeper.ts";
import { feedPolicy, readFeedSecret } from "./feed-policy.ts";
import { FeedPositions } from "./feed-positions.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const TENANT = "acme";

/** A service: says `greet` to whoever connects, and keeps what it is told. */
const serve = async (greet: (socket: WebSocket, connection: number) => void = () => undefined) => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await new Promise((resolve) => server.once("listening", resolve));
  const heard: string[] = [];
  let connections = 0;
  server.on("connection", (socket) => {
    connections += 1;
    socket.on("error", () => undefined);
    socket.on("message", (data: Buffer) => heard.push(data.toString()));
    greet(socket, connections);
  });
  const close = (): void => {
    for (const client of server.clients) client.terminate();
    server.close();
  };
  onTestFinished(close);
  return {
    url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`,
    heard,
    server,
    get connections() {
      return connections;
    },
    push(...messages: readonly unknown[]) {
      for (const client of server.clients)
        for (const message of messages) client.send(typeof message === "string" ? message : JSON.stringify(message));
    },
  };
};

class World {
  readonly clock = new ManualClock({ macrotask: turn });
  readonly keyValue = createMemoryKeyValue({ clock: this.clock });
  readonly logger = createRecordingLogger();
  readonly begun: { readonly scope: CallerScope; readonly request: SubmitRequest }[] = [];
  refuses: PlatformError | null = null;
  /** What becomes of a question for the lease. */
  leaseStore: "answers" | "fails" | "hangs" = "answers";
  readonly answersAgain = Promise.withResolvers<void>();
  private readonly known = new Set<string>();
  private readonly digest = createFnvDigest();
  private readonly declared = new DeclaredFeeds();

  /** What the messages said that became tasks. */
  get bodies(): readonly unknown[] {
    return this.begun.map(({ request }) => (request.input as { body: unknown }).body);
  }

  apply(name: string, options: object, more: object = {}, tenantId = TENANT): void {
    this.declared.set(tenantId, {
      ...{ apiVersion: "agentcore.dev/v1", kind: "Agent", metadata: { name } },
      spec: { standard: { name: "websocket-feed", options: { topic: "t.told", ...options } }, ...more },
    } as never);
  }

  delete(name: string): void {
    this.declared.delete(TENANT, name);
  }

  start(node = "n1", env: Record<string, string> = {}) {
    const { clock, keyValue, logger, digest, declared } = this;
    let isDead = false;
    const own = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      turn: () => clock.turn(),
      after: (ms: number, callback: () => void) => clock.after(ms, () => isDead || callback()),
    };
    const senses = { clock: own, digest, ids: createSequentialIds(node), logger };
    const keeper = new FeedKeeper({
      ...{ declared, keyValue, random: () => 1 },
      tasks: { submit: (...given) => this.submit(...given) },
      limiter: new RateLimiter({ keyValue, clock }),
      positions: new FeedPositions(keyValue),
      openFor: (feed) => createGuardedWebSocket(feedPolicy(feed, false)),
      secretFor: readFeedSecret(env),
      senses,
    });
    const turn = createNodeTurns({
      ...{ keyValue: this.storeOfLease(), senses, node, life: senses.ids.next(), random: () => 0, isShared: true },
      isLeaving: () => false,
    })({
      ...{ key: "feeds", does: "holds the connections of feeds" },
      isWanted: () => declared.all.size > 0,
      round: (signal) => keeper.round(signal),
      end: () => keeper.endAll(),
    });
    declared.onChange(() => turn.wake());
    turn.start();
    onTestFinished(() => turn.close());
    return { keeper, turn, die: () => void (isDead = true) };
  }

  private storeOfLease(): KeyValue {
    const answer = <T>(work: () => Promise<T>): Promise<T> => {
      if (this.leaseStore === "fails") return Promise.reject(new PlatformError("STORE_UNAVAILABLE", "it is away"));
      return this.leaseStore === "hangs" ? this.answersAgain.promise.then(work) : work();
    };
    const { keyValue } = this;
    return {
      get: (...given) => answer(() => keyValue.get(...given)),
      put: (...given) => answer(() => keyValue.put(...given)),
      delete: (...given) => answer(() => keyValue.delete(...given)),
    } satisfies Pick<KeyValue, "delete" | "get" | "put"> as KeyValue;
  }

  private async submit(scope: CallerScope, request: SubmitRequest) {
    if (this.refuses !== null) throw this.refuses;
    const key = `${scope.tenantId}/${scope.caller}/${request.idempotencyKey}`;
    const existing = this.known.has(key);
    this.known.add(key);
    if (!existing) this.begun.push({ scope, request });
    return { taskId: key, contextId: "c", existing };
  }
}

const until = (check: () => boolean): Promise<void> => expect.poll(check, { timeout: 5_000, interval: 2 }).toBe(true);

test("what is pushed becomes a task of the feed, one each, and is acknowledged once it is durable", async () => {
  const service = await serve((socket) => socket.send('{"type":"hello"}'));
  const world = new World();
  world.refuses = new PlatformError("STORE_UNAVAILABLE", "the disk is full");
  world.apply("prices", {
    ...{ url: service.url, match: { at: "type", is: "price" }, id: "id", acknowledge: { ack: "{id}", of: "{no}" } },
    opening: [
      { expect: { at: "type", is: "hello" } },
      { send: { subscribe: "prices", token: { env: "ACME__MARKET_TOKEN" } } },
    ],
  });
  const { keeper } = world.start("n1", { ACME__MARKET_TOKEN: "s3cret" });
  await until(() => service.heard.length === 1);
  expect(service.heard).toEqual(['{"subscribe":"prices","token":"s3cret"}']);
  service.push({ type: "other", id: 0 }, "no json", { type: "price", id: 1 }, { type: "price", id: 2 });
  await until(() => world.logger.records.some(({ message }) => message.includes("a message waits")));
  expect([world.begun, service.heard]).toEqual([[], [expect.any(String)]]);
  world.refuses = null;
  await world.clock.advance(2_000);
  await until(() => service.heard.length === 3);
  expect(service.heard.slice(1)).toEqual(['{"ack":1}', '{"ack":2}']);
  expect(world.begun[0]).toMatchObject({
    scope: { tenantId: TENANT, caller: "feed:prices" },
    request: {
      target: { agent: "prices" },
      input: { message: "1", body: { type: "price", id: 1 }, receivedAt: expect.stringMatching(/^2025-/) },
    },
  });
  expect(keeper.messages(TENANT)).toEqual({ kept: 2, repeated: 0, ignored: 2, refused: 0 });
  expect(keeper.messages("other")).toEqual({});
  expect(keeper.connections(TENANT)).toEqual([["prices", true]]);
  expect(JSON.stringify(world.logger.records)).not.toContain("s3cret");
});

test("a message that has an id is one task, however often it is told, also on another connection; one that has none is refused", async () => {
  const service = await serve((socket) => {
    for (const message of ['{"id":1}', '{"id":1}', '{"data":1}', '{"id":12345678901234567891}', '{"id":2}'])
      socket.send(message);
  });
  const world = new World();
  world.apply("shop", { url: service.url, id: "id" });
  const { keeper } = world.start();
  await until(() => world.begun.length === 2);
  for (const client of service.server.clients) client.terminate();
  await until(() => keeper.connections(TENANT)[0]?.[1] === false);
  await world.clock.advance(1_000);
  await until(() => keeper.messages(TENANT).repeated === 4);
  expect(world.bodies).toEqual([{ id: 1 }, { id: 2 }]);
  expect(keeper.messages(TENANT)).toMatchObject({ kept: 2, refused: 4 });
});

test("a feed that is pointed at another service takes what that tells under ids that were seen before", async () => {
  const [first, second] = [
    await serve((socket) => socket.send('{"id":1}')),
    await serve((socket) => socket.send('{"id":1,"of":2}')),
  ];
  const world = new World();
  world.apply("shop", { url: first.url, id: "id" });
  world.start();
  await until(() => world.begun.length === 1);
  world.apply("shop", { url: second.url, id: "id" });
  await until(() => world.begun.length === 2);
  expect(world.bodies).toEqual([{ id: 1 }, { id: 1, of: 2 }]);
});

test("without an id each message is another, and with `content` each text is", async () => {
  const service = await serve((socket) => {
    for (const message of ["a", "a", "b"]) socket.send(message);
  });
  const world = new World();
  world.apply("each", { url: service.url });
  world.apply("content", { url: service.url, id: "content" });
  world.start();
  await until(() => world.begun.length === 5);
  expect(world.bodies.map(String).toSorted()).toEqual(["a", "a", "a", "b", "b"]);
});

test("a connection that ends is begun again, later each time, and soon again when it held", async () => {
  let isFull = true;
  const service = await serve((socket) => void (isFull && socket.close(1013, "too many")));
  const world = new World();
  world.apply("f", { url: service.url, maxReconnectMs: 4_000, heartbeatMs: 60_000 });
  const { keeper } = world.start();
  const waits: number[] = [];
  for (let count = 1; count <= 5; count += 1) {
    await until(() => world.logger.records.filter(({ level }) => level === "warn").length === count);
    waits.push(Number(/again in (\d+) ms/.exec(world.logger.records.at(-1)?.message ?? "")?.[1]));
    if (count === 5) isFull = false;
    await turn();
    await world.clock.advance(waits.at(-1) ?? 0);
  }
  expect(waits).toEqual([1_000, 2_000, 4_000, 4_000, 4_000]);
  expect(world.logger.records.find(({ level }) => level === "warn")?.message).toContain("code 1013: too many");
  await until(() => keeper.connections(TENANT)[0]?.[1] === true);
  await world.clock.advance(30_000);
  for (const client of service.server.clients) client.terminate();
  await until(() => world.logger.records.at(-1)?.message.includes("again in 1000 ms") === true);
});

test("it goes on from the last position that is durable, and of another address from the beginning", async () => {
  const service = await serve((socket, connection) => {
    socket.on("message", () => {
      if (connection === 1) for (const offset of [1, 2]) socket.send(JSON.stringify({ offset }));
      if (connection === 2) socket.send("on another connection");
    });
  });
  const options = {
    ...{ url: service.url, opening: [{ send: { from: "start" } }], position: "offset" },
    resume: [{ send: { after: "{position}" } }],
  };
  const world = new World();
  world.apply("log", options);
  const { keeper } = world.start();
  await until(() => world.begun.length === 2);
  for (const client of service.server.clients) client.terminate();
  await until(() => keeper.connections(TENANT)[0]?.[1] === false);
  await world.clock.advance(1_000);
  await until(() => service.heard.length === 2);
  expect(service.heard).toEqual(['{"from":"start"}', '{"after":2}']);
  world.apply("log", { ...options, url: `${service.url}/other` });
  await until(() => service.heard.length === 3);
  expect(service.heard[2]).toBe('{"from":"start"}');
});

test("one that gives no sign of life is given up, one that answers is not", async () => {
  const service = await serve();
  const world = new World();
  world.apply("alive", { url: service.url, heartbeatMs: 10_000 });
  world.apply("asks", { url: service.url, heartbeatMs: 10_000, heartbeat: { type: "ping" } });
  const { keeper } = world.start();
  await until(() => keeper.connections(TENANT).filter(([, isConnected]) => isConnected).length === 2);
  const pinged = new Promise((resolve) => {
    for (const client of service.server.clients) client.once("ping", resolve);
  });
  await world.clock.advance(10_000);
  await pinged;
  await until(() => service.heard.includes('{"type":"ping"}'));
  // Meanwhile the answer to the ping comes, to the message none.
  for (let count = 0; count < 100; count += 1) {
    await world.clock.advance(100);
    await turn();
  }
  await until(() => world.logger.records.some(({ message }) => message.includes("no sign of life")));
  expect(world.logger.records.filter(({ message }) => message.includes("no sign of life"))).toMatchObject([
    { message: expect.stringContaining("feed asks") },
  ]);
});

test("what asks for an answer gets it, whether it becomes an event or not", async () => {
  const service = await serve();
  const world = new World();
  world.apply("chat", {
    ...{ url: service.url, match: { at: "kind", is: "said" } },
    replies: [{ match: { at: "type", is: "ping" }, send: { type: "pong", of: "{n}" } }],
  });
  world.start();
  await until(() => service.server.clients.size === 1);
  service.push({ type: "ping", n: 3 }, { type: "ping", kind: "said", n: 4 });
  await until(() => service.heard.length === 2 && world.begun.length === 1);
  expect(service.heard).toEqual(['{"type":"pong","of":3}', '{"type":"pong","of":4}']);
});

test("more messages than a minute takes wait, and none is lost", async () => {
  const service = await serve((socket) => {
    for (let count = 0; count < 5; count += 1) socket.send(String(count));
  });
  const world = new World();
  world.apply("busy", { url: service.url, messagesPerMinute: 3 });
  world.start();
  await until(() => world.begun.length === 3);
  for (let count = 0; count < 130 && world.begun.length < 5; count += 1) {
    await world.clock.advance(1_000);
    await turn();
  }
  await until(() => world.begun.length === 5);
  expect(world.bodies).toEqual([0, 1, 2, 3, 4]);
  expect(service.connections).toBe(1);
});

test("one node holds it; when that dies another does once its lease is over, and at once when it goes in order", async () => {
  const service = await serve();
  const world = new World();
  world.apply("f", { url: service.url });
  const one = world.start("one");
  await until(() => one.keeper.connections(TENANT)[0]?.[1] === true);
  const two = world.start("two");
  const three = world.start("three");
  await world.clock.advance(30_000);
  expect([two.keeper.connections(TENANT), three.keeper.connections(TENANT)]).toEqual([[], []]);
  one.die();
  for (let count = 0; count < 8; count += 1) {
    await world.clock.advance(5_000);
    await turn();
  }
  await until(() => [two, three].some(({ keeper }) => keeper.connections(TENANT)[0]?.[1] === true));
  const [holder, other] = two.keeper.connections(TENANT).length > 0 ? [two, three] : [three, two];
  expect(other.keeper.connections(TENANT)).toEqual([]);
  await holder.turn.close();
  await world.clock.advance(5_000);
  await until(() => other.keeper.connections(TENANT)[0]?.[1] === true);
});

test("a store that is away for less than the lease costs no connection", async () => {
  const service = await serve();
  const world = new World();
  world.apply("f", { url: service.url, heartbeatMs: 600_000 });
  const { keeper } = world.start();
  await until(() => keeper.connections(TENANT)[0]?.[1] === true);
  world.leaseStore = "fails";
  for (let count = 0; count < 2; count += 1) {
    await world.clock.advance(5_000);
    await turn();
  }
  expect(world.logger.records.some(({ message }) => message.includes("it is away"))).toBe(true);
  expect(keeper.connections(TENANT)).toEqual([["f", true]]);
  world.leaseStore = "answers";
  for (let count = 0; count < 10; count += 1) {
    await world.clock.advance(5_000);
    await turn();
  }
  expect([keeper.connections(TENANT), service.connections]).toEqual([[["f", true]], 1]);
});

test.each(["fails", "hangs"] as const)("a lease that has run out is let go of when the store %s", async (becomes) => {
  const service = await serve();
  const world = new World();
  world.apply("f", { url: service.url, heartbeatMs: 600_000 });
  const { keeper } = world.start();
  await until(() => keeper.connections(TENANT)[0]?.[1] === true);
  world.leaseStore = becomes;
  for (let count = 0; count < 21; count += 1) {
    await world.clock.advance(1_000);
    await turn();
  }
  expect(keeper.connections(TENANT)).toEqual([]);
  await until(() => service.server.clients.size === 0);
  world.leaseStore = "answers";
  world.answersAgain.resolve();
});

test("a feed that changes, goes, or has no replicas is held no more as it was", async () => {
  const service = await serve();
  const world = new World();
  world.apply("f", { url: service.url });
  const { keeper } = world.start();
  await until(() => service.server.clients.size === 1);
  world.apply("f", { url: service.url }, { description: "Another text" });
  world.apply("f", { url: service.url, messagesPerMinute: 5 });
  await until(() => service.connections === 2 && service.server.clients.size === 1);
  world.apply("f", { url: service.url, messagesPerMinute: 5 }, { replicas: 0 });
  await until(() => service.server.clients.size === 0);
  world.apply("f", { url: service.url });
  await until(() => service.server.clients.size === 1);
  world.delete("f");
  await until(() => service.server.clients.size === 0);
  expect(keeper.connections(TENANT)).toEqual([]);
  expect(service.connections).toBe(3);
});

test("what cannot be is told, looked at rarely, and harms no other feed", async () => {
  const service = await serve((socket) => socket.send("told"));
  const world = new World();
  world.apply("wrong", { url: "https://no.example" });
  world.apply("unset", { url: service.url, opening: [{ send: { env: "ACME__MARKET_TOKEN" } }] });
  world.apply("others", { url: service.url, headers: { "x-key": { env: "MARKET_KEY" } } });
  world.apply("private", { url: "ws://10.1.2.3" });
  world.apply("right", { url: service.url });
  world.start("n1", { MARKET_KEY: "of the platform" });
  await until(() => world.begun.length === 1);
  const said = (name: string) => world.logger.records.filter(({ message }) => message.startsWith(`feed ${name}: `));
  expect(said("wrong")[0]?.message).toContain("url: expected a ws://");
  expect(said("unset")[0]?.message).toContain("set ACME__MARKET_TOKEN");
  expect(said("others")[0]?.message).toContain("set MARKET_KEY");
  expect(said("private")[0]?.message).toContain("--allow-private-agents");
  await world.clock.advance(1_000);
  await until(() => said("unset").length === 2);
  expect(said("unset")[1]?.message).toContain("again in 60000 ms");
  expect(service.connections).toBe(1);
});

test("a message that cannot become a task is told, not acknowledged, and the next one is taken", async () => {
  const service = await serve();
  const world = new World();
  world.apply("f", { url: service.url, id: "id", acknowledge: "{id}" });
  const { keeper } = world.start();
  await until(() => service.server.clients.size === 1);
  world.refuses = new PlatformError("TOO_LARGE", "it is too large");
  service.push({ id: "a" });
  await until(() => keeper.messages(TENANT).refused === 1);
  world.refuses = null;
  service.push({ id: "b" });
  await until(() => service.heard.length === 1);
  expect(service.heard).toEqual(["b"]);
});

test("a tenant that declares more than it may have keeps none from another", async () => {
  const service = await serve();
  const world = new World();
  for (let count = 0; count < 101; count += 1) world.apply(`f${count}`, { url: service.url });
  world.apply("f", { url: service.url }, {}, "other");
  const { keeper } = world.start();
  await until(() => service.server.clients.size === 101);
  expect([keeper.connections(TENANT).length, keeper.connections("other").length]).toEqual([100, 1]);
  expect(world.logger.records.find(({ level }) => level === "error")?.message).toContain("1 feeds are not held");
});

test("a service that says the secret back when it closes puts it into no log", async () => {
  const service = await serve((socket) =>
    socket.on("message", (data: Buffer) => socket.close(1008, `no such token: ${data.toString()}`)),
  );
  const world = new World();
  world.apply("f", { url: service.url, opening: [{ send: { env: "ACME__MARKET_TOKEN" } }] });
  world.start("n1", { ACME__MARKET_TOKEN: "s3cret" });
  await until(() => world.logger.records.some(({ message }) => message.includes("code 1008: no such token: ***")));
  expect(JSON.stringify(world.logger.records)).not.toContain("s3cret");
});
