/** Clients on sockets that do not keep to HTTP, or keep to it too slowly: each is bounded, and others do not notice. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createFixture, describeAgent, userMessage } from "../../test/gateway/gateway-fixture.ts";
import type { AgentDescription } from "./deps/agents.ts";
import type { GatewayDeps } from "./deps/gateway-deps.ts";
import { parseApiKeys } from "./http/parse-api-keys.ts";
import { type Listener, type ListenOptions, listen } from "./listen.ts";

let listener: Listener | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  await listener?.close(0);
});

const start = async (
  settings: GatewayDeps["settings"] = {},
  options: Partial<ListenOptions> = {},
  agents?: readonly AgentDescription[],
  deps: Partial<GatewayDeps> = {},
) => {
  const fixture = createFixture({ settings, publicUrl: () => listener?.url ?? "", ...deps }, agents);
  listener = await listen(fixture.gateway, { port: 0, ...options });
  const { url, port } = listener;
  const open = async (): Promise<Client> => {
    const socket = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    sockets.add(socket);
    socket.on("error", () => {});
    await once(socket, "connect");
    return new Client(socket);
  };
  const isWell = async (): Promise<void> => {
    expect((await fetch(`${url}/a2a/echo/tasks`, { headers: { "a2a-version": "1.0" } })).status).toBe(200);
    expect(fixture.errors).toEqual([]);
  };
  const isIdle = async (): Promise<void> => {
    const { gateway, tasks } = fixture;
    await expect.poll(() => [gateway.openStreams, tasks.readers, tasks.waiting]).toEqual([0, 0, 0]);
    await isWell();
  };
  return { ...fixture, url, open, isWell, isIdle };
};

class Client {
  readonly socket: Socket;
  text = "";
  readonly closed: Promise<unknown>;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1").on("data", (chunk: string) => (this.text += chunk));
    this.closed = once(socket, "close");
  }

  async answers(pattern: RegExp): Promise<void> {
    await expect.poll(() => this.text, { timeout: 5_000 }).toMatch(pattern);
  }
}

const HEAD = "POST /a2a/echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\na2a-version: 1.0\r\n";
const rpc = (method: string, params: unknown): string => JSON.stringify({ jsonrpc: "2.0", id: 1, method, params });
const posted = (body: string): string => `${HEAD}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
const STREAM = () => posted(rpc("SendStreamingMessage", userMessage("hold")));

describe("a body", () => {
  it("that is announced as larger than the limit is refused before it is there", async () => {
    const { open, isIdle, tasks } = await start({ maxBodyBytes: 1000 });
    const client = await open();
    client.socket.write(`${HEAD}content-length: 99999999999\r\n\r\n{`);
    await client.answers(/^HTTP\/1\.1 413 /);
    client.socket.destroy();
    await isIdle();
    expect(tasks.tasks.size).toBe(0);
  });

  it("of chunks without end is cut at the limit", async () => {
    const { open, isIdle } = await start({ maxBodyBytes: 100_000 });
    const client = await open();
    client.socket.write(`${HEAD}transfer-encoding: chunked\r\n\r\n`);
    const chunk = `4000\r\n${"x".repeat(0x4000)}\r\n`;
    for (let count = 0; count < 2_000 && !client.text.includes("413"); count += 1) {
      client.socket.write(chunk);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.answers(/^HTTP\/1\.1 413 /);
    client.socket.destroy();
    await isIdle();
  });

  it.each([
    ["two lengths", "content-length: 5\r\ncontent-length: 6\r\n\r\n{}"],
    ["a length and chunks", "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"],
    ["a negative length", "content-length: -1\r\n\r\n{}"],
    ["chunks of no size", "transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n"],
    ["a folded header", "x: a\r\n b\r\n\r\n"],
    ["a NUL in a header", "x: a\0b\r\n\r\n"],
  ])("with %s is refused, and its connection closed", async (_, rest) => {
    const { open, isIdle, tasks } = await start();
    const client = await open();
    client.socket.write(HEAD + rest);
    await client.answers(/^HTTP\/1\.1 400 /);
    client.socket.end();
    await client.closed;
    await isIdle();
    expect(tasks.tasks.size).toBe(0);
  });

  it("that breaks off makes no task, whether its client resets or ends its side", async () => {
    const { open, isIdle, tasks } = await start({}, { requestTimeoutMs: 300, headersTimeoutMs: 200 });
    const whole = posted(rpc("SendMessage", userMessage("hello")));
    const [reset, ended] = [await open(), await open()];
    for (const { socket } of [reset, ended]) socket.write(whole.slice(0, -10));
    reset.socket.resetAndDestroy();
    ended.socket.end();
    await ended.closed;
    await isIdle();
    expect(tasks.tasks.size).toBe(0);
  });
});

describe("headers", () => {
  it("without end are refused", async () => {
    const { open, isIdle } = await start();
    const client = await open();
    client.socket.write(HEAD);
    for (let count = 0; count < 2_000 && client.text === ""; count += 1) {
      client.socket.write(`x-${count}: ${"y".repeat(1000)}\r\n`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await client.answers(/^HTTP\/1\.1 431 /);
    client.socket.end();
    await client.closed;
    await isIdle();
  });

  it("that come a character at a time are not waited for, and hold nobody up", async () => {
    const { open, isWell, isIdle } = await start({}, { headersTimeoutMs: 100, requestTimeoutMs: 200 });
    const clients = await Promise.all(Array.from({ length: 50 }, open));
    for (const { socket } of clients) socket.write("POST /a2a/echo HT");
    await isWell();
    await Promise.all(
      clients.map(async (client) => {
        await expect.poll(() => client.text, { timeout: 5_000 }).toMatch(/^HTTP\/1\.1 408 /);
        client.socket.end();
      }),
    );
    await isIdle();
  });
});

describe("requests in a row", () => {
  it("that are sent before the first is answered are answered in order", async () => {
    const { open, isIdle } = await start();
    const client = await open();
    const ids = Array.from({ length: 50 }, (_, index) => index + 100);
    client.socket.write(
      ids.map((id) => posted(JSON.stringify({ jsonrpc: "2.0", id, method: "GetTask", params: { id: "x" } }))).join(""),
    );
    await client.answers(/"id":149/);
    expect([...client.text.matchAll(/"id":(\d+)/g)].map(([, id]) => Number(id))).toEqual(ids);
    client.socket.end();
    await client.closed;
    await isIdle();
  });

  it("behind a stream wait for its end, and go with their client", async () => {
    // With so much to answer the connection is not read any more: it is the next heartbeat that finds nobody there.
    const { open, isWell, isIdle, tasks } = await start({ heartbeatMs: 50 });
    const client = await open();
    client.socket.write(STREAM() + posted(rpc("SendMessage", userMessage("hello"))).repeat(100));
    await client.answers(/data: \{/);
    await isWell();
    client.socket.destroy();
    await isIdle();
    expect(tasks.cancels).toBe(0);
  });
});

describe("streams", () => {
  it("go on for a client that has ended its own side, as HTTP allows, or end with it", async () => {
    const { open, isIdle, tasks } = await start();
    const client = await open();
    client.socket.write(STREAM());
    await client.answers(/data: \{/);
    client.socket.end();
    tasks.append("task-1", { type: "task.completed", data: { output: "done" } });
    await client.closed;
    await isIdle();
  });

  it("end when their client resets", async () => {
    const { open, isIdle } = await start();
    const clients = await Promise.all(Array.from({ length: 20 }, open));
    for (const { socket } of clients) socket.write(STREAM());
    for (const client of clients) await client.answers(/data: \{/);
    for (const { socket } of clients) socket.resetAndDestroy();
    await isIdle();
  });

  it("beyond the limit are refused with a time to come back, and are there again once others have gone", async () => {
    const { open, isIdle, rpc: call, tasks, gateway } = await start({ maxStreams: 30, maxStreamsPerCaller: 20 });
    await tasks.submit({ tenantId: "default", caller: "local" }, { target: { agent: "echo" }, input: "hold" });
    const subscribe = posted(rpc("SubscribeToTask", { id: "task-1" }));
    for (let round = 0; round < 3; round += 1) {
      const clients = await Promise.all(Array.from({ length: 200 }, open));
      for (const { socket } of clients) socket.write(subscribe);
      for (const client of clients) await client.answers(/data: \{|"error"/);
      const refused = clients.filter(({ text }) => text.startsWith("HTTP/1.1 429 "));
      expect([gateway.openStreams, refused.length]).toEqual([20, 180]);
      for (const { text } of refused) expect(text).toMatch(/retry-after: 1\r\n/i);
      // Those who refuse to stream are not refused to read.
      expect((await call("GetTask", { id: "task-1" })).status).toBe(200);
      for (const { socket } of clients) socket.destroy();
      await isIdle();
    }
  });

  it("that nobody reads hold no more than what the kernel takes, and up nobody", async () => {
    const { open, isWell, isIdle, tasks } = await start();
    const clients = await Promise.all(Array.from({ length: 40 }, open));
    for (const { socket } of clients) socket.write(STREAM());
    for (const client of clients) await client.answers(/data: \{/);
    for (const { socket } of clients) socket.pause();
    const before = process.memoryUsage();
    const text = "x".repeat(200_000);
    for (let piece = 0; piece < 50; piece += 1) {
      for (let task = 1; task <= clients.length; task += 1)
        tasks.append(`task-${task}`, {
          type: "artifact.appended",
          data: {
            ...{ path: "a", kind: "artifact", append: true, lastChunk: false },
            artifact: { artifactId: "a", parts: [{ text }] },
          },
        });
      await isWell();
    }
    // 400 MB were said.
    const { heapUsed, external } = process.memoryUsage();
    expect(heapUsed + external - before.heapUsed - before.external).toBeLessThan(200_000_000);
    for (const { socket } of clients) socket.destroy();
    await isIdle();
  });
});

describe("answers that nobody reads", () => {
  // Far more than the kernel takes of a connection.
  const LARGE = 30_000_000;

  const startWithLarge = async (settings: GatewayDeps["settings"], options: Partial<ListenOptions>) => {
    const node = await start(settings, options, [describeAgent("echo", { description: "x".repeat(20_000) })]);
    const sayMuch = (taskId = "task-1") => {
      const artifact = { artifactId: "a", parts: [{ text: "x".repeat(LARGE) }] };
      node.tasks.append(taskId, {
        type: "artifact.appended",
        data: { ...{ path: "a", kind: "artifact", append: false, lastChunk: true }, artifact },
      });
    };
    await node.tasks.submit({ tenantId: "default", caller: "local" }, { target: { agent: "echo" }, input: "hold" });
    sayMuch();
    const ask = async (): Promise<Client> => {
      const client = await node.open();
      client.socket.pause();
      client.socket.write(posted(rpc("GetTask", { id: "task-1" })));
      return client;
    };
    return { ...node, ask, sayMuch };
  };

  it("are cut when nothing of them is taken for so long, and hold nothing more; calls that wait are not", async () => {
    const { ask, open, gateway, tasks, isIdle } = await startWithLarge({}, { answerTimeoutMs: 100 });
    const waits = await open();
    waits.socket.write(posted(rpc("SendMessage", userMessage("hold"))));
    await ask();
    await expect.poll(() => gateway.pendingAnswerBytes).toBeGreaterThan(LARGE);
    await expect.poll(() => gateway.pendingAnswerBytes, { timeout: 5_000 }).toBe(0);
    tasks.append("task-2", { type: "task.completed", data: { output: "after a long time" } });
    await waits.answers(/after a long time/);
    waits.socket.end();
    await isIdle();
  });

  it("of streams are cut too: their clients resume them", async () => {
    const { open, gateway, tasks, isIdle, sayMuch } = await startWithLarge(
      { heartbeatMs: 20 },
      { answerTimeoutMs: 100 },
    );
    const client = await open();
    client.socket.write(posted(rpc("SubscribeToTask", { id: "task-1" })));
    await client.answers(/data: \{/);
    client.socket.pause();
    sayMuch();
    await expect.poll(() => gateway.openStreams, { timeout: 5_000 }).toBe(0);
    expect(tasks.cancels).toBe(0);
    await isIdle();
  });

  it("beyond the limit are refused with a time to come back, others go on, and there is room again once they are read", async () => {
    const { ask, isWell, isIdle, gateway } = await startWithLarge({ maxPendingAnswerBytesPerCaller: 2.5 * LARGE }, {});
    const clients = [await ask(), await ask()];
    await expect.poll(() => gateway.pendingAnswerBytes).toBeGreaterThan(2 * LARGE);
    const refused = await ask();
    refused.socket.resume();
    await refused.answers(/^HTTP\/1\.1 429 [^]*retry-after: 1\r\n[^]*"jsonrpc":"2\.0"[^]*"reason":"OVERLOADED"/i);
    expect(gateway.pendingAnswerBytes).toBeLessThan(2.5 * LARGE);
    await isWell();
    for (const { socket } of clients) socket.resume();
    await expect.poll(() => gateway.pendingAnswerBytes, { timeout: 5_000 }).toBe(0);
    for (const { text } of clients) expect(text.startsWith("HTTP/1.1 200 ")).toBe(true);
    const again = await ask();
    again.socket.resume();
    await again.answers(/^HTTP\/1\.1 200 /);
    for (const { socket } of [...clients, refused, again]) socket.end();
    await isIdle();
  });

  it("count as pieces of streams too: none begins without room, and one that is open waits for it", async () => {
    const { open, tasks, isWell, isIdle, sayMuch, gateway } = await startWithLarge(
      { maxPendingAnswerBytesPerCaller: 2 * LARGE },
      {},
    );
    const reader = await open();
    reader.socket.write(STREAM());
    await reader.answers(/data: \{/);
    const stalled = [await open(), await open()];
    for (const { socket } of stalled) {
      socket.pause();
      socket.write(posted(rpc("SubscribeToTask", { id: "task-1" })));
    }
    await expect.poll(() => gateway.pendingAnswerBytes).toBeGreaterThan(2 * LARGE);
    const refused = await open();
    refused.socket.write(STREAM());
    await refused.answers(/^HTTP\/1\.1 429 [^]*retry-after: 1\r\n[^]*"jsonrpc":"2\.0"[^]*"reason":"OVERLOADED"/i);
    const before = gateway.pendingAnswerBytes;
    sayMuch("task-2");
    tasks.append("task-2", { type: "task.completed", data: { output: "all of it" } });
    await isWell();
    expect([gateway.openStreams, gateway.pendingAnswerBytes, reader.text.length < LARGE]).toEqual([3, before, true]);
    for (const { socket } of stalled) socket.resume();
    await reader.answers(/all of it/);
    expect(reader.text.length).toBeGreaterThan(LARGE);
    for (const { socket } of [...stalled, reader, refused]) socket.destroy();
    await isIdle();
    expect(gateway.pendingAnswerBytes).toBe(0);
  });

  it("beyond the limit are refused in the words of what was asked", async () => {
    const { ask, url, gateway } = await startWithLarge({ maxPendingAnswerBytes: LARGE }, {});
    await ask();
    await expect.poll(() => gateway.pendingAnswerBytes).toBeGreaterThan(LARGE);
    const refusal = async (path: string, version: string, rpcMethod?: string) => {
      const body = rpcMethod === undefined ? undefined : rpc(rpcMethod, { id: "task-1" });
      const response = await fetch(`${url}${path}`, {
        ...(body === undefined ? {} : { method: "POST", body }),
        headers: { "content-type": "application/json", "a2a-version": version },
      });
      expect([path, response.status, response.headers.get("retry-after")]).toEqual([path, 429, "1"]);
      return response;
    };
    const message = expect.stringMatching(/^answers for this node lie here/);
    const details = [
      expect.objectContaining({ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "OVERLOADED" }),
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1s" },
    ];
    const rpcError = { code: -32000, message, data: details };
    const status = { error: { code: 429, status: "RESOURCE_EXHAUSTED", message, details } };
    for (const [version, method] of [
      ["1.0", "GetTask"],
      ["0.3", "tasks/get"],
    ] as const)
      expect(await (await refusal("/a2a/echo", version, method)).json()).toEqual({
        ...{ jsonrpc: "2.0", id: 1, error: rpcError },
      });
    expect(await (await refusal("/a2a/echo/tasks/task-1", "1.0")).json()).toEqual(status);
    expect(await (await refusal("/a2a/echo/v1/tasks/task-1", "0.3")).json()).toEqual(rpcError);
    expect(await (await refusal("/a2a/echo/.well-known/agent-card.json", "1.0")).json()).toEqual(status);
    expect(await (await refusal("/api/v1/agents", "1.0")).json()).toMatchObject({
      error: { code: "OVERLOADED", message, retryAfterMs: 1000 },
    });
    expect(await (await refusal("/", "1.0")).text()).toMatch(/^<!doctype html>[^]*answers for this node lie here/);
  });

  it("of public pages count for strangers together, and for known callers by themselves", async () => {
    const key = "0123456789abcdef-key";
    const agents = [describeAgent("echo", { description: "x".repeat(LARGE) })];
    const deps = { apiKeys: parseApiKeys([`${key} caller=ann`]) };
    const { url, open, gateway } = await start({ maxPendingAnswerBytesPerCaller: LARGE }, {}, agents, deps);
    const card = "/a2a/echo/.well-known/agent-card.json";
    const stranger = await open();
    stranger.socket.pause();
    stranger.socket.write(`GET ${card} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    await expect.poll(() => gateway.pendingAnswerBytes).toBeGreaterThan(LARGE);
    for (const path of [card, "/openapi.json"]) {
      const statusFor = async (headers: Record<string, string>) => {
        const response = await fetch(`${url}${path}`, { headers });
        await response.arrayBuffer();
        return response.status;
      };
      expect([path, await statusFor({}), await statusFor({ "x-api-key": `${key}x` })]).toEqual([path, 429, 429]);
      expect([path, await statusFor({ "x-api-key": key })]).toEqual([path, 200]);
    }
  });
});
