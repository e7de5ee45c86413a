import { PlatformError } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createMemoryKeyValue } from "../inprocess/index.ts";
import type { KeyValue } from "../ports/key-value.ts";
import { ManualClock } from "../testing/manual-clock.ts";
import { RateLimiter, type RateLimits, type RateVerdict } from "./rate-limiter.ts";

// A sub-window begins here.
const START = 1_750_000_000_000;
const scope = { tenantId: "acme", key: "openai/small" };
const one = { requests: 1, tokens: 0 };

const world = (more: { readonly maxKeys?: number; readonly maxWaiting?: number } = {}) => {
  const clock = new ManualClock({ now: START });
  const memory = createMemoryKeyValue({ clock });
  const calls = { get: 0, put: 0 };
  let failure: Error | null = null;
  let gate: Promise<void> | null = null;
  const pass = async (name: "get" | "put"): Promise<void> => {
    calls[name] += 1;
    if (gate !== null) await gate;
    if (failure !== null) throw failure;
  };
  const keyValue: KeyValue = {
    ...memory,
    get: async (...words) => {
      await pass("get");
      return memory.get(...words);
    },
    put: async (...words) => {
      await pass("put");
      return memory.put(...words);
    },
  };
  const node = (at: Pick<ManualClock, "now"> = clock) => new RateLimiter({ keyValue, clock: at, ...more });
  return {
    ...{ clock, memory, keyValue, calls, node },
    failWith: (error: Error | null) => void (failure = error),
    hold: () => {
      let open = (): void => undefined;
      gate = new Promise<void>((resolve) => (open = resolve));
      return () => {
        gate = null;
        open();
      };
    },
  };
};

const count = (verdicts: readonly RateVerdict[]): number => verdicts.filter(({ granted }) => granted).length;

test("as many are granted as the limit says, the others are told when there is room", async () => {
  const { node, clock } = world();
  const limiter = node();
  clock.stall(3_000);
  const take = () => limiter.take(scope, one, { requestsPerMinute: 3 });
  const verdicts = await Promise.all([take(), take(), take(), take()]);
  expect(count(verdicts)).toBe(3);
  expect(verdicts[3]).toEqual({ granted: false, limit: "requests", retryAfterMs: 67_000 });
  clock.stall(66_999);
  expect((await take()).granted).toBe(false);
  clock.stall(1);
  expect((await take()).granted).toBe(true);
});

test("nodes of one database share a limit", async () => {
  const { node } = world();
  const nodes = [node(), node(), node()];
  const verdicts = await Promise.all(
    Array.from({ length: 60 }, (_, index) =>
      (nodes[index % 3] as RateLimiter).take(scope, one, { requestsPerMinute: 25 }),
    ),
  );
  expect(count(verdicts)).toBe(25);
});

test("tokens count beside requests, and the refusal names which was too little", async () => {
  const limiter = world().node();
  const limits = { requestsPerMinute: 10, tokensPerMinute: 100 };
  expect((await limiter.take(scope, { requests: 1, tokens: 80 }, limits)).granted).toBe(true);
  expect(await limiter.take(scope, { requests: 1, tokens: 21 }, limits)).toMatchObject({ limit: "tokens" });
  expect((await limiter.take(scope, { requests: 1, tokens: 20 }, limits)).granted).toBe(true);
});

test("more than the whole limit is never granted, and nothing is waited for", async () => {
  const { node, calls } = world();
  const verdict = await node().take(scope, { requests: 1, tokens: 101 }, { tokensPerMinute: 100 });
  expect(verdict).toEqual({ granted: false, limit: "tokens", retryAfterMs: null });
  expect(calls).toEqual({ get: 0, put: 0 });
});

test("without a limit the store is not asked", async () => {
  const { node, calls } = world();
  expect((await node().take(scope, one, {})).granted).toBe(true);
  expect(calls).toEqual({ get: 0, put: 0 });
});

test("all who ask in one turn cost one read and one write", async () => {
  const { node, calls } = world();
  const limiter = node();
  await Promise.all(Array.from({ length: 200 }, () => limiter.take(scope, one, { requestsPerMinute: 1_000 })));
  expect(calls).toEqual({ get: 1, put: 1 });
  await limiter.take(scope, one, { requestsPerMinute: 1_000 });
  expect(calls).toEqual({ get: 1, put: 2 });
});

test("those who wait are served by priority, then as they came", async () => {
  const { node, hold } = world();
  const limiter = node();
  const open = hold();
  const granted: string[] = [];
  const take = (name: string, priority: "low" | "normal" | "urgent") =>
    limiter
      .take(scope, one, { requestsPerMinute: 4 }, { priority })
      .then((verdict) => void (verdict.granted && granted.push(name)));
  const first = take("first", "low");
  await Promise.resolve();
  await Promise.resolve();
  const others = [take("a", "low"), take("b", "normal"), take("c", "normal"), take("d", "urgent"), take("e", "low")];
  open();
  await Promise.all([first, ...others]);
  expect(granted).toEqual(["first", "d", "b", "c"]);
});

