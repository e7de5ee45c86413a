/** Events that begin one task when they have paused. */
import type { TaskEvent } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Crash, define, EngineWorld, outputOf, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { TaskHead } from "../ports/index.ts";
import { DEBOUNCED, stepOfPause } from "./debounced.ts";
import { DEBOUNCER, type Debounce, type EventInput, type Triggered } from "./task-router.ts";

interface Change {
  readonly page: string | null;
  readonly number: number;
}

const trigger = (debounce: Debounce) => ({
  agent: "indexer",
  trigger: {
    ...{ id: "t", topic: "page.changed", debounce },
    select: ({ payload }: EventInput): Triggered => {
      const { page } = payload as Change;
      return { input: payload, key: page };
    },
  },
});
const emitter = define("emitter", (task, ctx) => ctx.emit("page.changed", task.input, { durable: true }));
const indexer = define("indexer", ({ input }) => input);

const worldOf = (debounce: Debounce, more: ConstructorParameters<typeof EngineWorld>[1] = {}): EngineWorld =>
  new EngineWorld([emitter, indexer], { ...more, triggers: [trigger(debounce)] });

const tell = (world: EngineWorld, number: number, page: string | null = "a") =>
  world.submit("emitter", { page, number } satisfies Change);

/** What the tasks began with, the first first, and how many events each stands for. */
const begun = async (world: EngineWorld) => {
  const heads = (await world.heads()).filter(({ agent }) => agent === "indexer");
  const found = [];
  for (const { taskId, createdAt } of heads.toSorted((one, other) => one.createdAt - other.createdAt)) {
    const [submitted] = await world.log(taskId);
    if (submitted?.type !== "task.submitted") throw new Error("no submission");
    const { input, metadata } = submitted.data;
    const { events = 0 } = (metadata?.[DEBOUNCED] ?? {}) as { readonly events?: number };
    found.push({ number: (input as Change).number, events, at: createdAt });
  }
  return found;
};

test("events that come soon after each other make one task when it was quiet, with the input of the last", async () => {
  const world = worldOf({ quietMs: 30_000 });
  const from = world.clock.now();
  await tell(world, 1);
  await world.advance(20_000);
  await tell(world, 2);
  await world.advance(20_000);
  await tell(world, 3);
  await world.advance(29_000);
  expect(await begun(world)).toEqual([]);
  await world.advance(1_000);
  expect(await begun(world)).toEqual([{ number: 3, events: 3, at: from + 70_000 }]);
  await world.advance(60_000);
  await tell(world, 4);
  await world.advance(30_000);
  expect((await begun(world)).map(({ number, events }) => [number, events])).toEqual([
    [3, 3],
    [4, 1],
  ]);
  expect((await world.heads()).every(({ state }) => state === "completed")).toBe(true);
});

test("nobody is told that it would be held: it has no code", async () => {
  const world = worldOf({ quietMs: 30_000 });
  await tell(world, 1);
  await world.advance(1_000);
  const pause = (await world.heads()).find(({ agent }) => agent === DEBOUNCER)?.taskId ?? "";
  const { service } = await world.alive();
  const change = service.changeBreakpoints({ ...SCOPE, operator: true }, pause, { breakpoints: ["*"] });
  await expect(change).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
});

test("events that do not pause begin it after the longest wait", async () => {
  const world = worldOf({ quietMs: 30_000, maxWaitMs: 50_000 });
  const from = world.clock.now();
  for (let number = 1; number <= 4; number++) {
    await tell(world, number);
    await world.advance(20_000);
  }
  expect(await begun(world)).toEqual([{ number: 3, events: 3, at: from + 50_000 }]);
  await world.advance(30_000);
  expect((await begun(world)).at(-1)).toEqual({ number: 4, events: 1, at: from + 90_000 });
});

