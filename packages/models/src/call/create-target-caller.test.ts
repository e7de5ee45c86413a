import type { ModelRequest } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { ModelTarget } from "../model-target.ts";
import { anthropicDialect } from "../testing/anthropic-dialect.ts";
import {
  answering,
  cutting,
  ending,
  type FakeBehaviour,
  failing,
  garbling,
  hanging,
  refusing,
  stalling,
  startFakeModelServer,
} from "../testing/fake-model-server.ts";
import type { ModelDialect } from "../testing/model-dialect.ts";
import { ollamaDialect, openaiDialect } from "../testing/openai-dialect.ts";
import { boundOf } from "./bound-of.ts";
import { createTargetCaller } from "./create-target-caller.ts";
import { failedUsageOf } from "./failed-usage.ts";

const KEY = "sk-very-secret-key";
const QUESTION: ModelRequest = { messages: [{ role: "user", content: "hi" }] };
const NEVER = new AbortController().signal;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const weather = {
  name: "weather",
  description: "Tells the weather",
  input: z.object({ city: z.string() }),
  inputJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  execute: () => Promise.reject(new Error("the provider must not run tools")),
};

/** A server that behaves so, and a target that leads to it. */
const serve = async (dialect: ModelDialect, ...behaviours: readonly FakeBehaviour[]) => {
  const server = await startFakeModelServer(dialect, ...behaviours);
  closers.push(server.close);
  const caller = createTargetCaller({ env: { MY_KEY: KEY } });
  const target: ModelTarget = {
    ...{ id: "desk", name: "desk", provider: dialect.name as ModelTarget["provider"], model: "small" },
    ...{
      baseUrl: server.baseUrl,
      apiKeyEnv: "MY_KEY",
      isDeclared: true,
      timeoutMs: 60_000,
      firstTokenTimeoutMs: 60_000,
    },
  };
  const call = async (
    request: Partial<ModelRequest> = {},
    options: { isStreamed?: boolean; signal?: AbortSignal; target?: Partial<ModelTarget> } = {},
  ) => {
    const texts: string[] = [];
    const onText = options.isStreamed === true ? (text: string) => void texts.push(text) : undefined;
    const { signal = NEVER } = options;
    const answer = await caller.call({ ...target, ...options.target }, { ...QUESTION, ...request }, { signal, onText });
    return { ...answer, texts };
  };
  return { ...server, caller, target, call };
};

const failure = async (work: Promise<unknown>): Promise<PlatformError> => {
  const error: unknown = await work.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!PlatformError.is(error)) throw new Error(`expected a PlatformError, got ${String(error)}`);
  const { cause } = error;
  expect(`${JSON.stringify(error)} ${error.stack} ${cause instanceof Error ? cause.stack : ""}`).not.toContain(KEY);
  return error;
};

const DIALECTS = [openaiDialect, anthropicDialect, ollamaDialect] as const;
const WAYS = DIALECTS.flatMap((dialect) =>
  [false, true].map((isStreamed) => [dialect.name, isStreamed ? "streamed" : "whole", dialect, isStreamed] as const),
);

