import { createHash } from "node:crypto";
import type { ModelRequest, ModelResponse } from "@agentcore/contract/authoring";
import { PlatformError } from "@agentcore/contract/errors";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { createMemoryKeyValue } from "../inprocess/memory-key-value.ts";
import { createMemoryVectorIndex } from "../inprocess/memory-vector-index.ts";
import type { Embedder, KeyValue, VectorIndex } from "../ports/index.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { createRecordingLogger } from "../testing/test-senses.ts";
import type { CacheSettings } from "./cache-question.ts";
import { ModelCache, type ModelCacheOptions } from "./model-cache.ts";

const digest = {
  sha256: (text: string) => createHash("sha256").update(text).digest("hex"),
  hmacSha256: (key: string, text: string) =>
    createHash("sha256")
      .update(key + text)
      .digest("hex"),
};
const answerOf = (text: string, more: Partial<ModelResponse> = {}): ModelResponse => ({
  ...{ text, toolCalls: [], finishReason: "stop", usage: { inputTokens: 5, outputTokens: 2 }, costUsd: 0.01 },
  ...more,
});
const requestOf = (content: string, more: Partial<ModelRequest> = {}): ModelRequest => ({
  messages: [{ role: "user", content }],
  ...more,
});
const tools = [
  { name: "t", description: "d", input: z.object({}), inputJsonSchema: {}, execute: () => Promise.resolve(null) },
];

/** Near by what the test says: texts of one group have nearly the same vector. */
const embedderOf = (groups: readonly (readonly string[])[], name = "e"): Embedder & { calls: string[] } => {
  const calls: string[] = [];
  return {
    name,
    calls,
    embed: async (_tenantId, texts) => {
      calls.push(...texts);
      return texts.map((text) => {
        const group = groups.findIndex((known) => known.includes(text));
        const vector = Array.from({ length: 8 }, () => 0);
        vector[group === -1 ? 7 : group] = 1;
        if (group !== -1) vector[6] = 0.01 * (groups[group]?.indexOf(text) ?? 0);
        return vector;
      });
    },
  };
};

const world = (options: Partial<ModelCacheOptions> = {}) => {
  const clock = new ManualClock();
  const keyValue = options.keyValue ?? createMemoryKeyValue({ clock });
  const vectorIndex = createMemoryVectorIndex();
  const logger = createRecordingLogger();
  const node = (more: Partial<ModelCacheOptions> = {}) => {
    const cache = new ModelCache({ keyValue, vectorIndex, clock, digest, logger, ...options, ...more });
    let asked = 0;
    const ask = async (
      content: string | ModelRequest,
      {
        tenantId = "t",
        settings = {},
        signal = new AbortController().signal,
        model = "openai/m",
        produce = async () => answerOf(`answer ${asked}`),
      }: {
        tenantId?: string;
        settings?: CacheSettings;
        signal?: AbortSignal;
        model?: string;
        produce?: (signal: AbortSignal) => Promise<ModelResponse>;
      } = {},
    ) => {
      const request = typeof content === "string" ? requestOf(content) : content;
      return cache.answer({ tenantId, model, request, settings, signal }, async (producing) => {
        asked += 1;
        return { response: await produce(producing), settlement: `settlement ${asked}` };
      });
    };
    return { cache, ask, asked: () => asked };
  };
  return { clock, keyValue, vectorIndex, logger, node };
};
const keptAt = (outcome: { readonly response: ModelResponse }) => outcome.response.cache ?? "model";
const settled = (clock: ManualClock) => clock.advance(0);

