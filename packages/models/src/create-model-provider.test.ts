import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { ModelRequest } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import type { ModelCall } from "@agentcore/core/ports";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { createModelProvider } from "./create-model-provider.ts";
import type { ModelEndpoint } from "./model-endpoint.ts";

const KEY = "sk-very-secret-key";
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** A server that speaks the OpenAI dialect as far as the test wants it to. */
const fakeServer = async (answer: (response: ServerResponse) => void) => {
  const requests: { path: string; headers: IncomingHttpHeaders; body: Record<string, unknown> }[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk) => (text += String(chunk)));
    request.on("end", () => {
      requests.push({
        path: request.url ?? "",
        headers: request.headers,
        body: JSON.parse(text) as Record<string, unknown>,
      });
      answer(response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, requests };
};

const reply =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json", ...headers });
    response.end(typeof body === "string" ? body : JSON.stringify(body));
  };
const completion = (message: object, finish_reason = "stop") => ({
  id: "c1",
  object: "chat.completion",
  created: 1,
  model: "small",
  choices: [{ index: 0, message: { role: "assistant", content: null, ...message }, finish_reason }],
  usage: { prompt_tokens: 7, completion_tokens: 3, total_tokens: 10 },
});
const toolCall = (id: string, args: string) => ({
  id,
  type: "function",
  function: { name: "weather", arguments: args },
});
const weather = {
  name: "weather",
  description: "Tells the weather",
  input: z.object({ city: z.string() }),
  inputJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  execute: () => Promise.reject(new Error("the provider must not run tools")),
};

const CALL: ModelCall = {
  ...{ tenantId: "t", id: "call", agent: "desk", labels: {}, caller: "ann", priority: "normal" },
  signal: new AbortController().signal,
};

const generate = async (
  endpoint: ModelEndpoint,
  request: Partial<ModelRequest> = {},
  signal = new AbortController().signal,
) =>
  (
    await createModelProvider({
      resolve: async () => ({ apiKeyEnv: "MY_KEY", ...endpoint }),
      env: { MY_KEY: KEY },
    }).generate({ messages: [{ role: "user", content: "hi" }], ...request, model: "desk" }, { ...CALL, signal })
  ).response;
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

describe("a call", () => {
  test("sends messages, tools and settings once and maps the answer", async () => {
    const { url, requests } = await fakeServer(reply(200, completion({ content: "fine" })));
    const response = await generate(
      { baseUrl: `${url}/`, model: "small", headers: { "x-team": "blue" } },
      {
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "hi" },
          { role: "assistant", content: "", toolCalls: [{ id: "1", name: "weather", input: { city: "Oslo" } }] },
          { role: "tool", content: "sunny", toolCallId: "1", toolName: "weather" },
        ],
        tools: [weather],
        temperature: 0.5,
        maxOutputTokens: 9,
      },
    );
    expect(response).toEqual({
      text: "fine",
      toolCalls: [],
      finishReason: "stop",
      usage: { inputTokens: 7, outputTokens: 3 },
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({
      path: "/v1/chat/completions",
      headers: { authorization: `Bearer ${KEY}`, "x-team": "blue" },
      body: {
        model: "small",
        temperature: 0.5,
        max_tokens: 9,
        messages: [
          { role: "system", content: "Be brief." },
          { role: "user", content: "hi" },
          {
            role: "assistant",
            tool_calls: [{ id: "1", type: "function", function: { name: "weather", arguments: '{"city":"Oslo"}' } }],
          },
          { role: "tool", tool_call_id: "1", content: "sunny" },
        ],
        tools: [
          {
            type: "function",
            function: { name: "weather", description: "Tells the weather", parameters: weather.inputJsonSchema },
          },
        ],
      },
    });
  });

  test("hands tool calls back without running them, also when their input is no JSON", async () => {
    const message = { tool_calls: [toolCall("a", '{"city":"Oslo"}'), toolCall("b", '{"city":')] };
    const { url, requests } = await fakeServer(reply(200, completion(message, "tool_calls")));
    const response = await generate({ baseUrl: url, model: "small" }, { tools: [weather] });
    expect(response.finishReason).toBe("tool-calls");
    expect(response.toolCalls).toEqual([
      { id: "a", name: "weather", input: { city: "Oslo" } },
      { id: "b", name: "weather", input: '{"city":' },
    ]);
    expect(requests).toHaveLength(1);
  });
});