describe.each(WAYS)("%s, %s", (_name, _way, dialect, isStreamed) => {
  test("gives text, usage and how it ended", async () => {
    const { call, requests } = await serve(dialect, answering({ text: "Fine weather today.", finish: "length" }));
    const { response, texts, firstTokenMs, durationMs } = await call({}, { isStreamed });
    expect(response).toEqual({
      ...{ text: "Fine weather today.", toolCalls: [], finishReason: "length", model: `${dialect.name}/small` },
      usage: { inputTokens: 7, outputTokens: 3 },
    });
    expect(texts).toEqual(isStreamed ? ["Fine ", "weath", "er to", "day."] : []);
    expect(firstTokenMs === undefined).toBe(!isStreamed);
    expect(durationMs).toBeGreaterThanOrEqual(firstTokenMs ?? 0);
    expect(requests.map(({ path }) => path)).toEqual([`${dialect.basePath}${dialect.path}`]);
    const { authorization, "x-api-key": key } = requests[0]?.headers ?? {};
    expect([authorization, key]).toContain(dialect.name === "anthropic" ? KEY : `Bearer ${KEY}`);
  });

  test("gives tool calls with their input, and runs none", async () => {
    const toolCalls = [
      { id: "call_a", name: "weather", input: '{"city":"Oslo"}' },
      { id: "call_b", name: "weather", input: '{"city":"Zürich ☀"}' },
    ];
    const { call, requests } = await serve(dialect, answering({ toolCalls }));
    const { response } = await call({ tools: [weather], toolChoice: "required" }, { isStreamed });
    expect(response).toMatchObject({
      finishReason: "tool-calls",
      toolCalls: [
        { id: "call_a", name: "weather", input: { city: "Oslo" } },
        { id: "call_b", name: "weather", input: { city: "Zürich ☀" } },
      ],
    });
    expect(requests).toHaveLength(1);
    expect(JSON.stringify(requests[0]?.body["tools"])).toContain("Tells the weather");
    expect(requests[0]?.body["tool_choice"]).toEqual(dialect.name === "anthropic" ? { type: "any" } : "required");
  });

  test("sends settings, and an answer may have a schema", async () => {
    const schema = {
      ...{ type: "object", properties: { city: { type: "string" } }, required: ["city"], additionalProperties: false },
    };
    const { call, requests } = await serve(dialect, answering({ text: '{"city":"Oslo"}' }));
    const settings = { temperature: 0.5, stop: ["END"], maxOutputTokens: 90 };
    const output = { name: "place", schema };
    const { response } = await call(
      { ...settings, output, messages: [{ role: "system", content: "Be brief." }, ...QUESTION.messages] },
      {
        isStreamed,
        target: { maxOutputTokens: 50, model: dialect.name === "anthropic" ? "claude-sonnet-4-5" : "small" },
      },
    );
    expect(response.text).toBe('{"city":"Oslo"}');
    const { body } = requests[0] ?? { body: {} };
    if (dialect.name === "anthropic") {
      expect(body).toMatchObject({ temperature: 0.5, stop_sequences: ["END"], max_tokens: 50 });
      expect(body).toMatchObject({
        system: [{ text: "Be brief." }],
        output_config: { format: { type: "json_schema" } },
      });
    } else {
      expect(body).toMatchObject({
        ...{ temperature: 0.5, stop: ["END"], max_tokens: 50 },
        messages: [{ role: "system", content: "Be brief." }, { role: "user" }],
        response_format: { type: "json_schema", json_schema: { name: "place", strict: true, schema } },
      });
    }
  });

  test("tells cached input and reasoning apart", async () => {
    const usage = { input: 100, output: 20, cachedInput: 60, reasoning: 12 };
    const { call } = await serve(dialect, answering({ text: "yes", usage }));
    expect((await call({}, { isStreamed })).response.usage).toEqual({
      ...{ inputTokens: 100, outputTokens: 20, cachedInputTokens: 60, reasoningTokens: 12 },
    });
  });

  test.each([
    ["none", null],
    ["negative numbers", { input: -3, output: -1 }],
    ["fractions", { input: 0.5, output: 1.5 }],
    ["no output although there is text", { input: 0, output: 0 }],
  ])("estimates usage where it reports %s, and says so", async (_what, usage) => {
    const { call } = await serve(dialect, answering({ text: "0123456789", usage }));
    // 2 bytes asked, 10 answered.
    expect((await call({}, { isStreamed })).response.usage).toEqual({
      ...{ inputTokens: 1, outputTokens: 4, estimated: true },
    });
  });

  const refusals: readonly (readonly [string, FakeBehaviour, object, RegExp])[] = [
    [
      "429 with Retry-After in seconds",
      refusing(429, "slow down", { "retry-after": "3" }, "rate_limit_error"),
      { retryable: true, retryAfterMs: 3000 },
      /takes no more calls of this node for now \(429\): slow down/,
    ],
    [
      "429 without words",
      refusing(429, "", { "retry-after": "3" }, "rate_limit_error"),
      { retryable: true, retryAfterMs: 3000 },
      /takes no more calls of this node for now \(429\)$/,
    ],
    [
      "429 with Retry-After in milliseconds",
      refusing(429, "slow down", { "retry-after-ms": "250", "retry-after": "1" }, "rate_limit_error"),
      { retryable: true, retryAfterMs: 250 },
      /takes no more calls of this node for now \(429\)/,
    ],
    ["500", refusing(500, "oops"), { retryable: true, retryAfterMs: undefined }, /failed \(500\): oops/],
    [
      "401 with the key",
      refusing(401, `bad key ${KEY}`),
      { retryable: false },
      /refused the credential \(401\): check MY_KEY/,
    ],
    ["400 with the key", refusing(400, `no, ${KEY}`), { retryable: false }, /refused the request \(400\): no, \*\*\*/],
    ["404", refusing(404, "no model"), { retryable: false }, /does not know the model or the path \(404\)/],
    ["a redirect", refusing(302, "", { location: "http://127.0.0.1:1/" }), { retryable: false }, /redirects \(302\)/],
  ];
  test.each(refusals)("a refusal with %s costs nothing", async (_what, behaviour, expected, message) => {
    const { call, requests } = await serve(dialect, behaviour);
    const error = await failure(call({}, { isStreamed }));
    expect(error).toMatchObject({ code: "UPSTREAM_FAILED", ...expected, message: expect.stringMatching(message) });
    expect(failedUsageOf(error)).toBeUndefined();
    expect(requests).toHaveLength(1);
  });

  test("a Retry-After that is a date is waited for", async () => {
    const inAMinute = new Date(Date.now() + 60_000).toUTCString();
    const { call } = await serve(dialect, refusing(503, "later", { "retry-after": inAMinute }));
    const { retryAfterMs } = await failure(call({}, { isStreamed }));
    expect(retryAfterMs).toBeGreaterThan(50_000);
    expect(retryAfterMs).toBeLessThanOrEqual(60_000);
  });

  const answer = { text: "Fine weather today." };
  const broken: readonly (readonly [string, FakeBehaviour])[] = [
    ["a connection that is cut", cutting(answer, 4)],
    ["JSON that is none", garbling(answer, 4)],
    ["an answer that ends before its end", ending(answer, 4)],
  ];
  test.each(broken)("%s may be tried again, and what it may have cost is known", async (_what, behaviour) => {
    const { call, requests } = await serve(dialect, behaviour);
    const error = await failure(call({}, { isStreamed }));
    expect(error).toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
    const { usage } = failedUsageOf(error) ?? {};
    expect(usage).toMatchObject({ inputTokens: 1, estimated: true });
    // Of an answer in one piece that is cut there is nothing to count.
    if (isStreamed) expect(usage?.outputTokens).toBeGreaterThan(0);
    expect(JSON.stringify(error)).not.toContain("usage");
    expect(requests).toHaveLength(1);
  });

  test("a connection that is closed without an answer may be tried again", async () => {
    const { call } = await serve(dialect, ({ response }) => void response.destroy());
    const error = await failure(call({}, { isStreamed }));
    expect(error).toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
    expect(failedUsageOf(error)?.usage).toEqual({ inputTokens: 1, outputTokens: 0, estimated: true });
  });

  test.each([
    ["that says nothing", hanging()],
    ["that stops after its headers", hanging(true)],
    ["that stops in the middle", stalling(answer, 4)],
  ])("a provider %s is given up after its time, and its connection closed", async (_what, behaviour) => {
    const { call, abandoned } = await serve(dialect, behaviour);
    const error = await failure(call({}, { isStreamed, target: { timeoutMs: 150 } }));
    expect(error).toMatchObject({
      ...{ code: "UPSTREAM_FAILED", retryable: true, message: expect.stringContaining("did not answer within 0.2 s") },
    });
    expect(failedUsageOf(error)?.usage).toMatchObject({ inputTokens: 1, estimated: true });
    await abandoned(1);
  });

  test.each([
    [new PlatformError("LEASE_LOST", "gone"), "LEASE_LOST"],
    [undefined, "CANCELED"],
  ])("an abort with %s closes the connection, and what it cost is of this call alone", async (reason, code) => {
    const { call, arrived, abandoned } = await serve(dialect, hanging(true));
    const controller = new AbortController();
    const calls = [
      failure(call({}, { isStreamed, signal: controller.signal })),
      failure(
        call({ messages: [{ role: "user", content: "x".repeat(30) }] }, { isStreamed, signal: controller.signal }),
      ),
    ];
    await arrived(2);
    controller.abort(reason);
    const errors = await Promise.all(calls);
    await abandoned(2);
    expect(errors.map((error) => error.code)).toEqual([code, code]);
    expect(errors.map((error) => failedUsageOf(error)?.usage.inputTokens)).toEqual([1, 10]);
  });

  test("an answer over 16 MiB is given up, once", async () => {
    const stream: FakeBehaviour = ({ response }) => {
      const events = dialect.events({ text: "Fine " });
      const text = events.findIndex((event) => event.includes("Fine "));
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(events.slice(0, text).join(""));
      for (let index = 0; index < 17; index++) response.write(events[text]?.replace("Fine ", "x".repeat(1024 * 1024)));
    };
    const whole = answering({ text: "x".repeat(17 * 1024 * 1024) });
    const { call, requests } = await serve(dialect, isStreamed ? stream : whole);
    const error = await failure(call({}, { isStreamed }));
    expect([error.code, error.retryable, requests.length]).toEqual(["TOO_LARGE", false, 1]);
    expect(error).toMatchObject({
      details: { of: "answer" },
      message: expect.stringContaining("gave too long an answer"),
    });
    expect(failedUsageOf(error)?.usage.outputTokens).toBeGreaterThan(5_000_000);
  });
});