describe("levels", () => {
  test("the model is asked once; then memory answers, on another node the shared store, and costs nothing", async () => {
    const { clock, node } = world();
    const [one, two] = [node(), node()];
    const first = await one.ask("What is it?");
    expect([keptAt(first), first.produced?.settlement, first.savedUsd]).toEqual(["model", "settlement 1", null]);
    const second = await one.ask("What is it?");
    expect(second).toMatchObject({ produced: null, savedUsd: 0.01 });
    expect(second.response).toEqual({ ...first.response, cache: "memory", costUsd: 0 });
    await settled(clock);
    expect(keptAt(await two.ask("What is it?"))).toBe("shared");
    expect(keptAt(await two.ask("What is it?"))).toBe("memory");
    expect([one.asked(), two.asked()]).toEqual([1, 0]);
  });

  test("nothing is written before the answer is handed out, and a restart finds it", async () => {
    const { clock, keyValue, node } = world();
    const rows = async () => (await keyValue.list({ tenantId: "t", namespace: "model-cache" })).map(({ key }) => key);
    const { ask, cache } = node();
    await ask("What is it?");
    expect(await rows()).toEqual([]);
    await cache.close();
    expect((await rows()).map((key) => key.split("/")[0])).toEqual(["content", "exact"]);
    await settled(clock);
    expect(keptAt(await node().ask("What is it?"))).toBe("shared");
  });

  test("a question written a little differently is answered from its content, for 1,800 seconds at most", async () => {
    const { clock, node } = world();
    const { ask, asked } = node();
    const settings = { ttlMs: 7_200_000 };
    await ask("What is it?", { settings });
    await clock.advance(1_000);
    expect(keptAt(await ask("what is  it", { settings }))).toBe("content");
    expect(keptAt(await ask("what is  it", { settings }))).toBe("memory");
    await settled(clock);
    expect(keptAt(await node().ask("what is  it", { settings }))).toBe("shared");
    await clock.advance(1_800_000);
    expect(keptAt(await ask("what is  it", { settings }))).toBe("content");
    expect(asked()).toBe(1);
  });

  test("what was promoted never outlives the answer it comes from", async () => {
    const { clock, node } = world();
    const { ask } = node();
    await ask("What is it?", { settings: { ttlMs: 10_000 } });
    await clock.advance(9_000);
    expect(keptAt(await ask("what is it", { settings: { ttlMs: 10_000 } }))).toBe("content");
    await clock.advance(1_000);
    expect(keptAt(await ask("what is it", { settings: { ttlMs: 10_000 } }))).toBe("model");
    expect(keptAt(await node().ask("What is it?"))).not.toBe("memory");
  });

  test("exact comes first, though memory knows one of the same content", async () => {
    const { clock, node } = world();
    const [one, two] = [node(), node()];
    await one.ask("What is it?", { produce: async () => answerOf("exact") });
    await settled(clock);
    const { cache } = two;
    await cache.clear("unrelated");
    await two.ask("what is it", { produce: async () => answerOf("by content") });
    expect((await two.ask("What is it?")).response).toMatchObject({ text: "exact", cache: "shared" });
  });

  test.each<[string, Partial<ModelResponse>, Partial<ModelRequest>]>([
    ["calls tools", { toolCalls: [{ id: "1", name: "t", input: {} }], finishReason: "tool-calls" }, {}],
    ["was cut short", { finishReason: "length" }, {}],
    ["was filtered", { finishReason: "content-filter" }, {}],
    ["is empty", { text: " " }, {}],
    ["was to be JSON and is none", { text: "{" }, { output: {} }],
    ["is too large", { text: "ä".repeat(200_000) }, {}],
  ])("an answer that %s is not kept", async (_, response, request) => {
    const { clock, node } = world();
    const { ask, asked, cache } = node();
    for (let time = 0; time < 2; time += 1) {
      await ask(requestOf("What is it?", request), { produce: async () => answerOf("x", response) });
      await settled(clock);
    }
    expect(asked()).toBe(2);
    expect(await cache.statistics("t")).toMatchObject({ misses: 2, notKept: 2, memory: { entries: 0 } });
  });

  test("a failure is not kept, and `cache: false` neither looks nor keeps", async () => {
    const { node } = world();
    const { ask, asked } = node();
    const failing = ask("What is it?", { produce: () => Promise.reject(new PlatformError("UPSTREAM_FAILED", "no")) });
    await expect(failing).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
    await ask(requestOf("What is it?", { cache: false }));
    await ask("What is it?");
    expect(keptAt(await ask(requestOf("What is it?", { cache: false })))).toBe("model");
    expect(asked()).toBe(4);
  });

  test("a store that fails costs model calls, never answers", async () => {
    const broken = () => Promise.reject(new PlatformError("STORE_UNAVAILABLE", "down"));
    const keyValue = {
      get: broken,
      put: broken,
      delete: broken,
      list: broken,
      add: broken,
      watch: () => () => undefined,
    };
    const { clock, logger, node } = world({ keyValue: keyValue as unknown as KeyValue, acrossNodes: true });
    const { ask } = node();
    expect(keptAt(await ask("What is it?"))).toBe("model");
    await settled(clock);
    expect(keptAt(await ask("What is it?"))).toBe("memory");
    expect(logger.records).toHaveLength(1);
  });
});

