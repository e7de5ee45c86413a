/** I1, I10: leases that somebody loses sight of, because answers are late, missing or in another order, are followed up. */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, gate, outputOf, Pause, SCOPE } from "../../test/engine-world.ts";
import { wrapStore, wrapWholeStore } from "../../test/wrap-store.ts";
import type { CommitUnit } from "../ports/index.ts";

const givesBack = (units: readonly CommitUnit[]): boolean => units.some(({ append }) => append?.release !== undefined);

/** Writes as a thread of its own does: what waits is written in order and answered in order, in one go. */
class BatchWriter {
  isHeld = false;
  private waiting: (() => void)[] = [];

  get size(): number {
    return this.waiting.length;
  }

  write<T>(ask: () => Promise<T>): Promise<T> {
    if (!this.isHeld) return ask();
    return new Promise((resolve, reject) => {
      this.waiting.push(() => void ask().then(resolve, reject));
    });
  }

  /** What waits now; writes it when called. What comes meanwhile is the next batch. */
  take(): () => void {
    const batch = this.waiting.splice(0);
    return () => {
      for (const write of batch) write();
    };
  }
}

test("tasks leased by a claim whose answer was lost are found and run (I10)", async () => {
  let lose = false;
  const hold = gate();
  const world = new EngineWorld([define("slow", async (_, ctx) => ctx.step("work", () => hold.opened))], {
    concurrency: 1,
    wrap: (store) =>
      wrapStore(store, {
        claim: async (next, request) => {
          const claimed = await next(request);
          if (!lose) return claimed;
          lose = false;
          throw new PlatformError("STORE_UNAVAILABLE", "no answer");
        },
      }),
  });
  const first = await world.submit("slow", 1);
  const second = await world.submit("slow", 2);
  lose = true;
  hold.open();
  await world.quiet();
  expect(lose).toBe(false);
  await world.advance(1000);
  for (const taskId of [first, second]) expect(await world.state(taskId)).toBe("completed");
});

test("a task claimed again before the commit that gave it back was answered is followed up (I10)", async () => {
  const answer = new Pause();
  const world = new EngineWorld(
    [define("asker", async (_, ctx) => (await ctx.step("first", () => 1), ctx.waitForInput("?")))],
    {
      wrap: (store) =>
        wrapStore(store, {
          commit: async (next, units) => {
            const outcomes = await next(units);
            return givesBack(units) ? answer.pass(outcomes) : outcomes;
          },
        }),
    },
  );
  answer.arm();
  const taskId = await world.submit("asker");
  // Given back, as the store has it; nobody here has been told yet. The mail is another node's: no hint comes with it.
  const message = { messageId: "m1", role: "ROLE_USER", parts: [{ text: "yes" }] };
  const mail = { taskId, key: "message:m1", kind: "message", payload: message, ifTerminal: "refuse" } as const;
  await world.store.commit([{ tenantId: SCOPE.tenantId, mail: [mail] }]);
  await world.advance(600);
  expect(await world.head(taskId)).toMatchObject({ leased: true, token: 2 });
  answer.open();
  await world.advance(1000);
  expect(outputOf(await world.last(taskId))).toBe("yes");
});

test("a task claimed while the same task is looked up after a commit without an answer is followed up (I10)", async () => {
  const lookUp = new Pause();
  let lose = true;
  const world = new EngineWorld(
    [define("sleeper", async (_, ctx) => (await ctx.step("first", () => 1), await ctx.sleep(1100), "woke"))],
    {
      wrap: (store) =>
        wrapStore(store, {
          commit: async (next, units) => {
            const outcomes = await next(units);
            if (!lose || !givesBack(units)) return outcomes;
            lose = false;
            throw new PlatformError("STORE_UNAVAILABLE", "no answer");
          },
          head: async (next, key) => next(await lookUp.pass(key)),
        }),
    },
  );
  lookUp.arm();
  const taskId = await world.submit("sleeper");
  // Due, and claimed, while somebody still asks for it under the old token.
  await world.advance(1200);
  expect(await world.head(taskId)).toMatchObject({ leased: true, token: 2 });
  lookUp.open();
  await world.advance(1000);
  expect(outputOf(await world.last(taskId))).toBe("woke");
});

