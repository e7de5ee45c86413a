/** A provider's tokens, over its own socket and ours, before a piece of them is in any log: by the order of events, since no time passes. */
import { once } from "node:events";
import type { Context } from "@agentcore/contract/authoring";
import { afterEach, expect, test } from "vitest";
import { startFakeModelServer } from "../../packages/models/src/testing/fake-model-server.ts";
import { createGatewayWorld } from "../../packages/models/src/testing/gateway-world.ts";
import { openaiDialect } from "../../packages/models/src/testing/openai-dialect.ts";
import { Listener, SpeakingWorld } from "../../packages/server/test/gateway/speaking-world.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

test("a token is shown while its model is still speaking, and each is in the log once", async () => {
  const provider = new EventTarget();
  const [head = "", ...tokens] = openaiDialect.events({ text: "Dear Ann, thanks" });
  const server = await startFakeModelServer(openaiDialect, ({ response }) => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(head);
    provider.addEventListener("token", () => {
      const token = tokens.shift();
      if (token === undefined) response.end();
      else response.write(token);
    });
    provider.dispatchEvent(new Event("asked"));
  });
  closing.push(() => server.close());
  const asked = once(provider, "asked");
  const target = { provider: "openai-compatible", model: "small", baseUrl: server.baseUrl };
  const { gateway } = createGatewayWorld({ models: { m: target }, allowPrivate: true });
  const write = (ctx: Context) =>
    ctx.model({ messages: [{ role: "user", content: "hi" }], artifact: { name: "letter" } });
  const speaking = new SpeakingWorld(write, { models: gateway });
  await speaking.begin();
  const listener = new Listener(speaking);
  await listener.connect();
  await asked;
  const before = listener.frames.length;
  const speak = () => provider.dispatchEvent(new Event("token"));
  for (const [index, text] of ["Dear ", "Dear Ann, "].entries()) {
    speak();
    await listener.heard(before + index + 1);
    expect(listener.texts).toEqual({ letter: text });
    expect((await speaking.log()).map(({ type }) => type)).not.toContain("artifact.appended");
  }
  await speaking.world.advance(250);
  expect(await speaking.textsOfLog()).toEqual({ letter: "Dear Ann, " });
  while (tokens.length > 0) speak();
  speak();
  await expect.poll(async () => (await speaking.log()).at(-1)?.type).toBe("task.completed");
  await expect.poll(() => listener.isOver).toBe(true);
  expect(listener.texts["letter"]).toBe("Dear Ann, thanks");
  expect((await speaking.textsOfLog())["letter"]).toBe("Dear Ann, thanks");
});
