import { ModelSpec } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import { ModelCache } from "@agentcore/core/caching";
import { Budgets, RateLimiter } from "@agentcore/core/governance";
import { createMemoryKeyValue, createMemoryTaskStore, createMemoryVectorIndex } from "@agentcore/core/inprocess";
import { createFnvDigest, createRecordingLogger, createSequentialIds, ManualClock } from "@agentcore/core/testing";
import { expect, test } from "vitest";
import type { TargetCaller } from "../call/create-target-caller.ts";
import { withFailedUsage } from "../call/failed-usage.ts";
import type { ObservedCall, ObservedOutcome } from "../model-observer.ts";
import { PRICE_TABLE } from "../prices/price-table.ts";
import { CALL, HI } from "../testing/gateway-world.ts";
import { createModelGateway } from "./create-model-gateway.ts";
import { createTargetGuard } from "./target-guard.ts";

const SPECS: Readonly<Record<string, unknown>> = {
  desk: { provider: "openai", model: "first", price: { input: 1, output: 2 }, fallback: ["other"] },
  kept: { baseUrl: "http://127.0.0.1:9/v1", model: "third", cache: {} },
  other: { baseUrl: "http://127.0.0.1:9/v1", model: "second" },
};

const open = (caller: TargetCaller) => {
  const clock = new ManualClock();
  const keyValue = createMemoryKeyValue({ clock });
  const heard: [ObservedCall, ObservedOutcome][] = [];
  const gateway = createModelGateway({
    lookup: async (_tenantId, name) => (SPECS[name] === undefined ? null : ModelSpec.parse(SPECS[name])),
    names: async () => Object.keys(SPECS),
    ...{ env: {}, clock, logger: createRecordingLogger(), prices: PRICE_TABLE, caller },
    budgets: new Budgets({
      ids: { next: () => "id" },
      store: createMemoryTaskStore({ clock }),
      keyValue,
      clock,
      declared: () => [],
    }),
    limiter: new RateLimiter({ keyValue, clock }),
    guard: createTargetGuard({ clock, random: () => 0, env: {} }),
    ids: createSequentialIds("id"),
    cache: new ModelCache({
      ...{ keyValue, vectorIndex: createMemoryVectorIndex(), acrossNodes: false, clock },
      ...{ digest: createFnvDigest(), logger: createRecordingLogger() },
    }),
    observer: { begin: (call) => (outcome) => void heard.push([call, outcome]) },
  });
  return { gateway, heard };
};

test("each target that is asked is told of, with what it cost, also when it failed", async () => {
  const usage = { inputTokens: 1_000_000, outputTokens: 0, estimated: true };
  const failed = withFailedUsage(new PlatformError("UPSTREAM_FAILED", "cut off"), { usage });
  const response = { text: "ok", toolCalls: [], finishReason: "stop", usage: { inputTokens: 3, outputTokens: 1 } };
  const { gateway, heard } = open({
    call: async ({ name }) => {
      if (name === "desk") throw failed;
      return { response, firstTokenMs: 12, durationMs: 34 };
    },
    embed: () => Promise.reject(failed),
  });
  await gateway.generate(HI, { ...CALL, traceparent: "00-a-b-01", onText: () => {} });
  expect(heard).toMatchObject([
    [
      {
        ...{ operation: "chat", name: "desk", provider: "openai", model: "first", isStreamed: true },
        ...{
          baseUrl: "https://api.openai.com/v1",
          call: { traceparent: "00-a-b-01" },
          request: { messages: HI.messages },
        },
      },
      { error: failed, usage, costUsd: 1 },
    ],
    [
      { operation: "chat", name: "other", provider: "openai-compatible", baseUrl: "http://127.0.0.1:9/v1" },
      { response, usage: response.usage, costUsd: undefined, firstTokenMs: 12 },
    ],
  ]);
  await expect(gateway.embed({ model: "other", texts: ["a"] }, CALL)).rejects.toBe(failed);
  expect(heard[2]).toMatchObject([
    { operation: "embeddings", name: "other", isStreamed: false },
    { error: failed, usage },
  ]);
});

test("an answer of the cache is told of with its level, as of the model that gave it", async () => {
  const usage = { inputTokens: 3, outputTokens: 1 };
  const response = { text: "ok", toolCalls: [], finishReason: "stop", usage, model: "openai-compatible/third" };
  const { gateway, heard } = open({
    call: async () => ({ response, durationMs: 34 }),
    embed: () => Promise.reject(new Error("nobody asks for vectors")),
  });
  for (let time = 0; time < 2; time += 1) await gateway.generate({ ...HI, model: "kept" }, CALL);
  expect(heard).toMatchObject([
    [{ model: "third" }, { response: { text: "ok" } }],
    [{ name: "kept", provider: "openai-compatible", model: "third" }, { response: { text: "ok", cache: "memory" } }],
  ]);
});
