/** Shares and limits of tenants and agents: who may run at once, and what does not count while it only waits. */
import type { NewTaskEvent } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, gate, outputOf, type Run, SCOPE, type WorldOptions } from "../../test/engine-world.ts";

/** Counts what runs at once. */
class Effects {
  now = 0;
  most = 0;
  readonly order: unknown[] = [];

  async run(what: unknown, until: Promise<void> = Promise.resolve()): Promise<void> {
    this.order.push(what);
    this.most = Math.max(this.most, ++this.now);
    await until;
    this.now -= 1;
  }
}

const worldOf = (agents: Readonly<Record<string, Run>>, options: WorldOptions = {}) => {
  const world = new EngineWorld(
    Object.entries(agents).map(([name, run]) => define(name, run)),
    options,
  );
  const finish = async (taskId: string): Promise<unknown> => {
    await world.advance(5_000);
    return outputOf(await world.last(taskId));
  };
  return { world, finish };
};

test("on a full node tenants get tasks begun by their weights, and one task beside a thousand is begun at once", async () => {
  const hold = gate();
  const effects = new Effects();
  const { world } = worldOf(
    {
      work: ({ input }, ctx) => ctx.step("work", () => effects.run(input, input === "holds" ? hold.opened : undefined)),
    },
    { limits: { maxResident: 4 } },
  );
  world.tenants.set("gold", { weight: 3 });
  const submit = (tenantId: string) => world.submit("work", tenantId, {}, { ...SCOPE, tenantId });
  for (let index = 0; index < 4; index++) await world.submit("work", "holds");
  for (let index = 0; index < 60; index++) await submit("gold");
  for (let index = 0; index < 20; index++) await submit("plain");
  await submit("single");
  hold.open();
  await world.advance(5_000);
  const first = effects.order.slice(4, 44);
  const of = (tenantId: string) => first.filter((each) => each === tenantId).length;
  expect(of("single")).toBe(1);
  expect(first.indexOf("single")).toBeLessThan(5);
  expect(of("gold")).toBeGreaterThanOrEqual(28);
  expect(of("gold")).toBeLessThanOrEqual(31);
  expect(effects.order).toHaveLength(85);
});

test("a weight that changes under a long queue holds from the next claims on", async () => {
  const hold = gate();
  const effects = new Effects();
  const { world } = worldOf(
    {
      work: async ({ input }, ctx) => {
        await ctx.step("work", () => effects.run(input, input === "holds" ? hold.opened : undefined));
        if (effects.order.length === 21) world.tenants.set("late", { weight: 9 });
      },
    },
    { limits: { maxResident: 1 } },
  );
  await world.submit("work", "holds");
  for (let index = 0; index < 60; index++)
    for (const tenantId of ["early", "late"]) await world.submit("work", tenantId, {}, { ...SCOPE, tenantId });
  hold.open();
  await world.advance(5_000);
  const late = (from: number, to: number) => effects.order.slice(from, to).filter((each) => each === "late").length;
  expect(Math.abs(late(1, 21) - 10)).toBeLessThanOrEqual(1);
  expect(Math.abs(late(22, 62) - 36)).toBeLessThanOrEqual(2);
});

test("a tenant with a limit has no more tasks under way, and holds up nobody else", async () => {
  const gates = Array.from({ length: 6 }, gate);
  const effects = new Effects();
  const { world } = worldOf({
    work: ({ input }, ctx) => ctx.step("work", () => effects.run(input, gates[Number(input)]?.opened)),
    other: () => "free",
  });
  world.tenants.set(SCOPE.tenantId, { maxRunning: 2 });
  for (let index = 0; index < 6; index++) await world.submit("work", index);
  await world.advance(1_000);
  expect(effects.order).toEqual([0, 1]);
  let freed = false;
  const { service } = await world.alive();
  const other = { tenantId: "other", caller: "bob" };
  void service
    .submit(other, { target: { agent: "other" } })
    .then(({ taskId }) => service.settled(other, taskId))
    .then(() => (freed = true));
  await world.quiet();
  expect(freed).toBe(true);
  for (const each of gates) {
    each.open();
    // At once, not with the next sweep.
    await world.quiet();
  }
  expect(effects.order).toEqual([0, 1, 2, 3, 4, 5]);
  expect(effects.most).toBe(2);
});

