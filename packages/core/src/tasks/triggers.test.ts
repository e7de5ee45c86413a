/** Events that begin tasks by a trigger: which, with what, and one at a time for each key. */
import { PlatformError, RejectedError } from "@agentcore/contract";
import type { Context } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Crash, define, EngineWorld, gate, outputOf, Pause, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { EventInput, Triggered } from "./task-router.ts";

interface Order {
  readonly order: string | null;
  readonly number: number;
}

const trigger = (select: (event: EventInput) => Triggered | null) => ({
  agent: "keeper",
  trigger: { id: "t", topic: "order.changed", select },
});
const byOrder = trigger(({ payload }) => ({ input: payload, key: (payload as Order).order }));

const emitter = define("emitter", (task, ctx) => ctx.emit("order.changed", task.input, { durable: true }));
/** Ends when it has had two. */
const keeper = define("keeper", async (task, ctx) => {
  const got = [(task.input as Order).number];
  while (got.length < 2) got.push((await ctx.waitForSignal<Order>("order.changed")).number);
  return got;
});

const keepers = async (world: EngineWorld) => (await world.heads()).filter(({ agent }) => agent === "keeper");
const outputs = async (world: EngineWorld): Promise<readonly unknown[]> => {
  const tasks = (await keepers(world))
    .filter(({ state }) => state === "completed")
    .toSorted((one, other) => (one.taskId < other.taskId ? -1 : 1));
  return Promise.all(tasks.map(async ({ taskId }) => outputOf(await world.last(taskId))));
};

test("an event that the trigger passes by begins nothing, others begin a task with what it makes of them", async () => {
  const world = new EngineWorld([emitter, define("keeper", ({ input }) => input)], {
    triggers: [
      trigger(({ payload, source }) => {
        const { number } = payload as Order;
        if (number === 3) throw new Error("no such key: amount");
        return number === 1 ? null : { input: { number, source }, key: null };
      }),
    ],
  });
  for (const number of [1, 2, 3, 3]) await world.submit("emitter", { order: "a", number });
  expect(await outputs(world)).toEqual([{ number: 2, source: "emitter" }]);
  expect((await keepers(world))[0]).toMatchObject({ caller: "event:order.changed", tenantId: SCOPE.tenantId });
  const warned = world.logger.records.filter(({ message }) => message.includes("passes an event by"));
  expect(warned).toMatchObject([{ fields: { agent: "keeper", topic: "order.changed" } }]);
});

test("events of one key go to the open task as signals, others begin their own, and after its end a new one begins", async () => {
  const world = new EngineWorld([emitter, keeper], { triggers: [byOrder] });
  for (const [order, number] of [
    ["a", 1],
    ["b", 2],
    ["a", 3],
    ["a", 4],
    [null, 5],
    [null, 6],
  ] as const)
    await world.submit("emitter", { order, number });
  const states = (await keepers(world)).map(({ state }) => state);
  expect(states.toSorted()).toEqual(["completed", "working", "working", "working", "working"]);
  expect(await outputs(world)).toEqual([[1, 3]]);
  await world.submit("emitter", { order: "a", number: 7 });
  expect(await outputs(world)).toEqual(
    expect.arrayContaining([
      [1, 3],
      [4, 7],
    ]),
  );
});

test("events that come at once for one key begin one task", async () => {
  const many = define("many", (task, ctx) =>
    Promise.all(
      (task.input as number[]).map((number) =>
        ctx.emit("order.changed", { order: "a", number }, { durable: true, key: String(number) }),
      ),
    ),
  );
  const world = new EngineWorld([many, keeper], { triggers: [byOrder] });
  await world.submit("many", [1, 2]);
  expect(await outputs(world)).toEqual([[1, 2]]);
});

