/** Who waits for a target that has as many calls under way as its limit lets it have. */
import { ManualClock } from "@agentcore/core/testing";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ModelTarget } from "../model-target.ts";
import { type EnteredTarget, TargetCalls, type TargetOutcome } from "./target-calls.ts";

const target = (id: string, concurrency: number): ModelTarget => ({
  ...{ id, name: "m", provider: "openai-compatible", model: "m", isDeclared: true },
  ...{ timeoutMs: 1_000, firstTokenTimeoutMs: 1_000, limits: { concurrency } },
});
const ANSWERED: TargetOutcome = { outcome: "answered", durationMs: 10, outputTokens: 1 };
const FAILED: TargetOutcome = { outcome: "failed" };
const SIGNAL = new AbortController().signal;

const world = () => {
  const clock = new ManualClock();
  const calls = new TargetCalls({ clock });
  const enter = (of: ModelTarget): EnteredTarget => {
    const entry = calls.enter("acme", of);
    if (!entry.entered) throw entry.refusal;
    return entry;
  };
  /** What it came to, once it has. */
  const wait = (of: readonly ModelTarget[], { priority = 1, signal = SIGNAL, forMs = 60_000 } = {}) => {
    const waiter: { entry?: EnteredTarget | null; error?: unknown } = {};
    void calls.wait("acme", of, { priority, since: clock.monotonic(), forMs, signal }).then(
      (entry) => (waiter.entry = entry),
      (error: unknown) => (waiter.error = error),
    );
    return waiter;
  };
  return { clock, calls, enter, wait };
};

describe("in line", () => {
  test("the place that is free goes to who waits, by priority and then in order, and to nobody who comes later", async () => {
    const { clock, calls, enter, wait } = world();
    const a = target("a", 1);
    let entry = enter(a);
    const waiting = [wait([a]), wait([a], { priority: 0 }), wait([a], { priority: 3 }), wait([a])];
    for (const next of [2, 0, 3, 1]) {
      calls.leave(entry, ANSWERED);
      expect(calls.enter("acme", a)).toMatchObject({ entered: false, refusal: { code: "BULKHEAD_FULL" } });
      await clock.turn();
      expect(waiting.map(({ entry: got }) => got !== undefined).indexOf(true)).toBe(waiting.indexOf(waiting[next]!));
      entry = waiting[next]!.entry!;
      delete waiting[next]!.entry;
    }
  });

  test("of several, whichever is free first, and none of the others", async () => {
    const { clock, calls, enter, wait } = world();
    const [a, b] = [target("a", 1), target("b", 1)];
    const [inA, inB] = [enter(a), enter(b)];
    const waiter = wait([a, b]);
    calls.leave(inB, ANSWERED);
    await clock.turn();
    expect(waiter.entry?.target).toBe(b);
    calls.leave(inA, ANSWERED);
    expect(calls.look("acme", a).underWay).toBe(0);
  });

  test("one that became free before is given at once", async () => {
    const { clock, calls, enter, wait } = world();
    const a = target("a", 1);
    calls.leave(enter(a), ANSWERED);
    const waiter = wait([a]);
    await clock.turn();
    expect(waiter.entry?.target).toBe(a);
  });

  test("until the time is over, or the call is aborted, and no place is lost by that", async () => {
    const { clock, calls, enter, wait } = world();
    const a = target("a", 1);
    const entry = enter(a);
    const controller = new AbortController();
    const [late, aborted, last] = [wait([a], { forMs: 10 }), wait([a], { signal: controller.signal }), wait([a])];
    await clock.advance(10);
    controller.abort(new Error("enough"));
    calls.leave(entry, ANSWERED);
    await clock.turn();
    expect(late.entry).toBeNull();
    expect(aborted.error).toEqual(new Error("enough"));
    expect(last.entry?.target).toBe(a);
  });

  test("nobody stands for one that is not to be asked", async () => {
    const { clock, calls, enter, wait } = world();
    const [a, b] = [target("a", 1), target("b", 1)];
    const [inA, inB] = [enter(a), enter(b)];
    const [one, both] = [wait([a]), wait([a, b])];
    calls.leave(inA, { outcome: "failed", retryAfterMs: 5_000 });
    await clock.turn();
    expect([one.entry, both.entry]).toEqual([null, undefined]);
    calls.leave(inB, ANSWERED);
    await clock.turn();
    expect(both.entry?.target).toBe(b);
  });

  test("a thousand in a line, or twice as many as are asked at once", async () => {
    const { clock, calls, enter, wait } = world();
    const [a, b] = [target("a", 1), target("b", 1)];
    const entry = enter(a);
    enter(b);
    for (let waiter = 0; waiter < 1_000; waiter += 1) wait([a]);
    const [refused, other] = [wait([a]), wait([a, b])];
    await clock.turn();
    expect(refused.error).toMatchObject({ code: "BULKHEAD_FULL", retryAfterMs: 1_000 });
    expect(other).toEqual({});
    calls.leave(entry, ANSWERED);
    const next = wait([a]);
    await clock.turn();
    expect(next).toEqual({});
  });

  test("a limit that was raised lets more in", async () => {
    const { clock, enter, wait } = world();
    enter(target("a", 1));
    const waiter = wait([target("a", 1)]);
    enter(target("a", 3));
    await clock.turn();
    expect(waiter.entry).toMatchObject({ entered: true });
  });
});