test("an answer that is given up as it comes counts with what came", async () => {
  const { call } = await serve(openaiDialect, answering({ text: "x".repeat(33 * 1024 * 1024) }));
  const error = await failure(call({}, { isStreamed: false }));
  expect(error.code).toBe("TOO_LARGE");
  expect(failedUsageOf(error)?.usage.outputTokens).toBeGreaterThan(10_000_000);
});

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))("a stream of %s", (_name, dialect) => {
  const answer = { text: "Fine weather today." };

  test.each([
    ["that something broke", "api_error", true],
    ["that it is overloaded", "overloaded_error", true],
    ["that the request is wrong", "invalid_request_error", false],
  ])("may say in its middle %s", async (_what, type, retryable) => {
    const { call } = await serve(dialect, failing(answer, 4, `it is so, ${KEY}`, type));
    const error = await failure(call({}, { isStreamed: true }));
    expect(error).toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable,
      message: expect.stringContaining("it is so, ***"),
    });
    expect(failedUsageOf(error)?.usage).toMatchObject({ inputTokens: 1, estimated: true });
  });

  test.each([
    ["nothing", hanging()],
    ["only headers", hanging(true)],
    // Of Anthropic what says that it begins and that it is alive, of the others an empty delta: no token.
    ["no token", stalling(answer, dialect.name === "anthropic" ? 2 : dialect.name === "openai" ? 1 : 0)],
  ])("that has begun with %s is given up when its first token is late", async (_what, behaviour) => {
    const { call, abandoned } = await serve(dialect, behaviour);
    const error = await failure(call({}, { isStreamed: true, target: { firstTokenTimeoutMs: 150 } }));
    expect(error).toMatchObject({
      ...{
        code: "UPSTREAM_FAILED",
        retryable: true,
        message: expect.stringContaining("begin to answer within 0.2 s"),
      },
    });
    await abandoned(1);
  });

  test("whose first token was in time may take longer for the rest", async () => {
    const slow: FakeBehaviour = (exchange) => {
      const events = dialect.events(answer);
      exchange.response.writeHead(200, { "content-type": "text/event-stream" });
      exchange.response.write(events.slice(0, 4).join(""));
      // Real time: longer than the first token may take.
      setTimeout(() => exchange.response.end(events.slice(4).join("")), 400);
    };
    const { call } = await serve(dialect, slow);
    const { response } = await call({}, { isStreamed: true, target: { firstTokenTimeoutMs: 200 } });
    expect(response.text).toBe("Fine weather today.");
  });

  test("is heard as it comes", async () => {
    const { caller, target, abandoned } = await serve(dialect, stalling(answer, 4));
    const controller = new AbortController();
    const heard = Promise.withResolvers<string>();
    const work = failure(caller.call(target, QUESTION, { signal: controller.signal, onText: heard.resolve }));
    expect(await heard.promise).toBe("Fine ");
    controller.abort();
    expect(failedUsageOf(await work)?.usage.outputTokens).toBeGreaterThan(0);
    await abandoned(1);
  });
});

