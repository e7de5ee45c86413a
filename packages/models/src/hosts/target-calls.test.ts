import { ManualClock } from "@agentcore/core/testing";
import { describe, expect, test } from "vitest";
import type { ModelTarget } from "../model-target.ts";
import { orderTargets } from "./order-targets.ts";
import { TargetCalls, type TargetEntry, type TargetOutcome } from "./target-calls.ts";

const target = (id: string, more: Partial<ModelTarget> = {}): ModelTarget => ({
  ...{ id, name: "m", provider: "openai-compatible", model: "m", isDeclared: true },
  ...{ timeoutMs: 1_000, firstTokenTimeoutMs: 1_000 },
  ...more,
});
const FAILED: TargetOutcome = { outcome: "failed" };
const answered = (durationMs: number, more: { firstTokenMs?: number; outputTokens?: number } = {}): TargetOutcome => ({
  ...{ outcome: "answered", durationMs, outputTokens: 1 },
  ...more,
});

const world = (maxTargets?: number) => {
  const clock = new ManualClock();
  const guard = new TargetCalls({ clock, maxTargets });
  const call = (of: ModelTarget, outcome: TargetOutcome, tenantId = "acme"): TargetEntry => {
    const entry = guard.enter(tenantId, of);
    leave(entry, outcome);
    return entry;
  };
  const leave = (entry: TargetEntry, outcome: TargetOutcome): void => {
    if (entry.entered) guard.leave(entry, outcome);
  };
  return { clock, guard, call, leave, look: (of: ModelTarget) => guard.look("acme", of) };
};

describe("what is let through", () => {
  test("after five failures in a row nothing for a minute, then one probe", () => {
    const { clock, guard, call, leave, look } = world();
    const a = target("a");
    for (let failure = 0; failure < 5; failure += 1) call(a, FAILED);
    expect(look(a)).toMatchObject({ problem: "its breaker is open, for another 60 s", retryAfterMs: 60_000 });
    expect(call(a, FAILED)).toMatchObject({
      entered: false,
      refusal: { code: "CIRCUIT_OPEN", retryable: true, retryAfterMs: 60_000 },
    });
    clock.stall(60_000);
    expect(look(a).problem).toBeUndefined();
    const probe = guard.enter("acme", a);
    expect(probe.entered).toBe(true);
    expect(guard.enter("acme", a)).toMatchObject({
      refusal: { message: "its breaker waits for the answer to a probe, for another 60 s" },
    });
    leave(probe, answered(10));
    expect(guard.enter("acme", a).entered).toBe(true);
  });

  test("a success between failures, or a call that tells nothing, keeps it closed", () => {
    const { call, look } = world();
    const a = target("a");
    for (let failure = 0; failure < 4; failure += 1) call(a, FAILED);
    call(a, answered(10));
    for (let failure = 0; failure < 4; failure += 1) call(a, FAILED);
    call(a, { outcome: "abandoned" });
    expect(look(a).problem).toBeUndefined();
  });

  test("a probe that tells nothing lets the next one try at once", () => {
    const { clock, guard, call } = world();
    const a = target("a");
    for (let failure = 0; failure < 5; failure += 1) call(a, FAILED);
    clock.stall(60_000);
    call(a, { outcome: "abandoned" });
    expect(guard.enter("acme", a).entered).toBe(true);
  });

  test("as many calls at once as its limit of concurrency; a call counts until it is over, once", () => {
    const { guard, leave } = world();
    const a = target("a", { limits: { concurrency: 2 } });
    const [first, second] = [guard.enter("acme", a), guard.enter("acme", a)];
    expect(guard.look("acme", a)).toMatchObject({ underWay: 2, isFull: true });
    expect(guard.enter("acme", a)).toMatchObject({
      refusal: {
        code: "BULKHEAD_FULL",
        message: "it has 2 calls under way, its limit of concurrency",
        retryAfterMs: 500,
      },
    });
    // That passes: it may be chosen.
    expect(guard.look("acme", a).problem).toBeUndefined();
    leave(first, answered(10));
    leave(first, answered(10));
    expect(guard.look("acme", a).underWay).toBe(1);
    expect(guard.enter("acme", a).entered).toBe(true);
    leave(second, answered(10));
  });

  test("who asks to be left alone is, at most five minutes", () => {
    const { clock, call, look } = world();
    const a = target("a");
    call(a, { outcome: "failed", retryAfterMs: 2_000 });
    expect(look(a)).toMatchObject({ retryAfterMs: 2_000 });
    expect(call(a, FAILED)).toMatchObject({ refusal: { code: "OVERLOADED", retryAfterMs: 2_000 } });
    clock.stall(2_000);
    expect(call(a, { outcome: "failed", retryAfterMs: 3_600_000 }).entered).toBe(true);
    clock.stall(300_000);
    expect(call(a, FAILED).entered).toBe(true);
  });

  test("tenants know nothing of each other's targets", () => {
    const { guard, call } = world();
    const a = target("a");
    for (let failure = 0; failure < 5; failure += 1) call(a, FAILED, "globex");
    expect(guard.enter("acme", a).entered).toBe(true);
    expect(guard.look("acme", a).failureRate).toBe(0);
  });

  test("only so many targets are remembered, and none is forgotten while it is called", () => {
    const { guard, call, leave } = world(2);
    const [a, b, c] = [target("a"), target("b"), target("c")];
    const entries = [guard.enter("acme", a), guard.enter("acme", b)];
    expect(guard.enter("acme", c)).toMatchObject({ refusal: { code: "OVERLOADED" } });
    for (const entry of entries) leave(entry, FAILED);
    expect(call(c, FAILED).entered).toBe(true);
    expect(guard.look("acme", a).failureRate).toBe(0);
    expect(guard.look("acme", b).failureRate).toBe(0.2);
  });
});