test("a task that another node begins between two looks gets the event, and none is begun beside it", async () => {
  let meanwhile: (() => Promise<unknown>) | null = null;
  const look = async <T>(read: () => Promise<T>): Promise<T> => {
    const seen = await read();
    const between = meanwhile;
    meanwhile = null;
    await between?.();
    return seen;
  };
  const world: EngineWorld = new EngineWorld([emitter, keeper], {
    triggers: [byOrder],
    wrap: (store) => wrapStore(store, { list: (next, query) => look(() => next(query)) }),
  });
  await world.submit("emitter", { order: "a", number: 1 });
  const [first] = await keepers(world);
  if (first === undefined) throw new Error("nothing began");
  const { taskId, agent, revision, contextId, caller } = first;
  // What another node does, whose event comes at once with the next.
  const beginOther = async (): Promise<void> => {
    const begun = (await world.log(taskId))[0];
    if (begun?.type !== "task.submitted") throw new Error("no submission");
    const events = [{ ...begun, data: { ...begun.data, input: { order: "a", number: 3 } } }];
    const idempotencyKey = `correlate/${contextId}/${taskId}`;
    const at = world.clock.now();
    const task = {
      taskId: "other",
      agent,
      revision,
      contextId,
      caller,
      events,
      idempotencyKey,
      createdAt: at,
      dueAt: at,
    };
    const unit = { ...task, priority: "normal", deadline: null, parent: null } as const;
    expect(await world.store.commit([{ tenantId: SCOPE.tenantId, create: [unit] }])).toEqual([
      { outcome: "committed" },
    ]);
  };
  await world.submit("emitter", { order: "a", number: 2 });
  meanwhile = beginOther;
  await world.submit("emitter", { order: "a", number: 4 });
  expect(meanwhile).toBeNull();
  await world.advance(1_000);
  expect((await keepers(world)).map(({ state }) => state)).toEqual(["completed", "completed"]);
  expect(outputOf(await world.last("other"))).toEqual([3, 4]);
});

/** Takes as many of those that wait for it as its own event says, and ends when it has slept. */
const hasty = define("keeper", async (task, ctx) => {
  const { number } = task.input as Order;
  const got = [number];
  await ctx.sleep(500);
  try {
    while (got.length <= number % 3)
      got.push((await ctx.waitForSignal<Order>("order.changed", { timeoutMs: 1 })).number);
  } catch (error) {
    if (!PlatformError.is(error) || error.code !== "DEADLINE_EXCEEDED") throw error;
  }
  return got;
});

/** Of each task what it has taken, in the order in which the tasks were made. */
const taken = async (world: EngineWorld): Promise<readonly unknown[]> => {
  const tasks = (await keepers(world)).toSorted((one, other) => one.createdAt - other.createdAt);
  return Promise.all(tasks.map(async ({ taskId }) => outputOf(await world.last(taskId))));
};

test("what a task had not taken when it ended begins the next, and what came after that goes to it", async () => {
  const world = new EngineWorld([emitter, hasty], { triggers: [byOrder] });
  for (const number of [3, 1, 5, 4, 2]) await world.submit("emitter", { order: "a", number });
  await world.advance(5_000);
  expect(await taken(world)).toEqual([[3], [1, 5], [4, 2]]);
});

test.for([
  ["fails", () => Promise.reject(new Error("no"))],
  ["rejects", () => Promise.reject(new RejectedError("no"))],
  ["is canceled", (_: unknown, ctx: Context) => ctx.sleep(60_000)],
  ["is parked, and canceled then", () => new Promise(() => {})],
] as const)("a task that %s leaves what it had not taken to the next", async ([how, first]) => {
  const world = new EngineWorld(
    [
      emitter,
      define("keeper", async (task, ctx) => {
        const { number } = task.input as Order;
        if (number > 1) return number;
        await ctx.sleep(10_000);
        await first(task, ctx);
        return 0;
      }),
    ],
    { triggers: [byOrder] },
  );
  for (const number of [1, 2, 3]) await world.submit("emitter", { order: "a", number });
  await world.advance(20_000);
  const [begun] = (await keepers(world)).toSorted((one, other) => one.createdAt - other.createdAt);
  if (begun === undefined) throw new Error("nothing began");
  if (how.startsWith("is")) {
    const { service } = await world.alive();
    await service.cancel({ ...SCOPE, operator: true }, begun.taskId);
  }
  await world.advance(60_000);
  // Each in its turn, at one time.
  expect(new Set(await outputs(world))).toEqual(new Set([2, 3]));
});