test("a limit below what runs stops nothing; one that is taken away lets all run that wait", async () => {
  const hold = gate();
  const effects = new Effects();
  const { world } = worldOf({ work: ({ input }, ctx) => ctx.step("work", () => effects.run(input, hold.opened)) });
  for (let index = 0; index < 4; index++) await world.submit("work", index);
  world.tenants.set(SCOPE.tenantId, { maxRunning: 1 });
  for (let index = 4; index < 8; index++) await world.submit("work", index);
  await world.advance(2_000);
  expect([effects.now, effects.order.length]).toEqual([4, 4]);
  world.tenants.delete(SCOPE.tenantId);
  await world.advance(500);
  expect(effects.now).toBe(8);
  hold.open();
  await world.quiet();
});

const family: Readonly<Record<string, Run>> = {
  one: async (_, ctx) => ctx.command({ agent: "leaf" }, 1),
  parallel: async (_, ctx) =>
    Promise.all([1, 2, 3].map((each) => ctx.command({ agent: "leaf" }, each, { key: String(each) }))),
  busy: async (_, ctx) => {
    const step = ctx.step("own", () => new Promise<void>((resolve) => setImmediate(resolve)));
    const child = ctx.command({ agent: "leaf" }, 1);
    await Promise.all([step, child]);
    return ctx.step("after", () => child);
  },
  detached: async (_, ctx) => ctx.command({ agent: "leaf" }, 1, { detached: true }),
  chain: async (_, ctx) => ctx.command({ agent: "one" }, 1),
  restarted: async (task, ctx) => {
    const child = await ctx.command({ agent: "leaf" }, task.continuedFrom ?? 0);
    return task.continuedFrom === undefined ? ctx.continueAs(1) : child;
  },
  asks: async (_, ctx) => Promise.all([ctx.waitForInput("?"), ctx.command({ agent: "leaf" }, 1)]),
};

test.each(["one", "parallel", "busy", "detached", "chain", "restarted"] as const)(
  "where one task may run at a time, a parent does not keep its children from running: %s",
  async (name) => {
    for (const limit of ["tenant", "agents"] as const) {
      const effects = new Effects();
      const { world, finish } = worldOf({
        ...family,
        leaf: ({ input }, ctx) => ctx.step("work", () => effects.run(input)),
      });
      if (limit === "tenant") world.tenants.set(SCOPE.tenantId, { maxRunning: 1 });
      else for (const agent of [...Object.keys(family), "leaf"]) world.maxRunning.set(`${SCOPE.tenantId}/${agent}`, 1);
      const tasks = [await world.submit(name), await world.submit(name), await world.submit(name)];
      await world.advance(5_000);
      for (const taskId of tasks) {
        await finish(taskId);
        expect([limit, await world.state(taskId)]).toEqual([limit, "completed"]);
      }
      expect(effects.most).toBe(1);
    }
  },
);

test("where one task may run at a time, one that waits for a person, a time or a child holds up nobody, and goes on in its turn", async () => {
  const { world, finish } = worldOf({
    ...family,
    leaf: () => "leaf",
    sleeps: async (_, ctx) => ctx.sleep(60_000).then(() => "slept"),
  });
  world.tenants.set(SCOPE.tenantId, { maxRunning: 1 });
  const asks = await world.submit("asks");
  const sleeps = await world.submit("sleeps");
  expect(await finish(await world.submit("leaf"))).toBe("leaf");
  await world.say(asks, "yes");
  expect(await finish(asks)).toEqual(["yes", "leaf"]);
  await world.advance(60_000);
  expect(await finish(sleeps)).toBe("slept");
});

