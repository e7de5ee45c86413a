import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PlatformError } from "@agentcore/contract";
import type { ModelCall, ModelProvider } from "@agentcore/core/ports";
import { ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import { folder } from "../test/remote/near-node.ts";
import { compose } from "./compose.ts";
import { createSystemSenses } from "./system-senses.ts";

test("a node that cannot read its manifests leaves nothing open: neither a timer nor its store", async () => {
  const clock = new ManualClock();
  const options = {
    ...{ dataDirectory: await folder(), node: "n", env: {} },
    senses: { ...createSystemSenses({ log: () => {} }), clock },
  };
  const unreadable = new PlatformError("PAYLOAD_UNREADABLE", "no key opens it");
  const failing = compose({
    ...options,
    wrap: (name, port) =>
      name !== "keyValue" ? port : new Proxy(port, { get: () => () => Promise.reject(unreadable) }),
  });
  await expect(failing).rejects.toBe(unreadable);
  expect(clock.nextTimerAt()).toBe(null);
  // It would be locked.
  const parts = await compose(options);
  await parts.close(0);
  expect(clock.nextTimerAt()).toBe(null);
});

test("a node records what its models say, for each tenant apart, and says it again without address and key", async () => {
  const keys: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    keys.push(request.headers.authorization);
    const choices = [{ index: 0, message: { role: "assistant", content: `${keys.length}` }, finish_reason: "stop" }];
    request
      .resume()
      .on("end", () =>
        response
          .writeHead(200, { "content-type": "application/json" })
          .end(JSON.stringify({ id: "c", object: "chat.completion", created: 1, model: "small", choices })),
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const directory = `${await folder()}/recorded`;
  const withNode = async <T>(
    mode: "record" | "replay",
    env: Readonly<Record<string, string>>,
    use: (models: ModelProvider) => Promise<T>,
  ): Promise<T> => {
    let models: ModelProvider | undefined;
    const parts = await compose({
      ...{ dataDirectory: await folder(), senses: createSystemSenses({ log: () => {} }), node: "n", env },
      recording: { mode, directory },
      wrap: (name, port) => {
        if (name === "models") models = port as unknown as ModelProvider;
        return port;
      },
    });
    try {
      return await use(models as unknown as ModelProvider);
    } finally {
      await parts.close(0);
    }
  };
  const ask = (content: string) => async (models: ModelProvider) => {
    const call: Omit<ModelCall, "tenantId"> = {
      ...{ id: "call", agent: "", labels: {}, caller: "ann", priority: "normal" },
      signal: new AbortController().signal,
    };
    const request = { model: "openai-compatible/small", messages: [{ role: "user" as const, content }] };
    const own = await models.generate(request, { ...call, tenantId: "default" });
    const other = await models.generate(request, { ...call, tenantId: "acme" });
    return [own.response.text, other.response.text];
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  const env = { AGENTCORE_MODEL_URL: url, AGENTCORE_MODEL_KEY: "sk-very-secret-key" };
  expect(await withNode("record", env, ask("n?"))).toEqual(["1", "2"]);
  expect(await withNode("replay", {}, ask("n?"))).toEqual(["1", "2"]);
  await expect(withNode("replay", env, ask("m?"))).rejects.toMatchObject({ code: "RECORDING_MISSING" });
  expect(keys).toEqual(["Bearer sk-very-secret-key", "Bearer sk-very-secret-key"]);
  server.close();
});
