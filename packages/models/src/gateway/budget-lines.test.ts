/** Who waits for what calls under way hold of a budget. */
import type { BudgetSpec } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import type { ModelCall } from "@agentcore/core/ports";
import { ManualClock } from "@agentcore/core/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TargetCaller } from "../call/create-target-caller.ts";
import { CALL, createGatewayWorld, HI } from "../testing/gateway-world.ts";
import { BudgetLines, type MoneyPlace } from "./budget-lines.ts";

const SIGNAL = new AbortController().signal;

const begin = fc.record({
  kind: fc.constant("begin" as const),
  asked: fc.integer({ min: 1, max: 10 }),
  /** Of what was held. */
  spentShare: fc.double({ min: 0, max: 0.2, noNaN: true }),
  priority: fc.nat(3),
});
const step = fc.oneof(
  { weight: 4, arbitrary: begin },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("end" as const),
      which: fc.nat(20),
      isOurs: fc.boolean(),
      hops: fc.nat(9),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("abort" as const), which: fc.nat(20) }) },
);

test("M1 to M3: nobody waits while there is room, each in its order, one tries at a time, and no place is lost", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 10, max: 25 }),
      fc.array(step, { maxLength: 60, size: "max" }),
      async (limit, steps) => {
        const clock = new ManualClock();
        const lines = new BudgetLines(clock);
        let [spent, reserved, trying] = [0, 0, 0];
        interface Caller extends MoneyPlace {
          readonly number: number;
          readonly cost: number;
          readonly wants: number;
          readonly controller: AbortController;
          isHeld: boolean;
          isOver: boolean;
        }
        const callers: Caller[] = [];
        const held: Caller[] = [];
        const waiting = () => callers.filter((caller) => !caller.isHeld && !caller.isOver);
        const run = async (caller: Caller): Promise<void> => {
          try {
            for (;;) {
              let left: number | undefined;
              if (lines.mayTake("acme", "a", caller.wants, caller)) {
                const isInLine = caller.line !== null;
                if (isInLine) trying += 1;
                expect(trying).toBeLessThanOrEqual(1);
                // The store takes its time.
                for (let hop = 0; hop < 5; hop += 1) await Promise.resolve();
                if (isInLine) trying -= 1;
                left = limit - spent - reserved;
                if (caller.wants <= left) {
                  // Of those who could do with as little, nobody else was to have it.
                  for (const other of waiting())
                    if (other.line !== null && other.wants <= caller.wants && isInLine)
                      expect([other.priority, -other.number] <= [caller.priority, -caller.number]).toBe(true);
                  reserved += caller.wants;
                  caller.isHeld = true;
                  held.push(caller);
                  return lines.leave(caller, true);
                }
                if (spent + caller.wants > limit) return;
              }
              const wait = { tenantId: "acme", account: "a", asked: caller.wants, left, forMs: 60_000 };
              await lines.wait(caller, { ...wait, signal: caller.controller.signal });
            }
          } finally {
            caller.isOver = !caller.isHeld;
            lines.leave(caller, false);
          }
        };
        const settle = (caller: Caller, isOurs: boolean): void => {
          held.splice(held.indexOf(caller), 1);
          reserved -= caller.wants;
          spent += caller.cost;
          const amounts = [{ account: "a", amount: caller.cost }];
          if (isOurs) lines.freed("acme", { key: "k", amounts } as never);
        };
        const fits = () => waiting().filter(({ wants }) => wants <= limit - spent - reserved);
        for (const one of steps) {
          if (one.kind === "begin") {
            const { asked, spentShare, priority } = one;
            const caller: Caller = {
              ...{ priority, since: callers.length, line: null, asked: 0, wake: null },
              ...{ number: callers.length, wants: asked, cost: Math.floor(asked * spentShare) },
              ...{ controller: new AbortController(), isHeld: false, isOver: false },
            };
            callers.push(caller);
            void run(caller).catch(() => undefined);
          } else if (one.kind === "end" && held.length > 0) {
            settle(held[one.which % held.length]!, one.isOurs);
            // Another, while somebody tries.
            for (let hop = 0; hop < one.hops; hop += 1) await Promise.resolve();
            if (one.hops > 0 && held.length > 0) settle(held[0]!, one.isOurs);
            // Of another node's it is known a little later.
            if (!one.isOurs) await clock.advance(200);
          } else if (one.kind === "abort" && waiting().length > 0)
            waiting()[one.which % waiting().length]!.controller.abort(new Error("gone"));
          await clock.turn();
          expect(fits()).toEqual([]);
          expect(spent + reserved).toBeLessThanOrEqual(limit);
        }
        while (held.length > 0) {
          settle(held[0]!, true);
          await clock.turn();
        }
        expect(waiting()).toEqual([]);
        // Nothing is left that looks again.
        expect(clock.nextTimerAt()).toBeNull();
      },
    ),
  );
});

