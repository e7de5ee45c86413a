import { readFileSync } from "node:fs";
import { PlatformError } from "@agentcore/contract/errors";
import { describe, expect, test } from "vitest";
import type { ModelTarget } from "../model-target.ts";
import { PRICE_TABLE } from "../prices/price-table.ts";
import { chooseTargets, noModelLeft, type TargetState } from "./choose-targets.ts";
import { choiceViolations, ModelConditions, type RequestFacts } from "./model-conditions.ts";
import { type NamedModel, resolveChain } from "./resolve-chain.ts";

const target = (name: string, more: Partial<ModelTarget> = {}): ModelTarget => ({
  ...{ id: name, name, provider: "openai-compatible", model: name, isDeclared: true },
  ...{ timeoutMs: 1_000, firstTokenTimeoutMs: 1_000 },
  ...more,
});
const endpoint = (name: string, more: Partial<ModelTarget> = {}, fallback: readonly string[] = []): NamedModel => ({
  targets: [target(name, more)],
  fallback: [...fallback],
});
const among = (models: readonly (string | { model: string; when?: string })[], more: Partial<NamedModel> = {}) => ({
  targets: [],
  candidates: models.map((model) => (typeof model === "string" ? { model } : model)),
  ...more,
});

const request = (more: Partial<RequestFacts> = {}): RequestFacts => ({
  ...{ inputTokens: 1_000, tools: 0, json: false, agent: "clerk", labels: { team: "loans" } },
  ...{ priority: "normal", caller: "key:ann" },
  ...more,
});

const names: Record<string, NamedModel> = {};
const resolve = (models: Readonly<Record<string, NamedModel>>, name = "m") =>
  resolveChain(name, async (at) => {
    const found = { ...names, ...models }[at];
    if (found === undefined) throw new PlatformError("MODEL_NOT_CONFIGURED", `model "${at}" is not configured`);
    return found;
  });

interface Seen extends Partial<Omit<TargetState, "expectedMs">> {
  readonly ms?: number;
}
const choose = async (
  models: Readonly<Record<string, NamedModel>>,
  asked: Partial<RequestFacts> = {},
  seen: Readonly<Record<string, Seen>> = {},
) => {
  const chain = await resolve(models);
  const choice = chooseTargets({
    chain,
    request: request(asked),
    conditions: await new ModelConditions().of(chain),
    table: PRICE_TABLE,
    stateOf: ({ id }) => ({ ...seen[id], expectedMs: () => seen[id]?.ms }),
  });
  return { ...choice, order: choice.order.map(({ name }) => name), targets: choice.order };
};