describe("a call", () => {
  test("carries a conversation with tools, once", async () => {
    const { call, requests } = await serve(openaiDialect, answering({ text: "fine" }));
    await call({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hi" },
        { role: "assistant", content: "", toolCalls: [{ id: "1", name: "weather", input: { city: "Oslo" } }] },
        { role: "tool", content: "sunny", toolCallId: "1", toolName: "weather" },
      ],
      tools: [weather],
      toolChoice: { name: "weather" },
      topP: 0.9,
      seed: 4,
    });
    expect(requests[0]?.body).toMatchObject({
      ...{ model: "small", top_p: 0.9, seed: 4, tool_choice: { type: "function", function: { name: "weather" } } },
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hi" },
        {
          role: "assistant",
          tool_calls: [{ id: "1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }],
        },
        { role: "tool", tool_call_id: "1", content: "sunny" },
      ],
      tools: [{ type: "function", function: { name: "weather", parameters: weather.inputJsonSchema } }],
    });
  });

  test("carries it to Anthropic too, with an input of a tool that was no JSON", async () => {
    const { call, requests } = await serve(anthropicDialect, answering({ text: "fine" }));
    await call({
      messages: [
        { role: "system", content: "Be brief." },
        { role: "user", content: "hi" },
        { role: "assistant", content: "Let me see.", toolCalls: [{ id: "1", name: "weather", input: '{"city":' }] },
        { role: "tool", content: "it was no JSON", toolCallId: "1", toolName: "weather" },
      ],
      tools: [weather],
    });
    expect(requests[0]?.body).toMatchObject({
      system: [{ type: "text", text: "Be brief." }],
      messages: [
        { role: "user", content: [{ type: "text", text: "hi" }] },
        {
          role: "assistant",
          content: [
            { type: "text", text: "Let me see." },
            { type: "tool_use", id: "1", name: "weather", input: { rawInvalidInput: '{"city":' } },
          ],
        },
        { role: "user", content: [{ type: "tool_result", tool_use_id: "1" }] },
      ],
    });
  });

  test("hands back as text what a model made of a tool's input that is no JSON", async () => {
    const toolCalls = [{ id: "b", name: "weather", input: '{"city":' }];
    const { call } = await serve(openaiDialect, answering({ toolCalls }));
    for (const isStreamed of [false, true])
      expect((await call({ tools: [weather] }, { isStreamed })).response.toolCalls).toEqual([
        { id: "b", name: "weather", input: '{"city":' },
      ]);
  });

  test("asks for JSON in words too where there is no schema, and says what the provider does not take", async () => {
    const { call, requests } = await serve(openaiDialect, answering({ text: "{}" }));
    await call({ output: {}, messages: [{ role: "system", content: "Be brief." }, ...QUESTION.messages] });
    expect(requests[0]?.body).toMatchObject({
      response_format: { type: "json_object" },
      messages: [{ content: "Be brief." }, { role: "system", content: "Answer with JSON only." }, { role: "user" }],
    });
    const anthropic = await serve(anthropicDialect, answering({ text: "{}" }));
    expect((await anthropic.call({ output: {}, seed: 1 })).ignored).toEqual(
      expect.arrayContaining([
        "seed",
        expect.stringContaining("responseFormat: JSON response format requires a schema"),
      ]),
    );
  });

  test("asks OpenAI for a strict schema only where nothing in it is open", async () => {
    const { call, requests } = await serve(openaiDialect, answering({ text: "{}" }));
    await call({ output: { schema: { type: "object", properties: { city: { type: "string" } } } } });
    expect(requests[0]?.body).toMatchObject({ response_format: { json_schema: { strict: false } } });
  });

  test("whose whole answer cannot be read may have cost what came, up to what was asked for", async () => {
    const garbage: FakeBehaviour = ({ response }) => void response.writeHead(200).end("x".repeat(300));
    const { call } = await serve(openaiDialect, garbage);
    expect(failedUsageOf(await failure(call()))?.usage.outputTokens).toBe(100);
    expect(failedUsageOf(await failure(call({ maxOutputTokens: 20 })))?.usage.outputTokens).toBe(20);
  });

  test("that nobody takes costs nothing", async () => {
    const { call } = await serve(openaiDialect);
    const error = await failure(call({}, { target: { baseUrl: "http://127.0.0.1:1/v1" } }));
    expect(error).toMatchObject({ code: "UPSTREAM_FAILED", retryable: true });
    expect(failedUsageOf(error)).toBeUndefined();
  });

  test("that was aborted before it began asks nobody", async () => {
    const { call, requests } = await serve(openaiDialect);
    expect(await failure(call({}, { signal: AbortSignal.abort() }))).toMatchObject({ code: "CANCELED" });
    expect(requests).toEqual([]);
  });

  test("takes the key that the environment has now", async () => {
    const { target, requests } = await serve(openaiDialect);
    const env: Record<string, string> = { MY_KEY: "first" };
    const caller = createTargetCaller({ env });
    await caller.call(target, QUESTION, { signal: NEVER });
    env["MY_KEY"] = "second";
    await caller.call(target, QUESTION, { signal: NEVER });
    delete env["MY_KEY"];
    expect(await failure(caller.call(target, QUESTION, { signal: NEVER }))).toMatchObject({
      code: "MODEL_NOT_CONFIGURED",
      message: expect.stringContaining("set MY_KEY"),
    });
    expect(requests.map(({ headers }) => headers.authorization)).toEqual(["Bearer first", "Bearer second"]);
  });

  test("knows of each call by itself whether it was sent, also where many share a target", async () => {
    const { call, arrived } = await serve(openaiDialect, hanging(), answering({ text: "ok" }));
    const controller = new AbortController();
    const hung = failure(call({}, { signal: controller.signal }));
    await arrived(1);
    const refused = failure(call({}, { target: { baseUrl: "http://127.0.0.1:1/v1" } }));
    expect((await call()).response.text).toBe("ok");
    controller.abort();
    expect(failedUsageOf(await hung)).toBeDefined();
    expect(failedUsageOf(await refused)).toBeUndefined();
  });

  test("has no more tokens than its bound, whatever is in it", () => {
    const request: ModelRequest = { messages: [{ role: "user", content: "Zürich ☀" }], tools: [weather], output: {} };
    expect(boundOf(QUESTION)).toBe(2 + 64 + 16);
    expect(boundOf(request)).toBeGreaterThan(Buffer.byteLength(JSON.stringify(weather.inputJsonSchema)) + 1024);
  });
});

