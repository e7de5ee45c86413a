// Before the model itself: what the gateway and its package say to each other.
import { ModelSpec } from "@agentcore/contract";
import { afterEach, expect, test } from "vitest";
import { createTargetCaller } from "../call/create-target-caller.ts";
import { embedTexts } from "../call/embed-texts.ts";
import { CALL, createGatewayWorld, HI, TENANT, type WorldOptions } from "../testing/gateway-world.ts";

import { local } from "./local.ts";
import type { RunningModels } from "./running-models.ts";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(closers.splice(0).map((close) => close()));
});

const world = (options: WorldOptions = {}) => {
  const caller = createTargetCaller({ env: {} });
  closers.push(() => caller.close());
  return { caller, ...createGatewayWorld({ ...options, caller }) };
};

test("vectors of text are made without a key, an address and a bill, by name or by manifest", async () => {
  const { gateway } = world({
    models: { ours: { provider: "local", model: "english" } },
    budgets: [{ name: "all", spec: { scope: { tenant: "*" }, limit: { usd: 0.000_001 } } }],
  });
  const texts = ["pay the bill", "walk the dog"];
  const [named, declared] = await Promise.all([
    gateway.embed({ model: "local/english", texts }, CALL),
    gateway.embed({ model: "ours", texts }, { ...CALL, id: "other" }),
  ]);
  expect(named).toMatchObject({ model: "local/english", costUsd: 0 });
  expect(named.vectors.map(({ length }) => length)).toEqual([512, 512]);
  expect(declared.vectors).toEqual(named.vectors);
  expect(await gateway.isFree(TENANT, "local/english")).toBe(true);
});

test("it is listed where its package is installed", async () => {
  const { gateway } = world();
  expect(await gateway.list(TENANT)).toContainEqual(
    expect.objectContaining({ name: "local/english", price: { input: 0, output: 0 }, trouble: null }),
  );
});

test("whose texts they are is told to the model, so that tenants take turns", async () => {
  const told: string[] = [];
  const embedder = {
    name: "local/english",
    embed: async (tenantId: string, texts: readonly string[]) => {
      told.push(tenantId);
      return texts.map(() => Float32Array.of(1));
    },
    close: async () => undefined,
  };
  const running = { of: () => embedder } as unknown as RunningModels;
  const { embeddingModel } = await local.open({ running } as Parameters<typeof local.open>[0]);
  const model = embeddingModel?.("english");
  if (model === undefined) throw new Error("expected a model");
  const { signal } = new AbortController();
  for (const tenantId of ["acme", "other"]) await embedTexts(model, ["a"], { sentBytes: 1, tenantId, signal });
  expect(told).toEqual(["acme", "other"]);
});

test("it answers no questions, there is no other, and a closed one is gone", async () => {
  const { caller, gateway } = world();
  await expect(gateway.generate({ ...HI, model: "local/english" }, CALL)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringContaining("no models that answer"),
  });
  await expect(gateway.embed({ model: "local/german", texts: ["eins"] }, CALL)).rejects.toMatchObject({
    code: "MODEL_NOT_CONFIGURED",
    message: 'there is no model "local/german": expected local/english',
  });
  await caller.close();
  await expect(gateway.embed({ model: "local/english", texts: ["late"] }, CALL)).rejects.toMatchObject({
    code: "CANCELED",
  });
});

test("what says where a model is, and with which key, is refused of one that is here", () => {
  for (const more of [
    { baseUrl: "http://127.0.0.1:1" },
    { hosts: ["http://127.0.0.1:1"] },
    { apiKeyEnv: "A_KEY" },
    { apiKeyEnvs: ["A_KEY"] },
    { headers: { "x-a": "b" } },
    { settings: { region: "eu" } },
  ])
    expect(ModelSpec.safeParse({ provider: "local", model: "english", ...more }).error?.issues).toMatchObject([
      { path: Object.keys(more), message: "says nothing about a model that runs within the node" },
    ]);
});
