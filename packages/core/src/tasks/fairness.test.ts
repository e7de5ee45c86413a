/** Who runs when there is not room for all: slots, queues, one context at a time, loops. */
import { PlatformError } from "@agentcore/contract";
import { expect, test } from "vitest";
import { codeOf, define, EngineWorld, gate, outputOf, SCOPE } from "../../test/engine-world.ts";
import type { TaskStore } from "../ports/index.ts";

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
  expect((await world.store.head({ tenantId: SCOPE.tenantId, taskId }))?.attempts).toBe(0);
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
  const attempts = await Promise.all(
    tasks.map(async (taskId) => (await world.store.head({ tenantId: SCOPE.tenantId, taskId }))?.attempts),
  );
  // Made by the node that ran them, then claimed once; the others were never touched.
  expect(attempts.sort((left, right) => (left ?? 0) - (right ?? 0))).toEqual([0, 0, 0, 0, 2, 2]);
  hold.open();
  await world.advance(1000);
  for (const taskId of tasks) expect(await world.state(taskId)).toBe("completed");
});

test('with concurrency "context" the tasks of one context run one at a time, in order, also across a wait and a crash', async () => {
  const order: string[] = [];
  const chat = define(
    "chat",
    async ({ input }, ctx) => {
      await ctx.step("begin", () => void order.push(`begin ${String(input)}`));
      if (input === "one") await ctx.waitForInput("sure?");
      await ctx.step("end", () => void order.push(`end ${String(input)}`));
    },
    { concurrency: "context" },
  );
  const world = new EngineWorld([chat]);
  const { service } = await world.alive();
  const submit = async (input: string, contextId: string) => {
    const submitted = service.submit(SCOPE, { target: { agent: "chat" }, input, contextId });
    await world.quiet();
    return (await submitted).taskId;
  };
  const one = await submit("one", "c1");
  const two = await submit("two", "c1");
  await submit("elsewhere", "c2");
  expect(order).toEqual(["begin one", "begin elsewhere", "end elsewhere"]);
  world.crash();
  await world.advance(500);
  expect(await world.state(two)).toBe("submitted");
  await world.say(one, "yes");
  await world.advance(500);
  expect(order.slice(3)).toEqual(["end one", "begin two", "end two"]);
});

test("agents that hand the same to each other are stopped, the reason is in the log, and no task is left behind", async () => {
  const world = new EngineWorld([
    define("ping", ({ input }, ctx) => ctx.command({ agent: "pong" }, input)),
    define("pong", ({ input }, ctx) => ctx.command({ agent: "ping" }, input)),
  ]);
  const taskId = await world.submit("ping", "ball");
  await world.advance(1000);
  expect(codeOf(await world.last(taskId))).toBe("LOOP_DETECTED");
  const { heads, total } = await world.store.list({ tenantId: SCOPE.tenantId, limit: 100 });
  expect(total).toBe(4);
  expect(heads.every(({ state }) => state === "failed")).toBe(true);
  const logs = await Promise.all(heads.map((head) => world.log(head.taskId)));
  const stops = logs.flat().filter((event) => event.type === "decision.made" && event.data.kind === "handoff");
  expect(stops).toMatchObject([
    { data: { choice: null, reasons: [expect.stringContaining("ping → pong → ping → pong → ping")] } },
  ]);
});

test("a task that asks the same again and again is stopped, one that waits in between is not", async () => {
  const asks = define("asks", async ({ input }, ctx) => {
    for (let turn = 0; turn < 20; turn++) {
      const answer = await ctx.command({ agent: "same" }, "ready?");
      if (answer === "yes") return turn;
      if (input === "patient") await ctx.sleep(10);
    }
    return "gave up";
  });
  const world = new EngineWorld([asks, define("same", () => "no")]);
  const hasty = await world.submit("asks", "hasty");
  const patient = await world.submit("asks", "patient");
  await world.advance(5000);
  expect(codeOf(await world.last(hasty))).toBe("LOOP_DETECTED");
  expect(outputOf(await world.last(patient))).toBe("gave up");
});

test("the count of equal answers is the same after a crash", async () => {
  const run = define("asks", async (_, ctx) => {
    let turns = 0;
    for (;;) {
      await ctx.command({ agent: "same" }, "ready?");
      turns += 1;
      if (turns === 50) return turns;
    }
  });
  const stoppedAt = async (crashes: readonly { readonly commit: number; readonly when: "before" | "after" }[]) => {
    const world = new EngineWorld([run, define("same", () => "no")], { crashes });
    const taskId = await world.submit("asks");
    await world.advance(5000);
    const events = await world.log(taskId);
    return [codeOf(events.at(-1)), events.filter(({ type }) => type === "step.completed").length];
  };
  const undisturbed = await stoppedAt([]);
  expect(undisturbed).toEqual(["LOOP_DETECTED", 10]);
  expect(await stoppedAt([7, 13, 20].map((commit) => ({ commit, when: "after" })))).toEqual(undisturbed);
});

test("tasks leased by a claim whose answer was lost are found and run (I10)", async () => {
  let lose = false;
  const wrap = (store: TaskStore): TaskStore =>
    new Proxy(store, {
      get: (target, name: keyof TaskStore) =>
        name === "claim"
          ? async (request: Parameters<TaskStore["claim"]>[0]) => {
              const claimed = await target.claim(request);
              if (!lose) return claimed;
              lose = false;
              throw new PlatformError("STORE_UNAVAILABLE", "no answer");
            }
          : target[name],
    });
  const hold = gate();
  const world = new EngineWorld([define("slow", async (_, ctx) => ctx.step("work", () => hold.opened))], {
    concurrency: 1,
    wrap,
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

test("urgent work is taken from operators only", async () => {
  const world = new EngineWorld([define("a", () => "a")]);
  const { service } = await world.alive();
  const urgent = { target: { agent: "a" }, priority: "urgent" } as const;
  await expect(service.submit(SCOPE, urgent)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  const submitted = service.submit({ ...SCOPE, operator: true }, urgent);
  await world.quiet();
  expect((await world.store.head({ tenantId: SCOPE.tenantId, taskId: (await submitted).taskId }))?.priority).toBe(
    "urgent",
  );
});