test("events that wait for a task that is canceled before it began begin the next", async () => {
  const world = new EngineWorld([emitter, hasty], { triggers: [byOrder] });
  world.capacities.set("acme/keeper", 0);
  for (const number of [3, 1, 2]) await world.submit("emitter", { order: "a", number });
  const [waiting] = await keepers(world);
  const { service } = await world.alive();
  await service.cancel({ ...SCOPE, operator: true }, waiting?.taskId ?? "");
  await world.quiet();
  world.capacities.delete("acme/keeper");
  await world.advance(5_000);
  expect(await outputs(world)).toEqual([[1, 2]]);
});

/** Takes what comes, and writes at its end, however that comes, what it has taken. */
const collector = define("keeper", async (task, ctx) => {
  const got = [(task.input as Order).number];
  const keep = () => ctx.step("keep", () => got);
  let why: unknown;
  try {
    for (;;) got.push((await ctx.waitForSignal<Order>("order.changed", { timeoutMs: 200 })).number);
  } catch (error) {
    why = error;
  }
  // Canceled in the midst of it, it does so again.
  await keep().catch((error: unknown) => {
    why = error;
    return keep();
  });
  if (!PlatformError.is(why) || why.code !== "DEADLINE_EXCEEDED") throw why;
});

/** That it is canceled is not asked again when the process dies of it. */
const cancelAfter = async (world: EngineWorld, turns: number): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
  const { service } = await world.alive();
  const [open] = (await keepers(world)).filter(({ state }) => state === "working");
  if (open !== undefined) service.cancel({ ...SCOPE, operator: true }, open.taskId).catch(() => {});
};

