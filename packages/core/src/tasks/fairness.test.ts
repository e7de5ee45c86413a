/** Who runs when there is not room for all: slots, queues, admission. */
import type { NewTaskEvent, Priority } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, gate, outputOf, Pause, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

test("new work queues behind tasks that wait for a slot of its agent", async () => {
  const gates = Array.from({ length: 4 }, gate);
  const order: string[] = [];
  const slow = define("slow", async ({ input }, ctx) => {
    await ctx.step("begin", () => void order.push(`task ${String(input)}`));
    await ctx.step("work", () => gates[Number(input)]?.opened);
  });
  const world = new EngineWorld([slow], { concurrency: 1 });
  await world.submit("slow", 0);
  await world.submit("slow", 1);
  await world.submit("slow", 2);
  // The slot comes free, and in the very same turn somebody new asks for it.
  gates[0]?.open();
  const { service } = await world.alive();
  const late = service.submit(SCOPE, { target: { agent: "slow" }, input: 3 });
  await world.quiet();
  await late;
  for (const each of gates) {
    each.open();
    await world.advance(500);
  }
  expect(order).toEqual(["task 0", "task 1", "task 2", "task 3"]);
});

test("tasks of an agent scaled to zero wait, counted as no attempt, and run when it is scaled up", async () => {
  const world = new EngineWorld([define("away", () => "here")]);
  world.capacities.set("acme/away", 0);
  const taskId = await world.submit("away");
  await world.advance(10_000);
  expect(await world.types(taskId)).toEqual(["task.submitted", "decision.made"]);
  expect((await world.head(taskId))?.attempts).toBe(0);
  world.capacities.set("acme/away", 1);
  await world.advance(500);
  expect(outputOf(await world.last(taskId))).toBe("here");
});

test("no more tasks are claimed than an agent has slots, so a crash costs only those that ran an attempt", async () => {
  const hold = gate();
  const world = new EngineWorld([define("slow", async (_, ctx) => ctx.step("work", () => hold.opened))], {
    concurrency: 2,
  });
  const tasks = [];
  for (let index = 0; index < 6; index++) tasks.push(await world.submit("slow", index));
  world.crash();
  await world.advance(500);
  const attempts = await Promise.all(tasks.map(async (taskId) => (await world.head(taskId))?.attempts));
  // Made by the node that ran them, then claimed once; the others were never touched.
  expect(attempts.sort((left, right) => (left ?? 0) - (right ?? 0))).toEqual([0, 0, 0, 0, 2, 2]);
  hold.open();
  await world.advance(1000);
  for (const taskId of tasks) expect(await world.state(taskId)).toBe("completed");
});

test("new work that comes while a claim is under way does not run before work that the claim came too early for", async () => {
  const [asked, answered] = [new Pause(), new Pause()];
  const gates = Array.from({ length: 4 }, gate);
  const order: unknown[] = [];
  const slow = define("slow", async ({ input }, ctx) => {
    await ctx.step("begin", () => void order.push(input));
    await ctx.step("work", () => gates[Number(input)]?.opened);
  });
  const world = new EngineWorld([slow], {
    concurrency: 1,
    wrap: (store) =>
      wrapStore(store, { claim: async (next, request) => answered.pass(await next(await asked.pass(request))) }),
  });
  await world.submit("slow", 0);
  await world.submit("slow", 1);
  gates[0]?.open();
  await world.quiet();
  // The slot comes free, and the claim for it finds nobody. Before it says so, task 2 is there: too late for that claim.
  answered.arm();
  gates[1]?.open();
  await world.quiet();
  await world.submit("slow", 2);
  asked.arm();
  answered.open();
  await world.quiet();
  // Nor has the next claim asked when task 3 comes.
  await world.submit("slow", 3);
  expect(order).toEqual([0, 1]);
  asked.open();
  gates[2]?.open();
  gates[3]?.open();
  await world.advance(500);
  expect(order).toEqual([0, 1, 2, 3]);
});

