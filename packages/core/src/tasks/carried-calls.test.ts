/** Calls that are under way when a history begins afresh: they go on, and what comes of them is told once. */
import { PlatformError } from "@agentcore/contract";
import type { Context } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Crash, define, EngineWorld, outputOf, Pause, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

const BOB = { tenantId: SCOPE.tenantId, caller: "bob" };

const child = define("child", async ({ input }, ctx) => {
  await ctx.sleep(5_000);
  return ctx.step("work", () => `child of ${String(input)}`);
});
const emitter = define("emitter", ({ input }, ctx) => ctx.emit("order.paid", input, { durable: true }));

/** One wait of each kind, made again in each history. */
const waits = (ctx: Context): Record<string, Promise<unknown>> => ({
  sleep: ctx.sleep(7_000, { key: "sleep" }).then(() => "slept"),
  child: ctx.command({ agent: "child" }, "parent", { key: "child" }),
  signal: ctx.waitForSignal("go", { key: "signal" }),
  event: ctx.waitForEvent("order.paid", { key: "event", where: "event.payload > 1.0" }).then(({ payload }) => payload),
  approval: ctx.waitForDecision({ key: "approval", prompt: "Go on?", approvers: ["bob"] }).then(({ choice }) => choice),
});

interface Turned {
  readonly turn: number;
  readonly got: Readonly<Record<string, unknown>>;
}

/** Turns that sleep, with a fresh history after each, beside waits of each kind; ends when all have come. */
const turner = (sleepMs: number) =>
  define("turner", async ({ continuedFrom }, ctx) => {
    const { turn, got: before } = (continuedFrom as Turned | undefined) ?? { turn: 0, got: {} };
    const got: Record<string, unknown> = { ...before };
    const open = Object.entries(waits(ctxWithout(ctx, before)))
      .filter(([name]) => !Object.hasOwn(before, name))
      .map(([name, wait]) =>
        wait.then((value) => {
          got[name] = value;
        }),
      );
    const all = Promise.all(open);
    const pause = ctx.sleep(sleepMs, { key: `turn ${turn}` }).then(() => "pause" as const);
    const first = await Promise.race([all.then(() => "all" as const), pause]);
    if (first === "all") return { ...got, turns: turn > 0 };
    return ctx.continueAs({ turn: turn + 1, got }, { carry: true });
  });

/** A `ctx` that makes none of the calls that have come to their end in an earlier history. */
const ctxWithout = (ctx: Context, done: Readonly<Record<string, unknown>>): Context => {
  const unless = <Call extends (...given: never[]) => Promise<unknown>>(name: string, call: Call): Call =>
    (Object.hasOwn(done, name) ? () => Promise.resolve(done[name]) : call) as Call;
  return {
    sleep: unless("sleep", ctx.sleep),
    command: unless("child", ctx.command),
    waitForSignal: unless("signal", ctx.waitForSignal),
    waitForEvent: unless("event", ctx.waitForEvent),
    waitForDecision: unless("approval", ctx.waitForDecision),
  } as Context;
};

const refusal = (ctx: Context): unknown => {
  try {
    return ctx.continueAs(1, { carry: true });
  } catch (error) {
    return PlatformError.from(error).message;
  }
};

const checkpoints = async (world: EngineWorld, taskId: string): Promise<number> =>
  (await world.types(taskId)).filter((type) => type === "checkpoint.created").length;