describe("a failed call", () => {
  const cases: [string, Parameters<typeof reply>, object, RegExp][] = [
    [
      "429 with Retry-After",
      [429, { error: { message: "slow down" } }, { "retry-after": "3" }],
      { retryable: true, retryAfterMs: 3000 },
      /failed \(429\): slow down/,
    ],
    [
      "500",
      [500, { error: { message: "oops" } }],
      { retryable: true, retryAfterMs: undefined },
      /failed \(500\): oops/,
    ],
    [
      "401 that repeats the key",
      [401, { error: { message: `bad key ${KEY}` } }],
      { retryable: false },
      /refused the credential \(401\): check MY_KEY/,
    ],
    [
      "400 that repeats the key",
      [400, { error: { message: `no, ${KEY}` } }],
      { retryable: false },
      /refused the request \(400\): no, \*\*\*/,
    ],
    ["404", [404, { error: { message: "no model" } }], { retryable: false }, /does not know the model or the path/],
    ["a redirect", [302, "", { location: "http://127.0.0.1:1/" }], { retryable: false }, /redirects \(302\)/],
    ["malformed JSON", [200, '{"choices": ['], { retryable: true }, /cannot be read/],
    ["JSON that is no completion", [200, { hello: 1 }], { retryable: true }, /cannot be read/],
  ];
  test.each(cases)("%s", async (_, answer, expected, message) => {
    const { url, requests } = await fakeServer(reply(...answer));
    const error = await failure(generate({ baseUrl: url, model: "small" }));
    expect(error).toMatchObject({ code: "UPSTREAM_FAILED", ...expected, message: expect.stringMatching(message) });
    expect(requests).toHaveLength(1);
  });

  test("an unreachable endpoint and a cut connection are retryable", async () => {
    expect(await failure(generate({ baseUrl: "http://127.0.0.1:1/v1", model: "m" }))).toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable: true,
    });
    const { url } = await fakeServer((response) => response.destroy());
    expect(await failure(generate({ baseUrl: url, model: "m" }))).toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable: true,
    });
    const cut = await fakeServer((response) => {
      response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
      response.write("{", () => response.destroy());
    });
    expect(await failure(generate({ baseUrl: cut.url, model: "m" }))).toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable: true,
    });
  });

  test("an endpoint that hangs is given up after its timeout", async () => {
    const { url } = await fakeServer(() => undefined);
    const error = await failure(generate({ baseUrl: url, model: "m", timeoutMs: 50 }));
    expect(error).toMatchObject({
      code: "UPSTREAM_FAILED",
      retryable: true,
      message: expect.stringContaining("within 50 ms"),
    });
  });

  test("an abort ends a hanging call with its reason, or CANCELED", async () => {
    for (const [reason, code] of [
      [new PlatformError("LEASE_LOST", "gone"), "LEASE_LOST"],
      [undefined, "CANCELED"],
    ] as const) {
      const controller = new AbortController();
      const { url } = await fakeServer(() => controller.abort(reason));
      expect(await failure(generate({ baseUrl: url, model: "m" }, {}, controller.signal))).toMatchObject({ code });
    }
  });
});

describe("which endpoint", () => {
  const named = (model: string, env: Record<string, string> = {}) =>
    createModelProvider({ resolve: async () => null, env }).generate(
      { model, messages: [{ role: "user", content: "hi" }] },
      CALL,
    );

  test("the environment's, for openai-compatible names", async () => {
    const { url, requests } = await fakeServer(reply(200, completion({ content: "ok" })));
    const env = { AGENTCORE_MODEL_URL: url, AGENTCORE_MODEL: "fallback" };
    await named("openai-compatible/org/tiny", { ...env, AGENTCORE_MODEL_KEY: KEY });
    await named("openai-compatible", env);
    expect(requests.map(({ body, headers }) => [body["model"], headers.authorization])).toEqual([
      ["org/tiny", `Bearer ${KEY}`],
      ["fallback", undefined],
    ]);
  });

  test.each([
    ["desk", {}, /"desk" is not configured: apply a Model manifest.*AGENTCORE_MODEL_URL/],
    ["openai-compatible/x", {}, /set AGENTCORE_MODEL_URL/],
    ["openai-compatible", { AGENTCORE_MODEL_URL: "http://127.0.0.1:1" }, /set AGENTCORE_MODEL$/],
  ])("%s without configuration says what to set", async (model, env, message) => {
    expect(await failure(named(model, env))).toMatchObject({
      code: "MODEL_NOT_CONFIGURED",
      message: expect.stringMatching(message),
    });
  });

  test("a key that is not in the environment is named", async () => {
    const work = generate({ baseUrl: "http://127.0.0.1:1", model: "m", apiKeyEnv: "OTHER_KEY" });
    expect(await failure(work)).toMatchObject({
      code: "MODEL_NOT_CONFIGURED",
      message: expect.stringContaining("set OTHER_KEY"),
    });
  });

  test.each(["file:///etc/passwd", "ftp://x", "not a url", `http://user:${KEY}@127.0.0.1/v1`])(
    "%s is refused",
    async (baseUrl) => {
      expect(await failure(generate({ baseUrl, model: "m" }))).toMatchObject({
        code: "CONFIG_INVALID",
        retryable: false,
      });
    },
  );
});

