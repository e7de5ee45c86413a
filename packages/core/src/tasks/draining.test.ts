/** A node that is drained: its tasks are free for others at once, and it takes none until it is told. */
import { expect, test } from "vitest";
import { define, EngineWorld, gate, outputOf, type Run, SCOPE } from "../../test/engine-world.ts";

const GRACE_MS = 5_000;

/** Resolved, or not yet, after `ms`. */
const settledAfter = async (world: EngineWorld, work: Promise<void>, ms: number): Promise<boolean> => {
  let isSettled = false;
  void work.then(() => {
    isSettled = true;
  });
  await world.advance(ms);
  return isSettled;
};

test("running steps have their grace and are recorded, no other begins, and the task is free as soon as they have ended", async () => {
  const ran: string[] = [];
  const [first, other] = [gate(), gate()];
  const world = new EngineWorld([
    define("a", async (_, ctx) => {
      const branch = async () => {
        await ctx.step("first", async () => (await first.opened, ran.push("first")));
        return ctx.step("second", () => ran.push("second"));
      };
      return Promise.all([branch(), ctx.step("other", async () => (await other.opened, ran.push("other")))]);
    }),
  ]);
  const taskId = await world.submit("a");
  const { engine } = await world.alive();
  const drained = engine.drain(GRACE_MS);
  first.open();
  expect(await settledAfter(world, drained, 1000)).toBe(false);
  expect([ran, engine.isDraining, engine.isEmpty]).toEqual([["first"], true, false]);
  expect(await world.head(taskId)).toMatchObject({ leased: true });
  other.open();
  expect(await settledAfter(world, drained, 100)).toBe(true);
  expect([ran, engine.isEmpty]).toEqual([["first", "other"], true]);
  // Due at once, and given back with the results of the steps.
  expect(await world.head(taskId)).toMatchObject({ leased: false, dueAt: expect.any(Number), state: "working" });
  expect((await world.types(taskId)).filter((type) => type === "step.completed")).toHaveLength(2);
  await world.advance(60_000);
  expect(ran).toHaveLength(2);
  engine.undrain();
  await world.advance(100);
  expect(outputOf(await world.last(taskId))).toEqual([3, 2]);
  expect([ran, engine.isDraining]).toEqual([["first", "other", "second"], false]);
});

test("what is longer than the grace is told, and runs again elsewhere with the same key", async () => {
  const keys: string[] = [];
  const reasons: unknown[] = [];
  const world = new EngineWorld([
    define("a", (_, ctx) =>
      ctx.step("long", ({ signal, idempotencyKey }) => {
        keys.push(idempotencyKey);
        if (keys.length > 1) return "done";
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => (reasons.push(signal.reason), reject(signal.reason))),
        );
      }),
    ),
  ]);
  const taskId = await world.submit("a");
  const { engine } = await world.alive();
  const drained = engine.drain(GRACE_MS);
  expect(await settledAfter(world, drained, GRACE_MS - 100)).toBe(false);
  expect(await settledAfter(world, drained, 200)).toBe(true);
  expect(reasons).toMatchObject([{ code: "UNAVAILABLE" }]);
  engine.undrain();
  await world.advance(100);
  expect(outputOf(await world.last(taskId))).toBe("done");
  expect([keys.length, new Set(keys).size]).toEqual([2, 1]);
});

test("what is submitted to a drained node waits; children, answers and sleepers too", async () => {
  const world = new EngineWorld([
    define("plain", () => "ran"),
    define("asker", (_, ctx) => ctx.waitForInput("?")),
    define("sleeper", async (_, ctx) => (await ctx.sleep(2000), "woke")),
  ]);
  const asking = await world.submit("asker");
  const sleeping = await world.submit("sleeper");
  const { engine } = await world.alive();
  expect(await settledAfter(world, engine.drain(0), 100)).toBe(true);
  const plain = await world.submit("plain");
  await world.say(asking, "yes");
  await world.advance(30_000);
  expect(await Promise.all([plain, asking, sleeping].map((taskId) => world.state(taskId)))).toEqual([
    "submitted",
    "input-required",
    "working",
  ]);
  expect([engine.resident, (await world.head(plain))?.attempts]).toEqual([0, 0]);
  engine.undrain();
  await world.advance(100);
  const outputs = await Promise.all([plain, asking, sleeping].map(async (id) => outputOf(await world.last(id))));
  expect(outputs).toEqual(["ran", "yes", "woke"]);
});