test("an answered task has the next free slot, also when a client sends new work the moment its last is done", async () => {
  const gates = Array.from({ length: 5 }, gate);
  const order: unknown[] = [];
  const world = new EngineWorld(
    [
      define("clerk", async ({ input }, ctx) => {
        if (input === "asks") await ctx.waitForInput("?");
        await ctx.step("begin", () => void order.push(input));
        if (input !== "asks") await ctx.step("work", () => gates[Number(input)]?.opened);
      }),
    ],
    { concurrency: 1 },
  );
  const asks = await world.submit("clerk", "asks");
  let current = await world.submit("clerk", 0);
  await world.say(asks, "yes");
  const { service } = await world.alive();
  for (let turn = 0; turn < 4; turn++) {
    const next = service
      .settled(SCOPE, current)
      .then(() => service.submit(SCOPE, { target: { agent: "clerk" }, input: turn + 1 }));
    gates[turn]?.open();
    await world.advance(600);
    current = (await next).taskId;
  }
  expect(order).toEqual([0, "asks", 1, 2, 3, 4]);
});

test("a task of an agent that is no longer declared here is not claimed and given back over and over", async () => {
  const hold = gate();
  let loads = 0;
  // Its first revision had room for ten, the second says two; three of the first are running.
  const world = new EngineWorld([define("gone", async (_, ctx) => ctx.step("work", () => hold.opened))], {
    wrapLoad: (load) => async (revision) => {
      const loaded = await load(revision);
      if (loaded === null || revision.revision === "r1") return loaded && { ...loaded, concurrency: 10 };
      // Enough to know; an engine that hands it to and fro would do so for ever.
      return { ...loaded, concurrency: ++loads < 20 ? 2 : 10 };
    },
  });
  for (let index = 0; index < 3; index++) await world.submit("gone", index);
  const at = world.clock.now();
  const work = { agent: "gone", revision: "r2", contextId: "c", caller: SCOPE.caller, priority: "normal" } as const;
  const submitted: NewTaskEvent = { type: "task.submitted", at, data: { ...work, input: 3 } };
  const child = { ...work, taskId: "late", deadline: null, parent: null, dueAt: at, createdAt: at };
  await world.store.commit([{ tenantId: SCOPE.tenantId, create: [{ ...child, events: [submitted] }] }]);
  await world.advance(500);
  expect(loads).toBe(1);
  hold.open();
  await world.advance(1000);
  expect(await world.state("late")).toBe("completed");
});

test("a task that waits for its agent to be scaled up can be canceled, and fails at its deadline", async () => {
  const world = new EngineWorld([define("away", () => "here")]);
  world.capacities.set("acme/away", 0);
  const unwanted = await world.submit("away");
  const late = await world.submit("away", 1, { deadline: world.clock.now() + 1000 });
  await world.cancel(unwanted);
  expect(await world.state(unwanted)).toBe("canceled");
  await world.advance(900);
  expect(await world.state(late)).toBe("submitted");
  await world.advance(600);
  expect(codeOf(await world.last(late))).toBe("DEADLINE_EXCEEDED");
});

test("a task given back, because its agent was scaled down while its code was loaded, keeps its place and its attempts", async () => {
  const loading = new Pause();
  const order: unknown[] = [];
  const world = new EngineWorld([define("a", ({ input }, ctx) => ctx.step("work", () => void order.push(input)))], {
    wrapLoad: (load) => async (revision) => load(await loading.pass(revision)),
  });
  world.capacities.set("acme/a", 0);
  const first = await world.submit("a", 1);
  loading.arm();
  world.capacities.set("acme/a", 1);
  await world.advance(500);
  world.capacities.set("acme/a", 0);
  await world.submit("a", 2);
  await world.advance(500);
  loading.open();
  await world.quiet();
  expect(await world.head(first)).toMatchObject({ leased: false, attempts: 0 });
  world.capacities.set("acme/a", 1);
  await world.advance(1000);
  expect(order).toEqual([1, 2]);
});

test("an agent whose code takes for ever to load holds up nobody else", async () => {
  const world = new EngineWorld(
    [define("stuck", () => 1), define("fine", async (_, ctx) => ctx.sleep(5000).then(() => "slept"))],
    {
      wrapLoad: (load) => (revision) =>
        revision.agent === "stuck" && world.capacities.get("acme/stuck") === 1 ? new Promise(() => {}) : load(revision),
    },
  );
  world.capacities.set("acme/stuck", 0);
  await world.submit("stuck");
  const fine = await world.submit("fine");
  world.capacities.set("acme/stuck", 1);
  await world.advance(6000);
  expect(outputOf(await world.last(fine))).toBe("slept");
});