describe("tenants", () => {
  const near = [["What is the price of the plan?", "How much does the plan price come to?"]] as const;
  const names = ["a", "b", 'a","b', "a b", "A", "", "a/exact", "content", "á", "a\u0301"];

  test("cross at no level, whatever they are called", async () => {
    const { clock, node } = world();
    const [one, two] = [node(), node()];
    const settings = { semantic: { embedder: embedderOf(near), shadowShare: 0 } };
    const variants = [near[0][0], "what is the price of the plan", near[0][1]];
    for (const tenantId of names) {
      for (const [index, content] of variants.entries()) {
        const produce = async () => answerOf(`for ${tenantId}`);
        const outcome = await (index % 2 === 0 ? one : two).ask(content, { tenantId, settings, produce });
        expect(outcome.response.text).toBe(`for ${tenantId}`);
        await settled(clock);
      }
    }
    // Each tenant's first question went to the model, and to nobody else's answer.
    expect(one.asked() + two.asked()).toBe(names.length);
  });

  test("a store that hands out another tenant's rows, and an index that mixes them, are not believed", async () => {
    const { clock, keyValue, vectorIndex, node } = world();
    const owner = { tenantId: "owner", namespace: "model-cache" };
    const leaking: KeyValue = {
      ...keyValue,
      get: async (scope, key) => {
        const [row] = (await keyValue.list(owner)).filter((entry) => entry.key.startsWith(key.slice(0, 6)));
        return row ?? keyValue.get(scope, key);
      },
      put: (scope, ...rest) => keyValue.put(scope, ...rest),
      list: (scope, ...rest) => keyValue.list(scope, ...rest),
      watch: () => () => undefined,
    };
    const mixing: VectorIndex = {
      ...vectorIndex,
      nearest: (scope, query) =>
        vectorIndex.nearest({ ...scope, tenantId: "owner" }, { vector: query.vector, limit: 5 }),
    };
    const settings = { semantic: { embedder: embedderOf(near), shadowShare: 0 } };
    await node().ask(near[0][0], { tenantId: "owner", settings, produce: async () => answerOf("secret") });
    await settled(clock);
    const thief = node({ keyValue: leaking, vectorIndex: mixing });
    for (const content of [near[0][0], near[0][1], "what is the price of the plan"])
      expect((await thief.ask(content, { tenantId: "thief", settings })).response.text).not.toBe("secret");
    // The last of them is answered by the first's own content.
    expect(thief.asked()).toBe(2);
  });
});