test("tenants and keys have counts of their own", async () => {
  const limiter = world().node();
  const limits = { requestsPerMinute: 1 };
  for (const other of [scope, { ...scope, tenantId: "globex" }, { ...scope, key: "openai/large" }])
    expect((await limiter.take(other, one, limits)).granted).toBe(true);
  expect((await limiter.take(scope, one, limits)).granted).toBe(false);
});

test("what a call did not use is given back, also to other nodes", async () => {
  const { node, clock } = world();
  const [first, second] = [node(), node()];
  const limits = { tokensPerMinute: 100 };
  const verdict = await first.take(scope, { requests: 1, tokens: 100 }, limits);
  expect((await second.take(scope, { requests: 1, tokens: 50 }, limits)).granted).toBe(false);
  if (verdict.granted) first.adjust(verdict.grant, { requests: 1, tokens: 30 });
  await clock.turn();
  expect((await second.take(scope, { requests: 1, tokens: 71 }, limits)).granted).toBe(false);
  expect((await second.take(scope, { requests: 1, tokens: 70 }, limits)).granted).toBe(true);
});

test("what a call used beyond counts as of now", async () => {
  const { node, clock } = world();
  const limiter = node();
  const limits = { tokensPerMinute: 100 };
  const verdict = await limiter.take(scope, { requests: 1, tokens: 10 }, limits);
  clock.stall(30_000);
  if (verdict.granted) limiter.adjust(verdict.grant, { requests: 1, tokens: 90 });
  await clock.turn();
  clock.stall(40_000);
  // The ten of the beginning are forgotten, the eighty of then are not.
  expect((await limiter.take(scope, { requests: 1, tokens: 21 }, limits)).granted).toBe(false);
  expect((await limiter.take(scope, { requests: 1, tokens: 20 }, limits)).granted).toBe(true);
});

test("corrections of many calls are written together", async () => {
  const { node, clock, calls } = world();
  const limiter = node();
  const limits = { tokensPerMinute: 1_000 };
  const verdicts = await Promise.all(
    Array.from({ length: 10 }, () => limiter.take(scope, { requests: 1, tokens: 100 }, limits)),
  );
  for (const verdict of verdicts) if (verdict.granted) limiter.adjust(verdict.grant, { requests: 1, tokens: 1 });
  await clock.turn();
  expect(calls.put).toBe(2);
  expect((await limiter.take(scope, { requests: 1, tokens: 990 }, limits)).granted).toBe(true);
});

test("while the store fails nothing is granted, and the caller may come again", async () => {
  const { node, failWith } = world();
  const limiter = node();
  failWith(new Error("connection refused"));
  const refused = limiter.take(scope, one, { requestsPerMinute: 5 });
  await expect(refused).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
  failWith(null);
  expect((await limiter.take(scope, one, { requestsPerMinute: 5 })).granted).toBe(true);
});

test("a correction that the store did not take is written with the next call", async () => {
  const { node, clock, failWith } = world();
  const limiter = node();
  const limits = { tokensPerMinute: 100 };
  const verdict = await limiter.take(scope, { requests: 1, tokens: 100 }, limits);
  failWith(new Error("connection refused"));
  if (verdict.granted) limiter.adjust(verdict.grant, { requests: 1, tokens: 0 });
  await clock.turn();
  failWith(null);
  expect((await limiter.take(scope, { requests: 1, tokens: 100 }, limits)).granted).toBe(true);
});

test("counts that cannot be read grant nothing", async () => {
  const { node, memory } = world();
  await memory.put({ tenantId: "acme", namespace: "rate-limits" }, scope.key, [["soon", { requests: -1 }]]);
  await expect(node().take(scope, one, { requestsPerMinute: 5 })).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
});

test("who leaves while waiting takes nothing, and gives back what was granted meanwhile", async () => {
  const { node, clock, hold } = world();
  const limiter = node();
  const limits = { requestsPerMinute: 1 };
  const open = hold();
  const leaving = new AbortController();
  const left = limiter.take(scope, one, limits, { signal: leaving.signal });
  await Promise.resolve();
  await Promise.resolve();
  leaving.abort();
  await expect(left).rejects.toMatchObject({ code: "CANCELED" });
  open();
  await clock.turn();
  expect((await limiter.take(scope, one, limits)).granted).toBe(true);
});

test("a signal that was aborted before, or while others are served, rejects with its own reason", async () => {
  const { node, hold } = world();
  const limiter = node();
  const reason = new PlatformError("DEADLINE_EXCEEDED", "too late");
  const leaving = new AbortController();
  const open = hold();
  const first = limiter.take(scope, one, { requestsPerMinute: 9 });
  await Promise.resolve();
  await Promise.resolve();
  const second = limiter.take(scope, one, { requestsPerMinute: 9 }, { signal: leaving.signal });
  leaving.abort(reason);
  await expect(second).rejects.toBe(reason);
  open();
  expect((await first).granted).toBe(true);
  await expect(limiter.take(scope, one, { requestsPerMinute: 9 }, { signal: leaving.signal })).rejects.toBe(reason);
});