test("what has run since the start does not count against the tasks a tenant may have waiting", async () => {
  let counts = 0;
  const world = new EngineWorld([define("sleeper", async (_, ctx) => ctx.sleep(60_000)), define("quick", () => 1)], {
    limits: { maxBacklog: 5 },
    wrap: (store) => wrapStore(store, { backlog: (next) => (counts++, next()) }),
  });
  for (let index = 0; index < 5; index++) await world.submit("sleeper", index);
  world.crash();
  // Nobody is there while they fall due.
  await world.clock.advance(120_000);
  counts = 0;
  await world.advance(1000);
  const states = (await world.heads()).map(({ state }) => state);
  expect(states).toEqual(Array.from({ length: 5 }, () => "completed"));
  await world.submit("quick");
  // Known from the claims: the store was asked at the start only.
  expect(counts).toBe(1);
});

test("a tenant is refused new work only when the store has too much of its waiting, and that is not counted for each request", async () => {
  let counts = 0;
  const world = new EngineWorld([define("away", () => "here"), define("quick", () => 1)], {
    limits: { maxBacklog: 3 },
    wrap: (store) => wrapStore(store, { backlog: (next) => (counts++, next()) }),
  });
  world.capacities.set("acme/away", 0);
  const waiting = [];
  for (let index = 0; index < 3; index++) waiting.push(await world.submit("away", index));
  counts = 0;
  for (let tries = 0; tries < 5; tries++)
    await expect(world.submit("quick")).rejects.toMatchObject({ code: "OVERLOADED", retryAfterMs: 1000 });
  expect(counts).toBe(1);
  for (const taskId of waiting) await world.cancel(taskId);
  await world.advance(1000);
  expect(await world.state(await world.submit("quick"))).toBe("completed");
});

test("urgent work is taken from operators only", async () => {
  const world = new EngineWorld([define("a", () => "a")]);
  const { service } = await world.alive();
  const urgent = { target: { agent: "a" }, priority: "urgent" } as const;
  await expect(service.submit(SCOPE, urgent)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  const submitted = service.submit({ ...SCOPE, operator: true }, urgent);
  await world.quiet();
  expect((await world.head((await submitted).taskId))?.priority).toBe("urgent");
});

test("a command runs with its task's priority or one of its own, and is urgent below urgent tasks only", async () => {
  const asked = ["inherited", "low", "high", "urgent"] as const;
  const boss = define("boss", async (_, ctx) => {
    for (const priority of asked)
      await ctx.command({ agent: "worker" }, priority, priority === "inherited" ? {} : { priority });
  });
  const world = new EngineWorld([boss, define("worker", (task) => task.input)]);
  const { service } = await world.alive();
  const under = async (priority: Priority) => {
    const { taskId } = await service.submit({ ...SCOPE, operator: true }, { target: { agent: "boss" }, priority });
    await world.quiet();
    const children = await Promise.all((await world.children(taskId)).map((child) => world.head(child)));
    const last = await world.last(taskId);
    return [
      children.map((child) => String(child?.priority)).toSorted(),
      last?.type === "task.failed" ? codeOf(last) : null,
    ];
  };
  expect(await under("urgent")).toEqual([["high", "low", "urgent", "urgent"], null]);
  expect(await under("low")).toEqual([["high", "low", "low"], "PERMISSION_DENIED"]);
});

test("a priority that is none is refused, and names what is", async () => {
  const boss = define("boss", (_, ctx) => ctx.command({ agent: "boss" }, 1, { priority: "asap" as never }));
  const world = new EngineWorld([boss]);
  expect(await world.last(await world.submit("boss"))).toMatchObject({
    data: {
      error: {
        code: "INVALID_ARGUMENT",
        message: expect.stringContaining("low"),
        violations: [{ field: "priority" }],
      },
    },
  });
});

test("of tasks that wait for one slot, the more urgent begins first", async () => {
  const order: unknown[] = [];
  const hold = gate();
  const worker = define("worker", async ({ input }, ctx) => {
    order.push(input);
    if (input === "first") await ctx.step("work", () => hold.opened);
  });
  const world = new EngineWorld([worker], { concurrency: 1 });
  const { service } = await world.alive();
  await world.submit("worker", "first");
  for (const priority of ["low", "normal", "high", "urgent"] as const) {
    await service.submit({ ...SCOPE, operator: true }, { target: { agent: "worker" }, input: priority, priority });
    await world.quiet();
  }
  hold.open();
  await world.advance(2000);
  expect(order).toEqual(["first", "urgent", "high", "normal", "low"]);
});
