import { PlatformError } from "@agentcore/contract";
import type { ListedModel } from "@agentcore/models";
import { describe, expect, test } from "vitest";
import { createFixture, describeAgent, readSse } from "../../../test/gateway/gateway-fixture.ts";
import { answer, createScriptedGateway, never, type Script } from "../../../test/gateway/scripted-gateway.ts";
import type { GatewayDeps } from "../deps/gateway-deps.ts";
import { parseApiKeys } from "../http/parse-api-keys.ts";

const CHAT = "/v1/chat/completions";
const RESPONSES = "/v1/responses";
const user = (content: unknown) => ({ role: "user", content });

const start = (script: Script = {}, more: Partial<GatewayDeps> = {}) => {
  const models = createScriptedGateway(script);
  const fixture = createFixture({ models: models.models, ...more });
  const chat = (body: object, headers: Record<string, string> = {}) =>
    fixture.post(CHAT, { model: "smart", messages: [user("hi")], ...body }, headers);
  return { ...fixture, ...models, chat };
};

/** All `data` of a stream, as text. */
const dataOf = async (response: Response): Promise<string[]> =>
  (await response.text())
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => line.slice(6));

describe("a chat completion", () => {
  test("is asked of the gateway as the caller, and answered with usage, price and the model that answered", async () => {
    const node = start({ generate: () => answer("Hello, Ada", { costUsd: 0.002, cache: "memory" }) });
    const response = await node.chat({
      messages: [
        { role: "developer", content: "Be brief" },
        user([
          { type: "text", text: "hi" },
          { type: "text", text: "there" },
        ]),
      ],
      ...{ temperature: 0.2, top_p: 0.9, stop: "END", seed: 4, max_tokens: 9, max_completion_tokens: 50 },
      ...{ service_tier: "priority", user: "somebody", reasoning_effort: "low", n: 1, presence_penalty: 0 },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      ...{ id: expect.stringMatching(/^chatcmpl-[0-9a-f]{32}$/), object: "chat.completion", created: 1_760_000_000 },
      model: "openai/gpt-5-mini",
      choices: [
        {
          ...{ index: 0, logprobs: null, finish_reason: "stop" },
          message: { role: "assistant", content: "Hello, Ada", refusal: null },
        },
      ],
      usage: {
        ...{ prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
        prompt_tokens_details: { cached_tokens: 2 },
        completion_tokens_details: { reasoning_tokens: 1 },
      },
      agentcore: { costUsd: 0.002, cache: "memory" },
    });
    expect(node.asked[0]?.request).toEqual({
      ...{ model: "smart", temperature: 0.2, topP: 0.9, stop: ["END"], seed: 4, maxOutputTokens: 50 },
      messages: [
        { role: "system", content: "Be brief" },
        { role: "user", content: "hi\nthere" },
      ],
    });
    expect(node.asked[0]?.call).toMatchObject({
      ...{ tenantId: "default", caller: "local", agent: "", labels: {}, priority: "high" },
      id: expect.stringMatching(/^door:/),
    });
    expect(node.asked[0]?.call.task).toBeUndefined();
  });

  test("offers tools, tells of their calls, and takes their results", async () => {
    const calls = [{ id: "c1", name: "weather", input: { city: "Oslo" } }];
    const node = start({
      generate: ({ messages }) =>
        messages.at(-1)?.role === "tool"
          ? answer("Rain")
          : answer("", { toolCalls: calls, finishReason: "tool-calls" }),
    });
    const parameters = { type: "object", properties: { city: { type: "string" } } };
    const tools = [{ type: "function", function: { name: "weather", description: "Of a city", parameters } }];
    const tool_choice = { type: "function", function: { name: "weather" } };
    const asked = await (await node.chat({ tools, tool_choice })).json();
    const { message, finish_reason } = asked.choices[0];
    expect([message.content, finish_reason]).toEqual([null, "tool_calls"]);
    expect(message.tool_calls).toEqual([
      { id: "c1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } },
    ]);
    const [{ request } = { request: undefined }] = node.asked;
    expect(request?.toolChoice).toEqual({ name: "weather" });
    expect(request?.tools?.[0]).toMatchObject({
      name: "weather",
      description: "Of a city",
      inputJsonSchema: parameters,
    });
    const result = { role: "tool", tool_call_id: "c1", content: "6 degrees" };
    const told = await node.chat({ messages: [user("hi"), message, result], tools });
    expect((await told.json()).choices[0].message.content).toBe("Rain");
    expect(node.asked[1]?.request.messages.slice(1)).toEqual([
      { role: "assistant", content: "", toolCalls: calls },
      { role: "tool", content: "6 degrees", toolCallId: "c1", toolName: "weather" },
    ]);
  });

  test("asks for JSON, of a schema if there is one", async () => {
    const node = start();
    await node.chat({ response_format: { type: "json_object" } });
    const schema = { type: "object" };
    await node.chat({
      response_format: { type: "json_schema", json_schema: { name: "loan", strict: true, schema } },
    });
    expect(node.asked.map(({ request }) => request.output)).toEqual([{}, { name: "loan", schema }]);
  });

  test.each([
    [{ messages: [] }, "messages"],
    [{ messages: [user([{ type: "image_url", image_url: { url: "x" } }])] }, "messages[0].content[0].type"],
    [{ messages: [user([{ type: "text", text: "a" }, { type: "input_audio" }])] }, "messages[0].content[1].type"],
    [{ messages: [user([{ type: "text", text: "a" }, { type: "file" }])] }, "messages[0].content[1].type"],
    [{ messages: [user(7)] }, "messages[0].content"],
    [{ messages: [{ role: "function", name: "f", content: "x" }] }, "messages[0].role"],
    [{ messages: [user("a"), { role: "tool", tool_call_id: "no", content: "x" }] }, "messages[1].tool_call_id"],
    [{ n: 2 }, "n"],
    [{ logprobs: true }, "logprobs"],
    [{ presence_penalty: 0.5 }, "presence_penalty"],
    [{ logit_bias: { 50256: -100 } }, "logit_bias"],
    [{ functions: [{ name: "f" }] }, "functions"],
    [{ modalities: ["text", "audio"] }, "modalities"],
    [{ parallel_tool_calls: false }, "parallel_tool_calls"],
    [{ tools: [{ type: "web_search" }] }, "tools[0].type"],
    [{ stop: ["a", "b", "c", "d", "e"] }, "stop"],
    [{ temperature: 3 }, "temperature"],
    [{ max_tokens: 0 }, "max_tokens"],
    [{ model: "" }, "model"],
    [{ agentcore: { taskId: "task-1" } }, "agentcore"],
  ])("%j is refused, and says where, before any model is asked", async (body, param) => {
    const node = start();
    const response = await node.chat(body);
    expect(response.status).toBe(400);
    const { error } = await response.json();
    expect(error).toMatchObject({ type: "invalid_request_error", param, agentcore: { code: "INVALID_ARGUMENT" } });
    expect(node.asked).toEqual([]);
  });

  test.each([0, 1.5, 10_000_001])("says which bounds of output there are, to one of %d", async (bound) => {
    const { error } = await (await start().chat({ max_tokens: bound })).json();
    expect(error.message).toContain("max_tokens: expected a whole number from 1 to 10000000");
  });

  test("has 2,000 messages at most", async () => {
    const node = start();
    const messages = Array.from({ length: 2001 }, () => user("a"));
    expect((await (await node.chat({ messages })).json()).error.param).toBe("messages");
    expect((await node.chat({ messages: messages.slice(1) })).status).toBe(200);
  });

  test("is streamed as the text comes, with usage at the end if it is wanted", async () => {
    const node = start({
      async generate(_, { onText }) {
        onText?.("Hel", true);
        onText?.("lo", false);
        return answer("Hello", { toolCalls: [{ id: "c", name: "f", input: "not json" }], finishReason: "length" });
      },
    });
    const response = await node.chat({ stream: true, stream_options: { include_usage: true } });
    expect(response.headers.get("content-type")).toBe("text/event-stream");
    const data = await dataOf(response);
    expect(data.at(-1)).toBe("[DONE]");
    const chunks = data.slice(0, -1).map((each) => JSON.parse(each));
    expect(chunks.flatMap(({ choices }) => choices.map(({ delta }: { delta: object }) => delta))).toEqual([
      { role: "assistant", content: "" },
      { content: "Hello" },
      { tool_calls: [{ index: 0, id: "c", type: "function", function: { name: "f", arguments: "not json" } }] },
      {},
    ]);
    expect(chunks.at(-2)).toMatchObject({ choices: [{ finish_reason: "length" }], model: "openai/gpt-5-mini" });
    expect(chunks.at(-1)).toMatchObject({ choices: [], usage: { total_tokens: 10 } });
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true);
  });

  test("that was kept, and does not stream, is told whole", async () => {
    const data = await dataOf(await start().chat({ stream: true }));
    expect(data.filter((each) => each.includes('"content":"hello"'))).toHaveLength(1);
    expect(data.some((each) => each.includes('"usage"'))).toBe(false);
  });
});

describe("errors", () => {
  test.each([
    ["MODEL_NOT_CONFIGURED", 404, "invalid_request_error", "model_not_found", "false"],
    ["BUDGET_EXCEEDED", 429, "insufficient_quota", "insufficient_quota", "false"],
    ["OVERLOADED", 429, "rate_limit_error", "rate_limit_exceeded", "true"],
    ["UPSTREAM_FAILED", 502, "server_error", "upstream_failed", "true"],
    ["DEADLINE_EXCEEDED", 504, "server_error", "deadline_exceeded", "false"],
  ] as const)("%s is %i in OpenAI's words", async (code, status, type, word, retry) => {
    const retries = retry === "true" ? { retryAfterMs: 61_000 } : {};
    const node = start({ generate: () => Promise.reject(new PlatformError(code, "why", retries)) });
    for (const stream of [false, true]) {
      const response = await node.chat({ stream });
      expect(response.status).toBe(status);
      expect(response.headers.get("retry-after")).toBe(retry === "true" ? "61" : null);
      expect(response.headers.get("x-should-retry")).toBe(retry);
      expect(await response.json()).toEqual({
        error: { message: "why", type, param: null, code: word, agentcore: { code } },
      });
    }
  });

  test.each([
    ["CONFIG_INVALID", {}, { status: 400, type: "invalid_request_error", word: "config_invalid", param: "model" }],
    ["NOT_INSTALLED", {}, { status: 400, type: "invalid_request_error", word: "not_installed", param: "model" }],
    ["RECORDING_MISSING", {}, { status: 400, type: "invalid_request_error", word: "recording_missing", param: null }],
    ["TOO_LARGE", {}, { status: 413, type: "invalid_request_error", word: "too_large", param: null }],
    ["TOO_LARGE", { of: "answer" }, { status: 502, type: "server_error", word: "answer_too_large", param: null }],
  ] as const)("%s with %j is no failure that time would mend: %j", async (code, details, expected) => {
    const { status, type, word, param } = expected;
    const node = start({ generate: () => Promise.reject(new PlatformError(code, "why", { details })) });
    const response = await node.chat({});
    expect([response.status, response.headers.get("x-should-retry")]).toEqual([status, "false"]);
    expect(await response.json()).toEqual({
      error: { message: "why", type, param, code: word, agentcore: { code } },
    });
    expect(node.asked).toHaveLength(1);
  });

  test.each([
    [61_000, "61"],
    // As nobody said when: a while.
    [undefined, "10"],
  ])("a provider's limit is one here too, and says when to come back", async (retryAfterMs, told) => {
    const limit = new PlatformError("UPSTREAM_FAILED", "takes no more calls of this node", {
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      details: { status: 429 },
    });
    const node = start({ generate: () => Promise.reject(limit) });
    const response = await node.chat({});
    expect([response.status, response.headers.get("retry-after"), response.headers.get("x-should-retry")]).toEqual([
      ...[429, told, "true"],
    ]);
    expect((await response.json()).error).toMatchObject({
      ...{ type: "rate_limit_error", code: "rate_limit_exceeded", agentcore: { code: "UPSTREAM_FAILED" } },
    });
  });

  test.each([7, [], "text", null])("the body %j is no object, and has no place to name", async (body) => {
    const response = await start().post(CHAT, body);
    expect(response.status).toBe(400);
    expect((await response.json()).error.param).toBeNull();
  });

  test("the sums of a budget are told to operators, and to nobody else", async () => {
    const keys = parseApiKeys([
      "the-operator-of-default caller=root role=operator",
      "ann-may-use-all-models caller=ann scopes=models:use",
    ]);
    const exceeded = new PlatformError("BUDGET_EXCEEDED", "budget desk has too little left", {
      details: {
        ...{ budget: "desk", model: "smart", measure: "usd" },
        ...{ limit: 5_000_000_000, spent: 4_990_000_000, reserved: 0, asked: 50_000_000 },
      },
    });
    const node = start({ generate: () => Promise.reject(exceeded) }, { apiKeys: keys });
    for (const stream of [false, true]) {
      const told = async (key: string) =>
        (await (await node.chat({ stream }, { authorization: `Bearer ${key}` })).json()).error;
      expect(await told("the-operator-of-default")).toMatchObject({
        message:
          "budget desk has too little left (budget desk: $4.99 of $5.00 spent, and this call of smart may cost $0.05)",
        code: "insufficient_quota",
      });
      expect(await told("ann-may-use-all-models")).toEqual({
        ...{ message: "budget desk has too little left", type: "insufficient_quota", param: null },
        ...{ code: "insufficient_quota", agentcore: { code: "BUDGET_EXCEEDED" } },
      });
    }
  });

  test("a defect shows no more than its id", async () => {
    const node = start({ generate: () => Promise.reject(new Error("secret detail")) });
    const body = await (await node.chat({ model: "smart", temperature: 0 })).text();
    expect(body).not.toContain("secret");
    expect(body).toContain("internal error");
    expect(node.errors).toHaveLength(1);
  });

  test("of a passing kind are waited out and asked again, as the same call", async () => {
    let tries = 0;
    const node = start({
      generate() {
        tries += 1;
        if (tries < 3) throw new PlatformError("UPSTREAM_FAILED", "busy", { retryAfterMs: 1 });
        return answer("at last");
      },
    });
    expect((await (await node.chat({})).json()).choices[0].message.content).toBe("at last");
    expect(new Set(node.asked.map(({ call }) => call.id)).size).toBe(1);
    expect(node.asked).toHaveLength(3);
  });

  test("after the first text end the stream with an error, and nothing is told twice", async () => {
    const node = start({
      async generate(_, { onText }) {
        onText?.("One", true);
        await Promise.resolve();
        onText?.("Another", true);
        throw new PlatformError("CANCELED", "aborted");
      },
    });
    const data = await dataOf(await node.chat({ stream: true }));
    expect(data.join("")).not.toContain("Another");
    expect(JSON.parse(data.at(-2) ?? "")).toMatchObject({ error: { code: "upstream_failed", type: "server_error" } });
    expect(data.at(-1)).toBe("[DONE]");
    expect(node.asked).toHaveLength(1);
  });

  test("of a passing kind are not waited out once something was told", async () => {
    const node = start({
      async generate(_, { onText }) {
        onText?.("One", true);
        throw new PlatformError("UPSTREAM_FAILED", "cut", { retryAfterMs: 1 });
      },
    });
    const data = await dataOf(await node.chat({ stream: true }));
    expect(JSON.parse(data.at(-2) ?? "").error.message).toBe("cut");
    expect(node.asked).toHaveLength(1);
  });

  test("a node without models has none", async () => {
    const fixture = createFixture();
    const response = await fixture.post(CHAT, { model: "smart", messages: [user("hi")] });
    expect([response.status, (await response.json()).error.code]).toEqual([404, "model_not_found"]);
  });
});

describe("who goes away", () => {
  test("breaks a call off", async () => {
    let signal: AbortSignal | undefined;
    const asked = Promise.withResolvers<void>();
    const node = start({
      generate(_, call) {
        signal = call.signal;
        asked.resolve();
        return never(call);
      },
    });
    const client = new AbortController();
    const body = JSON.stringify({ model: "smart", messages: [user("hi")] });
    const headers = { "content-type": "application/json" };
    const answered = node.call(CHAT, { method: "POST", headers, body, signal: client.signal });
    await asked.promise;
    client.abort();
    expect((await answered).status).toBe(503);
    expect(signal?.aborted).toBe(true);
  });

  test("from a stream breaks its call off", async () => {
    const broken = Promise.withResolvers<void>();
    const node = start({
      async generate(_, call) {
        call.onText?.("One", true);
        call.signal.addEventListener("abort", () => broken.resolve());
        return never(call);
      },
    });
    const stream = readSse(await node.chat({ stream: true }));
    await stream.next();
    await stream.cancel();
    await broken.promise;
  });

  test("leaves no place taken", async () => {
    const node = start({ generate: (_, call) => never(call) }, { settings: { maxWaitsPerCaller: 1, heartbeatMs: 5 } });
    const first = await node.chat({ stream: true });
    const refused = await node.chat({});
    expect([refused.status, (await refused.json()).error.code]).toEqual([429, "rate_limit_exceeded"]);
    await first.body?.cancel();
    const second = await node.chat({ stream: true });
    expect(second.status).toBe(200);
    await second.body?.cancel();
  });

  test("a silent model keeps the connection with comments", async () => {
    const node = start({ generate: (_, call) => never(call) }, { settings: { heartbeatMs: 5 } });
    const stream = readSse(await node.chat({ stream: true }));
    expect(await stream.next()).toEqual({ comment: "heartbeat" });
    await stream.cancel();
  });

  test("who reads too slowly loses the rest, and the node does not hold it", async () => {
    const piece = "x".repeat(64 * 1024);
    let told = 0;
    const node = start({
      async generate(_, call) {
        for (; told < 100 && !call.signal.aborted; told += 1) call.onText?.(piece, told === 0);
        return call.signal.aborted ? never(call) : answer(piece.repeat(100));
      },
    });
    const data = await dataOf(await node.chat({ stream: true }));
    expect(told).toBeLessThan(10);
    expect(JSON.parse(data.at(-2) ?? "").error.code).toBe("rate_limit_exceeded");
  });

  test("calls end when the node does", async () => {
    const node = start({ generate: (_, call) => never(call) }, { settings: { heartbeatMs: 5 } });
    const stream = await node.chat({ stream: true });
    const whole = node.chat({});
    node.gateway.drain();
    node.gateway.close();
    expect((await whole).status).toBe(503);
    await stream.text();
    expect((await node.chat({})).status).toBe(503);
  });
});

describe("keys", () => {
  const keys = parseApiKeys([
    "ann-may-use-all-models caller=ann scopes=models:use",
    "bob-may-use-only-one caller=bob scopes=models:use:smart,models:use:openai/*",
    "eve-may-use-no-model caller=eve",
    "mia-of-another-tenant caller=mia tenant=other scopes=models:use",
    "the-operator-of-default caller=root role=operator",
  ]);
  const as = (key: string) => ({ authorization: `Bearer ${key}` });
  const listed: readonly ListedModel[] = [
    { name: "smart", declaredBy: "manifest", provider: "openai", model: "gpt-5", trouble: null, contextWindow: 9 },
    { name: "local", declaredBy: "manifest", provider: "ollama", model: "llama", trouble: "no host answers" },
    { name: "openai/…", declaredBy: "environment", provider: "openai", trouble: null },
  ];
  const node = () =>
    start({ list: (tenantId) => (tenantId === "default" ? listed : []) }, { apiKeys: keys, models: undefined });
  const withModels = () => {
    const models = createScriptedGateway({ list: (tenantId) => (tenantId === "default" ? listed : []) });
    return { ...createFixture({ apiKeys: keys, models: models.models }), ...models };
  };
  const ask = (fixture: ReturnType<typeof withModels>, key: string, model: string) =>
    fixture.post(CHAT, { model, messages: [user("hi")] }, as(key));

  test("are asked for, in OpenAI's words", async () => {
    const response = await node().post(CHAT, {});
    expect(response.status).toBe(401);
    expect((await response.json()).error).toMatchObject({ type: "authentication_error", code: "invalid_api_key" });
  });

  test("are good for the models that their scopes name", async () => {
    const fixture = withModels();
    const statuses = async (key: string) =>
      Promise.all(
        ["smart", "local", "openai/gpt-5-mini"].map(async (model) => (await ask(fixture, key, model)).status),
      );
    expect(await statuses("ann-may-use-all-models")).toEqual([200, 200, 200]);
    expect(await statuses("the-operator-of-default")).toEqual([200, 200, 200]);
    expect(await statuses("bob-may-use-only-one")).toEqual([200, 403, 200]);
    expect(await statuses("eve-may-use-no-model")).toEqual([403, 403, 403]);
    expect(fixture.asked.filter(({ call }) => call.caller === "bob")).toHaveLength(2);
    const refused = await ask(fixture, "eve-may-use-no-model", "smart");
    expect(refused.headers.get("www-authenticate")).toContain('scope="models:use"');
    const embedding = await fixture.post("/v1/embeddings", { model: "local", input: "a" }, as("bob-may-use-only-one"));
    expect(embedding.status).toBe(403);
  });

  test("see what they may name, of their tenant", async () => {
    const fixture = withModels();
    const ids = async (key: string) =>
      (await (await fixture.get("/v1/models", as(key))).json()).data.map(({ id }: { id: string }) => id);
    expect(await ids("ann-may-use-all-models")).toEqual(["smart", "local", "agent/echo"]);
    expect(await ids("bob-may-use-only-one")).toEqual(["smart", "agent/echo"]);
    expect(await ids("eve-may-use-no-model")).toEqual(["agent/echo"]);
    expect(await ids("mia-of-another-tenant")).toEqual([]);
    const names = async (key: string) =>
      (await (await fixture.get("/api/v1/models", as(key))).json()).models.map(({ name }: { name: string }) => name);
    expect(await names("ann-may-use-all-models")).toEqual(["smart", "local", "openai/…"]);
    expect(await names("bob-may-use-only-one")).toEqual(["smart", "openai/…"]);
    expect(await names("mia-of-another-tenant")).toEqual([]);
  });

  test("of one tenant reach neither models nor agents of another", async () => {
    const fixture = withModels();
    const asked = await ask(fixture, "mia-of-another-tenant", "smart");
    expect(asked.status).toBe(200);
    expect(fixture.asked[0]?.call).toMatchObject({ tenantId: "other", caller: "mia" });
    const agent = await ask(fixture, "mia-of-another-tenant", "agent/echo");
    expect([agent.status, (await agent.json()).error.code]).toEqual([404, "model_not_found"]);
    expect(fixture.tasks.tasks.size).toBe(0);
    for (const id of ["smart", "agent/echo", "agent%2Fecho"])
      expect((await fixture.get(`/v1/models/${id}`, as("mia-of-another-tenant"))).status).toBe(404);
  });

  test("one model is read by its name, with its slash as it is or not", async () => {
    const fixture = withModels();
    const read = async (id: string) =>
      (await (await fixture.get(`/v1/models/${id}`, as("ann-may-use-all-models"))).json()).id;
    expect(
      await Promise.all(["smart", "openai/gpt-5", "openai%2Fgpt-5", "agent/echo", "agent%2Fecho"].map(read)),
    ).toEqual(["smart", "openai/gpt-5", "openai/gpt-5", "agent/echo", "agent/echo"]);
    expect((await fixture.get("/v1/models/mistral/large", as("ann-may-use-all-models"))).status).toBe(404);
    expect(await (await fixture.get("/v1/models/local", as("ann-may-use-all-models"))).json()).toEqual({
      ...{ id: "local", object: "model", created: 0, owned_by: "ollama" },
      agentcore: { kind: "model", trouble: "no host answers" },
    });
  });

  test("without any, other web sites are kept out of the doors too", async () => {
    const fixture = start();
    const response = await fixture.chat({}, { origin: "https://evil.example" });
    expect(response.status).toBe(403);
    expect(fixture.asked).toEqual([]);
  });
});

describe("embeddings", () => {
  test("are vectors, as numbers or as bytes", async () => {
    const node = start();
    const floats = await (await node.post("/v1/embeddings", { model: "small", input: ["a", "bcd"] })).json();
    expect(floats).toEqual({
      object: "list",
      data: [
        { object: "embedding", index: 0, embedding: [1, 0.5] },
        { object: "embedding", index: 1, embedding: [3, 0.5] },
      ],
      model: "openai/small",
      usage: { prompt_tokens: 2, total_tokens: 2 },
      agentcore: { costUsd: 0.25 },
    });
    const bytes = await (
      await node.post("/v1/embeddings", { model: "small", input: "ab", encoding_format: "base64" })
    ).json();
    const buffer = Buffer.from(bytes.data[0].embedding, "base64");
    expect([buffer.readFloatLE(0), buffer.readFloatLE(4)]).toEqual([2, 0.5]);
    expect(node.embedded[1]?.request).toEqual({ model: "small", texts: ["ab"] });
  });

  test.each([
    [{ input: [] }, "input"],
    [{ input: "" }, "input[0]"],
    [{ input: [[1, 2]] }, "input[0]"],
    [{ input: [1, 2] }, "input[0]"],
    [{ input: "a", dimensions: 256 }, "dimensions"],
    [{ input: "a", encoding_format: "int8" }, "encoding_format"],
    [{ input: "a", model: "agent/echo" }, "model"],
  ])("%j is refused", async (body, param) => {
    const node = start();
    const response = await node.post("/v1/embeddings", { model: "small", ...body });
    expect([response.status, (await response.json()).error.param]).toEqual([400, param]);
    expect(node.embedded).toEqual([]);
  });
});

test("as many texts as a model takes get a vector, and no more", async () => {
  const node = start();
  const input = Array.from({ length: 2049 }, () => "a");
  expect((await node.post("/v1/embeddings", { model: "small", input })).status).toBe(400);
  expect((await node.post("/v1/embeddings", { model: "small", input: input.slice(1) })).status).toBe(200);
});

describe("a response", () => {
  const ask = (node: ReturnType<typeof start>, body: object) =>
    node.post(RESPONSES, { model: "smart", input: "hi", ...body });

  test("takes text or items, instructions, tools and a form, and keeps nothing", async () => {
    const node = start({
      generate: () => answer("Rain", { toolCalls: [{ id: "c2", name: "f", input: { a: 1 } }], finishReason: "length" }),
    });
    const parameters = { type: "object" };
    const response = await ask(node, {
      instructions: "Be brief",
      input: [
        user("hi"),
        { type: "reasoning", id: "rs_1", summary: [] },
        { type: "message", role: "assistant", content: [{ type: "output_text", text: "Let me see", annotations: [] }] },
        { type: "function_call", call_id: "c1", name: "f", arguments: '{"a":1}' },
        { type: "function_call_output", call_id: "c1", output: "6" },
        { role: "developer", content: [{ type: "input_text", text: "now" }] },
      ],
      tools: [{ type: "function", name: "f", parameters, strict: true }],
      ...{ tool_choice: { type: "function", name: "f" }, max_output_tokens: 20, store: false, truncation: "disabled" },
      text: { format: { type: "json_schema", name: "loan", schema: parameters } },
      metadata: { key: "value" },
    });
    const id = expect.stringMatching(/^(resp|msg|fc)_/);
    expect(await response.json()).toMatchObject({
      ...{ id, object: "response", status: "incomplete", incomplete_details: { reason: "max_output_tokens" } },
      ...{ model: "openai/gpt-5-mini", store: false, previous_response_id: null, metadata: { key: "value" } },
      output: [
        { id, type: "message", role: "assistant", content: [{ type: "output_text", text: "Rain" }] },
        { id, type: "function_call", call_id: "c2", name: "f", arguments: '{"a":1}' },
      ],
      usage: { input_tokens: 7, output_tokens: 3, total_tokens: 10, output_tokens_details: { reasoning_tokens: 1 } },
    });
    expect(node.asked[0]?.request).toMatchObject({
      ...{ toolChoice: { name: "f" }, maxOutputTokens: 20, output: { name: "loan", schema: parameters } },
      messages: [
        { role: "system", content: "Be brief" },
        { role: "user", content: "hi" },
        { role: "assistant", content: "Let me see", toolCalls: [{ id: "c1", name: "f", input: { a: 1 } }] },
        { role: "tool", content: "6", toolCallId: "c1", toolName: "f" },
        { role: "system", content: "now" },
      ],
    });
  });

  test("is streamed in numbered events", async () => {
    const node = start({
      async generate(_, { onText }) {
        onText?.("Ra", true);
        await new Promise((resolve) => setImmediate(resolve));
        onText?.("in", false);
        return answer("Rain", { toolCalls: [{ id: "c", name: "f", input: {} }], finishReason: "tool-calls" });
      },
    });
    const events = (await dataOf(await ask(node, { stream: true }))).map((each) => JSON.parse(each));
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, index) => index));
    const deltas = events.filter(({ type }) => type === "response.output_text.delta").map(({ delta }) => delta);
    expect(deltas.join("")).toBe("Rain");
    expect([...new Set(events.map(({ type }) => type))]).toEqual([
      ...["response.created", "response.in_progress", "response.output_item.added", "response.content_part.added"],
      ...["response.output_text.delta", "response.output_text.done", "response.content_part.done"],
      ...["response.output_item.done", "response.function_call_arguments.delta"],
      ...["response.function_call_arguments.done", "response.completed"],
    ]);
    expect(events.at(-1).response).toMatchObject({
      status: "completed",
      output: [{ type: "message" }, { type: "function_call" }],
      usage: { total_tokens: 10 },
    });
  });

  test("that fails once it has begun says so in an event", async () => {
    const node = start({
      async generate(_, { onText }) {
        onText?.("Ra", true);
        throw new PlatformError("UPSTREAM_FAILED", "cut", { retryable: false });
      },
    });
    const events = (await dataOf(await ask(node, { stream: true }))).map((each) => JSON.parse(each));
    expect(events.at(-1)).toMatchObject({
      type: "response.failed",
      response: { status: "failed", error: { code: "upstream_failed", message: "cut" } },
    });
  });

  test.each([
    [{ store: true }, "store"],
    [{ previous_response_id: "resp_1" }, "previous_response_id"],
    [{ conversation: { id: "conv_1" } }, "conversation"],
    [{ background: true }, "background"],
    [{ truncation: "auto" }, "truncation"],
    [{ tools: [{ type: "web_search_preview" }] }, "tools[0].type"],
    [{ input: [] }, "input"],
    [{ input: [{ type: "item_reference", id: "x" }] }, "input[0].type"],
    [{ input: [{ role: "user", content: [{ type: "input_image", image_url: "x" }] }] }, "input[0].content[0].type"],
    [{ input: [{ type: "function_call_output", call_id: "c", output: "x" }] }, "input[0].call_id"],
  ])("%j is refused: what it would need is not there", async (body, param) => {
    const node = start();
    const response = await ask(node, body);
    expect(response.status).toBe(400);
    expect((await response.json()).error.param).toBe(param);
    expect(node.asked).toEqual([]);
  });
});

