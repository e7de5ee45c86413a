import { PlatformError } from "@agentcore/contract/errors";
import type { ModelCall } from "@agentcore/core/ports";
import { afterEach, describe, expect, test } from "vitest";
import type { TargetCaller } from "../call/create-target-caller.ts";
import { answering, type FakeBehaviour, refusing, startFakeModelServer } from "../testing/fake-model-server.ts";
import { CALL, createGatewayWorld, HI, TENANT } from "../testing/gateway-world.ts";
import { openaiDialect } from "../testing/openai-dialect.ts";

const KEY = "sk-very-secret-key";
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const serve = async (behaviour: FakeBehaviour = answering({ text: "ok" })) => {
  const server = await startFakeModelServer(openaiDialect, behaviour);
  closers.push(server.close);
  return server;
};

const generate = async (spec: unknown, call: Partial<ModelCall> = {}) => {
  const { gateway } = createGatewayWorld({ models: { desk: spec }, env: { MY_KEY: KEY } });
  return (await gateway.generate(HI, { ...CALL, ...call })).response;
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

test("a name is resolved in the caller's tenant, and its first target asked", async () => {
  const { baseUrl, requests } = await serve();
  const { gateway, asked } = createGatewayWorld({
    models: { desk: { hosts: [baseUrl, "http://127.0.0.1:1"], model: "m" } },
  });
  expect((await gateway.generate(HI, CALL)).response.text).toBe("ok");
  // Of several hosts it is asked before which have the model.
  expect([asked, requests.map(({ path }) => path)]).toEqual([
    [`${TENANT}/desk`],
    ["/v1/models", "/v1/chat/completions"],
  ]);
});

test("text is heard as it comes", async () => {
  const { baseUrl } = await serve(answering({ text: "Fine day." }));
  const heard: [string, boolean][] = [];
  const onText = (text: string, begin: boolean): void => void heard.push([text, begin]);
  expect((await generate({ baseUrl, model: "m" }, { onText })).text).toBe("Fine day.");
  expect(heard).toEqual([
    ["Fine ", true],
    ["day.", false],
  ]);
});

test("a name of the environment is asked there, in a private network too", async () => {
  const { gateway } = createGatewayWorld({
    env: { AGENTCORE_MODEL_URL: "http://models.test:9/v1" },
    lookup: (_name, _options, callback) => callback(null, [{ address: "169.254.1.1", family: 4 }]),
  });
  const work = gateway.generate({ ...HI, model: "openai-compatible/m" }, CALL);
  // Judged all the same: link-local ones are never called.
  expect(await failure(work)).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("link-local") });
});

test("a key that is not in the environment is named", async () => {
  const work = generate({ baseUrl: "http://127.0.0.1:1", model: "m", apiKeyEnv: "OTHER_KEY" });
  expect(await failure(work)).toMatchObject({
    code: "MODEL_NOT_CONFIGURED",
    message: expect.stringContaining("set OTHER_KEY"),
  });
});

test("the provider's own key does not go where a manifest leads it", async () => {
  const { baseUrl, requests } = await serve();
  const { gateway } = createGatewayWorld({
    models: { desk: { provider: "openai", model: "m", baseUrl } },
    env: { OPENAI_API_KEY: KEY },
  });
  expect(await failure(gateway.generate(HI, CALL))).toMatchObject({
    code: "MODEL_NOT_CONFIGURED",
    message: expect.stringContaining("name its variable in apiKeyEnv"),
  });
  expect(requests).toEqual([]);
});

