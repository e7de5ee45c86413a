import { once } from "node:events";
import { connect } from "node:net";
import { ClientFactory, ClientFactoryOptions, JsonRpcTransportFactory, RestTransportFactory } from "@a2a-js/sdk/client";
import { afterEach, describe, expect, it } from "vitest";
import { createFixture, readSse, userMessage } from "../../test/gateway/gateway-fixture.ts";
import type { GatewayDeps } from "./deps.ts";
import { type Listener, type ListenOptions, listen } from "./listen.ts";

let listener: Listener | undefined;
afterEach(() => listener?.close(0));

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
    expect(await answer).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 1/);
    first.destroy();
    second.destroy();
  });
});
