/** I1 to I5: who writes, what is final, what never happens twice, what may begin. */
import { expect, test } from "vitest";
import { define, EngineWorld, gate, outputOf, Pause, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

test("a lost lease never commits (I1)", async () => {
  const hold = gate();
  const world = new EngineWorld([
    define("slow", async (_, ctx) => ctx.step("work", () => hold.opened.then(() => "stale"))),
  ]);
  const taskId = await world.submit("slow");
  // Another node finds the lease void and claims: its token is higher.
  const { engine } = await world.alive();
  const elsewhere = world.store.reopen();
  world.store = elsewhere;
  Object.assign(engine, { store: elsewhere });
  const [claimed] = await elsewhere.claim({ limit: 1, now: world.clock.now() + 1 });
  expect(claimed?.head.taskId).toBe(taskId);
  const before = await world.types(taskId);
  hold.open();
  await world.quiet();
  expect(await world.types(taskId)).toEqual(before);
  expect(engine.resident).toBe(0);
});

test("of completion and cancel the first committed wins: completion first (I2)", async () => {
  const world = new EngineWorld([define("quick", () => "done")]);
  const taskId = await world.submit("quick");
  await expect(world.cancel(taskId)).rejects.toMatchObject({ code: "TASK_NOT_CANCELABLE" });
  expect(outputOf(await world.last(taskId))).toBe("done");
});

test("of completion and cancel the first committed wins: cancel first (I2)", async () => {
  const hold = gate();
  const world = new EngineWorld([define("quick", async (_, ctx) => ctx.step("work", () => hold.opened))]);
  const taskId = await world.submit("quick");
  const { engine } = await world.alive();
  // Durable in the mailbox, but the holder has not heard of it when its code ends.
  await world.store.commit([
    {
      tenantId: SCOPE.tenantId,
      mail: [{ taskId, key: "cancel", kind: "cancel", payload: { by: "ann" }, ifTerminal: "refuse" }],
    },
  ]);
  hold.open();
  await world.quiet();
  expect(await world.state(taskId)).toBe("canceled");
  expect(engine.resident).toBe(0);
});

test("a cancel that is accepted while the end is on its way to the store wins, although the code has ended (I2)", async () => {
  let ended = false;
  const world = new EngineWorld([define("quick", async (_, ctx) => ctx.step("work", () => "done"))], {
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const end = units.find(({ append }) => append?.events.at(-1)?.type === "task.completed");
          if (end?.taskId !== undefined && !ended) {
            ended = true;
            const cancel = { key: "cancel", kind: "cancel", payload: { by: "ann", reason: "enough" } } as const;
            await next([{ tenantId: SCOPE.tenantId, mail: [{ taskId: end.taskId, ...cancel, ifTerminal: "refuse" }] }]);
          }
          return next(units);
        },
      }),
  });
  const taskId = await world.submit("quick");
  expect(ended).toBe(true);
  expect((await world.types(taskId)).slice(-3)).toEqual(["step.completed", "task.cancelRequested", "task.canceled"]);
  expect(await world.last(taskId)).toMatchObject({ data: { reason: "enough" } });
});

test("a terminal task never changes (I2)", async () => {
  const world = new EngineWorld([define("quick", () => "done")]);
  const taskId = await world.submit("quick");
  const log = await world.log(taskId);
  await expect(world.say(taskId, "more")).rejects.toMatchObject({ code: "TASK_TERMINAL" });
  await expect(world.retry(taskId)).rejects.toMatchObject({ code: "TASK_NOT_RETRIABLE" });
  world.crash();
  await world.advance(5000);
  expect(await world.log(taskId)).toEqual(log);
});

test("a recorded result and a recorded error never run again: they come back on replay (I3)", async () => {
  const ran: string[] = [];
  const world = new EngineWorld([
    define("worker", async (_, ctx) => {
      const good = await ctx.step("good", () => ran.push("good"));
      const bad = await ctx
        .step(
          "bad",
          () => {
            ran.push("bad");
            throw new Error("broken");
          },
          { retry: { maxAttempts: 1 } },
        )
        .catch((error: unknown) => (error as Error).message);
      const said = await ctx.waitForInput("?");
      return { good, bad, said };
    }),
  ]);
  const taskId = await world.submit("worker");
  world.crash();
  await world.say(taskId, "yes");
  expect(outputOf(await world.last(taskId))).toEqual({ good: 1, bad: "broken", said: "yes" });
  expect(ran).toEqual(["good", "bad"]);
});

test("no effect starts before task.submitted is durable, and nothing is acknowledged before it is (I4, I5)", async () => {
  const hold = gate();
  const seen: string[] = [];
  const world = new EngineWorld([define("worker", (_, ctx) => ctx.step("work", () => seen.push("effect")))], {
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          await hold.opened;
          seen.push("durable");
          return next(units);
        },
      }),
  });
  const { service } = await world.alive();
  const accepted = service
    .submit(SCOPE, { target: { agent: "worker" } })
    .then(({ taskId }) => (seen.push("acknowledged"), taskId));
  await world.quiet();
  expect(seen).toEqual([]);
  hold.open();
  await accepted;
  await world.quiet();
  expect(seen[0]).toBe("durable");
  expect(seen.slice(0, 3).toSorted()).toEqual(["acknowledged", "durable", "effect"]);
});

test("a cancel that is accepted while its task is on its way into memory is heard (I5)", async () => {
  const log = new Pause();
  const work = gate();
  const world = new EngineWorld(
    [
      define("worker", async (_, ctx) => {
        await ctx.waitForInput("go?");
        return ctx.step("long", () => work.opened);
      }),
    ],
    {
      wrap: (store) =>
        wrapStore(store, {
          // Whoever sends a message looks at the first event as well.
          readLog: async (next, key, options) =>
            options?.limit === 1 ? next(key, options) : log.pass(await next(key, options)),
        }),
    },
  );
  const taskId = await world.submit("worker");
  log.arm();
  // Claimed with this message; the cancel comes after the claim has read the mailbox, and before there is anybody to tell.
  await world.say(taskId, "go");
  await world.cancel(taskId);
  log.open();
  await world.quiet();
  expect(await world.state(taskId)).toBe("canceled");
});

test("an answer is acknowledged only once it is durable: a crash right after does not lose it (I5)", async () => {
  const world = new EngineWorld([define("asker", (_, ctx) => ctx.waitForInput("?"))]);
  const taskId = await world.submit("asker");
  const { service } = await world.alive();
  await service.send(SCOPE, taskId, { messageId: "m1", role: "ROLE_USER", parts: [{ text: "yes" }] });
  world.crash();
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toBe("yes");
});

test("the idempotency key is the same over tries and crashes, and differs by step (I4)", async () => {
  const keys: Record<string, Set<string>> = { a: new Set(), b: new Set() };
  const attempts: number[] = [];
  const world = new EngineWorld([
    define("payer", async (_, ctx) => {
      await ctx.step("a", ({ idempotencyKey, attempt }) => {
        keys["a"]?.add(idempotencyKey);
        attempts.push(attempt);
        if (attempt < 3) throw new Error("again");
      });
      await ctx.step("b", ({ idempotencyKey }) => void keys["b"]?.add(idempotencyKey));
    }),
  ]);
  const taskId = await world.submit("payer");
  world.crash();
  await world.advance(2000);
  expect(await world.state(taskId)).toBe("completed");
  expect(attempts.at(-1)).toBe(3);
  expect([keys["a"]?.size, keys["b"]?.size]).toEqual([1, 1]);
  expect(keys["a"]).not.toEqual(keys["b"]);
});