test("waits of each kind go on through checkpoints, and a token that was shown before them still counts, once", async () => {
  const world = new EngineWorld([turner(1_000), child, emitter]);
  const taskId = await world.submit("turner");
  const token = await world.token(taskId, BOB);
  await world.advance(3_500);
  expect(await checkpoints(world, taskId)).toBe(3);
  expect(await world.state(taskId)).toBe("input-required");
  expect(await world.token(taskId, BOB)).toBe(token);
  expect((await world.types(taskId)).filter((type) => type === "task.inputRequired")).toHaveLength(1);
  await world.decide(taskId, { token, choice: "approve" }, BOB);
  const again = world.decide(taskId, { token, choice: "reject" }, BOB);
  await expect(again).rejects.toMatchObject({ code: "DECISION_REFUSED", details: { reason: "repeated" } });
  await world.submit("emitter", 1);
  await world.submit("emitter", 2);
  await world.signal(taskId, "go", "gone");
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toEqual({
    ...{ sleep: "slept", child: "child of parent", signal: "gone", event: 2, approval: "approve", turns: true },
  });
  expect(await world.children(taskId)).toHaveLength(1);
  const { eventWaits } = (await world.alive()).engine;
  await eventWaits.sweep(world.store, SCOPE.tenantId);
  expect(await world.keyValue.list({ tenantId: SCOPE.tenantId, namespace: "event-waits" })).toEqual([]);
});

test("the time of a fresh history is that of its checkpoint", async () => {
  const world = new EngineWorld([
    define("timer", async ({ continuedFrom }, ctx) => {
      if (continuedFrom !== undefined) return ctx.now();
      await ctx.sleep(60_000);
      return ctx.continueAs(1);
    }),
  ]);
  const began = world.clock.now();
  const taskId = await world.submit("timer");
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toBe(began + 60_000);
});

test("a carried call that is still to be made does not say what was chosen before it", async () => {
  const world = new EngineWorld([
    define("chooser", async ({ continuedFrom }, ctx) => {
      const choice = continuedFrom === undefined ? null : ctx.decide("turn", () => "last", { implied: "again" });
      const pause = ctx.sleep(60_000, { key: "pause" });
      if (choice === null) return ctx.continueAs(1, { carry: true });
      await pause;
      return choice;
    }),
  ]);
  const taskId = await world.submit("chooser");
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toBe("last");
});

test("a wait that is carried ends when it would have, however often the history begins afresh", async () => {
  const world = new EngineWorld([
    define("late", async ({ continuedFrom }, ctx) => {
      const turn = Number(continuedFrom ?? 0);
      const signal = ctx.waitForSignal("never", { key: "signal", timeoutMs: 10_000 }).catch((error: unknown) => error);
      const pause = ctx.sleep(3_000, { key: `turn ${turn}` });
      const first = await Promise.race([signal, pause]);
      if (PlatformError.is(first)) return [first.code, ctx.now()];
      return ctx.continueAs(turn + 1, { carry: true });
    }),
  ]);
  const began = world.clock.now();
  const taskId = await world.submit("late");
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toEqual(["DEADLINE_EXCEEDED", began + 10_000]);
});

test("a sleep up to a certain time is carried, though less of it is left each time, also into a fork", async () => {
  const world = new EngineWorld([
    define("until", async ({ continuedFrom, input }, ctx) => {
      const turn = Number(continuedFrom ?? 0);
      const time = ctx.sleep(Number(input) - ctx.now(), { key: "until" }).then(() => "time");
      const pause = ctx.sleep(3_000, { key: `turn ${turn}` });
      return (await Promise.race([time, pause])) === "time" ? ctx.now() : ctx.continueAs(turn + 1, { carry: true });
    }),
  ]);
  const time = world.clock.now() + 10_000;
  const taskId = await world.submit("until", time);
  await world.advance(8_000);
  const { service } = await world.alive();
  const forked = await service.fork({ ...SCOPE, operator: true }, taskId, {});
  await world.advance(60_000);
  for (const id of [taskId, forked.taskId]) expect(outputOf(await world.last(id))).toBe(time);
});

test("a child that fails is given to another candidate after a checkpoint, and not to the one that had it", async () => {
  const skills = [{ id: "score", name: "score", description: "scores", tags: [] }];
  const world = new EngineWorld([
    define("boss", async ({ continuedFrom }, ctx) => {
      const score = ctx.command({ capability: "score" }, 1, { key: "score" });
      if (continuedFrom !== undefined) return score;
      await ctx.sleep(1_000, { key: "pause" });
      return ctx.continueAs(1, { carry: true });
    }),
    define(
      "first",
      async (_, ctx) => {
        await ctx.sleep(5_000);
        throw new PlatformError("UNAVAILABLE", "not now", { retryable: true });
      },
      { skills },
    ),
    define("second", () => "scored", { skills }),
  ]);
  const taskId = await world.submit("boss");
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toBe("scored");
  expect(await world.children(taskId)).toHaveLength(2);
});

