/** Tasks that wait for events: which, once, and wherever a process dies. */

import { PlatformError } from "@agentcore/contract";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Crash, codeOf, define, EngineWorld, gate, outputOf, SCOPE } from "../../test/engine-world.ts";

const ROWS = { tenantId: SCOPE.tenantId, namespace: "event-waits" };
const COUNTS = { tenantId: SCOPE.tenantId, namespace: "event-wait-counts" };

interface Told {
  readonly topic: string;
  readonly payload: unknown;
}
const emitter = define("emitter", async (task, ctx) => {
  const told = task.input as readonly Told[];
  for (const { topic, payload } of told) await ctx.emit(topic, payload, { durable: true });
});
const codeOfError = (error: unknown): string => (error as { code: string }).code;

const tell = (world: EngineWorld, ...told: readonly Told[]) => world.submit("emitter", told);
const order = (name: string, topic = "order.paid"): Told => ({ topic, payload: { order: name } });
const rows = (world: EngineWorld) => world.keyValue.list(ROWS);
const count = async (world: EngineWorld) => (await world.keyValue.get(COUNTS, "all"))?.value ?? 0;

test("a task gets the first event that fits, out of memory meanwhile, and nothing of the wait is left", async () => {
  const world = new EngineWorld([
    emitter,
    define("waiter", ({ input }, ctx) =>
      ctx.waitForEvent("order.*", { where: "event.payload.order == with.order", with: { order: input } }),
    ),
  ]);
  await tell(world, order("b"));
  const taskId = await world.submit("waiter", "b");
  expect((await world.alive()).engine.resident).toBe(0);
  const begun = ["task.submitted", "decision.made", "task.assigned", "task.started", "step.started"];
  expect(await world.types(taskId)).toEqual(begun);
  expect([(await rows(world)).length, await count(world)]).toEqual([1, 1]);
  await tell(world, order("a"), { topic: "order", payload: { order: "b" } }, { topic: "order.paid", payload: 7 });
  expect(await world.state(taskId)).toBe("working");
  const source = await tell(world, order("b", "order.sent"), order("b"));
  expect(outputOf(await world.last(taskId))).toEqual({
    ...{ id: expect.any(String), topic: "order.sent", source: "emitter", payload: { order: "b" } },
  });
  const ended = ["task.assigned", "step.completed", "task.completed"];
  expect(await world.types(taskId)).toEqual([...begun, ...ended]);
  expect(await world.state(source)).toBe("completed");
  expect([await rows(world), await count(world)]).toEqual([[], 0]);
  const warned = world.logger.records.filter(({ message }) => message.includes("passes an event by"));
  expect(warned).toMatchObject([{ fields: { tenantId: SCOPE.tenantId, taskId, topic: "order.paid" } }]);
});

test("one event ends every wait that it fits, of all tasks, and each wait is given one", async () => {
  const world = new EngineWorld([
    emitter,
    define("waiter", async (_, ctx) => {
      const [one, two] = await Promise.all([ctx.waitForEvent("a"), ctx.waitForEvent("*", { key: "any" })]);
      return [one.id === two.id, (await ctx.waitForEvent<number>("a")).payload];
    }),
  ]);
  const waiters = [await world.submit("waiter"), await world.submit("waiter")];
  await tell(world, { topic: "a", payload: 1 });
  await tell(world, { topic: "a", payload: 2 });
  for (const taskId of waiters) expect(outputOf(await world.last(taskId))).toEqual([true, 2]);
});

test("a wait ends by its time, by its signal and by a cancel, and leaves nothing to be told", async () => {
  const world = new EngineWorld([
    emitter,
    define("late", (_, ctx) => ctx.waitForEvent("a", { timeoutMs: 60_000 }).catch(codeOfError)),
    define("withdrawn", async (_, ctx) => {
      const controller = new AbortController();
      const wait = ctx.waitForEvent("a", { signal: controller.signal }).catch(codeOfError);
      await ctx.sleep(30_000);
      controller.abort();
      return [await wait, await ctx.waitForEvent("a", { signal: controller.signal }).catch(codeOfError)];
    }),
    define("canceled", (_, ctx) => ctx.waitForEvent("a")),
    define("forgetful", async (_, ctx) => {
      void ctx.waitForEvent("a").catch(() => undefined);
      await ctx.sleep(30_000);
    }),
  ]);
  const [late, withdrawn, canceled] = [
    await world.submit("late"),
    await world.submit("withdrawn"),
    await world.submit("canceled"),
  ];
  await world.submit("forgetful");
  expect(await rows(world)).toHaveLength(4);
  await world.cancel(canceled);
  await world.advance(60_001);
  expect(await world.state(canceled)).toBe("canceled");
  expect(outputOf(await world.last(late))).toBe("DEADLINE_EXCEEDED");
  expect(outputOf(await world.last(withdrawn))).toEqual(["CANCELED", "CANCELED"]);
  expect([await rows(world), await count(world)]).toEqual([[], 0]);
});