test("a task that gets the event as it is gets the number of them too", async () => {
  const { trigger: own } = trigger({ quietMs: 10_000, counts: true });
  const select = (event: EventInput): Triggered => ({ input: event, key: null });
  const world = new EngineWorld([emitter, indexer], { triggers: [{ agent: "indexer", trigger: { ...own, select } }] });
  await tell(world, 1);
  await tell(world, 2);
  await world.advance(10_000);
  const [task] = (await world.heads()).filter(({ agent }) => agent === "indexer");
  expect(outputOf(await world.last(task?.taskId ?? ""))).toMatchObject({
    ...{ topic: "page.changed", source: "emitter", payload: { page: "a", number: 2 }, events: 2 },
  });
});

test("each key pauses by itself, and events without one pause together", async () => {
  const world = worldOf({ quietMs: 30_000 });
  await tell(world, 1, "a");
  await tell(world, 2, "b");
  await tell(world, 3, null);
  await tell(world, 4, "a");
  await tell(world, 5, null);
  await world.advance(30_000);
  const seen = (await begun(world)).map(({ number, events }) => [number, events]);
  expect(seen.toSorted(([one = 0], [other = 0]) => one - other)).toEqual([
    [2, 1],
    [4, 2],
    [5, 2],
  ]);
});

test("what comes while the task of its key runs begins the next, behind it", async () => {
  const slow = define("indexer", async ({ input }, ctx) => {
    await ctx.sleep(100_000);
    return input;
  });
  const world = new EngineWorld([emitter, slow], { triggers: [trigger({ quietMs: 10_000 })] });
  await tell(world, 1);
  await world.advance(20_000);
  await tell(world, 2);
  await world.advance(20_000);
  const states = async () =>
    (await world.heads())
      .filter(({ agent }) => agent === "indexer")
      .toSorted((one, other) => one.createdAt - other.createdAt)
      .map(({ state }) => state);
  expect(await states()).toEqual(["working", "submitted"]);
  await world.advance(75_000);
  expect(await states()).toEqual(["completed", "working"]);
});

test.each([1, 3])(
  "a pause of %i events that is canceled begins nothing, and the next event begins another",
  async (events) => {
    const world = worldOf({ quietMs: 10_000 });
    for (let number = 1; number <= events; number++) await tell(world, number);
    const [pause] = (await world.heads()).filter(({ agent }) => agent === DEBOUNCER);
    const { service } = await world.alive();
    await service.cancel({ ...SCOPE, operator: true }, pause?.taskId ?? "", "enough");
    await world.advance(20_000);
    expect(await world.state(pause?.taskId ?? "")).toBe("canceled");
    await tell(world, 9);
    await world.advance(20_000);
    expect((await begun(world)).map((task) => [task.number, task.events])).toEqual([[9, 1]]);
  },
);

test("an event that comes in the moment in which the pause ends belongs to it, and makes it longer", async () => {
  let late: (() => Promise<unknown>) | null = null;
  const world: EngineWorld = worldOf(
    { quietMs: 10_000 },
    {
      wrap: (store) =>
        wrapStore(store, {
          commit: async (next, units) => {
            const isEnd = units.some(({ append, create }) => append?.state === "completed" && create?.length === 1);
            const send = isEnd ? late : null;
            if (send !== null) late = null;
            await send?.();
            return next(units);
          },
        }),
    },
  );
  const from = world.clock.now();
  await tell(world, 1);
  const [pause] = (await world.heads()).filter(({ agent }) => agent === DEBOUNCER);
  const signal = {
    id: "late",
    name: "page.changed",
    by: pause?.caller ?? "",
    payload: { position: 1e6, input: { page: "a", number: 2 } },
  };
  const mail = { taskId: pause?.taskId ?? "", key: "signal:late", kind: "signal", ifTerminal: "refuse" } as const;
  late = () =>
    world.store.commit([{ tenantId: SCOPE.tenantId, mail: [{ ...mail, payload: { type: "signal", signal } }] }]);
  await world.advance(19_000);
  expect(late).toBeNull();
  expect(await begun(world)).toEqual([]);
  await world.advance(2_000);
  expect(await begun(world)).toEqual([{ number: 2, events: 2, at: from + 20_000 }]);
});