describe("an agent", () => {
  const agents = [describeAgent("echo"), describeAgent("loan", { scopes: ["loan:write"] })];
  const fixture = (more: Partial<GatewayDeps> = {}) => {
    const node = createFixture(more, agents);
    const ask = (text: string, body: object = {}, headers: Record<string, string> = {}) =>
      node.post(CHAT, { model: "agent/echo", messages: [user(text)], ...body }, headers);
    return { ...node, ask };
  };

  test("answers by a task of the caller, with the text of the last message", async () => {
    const node = fixture();
    const response = await node.ask("hello", { service_tier: "flex", temperature: 0.3 });
    expect(response.headers.get("agentcore-task-id")).toBe("task-1");
    expect(await response.json()).toMatchObject({
      model: "agent/echo",
      choices: [{ message: { role: "assistant", content: "hello" }, finish_reason: "stop" }],
      agentcore: { taskId: "task-1", contextId: "context-of-task-1", state: "completed" },
    });
    expect(node.tasks.tasks.get("task-1")).toMatchObject({
      agent: "echo",
      priority: "low",
      scope: { caller: "local" },
    });
  });

  test("is told of the conversation beside the last message", async () => {
    const node = fixture();
    await node.ask("", { messages: [user("I am Ada"), { role: "assistant", content: "Hi" }, user("who am I?")] });
    const [submitted] = node.tasks.tasks.get("task-1")?.events ?? [];
    expect(submitted?.data).toMatchObject({
      input: "who am I?",
      message: {
        metadata: {
          "https://agentcore.dev/openai/messages": [
            { role: "user", content: "I am Ada" },
            { role: "assistant", content: "Hi" },
            { role: "user", content: "who am I?" },
          ],
        },
      },
    });
  });

  test("that takes no text is given the JSON that it is, or the conversation", async () => {
    const node = fixture();
    const { submit } = node.tasks;
    const inputs: unknown[] = [];
    node.tasks.submit = async (scope, request) => {
      const [{ text, data } = {}] = request.message?.parts ?? [];
      inputs.push(data ?? text);
      if (text !== undefined) throw new PlatformError("INVALID_ARGUMENT", "the input is not valid: expected an object");
      return submit.call(node.tasks, scope, request);
    };
    expect((await node.ask('{"amount":5}')).status).toBe(200);
    expect((await node.ask("five", {}, { "idempotency-key": "k" })).status).toBe(200);
    expect((await node.ask("five", {}, { "idempotency-key": "k" })).status).toBe(200);
    expect(inputs.slice(0, 4)).toEqual([
      ...['{"amount":5}', { amount: 5 }, "five", { messages: [{ role: "user", content: "five" }] }],
    ]);
    expect(node.tasks.tasks.size).toBe(2);
  });

  test("that asks ends the answer with its question, and goes on with the answer to it", async () => {
    const node = fixture();
    const asked = await (await node.ask("ask")).json();
    expect(asked).toMatchObject({
      choices: [{ message: { content: "Which one?" }, finish_reason: "stop" }],
      agentcore: { taskId: "task-1", state: "input-required" },
    });
    const told = await node.ask("the blue one", { agentcore: { taskId: "task-1" } });
    expect(await told.json()).toMatchObject({
      choices: [{ message: { content: "the blue one" } }],
      agentcore: { taskId: "task-1", state: "completed" },
    });
  });

  test("streams its artifacts as they are appended, and of its output what they have not said", async () => {
    const node = fixture();
    const response = await node.ask("hold", { stream: true });
    expect(response.headers.get("agentcore-task-id")).toBe("task-1");
    const append = (text: string, append: boolean, artifactId = "draft") =>
      node.tasks.append("task-1", {
        type: "artifact.appended",
        data: {
          ...{ path: "a", kind: "artifact", append, lastChunk: false },
          artifact: { artifactId, parts: [{ text }] },
        },
      });
    append("one ", false);
    append("two ", true);
    node.tasks.append("task-1", { type: "task.completed", data: { output: "one two three" } });
    const data = await dataOf(response);
    const chunks = data.slice(0, -1).map((each) => JSON.parse(each));
    expect(chunks.map(({ choices }) => choices[0].delta.content ?? "").join("")).toBe("one two three");
    expect(chunks.at(-1)).toMatchObject({
      choices: [{ finish_reason: "stop" }],
      agentcore: { taskId: "task-1", state: "completed" },
    });
    expect(data.at(-1)).toBe("[DONE]");
  });

  test("says what was streamed into its artifacts as it was written, however it came in pieces", async () => {
    const node = fixture();
    const asked = node.ask("hold");
    await expect.poll(() => node.tasks.tasks.size).toBe(1);
    for (const [index, text] of ["a wo", "rd\n", "or two"].entries())
      node.tasks.append("task-1", {
        type: "artifact.appended",
        data: {
          ...{ path: "model:m", kind: "model", append: index > 0, lastChunk: index === 2 },
          artifact: { artifactId: "letter", parts: [{ text }] },
        },
      });
    node.tasks.append("task-1", { type: "task.completed", data: { output: null } });
    expect((await (await asked).json()).choices[0].message.content).toBe("a word\nor two");
  });

  test("streams a question as text, and the output of another form after what it streamed", async () => {
    const node = fixture();
    const asked = await dataOf(await node.ask("ask", { stream: true }));
    expect(asked.join("")).toContain("Which one?");
    expect(asked.join("")).toContain('"state":"input-required"');
    const response = await node.ask("hold", { stream: true });
    node.tasks.append(
      "task-2",
      {
        type: "artifact.appended",
        data: {
          ...{ path: "a", kind: "artifact", append: false, lastChunk: true },
          artifact: { artifactId: "d", parts: [{ text: "counting" }] },
        },
      },
      { type: "task.completed", data: { output: { counted: 3 } } },
    );
    const text = (await dataOf(response))
      .slice(0, -1)
      .map((each) => JSON.parse(each).choices[0].delta.content ?? "")
      .join("");
    expect(text).toBe('counting\n\n{"counted":3}');
  });

  test("that fails is an error that names the task, also in a stream that has begun", async () => {
    const node = fixture();
    const failed = await node.ask("fail");
    expect([failed.status, failed.headers.get("x-should-retry")]).toEqual([500, "false"]);
    expect((await failed.json()).error).toMatchObject({
      message: "task task-1 is failed: AGENT_FAILED: no",
      agentcore: { code: "AGENT_FAILED", taskId: "task-1" },
    });
    const data = await dataOf(await node.ask("fail", { stream: true }));
    expect(JSON.parse(data.at(-2) ?? "").error.agentcore).toEqual({ code: "AGENT_FAILED", taskId: "task-2" });
  });

  test("that waits for access says so, and one that is parked is an error", async () => {
    const node = fixture();
    for (const stream of [false, true]) {
      const text = await (await node.ask("authorize", { stream })).text();
      expect(text).toContain("Sign in");
      expect(text).toContain('"state":"auth-required"');
    }
    const held = node.ask("hold", { stream: true });
    await held;
    const error = { code: "NON_DETERMINISTIC", message: "it went another way" };
    node.tasks.append("task-3", { type: "task.parked", data: { error } });
    const data = await dataOf(await held);
    expect(JSON.parse(data.at(-2) ?? "").error).toMatchObject({
      message: "task task-3 is parked: NON_DETERMINISTIC: it went another way",
      agentcore: { code: "AGENT_FAILED", taskId: "task-3" },
    });
  });

  test("whose stream ends with the node says that its task goes on", async () => {
    const node = fixture();
    const response = await node.ask("hold", { stream: true });
    node.gateway.drain();
    const data = await dataOf(response);
    expect(JSON.parse(data.at(-2) ?? "").error).toMatchObject({
      code: "unavailable",
      message: expect.stringContaining("task task-1 goes on"),
    });
  });

  test("works on when the connection is closed, and is found again by the same key", async () => {
    const node = fixture();
    const key = { "idempotency-key": "order-7" };
    const stream = readSse(await node.ask("hold", { stream: true }, key));
    await stream.cancel();
    expect(node.tasks.cancels).toBe(0);
    expect(node.tasks.tasks.get("task-1")?.state).toBe("working");
    node.tasks.append("task-1", { type: "task.completed", data: { output: "done" } });
    const streamed = await dataOf(await node.ask("hold", { stream: true }, key));
    expect(JSON.parse(streamed[1] ?? "").choices[0].delta).toEqual({ content: "done" });
    expect(streamed.at(-1)).toBe("[DONE]");
    const again = await (await node.ask("hold", {}, key)).json();
    expect(again).toMatchObject({ agentcore: { taskId: "task-1" }, choices: [{ message: { content: "done" } }] });
  });

  test("asks for its scopes, has tools and a form of output of its own, and is asked by a user", async () => {
    const keys = parseApiKeys(["the-key-of-ann-here caller=ann", "the-key-of-bob-here caller=bob scopes=loan:write"]);
    const closed = fixture({ apiKeys: keys });
    const as = (key: string) => closed.ask("hi", { model: "agent/loan" }, { authorization: `Bearer ${key}` });
    expect([(await as("the-key-of-ann-here")).status, (await as("the-key-of-bob-here")).status]).toEqual([403, 200]);
    const node = fixture();
    const tools = [{ type: "function", function: { name: "f" } }];
    for (const body of [
      { tools },
      { response_format: { type: "json_object" } },
      { messages: [{ role: "assistant", content: "hi" }] },
      { model: "agent/nobody" },
    ])
      expect((await node.ask("hi", body)).status).toBe("model" in body ? 404 : 400);
    expect(node.tasks.tasks.size).toBe(0);
  });

  test("answers as a response too", async () => {
    const node = fixture();
    const response = await node.post(RESPONSES, { model: "agent/echo", input: "hello" });
    expect(await response.json()).toMatchObject({
      output: [{ type: "message", content: [{ text: "hello" }] }],
      usage: null,
      agentcore: { taskId: "task-1" },
    });
    const events = (await dataOf(await node.post(RESPONSES, { model: "agent/echo", input: "hey", stream: true }))).map(
      (each) => JSON.parse(each),
    );
    expect(events.at(-1)).toMatchObject({
      type: "response.completed",
      response: { output: [{ content: [{ text: "hey" }] }], agentcore: { taskId: "task-2" } },
    });
  });
});
