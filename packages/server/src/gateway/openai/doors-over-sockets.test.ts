/** Clients on sockets that go away, or read nothing: a model's call is broken off, and nothing of the answer stays. */
import { once } from "node:events";
import { connect } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { createFixture } from "../../../test/gateway/gateway-fixture.ts";
import { answer, createScriptedGateway, never, type Script } from "../../../test/gateway/scripted-gateway.ts";
import { listen } from "../listen.ts";

const start = async (generate: Script["generate"]) => {
  const { models, asked } = createScriptedGateway(generate === undefined ? {} : { generate });
  const fixture = createFixture({ models, publicUrl: () => listener.url, settings: { heartbeatMs: 20 } });
  const listener = await listen(fixture.gateway, { port: 0, answerTimeoutMs: 300 });
  onTestFinished(() => listener.close(0));
  const ask = async (stream: boolean) => {
    const socket = connect({ port: listener.port, host: "127.0.0.1" });
    socket.on("error", () => {});
    onTestFinished(() => void socket.destroy());
    await once(socket, "connect");
    const body = JSON.stringify({ model: "smart", stream, messages: [{ role: "user", content: "hi" }] });
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    return socket;
  };
  return { ...fixture, asked, ask };
};

test.each([false, true])("a client that goes away breaks its call off (stream %s)", async (stream) => {
  const [begun, broken] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const node = await start((_, call) => {
    call.onText?.("One", true);
    call.signal.addEventListener("abort", () => broken.resolve());
    begun.resolve();
    return never(call);
  });
  const socket = await node.ask(stream);
  await begun.promise;
  if (stream) await once(socket, "data");
  socket.destroy();
  await broken.promise;
  expect(node.errors).toEqual([]);
});

test("a client that reads nothing is given no more than it takes", async () => {
  const broken = Promise.withResolvers<number>();
  let told = 0;
  const node = await start(async (_, call) => {
    const piece = "x".repeat(16 * 1024);
    call.signal.addEventListener("abort", () => broken.resolve(told));
    while (!call.signal.aborted) {
      call.onText?.(piece, told === 0);
      told += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return answer("");
  });
  const socket = await node.ask(true);
  socket.pause();
  // What the sockets of both sides take, and what may be unread.
  expect((await broken.promise) * 16).toBeLessThan(32 * 1024);
  await expect.poll(() => node.gateway.pendingAnswerBytes, { timeout: 5_000 }).toBe(0);
  expect(node.errors).toEqual([]);
});

test("a model that is silent for long keeps its client with comments, and is told of a failure in the stream", async () => {
  const fail = Promise.withResolvers<never>();
  const node = await start(() => fail.promise);
  const socket = await node.ask(true);
  let text = "";
  socket.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await expect.poll(() => text).toContain(": heartbeat");
  fail.reject(new Error("a defect with a secret in it"));
  await expect.poll(() => text).toContain("[DONE]");
  expect(text).not.toContain("secret");
  expect(node.errors).toHaveLength(1);
});
