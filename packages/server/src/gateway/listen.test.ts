import { once } from "node:events";
import { connect } from "node:net";
import { ClientFactory, ClientFactoryOptions, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { afterEach, describe, expect, it } from "vitest";
import { createFixture, readSse, userMessage } from "../../test/gateway/gateway-fixture.ts";
import type { GatewayDeps } from "./deps/gateway-deps.ts";
import { type Listener, type ListenOptions, listen } from "./listen.ts";

let listener: Listener | undefined;
afterEach(() => listener?.close(0));

const artifact = (text: string) => ({
  type: "artifact.appended" as const,
  data: {
    path: "a",
    kind: "artifact",
    artifact: { artifactId: "a", parts: [{ text }] },
    append: true,
    lastChunk: false,
  },
});

const start = async (deps: Partial<GatewayDeps> = {}, options: Partial<ListenOptions> = {}) => {
  const fixture = createFixture({ ...deps, publicUrl: () => listener?.url ?? "" });
  listener = await listen(fixture.gateway, { port: 0, ...options });
  const { url } = listener;
  const rpc = (method: string, params: unknown, init: RequestInit = {}) =>
    fetch(`${url}/a2a/echo`, {
      method: "POST",
      headers: { "content-type": "application/json", "a2a-version": "1.0" },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }),
      ...init,
    });
  return { ...fixture, url, rpc };
};