describe("who may answer", () => {
  test("a model that is no choice is asked, and nothing has to be said about it", async () => {
    expect(await choose({ m: endpoint("m") })).toMatchObject({ order: ["m"], reasons: [], scores: [] });
  });

  test("conditions are written in the documentation as they hold for calls with a label and without", async () => {
    const page = readFileSync(new URL("../../../../docs/models.md", import.meta.url), "utf8");
    const conditions = [...page.matchAll(/when: "(.*?)"/g)].map(([, when = ""]) => when);
    conditions.push("request.labels.?team.orValue('') == 'loans'");
    const ofLabels = conditions.filter((when) => when.includes("labels"));
    expect([conditions.length, ofLabels.length]).toEqual([3, 2]);
    for (const [labels, first] of [
      [{ team: "loans" }, "a"],
      [{ team: "fraud" }, "b"],
      [{}, "b"],
    ] as const)
      for (const when of conditions) {
        const models = { m: among([{ model: "a", when }, "b"]), a: endpoint("a"), b: endpoint("b") };
        const choice = await choose(models, { labels });
        expect(choice.reasons.join()).not.toContain("failed");
        if (when.includes("labels")) expect(choice.order[0]).toBe(first);
      }
  });

  test("a condition that reads a label which is not there says how to ask for it", async () => {
    const models = {
      m: among([{ model: "a", when: "request.labels.team == 'loans'" }, "b"]),
      a: endpoint("a"),
      b: endpoint("b"),
    };
    const { order, reasons } = await choose(models, { labels: {} });
    expect(order).toEqual(["b"]);
    expect(reasons[0]).toMatch(/^a: its condition failed: .*ask for it with has\(request\.labels\.team\) first/);
  });

  test("a condition decides by the request", async () => {
    const models = {
      m: among([{ model: "a", when: "request.inputTokens > 2000 || request.labels.team == 'fraud'" }, "b"]),
      ...{ a: endpoint("a"), b: endpoint("b") },
    };
    expect(await choose(models, { inputTokens: 3_000 })).toMatchObject({ order: ["a", "b"] });
    expect(await choose(models)).toMatchObject({
      order: ["b"],
      reasons: [
        "a: its condition does not hold: request.inputTokens > 2000 || request.labels.team == 'fraud'",
        "m: only b may answer",
      ],
    });
  });

  test("a condition that fails excludes, and says so", async () => {
    const models = {
      m: among([{ model: "a", when: "request.maxOutputTokens > 100" }, "b"]),
      ...{ a: endpoint("a"), b: endpoint("b") },
    };
    const { order, reasons } = await choose(models);
    expect(order).toEqual(["b"]);
    expect(reasons[0]).toMatch(/^a: its condition failed: .*maxOutputTokens/);
    expect((await choose(models, { maxOutputTokens: 101 })).order).toEqual(["a", "b"]);
  });

  test("who has too small a context window is left out; an answer is cut to the model's own bound", async () => {
    const models = {
      m: among(["a", "b"]),
      a: endpoint("a", { contextWindow: 8_192 }),
      b: endpoint("b", { contextWindow: 10_000, maxOutputTokens: 500 }),
    };
    expect(await choose(models, { inputTokens: 8_000, maxOutputTokens: 1_000 })).toMatchObject({
      order: ["b"],
      reasons: ["a: context window 8192 < 9000 tokens asked", "m: only b may answer"],
    });
    expect((await choose(models, { inputTokens: 8_191 })).order).toEqual(["a", "b"]);
  });

  test("the context window of a known model is known", async () => {
    const models = { m: { ...endpoint("m"), targets: [target("m", { provider: "openai", model: "gpt-4o" })] } };
    expect((await choose(models, { inputTokens: 200_000 })).reasons).toEqual([
      "m: context window 128000 < 200001 tokens asked",
    ]);
  });

  test("of several hosts and keys those with a problem are left out, one by one", async () => {
    const targets = ["m#0", "m#1"].map((id) => target("m", { id }));
    const choice = await choose(
      { m: { targets } },
      {},
      { "m#0": { problem: "its breaker is open", retryAfterMs: 500 } },
    );
    expect(choice.targets).toEqual([{ name: "m", targets: [targets[1]] }]);
    expect(choice.reasons).toEqual(["m#0: its breaker is open"]);
  });

  test("when nobody is left, it is said whether waiting helps", async () => {
    const models = { m: endpoint("m", {}, ["b"]), b: endpoint("b", { contextWindow: 10 }) };
    const soon = await choose(models, {}, { m: { problem: "its breaker is open", retryAfterMs: 500 } });
    expect(soon).toMatchObject({ order: [], mayRetry: true, retryAfterMs: 500 });
    expect(noModelLeft("m", { ...soon, order: [] })).toMatchObject({
      ...{ code: "UPSTREAM_FAILED", retryable: true, retryAfterMs: 500 },
      message: 'no model may answer for "m": m: its breaker is open; b: context window 10 < 1001 tokens asked',
    });
    const some = await choose(models, {}, { m: { problem: "does not answer" } });
    expect(some.retryAfterMs).toBeUndefined();
    expect(noModelLeft("m", { ...some, order: [] }).retryable).toBe(true);
    const never = await choose({ m: among(["b"]), b: models.b });
    expect(noModelLeft("m", { ...never, order: [] })).toMatchObject({ code: "INVALID_ARGUMENT", retryable: false });
  });
});