describe("where a call may go", () => {
  const leadingTo = (
    baseUrl: string,
    addresses: readonly string[],
    options: { allowPrivate?: boolean; key?: boolean } = {},
  ) => {
    const asked: string[] = [];
    const provider = createModelProvider({
      resolve: async () => ({ baseUrl, model: "m", ...(options.key === true ? { apiKeyEnv: "MY_KEY" } : {}) }),
      env: { MY_KEY: KEY },
      allowPrivate: options.allowPrivate,
      lookup: (hostname, _, callback) => {
        asked.push(hostname);
        callback(
          null,
          addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 })),
        );
      },
    });
    return { asked, work: provider.generate({ model: "desk", messages: [{ role: "user", content: "hi" }] }, CALL) };
  };

  test.each([
    [["169.254.169.254"], {}],
    [["169.254.169.254"], { allowPrivate: true }],
    [["fe80::1"], {}],
    [["::ffff:169.254.169.254"], {}],
    [["10.0.0.1"], {}],
    // One address that may be called does not carry another that may not.
    [["127.0.0.1", "10.0.0.1"], {}],
    // Unencrypted to the world, with a key.
    [["203.0.113.7"], { key: true }],
  ])("a name that leads to %j is refused when it is called (%j)", async (addresses, options) => {
    const { asked, work } = leadingTo("http://models.test:9/v1", addresses, options);
    expect(await failure(work)).toMatchObject({
      code: "CONFIG_INVALID",
      retryable: false,
      message: expect.stringContaining("models.test leads to"),
    });
    expect(asked).toEqual(["models.test"]);
  });

  test("a name that leads to this machine is called there", async () => {
    const { url, requests } = await fakeServer(reply(200, completion({ content: "ok" })));
    const { work } = leadingTo(url.replace("127.0.0.1", "models.test"), ["127.0.0.1"], { key: true });
    expect((await work).response.text).toBe("ok");
    expect(requests[0]?.headers).toMatchObject({
      host: expect.stringContaining("models.test"),
      authorization: `Bearer ${KEY}`,
    });
  });

  test("a literal address of a private or link-local network is never even connected to", async () => {
    for (const baseUrl of ["http://169.254.169.254/v1", "http://2852039166/v1", "http://10.1.2.3/v1"])
      expect(await failure(generate({ baseUrl, model: "m" }))).toMatchObject({ code: "CONFIG_INVALID" });
  });
});

test("a header is sent with what its variable holds, and neither it nor a missing one shows", async () => {
  const { url, requests } = await fakeServer(reply(400, { error: { message: `no, ${KEY}` } }));
  const endpoint = { baseUrl: url, model: "m", headers: { "x-api-key": { env: "MY_KEY" }, "x-team": "blue" } };
  expect((await failure(generate(endpoint))).message).toContain("no, ***");
  expect(requests[0]?.headers).toMatchObject({ "x-api-key": KEY, "x-team": "blue" });
  const missing = { ...endpoint, headers: { "x-api-key": { env: "OTHER_KEY" } } };
  expect(await failure(generate(missing))).toMatchObject({
    code: "MODEL_NOT_CONFIGURED",
    message: expect.stringContaining("set OTHER_KEY"),
  });
});

test("an answer that is too large is given up, once", async () => {
  const { url, requests } = await fakeServer(reply(200, completion({ content: "x".repeat(33 * 1024 * 1024) })));
  const error = await failure(generate({ baseUrl: url, model: "small" }));
  expect([error.code, error.retryable, requests.length]).toEqual(["TOO_LARGE", false, 1]);
});