describe("on a socket", () => {
  it("refuses to open an unprotected node to the network", async () => {
    await expect(listen(createFixture().gateway, { port: 0, host: "0.0.0.0" })).rejects.toMatchObject({
      code: "CONFIG_INVALID",
    });
  });

  it("takes pages of its own port for its own, and those of another for foreign", async () => {
    const { url } = await start();
    const { port } = new URL(url);
    const statusFor = async (origin: string) => (await fetch(`${url}/api/v1/agents`, { headers: { origin } })).status;
    expect(await statusFor(`http://localhost:${port}`)).toBe(200);
    expect(await statusFor(`http://evil.localhost:${port}`)).toBe(403);
    expect(await statusFor("http://localhost:1")).toBe(403);
  });

  it.each([
    ["JSONRPC", new JsonRpcTransportFactory()],
    ["HTTP+JSON", new RestTransportFactory()],
  ])("the reference client sends, streams and lists over %s", async (_, transport) => {
    const { url } = await start();
    const client = await new ClientFactory({ ...ClientFactoryOptions.default, transports: [transport] }).createFromUrl(
      `${url}/a2a/echo/`,
    );
    const message = (text: string) => ({
      messageId: crypto.randomUUID(),
      contextId: "",
      taskId: "",
      role: 1,
      metadata: {},
      extensions: [],
      referenceTaskIds: [],
      parts: [{ content: { $case: "text", value: text }, metadata: {}, filename: "", mediaType: "" }],
    });
    // oxlint-disable-next-line typescript/no-explicit-any
    const request = (text: string, configuration?: object): any => ({
      tenant: "",
      message: message(text),
      configuration,
      metadata: {},
    });
    // oxlint-disable-next-line typescript/no-explicit-any
    const sent: any = await client.sendMessage(request("hi"));
    expect(JSON.stringify(sent)).toContain("hi");
    const frames = [];
    for await (const frame of client.sendMessageStream(request("again"))) frames.push(frame);
    expect(frames.length).toBeGreaterThan(2);
  });

  it("a client that hangs up releases its stream and cancels nothing", async () => {
    const { rpc, gateway, tasks } = await start();
    const controller = new AbortController();
    const sse = readSse(await rpc("SendStreamingMessage", userMessage("hold"), { signal: controller.signal }));
    await sse.next();
    expect(gateway.openStreams).toBe(1);
    controller.abort();
    for (let waits = 0; gateway.openStreams > 0 && waits < 100; waits += 1)
      await new Promise((resolve) => setTimeout(resolve, 10));
    expect(gateway.openStreams).toBe(0);
    expect(tasks.readers).toBe(0);
    expect(tasks.cancels).toBe(0);
  });

  it("a stream that said all there is goes on when there is more, beats meanwhile, and ends with its task", async () => {
    const { rpc, tasks, gateway } = await start({ settings: { heartbeatMs: 10 } });
    const sse = readSse(await rpc("SendStreamingMessage", userMessage("hold")));
    const next = async () => {
      for (;;) {
        const frame = await sse.next();
        if (frame?.comment === undefined) return frame;
      }
    };
    expect([(await next())?.id, (await next())?.id]).toEqual(["1", "2"]);
    for (const text of ["1", "2", "3"]) {
      expect(await sse.next()).toEqual({ comment: "heartbeat" });
      tasks.append("task-1", artifact(text));
      expect((await next())?.data.result.artifactUpdate.artifact.parts).toEqual([{ text }]);
    }
    tasks.append("task-1", { type: "task.completed", data: { output: "done" } });
    expect([(await next())?.id, (await next())?.id, await next()]).toEqual([undefined, "6", null]);
    await expect.poll(() => gateway.openStreams).toBe(0);
    expect(tasks.readers).toBe(0);
  });

  it("a client that goes before its stream has begun leaves nothing open", async () => {
    const { rpc, tasks, gateway } = await start();
    const submit = tasks.submit.bind(tasks);
    let letGo = () => {};
    const held = new Promise<void>((resolve) => (letGo = resolve));
    tasks.submit = async (...given) => {
      await held;
      return submit(...given);
    };
    const controller = new AbortController();
    const sent = rpc("SendStreamingMessage", userMessage("hold"), { signal: controller.signal });
    await expect.poll(() => gateway.openStreams).toBe(1);
    controller.abort();
    await expect(sent).rejects.toThrow();
    letGo();
    await expect.poll(() => gateway.openStreams).toBe(0);
    expect([tasks.tasks.size, tasks.readers]).toEqual([1, 0]);
  });

  it("two thousand streams that nobody reads any more leave nothing open", async () => {
    const { url, gateway, tasks } = await start();
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "SubscribeToTask", params: { id: "task-1" } });
    const head = "POST /a2a/echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\na2a-version: 1.0\r\n";
    const subscribe = async () => {
      const socket = connect(Number(new URL(url).port), "127.0.0.1");
      socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
      for (let text = ""; !text.includes("data: {"); text += String((await once(socket, "data"))[0]));
      return socket;
    };
    await tasks.submit({ tenantId: "default", caller: "anonymous" }, { target: { agent: "echo" }, input: "hold" });
    for (let round = 0; round < 8; round++) {
      const sockets = await Promise.all(Array.from({ length: 250 }, subscribe));
      expect([gateway.openStreams, tasks.readers]).toEqual([250, 250]);
      for (const socket of sockets) socket.destroy();
      await expect.poll(() => gateway.openStreams).toBe(0);
      expect(tasks.readers).toBe(0);
      expect(tasks.waiting).toBe(0);
    }
  });

  it("nothing is read for a client that does not take what was sent, and all of it is there once it does", async () => {
    const { rpc, url, tasks } = await start();
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    const { message } = userMessage("hold");
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "SendStreamingMessage", params: { message } });
    const head = "POST /a2a/echo HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\na2a-version: 1.0\r\n";
    socket.write(`${head}content-length: ${body.length}\r\n\r\n${body}`);
    await once(socket, "data");
    socket.pause();
    const before = tasks.pieces;
    tasks.append("task-1", ...Array.from({ length: 400 }, (_, index) => artifact(`${index} ${"x".repeat(100_000)}`)));
    for (let answers = 0; answers < 20; answers++) await (await rpc("GetTask", { id: "nobody" })).json();
    // What the kernel takes is not the client's doing; far less than 40 MB.
    expect(tasks.pieces - before).toBeLessThan(20);
    tasks.append("task-1", { type: "task.completed", data: { output: "done" } });
    const chunks: string[] = [];
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => chunks.push(chunk.replaceAll("x", "")));
    socket.resume();
    await expect.poll(() => chunks.join("").includes("TASK_STATE_COMPLETED"), { timeout: 10_000 }).toBe(true);
    socket.destroy();
    expect(chunks.join("").split('"artifactUpdate"').length - 1).toBe(401);
  });

  it("close ends streams at once and answers blocking calls with the task as it is", async () => {
    const { rpc } = await start();
    const stream = readSse(await rpc("SendStreamingMessage", userMessage("hold")));
    await stream.next();
    const blocked = rpc("SendMessage", userMessage("hold"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const closing = listener?.close(100);
    await stream.all();
    expect((await (await blocked).json()).result.task.status.state).toBe("TASK_STATE_WORKING");
    await closing;
  });

  it("bodies over the limit are 413 and connections over theirs 503", async () => {
    const { rpc, url } = await start({ settings: { maxBodyBytes: 200 } }, { maxConnections: 1 });
    expect((await rpc("SendMessage", userMessage("x".repeat(500)))).status).toBe(413);
    const first = connect(Number(new URL(url).port), "127.0.0.1");
    const second = connect(Number(new URL(url).port), "127.0.0.1");
    const answer = new Promise<string>((resolve) => second.once("data", (chunk) => resolve(String(chunk))));
    await Promise.all([once(first, "connect"), once(second, "connect")]);
    second.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
    expect(await answer).toMatch(/^HTTP\/1.1 503 [\s\S]*x-content-type-options: nosniff[\s\S]*retry-after: 1/);
    first.destroy();
    second.destroy();
  });
});