test("only so many wait, and only so many limits are remembered", async () => {
  const { node, hold, clock } = world({ maxKeys: 2, maxWaiting: 2 });
  const limiter = node();
  const open = hold();
  const limits = { requestsPerMinute: 5 };
  const waiting = [limiter.take(scope, one, limits), limiter.take({ ...scope, key: "b" }, one, limits)];
  await expect(limiter.take(scope, one, limits)).rejects.toMatchObject({ code: "OVERLOADED", retryable: true });
  open();
  await Promise.all(waiting);
  await clock.turn();
  // One that nobody waits for makes room.
  expect((await limiter.take({ ...scope, key: "c" }, one, limits)).granted).toBe(true);
  expect((await limiter.take(scope, one, { requestsPerMinute: 1 })).granted).toBe(false);
});

test("a write that ends in a later sub-window is counted there", async () => {
  const { node, clock, hold, memory } = world();
  const open = hold();
  const taken = node().take(scope, one, { requestsPerMinute: 1 });
  await clock.turn();
  clock.stall(25_000);
  open();
  await taken;
  const entry = await memory.get({ tenantId: "acme", namespace: "rate-limits" }, scope.key);
  expect(entry?.value).toEqual([[START / 10_000 + 2, { requests: 1, tokens: 0 }]]);
});

test("a node whose clock is behind counts with the others, and one far ahead does not stop them for long", async () => {
  const { node, clock } = world();
  const behind = node({ now: () => clock.now() - 30_000 });
  const limits = { requestsPerMinute: 2 };
  await node().take(scope, one, limits);
  await behind.take(scope, one, limits);
  clock.stall(45_000);
  expect((await node().take(scope, one, limits)).granted).toBe(false);
  const ahead = node({ now: () => clock.now() + 3_600_000 });
  await ahead.take({ ...scope, key: "b" }, one, limits);
  await ahead.take({ ...scope, key: "b" }, one, limits);
  expect(await node().take({ ...scope, key: "b" }, one, limits)).toMatchObject({ retryAfterMs: 65_000 });
});

test("a limit leaves nothing behind in the store", async () => {
  const { node, clock, memory } = world();
  await node().take(scope, one, { requestsPerMinute: 2 });
  clock.stall(140_000);
  expect(await memory.list({ tenantId: "acme", namespace: "rate-limits" })).toEqual([]);
});

/** Whatever several nodes do, in any order of their reads and writes. */
test("no sixty seconds have more than the limit", async () => {
  const step = fc.record({
    pauseMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 25_000 })),
    node: fc.integer({ min: 0, max: 2 }),
    tokens: fc.integer({ min: 0, max: 60 }),
    used: fc.double({ min: 0, max: 1, noNaN: true }),
    answersAfter: fc.integer({ min: 0, max: 4 }),
  });
  const limits: RateLimits = { requestsPerMinute: 5, tokensPerMinute: 100 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), fc.scheduler(), async (steps, scheduler) => {
      const clock = new ManualClock({ now: START });
      const memory = createMemoryKeyValue({ clock });
      const keyValue: KeyValue = {
        ...memory,
        get: scheduler.scheduleFunction((...words: Parameters<KeyValue["get"]>) => memory.get(...words)),
        put: scheduler.scheduleFunction((...words: Parameters<KeyValue["put"]>) => memory.put(...words)),
      };
      const nodes = Array.from({ length: 3 }, () => new RateLimiter({ keyValue, clock }));
      const granted: { at: number; requests: number; tokens: number }[] = [];
      const later: (() => void)[][] = [];
      const calls: Promise<void>[] = [];
      for (const { pauseMs, node, tokens, used, answersAfter } of steps) {
        for (const answer of later.shift() ?? []) answer();
        const limiter = nodes[node] as RateLimiter;
        const taken = limiter.take(scope, { requests: 1, tokens }, limits).then((verdict) => {
          if (!verdict.granted) return;
          const call = { at: clock.now(), requests: 1, tokens };
          granted.push(call);
          (later[answersAfter] ??= []).push(() => {
            call.tokens = Math.floor(tokens * used);
            limiter.adjust(verdict.grant, { requests: 1, tokens: call.tokens });
          });
        });
        calls.push(taken);
        // Some reads and writes happen now, others after the pause.
        if (scheduler.count() > 0) await scheduler.waitOne();
        clock.stall(pauseMs);
        if (scheduler.count() > 0) await scheduler.waitOne();
      }
      await scheduler.waitFor(Promise.all(calls));
      for (const { at } of granted) {
        const within = granted.filter((call) => call.at >= at && call.at < at + 60_000);
        expect(within.reduce((sum, { requests }) => sum + requests, 0)).toBeLessThanOrEqual(5);
        expect(within.reduce((sum, { tokens }) => sum + tokens, 0)).toBeLessThanOrEqual(100);
      }
    }),
    { numRuns: 300 },
  );
});