test("whenever a task is canceled, each event is taken by it before, or by one that comes after it", async () => {
  const act = fc.oneof(
    { weight: 5, arbitrary: fc.constant("emit" as const) },
    { weight: 2, arbitrary: fc.record({ cancelAfterTurns: fc.integer({ min: 0, max: 60 }) }) },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 250 }) },
  );
  const crash = fc.record({
    commit: fc.integer({ min: 2, max: 80 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  await fc.assert(
    fc.asyncProperty(
      // What is done at once is done by several, none of whom waits for the others.
      fc.array(fc.array(act, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 6 }),
      fc.array(crash, { maxLength: 2 }),
      async (acts, crashes: Crash[]) => {
        const world = new EngineWorld([emitter, collector], { crashes, triggers: [byOrder] });
        let emitted = 0;
        for (const together of acts) {
          await world.quiet();
          await Promise.all(
            together.map(async (what) => {
              if (what === "emit") return world.submit("emitter", { order: "a", number: emitted++ });
              return typeof what === "number" ? undefined : cancelAfter(world, what.cancelAfterTurns);
            }),
          );
          for (const what of together) if (typeof what === "number") await world.advance(what);
        }
        await world.advance(120_000);
        const kept = [];
        for (const { taskId } of await keepers(world))
          for (const event of await world.log(taskId))
            if (event.type === "step.completed" && event.data.kind === "step")
              kept.push(...(event.data.result as number[]));
        expect(kept.toSorted((one, other) => one - other)).toEqual(
          Array.from({ length: emitted }, (_, number) => number),
        );
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);

test("whenever code returns, what it waits for no more is taken by the task that comes after it", async () => {
  const turns = async (count: number): Promise<void> => {
    for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(40), { minLength: 1, maxLength: 3 }),
      fc.array(fc.nat(5), { minLength: 1, maxLength: 6 }),
      fc.constantFrom("sleep", "step", "signal"),
      fc.boolean(),
      async (emits, lateTurns, other, tells) => {
        const hasty = define("keeper", async (task, ctx) => {
          const got = [(task.input as Order).number];
          const begin = { sleep: () => ctx.sleep(20), step: () => ctx.step("other", () => turns(6)) };
          const others =
            other === "signal"
              ? ctx.waitForSignal("other", { timeoutMs: 20 }).catch(() => undefined)
              : begin[other as keyof typeof begin]();
          const taking = ctx.waitForSignal<Order>("order.changed").then(({ number }) => got.push(number));
          await Promise.race([others, taking]);
          await ctx.step("keep", () => null);
          // Its end waits until that is on its way.
          if (tells) void ctx.emit("kept", null);
          return [...got];
        });
        let commits = 0;
        const world = new EngineWorld([emitter, hasty], {
          triggers: [byOrder],
          wrap: (store) =>
            wrapStore(store, {
              commit: async (next, units) => {
                await turns(lateTurns[commits++ % lateTurns.length] ?? 0);
                return next(units);
              },
            }),
        });
        const emit = (number: number) => world.submit("emitter", { order: "a", number });
        await emit(0);
        const passing = world.advance(20);
        await Promise.all(
          emits.map(async (count, index) => {
            await turns(count);
            await emit(index + 1);
          }),
        );
        await passing;
        await world.advance(60_000);
        const taken = (await outputs(world)).flat() as number[];
        expect(taken.toSorted((one, another) => one - another)).toEqual([0, ...emits.map((_, index) => index + 1)]);
      },
    ),
    { numRuns: 120 },
  );
}, 60_000);

test("an event that was given to a wait which returning code left behind begins the next task, also after a crash", async () => {
  const [x, a, written] = [gate(), gate(), new Pause()];
  const keeping = define("keeper", async ({ input }, ctx) => {
    const got = [(input as Order).number];
    const taking = ctx.waitForSignal<Order>("order.changed").then(({ number }) => got.push(number));
    void ctx.step("x", () => x.opened);
    await Promise.race([ctx.step("a", () => a.opened), taking]);
    return got;
  });
  const world: EngineWorld = new EngineWorld([emitter, keeping], {
    triggers: [byOrder],
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const paths = units.flatMap(({ append }) =>
            (append?.events ?? []).flatMap(({ type, data }) => (type === "step.completed" ? [data.path] : [])),
          );
          const outcomes = await next(paths.includes("step:x") ? await written.pass(units) : units);
          if (paths.includes("signal:order.changed")) world.crash();
          return outcomes;
        },
      }),
  });
  await world.submit("emitter", { order: "a", number: 0 });
  written.arm();
  x.open();
  await world.quiet();
  // While the result of x is on its way to the store, a ends and the event comes: they share the next unit.
  a.open();
  await world.submit("emitter", { order: "a", number: 1 });
  written.open();
  await world.advance(0);
  expect(await outputs(world)).toEqual(expect.arrayContaining([[0], [1]]));
});

test("wherever a process dies each event is taken by one task, once, in order, also by those that end without looking", async () => {
  const crash = fc.record({
    commit: fc.integer({ min: 2, max: 80 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ order: fc.constantFrom("a", "b"), afterMs: fc.constantFrom(0, 0, 499, 500, 501) }), {
        minLength: 4,
        maxLength: 12,
      }),
      fc.array(crash, { maxLength: 4 }),
      async (events, crashes: Crash[]) => {
        const world = new EngineWorld([emitter, hasty], { crashes, triggers: [byOrder] });
        for (const [number, { order, afterMs }] of events.entries()) {
          await world.advance(afterMs);
          await world.submit("emitter", { order, number });
        }
        await world.advance(120_000);
        expect((await keepers(world)).every(({ state }) => state === "completed")).toBe(true);
        const got = (await taken(world)) as readonly (readonly number[])[];
        for (const order of ["a", "b"]) {
          const numbers = events.flatMap((event, number) => (event.order === order ? [number] : []));
          expect(got.flat().filter((number) => events[number]?.order === order)).toEqual(numbers);
        }
      },
    ),
    { numRuns: 60, seed: 7 },
  );
}, 60_000);

test("an event that was given to a task by a write without an answer is given to nobody else", async () => {
  let isLost = false;
  const world = new EngineWorld([emitter, keeper], {
    triggers: [byOrder],
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const outcomes = await next(units);
          if (isLost && units.some(({ delivers }) => delivers !== undefined))
            throw new PlatformError("STORE_UNAVAILABLE", "no answer");
          return outcomes;
        },
      }),
  });
  await world.submit("emitter", { order: "a", number: 1 });
  isLost = true;
  await world.submit("emitter", { order: "a", number: 2 });
  await world.advance(3_000);
  expect(await outputs(world)).toEqual([[1, 2]]);
  isLost = false;
  // It comes again with one that begins the next task, which is not to get it either.
  await world.submit("emitter", { order: "a", number: 3 });
  await world.advance(3_000);
  expect((await world.store.takeOutbox(10)).rows).toEqual([]);
  await world.submit("emitter", { order: "a", number: 4 });
  expect(await outputs(world)).toEqual(
    expect.arrayContaining([
      [1, 2],
      [3, 4],
    ]),
  );
  expect(await keepers(world)).toHaveLength(2);
});

