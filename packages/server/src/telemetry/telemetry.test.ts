import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import type { ModelResponse } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { createRecordingLogger, ManualClock } from "@agentcore/core/testing";
import type { ObservedCall, ObservedOutcome } from "@agentcore/models";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Metrics } from "../metrics.ts";
import { openModelTelemetry } from "./open-model-telemetry.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const close of closers.splice(0)) await close();
});

interface SentSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number; readonly message?: string };
}
interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: SentSpan["attributes"] };
    readonly scopeSpans: readonly { readonly spans: readonly SentSpan[] }[];
  }[];
}

/** Takes spans as a collector does. */
const startCollector = async (status = 200) => {
  const requests: { readonly path: string; readonly type: string | undefined; readonly body: Sent }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      requests.push({
        path: request.url ?? "",
        type: request.headers["content-type"],
        body: JSON.parse(text) as Sent,
      });
      response.writeHead(status, { "content-type": "application/json" }).end("{}");
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const spans = (): readonly SentSpan[] =>
    requests.flatMap(({ body }) =>
      body.resourceSpans.flatMap((one) => one.scopeSpans.flatMap(({ spans: all }) => all)),
    );
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests, spans };
};

const valuesOf = (attributes: SentSpan["attributes"]): Readonly<Record<string, unknown>> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
const plain = (value: Readonly<Record<string, unknown>>): unknown => {
  const [single] = Object.values(value);
  const list = value["arrayValue"] as { readonly values: readonly Readonly<Record<string, unknown>>[] } | undefined;
  return list === undefined ? single : list.values.map(plain);
};

const PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const CALL: ObservedCall = {
  operation: "chat",
  call: { tenantId: "acme", agent: "desk", task: { id: "task-1", runId: "run-1" }, traceparent: PARENT },
  ...{ name: "fast", provider: "azure", model: "gpt-5-mini", baseUrl: "https://acme.openai.azure.com/openai" },
  request: {
    messages: [
      { role: "system", content: "Answer in one word." },
      { role: "user", content: "What is the capital of Sweden?" },
    ],
    ...{ maxOutputTokens: 50, temperature: 0.5, topP: 0.9, seed: 7, stop: ["."], output: {} },
  },
  isStreamed: true,
};
const RESPONSE: ModelResponse = {
  ...{ text: "Stockholm", toolCalls: [{ id: "1", name: "look", input: { at: 1 } }], finishReason: "tool-calls" },
  usage: { inputTokens: 20, outputTokens: 3, cachedInputTokens: 8, reasoningTokens: 1 },
  ...{ model: "azure/gpt-5-mini", costUsd: 0.002 },
};

const open = async (env: Readonly<Record<string, string>>) => {
  const clock = new ManualClock();
  const metrics = new Metrics();
  const logger = createRecordingLogger();
  const telemetry = await openModelTelemetry({ env, node: "n1", version: "1.2.3", metrics, clock, logger });
  const observe = async (call: ObservedCall, outcome: ObservedOutcome): Promise<void> => {
    const end = telemetry.observer.begin(call);
    await clock.advance(1000);
    end(outcome);
  };
  return { ...telemetry, observe, clock, logger, page: (tenantId: string) => metrics.render(tenantId) };
};