describe("single flight", () => {
  const gate = () => {
    let open = (_response: ModelResponse): void => undefined;
    let fail = (_error: unknown): void => undefined;
    const signals: AbortSignal[] = [];
    const response = new Promise<ModelResponse>((resolve, reject) => {
      open = resolve;
      fail = reject;
    });
    return { produce: (signal: AbortSignal) => (signals.push(signal), response), open, fail, signals };
  };

  test("calls at once are one, and exactly one of them gets what comes with it", async () => {
    const { clock, node } = world();
    const { ask, asked, cache } = node();
    const { produce, open } = gate();
    const calls = Array.from({ length: 200 }, () => ask("What is it?", { produce }));
    await settled(clock);
    open(answerOf("it"));
    const outcomes = await Promise.all(calls);
    expect(asked()).toBe(1);
    expect(outcomes.filter(({ produced }) => produced !== null)).toHaveLength(1);
    expect(outcomes.slice(1).every(({ response }) => response.text === "it" && response.cache === "memory")).toBe(true);
    expect(await cache.statistics("t")).toMatchObject({ misses: 1, collapsed: 199, savedCalls: 199 });
  });

  test("the one who began may leave: the work goes on for the others, and one of them gets the settlement", async () => {
    const { clock, node } = world();
    const { ask, asked } = node();
    const { produce, open, signals } = gate();
    const leaving = new AbortController();
    const leader = ask("What is it?", { produce, signal: leaving.signal });
    const followers = [ask("What is it?", { produce }), ask("What is it?", { produce })];
    await settled(clock);
    leaving.abort(new PlatformError("DEADLINE_EXCEEDED", "late"));
    await expect(leader).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
    expect(signals[0]?.aborted).toBe(false);
    open(answerOf("it"));
    const outcomes = await Promise.all(followers);
    expect(outcomes.map(({ produced }) => produced?.settlement ?? null)).toEqual(["settlement 1", null]);
    expect(asked()).toBe(1);
  });

  test("when the last has left the work is aborted, and whoever comes then begins anew", async () => {
    const { clock, node } = world();
    const { ask, asked } = node();
    const { produce, signals } = gate();
    const leaving = new AbortController();
    const calls = [1, 2].map(() => ask("What is it?", { produce, signal: leaving.signal }));
    await settled(clock);
    leaving.abort();
    for (const call of calls) await expect(call).rejects.toMatchObject({ name: "AbortError" });
    expect(signals[0]?.aborted).toBe(true);
    expect(keptAt(await ask("What is it?"))).toBe("model");
    expect(asked()).toBe(2);
  });

  test("a failure of the model is everybody's, one of the asker's own budget is not", async () => {
    const { clock, node } = world();
    const { ask, asked } = node();
    const upstream = gate();
    const calls = [1, 2, 3].map(() => ask("What is it?", { produce: upstream.produce }));
    await settled(clock);
    upstream.fail(new PlatformError("UPSTREAM_FAILED", "down"));
    for (const call of calls) await expect(call).rejects.toMatchObject({ code: "UPSTREAM_FAILED" });
    expect(asked()).toBe(1);
    const spent = ask("And it?", { produce: () => Promise.reject(new PlatformError("BUDGET_EXCEEDED", "spent")) });
    const follower = ask("And it?");
    await expect(spent).rejects.toMatchObject({ code: "BUDGET_EXCEEDED" });
    expect(keptAt(await follower)).toBe("model");
  });

  test("an answer that may not be given again is asked for by each who waited, at once", async () => {
    const { clock, node } = world();
    const { ask, asked } = node();
    const { produce, open } = gate();
    const calls = [1, 2, 3].map(() => ask("What is it?", { produce }));
    await settled(clock);
    open(answerOf("cut", { finishReason: "length" }));
    expect((await Promise.all(calls)).every(({ produced }) => produced !== null)).toBe(true);
    expect(asked()).toBe(3);
  });

  test("questions that are over take no place of later ones", async () => {
    const { clock, node } = world();
    const { ask, asked } = node();
    for (let place = 0; place < 10_001; place += 1) await ask(`What is ${place}?`);
    await settled(clock);
    const { produce, open } = gate();
    const calls = [1, 2].map(() => ask("And now?", { produce }));
    await settled(clock);
    open(answerOf("it"));
    await Promise.all(calls);
    expect(asked()).toBe(10_002);
  });

  test("requests with tools wait for nobody", async () => {
    const { clock, node } = world();
    const { ask, asked } = node();
    const { produce, open } = gate();
    const calls = [1, 2].map(() => ask(requestOf("What is it?", { tools }), { produce }));
    await settled(clock);
    expect(asked()).toBe(2);
    open(answerOf("it"));
    await Promise.all(calls);
    expect(keptAt(await ask(requestOf("What is it?", { tools })))).toBe("memory");
  });
});