test("what cannot be carried is named, and the task goes on", async () => {
  const refusedBy = (act: (ctx: Context) => void) =>
    define("holder", async (_, ctx) => {
      act(ctx);
      return refusal(ctx);
    });
  for (const [act, path] of [
    [(ctx: Context) => void ctx.step("work", () => new Promise(() => {})), "step:work"],
    [(ctx: Context) => void ctx.waitForInput("?").catch(() => undefined), "input:input"],
  ] as const) {
    const world = new EngineWorld([refusedBy(act)]);
    const taskId = await world.submit("holder");
    await world.advance(1_000);
    expect(outputOf(await world.last(taskId))).toContain(`${path} still under way; await it first`);
  }
  const world = new EngineWorld([
    define("counted", async (_, ctx) => {
      await ctx.sleep(1_000, { key: "x" });
      void ctx.sleep(90_000, { key: "x" }).catch(() => undefined);
      return refusal(ctx);
    }),
  ]);
  const taskId = await world.submit("counted");
  await world.advance(10_000);
  expect(outputOf(await world.last(taskId))).toContain(
    "sleep:sleep[x]#2 still under way; await it first, or give it a key",
  );
});

test("code that does not make a carried call again is parked, and says which", async () => {
  const world = new EngineWorld([
    define("forgetful", async ({ continuedFrom }, ctx) => {
      if (continuedFrom !== undefined) return ctx.step("on", () => 1);
      void ctx.waitForSignal("go", { key: "go" });
      await ctx.sleep(1_000);
      return ctx.continueAs(1, { carry: true });
    }),
  ]);
  const taskId = await world.submit("forgetful");
  await world.advance(10_000);
  expect(await world.last(taskId)).toMatchObject({
    type: "task.parked",
    data: { error: { code: "NON_DETERMINISTIC", message: expect.stringContaining("signal:go[go]") } },
  });
});

test("what comes while the checkpoint waits to be written is for the history that it begins", async () => {
  const due = [
    ["decide", "approved"],
    ["child", "child of parent"],
    ["emit", 2],
    ["sleep", "slept"],
  ] as const;
  for (const [what, expected] of due) {
    const pause = new Pause();
    const world = new EngineWorld(
      [
        define("continuer", async ({ continuedFrom }, ctx) => {
          const open = Promise.race([
            ctx
              .waitForDecision({ key: "approval", prompt: "?", approvers: ["bob"] })
              .then(({ choice }) => (choice === "approve" ? "approved" : choice)),
            ...(what === "child" ? [ctx.command({ agent: "child" }, "parent", { key: "child" })] : []),
            ctx.waitForEvent("order.paid", { key: "event" }).then(({ payload }) => payload),
            ...(continuedFrom === undefined
              ? []
              : [ctx.sleep(900, { key: "short" }).then(() => new Promise(() => {}))]),
            ...(what === "sleep" ? [ctx.sleep(5_000, { key: "sleep" }).then(() => "slept")] : []),
          ]);
          if (continuedFrom !== undefined) return open;
          await ctx.sleep(500, { key: "before" });
          // Keeps the task in memory while its code does what no log knows of.
          void ctx.sleep(900, { key: "short" });
          pause.arm();
          void ctx.progress("on its way");
          await new Promise<void>((resolve) => setImmediate(resolve));
          return ctx.continueAs(1, { carry: true });
        }),
        child,
        emitter,
      ],
      {
        wrap: (store) => wrapStore(store, { commit: async (commit, units) => commit(await pause.pass(units)) }),
      },
    );
    const taskId = await world.submit("continuer");
    const { service } = await world.alive();
    const token = await world.token(taskId, BOB);
    await world.advance(500);
    expect(pause.isHolding).toBe(true);
    const made = what === "decide" ? service.decide(BOB, taskId, { token, choice: "approve" }) : null;
    if (what === "emit") await world.submit("emitter", 2);
    await world.advance(what === "decide" ? 0 : 6_000);
    pause.open();
    await world.advance(60_000);
    await made;
    expect(await checkpoints(world, taskId)).toBe(1);
    expect(outputOf(await world.last(taskId))).toBe(expected);
  }
});