describe("what was measured", () => {
  test("the last answers count most", () => {
    const { call, look } = world();
    const a = target("a");
    expect(look(a).expectedMs(100)).toBeUndefined();
    call(a, answered(1_000));
    call(a, answered(2_000));
    expect(look(a).expectedMs(100)).toBe(1_200);
    call(a, FAILED);
    expect(look(a).failureRate).toBeCloseTo(0.2);
  });

  test("of streams it is known how long the first token and those after it take", () => {
    const { call, look } = world();
    const a = target("a");
    call(a, answered(1_200, { firstTokenMs: 200, outputTokens: 101 }));
    expect(look(a).expectedMs(1)).toBe(200);
    expect(look(a).expectedMs(501)).toBe(5_200);
  });

  test("what was measured over five minutes ago is forgotten", () => {
    const { clock, call, look } = world();
    const a = target("a");
    call(a, answered(1_000));
    call(a, FAILED);
    clock.stall(300_001);
    expect(look(a)).toMatchObject({ failureRate: 0 });
    expect(look(a).expectedMs(1)).toBeUndefined();
    call(a, answered(50));
    expect(look(a).expectedMs(1)).toBe(50);
  });
});

describe("which host or key first", () => {
  const four = ["m#1", "m#2", "m#3", "m#4"].map((id) => target(id));
  interface Known {
    readonly underWay?: number;
    readonly isFull?: boolean;
    readonly failureRate?: number;
    readonly ms?: number;
    readonly isLoaded?: boolean;
  }
  const order = (
    known: readonly Known[],
    { prefer, random = 0 }: Pick<ModelTarget, "prefer"> & { readonly random?: number } = {},
    given: readonly ModelTarget[] = four,
  ): readonly number[] => {
    const targets = given.map((each) => ({ ...each, prefer }));
    const of = ({ id }: ModelTarget): Known => known[targets.findIndex((each) => each.id === id)] ?? {};
    return orderTargets({
      ...{ targets, outputTokens: 100, random },
      viewOf: (each) => {
        const { underWay = 0, isFull = false, failureRate = 0, ms } = of(each);
        return { underWay, isFull, failureRate, expectedMs: () => ms };
      },
      isLoaded: (each) => of(each).isLoaded,
    }).map(({ id }) => targets.findIndex((each) => each.id === id));
  };

  test("of keys the less busy of two taken at random, then the others by load", () => {
    const known = [{ underWay: 3 }, { underWay: 1 }, { underWay: 2 }, { underWay: 9 }];
    const firsts = Array.from({ length: 100 }, (_, at) => order(known, { random: at / 100 })[0]);
    expect(new Set(firsts)).toEqual(new Set([0, 1, 2]));
    expect(firsts.filter((first) => first === 1).length).toBeGreaterThan(40);
    const all = order(known, { random: 0.99 });
    expect(all.slice(1)).toEqual([1, 2, 0, 3].filter((place) => place !== all[0]));
  });

  test("who is full comes last", () => {
    const limited = [{ isFull: true, underWay: 1 }, { underWay: 5 }, { isFull: true }, { underWay: 6 }];
    for (const random of [0, 0.3, 0.6, 0.99]) expect(order(limited, { random }).slice(2)).toEqual([2, 0]);
  });

  test("by speed, reliability or both with load; who was never measured is tried first", () => {
    const known = [
      { ms: 900, failureRate: 0, underWay: 1 },
      { ms: 300, failureRate: 0.5, underWay: 3 },
      { ms: 500, failureRate: 0.1, underWay: 0 },
      { failureRate: 0.9, underWay: 2 },
    ];
    expect(order(known, { prefer: "speed" })).toEqual([3, 1, 2, 0]);
    expect(order(known, { prefer: "reliability" })).toEqual([0, 2, 1, 3]);
    // 900·2, 300·4·2, 500·1·1.1, unknown.
    expect(order(known, { prefer: "balance" })).toEqual([3, 2, 0, 1]);
  });

  test("a host of Ollama that has the model in memory first, until it is busy: the first with four calls, others with two", () => {
    const hosts = four.map((each) => ({ ...each, provider: "ollama" as const }));
    const known = [{ isLoaded: false }, { isLoaded: true, underWay: 1, ms: 9_000 }, { isLoaded: false }, {}];
    expect(order(known, { prefer: "speed" }, hosts)).toEqual([3, 1, 0, 2]);
    const busy = [{ underWay: 3 }, { underWay: 2 }, { underWay: 1, isLoaded: false }, { underWay: 2 }];
    expect(order(busy, { prefer: "balance" }, hosts)).toEqual([0, 2, 1, 3]);
    expect(order([{ underWay: 4 }, { underWay: 5 }, {}, {}], { prefer: "balance" }, hosts)).toEqual([2, 3, 0, 1]);
  });

  test("one target is all there is", () => {
    expect(order([], {}, four.slice(0, 1))).toEqual([0]);
  });
});