test("a task that only waits leaves with its own due time, and no attempt is counted", async () => {
  const world = new EngineWorld([
    define("child", (_, ctx) => ctx.step("work", () => new Promise<never>(() => {}))),
    define("parent", (_, ctx) => ctx.command({ agent: "child" }, 1)),
  ]);
  const parent = await world.submit("parent");
  const { engine } = await world.alive();
  expect(engine.resident).toBe(2);
  const drained = engine.drain(1000);
  expect(await settledAfter(world, drained, 2000)).toBe(true);
  expect(await world.head(parent)).toMatchObject({ leased: false, dueAt: null, attempts: 0 });
  const [child = ""] = await world.children(parent);
  expect(await world.head(child)).toMatchObject({ leased: false, dueAt: expect.any(Number) });
});

test("an undrain during the grace lets the node go on, and a drained node starts and closes as it is", async () => {
  const first = gate();
  const world = new EngineWorld([
    define("a", async (_, ctx) => (await ctx.step("first", () => first.opened), ctx.step("second", () => "done"))),
  ]);
  const taskId = await world.submit("a");
  const { engine } = await world.alive();
  const drained = engine.drain(GRACE_MS);
  await world.advance(1000);
  engine.undrain();
  expect(await settledAfter(world, drained, 100)).toBe(true);
  first.open();
  await world.advance(100);
  expect(outputOf(await world.last(taskId))).toBe("done");
  expect(await settledAfter(world, engine.drain(0), 100)).toBe(true);
  const closed = engine.close();
  await world.advance(3000);
  await closed;
  expect(engine.resident).toBe(0);
});

test("what somebody decides while the node is drained is not lost, at whatever moment of loading the task that is", async () => {
  const deciders: Record<
    string,
    { readonly run: Run; readonly tell: (world: EngineWorld, taskId: string) => Promise<unknown> }
  > = {
    access: {
      run: async (_, ctx) => {
        await ctx.step("before", () => 1);
        return (await ctx.waitForAuthorization({ prompt: "May I?", name: "github" })).grantedBy;
      },
      tell: (world, taskId) => world.alive().then(({ service }) => service.authorize(SCOPE, taskId, {})),
    },
    parent: {
      run: async (_, ctx) => {
        await ctx.step("before", () => 1);
        return ctx.command({ agent: "child" }, null);
      },
      tell: async (world, taskId) => {
        const [child = ""] = await world.children(taskId);
        const { service } = await world.alive();
        return service.send(SCOPE, child, { messageId: "m", role: "ROLE_USER", parts: [{ text: "ann" }] });
      },
    },
    input: {
      run: async (_, ctx) => {
        await ctx.step("before", () => 1);
        return ctx.waitForInput("Who?");
      },
      tell: async (world, taskId) => {
        const { service } = await world.alive();
        return service.send(SCOPE, taskId, { messageId: "m", role: "ROLE_USER", parts: [{ text: "ann" }] });
      },
    },
    decision: {
      run: async (_, ctx) => {
        await ctx.step("before", () => 1);
        return (await ctx.waitForDecision({ prompt: "May I?" })).by[0]?.caller;
      },
      tell: async (world, taskId) => {
        const token = await world.token(taskId);
        const { service } = await world.alive();
        return service.decide(SCOPE, taskId, { token, choice: "approve" });
      },
    },
  };
  for (const [name, { run, tell }] of Object.entries(deciders))
    for (let turns = 0; turns < 25; turns++) {
      const world = new EngineWorld([define(name, run), define("child", (_, ctx) => ctx.waitForInput("Who?"))]);
      const taskId = await world.submit(name);
      const told = tell(world, taskId);
      for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
      const { engine } = await world.alive();
      const drained = engine.drain(0);
      await world.advance(1_000);
      engine.undrain();
      await world.advance(31_000);
      await Promise.all([told, drained]);
      expect([name, turns, outputOf(await world.last(taskId))]).toEqual([name, turns, "ann"]);
    }
});

test("what code sends without waiting for it, as it returns on a node that is drained, is sent where the task goes on", async () => {
  const slow = gate();
  const ran: string[] = [];
  const world = new EngineWorld([
    define("main", async (_, ctx) => {
      // It keeps the task on the node.
      const other = ctx.step("other", () => new Promise(() => {}));
      await Promise.race([other, ctx.step("slow", () => slow.opened)]);
      void ctx.command({ agent: "child" }, 1, { detached: true });
    }),
    define("child", () => void ran.push("child")),
  ]);
  const taskId = await world.submit("main");
  const { engine } = await world.alive();
  const drained = engine.drain(5000);
  await world.advance(10);
  slow.open();
  await world.advance(6000);
  await drained;
  engine.undrain();
  await world.advance(1000);
  expect(await world.state(taskId)).toBe("completed");
  expect(ran).toEqual(["child"]);
});