test("of events that are carried in another order the last committed one counts", () => {
  const head = { taskId: "p", caller: "event:t", contextId: "c", priority: "normal" } as TaskHead;
  const pause = { quietMs: 10, agent: "indexer", revision: "r", inTurn: true, first: { position: 5, input: "five" } };
  const data = {
    agent: DEBOUNCER,
    revision: "1",
    contextId: "c",
    caller: "event:t",
    input: pause,
    priority: "normal",
  } as const;
  const log: TaskEvent[] = [{ seq: 1, type: "task.submitted", at: 100, data }];
  const mail = (position: number) => ({
    ...{ key: `signal:${position}`, kind: "signal" as const, position: 0, insertedAt: 105 },
    payload: {
      type: "signal",
      signal: { id: String(position), name: "t", by: "event:t", payload: { position, input: `at ${position}` } },
    },
  });
  for (const arrivals of [[[3, 9, 4]], [[9], [3, 4]], [[3], [9], [4]]]) {
    const all = [...log];
    for (const positions of arrivals) {
      const step = stepOfPause(head, all, positions.map(mail), 106, () => null);
      if (step.type !== "wait") throw new Error("it does not wait");
      for (const event of step.events) all.push({ ...event, seq: all.length + 1 } as TaskEvent);
    }
    expect(stepOfPause(head, all, [], 200, () => null)).toMatchObject({
      ...{ type: "begin", taken: 4, task: { events: [{ data: { input: "at 9" } }] } },
    });
  }
});

test("what somebody else sends to the pause is no event of it", async () => {
  const world = worldOf({ quietMs: 10_000 });
  await tell(world, 1);
  const [pause] = (await world.heads()).filter(({ agent }) => agent === DEBOUNCER);
  const { service } = await world.alive();
  await service.signal({ ...SCOPE, operator: true }, pause?.taskId ?? "", {
    name: "page.changed",
    payload: { number: 9 },
  });
  await world.advance(20_000);
  expect((await begun(world)).map(({ number, events }) => [number, events])).toEqual([[1, 1]]);
});

test("events that never pause begin a task all the same when there are very many", async () => {
  const many = define("many", async (task, ctx) => {
    for (let number = 1; number <= 600; number++)
      await ctx.emit("page.changed", { page: "a", number }, { durable: true, key: String(number) });
  });
  const world = new EngineWorld([many, indexer], { triggers: [trigger({ quietMs: 86_400_000 })] });
  await world.submit("many");
  await world.advance(120_000);
  const [first] = await begun(world);
  expect(first?.events).toBeGreaterThanOrEqual(500);
  expect(first?.events).toBeLessThanOrEqual(600);
  expect(first?.number).toBe(first?.events);
}, 30_000);

test("wherever a process dies each event is in one task, which has the input of its last", async () => {
  const crash = fc.record({
    commit: fc.integer({ min: 2, max: 40 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  const step = fc.record({
    page: fc.constantFrom("a", "b"),
    after: fc.constantFrom(0, 3_000, 12_000),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 8 }),
      fc.array(crash, { maxLength: 3 }),
      async (steps, crashes: Crash[]) => {
        const world = worldOf({ quietMs: 10_000 }, { crashes });
        for (const [number, { page, after }] of steps.entries()) {
          await tell(world, number, page);
          await world.advance(after);
        }
        await world.advance(60_000);
        expect((await world.store.takeOutbox(10)).rows).toEqual([]);
        const tasks = await begun(world);
        expect(tasks.reduce((sum, { events }) => sum + events, 0)).toBe(steps.length);
        const open = (await world.heads()).filter(({ state }) => state !== "completed");
        expect(open).toEqual([]);
        for (const page of ["a", "b"]) {
          const numbers = steps.flatMap((each, number) => (each.page === page ? [number] : []));
          const own = tasks.filter(({ number }) => steps[number]?.page === page);
          // In order: each task has what came after the one before it.
          let place = 0;
          for (const { number, events } of own) {
            place += events;
            expect(numbers[place - 1]).toBe(number);
          }
          expect(place).toBe(numbers.length);
        }
      },
    ),
    { numRuns: 60, seed: 11 },
  );
}, 60_000);