test("a task in memory hears of an event that a write without an answer brought it", async () => {
  let isLost = false;
  const world = new EngineWorld(
    [
      emitter,
      define("keeper", async (_, ctx) => {
        // It stays in memory for what it does.
        await Promise.all([ctx.waitForSignal("order.changed"), ctx.step("work", () => new Promise(() => {}))]);
      }),
    ],
    {
      triggers: [byOrder],
      wrap: (store) =>
        wrapStore(store, {
          commit: async (next, units) => {
            const outcomes = await next(units);
            if (isLost && units.some(({ delivers }) => delivers !== undefined))
              throw new PlatformError("STORE_UNAVAILABLE", "no answer");
            return outcomes;
          },
        }),
    },
  );
  await world.submit("emitter", { order: "a", number: 1 });
  isLost = true;
  await world.submit("emitter", { order: "a", number: 2 });
  isLost = false;
  await world.advance(2_000);
  const [task] = await keepers(world);
  expect(await world.types(task?.taskId ?? "")).toContain("signal.received");
});

test("one that finds no room stays in the outbox with what comes after it, and nothing else waits", async () => {
  const world = new EngineWorld(
    [
      emitter,
      define("keeper", async (task, ctx) => {
        await ctx.sleep(600_000);
        return [
          (task.input as Order).number,
          await ctx.waitForSignal("order.changed"),
          await ctx.waitForSignal("order.changed"),
        ];
      }),
    ],
    { triggers: [byOrder] },
  );
  await world.submit("emitter", { order: "a", number: 1 });
  const [head] = await keepers(world);
  const { service } = await world.alive();
  for (let count = 0; count < 1_000; count++)
    await service.signal({ ...SCOPE, operator: true }, head?.taskId ?? "", { name: "noise" });
  await world.quiet();
  for (const number of [2, 3]) await world.submit("emitter", { order: "a", number });
  await world.submit("emitter", { order: "b", number: 4 });
  expect((await world.store.takeOutbox(10)).rows).toHaveLength(2);
  expect(await keepers(world)).toHaveLength(2);
});

/** Tells of so many changes of order a. */
const many = define("many", async (task, ctx) => {
  const numbers = Array.from({ length: task.input as number }, (_, number) => number);
  await Promise.all(
    numbers.map((number) => ctx.emit("order.changed", { order: "a", number }, { durable: true, key: String(number) })),
  );
});

test("more than find room go in order as there is room, and are not read again for each that comes for another meanwhile", async () => {
  let read = 0;
  const world = new EngineWorld(
    [
      emitter,
      many,
      define("keeper", async (task, ctx) => {
        const got = [(task.input as Order).number];
        await ctx.sleep(60_000);
        while (got.length < 1_301) got.push((await ctx.waitForSignal<Order>("order.changed")).number);
        return got;
      }),
    ],
    {
      triggers: [byOrder],
      wrap: (store) =>
        wrapStore(store, {
          takeOutbox: async (next, limit, after) => {
            const taken = await next(limit, after);
            read += taken.rows.length;
            return taken;
          },
        }),
    },
  );
  await world.submit("many", 1_301);
  const { engine } = await world.alive();
  expect(engine.relay.undelivered).toEqual(new Map([["acme", 300]]));
  read = 0;
  for (let number = 0; number < 20; number++) await world.submit("emitter", { order: `b${number}`, number });
  expect(await keepers(world)).toHaveLength(21);
  expect(read).toBe(20);
  // Looked for now and then, at those in front.
  await world.advance(50_000);
  expect(read).toBeLessThan(50 * 200);
  const warned = world.logger.records.filter(({ message }) => message.startsWith("events wait"));
  expect(warned).toHaveLength(1);
  await world.advance(20_000);
  expect(await outputs(world)).toEqual([Array.from({ length: 1_301 }, (_, number) => number)]);
  expect(engine.relay.undelivered).toEqual(new Map());
  expect((await world.store.takeOutbox(10)).rows).toEqual([]);
});

