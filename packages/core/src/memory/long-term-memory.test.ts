import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Died, Life, memoryWorld, origin, signal, wordEmbedder } from "../../test/memory-world.ts";
import type { LongTermMemory } from "./long-term-memory.ts";
import { agentPool, callerPool, poolOf } from "./pool.ts";

const POOL = agentPool("clerk");
const DAY = 86_400_000;

const remember = (memory: LongTermMemory, text: string, more: object = {}, tenantId = "acme") =>
  memory.remember(tenantId, POOL, { text, ...more }, origin(text), signal);
const textsOf = async (memory: LongTermMemory, query: string, more: object = {}, tenantId = "acme") =>
  (await memory.recall(tenantId, POOL, { query, ...more }, signal)).memories.map(({ text }) => text);

describe("remembering and recalling", () => {
  test("what has the words is recalled, the better match first, with where it came from and why", async () => {
    const memory = memoryWorld().open();
    await remember(memory, "Ann prefers tea to coffee", { tags: ["taste"], document: "notes.md", data: { cups: 2 } });
    await remember(memory, "The office opens at nine");
    await remember(memory, "Coffee is on the third floor");
    const { memories, reasons } = await memory.recall("acme", POOL, { query: "does Ann like coffee?" }, signal);
    expect(memories.map(({ text }) => text)).toEqual(["Ann prefers tea to coffee", "Coffee is on the third floor"]);
    expect(memories[0]).toMatchObject({
      ...{ pool: "agent:clerk", writtenBy: "agent:clerk", tags: ["taste"], data: { cups: 2 }, importance: 0.5 },
      source: { taskId: "t1", contextId: "c1", caller: "ann", document: "notes.md" },
    });
    expect(memories[0]?.reasons[0]).toMatch(/^words \(BM25 \d\.\d\d\): place 1 of 2$/);
    expect(reasons).toEqual(["by words alone: there is no embedder", "2 of 3 found, 2 by words"]);
  });

  test("with an embedder what means the same is recalled too, and words still count", async () => {
    const embedder = wordEmbedder([["car", "automobile"]]);
    const memory = memoryWorld({ embedder }).open();
    await remember(memory, "her automobile is red");
    await remember(memory, "his bicycle is blue");
    const { memories, reasons } = await memory.recall("acme", POOL, { query: "car", limit: 1 }, signal);
    expect(memories.map(({ text }) => text)).toEqual(["her automobile is red"]);
    expect(memories[0]?.reasons[0]).toMatch(/^meaning \(cosine 0\.\d\d\): place 1 of 2$/);
    expect(reasons[0]).toBe("by words and by meaning (test/words)");
  });

  test("an embedder that fails or is late costs the search by meaning, and no memory", async () => {
    const world = memoryWorld({
      embedder: { name: "down", embed: async () => Promise.reject(new Error("no route to host")) },
    });
    const memory = world.open();
    expect((await remember(memory, "tea at four")).reasons).toEqual(["it is found by words alone: no route to host"]);
    const late = world.open({ embedderOf: async () => ({ name: "slow", embed: () => new Promise(() => {}) }) });
    const recalled = late.recall("acme", POOL, { query: "tea" }, signal);
    await world.clock.turn();
    await world.clock.advance(2_000);
    expect(await recalled).toMatchObject({
      memories: [{ text: "tea at four" }],
      reasons: ["by words alone: slow gave no vector within 2 s", "1 of 1 found, 1 by words"],
    });
  });

  test("tags and documents narrow a search", async () => {
    const memory = memoryWorld({ embedder: wordEmbedder() }).open();
    await remember(memory, "tea one", { tags: ["a", "b"], document: "x" });
    await remember(memory, "tea two", { tags: ["a"], document: "y" });
    expect(await textsOf(memory, "tea", { tags: ["a", "b"] })).toEqual(["tea one"]);
    expect(await textsOf(memory, "tea", { document: "y" })).toEqual(["tea two"]);
    expect(await textsOf(memory, "tea", { tags: ["c"] })).toEqual([]);
  });

  test("what is fresh, important or often used comes before what is otherwise as near", async () => {
    const { clock, open } = memoryWorld();
    const memory = open();
    await remember(memory, "tea old");
    await clock.advance(60 * DAY);
    await remember(memory, "tea new");
    expect(await textsOf(memory, "tea")).toEqual(["tea new", "tea old"]);
    await remember(memory, "tea dear", { importance: 1 });
    expect(await textsOf(memory, "tea", { limit: 1 })).toEqual(["tea dear"]);
  });

  test("uses are counted at once, written in time, and known to the next process", async () => {
    const { clock, open } = memoryWorld();
    const memory = open();
    const { id } = await remember(memory, "tea");
    await clock.advance(1_000);
    await textsOf(memory, "tea");
    await textsOf(memory, "tea");
    expect(await memory.get("acme", POOL, id)).toMatchObject({ uses: 2, lastUsedAt: clock.now() });
    await memory.close();
    expect(await open().get("acme", POOL, id)).toMatchObject({ uses: 2, lastUsedAt: clock.now() });
  });

  test("a call that is made again finds its own memory, whatever it says now", async () => {
    const { open, lying } = memoryWorld({ embedder: wordEmbedder() });
    const first = await open().remember("acme", POOL, { text: "tea" }, origin("x"), signal);
    const again = await open().remember("acme", POOL, { text: "tea, rather" }, origin("x"), signal);
    expect(again).toEqual({ ...first, reasons: ["it was there already: the call had been made before"] });
    expect((await lying("acme")).texts).toEqual(["tea"]);
  });

  test.each([
    [{ text: "" }, "text"],
    [{ text: "x".repeat(16_385) }, "text"],
    [{ text: "x", tags: Array.from({ length: 21 }, (_, place) => `${place}`) }, "tags"],
    [{ text: "x", importance: 2 }, "importance"],
    [{ text: "x", ttlMs: 0 }, "ttlMs"],
    [{ text: "x", document: "" }, "document"],
    [{ text: "x", data: "y".repeat(70_000) }, "data"],
  ])("what does not fit is refused and says where (%#)", async (given, field) => {
    const { open, lying } = memoryWorld();
    await expect(open().remember("acme", POOL, given, origin("x"), signal)).rejects.toMatchObject({
      violations: [{ field }],
    });
    expect((await lying("acme")).rows).toEqual([]);
  });

  test("one recall gives at most so much, and says that it was cut", async () => {
    const memory = memoryWorld().open();
    for (let place = 0; place < 6; place++) await remember(memory, `tea ${place}`, { data: "y".repeat(60_000) });
    const { memories, reasons } = await memory.recall("acme", POOL, { query: "tea" }, signal);
    expect(memories).toHaveLength(4);
    expect(reasons.at(-1)).toBe("cut after 4: one recall gives at most 256 KiB");
  });
});