describe("in which order", () => {
  const three = (more: Partial<NamedModel>, facts: readonly Partial<ModelTarget>[]) => ({
    m: among(["a", "b", "c"], more),
    ...Object.fromEntries(["a", "b", "c"].map((name, index) => [name, endpoint(name, facts[index])])),
  });
  const price = (input: number, output: number) => ({ price: { input, output } });

  test("first: as they stand", async () => {
    expect(await choose(three({}, []))).toMatchObject({
      order: ["a", "b", "c"],
      reasons: ["m: a is the first that may answer"],
      scores: [],
    });
  });

  test("cheapest: by what this request costs; a price that nobody knows is last", async () => {
    const models = three({ choose: "cheapest" }, [{}, price(1, 4), price(0.1, 2)]);
    expect(await choose(models, { maxOutputTokens: 100 })).toMatchObject({
      order: ["c", "b", "a"],
      reasons: ["m: cheapest is c: $0.0003 against $0.0014 of b"],
      scores: [
        { candidate: "b", score: 0.0014 },
        { candidate: "c", score: 0.0003 },
      ],
    });
    const longAnswers = three({ choose: "cheapest" }, [price(1, 1), price(0.1, 2), price(9, 9)]);
    expect((await choose(longAnswers, { maxOutputTokens: 10 })).order[0]).toBe("b");
    expect((await choose(longAnswers, { maxOutputTokens: 5_000 })).order[0]).toBe("a");
  });

  test("fastest: by what was measured; who never was counts as a second", async () => {
    const models = three({ choose: "fastest" }, []);
    expect(await choose(models, {}, { b: { ms: 420 }, c: { ms: 2_000 } })).toMatchObject({
      order: ["b", "a", "c"],
      reasons: ["m: fastest is b: 420 ms against 1000 ms (never measured) of a"],
    });
  });

  test("best: by quality, 0.75 where nobody says", async () => {
    const models = three({ choose: "best" }, [{ quality: 0.7 }, {}, { quality: 0.9 }]);
    expect(await choose(models)).toMatchObject({
      order: ["c", "b", "a"],
      reasons: ["m: best is c: quality 0.9 against quality 0.75 of b"],
    });
  });

  test("balanced: 0.4 of cost, 0.3 of latency, 0.3 of quality, against the most of each", async () => {
    const facts = [{ ...price(1, 0), quality: 0.5 }, { ...price(2, 0), quality: 1 }, { quality: 1 }];
    const models = three({ choose: "balanced" }, facts);
    const { order, scores } = await choose(models, {}, { a: { ms: 500 }, b: { ms: 1_000 }, c: { ms: 250 } });
    expect(scores.map(({ candidate, score }) => [candidate, Number(score.toFixed(4))])).toEqual([
      ["a", 0.4 * 0.5 + 0.3 * 0.5 + 0.3 * 0.5],
      ["b", 0.3],
      ["c", 0.525],
    ]);
    expect(order).toEqual(["c", "a", "b"]);
    const byQuality = three({ choose: "balanced", weights: { cost: 0, latency: 0, quality: 1 } }, facts);
    expect((await choose(byQuality)).order[0]).toBe("b");
  });

  test("equals stand as in the manifest", async () => {
    for (const by of ["cheapest", "fastest", "best", "balanced"] as const)
      expect((await choose(three({ choose: by }, []))).order).toEqual(["a", "b", "c"]);
  });
});