test("what is wrong with a wait is refused before anything is kept", async () => {
  const refused = async (...wait: Parameters<Parameters<Parameters<typeof define>[1]>[1]["waitForEvent"]>) => {
    const world = new EngineWorld([define("waiter", (_, ctx) => ctx.waitForEvent(...wait))]);
    const taskId = await world.submit("waiter");
    expect([await rows(world), await count(world)]).toEqual([[], 0]);
    return codeOf(await world.last(taskId));
  };
  expect(await refused("a.*.b")).toBe("INVALID_ARGUMENT");
  expect(await refused("a", { where: "event.payload ==" })).toBe("INVALID_ARGUMENT");
  expect(await refused("a", { where: "input.order == event.payload" })).toBe("INVALID_ARGUMENT");
  expect(await refused("a", { where: "'yes'" })).toBe("INVALID_ARGUMENT");
  expect(await refused("a", { where: "x".repeat(5_000) })).toBe("INVALID_ARGUMENT");
  expect(await refused("a", { with: [] as never })).toBe("INVALID_ARGUMENT");
  expect(await refused("a", { with: { text: "x".repeat(70_000) } })).toBe("TOO_LARGE");
  expect(await refused("a", { timeoutMs: -1 })).toBe("INVALID_ARGUMENT");
});

test("more waits than may be open are refused, in a task and in a tenant", async () => {
  const world = new EngineWorld([
    define("greedy", async (_, ctx) => {
      const waits = Array.from({ length: 1_000 }, (_each, index) => ctx.waitForEvent("a", { key: String(index) }));
      void Promise.allSettled(waits);
      await ctx.step("settle", () => 1);
      return ctx.waitForEvent("a", { key: "more" });
    }),
    define("waiter", (_, ctx) => ctx.waitForEvent("a")),
  ]);
  expect(codeOf(await world.last(await world.submit("greedy")))).toBe("OVERLOADED");
  expect([await rows(world), await count(world)]).toEqual([[], 0]);
  await world.keyValue.put(COUNTS, "all", 100_000);
  expect(codeOf(await world.last(await world.submit("waiter")))).toBe("OVERLOADED");
});

test("events of another tenant are none of a task's", async () => {
  const other = { tenantId: "other", caller: "ann" };
  const world = new EngineWorld([emitter, define("waiter", (_, ctx) => ctx.waitForEvent("*"))]);
  const taskId = await world.submit("waiter");
  await world.submit("emitter", [order("a")], {}, other);
  expect(await world.state(taskId)).toBe("working");
  expect((await world.store.takeOutbox(10)).rows).toEqual([]);
});

test("rows that a lost process left behind are taken out by the event that fits, or by a sweep that counts anew", async () => {
  const world = new EngineWorld([emitter, define("idle", () => 1)]);
  const taskId = await world.submit("idle");
  const left = { id: "w", taskId, path: "event:a", topic: "a" };
  await world.keyValue.put(ROWS, `a/${taskId}/w`, left);
  await world.keyValue.put(ROWS, `b/gone/w`, { ...left, taskId: "gone", topic: "b" });
  await world.keyValue.put(COUNTS, "all", 9);
  await tell(world, { topic: "a", payload: 1 });
  expect(await rows(world)).toMatchObject([{ key: "b/gone/w" }]);
  expect(await count(world)).toBe(8);
  const { engine } = await world.alive();
  await engine.eventWaits.sweep(world.store, SCOPE.tenantId);
  expect([await rows(world), await count(world)]).toEqual([[], 0]);
});