describe("forgetting", () => {
  test("what is forgotten is gone whole: text, words, vector; and a call that runs again does not bring it back", async () => {
    const { open, lying } = memoryWorld({ embedder: wordEmbedder() });
    const memory = open();
    const { id } = await remember(memory, "tea");
    expect(await memory.forget("acme", POOL, { which: { id } })).toEqual({ count: 1, ids: [id] });
    expect(await lying("acme")).toMatchObject({ texts: [], vectors: [] });
    expect(JSON.stringify((await lying("acme")).rows)).not.toContain("tea");
    expect(await remember(memory, "tea")).toMatchObject({ kept: false });
    expect(await textsOf(memory, "tea")).toEqual([]);
    expect(await textsOf(open(), "tea")).toEqual([]);
  });

  test("all of a task, a document or a caller, or with all of these words, goes together", async () => {
    const { open } = memoryWorld({ embedder: wordEmbedder() });
    const memory = open();
    const write = (text: string, more: object, from: object) =>
      memory.remember("acme", POOL, { text, ...more }, origin(text, from), signal);
    await write("tea of task two", {}, { taskId: "t2" });
    await write("tea of a document", { document: "d" }, {});
    await write("tea of bob", {}, { caller: "bob" });
    await write("green tea", {}, {});
    await write("tea", {}, {});
    const forget = async (which: Parameters<LongTermMemory["forget"]>[2]["which"]) =>
      (await memory.forget("acme", POOL, { which })).count;
    expect(await forget({ task: "t2" })).toBe(1);
    expect(await forget({ document: "d" })).toBe(1);
    expect(await forget({ caller: "bob" })).toBe(1);
    expect(await forget({ words: "teas GREEN" })).toBe(1);
    expect(await textsOf(memory, "tea")).toEqual(["tea"]);
    expect(await forget({ all: true })).toBe(1);
    await expect(forget({} as never)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("everywhere means every pool of the tenant, and no other tenant", async () => {
    const { open, lying } = memoryWorld();
    const memory = open();
    for (const tenantId of ["acme", "bolt"])
      for (const pool of [POOL, callerPool("clerk", "ann"), poolOf("team")])
        await memory.remember(tenantId, pool, { text: "tea", document: "d" }, origin(pool.name), signal);
    expect(await memory.forgetEverywhere("acme", { which: { document: "d" } })).toMatchObject({ count: 3 });
    expect((await lying("acme")).texts).toEqual([]);
    expect((await lying("bolt")).texts).toHaveLength(3);
  });

  test("what is over is given to nobody, and a sweep takes it away with its vector", async () => {
    const { clock, open, lying } = memoryWorld({ embedder: wordEmbedder(), pools: { agent: { ttl: "2d" } } });
    const memory = open();
    await remember(memory, "tea briefly", { ttlMs: 1_000 });
    await remember(memory, "tea for ever", { ttlMs: 99 * DAY });
    await clock.advance(1_000);
    expect(await textsOf(memory, "tea")).toEqual(["tea for ever"]);
    await clock.advance(2 * DAY);
    expect(await textsOf(memory, "tea")).toEqual([]);
    expect(await memory.list("acme", POOL, undefined, 10)).toEqual([]);
    expect((await lying("acme")).texts).toHaveLength(2);
    await memory.sweep("acme", signal);
    expect((await lying("acme")).rows.map(({ key, value }) => [key, value])).toEqual([["pools", 0]]);
    expect((await lying("acme")).vectors).toEqual([]);
  });

  test("a full pool lets go what is worth least and says so, or takes no more if it is told to", async () => {
    const { clock, open, pools, logger } = memoryWorld({ pools: { agent: { maxEntries: 3 } } });
    const memory = open();
    await remember(memory, "tea dear", { importance: 1 });
    const dull = await remember(memory, "tea dull", { importance: 0.1 });
    await remember(memory, "tea used");
    await clock.advance(DAY);
    await textsOf(memory, "used");
    expect(await remember(memory, "tea more")).toMatchObject({
      forgotten: [dull.id],
      reasons: ["the pool is full: 1 worth least went for it"],
    });
    expect((await textsOf(memory, "tea")).toSorted()).toEqual(["tea dear", "tea more", "tea used"]);
    expect(logger.records.map(({ fields }) => fields["tenantId"])).toEqual(["acme"]);
    pools["agent"] = { maxEntries: 3, whenFull: "refuse" };
    await expect(remember(memory, "tea too many")).rejects.toMatchObject({ code: "OVERLOADED", retryable: false });
    expect(await remember(memory, "tea more")).toMatchObject({ kept: true });
  });

  test("many at once are all kept, within the bound", async () => {
    const { open, lying } = memoryWorld({ embedder: wordEmbedder(), pools: { agent: { maxEntries: 150 } } });
    const memory = open();
    const kept = await Promise.all(Array.from({ length: 250 }, (_, place) => remember(memory, `tea ${place}`)));
    expect(kept.every((each) => each.kept)).toBe(true);
    expect(kept.flatMap(({ forgotten }) => forgotten)).toHaveLength(100);
    const { texts, vectors } = await lying("acme");
    expect([texts.length, vectors.length]).toEqual([150, 150]);
    expect(await memory.status("acme", POOL)).toMatchObject({ entries: 150, maxEntries: 150, embedder: "test/words" });
  });

  test("many more at once than a pool may have leave as many as it may, those that were there and all", async () => {
    const { open, lying } = memoryWorld({ embedder: wordEmbedder(), pools: { agent: { maxEntries: 3 } } });
    const memory = open();
    for (const text of ["tea a", "tea b", "tea c"]) await remember(memory, text);
    const texts = ["tea a", ...Array.from({ length: 20 }, (_, place) => `tea ${place}`), "tea 19", "tea c"];
    await Promise.all(texts.map((text) => remember(memory, text)));
    expect(await memory.status("acme", POOL)).toMatchObject({ entries: 3 });
    const left = await lying("acme");
    expect([left.texts.length, left.vectors.length]).toEqual([3, 3]);
  });

  test("a call that runs again after its memory was forgotten takes no room in a full pool", async () => {
    const { open, pools } = memoryWorld({ pools: { agent: { maxEntries: 2 } } });
    const memory = open();
    const { id } = await remember(memory, "tea gone");
    await memory.forget("acme", POOL, { which: { id } });
    for (const text of ["tea a", "tea b"]) await remember(memory, text);
    expect(await remember(memory, "tea gone")).toMatchObject({ kept: false });
    pools["agent"] = { maxEntries: 2, whenFull: "refuse" };
    expect(await remember(memory, "tea gone")).toMatchObject({ kept: false });
    expect((await textsOf(memory, "tea")).toSorted()).toEqual(["tea a", "tea b"]);
  });
});

describe("tenants and pools", () => {
  test("nothing is found, read, listed or forgotten across them", async () => {
    const { open, lying } = memoryWorld({ embedder: wordEmbedder() });
    const memory = open();
    const { id } = await remember(memory, "tea of acme");
    const elsewhere = [
      ["bolt", POOL],
      ["acme", agentPool("other")],
      ["acme", callerPool("clerk", "ann")],
      ["acme", poolOf("clerk")],
    ] as const;
    for (const [tenantId, pool] of elsewhere) {
      expect((await memory.recall(tenantId, pool, { query: "tea of acme" }, signal)).memories).toEqual([]);
      expect(await memory.get(tenantId, pool, id)).toBeNull();
      expect(await memory.list(tenantId, pool, undefined, 10)).toEqual([]);
      expect(await memory.forget(tenantId, pool, { which: { id } })).toMatchObject({ count: 0 });
      expect(await memory.forget(tenantId, pool, { which: { all: true } })).toMatchObject({ count: 0 });
      expect(await memory.status(tenantId, pool)).toMatchObject({ entries: 0 });
    }
    expect((await lying("acme")).texts).toEqual(["tea of acme"]);
  });

  test("keys of the store name no caller", async () => {
    const { open, lying } = memoryWorld();
    await open().remember("acme", callerPool("clerk", "ann@example.org"), { text: "tea" }, origin("x"), signal);
    expect((await lying("acme")).rows.filter(({ key }) => key.includes("ann"))).toEqual([]);
  });

  test("sealed, vectors lie with their memories and nowhere else, and find the same", async () => {
    const { open, lying, vectorIndex } = memoryWorld({ embedder: wordEmbedder([["car", "automobile"]]) });
    // Written before there was a key.
    await remember(open(), "her automobile is red");
    expect((await lying("acme")).vectors).toHaveLength(1);
    const memory = open({ sealsVectors: true });
    await remember(memory, "his automobile is blue");
    expect(await textsOf(memory, "car")).toEqual(["his automobile is blue"]);
    expect(await textsOf(open({ sealsVectors: true }), "car")).toEqual(["his automobile is blue"]);
    await memory.sweep("acme", signal);
    const { rows } = await lying("acme");
    const spaces = rows.flatMap(({ key, value }) =>
      key.startsWith("pool/") ? (value as { spaces: string[] }).spaces : [],
    );
    for (const namespace of spaces) expect(await vectorIndex.count({ tenantId: "acme", namespace })).toBe(0);
  });
});

describe("over crashes", () => {
  /** Runs it with the process dying at each write in turn, before and after it, until it no longer dies. */
  const dyingAtEach = async (run: (life: Life) => Promise<void>): Promise<number> => {
    for (let at = 1; ; at++) {
      for (const when of ["before", "after"] as const) {
        const life = new Life(at, when);
        await run(life);
        if (life.writes < at) return at - 1;
      }
    }
  };

  test("a memory is there once, whole, however often the call that makes it dies and runs again", async () => {
    const deaths = await dyingAtEach(async (life) => {
      const { open, lying } = memoryWorld({ embedder: wordEmbedder(), pools: { agent: { maxEntries: 2 } } });
      await remember(open(), "tea one", { importance: 0.2 });
      await remember(open(), "tea two");
      await remember(open({}, life), "tea three").catch((error: unknown) => expect(error).toBeInstanceOf(Died));
      const after = open();
      await remember(after, "tea three");
      expect((await textsOf(after, "tea")).toSorted()).toEqual(["tea three", "tea two"]);
      const { texts, vectors } = await lying("acme");
      expect([texts.toSorted(), vectors.length]).toEqual([["tea three", "tea two"], 2]);
    });
    expect(deaths).toBeGreaterThanOrEqual(5);
  });

  test("a forgetting that died is finished by whoever opens the pool next, and nothing of it is left", async () => {
    const deaths = await dyingAtEach(async (life) => {
      const { open, lying } = memoryWorld({ embedder: wordEmbedder() });
      for (let place = 0; place < 5; place++) await remember(open(), `tea ${place}`, { document: "d" });
      await remember(open(), "tea stays");
      let begun = true;
      await open({}, life)
        .forget("acme", POOL, { which: { document: "d" } })
        .catch(async (error: unknown) => {
          expect(error).toBeInstanceOf(Died);
          begun = (await lying("acme")).forgettings > 0 || (await lying("acme")).texts.length === 1;
        });
      const left = await textsOf(open(), "tea");
      const { texts, vectors, forgettings } = await lying("acme");
      // Died before it was written down, nothing has happened; else all has.
      expect([left.length, texts.length, vectors.length]).toEqual(begun ? [1, 1, 1] : [6, 6, 6]);
      expect(forgettings).toBe(0);
    });
    expect(deaths).toBeGreaterThanOrEqual(9);
  });

  test.each(["sweep", "open"])("a forgetting that died takes nothing that was remembered since (%s)", async (by) => {
    const { open, clock, lying } = memoryWorld();
    const memory = open();
    for (const text of ["tea one", "tea two", "tea three"]) await remember(memory, text);
    await expect(open({}, new Life(2, "after")).forget("acme", POOL, { which: { all: true } })).rejects.toThrow(Died);
    expect(await lying("acme")).toMatchObject({ forgettings: 1 });
    await clock.advance(3_600_000);
    await remember(memory, "tea since");
    if (by === "sweep") await memory.sweep("acme", signal);
    expect(await textsOf(by === "sweep" ? memory : open(), "tea")).toEqual(["tea since"]);
    expect(await lying("acme")).toMatchObject({ texts: ["tea since"], forgettings: 0 });
  });

  test("a forgetting that failed is struck out by the same one made again, and by no other", async () => {
    const { open, lying } = memoryWorld();
    const memory = open();
    for (const text of ["tea one", "tea two", "tea three"]) await remember(memory, text);
    await expect(open({}, new Life(2, "after")).forget("acme", POOL, { which: { all: true } })).rejects.toThrow(Died);
    await memory.forget("acme", POOL, { which: { task: "t1" } });
    expect(await lying("acme")).toMatchObject({ texts: [], forgettings: 1 });
    await memory.forget("acme", POOL, { which: { all: true } });
    expect(await lying("acme")).toMatchObject({ forgettings: 0 });
  });
});

describe("on several nodes", () => {
  const nodesOf = (world: ReturnType<typeof memoryWorld>) =>
    [world.open({ acrossNodes: true }), world.open({ acrossNodes: true })] as const;

  test("what one node has confirmed, the other finds, counts and has forgotten", async () => {
    const [one, two] = nodesOf(memoryWorld({ embedder: wordEmbedder() }));
    expect(await textsOf(two, "tea")).toEqual([]);
    const { id } = await remember(one, "tea one");
    expect(await textsOf(two, "tea")).toEqual(["tea one"]);
    await remember(two, "tea two");
    expect((await textsOf(one, "tea")).toSorted()).toEqual(["tea one", "tea two"]);
    await one.forget("acme", POOL, { which: { id } });
    expect(await textsOf(two, "tea")).toEqual(["tea two"]);
    expect(await two.status("acme", POOL)).toMatchObject({ entries: 1 });
  });

  test.each([1, 3, 9])("a pool that another node swept away and began anew is seen, with %i memories", async (many) => {
    const world = memoryWorld({ embedder: wordEmbedder() });
    const [one, two] = nodesOf(world);
    for (const text of ["tea a", "tea b", "tea c"]) await remember(one, text);
    await two.forget("acme", POOL, { which: { all: true } });
    await two.sweep("acme", signal);
    await world.clock.advance(1_000);
    const since = Array.from({ length: many }, (_, place) => `tea ${place}`);
    for (const text of since) await remember(two, text);
    expect((await textsOf(one, "tea", { limit: 20 })).toSorted()).toEqual(since);
  });

  test("who writes into a pool that another node swept away and began anew knows all of it then", async () => {
    const world = memoryWorld({ embedder: wordEmbedder() });
    const [one, two] = nodesOf(world);
    for (const text of ["tea a", "tea b", "tea c"]) await remember(one, text);
    const put = world.keyValue.put.bind(world.keyValue);
    let isSwept = false;
    // Between the look at the head and the writing of it.
    world.keyValue.put = async (scope, key, ...given) => {
      if (key.startsWith("entry/") && !isSwept) {
        isSwept = true;
        await two.forget("acme", POOL, { which: { all: true } });
        await two.sweep("acme", signal);
        await world.clock.advance(1_000);
        await remember(two, "tea anew");
      }
      return put(scope, key, ...given);
    };
    await remember(one, "tea d");
    for (const node of [one, two]) {
      expect((await textsOf(node, "tea")).toSorted()).toEqual(["tea anew", "tea d"]);
      expect(await node.status("acme", POOL)).toMatchObject({ entries: 2 });
    }
  });

  test("nodes that change a pool at once lose nothing, and each knows all of it then", async () => {
    const world = memoryWorld({ embedder: wordEmbedder() });
    const nodes = nodesOf(world);
    await Promise.all(
      Array.from({ length: 300 }, (_, place) => remember(nodes[place % 2] ?? nodes[0], `tea ${place}`)),
    );
    for (const node of nodes) expect(await node.status("acme", POOL)).toMatchObject({ entries: 300 });
    expect((await world.lying("acme")).vectors).toHaveLength(300);
  });

  test("any order of remembering and forgetting on two nodes leaves the same on both, in texts and vectors", async () => {
    const step = fc.record({
      node: fc.nat(1),
      what: fc.constantFrom("remember", "forget", "recall"),
      text: fc.constantFrom("tea a", "tea b"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 10 }), fc.scheduler(), async (steps, scheduler) => {
        const world = memoryWorld({ embedder: wordEmbedder() });
        // Every call of a store takes its time, in an order that the test draws.
        const slow = <Port extends object>(port: Port): Port =>
          new Proxy(port, {
            get: (target, name) => {
              const method = Reflect.get(target, name) as (...given: unknown[]) => Promise<unknown>;
              return async (...given: unknown[]) => {
                await scheduler.schedule(Promise.resolve(), String(name));
                const answer: unknown = await Reflect.apply(method, target, given);
                await scheduler.schedule(Promise.resolve(), String(name));
                return answer;
              };
            },
          });
        const nodes = [0, 1].map(() =>
          world.open({ acrossNodes: true, keyValue: slow(world.keyValue), vectorIndex: slow(world.vectorIndex) }),
        );
        const work = steps.map(({ node, what, text }) => {
          const memory = nodes[node] as LongTermMemory;
          if (what === "remember") return remember(memory, text);
          if (what === "recall") return textsOf(memory, text);
          return memory.forget("acme", POOL, { which: { id: origin(text).id } });
        });
        await scheduler.waitFor(Promise.all(work));
        const { texts, vectors } = await world.lying("acme");
        for (const memory of nodes) {
          expect((await scheduler.waitFor(textsOf(memory, "tea a b c d"))).toSorted()).toEqual(texts.toSorted());
          expect(await scheduler.waitFor(memory.status("acme", POOL))).toMatchObject({ entries: texts.length });
        }
        expect(vectors).toHaveLength(texts.length);
      }),
      { numRuns: 500 },
    );
  });
});