describe("chains", () => {
  test("fallbacks come behind, each with its own, and nobody is asked twice", async () => {
    const models = {
      m: among(["a", "b"], { fallback: ["z", "b"] }),
      a: endpoint("a", {}, ["c"]),
      ...{ b: endpoint("b"), c: endpoint("c"), z: endpoint("z") },
    };
    expect((await choose(models)).order).toEqual(["a", "c", "b", "z"]);
  });

  test("a candidate whose own model may not answer is judged by its fallback", async () => {
    const models = {
      m: among(["a", "b"], { choose: "cheapest" }),
      a: endpoint("a", { contextWindow: 10, price: { input: 0, output: 0 } }, ["c"]),
      b: endpoint("b", { price: { input: 1, output: 1 } }),
      c: endpoint("c", { price: { input: 2, output: 2 } }),
    };
    expect((await choose(models)).order).toEqual(["b", "c"]);
  });

  test("a candidate may be a choice", async () => {
    const models = {
      m: among(["inner", "c"], { choose: "best" }),
      inner: among(["a", "b"], { choose: "cheapest" }),
      a: endpoint("a", { price: { input: 2, output: 2 }, quality: 1 }),
      b: endpoint("b", { price: { input: 1, output: 1 }, quality: 0.2 }),
      c: endpoint("c", { quality: 0.5 }),
    };
    expect(await choose(models)).toMatchObject({
      order: ["c", "b", "a"],
      reasons: [
        "inner: cheapest is b: $0.0015 against $0.003 of a",
        "m: best is c: quality 0.5 against quality 0.2 of inner",
      ],
    });
  });

  test("a candidate that leads nowhere is left out; the model itself must lead somewhere", async () => {
    expect(await choose({ m: among(["nobody", "a"]), a: endpoint("a") })).toMatchObject({
      order: ["a"],
      reasons: ['nobody: model "nobody" is not configured', "m: only a may answer"],
    });
    await expect(choose({})).rejects.toMatchObject({ code: "MODEL_NOT_CONFIGURED" });
  });

  test("models may fall back to each other", async () => {
    const models = { m: endpoint("m", {}, ["b"]), b: endpoint("b", {}, ["m"]) };
    expect((await choose(models)).order).toEqual(["m", "b"]);
  });

  test("a choice that leads back, too deep or too wide a chain is refused with the way to it", async () => {
    await expect(choose({ m: among(["b"]), b: among(["m"]) })).rejects.toMatchObject({
      code: "MODEL_NOT_CONFIGURED",
      message: 'model "m" chooses among models that lead back to one before: m → b → m',
    });
    const deep = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`d${at}`, among([`d${at + 1}`])]));
    await expect(choose({ ...deep, m: among(["d0"]) })).rejects.toThrow(
      /more than 8 models in a row: m → d0 → .* → d7$/,
    );
    const wide = Array.from({ length: 20 }, (_, at) => `w${at}`);
    const models = {
      m: among(wide),
      ...Object.fromEntries(wide.map((name) => [name, endpoint(name, {}, ["x0", "x1", "x2", "x3", "x4"])])),
      ...Object.fromEntries(Array.from({ length: 5 }, (_, at) => [`x${at}`, endpoint(`x${at}`)])),
    };
    await expect(choose(models)).rejects.toThrow(/leads to more than 100 models/);
  });

  test("a name that stands in it often is looked up once", async () => {
    const asked: string[] = [];
    await resolveChain("m", async (at) => {
      asked.push(at);
      return at === "m" ? among(["a", "b"], { fallback: ["a"] }) : endpoint(at, {}, at === "a" ? ["b"] : []);
    });
    expect(asked).toEqual(["m", "a", "b"]);
  });

  test("reasons have a bound", async () => {
    const targets = Array.from({ length: 300 }, (_, index) => target("m", { id: `m#${index}` }));
    const seen = Object.fromEntries(targets.map(({ id }) => [id, { problem: "x".repeat(1_000) }]));
    const { reasons } = await choose({ m: { targets } }, {}, seen);
    expect(reasons).toHaveLength(100);
    expect(reasons[0]).toHaveLength(300);
  });
});

describe("what is wrong when a choice is applied", () => {
  const violations = (when: string) => choiceViolations("m", { candidates: [{ model: "a", when }] });

  test.each([
    ["request.inputTokens >", /Unexpected token/],
    ["input.amount > 1.0", /input: a condition knows `request` only/],
    ["request.inputTokns > 1", /request\.inputTokns: there are inputTokens, maxOutputTokens, tools/],
    ["nobody > 1", /Unknown variable: nobody/],
    ["1 + 1", /expected true or false, it gives integer/],
  ])("%s", async (when, message) => {
    expect(await violations(when)).toEqual([
      { field: "spec.candidates.0.when", description: expect.stringMatching(message) as string },
    ]);
  });

  test("conditions over all of the request are right", async () => {
    const right = [
      "request.inputTokens + request.maxOutputTokens > 8000",
      "has(request.maxOutputTokens) && request.maxOutputTokens > 100",
      "request.tools > 0 && request.json && request.agent != ''",
      "request.labels['team'] == 'loans' || request.labels.tier == 'gold'",
      "request.priority in ['high', 'urgent'] && request.caller.startsWith('key:')",
    ];
    for (const when of right) expect(await violations(when)).toEqual([]);
  });

  test("a model that chooses itself, or falls back to itself", async () => {
    const found = await choiceViolations("m", { candidates: [{ model: "m" }], fallback: ["a", "m"] });
    expect(found).toEqual([
      { field: "spec.candidates.0.model", description: "a model cannot choose itself" },
      { field: "spec.fallback.1", description: "a model cannot fall back to itself" },
    ]);
  });
});