test("of the leases that a task gets while an older one is looked up, the last is followed up, whatever is told after it (I10)", async () => {
  const head = new Pause();
  const world = new EngineWorld([define("worker", (_, ctx) => ctx.step("work", () => 1))], {
    wrap: (store) => wrapStore(store, { head: async (next, key) => head.pass(await next(key)) }),
  });
  world.capacities.set("acme/worker", 0);
  const taskId = await world.submit("worker");
  const key = { tenantId: SCOPE.tenantId, taskId };
  const claim = async (): Promise<number> => {
    const slots = new Map([["acme/worker", 1]]);
    const [claimed] = await world.store.claim({ limit: 1, now: world.clock.now(), slots, otherSlots: 0 });
    return claimed?.head.token ?? 0;
  };
  const tokens: number[] = [];
  for (let lease = 0; lease < 3; lease++) {
    tokens.push(await claim());
    if (lease < 2) world.store.voidLeases([key]);
  }
  const [first = 0, second = 0, third = 0] = tokens;
  expect(first < second && second < third).toBe(true);
  world.capacities.delete("acme/worker");
  const { loading } = (await world.alive()).engine;
  head.arm();
  loading.resume(key, first);
  await world.quiet();
  loading.resume(key, third);
  // Of the second the engine hears that it is lost.
  loading.resume(key, second);
  head.open();
  await world.advance(1000);
  expect(await world.state(taskId)).toBe("completed");
});

test("what cannot be written is parked also when the store cannot tell whose the task is just then (I10)", async () => {
  let down = false;
  let refusals = 0;
  const world = new EngineWorld([define("worker", (_, ctx) => ctx.step("a", () => "bad"))], {
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const events = units.flatMap(({ append }) => append?.events ?? []);
          if (!events.some((event) => event.type === "step.completed" && event.data.result === "bad"))
            return next(units);
          down = ++refusals === 1;
          throw new PlatformError("INTERNAL", "cannot be written");
        },
        head: async (next, key) => {
          if (!down) return next(key);
          down = false;
          throw new PlatformError("STORE_UNAVAILABLE", "down for a moment");
        },
      }),
  });
  const taskId = await world.submit("worker");
  await world.advance(1000);
  expect(refusals).toBe(2);
  expect(codeOf(await world.last(taskId))).toBe("INTERNAL");
  expect(await world.head(taskId)).toMatchObject({ state: "parked", leased: false });
});

test("a task given back in the same write in which its slot is claimed for others is claimed again (I10)", async () => {
  const writer = new BatchWriter();
  const restart = new Pause();
  const work = gate();
  let loads = 0;
  const world = new EngineWorld(
    [
      define("clerk", async ({ input, continuedFrom }, ctx) => {
        if (input === "short") return ctx.step("work", () => work.opened);
        if (continuedFrom === undefined) await ctx.continueAs(await ctx.step("one", () => 1));
        return "long done";
      }),
    ],
    {
      concurrency: 1,
      wrap: (store) =>
        wrapStore(store, {
          commit: (next, units) => writer.write(() => next(units)),
          claim: (next, request) => writer.write(() => next(request)),
        }),
      wrapLoad: (load) => async (revision) => load(++loads === 2 ? await restart.pass(revision) : revision),
    },
  );
  restart.arm();
  const long = await world.submit("clerk", "long");
  // Its second history takes its time to load, and short has the slot meanwhile.
  const short = await world.submit("clerk", "short");
  writer.isHeld = true;
  work.open();
  await world.quiet();
  // Short's end is at the writer when long, loaded, finds no slot and is given back: that joins the next batch, and so
  // does the claim for the slot that short's end frees.
  const end = writer.take();
  restart.open();
  await world.quiet();
  end();
  await world.quiet();
  expect(writer.size).toBe(2);
  writer.isHeld = false;
  writer.take()();
  await world.advance(1000);
  expect([await world.state(short), outputOf(await world.last(long))]).toEqual(["completed", "long done"]);
});

test("a process that stood still begins no effect before it knows that its lease is fresh (I1, I3)", async () => {
  const first = gate();
  const begun: string[] = [];
  let isNew = false;
  const world = new EngineWorld(
    [
      define("worker", async (_, ctx) => {
        await ctx.step("one", () => first.opened);
        return ctx.step("two", () => begun.push("two"));
      }),
    ],
    {
      wrap: (store) =>
        wrapStore(store, {
          renew: async () => ({ validForMs: 900, isNew: isNew && !(isNew = false) }),
        }),
    },
  );
  const taskId = await world.submit("worker");
  // Longer than two thirds of the lease; the result of the first step is there before any timer has fired.
  world.clock.stall(700);
  first.open();
  await world.quiet();
  expect(begun).toEqual([]);
  // The lease was lost meanwhile: the task is claimed anew, and goes on from its log.
  isNew = true;
  await world.advance(2000);
  expect(begun).toEqual(["two"]);
  expect(await world.state(taskId)).toBe("completed");
});