describe("where a call may go", () => {
  const leadingTo = (
    baseUrl: string,
    addresses: readonly string[],
    options: { allowPrivate?: boolean; key?: boolean } = {},
  ) => {
    const asked: string[] = [];
    const { gateway } = createGatewayWorld({
      models: { desk: { baseUrl, model: "m", ...(options.key === true ? { apiKeyEnv: "MY_KEY" } : {}) } },
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
    return { asked, work: gateway.generate(HI, CALL) };
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
    const { baseUrl, requests } = await serve();
    const { work } = leadingTo(baseUrl.replace("127.0.0.1", "models.test"), ["127.0.0.1"], { key: true });
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
  const { baseUrl, requests } = await serve(refusing(400, `no, ${KEY}`));
  const endpoint = { baseUrl, model: "m", headers: { "x-api-key": { env: "MY_KEY" }, "x-team": "blue" } };
  expect((await failure(generate(endpoint))).message).toContain("no, ***");
  expect(requests[0]?.headers).toMatchObject({ "x-api-key": KEY, "x-team": "blue" });
  const missing = { ...endpoint, headers: { "x-api-key": { env: "OTHER_KEY" } } };
  expect(await failure(generate(missing))).toMatchObject({
    code: "MODEL_NOT_CONFIGURED",
    message: expect.stringContaining("set OTHER_KEY"),
  });
});

test("a setting that the provider does not take stands in the reasons", async () => {
  const caller: TargetCaller = {
    embed: () => Promise.reject(new Error("not asked for vectors")),
    call: async () => ({
      response: { text: "ok", toolCalls: [], finishReason: "stop", usage: { inputTokens: 1, outputTokens: 1 } },
      ...{ durationMs: 1, ignored: ["seed", "topK: x".padEnd(500, "x")] },
    }),
  };
  const { gateway } = createGatewayWorld({ models: { desk: { baseUrl: "http://127.0.0.1:1", model: "m" } }, caller });
  const { decision } = await gateway.generate({ ...HI, seed: 7 }, CALL);
  expect(decision).toMatchObject({
    choice: "desk",
    reasons: [expect.stringContaining("desk: it does not take all that was set, and was asked without: seed; topK")],
  });
  expect(decision?.reasons?.[0]).toHaveLength(300);
});

test("what one provider cannot be asked, the next may be, and its breaker hears nothing of it", async () => {
  const { baseUrl } = await serve();
  const { gateway } = createGatewayWorld({
    models: {
      desk: { provider: "anthropic", model: "claude-haiku-4-5", apiKeyEnv: "MY_KEY", fallback: ["spare"] },
      spare: { baseUrl, model: "m" },
    },
    env: { MY_KEY: KEY },
  });
  const texts = ["one", "two"];
  for (let call = 0; call < 6; call += 1)
    expect((await gateway.embed({ model: "desk", texts }, { ...CALL, id: `${call}` })).model).toBe(
      "openai-compatible/m",
    );
  const alone = createGatewayWorld({
    models: { desk: { provider: "anthropic", model: "claude-haiku-4-5", apiKeyEnv: "MY_KEY" } },
    env: { MY_KEY: KEY },
  });
  expect(await failure(alone.gateway.embed({ model: "desk", texts }, CALL))).toMatchObject({
    ...{ code: "INVALID_ARGUMENT", retryable: false },
    message: expect.stringContaining("anthropic has no models that make vectors of text"),
  });
});

describe("an answer that breaks off after a part of it was told", () => {
  const breaking = (more: Readonly<Record<string, unknown>> = {}) => {
    const models = {
      desk: { baseUrl: "http://127.0.0.1:1", model: "first", fallback: ["other"], ...more },
      other: { baseUrl: "http://127.0.0.1:1", model: "other" },
    };
    const asked: string[] = [];
    const caller: TargetCaller = {
      embed: () => Promise.reject(new Error("not asked for vectors")),
      async call({ model }, _request, { onText }) {
        asked.push(model);
        onText?.(`${model} says`);
        if (model === "first") throw new PlatformError("UPSTREAM_FAILED", "cut off", { retryable: true });
        const usage = { inputTokens: 1, outputTokens: 2 };
        return { response: { text: "other says", toolCalls: [], finishReason: "stop", usage }, durationMs: 1 };
      },
    };
    return { asked, world: createGatewayWorld({ models, caller }) };
  };
  const heard: [string, boolean][] = [];
  const onText = (text: string, begin: boolean): void => void heard.push([text, begin]);

  test("begins anew in a task, whose artifact does too", async () => {
    const { asked, world } = breaking();
    heard.length = 0;
    expect((await world.gateway.generate(HI, { ...CALL, onText })).response.text).toBe("other says");
    expect([asked, heard]).toEqual([
      ["first", "other"],
      [
        ["first says", true],
        ["other says", true],
      ],
    ]);
  });

  test("is over for a door alone: a task that asked for the same at once goes on to the next", async () => {
    const { asked, world } = breaking({ cache: {} });
    const door = failure(world.gateway.generate(HI, { ...CALL, task: undefined, id: "door", onText: () => undefined }));
    const task = world.gateway.generate(HI, CALL);
    expect(await door).toMatchObject({ message: "cut off" });
    expect([(await task).response.text, asked]).toEqual(["other says", ["first", "first", "other"]]);
  });

  test("is over at a door, and nobody else is paid for it", async () => {
    const { asked, world } = breaking();
    heard.length = 0;
    const work = world.gateway.generate(HI, { ...CALL, task: undefined, onText });
    expect(await failure(work)).toMatchObject({ message: "cut off" });
    expect([asked, heard]).toEqual([["first"], [["first says", true]]]);
  });
});

describe("of providers that were asked too much", () => {
  const limiting = (failures: Readonly<Record<string, PlatformError>>, fallback: readonly string[] = ["other"]) =>
    createGatewayWorld({
      models: {
        desk: { baseUrl: "http://127.0.0.1:1", model: "first", fallback },
        other: { baseUrl: "http://127.0.0.1:1", model: "other" },
      },
      caller: {
        call: ({ model }) => Promise.reject(failures[model]!),
        embed: () => Promise.reject(new Error("not asked for vectors")),
      },
    });
  const told = (status: number, retryAfterMs?: number) =>
    new PlatformError("UPSTREAM_FAILED", `status ${status}`, {
      details: { status },
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });

  test("the error says so, and so does the next call while they want to be left alone", async () => {
    const { gateway } = limiting({ first: told(429, 60_000), other: told(429, 90_000) });
    const expected = { code: "UPSTREAM_FAILED", retryable: true, retryAfterMs: 60_000, details: { status: 429 } };
    expect(await failure(gateway.generate(HI, CALL))).toMatchObject(expected);
    expect(await failure(gateway.generate(HI, CALL))).toMatchObject({
      ...expected,
      message: expect.stringContaining("it asked to be left alone, for another 60 s"),
    });
  });

  test("also when that has opened their breaker", async () => {
    const { gateway } = limiting({ first: told(429) }, []);
    for (let call = 0; call < 5; call += 1) await failure(gateway.generate(HI, CALL));
    expect(await failure(gateway.generate(HI, CALL))).toMatchObject({
      ...{ code: "UPSTREAM_FAILED", details: { status: 429 } },
      message: expect.stringContaining("its breaker is open"),
    });
  });

  test("one that fails otherwise is no limit", async () => {
    const { gateway } = limiting({ first: told(429, 60_000), other: told(500) });
    for (let call = 0; call < 7; call += 1)
      expect((await failure(gateway.generate(HI, CALL))).details?.["status"]).not.toBe(429);
  });
});