test("mail of a wait before a checkpoint is not for the one behind it at the same place", async () => {
  const world = new EngineWorld([
    emitter,
    define("looper", async ({ continuedFrom }, ctx) => {
      const { payload } = await ctx.waitForEvent("a");
      const got = [...((continuedFrom ?? []) as unknown[]), payload];
      return got.length < 3 ? ctx.continueAs(got) : got;
    }),
  ]);
  const taskId = await world.submit("looper");
  const [row] = await rows(world);
  for (const payload of [1, 2]) await tell(world, { topic: "a", payload });
  // As if another process had carried the first before it heard that the wait was over.
  await world.keyValue.put(ROWS, row?.key ?? "", row?.value);
  await tell(world, { topic: "a", payload: 3 });
  expect(outputOf(await world.last(taskId))).toEqual([1, 2, 3]);
  expect(await rows(world)).toEqual([]);
});

test("what a task tells after it began to wait is not told before its wait is known: it asks, and has the answer", async () => {
  const world = new EngineWorld([
    define("asker", async (_, ctx) => {
      const answer = ctx.waitForEvent("answer");
      await ctx.emit("question", 6, { durable: true });
      return (await answer).payload;
    }),
    define("knows", (_task, ctx) => ctx.emit("answer", 42, { durable: true }), { subscribes: ["question"] }),
  ]);
  const { keyValue } = world;
  const put = keyValue.put.bind(keyValue);
  const { open, opened } = gate();
  keyValue.put = (...row) => opened.then(() => put(...row));
  const taskId = await world.submit("asker");
  await world.quiet();
  expect((await world.heads()).map(({ agent }) => agent)).toEqual(["asker"]);
  open();
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toBe(42);
});

test.each([
  ["not there yet", "a command", 0],
  ["not there yet", "a question", 0],
  ["ahead of its log", "a command", 1],
  ["ahead of its log", "a question", 1],
])("nor when it is %s: %s that comes after the wait stands behind it", async (_, asks, steps) => {
  const world = new EngineWorld([
    define("asker", async (_task, ctx) => {
      for (let step = 0; step < steps; step++) await ctx.step("before", () => step);
      const answer = ctx.waitForEvent("answer");
      if (asks === "a command") await ctx.command({ agent: "knows" }, 6);
      else await ctx.waitForInput("?");
      return (await answer).payload;
    }),
    define("knows", (_task, ctx) => ctx.emit("answer", 42, { durable: true })),
  ]);
  const { keyValue } = world;
  const put = keyValue.put.bind(keyValue);
  const { open, opened } = gate();
  keyValue.put = (...row) => opened.then(() => put(...row));
  const taskId = await world.submit("asker");
  await world.quiet();
  expect((await world.heads()).map(({ agent, state }) => [agent, state])).toEqual([["asker", "working"]]);
  open();
  await world.quiet();
  if (asks === "a question") {
    expect(await world.state(taskId)).toBe("input-required");
    await world.submit("knows");
    await world.say(taskId, "yes");
  }
  expect(outputOf(await world.last(taskId))).toBe(42);
});

test("code that returns without awaiting what it tells after a wait has told it all the same", async () => {
  const heard: unknown[] = [];
  const world = new EngineWorld([
    define("teller", async (_task, ctx) => {
      await ctx.step("before", () => 1);
      void ctx.waitForEvent("answer").catch(() => undefined);
      void ctx.emit("news", 7, { durable: true });
      return "done";
    }),
    define("listener", ({ input }) => void heard.push((input as Told).payload), { subscribes: ["news"] }),
  ]);
  expect(outputOf(await world.last(await world.submit("teller")))).toBe("done");
  expect(heard).toEqual([7]);
  expect(await rows(world)).toEqual([]);
});

test("a parked task has its event when it goes on", async () => {
  const waiter = define("waiter", async (_, ctx) => {
    const wait = ctx.waitForEvent("a");
    await ctx.sleep(60_000);
    return (await wait).payload;
  });
  const world = new EngineWorld([emitter, waiter]);
  const taskId = await world.submit("waiter");
  world.change(define("waiter", async (_, ctx) => void (await ctx.step("other", () => 1))));
  await world.advance(60_001);
  expect(await world.state(taskId)).toBe("parked");
  await tell(world, { topic: "a", payload: 7 });
  world.change(waiter);
  await world.retry(taskId);
  await world.advance(1);
  expect(outputOf(await world.last(taskId))).toBe(7);
});