test("an event that comes when there is room again goes behind those that have found none", async () => {
  const world = new EngineWorld([emitter, keeper], { triggers: [byOrder] });
  await world.submit("emitter", { order: "a", number: 1 });
  const [first] = await keepers(world);
  const { service } = await world.alive();
  const operator = { ...SCOPE, operator: true };
  await service.signal(operator, first?.taskId ?? "", { name: "noise", payload: "x".repeat(8 * 1024 * 1024 - 20) });
  await world.submit("emitter", { order: "a", number: 2 });
  await service.cancel(operator, first?.taskId ?? "");
  await world.quiet();
  await world.submit("emitter", { order: "a", number: 3 });
  expect(await outputs(world)).toEqual([]);
  await world.advance(1_000);
  expect(await outputs(world)).toEqual([[2, 3]]);
});

test("wherever a process dies, what found no room is taken once, in order", async () => {
  const crash = fc.record({
    commit: fc.integer({ min: 4, max: 60 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  // Of the bytes that may wait for a task all but those of an event or two.
  const noise = "x".repeat(8 * 1024 * 1024 - 70);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ order: fc.constantFrom("a", "a", "b"), afterMs: fc.constantFrom(0, 0, 60, 200, 500) }), {
        minLength: 6,
        maxLength: 12,
      }),
      fc.array(crash, { maxLength: 3 }),
      async (events, crashes: Crash[]) => {
        const world = new EngineWorld([emitter, hasty], { crashes, triggers: [byOrder] });
        await world.submit("emitter", { order: "a", number: 100 });
        const [first] = await keepers(world);
        for (let isKnown = false; !isKnown; await world.quiet()) {
          const { service } = await world.alive();
          const signal = { id: "noise", name: "noise", payload: noise };
          const know = (): void => void (isKnown = true);
          service.signal({ ...SCOPE, operator: true }, first?.taskId ?? "", signal).then(know, know);
          await world.quiet();
        }
        for (const [number, { order, afterMs }] of events.entries()) {
          await world.submit("emitter", { order, number });
          await world.advance(afterMs);
        }
        await world.advance(180_000);
        expect((await world.store.takeOutbox(100)).rows).toEqual([]);
        const got = (await taken(world)) as readonly (readonly number[])[];
        for (const order of ["a", "b"]) {
          const numbers = events.flatMap((event, number) => (event.order === order ? [number] : []));
          expect(got.flat().filter((number) => events[number]?.order === order)).toEqual(numbers);
        }
      },
    ),
    { numRuns: 25, seed: 7 },
  );
}, 60_000);

test("wherever a process dies each event is in one task, once, and no two of a key are open at once", async () => {
  const crash = fc.record({
    commit: fc.integer({ min: 2, max: 40 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "b"), { minLength: 4, maxLength: 8 }),
      fc.array(crash, { maxLength: 3 }),
      async (orders, crashes: Crash[]) => {
        const world = new EngineWorld([emitter, keeper], { crashes, triggers: [byOrder] });
        for (const [number, order] of orders.entries()) await world.submit("emitter", { order, number });
        await world.advance(60_000);
        expect((await world.store.takeOutbox(10)).rows).toEqual([]);
        for (const order of ["a", "b"]) {
          const numbers = orders.flatMap((each, number) => (each === order ? [number] : []));
          const seen: number[] = [];
          for (const { taskId } of await keepers(world)) {
            const log = await world.log(taskId);
            for (const event of log) {
              const said =
                event.type === "task.submitted"
                  ? event.data.input
                  : event.type === "signal.received"
                    ? event.data.payload
                    : null;
              if ((said as Order | null)?.order === order) seen.push((said as Order).number);
            }
          }
          expect(seen.toSorted((one, other) => one - other)).toEqual(numbers);
        }
        const open = (await keepers(world)).filter(({ state }) => state !== "completed");
        expect(open.length).toBe(
          ["a", "b"].filter((order) => orders.filter((each) => each === order).length % 2 === 1).length,
        );
      },
    ),
    { numRuns: 60, seed: 7 },
  );
}, 60_000);