test("a process whose renewal comes late, but in time, begins what waited for it", async () => {
  const first = gate();
  const renewal = new Pause();
  const world = new EngineWorld(
    [
      define("worker", async (_, ctx) => {
        await ctx.step("one", () => first.opened);
        return ctx.step("two", () => "done");
      }),
    ],
    {
      wrap: (store) => wrapStore(store, { renew: async () => renewal.pass({ validForMs: 900, isNew: false }) }),
    },
  );
  const taskId = await world.submit("worker");
  renewal.arm();
  await world.advance(225);
  world.clock.stall(500);
  first.open();
  await world.quiet();
  expect(await world.state(taskId)).toBe("working");
  renewal.open();
  await world.quiet();
  expect(await world.state(taskId)).toBe("completed");
});

test("a task that was on its way into memory when the lease was lost is read again: others may have gone on with it (I3)", async () => {
  const loading = new Pause();
  const hold = gate();
  let seen: string[] = [];
  let isNew = false;
  const worker = define("worker", ({ input }, ctx) =>
    ctx.step("one", () => (input === "hold" ? hold.opened : void seen.push("effect"))),
  );
  const world = new EngineWorld([worker], {
    concurrency: 1,
    wrap: (store) =>
      wrapStore(store, {
        renew: async () => {
          if (isNew) seen.push("lost");
          return { validForMs: 900, isNew: isNew && !(isNew = false) };
        },
        readLog: (next, key, options) => {
          seen.push("read");
          return next(key, options);
        },
      }),
    wrapLoad: (load) => async (revision) => load(await loading.pass(revision)),
  });
  await world.submit("worker", "hold");
  const late = await world.submit("worker");
  seen = [];
  loading.arm();
  hold.open();
  await world.quiet();
  expect([seen, loading.isHolding]).toEqual([["read"], true]);
  isNew = true;
  await world.advance(300);
  loading.open();
  await world.advance(1000);
  expect(seen).toEqual(["read", "lost", "read", "effect"]);
  expect(await world.state(late)).toBe("completed");
});

test("a process that stood still for longer than its lease begins no effect, whichever of its timers comes first (I3)", async () => {
  let tries = 0;
  let isLost = false;
  const agent = define("tryer", (_, ctx) =>
    ctx.step(
      "flaky",
      () => {
        if (++tries < 2) throw new Error("not yet");
      },
      { retry: { initialDelayMs: 1000 } },
    ),
  );
  const world = new EngineWorld([agent], {
    wrap: (store) =>
      wrapStore(store, {
        renew: async () => (isLost ? new Promise(() => {}) : { validForMs: 3000, isNew: false }),
      }),
  });
  await world.submit("tryer");
  await world.quiet();
  expect(tries).toBe(1);
  isLost = true;
  // The next try is due before the timer that ends the work of a lease that was not renewed.
  world.clock.stall(10_000);
  await world.advance(0);
  expect(tries).toBe(1);
  expect((await world.alive()).engine.resident).toBe(0);
});

test("a task whose creation is confirmed after its node dropped everything, and had looked for its leases, is followed up (I10)", async () => {
  let isAway = false;
  const written = new Pause();
  const world = new EngineWorld([define("worker", (_, ctx) => ctx.step("work", () => "done"))], {
    wrap: (store) =>
      wrapStore(store, {
        renew: async () => {
          if (isAway) throw new PlatformError("STORE_UNAVAILABLE", "no answer");
          return { validForMs: 3000, isNew: false };
        },
        commit: async (next, units) => next(await written.pass(units)),
      }),
  });
  const { service } = await world.alive();
  await world.quiet();
  written.arm();
  const submitted = service.submit(SCOPE, { target: { agent: "worker" } }).then(String, String);
  await world.quiet();
  isAway = true;
  await world.advance(2500);
  expect(await submitted).toContain("lost its lease");
  isAway = false;
  await world.advance(1000);
  expect(await world.heads()).toEqual([]);
  written.open();
  await world.advance(1000);
  const [head] = await world.heads();
  expect(head?.state).toBe("completed");
});

/** Fails the next call, and carries it out half a minute later. */
const lateOnce = (world: () => EngineWorld) => {
  const late = {
    isArmed: false,
    pass: <Given, Answer>(next: (given: Given) => Promise<Answer>, given: Given): Promise<Answer> => {
      if (!late.isArmed) return next(given);
      late.isArmed = false;
      world().clock.after(30_000, () => void next(given));
      return Promise.reject(new PlatformError("STORE_UNAVAILABLE", "no answer"));
    },
  };
  return late;
};