test("while the store cannot keep a wait, or tell who waits, nothing is recorded and nothing lost", async () => {
  const world = new EngineWorld([emitter, define("waiter", async (_, ctx) => (await ctx.waitForEvent("a")).payload)]);
  const { keyValue } = world;
  const down = () => Promise.reject(new PlatformError("STORE_UNAVAILABLE", "it does not answer"));
  const [put, list] = [keyValue.put.bind(keyValue), keyValue.list.bind(keyValue)];
  keyValue.put = down;
  const taskId = await world.submit("waiter");
  await world.advance(5_000);
  expect(await world.types(taskId)).not.toContain("step.started");
  keyValue.put = put;
  await world.advance(1_000);
  expect(await rows(world)).toHaveLength(1);
  keyValue.list = down;
  await tell(world, { topic: "a", payload: 7 });
  await world.advance(5_000);
  expect(await world.state(taskId)).toBe("working");
  keyValue.list = list;
  await world.advance(1_000);
  expect(outputOf(await world.last(taskId))).toBe(7);
  expect([await rows(world), await count(world)]).toEqual([[], 0]);
});

test("where it cannot be read who waits, the event stays, and others go on", async () => {
  const world = new EngineWorld([emitter, define("waiter", async (_, ctx) => (await ctx.waitForEvent("a")).payload)]);
  const taskId = await world.submit("waiter");
  const [row] = await rows(world);
  const sealed = {
    key: "a/0/unreadable",
    version: 1,
    get value(): unknown {
      throw new PlatformError("PAYLOAD_UNREADABLE", "sealed with another key");
    },
  };
  const { keyValue } = world;
  const list = keyValue.list.bind(keyValue);
  keyValue.list = async (scope, options) =>
    scope.namespace === ROWS.namespace && options?.limit !== 1
      ? [sealed, ...(await list(scope, options))]
      : list(scope, options);
  await tell(world, { topic: "a", payload: 7 });
  expect((await world.store.takeOutbox(10)).rows).toHaveLength(1);
  keyValue.list = list;
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toBe(7);
  expect((await world.store.takeOutbox(10)).rows).toEqual([]);
  expect(row?.key).toMatch(/^a\//);
});

test("wherever a process dies each wait is given one event, none is missed, and nothing is left behind", async () => {
  const crash = fc.record({
    commit: fc.integer({ min: 2, max: 40 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom("a", "b", "c"), { minLength: 3, maxLength: 6 }),
      fc.array(crash, { maxLength: 3 }),
      fc.boolean(),
      async (told, crashes: Crash[], continues) => {
        const world = new EngineWorld(
          [
            emitter,
            define("waiter", async ({ continuedFrom }, ctx) => {
              const got = [...((continuedFrom ?? []) as string[])];
              const where = `event.payload.order != "b"`;
              const { payload } = await ctx.waitForEvent<{ order: string; number: number }>("order.*", { where });
              got.push(`${payload.order}${payload.number}`);
              if (got.length === 2) return got;
              if (continues) return ctx.continueAs(got);
              const next = await ctx.waitForEvent<{ order: string; number: number }>("order.paid", { where });
              return [...got, `${next.payload.order}${next.payload.number}`];
            }),
          ],
          { crashes },
        );
        const taskId = await world.submit("waiter");
        for (const [number, name] of told.entries())
          await tell(world, { topic: "order.paid", payload: { order: name, number } });
        await world.advance(60_000);
        expect((await world.store.takeOutbox(10)).rows).toEqual([]);
        const fitting = told.flatMap((name, number) => (name === "b" ? [] : [`${name}${number}`]));
        const output = outputOf(await world.last(taskId));
        if (fitting.length < 2) expect(await world.state(taskId)).toBe("working");
        else {
          const [first, second] = output as string[];
          expect(first).toBe(fitting[0]);
          // After a crash the first may be told again, to the wait that has begun since.
          expect(crashes.length === 0 ? [fitting[1]] : fitting.slice(0, 2)).toContain(second);
          await (await world.alive()).engine.eventWaits.sweep(world.store, SCOPE.tenantId);
          expect([await rows(world), await count(world)]).toEqual([[], 0]);
        }
      },
    ),
    { numRuns: 60, seed: 11 },
  );
}, 60_000);