test("a parent of a limited agent does not count while its child runs, also on the same node", async () => {
  const hold = gate();
  const { world, finish } = worldOf({
    parent: async ({ input }, ctx) => (input === "waits" ? ctx.command({ agent: "child" }, 1) : "passed by"),
    child: (_, ctx) => ctx.step("work", () => hold.opened.then(() => "child")),
  });
  world.maxRunning.set(`${SCOPE.tenantId}/parent`, 1);
  const waits = await world.submit("parent", "waits");
  expect(await finish(await world.submit("parent"))).toBe("passed by");
  expect(await world.head(waits)).toMatchObject({ leased: false });
  hold.open();
  expect(await finish(waits)).toBe("child");
});

test("limits hold after a crash, when all that ran is claimed again", async () => {
  const hold = gate();
  const effects = new Effects();
  const { world } = worldOf({ work: ({ input }, ctx) => ctx.step("work", () => effects.run(input, hold.opened)) });
  world.tenants.set(SCOPE.tenantId, { maxRunning: 3 });
  world.maxRunning.set(`${SCOPE.tenantId}/work`, 2);
  for (let index = 0; index < 9; index++) await world.submit("work", index);
  await world.advance(1_000);
  world.crash();
  [effects.now, effects.most] = [0, 0];
  await world.advance(1_000);
  expect(effects.now).toBe(2);
  hold.open();
  await world.advance(1_000);
  expect([effects.most, new Set(effects.order).size]).toEqual([2, 9]);
});

test("the limit of an agent that is not declared here is that of its revision; no claim knew it, and none is counted as an attempt", async () => {
  const hold = gate();
  const effects = new Effects();
  const { world } = worldOf(
    { work: ({ input }, ctx) => ctx.step("work", () => effects.run(input, hold.opened)) },
    {
      wrapLoad: (load) => async (revision) => {
        const loaded = await load(revision);
        return loaded && { ...loaded, maxRunning: 1 };
      },
    },
  );
  // As if another node ran one.
  const at = world.clock.now();
  const about = { agent: "work", revision: "r1", contextId: "c", caller: SCOPE.caller, priority: "normal" } as const;
  const submitted: NewTaskEvent = { type: "task.submitted", at, data: { ...about, input: 9 } };
  const times = { deadline: null, parent: null, dueAt: at, createdAt: at };
  const elsewhere = {
    ...about,
    ...times,
    taskId: "elsewhere",
    events: [submitted],
    claimed: { state: "working" },
  } as const;
  await world.store.commit([{ tenantId: SCOPE.tenantId, create: [elsewhere] }]);
  const tasks = [];
  for (let index = 0; index < 3; index++) tasks.push(await world.submit("work", index));
  await world.advance(1_000);
  expect(effects.now).toBe(0);
  const ended: NewTaskEvent = { type: "task.completed", at, data: { output: 1 } };
  const append = {
    expect: { seq: 1, token: 1 },
    events: [ended],
    state: "completed",
    consume: [],
    requireEmptyMailbox: false,
  } as const;
  await world.store.commit([{ tenantId: SCOPE.tenantId, taskId: "elsewhere", append }]);
  await world.advance(1_000);
  expect(effects.now).toBe(1);
  const attempts = await Promise.all(tasks.map(async (taskId) => (await world.head(taskId))?.attempts));
  expect(attempts).toEqual([0, 0, 0]);
  // Declared without one, what an older revision says counts no more.
  world.capacities.set(`${SCOPE.tenantId}/work`, 50);
  await world.advance(1_000);
  expect(effects.now).toBe(3);
  hold.open();
  await world.advance(1_000);
});

test("a tenant's own bound on what waits is the one that counts, and may change", async () => {
  const { world } = worldOf({ away: () => "here" }, { limits: { maxBacklog: 3 } });
  world.capacities.set("acme/away", 0);
  world.tenants.set(SCOPE.tenantId, { maxBacklog: 5 });
  for (let index = 0; index < 5; index++) await world.submit("away", index);
  await expect(world.submit("away")).rejects.toMatchObject({
    code: "OVERLOADED",
    message: "tenant acme has 5 tasks waiting, 5 are allowed",
  });
  world.tenants.set(SCOPE.tenantId, { maxBacklog: 6 });
  await world.submit("away");
  world.tenants.delete(SCOPE.tenantId);
  await expect(world.submit("away")).rejects.toThrow("6 tasks waiting, 3 are allowed");
});