describe("a span", () => {
  test("arrives at the collector as the conventions say, below the call that it belongs to, without what was asked", async () => {
    const collector = await startCollector();
    vi.stubEnv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=test");
    const { observe, close, clock } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const startedAt = clock.now();
    await observe(CALL, { response: RESPONSE, firstTokenMs: 250 });
    await close();
    const [request] = collector.requests;
    expect([request?.path, request?.type]).toEqual(["/v1/traces", "application/json"]);
    expect(valuesOf(request?.body.resourceSpans[0]?.resource.attributes ?? [])).toMatchObject({
      ...{ "service.name": "agentcore", "service.version": "1.2.3", "service.instance.id": "n1" },
      "deployment.environment.name": "test",
    });
    const [span] = collector.spans();
    expect(span).toMatchObject({
      ...{ name: "chat gpt-5-mini", kind: 3, status: {} },
      ...{ traceId: "0af7651916cd43dd8448eb211c80319c", parentSpanId: "b7ad6b7169203331" },
    });
    expect(BigInt(span?.startTimeUnixNano ?? 0)).toBe(BigInt(startedAt) * 1_000_000n);
    expect(BigInt(span?.endTimeUnixNano ?? 0)).toBe(BigInt(startedAt + 1000) * 1_000_000n);
    expect(valuesOf(span?.attributes ?? [])).toEqual({
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": "azure.ai.openai",
      "gen_ai.request.model": "gpt-5-mini",
      "gen_ai.request.max_tokens": 50,
      "gen_ai.request.temperature": 0.5,
      "gen_ai.request.top_p": 0.9,
      "gen_ai.request.seed": 7,
      "gen_ai.request.stop_sequences": ["."],
      "gen_ai.request.stream": true,
      "gen_ai.output.type": "json",
      "gen_ai.response.model": "gpt-5-mini",
      "gen_ai.response.finish_reasons": ["tool_call"],
      "gen_ai.response.time_to_first_chunk": 0.25,
      "gen_ai.usage.input_tokens": 20,
      "gen_ai.usage.output_tokens": 3,
      "gen_ai.usage.cache_read.input_tokens": 8,
      "gen_ai.usage.reasoning.output_tokens": 1,
      "server.address": "acme.openai.azure.com",
      "server.port": 443,
      "agentcore.tenant": "acme",
      "agentcore.model": "fast",
      "agentcore.agent": "desk",
      "agentcore.task.id": "task-1",
      "agentcore.run.id": "run-1",
      "agentcore.cost.usd": 0.002,
    });
    expect(JSON.stringify(collector.requests)).not.toMatch(/Sweden|Stockholm|one word/);
  });

  test("says what was asked and answered where that is wanted", async () => {
    const collector = await startCollector();
    const { observe, close } = await open({
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/own/path`,
      OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "true",
    });
    await observe(CALL, { response: RESPONSE });
    const long = { role: "user" as const, content: "x".repeat(9000) };
    const many = Array.from({ length: 20 }, () => long);
    await observe({ ...CALL, request: { messages: [{ role: "system", content: "first" }, ...many] } }, {});
    await close();
    expect(collector.requests[0]?.path).toBe("/own/path");
    const [span, bounded] = collector.spans().map(({ attributes }) => valuesOf(attributes));
    expect(JSON.parse(String(span?.["gen_ai.input.messages"]))).toEqual([
      { role: "system", parts: [{ type: "text", content: "Answer in one word." }] },
      { role: "user", parts: [{ type: "text", content: "What is the capital of Sweden?" }] },
    ]);
    expect(JSON.parse(String(span?.["gen_ai.output.messages"]))).toEqual([
      {
        role: "assistant",
        parts: [
          { type: "text", content: "Stockholm" },
          { type: "tool_call", id: "1", name: "look", arguments: { at: 1 } },
        ],
        finish_reason: "tool_call",
      },
    ]);
    const kept = String(bounded?.["gen_ai.input.messages"]);
    expect(kept.length).toBeLessThanOrEqual(33 * 1024);
    expect((JSON.parse(kept) as unknown[]).length).toBe(4);
    expect(kept).toContain("first");
  });

  test("of a failure has the provider's status or our code, and repeats no message", async () => {
    const collector = await startCollector();
    const { observe, close } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` });
    await observe(CALL, { error: new PlatformError("UPSTREAM_FAILED", "about Sweden", { details: { status: 429 } }) });
    await observe(CALL, {
      error: new PlatformError("CANCELED", "about Sweden"),
      usage: { inputTokens: 4, outputTokens: 0 },
    });
    await observe(CALL, { error: new Error("about Sweden") });
    await close();
    const types = collector.spans().map(({ attributes, status }) => [valuesOf(attributes)["error.type"], status]);
    expect(types).toEqual([
      ["429", { code: 2 }],
      ["CANCELED", { code: 2 }],
      ["_OTHER", { code: 2 }],
    ]);
    expect(JSON.stringify(collector.requests)).not.toContain("Sweden");
  });

  test("of an answer of the cache is internal and says the level; one without a parent begins a trace", async () => {
    const collector = await startCollector();
    const { observe, close } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    const { traceparent: _, ...call } = CALL.call;
    await observe({ ...CALL, call, isStreamed: false }, { response: { ...RESPONSE, cache: "semantic", costUsd: 0 } });
    await close();
    const [span] = collector.spans();
    expect(span).toMatchObject({ kind: 1, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(span?.parentSpanId ?? "").toBe("");
    expect(valuesOf(span?.attributes ?? [])).toMatchObject({
      "agentcore.cache.level": "semantic",
      "agentcore.cost.usd": 0,
    });
  });

  test("of a run that came without a trace is in one trace with the others of the run", async () => {
    const collector = await startCollector();
    const { observe, close } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    for (const runId of ["01a203a2-c817-739f-8b7d-8a48fd906146", "01a203a2-c817-739f-8b7d-8a48fd906146", "other"])
      await observe({ ...CALL, call: { tenantId: "acme", agent: "desk", task: { id: "t", runId } } }, {});
    await close();
    expect(collector.spans().map(({ traceId }) => traceId)).toEqual([
      ...["01a203a2c817739f8b7d8a48fd906146", "01a203a2c817739f8b7d8a48fd906146"],
      expect.stringMatching(/^[0-9a-f]{32}$/),
    ]);
    expect(new Set(collector.spans().map(({ spanId }) => spanId)).size).toBe(3);
  });

  test("of a trace that is not sampled is not sent", async () => {
    const collector = await startCollector();
    const { observe, close } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await observe(
      { ...CALL, call: { ...CALL.call, traceparent: PARENT.replace(/01$/, "00") } },
      { response: RESPONSE },
    );
    await close();
    expect(collector.requests).toEqual([]);
  });
});

test("a collector that refuses is told of once, and keeps nothing from ending", async () => {
  const collector = await startCollector(400);
  const { observer, close, logger } = await open({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  for (let call = 0; call < 600; call += 1) observer.begin(CALL)({ response: RESPONSE });
  await close();
  expect(collector.requests.length).toBeGreaterThan(1);
  expect(logger.records.filter(({ level }) => level === "warn")).toHaveLength(1);
  expect(logger.records[0]?.message).toMatch(/^spans cannot be sent to 127\.0\.0\.1:\d+: /);
});

test("metrics count what providers were asked, by tenant", async () => {
  const { observe, page } = await open({});
  await observe(CALL, { response: RESPONSE, firstTokenMs: 250 });
  await observe(CALL, { error: new PlatformError("UPSTREAM_FAILED", "no", { details: { status: 500 } }) });
  await observe(CALL, { response: { ...RESPONSE, cache: "memory" } });
  await observe(CALL, { response: { ...RESPONSE, usage: { inputTokens: 9, outputTokens: 9, estimated: true } } });
  await observe({ ...CALL, operation: "embeddings" }, { usage: { inputTokens: 5, outputTokens: 0 } });
  const of =
    'tenant="acme",gen_ai_operation_name="chat",gen_ai_provider_name="azure.ai.openai",gen_ai_request_model="gpt-5-mini"';
  const lines = page("acme").split("\n");
  expect(lines).toEqual(
    expect.arrayContaining([
      "# TYPE gen_ai_client_operation_duration_seconds histogram",
      `gen_ai_client_operation_duration_seconds_bucket{${of},le="0.64"} 0`,
      `gen_ai_client_operation_duration_seconds_bucket{${of},le="1.28"} 2`,
      `gen_ai_client_operation_duration_seconds_sum{${of}} 2`,
      `gen_ai_client_operation_duration_seconds_count{${of},error_type="500"} 1`,
      `gen_ai_client_token_usage_bucket{${of},gen_ai_token_type="input",le="16"} 0`,
      `gen_ai_client_token_usage_bucket{${of},gen_ai_token_type="input",le="64"} 1`,
      `gen_ai_client_token_usage_sum{${of},gen_ai_token_type="output"} 3`,
      `gen_ai_server_time_to_first_token_seconds_bucket{${of},le="0.25"} 1`,
      `gen_ai_client_token_usage_sum{${of.replace('"chat"', '"embeddings"')},gen_ai_token_type="input"} 5`,
    ]),
  );
  expect(page("other")).not.toContain("acme");
});

test.each([
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4318" }, /OTEL_EXPORTER_OTLP_ENDPOINT: expected an http/],
  [{ OTEL_EXPORTER_OTLP_ENDPOINT: "http://c:4317", OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /is grpc.*4318/],
])("a collector that cannot be used is refused at the start: %j", async (env, message) => {
  const refused = open(env as unknown as Readonly<Record<string, string>>);
  await expect(refused).rejects.toMatchObject({ code: "CONFIG_INVALID", message: expect.stringMatching(message) });
});

test("what is captured is said in words that are known, or not at all", async () => {
  const { logger } = await open({ OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: "yes" });
  expect(logger.records[0]?.message).toContain("expected true or false");
});

/** What becomes of `openTracing` in a process that has none of OpenTelemetry's packages. */
const withoutPackages = async (env: Readonly<Record<string, string>>): Promise<unknown> => {
  const hooks = `
    import { registerHooks } from "node:module";
    registerHooks({
      resolve(specifier, context, next) {
        if (!specifier.startsWith("@opentelemetry/")) return next(specifier, context);
        throw Object.assign(new Error("cannot import " + specifier), { code: "ERR_MODULE_NOT_FOUND" });
      },
    });`;
  const script = `
    import { openTracing } from ${JSON.stringify(new URL("open-tracing.ts", import.meta.url).href)};
    const opened = openTracing({ env: ${JSON.stringify(env)}, node: "n", version: "1", logger: { log() {} } });
    const { code, message, details } = (await opened.catch((thrown) => thrown)) ?? {};
    console.log(JSON.stringify({ code, message, details }));`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    ...["--conditions", "agentcore-source", "--no-warnings"],
    ...["--import", `data:text/javascript,${encodeURIComponent(hooks)}`],
    ...["--input-type", "module", "--eval", script],
  ]);
  return JSON.parse(stdout);
};

test("without the packages a collector is NOT_INSTALLED with the line that installs them, in the versions of the tests", async () => {
  const { default: root } = await import("../../../../package.json", { with: { type: "json" } });
  const packages = ["api", "sdk-trace", "resources", "exporter-trace-otlp-http"] as const;
  const line = packages.map((name) => `@opentelemetry/${name}@${root.devDependencies[`@opentelemetry/${name}`]}`);
  expect(await withoutPackages({ OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318" })).toEqual({
    code: "NOT_INSTALLED",
    message: expect.stringContaining(`npm install ${line.join(" ")}`),
    details: { nextStep: expect.stringContaining("npm install") },
  });
});

test.each([
  {},
  { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318", OTEL_SDK_DISABLED: "true" },
  { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:4318", OTEL_TRACES_EXPORTER: "none" },
])("nothing of them is loaded where no spans are wanted: %j", async (env) => {
  expect(await withoutPackages(env as unknown as Readonly<Record<string, string>>)).toEqual({});
});