describe("single flight across nodes", () => {
  const started = async (wait = false) => {
    const { clock, keyValue, node } = world({ acrossNodes: true });
    const [one, two] = [node(), node()];
    let open = (_response: ModelResponse): void => undefined;
    const response = new Promise<ModelResponse>((resolve) => (open = resolve));
    const leader = one.ask("What is it?", { produce: () => response });
    await settled(clock);
    const leaving = new AbortController();
    const follower = two.ask("What is it?", { signal: leaving.signal });
    follower.catch(() => undefined);
    await clock.advance(wait ? 60_000 : 0);
    return { ...{ clock, keyValue, one, two, leader, follower, leaving, open } };
  };

  test("the second node waits for what the first one keeps, however long that takes", async () => {
    const { clock, two, leader, follower, open } = await started(true);
    open(answerOf("it"));
    await leader;
    await clock.advance(0);
    expect((await follower).response).toMatchObject({ text: "it", cache: "shared" });
    expect(two.asked()).toBe(0);
    expect(clock.nextTimerAt()).toBeNull();
  });

  test("a hint that is lost is made up for by looking", async () => {
    const { clock, keyValue } = world();
    const deaf: KeyValue = { ...keyValue, ...methodsOf(keyValue), watch: () => () => undefined };
    const make = world({ keyValue: deaf, acrossNodes: true });
    const [one, two] = [make.node({ clock }), make.node({ clock })];
    let open = (_response: ModelResponse): void => undefined;
    const leader = one.ask("What is it?", { produce: () => new Promise((resolve) => (open = resolve)) });
    await settled(clock);
    const follower = two.ask("What is it?");
    await clock.advance(500);
    open(answerOf("it"));
    await leader;
    await clock.advance(2_000);
    expect(keptAt(await follower)).toBe("shared");
  });

  test("when the first gives up or its answer is not kept, the second asks for itself", async () => {
    const { clock, two, leader, follower, open } = await started();
    open(answerOf("cut", { finishReason: "length" }));
    await leader;
    await clock.advance(0);
    expect(keptAt(await follower)).toBe("model");
    expect(two.asked()).toBe(1);
  });

  test("a marker that a dead node left runs out", async () => {
    const { clock, keyValue, node } = world({ acrossNodes: true });
    const { ask } = node();
    // As a node does that dies while it asks: the marker is there, and nobody renews it.
    let key = "";
    const watching = keyValue.watch({ tenantId: "t", namespace: "model-cache" }, (change) => (key = change.key));
    await ask("Another?");
    await settled(clock);
    watching();
    const scope = { tenantId: "t", namespace: "model-cache" };
    const marker = (await keyValue.list(scope, { prefix: "exact/" }))[0]?.key ?? "";
    await keyValue.delete(scope, marker);
    await keyValue.put(scope, `asking/${marker}`, { asking: true }, { ttlMs: 15_000 });
    expect(key).not.toBe("");
    const late = node();
    const call = late.ask("Another?");
    await clock.advance(10_000);
    expect(late.asked()).toBe(0);
    await clock.advance(10_000);
    expect(keptAt(await call)).toBe("model");
    await settled(clock);
    expect(await keyValue.list(scope, { prefix: "asking/" })).toEqual([]);
    expect(clock.nextTimerAt()).toBeNull();
  });

  test("whoever stops waiting for another node leaves at once, and nothing is left behind", async () => {
    const { clock, leaving, leader, follower, open } = await started();
    leaving.abort(new PlatformError("CANCELED", "enough"));
    await expect(follower).rejects.toMatchObject({ code: "CANCELED" });
    open(answerOf("it"));
    await leader;
    await clock.advance(0);
    expect(clock.nextTimerAt()).toBeNull();
  });
});