test("a fork sleeps on where the task did, and begins the others of its carried calls anew", async () => {
  const world = new EngineWorld([turner(1_000), child, emitter]);
  const taskId = await world.submit("turner");
  await world.advance(2_500);
  const { service } = await world.alive();
  const forked = await service.fork({ ...SCOPE, operator: true }, taskId, {});
  for (const id of [taskId, forked.taskId])
    await world.decide(id, { token: await world.token(id, BOB), choice: "approve" }, BOB);
  await world.submit("emitter", 2);
  for (const id of [taskId, forked.taskId]) await world.signal(id, "go", id);
  await world.advance(60_000);
  const came = { sleep: "slept", child: "child of parent", event: 2, approval: "approve", turns: true };
  expect(outputOf(await world.last(taskId))).toEqual({ ...came, signal: taskId });
  expect(outputOf(await world.last(forked.taskId))).toEqual({ ...came, signal: forked.taskId });
  const ends = await Promise.all(
    [taskId, forked.taskId].map(async (id) =>
      (await world.log(id)).find(({ type, data }) => type === "step.completed" && data.path === "sleep:sleep[sleep]"),
    ),
  );
  expect(ends[0]?.at).toBe(ends[1]?.at);
});

test("a canceled task ends what it has carried", async () => {
  const world = new EngineWorld([turner(1_000), child]);
  const taskId = await world.submit("turner");
  await world.advance(2_500);
  await world.cancel(taskId);
  await world.advance(60_000);
  expect(await world.state(taskId)).toBe("canceled");
  const [only] = await world.children(taskId);
  expect(await world.state(only ?? "")).toBe("canceled");
});