test("a line is of one account of one tenant", async () => {
  const clock = new ManualClock();
  const lines = new BudgetLines(clock);
  const place = (): MoneyPlace => ({ priority: 1, since: 0, line: null, asked: 0, wake: null });
  const wait = { tenantId: "acme", account: "a", asked: 5, left: 0, forMs: 60_000, signal: SIGNAL };
  void lines.wait(place(), wait);
  expect(lines.mayTake("acme", "a", 5, place())).toBe(false);
  // It is not enough for whoever waits.
  expect(lines.mayTake("acme", "a", 4, place())).toBe(true);
  expect(lines.mayTake("acme", "b", 5, place())).toBe(true);
  expect(lines.mayTake("globex", "a", 5, place())).toBe(true);
});

// All of what is held comes back.
const usage = { inputTokens: 0, outputTokens: 0 };
const ENDPOINT = { baseUrl: "http://127.0.0.1:1", price: { input: 10, output: 30 }, maxOutputTokens: 1000 };
const BUDGET: BudgetSpec = { scope: { tenant: "*" }, limit: { usd: 1 } };

/** Calls that answer when they are told to. Each may cost some 0.031 dollars, so that no more than `atOnce` are held. */
const holding = (atOnce: number) => {
  const open: { readonly id: string; readonly end: () => void; readonly fail: (error: PlatformError) => void }[] = [];
  const caller: TargetCaller = {
    embed: () => Promise.reject(new Error("not asked for vectors")),
    call: (_target, { messages }) =>
      new Promise((resolve, reject) => {
        const end = (): void =>
          resolve({ response: { text: "fine", toolCalls: [], finishReason: "stop", usage }, durationMs: 1 });
        open.push({ id: String(messages[0]?.content), end, fail: reject });
      }),
  };
  const world = createGatewayWorld({
    ...{ models: { desk: { ...ENDPOINT, model: "desk" } }, caller },
    budgets: [{ name: "all", spec: { ...BUDGET, limit: { usd: 0.032 * atOnce } } }],
  });
  let commits = 0;
  const { commit } = world.store;
  world.store.commit = (units) => {
    commits += 1;
    return commit.call(world.store, units);
  };
  const ask = (id: string, more: Partial<ModelCall> = {}) => {
    const request = { ...HI, messages: [{ role: "user" as const, content: id }] };
    return world.gateway.generate(request, { ...CALL, task: undefined, id, ...more });
  };
  return { ...world, open, ask, commits: () => commits };
};

test("calls that wait for a budget are asked in order, as soon as one of this node's is settled, without time passing", async () => {
  const { clock, open, ask, commits } = holding(3);
  const before = clock.monotonic();
  const asked = ["a", "b", "c", "d", "e"].map((id) => ask(id));
  const urgent = ask("u", { priority: "urgent" });
  await clock.turn();
  const order = (): string => open.map(({ id }) => id).join("");
  expect(order()).toBe("abc");
  open[0]?.end();
  for (let turn = 0; turn < 5; turn += 1) await clock.turn();
  const afterFirst = order();
  for (let next = 1; next < 6; next += 1) {
    open[next]?.end();
    for (let turn = 0; turn < 5; turn += 1) await clock.turn();
  }
  expect([afterFirst, order(), clock.monotonic() - before]).toEqual(["abcu", "abcude", 0]);
  await Promise.all([...asked, urgent]);
  // Six that were held and settled, and few that were tried in vain.
  expect(commits()).toBeLessThan(30);
});

test("what a call held that nobody bills is free for those who wait as soon as it has failed, without time passing", async () => {
  const { clock, open, ask } = holding(1);
  const before = clock.monotonic();
  const failed = ask("a").catch((error: PlatformError) => error.code);
  const next = ask("b");
  await clock.turn();
  expect(open.map(({ id }) => id)).toEqual(["a"]);
  open[0]?.fail(new PlatformError("UPSTREAM_FAILED", "it is away"));
  for (let turn = 0; turn < 5; turn += 1) await clock.turn();
  expect([open.map(({ id }) => id), clock.monotonic() - before]).toEqual([["a", "b"], 0]);
  open[1]?.end();
  expect([await failed, (await next).response.text]).toEqual(["UPSTREAM_FAILED", "fine"]);
});
