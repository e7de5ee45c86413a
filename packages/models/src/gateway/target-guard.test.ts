import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { PlatformError } from "@agentcore/contract/errors";
import { afterEach, describe, expect, test } from "vitest";
import type { TargetCaller } from "../call/create-target-caller.ts";
import type { ModelTarget, TargetAnswer } from "../model-target.ts";
import { CALL, createGatewayWorld, HI } from "../testing/gateway-world.ts";

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

const answerOf = (text: string): TargetAnswer => ({
  response: { text, toolCalls: [], finishReason: "stop", usage: { inputTokens: 1, outputTokens: 1 } },
  durationMs: 10,
});
const failed = (retryAfterMs?: number): PlatformError =>
  new PlatformError("UPSTREAM_FAILED", "it failed (500)", {
    retryable: true,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });

/** `answer` in place of providers; which targets were asked. */
const world = (models: Readonly<Record<string, unknown>>, answer: (target: ModelTarget) => Promise<TargetAnswer>) => {
  const asked: string[] = [];
  const caller: TargetCaller = {
    call: (target) => {
      asked.push(target.id);
      return answer(target);
    },
    embed: () => Promise.reject(new Error("not asked for")),
  };
  const made = createGatewayWorld({ models, caller });
  closers.push(() => void made.gateway.close());
  let calls = 0;
  const ask = () => made.gateway.generate(HI, { ...CALL, id: `call-${(calls += 1)}` });
  return { ...made, asked, ask };
};

const endpoint = (more: Readonly<Record<string, unknown>> = {}) => ({
  baseUrl: "http://127.0.0.1:1/v1",
  model: "m",
  ...more,
});

test("a model that failed five times in a row is not asked for a minute, and then once", async () => {
  let isUp = false;
  const models = { desk: endpoint({ fallback: ["spare"] }), spare: endpoint() };
  const { ask, asked, clock } = world(models, async ({ name }) => {
    if (name === "desk" && !isUp) throw failed();
    return answerOf(name);
  });
  for (let call = 0; call < 5; call += 1) expect((await ask()).response.text).toBe("spare");
  asked.length = 0;
  expect(await ask()).toMatchObject({
    response: { text: "spare" },
    decision: { choice: "spare", reasons: ["desk: its breaker is open, for another 60 s"] },
  });
  expect(asked).toEqual(["spare"]);
  isUp = true;
  clock.stall(60_000);
  expect((await ask()).response.text).toBe("desk");
});

test("who says when to come back is passed over until then; without anybody else the caller is told when", async () => {
  const models = { desk: endpoint({ fallback: ["spare"] }), spare: endpoint() };
  const { ask, asked, clock } = world(models, async ({ name }) => {
    if (name === "desk") throw failed(20_000);
    return answerOf(name);
  });
  await ask();
  await ask();
  expect(asked).toEqual(["desk", "spare", "spare"]);
  clock.stall(20_000);
  await ask();
  expect(asked.slice(3)).toEqual(["desk", "spare"]);

  const alone = world({ desk: endpoint() }, async () => {
    throw failed(20_000);
  });
  await expect(alone.ask()).rejects.toMatchObject({ retryAfterMs: 20_000 });
  alone.clock.stall(5_000);
  await expect(alone.ask()).rejects.toMatchObject({ code: "UPSTREAM_FAILED", retryable: true, retryAfterMs: 15_000 });
  expect(alone.asked).toEqual(["desk"]);
});

test("as many calls at once as the limit of concurrency; others wait, or go to a fallback", async () => {
  const open: ((answer: TargetAnswer) => void)[] = [];
  const hanging = () => new Promise<TargetAnswer>((resolve) => open.push(resolve));
  const limits = { concurrency: 1 };
  const one = world({ desk: endpoint({ limits }) }, hanging);
  const [first, second] = [one.ask(), one.ask()];
  await one.clock.turn();
  expect(open).toHaveLength(1);
  open[0]?.(answerOf("first"));
  expect((await first).response.text).toBe("first");
  await one.clock.advance(1_000);
  open[1]?.(answerOf("second"));
  expect((await second).response.text).toBe("second");

  const two = world({ desk: endpoint({ limits, fallback: ["spare"] }), spare: endpoint() }, ({ name }) =>
    name === "desk" ? hanging() : Promise.resolve(answerOf("spare")),
  );
  const busy = two.ask();
  await two.clock.turn();
  expect((await two.ask()).response.text).toBe("spare");
  open[2]?.(answerOf("desk"));
  expect((await busy).response.text).toBe("desk");
});

test("calls are spread over keys by load", async () => {
  const open = new Map<string, (answer: TargetAnswer) => void>();
  const { ask, asked, clock } = world(
    { desk: endpoint({ apiKeyEnvs: ["FIRST_KEY", "SECOND_KEY"] }) },
    ({ id }) => new Promise((resolve) => open.set(id, resolve)),
  );
  const calls = [ask(), ask()];
  await clock.turn();
  expect(asked.toSorted()).toEqual(["desk#1", "desk#2"]);
  for (const answer of open.values()) answer(answerOf("ok"));
  await Promise.all(calls);
});

describe("local hosts", () => {
  const startHost = async (models: readonly string[], loaded: readonly string[]) => {
    const listing = (names: readonly string[]): string => JSON.stringify({ models: names.map((name) => ({ name })) });
    const server = createServer((request, response) => {
      response.end(listing(request.url === "/api/ps" ? loaded : models));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}` };
  };

  test("a call goes to the host that has the model in memory; who lacks it is left out, with the reason", async () => {
    const [without, cold, warm] = [
      await startHost(["other:1b"], []),
      await startHost(["llama3.2:latest"], []),
      await startHost(["llama3.2:latest"], ["llama3.2:latest"]),
    ];
    const hosts = [without.url, cold.url, warm.url];
    const { ask, asked } = world({ desk: { provider: "ollama", model: "llama3.2", hosts } }, async ({ id }) =>
      answerOf(id),
    );
    expect(await ask()).toMatchObject({
      response: { text: "desk#3" },
      decision: { reasons: [`desk#1: host ${without.host} has no model llama3.2; it has other:1b`] },
    });
    expect(asked).toEqual(["desk#3"]);
  });

  test("where none can answer the caller is told why, and may come back", async () => {
    const only = await startHost([], []);
    const { ask, asked } = world({ desk: { provider: "ollama", model: "llama3.2", baseUrl: only.url } }, async () =>
      answerOf("never"),
    );
    await expect(ask()).rejects.toMatchObject({
      ...{ code: "UPSTREAM_FAILED", retryable: true },
      message: `no model may answer for "desk": desk: host ${only.host} has no model llama3.2; it has none`,
    });
    expect(asked).toEqual([]);
  });
});