test("wherever a process dies each carried wait is told once what came of it", async () => {
  const crash = fc.record({
    commit: fc.integer({ min: 2, max: 60 }),
    when: fc.constantFrom("before" as const, "after" as const),
  });
  const act = fc.record({
    what: fc.constantFrom("decide" as const, "signal" as const, "emit" as const),
    afterMs: fc.integer({ min: 0, max: 3_000 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(crash, { maxLength: 4 }),
      fc.array(act, { minLength: 3, maxLength: 6 }),
      fc.constantFrom(500, 1_000, 1_700),
      async (crashes: Crash[], acts, sleepMs) => {
        const world = new EngineWorld([turner(sleepMs), child, emitter], { crashes });
        const taskId = await world.submit("turner");
        const token = await world.token(taskId, BOB);
        let decisions = 0;
        for (const { what, afterMs } of [...acts, { what: "decide", afterMs: 10 }, { what: "signal", afterMs: 10 }]) {
          await world.advance(afterMs);
          if (what === "signal")
            await world.signal(taskId, "go", "gone").catch((error: unknown) => expectCode(error, "TASK_TERMINAL"));
          else if (what === "emit") await world.submit("emitter", 2);
          else
            await world.decide(taskId, { token, choice: "approve" }, BOB).then(
              () => (decisions += 1),
              // Of one that has ended whoever was asked knows no more.
              (error: unknown) =>
                expect(["DECISION_REFUSED", "TASK_TERMINAL", "TASK_NOT_FOUND"]).toContain(
                  PlatformError.from(error).code,
                ),
            );
        }
        // One that came before the process died may have been lost with the wait's row not yet there.
        await world.submit("emitter", 2);
        await world.advance(120_000);
        expect(outputOf(await world.last(taskId))).toMatchObject({
          ...{ sleep: "slept", child: "child of parent", signal: "gone", event: 2, approval: "approve" },
        });
        expect(decisions).toBe(1);
        expect(await world.children(taskId)).toHaveLength(1);
        const log = await world.log(taskId);
        const ended = log.flatMap((event) => (event.type === "step.completed" ? [event.data.path] : []));
        expect(new Set(ended).size).toBe(ended.length);
        expect(log.filter(({ type }) => type === "approval.answered")).toHaveLength(1);
      },
    ),
    { numRuns: 80, seed: 5 },
  );
}, 120_000);

const expectCode = (error: unknown, code: string): void => expect(error).toMatchObject({ code });

test("a question that was held before it was asked is asked once, and its token counts after a checkpoint", async () => {
  const agent = define("agent", async ({ continuedFrom }, ctx) => {
    const turn = (continuedFrom as number | undefined) ?? 0;
    const approval = ctx.waitForDecision({ key: "ok", prompt: "Go on?" }).then(({ choice }) => choice);
    const pause = ctx.sleep(60_000, { key: `turn ${turn}` }).then(() => null);
    return (await Promise.race([approval, pause])) ?? ctx.continueAs(turn + 1, { carry: true });
  });
  const world = new EngineWorld([agent]);
  const taskId = await world.submit("agent");
  const { service } = await world.alive();
  const forking = service.fork(SCOPE, taskId, { at: 1, breakpoints: ["approval:*"] });
  await world.cancel(taskId);
  const { taskId: forked } = await forking;
  const releasing = service.release(SCOPE, forked, { action: "continue" });
  await world.quiet();
  await releasing;
  const token = await world.token(forked);
  await world.advance(60_000);
  expect(await checkpoints(world, forked)).toBe(1);
  expect(await world.token(forked)).toBe(token);
  await world.decide(forked, { token, choice: "approve" });
  expect(outputOf(await world.last(forked))).toBe("approve");
  expect((await world.types(forked)).filter((type) => type === "task.inputRequired")).toHaveLength(1);
});

test("the time of a command counts from when it was sent first, also for another candidate after a checkpoint", async () => {
  const skills = [{ id: "s", name: "s", description: "s", tags: [] }];
  const busy = (name: string) =>
    define(
      name,
      async (_, ctx) => {
        await ctx.sleep(25_000);
        throw new PlatformError("UNAVAILABLE", "not now", { retryable: true });
      },
      { skills },
    );
  const agent = define("agent", async ({ continuedFrom }, ctx) => {
    const turn = (continuedFrom as number | undefined) ?? 0;
    const child = ctx
      .command({ capability: "s" }, null, { key: "child", timeoutMs: 30_000 })
      .catch((error: unknown) => PlatformError.from(error).code);
    const pause = ctx.sleep(10_000, { key: `turn ${turn}` }).then(() => null);
    return (await Promise.race([child, pause])) ?? ctx.continueAs(turn + 1, { carry: true });
  });
  const world = new EngineWorld([agent, busy("one"), busy("two")]);
  const from = world.clock.now();
  const taskId = await world.submit("agent");
  await world.advance(60_000);
  const children = (await world.heads()).filter((head) => head.agent !== "agent");
  expect(children.map(({ deadline }) => (deadline ?? 0) - from)).toEqual([30_000, 30_000]);
  expect(outputOf(await world.last(taskId))).toBe("DEADLINE_EXCEEDED");
});

test("a patch is there in a fresh history whose carried calls have not been made again yet", async () => {
  const agent = define("agent", async ({ continuedFrom }, ctx) => {
    const patched = continuedFrom === undefined ? null : ctx.patched("new");
    const go = ctx.waitForSignal("go", { key: "go" }).then(() => ({ patched }));
    if (continuedFrom !== undefined) return go;
    return (await Promise.race([go, ctx.sleep(10_000)])) ?? ctx.continueAs(1, { carry: true });
  });
  const world = new EngineWorld([agent]);
  const taskId = await world.submit("agent");
  await world.advance(10_000);
  world.crash();
  await world.signal(taskId, "go");
  await world.advance(60_000);
  expect(outputOf(await world.last(taskId))).toEqual({ patched: true });
});