test("a task whose creation failed and is carried out all the same, much later, is run (I10)", async () => {
  const late = lateOnce(() => world);
  const world: EngineWorld = new EngineWorld([define("worker", (_, ctx) => ctx.step("work", () => "done"))], {
    wrap: (store) => wrapStore(store, { commit: (next, units) => late.pass(next, units) }),
  });
  const { service } = await world.alive();
  await world.quiet();
  late.isArmed = true;
  const submitted = service.submit(SCOPE, { target: { agent: "worker" } });
  await expect(submitted).rejects.toMatchObject({ code: "STORE_UNAVAILABLE" });
  await world.advance(29_000);
  expect(await world.heads()).toEqual([]);
  await world.advance(60_000);
  expect((await world.heads()).map(({ state }) => state)).toEqual(["completed"]);
});

test("tasks that are taken by a claim long after it failed are run (I10)", async () => {
  const late = lateOnce(() => world);
  const world: EngineWorld = new EngineWorld([define("napper", (_, ctx) => ctx.sleep(40_000))], {
    wrap: (store) =>
      wrapStore(store, {
        // The late one takes what is not due yet, so that it comes before the engine's own.
        claim: (next, request) =>
          late.isArmed ? late.pass((given) => next({ ...given, now: given.now + 60_000 }), request) : next(request),
      }),
  });
  const taskId = await world.submit("napper");
  const { engine } = await world.alive();
  late.isArmed = true;
  engine.claims.wake();
  await world.advance(29_000);
  expect(late.isArmed).toBe(false);
  await world.advance(5000);
  expect((await world.head(taskId))?.leased).toBe(true);
  await world.advance(60_000);
  expect(await world.state(taskId)).toBe("completed");
});

test("a child that is made twice, the second time in vain, is run (I10)", async () => {
  let late: (() => Promise<unknown>) | null = null;
  const second = new Pause();
  const parent = define("parent", async (_, ctx) => {
    await ctx.step("work", () => 1);
    return ctx.command({ agent: "child" }, {});
  });
  const world = new EngineWorld([parent, define("child", (_, ctx) => ctx.step("work", () => "done"))], {
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const makesChild = units.some(({ taskId, create = [] }) => taskId !== undefined && create.length > 0);
          if (!makesChild) return next(units);
          if (late !== null) return next(await second.pass(units));
          late = () => next(units);
          throw new PlatformError("STORE_UNAVAILABLE", "no answer");
        },
      }),
  });
  second.arm();
  const taskId = await world.submit("parent");
  // The code makes the child again, and then the first unit is written after all.
  await world.advance(300);
  expect(second.isHolding).toBe(true);
  await (late as (() => Promise<unknown>) | null)?.();
  second.open();
  await world.advance(2000);
  expect(outputOf(await world.last(taskId))).toBe("done");
});

test("a store that is away is asked for work now and then, not over and over", async () => {
  let asked = 0;
  let isAway = false;
  const world = new EngineWorld([define("quick", () => "done")], {
    wrap: (store) =>
      wrapWholeStore(store, (_, ask) => {
        if (!isAway) return ask();
        asked += 1;
        return Promise.reject(new PlatformError("STORE_UNAVAILABLE", "away"));
      }),
  });
  const { engine } = await world.alive();
  await world.quiet();
  isAway = true;
  engine.claims.doubt();
  await world.quiet();
  // Woken once more while it is being refused.
  engine.claims.wake();
  engine.claims.wake();
  for (let turns = 0; turns < 100; turns++) await new Promise((resolve) => setImmediate(resolve));
  expect(asked).toBeLessThan(5);
  await world.advance(5000);
  expect(asked).toBeLessThan(50);
});

test("a step whose result is on its way to the store is not run again by the same node (I3)", async () => {
  let isAway = false;
  let ran = 0;
  const written = new Pause();
  const world = new EngineWorld([define("worker", (_, ctx) => ctx.step("work", () => ++ran))], {
    wrap: (store) =>
      wrapStore(store, {
        renew: async () => {
          if (isAway) throw new PlatformError("STORE_UNAVAILABLE", "no answer");
          return { validForMs: 3000, isNew: false };
        },
        commit: async (next, units) => {
          const hasResult = units.some(({ append }) => append?.events.some(({ type }) => type === "step.completed"));
          return next(hasResult ? await written.pass(units) : units);
        },
      }),
  });
  written.arm();
  const taskId = await world.submit("worker");
  isAway = true;
  await world.advance(2500);
  isAway = false;
  await world.advance(5000);
  expect(written.isHolding).toBe(true);
  written.open();
  await world.advance(1000);
  expect(outputOf(await world.last(taskId))).toBe(1);
  expect(ran).toBe(1);
});
