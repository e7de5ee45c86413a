import fc from "fast-check";
import { expect, test } from "vitest";
import { Bulkhead, CircuitBreaker } from "./index.ts";

const operation = fc.oneof(
  fc.record({ kind: fc.constant("ask" as const) }),
  fc.record({ kind: fc.constantFrom("succeed" as const, "fail" as const, "abandon" as const), which: fc.nat(20) }),
  fc.record({ kind: fc.constant("wait" as const), ms: fc.nat(900) }),
);

test("B1 to B4: whatever comes in whatever order, an open breaker passes nothing, half-open one probe, and it never wedges", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 200, size: "max" }), (operations) => {
      const breaker = new CircuitBreaker({ failures: 3, openMs: 500 });
      let now = 0;
      let openedAt = -1;
      const tickets: number[] = [];
      for (const step of operations) {
        const before = breaker.state;
        if (step.kind === "wait") now += step.ms;
        else if (step.kind === "ask") {
          const foretold = breaker.wouldPass(now);
          const ticket = breaker.tryPass(now);
          expect(ticket > 0).toBe(foretold);
          if (ticket > 0) tickets.push(ticket);
          if (before === "open" && openedAt >= 0 && now - openedAt < 500) expect(ticket).toBe(0);
          if (ticket > 0 && before !== "closed") {
            expect(breaker.state).toBe("half-open");
            expect(breaker.tryPass(now)).toBe(0);
          }
        } else {
          const ticket = tickets.length === 0 ? 0 : (tickets[step.which % tickets.length] as number);
          if (step.kind === "abandon") breaker.abandon(ticket, now);
          else if (step.kind === "fail") breaker.fail(ticket, now);
          else breaker.succeed(ticket);
          if (before === "open") expect(breaker.state).toBe("open");
          // Only the probe under way decides, not an answer from before.
          if (before === "half-open" && ticket !== tickets.at(-1)) expect(breaker.state).toBe("half-open");
          if (step.kind !== "fail" && before === "closed") expect(breaker.state).toBe("closed");
          if (breaker.state === "open" && before !== "open") openedAt = step.kind === "fail" ? now : -1;
        }
      }
      now += 500;
      const probe = breaker.tryPass(now);
      expect(probe).toBeGreaterThan(0);
      breaker.succeed(probe);
      expect(breaker.state).toBe("closed");
    }),
  );
});

test("it opens at the fifth failure in a row and a success in between starts the count again", () => {
  const breaker = new CircuitBreaker();
  const failOnce = (): void => breaker.fail(breaker.tryPass(0), 0);
  for (let i = 0; i < 4; i++) failOnce();
  breaker.succeed(breaker.tryPass(0));
  for (let i = 0; i < 4; i++) failOnce();
  expect(breaker.state).toBe("closed");
  failOnce();
  expect(breaker.state).toBe("open");
  expect(breaker.wouldPass(59_999)).toBe(false);
  expect(breaker.wouldPass(60_000)).toBe(true);
});

test("B3: an answer that comes after the breaker opened does not close it", () => {
  const breaker = new CircuitBreaker({ failures: 1 });
  const early = breaker.tryPass(0);
  breaker.fail(breaker.tryPass(0), 0);
  breaker.succeed(early);
  expect(breaker.state).toBe("open");
});

test("B5: calls that were under way together and fail together are one failure, and those that began before a success none", () => {
  const breaker = new CircuitBreaker();
  const burst = (calls: number): number[] => Array.from({ length: calls }, () => breaker.tryPass(0));
  const fail = (tickets: readonly number[], now: number): void => {
    for (const ticket of tickets) breaker.fail(ticket, now);
  };
  fail(burst(200), 0);
  expect([breaker.state, breaker.failures]).toEqual(["closed", 1]);
  const underWay = burst(200);
  breaker.succeed(underWay[0] as number);
  fail(underWay.slice(1), 5_000);
  expect([breaker.state, breaker.failures]).toEqual(["closed", 0]);
  for (let round = 0; round < 4; round++) fail(burst(200), 0);
  expect([breaker.state, breaker.failures]).toEqual(["closed", 4]);
  fail(burst(1), 0);
  expect(breaker.state).toBe("open");
});

test("B5: what fails all at once never opens it, and what fails all the time opens it soon", () => {
  const lanes = fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(lanes, fc.nat(999), (durations, spreadMs) => {
      const once = new CircuitBreaker();
      const tickets = durations.map(() => once.tryPass(0));
      for (const [index, ticket] of tickets.entries()) once.fail(ticket, (index * spreadMs) / tickets.length);
      expect([once.state, once.failures]).toEqual(["closed", 1]);

      // Each lane calls, fails after its time, and calls again.
      const always = new CircuitBreaker();
      const open = durations.map((durationMs) => ({ durationMs, ticket: always.tryPass(0), endsAt: durationMs }));
      let now = 0;
      while (always.state === "closed") {
        const next = open.reduce((least, lane) => (lane.endsAt < least.endsAt ? lane : least));
        now = next.endsAt;
        always.fail(next.ticket, now);
        next.ticket = always.tryPass(now);
        next.endsAt = now + next.durationMs;
      }
      const fastest = Math.min(...durations);
      // The first failure, and four that each came with the first call that ended a second later, or that began later.
      expect(now).toBeLessThanOrEqual(5 * fastest + 4 * 1_000);
    }),
  );
});

const bulkheadStep = fc.oneof(
  fc.constant({ kind: "enter" as const }),
  fc.constant({ kind: "leave" as const }),
  fc.record({ kind: fc.constant("abort" as const), which: fc.nat(20) }),
);

test("H1 to H3: never more inside or waiting than allowed, first come first served, and who gave up takes no slot", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.array(bulkheadStep, { maxLength: 120, size: "max" }),
      async (maxConcurrent, steps) => {
        const bulkhead = new Bulkhead({ name: "agent a", maxConcurrent });
        let inside = 0;
        let arrivals = 0;
        const admitted: number[] = [];
        const expected: number[] = [];
        let waiting: { readonly number: number; readonly abort: AbortController }[] = [];
        for (const step of steps) {
          if (step.kind === "enter") {
            const number = arrivals++;
            const abort = new AbortController();
            try {
              const slot = bulkhead.enter(abort.signal);
              if (slot === undefined) inside++;
              else {
                waiting.push({ number, abort });
                slot.then(
                  () => admitted.push(number),
                  () => undefined,
                );
              }
            } catch (thrown) {
              expect(thrown).toMatchObject({ code: "BULKHEAD_FULL" });
              expect(waiting.length).toBe(2 * maxConcurrent);
            }
          } else if (step.kind === "leave" && inside > 0) {
            bulkhead.leave();
            const first = waiting.shift();
            if (first === undefined) inside--;
            else expected.push(first.number);
          } else if (step.kind === "abort" && waiting.length > 0) {
            const gone = waiting[step.which % waiting.length];
            gone?.abort.abort(new Error("gone"));
            waiting = waiting.filter((waiter) => waiter !== gone);
          }
          expect(bulkhead.active).toBe(inside);
          expect(bulkhead.active).toBeLessThanOrEqual(maxConcurrent);
          expect(bulkhead.queued).toBe(waiting.length);
        }
        await Promise.resolve();
        expect(admitted).toEqual(expected);
      },
    ),
  );
});