describe("the semantic level", () => {
  const price = ["What is the price of the plan?", "How much does the plan price come to?"] as const;
  const groups = [price, ["Which orders have been shipped?", "Tell me which orders have not been shipped"]];

  test("is off without an embedder, and says so", async () => {
    const { node } = world();
    const { ask, cache } = node();
    await ask(price[0]);
    expect(keptAt(await ask(price[1]))).toBe("model");
    const { semantic } = await cache.statistics("t");
    expect(semantic).toMatchObject({ isOn: false, says: expect.stringContaining("no embedder is configured") });
  });

  test("answers a question that means the same, for 3,600 seconds at most, and says that it is on", async () => {
    const { clock, node } = world();
    const { ask, asked, cache } = node();
    const embedder = embedderOf(groups);
    const settings = { ttlMs: 86_400_000, semantic: { embedder, shadowShare: 0 } };
    await ask(price[0], { settings });
    await settled(clock);
    expect(keptAt(await ask(price[1], { settings }))).toBe("semantic");
    expect(keptAt(await ask(price[1], { settings }))).toBe("memory");
    await clock.advance(3_600_000);
    expect(keptAt(await ask(price[1], { settings }))).toBe("semantic");
    expect(asked()).toBe(1);
    expect((await cache.statistics("t")).semantic).toMatchObject({
      isOn: true,
      says: "on",
      embedders: [{ embedder: "e" }],
    });
  });

  test("a guard refuses what only looks alike, and is counted", async () => {
    const { clock, node } = world();
    const { ask, cache } = node();
    const settings = { semantic: { embedder: embedderOf(groups), shadowShare: 0 } };
    await ask("Which orders have been shipped?", { settings });
    await settled(clock);
    expect(keptAt(await ask("Tell me which orders have not been shipped", { settings }))).toBe("model");
    expect((await cache.statistics("t")).semantic.refused).toEqual({ negation: 1 });
  });

  test.each<[string, Partial<ModelRequest>]>([
    [
      "another system message",
      {
        messages: [
          { role: "system", content: "Rhyme." },
          { role: "user", content: price[1] },
        ],
      },
    ],
    ["another temperature", { temperature: 1 }],
    ["a schema", { output: { schema: { type: "object" } } }],
    ["tools", { tools }],
    [
      "a conversation",
      {
        messages: [
          { role: "assistant", content: "Hi" },
          { role: "user", content: price[1] },
        ],
      },
    ],
  ])("%s is another question", async (_, more) => {
    const { clock, node } = world();
    const { ask } = node();
    const settings = { semantic: { embedder: embedderOf(groups), shadowShare: 0 } };
    await ask(price[0], { settings });
    await settled(clock);
    expect(keptAt(await ask(requestOf(price[1], more), { settings }))).toBe("model");
  });

  test("an embedder that fails or hangs costs two seconds at most, and the model is asked", async () => {
    const { clock, node } = world();
    const { ask, cache } = node();
    const failing: Embedder = { name: "e", embed: () => Promise.reject(new Error("down")) };
    expect(keptAt(await ask("One?", { settings: { semantic: { embedder: failing } } }))).toBe("model");
    const hanging: Embedder = { name: "e", embed: () => new Promise(() => undefined) };
    const call = ask("Two?", { settings: { semantic: { embedder: hanging } } });
    await clock.advance(2_000);
    expect(keptAt(await call)).toBe("model");
    expect((await cache.statistics("t")).semantic.failures).toBe(2);
    expect(clock.nextTimerAt()).toBeNull();
  });

  test("what has ended is taken out of the index when it is met", async () => {
    const { clock, vectorIndex, node } = world();
    const { ask } = node();
    const embedder = embedderOf(groups);
    await ask(price[0], { settings: { ttlMs: 1_000, semantic: { embedder, shadowShare: 0 } } });
    await clock.advance(2_000);
    const scope = { tenantId: "t", namespace: `model-cache/${digest.sha256("e").slice(0, 16)}/8` };
    expect(await vectorIndex.count(scope)).toBe(1);
    expect(keptAt(await ask(price[1], { settings: { semantic: { embedder, shadowShare: 0 } } }))).toBe("model");
    await settled(clock);
    expect((await vectorIndex.list(scope)).length).toBe(1);
  });

  /** Questions that all mean one thing to the embedder and to the guards. */
  const alike = (count: number) =>
    Array.from({ length: count }, (_, index) => {
      const word = String(index).replaceAll(/\d/g, (digit) => "abcdefghij"[Number(digit)] ?? "");
      return `Kindly tell the w${word} team how much the plan price may come to`;
    });

  /** Each of them is nearer to the one about the price than to the others. */
  const fan: Embedder = {
    name: "e",
    embed: async (_, texts) =>
      texts.map((text) => {
        const vector = Array.from({ length: 64 }, () => 0);
        vector[0] = 1;
        const place = alike(60).indexOf(text);
        if (place !== -1) vector[place + 1] = 0.2;
        return vector;
      }),
  };

  test("a share of its hits is checked against the model: the caller gets the fresh answer, and the counts outlive the node", async () => {
    const { clock, node } = world();
    const questions = alike(30);
    const settings = { semantic: { embedder: fan, shadowShare: 1 } };
    const { ask, asked, cache } = node();
    const produce = async () => answerOf("10 euros a month");
    for (const question of [price[0], ...questions]) {
      await ask(question, { settings, produce });
      await settled(clock);
    }
    expect(asked()).toBe(31);
    const counts = (await cache.statistics("t")).semantic;
    expect(counts).toMatchObject({ isOn: true, embedders: [{ samples: counts.sampled, wrong: 0, offSince: null }] });
    expect(counts.sampled).toBeGreaterThan(20);
    const restarted = node();
    await restarted.ask("Anything?", { settings });
    expect((await restarted.cache.statistics("t")).semantic.embedders).toMatchObject([{ samples: counts.sampled }]);
  });

  test("what another model has answered this once says nothing of an answer that was kept", async () => {
    const { clock, node } = world();
    const sampling = { semantic: { embedder: fan, shadowShare: 1 } };
    const { cache, ask } = node();
    await ask(price[0], { settings: sampling });
    await settled(clock);
    const [question = ""] = alike(1);
    const signal = new AbortController().signal;
    await cache.answer(
      { tenantId: "t", model: "openai/m", request: requestOf(question), settings: sampling, signal },
      async () => ({ response: answerOf("of a smaller one"), mayKeep: false }),
    );
    await settled(clock);
    expect((await cache.statistics("t")).semantic.sampled).toBe(0);
  });

  test("it switches itself off when it is too often wrong, says so, and stays off until it is cleared or configured", async () => {
    const { clock, logger, node } = world();
    const embedder = fan;
    const sampling = { semantic: { embedder, shadowShare: 1 } };
    const { ask, cache } = node();
    for (const [index, question] of [price[0], ...alike(30)].entries()) {
      await ask(question, { settings: sampling, produce: async () => answerOf(`${index} euros`) });
      await settled(clock);
    }
    const off = (await cache.statistics("t")).semantic;
    expect(off).toMatchObject({ isOn: false, says: expect.stringMatching(/^off: e was wrong in 20 of 20 samples/) });
    expect(logger.records).toMatchObject([{ level: "warn", fields: { tenantId: "t", samples: 20, wrong: 20 } }]);
    const believing = { semantic: { embedder, shadowShare: 0 } };
    const [, , , ...more] = alike(60);
    expect(keptAt(await node().ask(more[40] ?? "", { settings: believing }))).toBe("model");
    // Other settings are counted anew.
    const stricter = { semantic: { embedder, shadowShare: 0, threshold: 0.9 } };
    expect(keptAt(await ask(more[41] ?? "", { settings: stricter }))).toBe("semantic");
    await cache.clear("t");
    await ask(price[0], { settings: believing });
    await settled(clock);
    expect(keptAt(await ask(more[42] ?? "", { settings: believing }))).toBe("semantic");
  });

  test("what it brought is not believed any more once it is off", async () => {
    const { clock, keyValue, node } = world();
    const { ask } = node();
    const embedder = embedderOf(groups);
    const settings = { semantic: { embedder, shadowShare: 0 } };
    await ask(price[0], { settings });
    await settled(clock);
    expect(keptAt(await ask(price[1], { settings }))).toBe("semantic");
    await settled(clock);
    const scope = { tenantId: "t", namespace: "model-cache" };
    const set = `samples/${digest.sha256('{"maxWrongShare":null,"name":"e","threshold":null}').slice(0, 32)}`;
    await keyValue.put(scope, set, { samples: 20, wrong: 20, offSince: 1 });
    await clock.advance(10_000);
    expect(keptAt(await ask(price[1], { settings }))).toBe("model");
    expect(keptAt(await ask(price[0], { settings }))).toBe("memory");
  });
});