const step = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("enter" as const), of: fc.nat(1) }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("wait" as const),
      of: fc.constantFrom([0], [1], [0, 1], [1, 0]),
      priority: fc.nat(3),
      forMs: fc.integer({ min: 1, max: 60 }),
      /** Milliseconds that the call was there before. */
      waitedMs: fc.nat(50),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("leave" as const),
      which: fc.nat(20),
      outcome: fc.constantFrom(ANSWERED, ANSWERED, FAILED, { outcome: "abandoned" as const }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("pass" as const), ms: fc.integer({ min: 1, max: 40 }) }) },
);

test("T1 to T3: never more than the limit, nobody waits while there is room, each in its order, and no place is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })),
      fc.array(step, { maxLength: 60, size: "max" }),
      async (limits, steps) => {
        const { clock } = world();
        // Failures are to be outcomes like others here.
        const calls = new TargetCalls({ clock, breaker: { failures: 1_000_000 } });
        const targets = limits.map((concurrency, index) => target(`t${index}`, concurrency));
        const inside: EnteredTarget[] = [];
        interface Waiting {
          readonly number: number;
          readonly of: readonly number[];
          readonly priority: number;
          readonly since: number;
          readonly endsAt: number;
          readonly controller: AbortController;
        }
        let waiting: Waiting[] = [];
        const given: { readonly number: number; readonly of: number }[] = [];
        let ended = 0;
        let expectedEnded = 0;
        const underWay = (of: number): number => inside.filter((entry) => entry.target === targets[of]).length;
        const next = (of: number): Waiting | undefined =>
          waiting
            .filter((waiter) => waiter.of.includes(of))
            .toSorted(
              (one, other) => other.priority - one.priority || one.since - other.since || one.number - other.number,
            )[0];
        let number = 0;
        for (const one of steps) {
          const expected: { number: number; of: number }[] = [];
          const before = given.length;
          if (one.kind === "enter") {
            const room = underWay(one.of) < limits[one.of]!;
            const entry = calls.enter("acme", targets[one.of]!);
            expect(entry.entered).toBe(room);
            if (entry.entered) inside.push(entry);
          } else if (one.kind === "wait") {
            const controller = new AbortController();
            const waiter = { ...one, number: (number += 1), since: clock.monotonic() - one.waitedMs, controller };
            const { forMs, priority, since } = waiter;
            const options = { priority, since, forMs, signal: controller.signal };
            void calls
              .wait(
                "acme",
                one.of.map((of) => targets[of]!),
                options,
              )
              .then(
                (entry) => {
                  if (entry === null) ended += 1;
                  else {
                    inside.push(entry);
                    given.push({ number: waiter.number, of: targets.indexOf(entry.target) });
                  }
                },
                () => (ended += 1),
              );
            const free = one.of.find((of) => underWay(of) < limits[of]!);
            if (free === undefined) waiting.push({ ...waiter, endsAt: clock.monotonic() + forMs });
            else expected.push({ number: waiter.number, of: free });
          } else if (one.kind === "leave" && inside.length > 0) {
            const [entry] = inside.splice(one.which % inside.length, 1);
            const of = targets.indexOf(entry!.target);
            calls.leave(entry!, one.outcome);
            const first = next(of);
            waiting = waiting.filter((waiter) => waiter !== first);
            if (first !== undefined) expected.push({ number: first.number, of });
          } else if (one.kind === "abort" && waiting.length > 0) {
            const gone = waiting[one.which % waiting.length]!;
            waiting = waiting.filter((waiter) => waiter !== gone);
            expectedEnded += 1;
            gone.controller.abort(new Error("gone"));
          } else if (one.kind === "pass") {
            await clock.advance(one.ms);
            const over = waiting.filter(({ endsAt }) => endsAt <= clock.monotonic());
            waiting = waiting.filter((waiter) => !over.includes(waiter));
            expectedEnded += over.length;
          }
          await clock.turn();
          expect(given.slice(before)).toEqual(expected);
          expect(ended).toBe(expectedEnded);
          for (const [of, limit] of limits.entries()) {
            expect(calls.look("acme", targets[of]!).underWay).toBe(underWay(of));
            expect(underWay(of)).toBeLessThanOrEqual(limit);
            if (next(of) !== undefined) expect(underWay(of)).toBe(limit);
          }
        }
      },
    ),
  );
});