describe("vectors", () => {
  test.each([openaiDialect, ollamaDialect])("of $name come in the order of the texts", async (dialect) => {
    const { caller, target, requests } = await serve(dialect);
    const { vectors, usage } = await caller.embed(target, ["a", "four"], { signal: NEVER, tenantId: "acme" });
    expect(vectors).toEqual([
      [1, 0.5, -1],
      [4, 0.5, -1],
    ]);
    expect(usage).toEqual({ inputTokens: 4, outputTokens: 0 });
    expect(requests.map(({ path }) => path)).toEqual(["/v1/embeddings"]);
  });

  test("of more texts than are taken at once come in several requests", async () => {
    const { caller, target, requests } = await serve(openaiDialect);
    const texts = Array.from({ length: 2049 }, (_, index) => "x".repeat(index % 7));
    const { vectors, usage } = await caller.embed(target, texts, { signal: NEVER, tenantId: "acme" });
    expect([vectors.length, requests.length, usage.inputTokens]).toEqual([2049, 2, 4098]);
  });

  test("that are not one for each text are refused", async () => {
    const { caller, target } = await serve({ ...openaiDialect, embeddings: () => openaiDialect.embeddings?.(["a"]) });
    const error = await failure(caller.embed(target, ["a", "b"], { signal: NEVER, tenantId: "acme" }));
    expect(error).toMatchObject({ code: "UPSTREAM_FAILED", message: expect.stringContaining("1 vectors came for 2") });
    expect(failedUsageOf(error)?.usage).toEqual({ inputTokens: 1, outputTokens: 0, estimated: true });
  });

  test("are not to be had of Anthropic", async () => {
    const { caller, target } = await serve(anthropicDialect);
    expect(await failure(caller.embed(target, ["a"], { signal: NEVER, tenantId: "acme" }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      retryable: false,
    });
  });
});