describe("clearing", () => {
  test("forgets the tenant's answers at all levels and nobody else's; other nodes follow", async () => {
    const { clock, keyValue, vectorIndex, node } = world();
    const [one, two] = [node(), node()];
    const settings = { semantic: { embedder: embedderOf([]), shadowShare: 0 } };
    for (const tenantId of ["t", "u"]) await one.ask("What is it?", { tenantId, settings });
    await settled(clock);
    await two.ask("What is it?", { settings });
    await settled(clock);
    await one.cache.clear("t");
    const rows = await keyValue.list({ tenantId: "t", namespace: "model-cache" });
    expect(rows.map(({ key }) => key.split("/")[0])).toEqual(["cleared", "vectors"]);
    const namespace = `model-cache/${digest.sha256("e").slice(0, 16)}/8`;
    expect(await vectorIndex.count({ tenantId: "t", namespace })).toBe(0);
    expect(await vectorIndex.count({ tenantId: "u", namespace })).toBe(1);
    expect(keptAt(await one.ask("What is it?", { tenantId: "u" }))).toBe("memory");
    await clock.advance(10_000);
    await two.ask("Something else");
    await settled(clock);
    expect((await two.ask("What is it?")).produced).not.toBeNull();
  });

  test("an answer under way is given, and not kept", async () => {
    const { clock, node } = world();
    const { ask, asked, cache } = node();
    let open = (_response: ModelResponse): void => undefined;
    const call = ask("What is it?", { produce: () => new Promise((resolve) => (open = resolve)) });
    await settled(clock);
    const clearing = cache.clear("t");
    await settled(clock);
    await clearing;
    open(answerOf("old"));
    expect((await call).response.text).toBe("old");
    expect(keptAt(await ask("What is it?"))).toBe("model");
    expect(asked()).toBe(2);
  });
});

test("more writes than may wait are left out and counted; memory still answers", async () => {
  const { node } = world();
  const { ask, cache } = node();
  await Promise.all(Array.from({ length: 1_100 }, (_, index) => ask(`What is ${index}?`)));
  const { droppedWrites } = await cache.statistics("t");
  expect(droppedWrites).toBeGreaterThan(0);
  expect(keptAt(await ask("What is 1099?"))).toBe("memory");
});

/** A class instance's methods, bound: its spread has none. */
const methodsOf = (keyValue: KeyValue): KeyValue => ({
  get: (...args) => keyValue.get(...args),
  put: (...args) => keyValue.put(...args),
  delete: (...args) => keyValue.delete(...args),
  list: (...args) => keyValue.list(...args),
  add: (...args) => keyValue.add(...args),
  watch: (...args) => keyValue.watch(...args),
});
