import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PlatformError } from "@agentcore/contract";
import type { ModelCall, ModelProvider } from "@agentcore/core/ports";
import { ManualClock } from "@agentcore/core/testing";
import { expect, onTestFinished, test } from "vitest";
import { folder } from "../test/remote/near-node.ts";
import { type ComposeOptions, compose, type NodeParts } from "./compose.ts";
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

test("a node that cannot send spans leaves its store free", async () => {
  const options = { dataDirectory: await folder(), node: "n", senses: createSystemSenses({ log: () => {} }) };
  const failing = compose({ ...options, env: { OTEL_EXPORTER_OTLP_ENDPOINT: "nowhere" } });
  await expect(failing).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  const parts = await compose({ ...options, env: {} });
  await parts.close(0);
});

/** A provider that counts its answers, and a collector of spans. */
const startServer = async () => {
  const keys: (string | undefined)[] = [];
  const spans: string[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      const isSpans = request.url === "/v1/traces";
      if (isSpans) spans.push(text);
      else keys.push(request.headers.authorization);
      const choices = [{ index: 0, message: { role: "assistant", content: `${keys.length}` }, finish_reason: "stop" }];
      const completion = { id: "c", object: "chat.completion", created: 1, model: "small", choices };
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(isSpans ? {} : completion));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, keys, spans };
};

const withNode = async <T>(
  options: Pick<ComposeOptions, "env" | "recording">,
  use: (models: ModelProvider, parts: NodeParts) => Promise<T>,
): Promise<T> => {
  let models: ModelProvider | undefined;
  const parts = await compose({
    ...{ dataDirectory: await folder(), senses: createSystemSenses({ log: () => {} }), node: "n" },
    ...options,
    wrap: (name, port) => {
      if (name === "models") models = port as unknown as ModelProvider;
      return port;
    },
  });
  try {
    return await use(models as unknown as ModelProvider, parts);
  } finally {
    await parts.close(0);
  }
};

const ask = async (
  models: ModelProvider,
  content: string,
  { tenantId = "default", model = "openai-compatible/small" } = {},
): Promise<string> => {
  const call: ModelCall = {
    ...{ tenantId, id: "call", agent: "desk", labels: {}, caller: "ann", priority: "normal" },
    signal: new AbortController().signal,
  };
  const request = { model, messages: [{ role: "user" as const, content }] };
  return (await models.generate(request, call)).response.text;
};

test("a node records what its models say, for each tenant apart, and says it again without address and key", async () => {
  const { url, keys } = await startServer();
  const directory = `${await folder()}/recorded`;
  const askBoth = async (models: ModelProvider) => [
    await ask(models, "n?"),
    await ask(models, "n?", { tenantId: "acme" }),
  ];
  const env = { AGENTCORE_MODEL_URL: `${url}/v1`, AGENTCORE_MODEL_KEY: "sk-very-secret-key" };
  expect(await withNode({ env, recording: { mode: "record", directory } }, askBoth)).toEqual(["1", "2"]);
  const recording = { mode: "replay", directory } as const;
  expect(await withNode({ env: {}, recording }, askBoth)).toEqual(["1", "2"]);
  const missing = withNode({ env, recording }, (models) => ask(models, "m?"));
  await expect(missing).rejects.toMatchObject({ code: "RECORDING_MISSING" });
  expect(keys).toEqual(["Bearer sk-very-secret-key", "Bearer sk-very-secret-key"]);
});

test("a replay asks no host, not even how it is", async () => {
  const { url, keys } = await startServer();
  const recording = { mode: "replay", directory: await folder() } as const;
  const missing = withNode({ env: { OLLAMA_BASE_URL: url }, recording }, (models) =>
    ask(models, "n?", { model: "ollama/small" }),
  );
  await expect(missing).rejects.toMatchObject({ code: "RECORDING_MISSING" });
  expect(keys).toEqual([]);
});

test("a node that stops has sent the spans of its model calls, and its page of metrics counts them", async () => {
  const { url, spans } = await startServer();
  const env = { AGENTCORE_MODEL_URL: `${url}/v1`, OTEL_EXPORTER_OTLP_ENDPOINT: url };
  const page = await withNode({ env }, async (models, { metrics }) => {
    await ask(models, "n?");
    return metrics.render("default");
  });
  expect(page).toMatch(/gen_ai_client_operation_duration_seconds_count\{tenant="default",.*"small"\} 1\n/);
  expect(spans).toHaveLength(1);
  expect(spans[0]).toContain('"name":"chat small"');
  expect(spans[0]).not.toContain("n?");
});
