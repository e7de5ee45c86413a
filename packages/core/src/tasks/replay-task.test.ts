/** A task's code run over its log, with the code of then and of now: nothing happens, and it is told where they part. */
import { expect, test } from "vitest";
import { define, EngineWorld, gate, type Run, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";

const worldOf = (run: Run) => {
  const effects: string[] = [];
  const child = define("child", async (_, ctx) => {
    await ctx.sleep(5000);
    return "grown up";
  });
  const world = new EngineWorld([define("agent", run), child]);
  const replay = async (taskId: string) => {
    const { service } = await world.alive();
    const before = JSON.stringify(await world.log(taskId));
    const report = service.replay(SCOPE, taskId).catch((error: unknown) => ({ error }));
    await world.advance(0);
    const result = await report;
    if ("error" in result) throw result.error;
    expect(JSON.stringify(await world.log(taskId))).toBe(before);
    return result;
  };
  return { world, effects, replay };
};

const loan =
  (effects: string[], more: { readonly note?: boolean; readonly double?: boolean } = {}): Run =>
  async (_, ctx) => {
    const a = await ctx.step("a", () => (effects.push("a"), 1));
    await ctx.progress("half way");
    if (more.note === true) await ctx.step("note", () => void effects.push("note"));
    const [b, grown] = await Promise.all([
      ctx.step(`b-${ctx.id().slice(0, 1)}`, () => (effects.push("b"), 2)),
      ctx.command({ agent: "child" }, { ask: ctx.id() }),
    ]);
    const said = await ctx.waitForInput("sure?");
    await ctx.emit("done", { said });
    return [a * (more.double === true ? 2 : 1) + b, grown, said];
  };

test("code that is as it was agrees with the log of its task, as it works, waits and when it has ended", async () => {
  const { world, effects, replay } = worldOf((task, ctx) => loan(effects)(task, ctx));
  const taskId = await world.submit("agent");
  expect(await replay(taskId)).toMatchObject({ agrees: true, end: null, next: ["command:agent:child"] });
  await world.advance(6000);
  expect(await replay(taskId)).toMatchObject({ agrees: true, differs: null, next: ["input:input"] });
  await world.say(taskId, "yes");
  expect(await world.state(taskId)).toBe("completed");
  const { seq } = (await world.head(taskId)) ?? { seq: 0 };
  expect(await replay(taskId)).toMatchObject({
    ...{ agrees: true, from: 1, to: seq, next: [] },
    end: { type: "task.completed", data: { output: [3, "grown up", "yes"] } },
  });
  expect(effects).toEqual(["a", "b"]);
});

test("a signal that came when the code had returned is given to no wait that it left behind", async () => {
  let signal: (() => Promise<unknown>) | null = null;
  const hasty = define("hasty", (_, ctx) => Promise.race([ctx.waitForSignal("go"), ctx.sleep(10)]));
  const world: EngineWorld = new EngineWorld([hasty], {
    wrap: (store) =>
      wrapStore(store, {
        commit: async (next, units) => {
          const isEnd = units.some(({ append }) => append?.state === "completed");
          const send = isEnd ? signal : null;
          if (send !== null) signal = null;
          await send?.();
          return next(units);
        },
      }),
  });
  const taskId = await world.submit("hasty");
  const payload = { type: "signal", signal: { id: "late", name: "go", by: "ann", payload: 1 } };
  const mail = { taskId, key: "signal:late", kind: "signal", payload, ifTerminal: "refuse" } as const;
  signal = () => world.store.commit([{ tenantId: SCOPE.tenantId, mail: [mail] }]);
  await world.advance(10);
  expect((await world.types(taskId)).slice(-2)).toEqual(["signal.received", "task.completed"]);
  const { service } = await world.alive();
  const report = service.replay(SCOPE, taskId);
  await world.advance(0);
  expect(await report).toMatchObject({ agrees: true, differs: null });
});

test("results that come with the one that code returns by are handed to nobody, in a replay either", async () => {
  const both = gate();
  const { world, effects, replay } = worldOf(async (_, ctx) => {
    const got: string[] = [];
    const branch = async (name: string) => {
      got.push(await ctx.step(name, () => both.opened.then(() => name)));
      if (got.length > 1) await ctx.step("more", () => void effects.push("more"));
      return got;
    };
    return Promise.race([branch("a"), branch("b")]);
  });
  const taskId = await world.submit("agent");
  both.open();
  await world.quiet();
  const [a, b, end] = (await world.log(taskId)).slice(-3);
  expect([a, b, end]).toMatchObject([
    { data: { path: "step:a" } },
    { data: { path: "step:b" } },
    { data: { output: ["a"] } },
  ]);
  expect(await replay(taskId)).toMatchObject({ agrees: true, next: [], end: { data: { output: ["a"] } } });
  expect(effects).toEqual([]);
});

test("a breakpoint that was set when a step had begun makes no difference to code that returned without its result", async () => {
  const { world, replay } = worldOf((_, ctx) =>
    Promise.race([ctx.step("slow", () => new Promise(() => {})), ctx.waitForSignal("go")]),
  );
  const taskId = await world.submit("agent");
  const { service } = await world.alive();
  await service.changeBreakpoints({ ...SCOPE, operator: true }, taskId, { breakpoints: ["*"] });
  await world.signal(taskId, "go", "gone");
  expect(await world.types(taskId)).toEqual(expect.arrayContaining(["breakpoints.changed", "task.completed"]));
  expect(await replay(taskId)).toMatchObject({ agrees: true, end: { data: { output: "gone" } } });
});

test("code that was changed is told from the log, with the event and both sides", async () => {
  const { world, effects, replay } = worldOf((task, ctx) => loan(effects)(task, ctx));
  const taskId = await world.submit("agent");
  await world.advance(6000);
  world.change(define("agent", loan(effects, { note: true })));
  const open = await replay(taskId);
  const passed = (await world.log(taskId)).find(
    (event) => event.type === "step.completed" && event.data.path !== "step:a",
  );
  expect(open).toMatchObject({ agrees: false, differs: { seq: passed?.seq, made: ["step:note"] } });
  world.change(define("agent", loan(effects, { double: true })));
  expect((await replay(taskId)).agrees).toBe(true);
  world.change(define("agent", loan(effects)));
  await world.say(taskId, "yes");
  world.change(define("agent", loan(effects, { double: true })));
  const { seq } = (await world.head(taskId)) ?? { seq: 0 };
  expect(await replay(taskId)).toMatchObject({
    agrees: false,
    differs: { seq, recorded: { output: [3, "grown up", "yes"] }, made: { output: [4, "grown up", "yes"] } },
  });
  expect(effects).toEqual(["a", "b"]);
});

test("a log that goes on from a checkpoint is replayed from there", async () => {
  const { world, replay } = worldOf(async (task, ctx) => {
    const turn = (task.continuedFrom as number | undefined) ?? 0;
    await ctx.step("count", () => turn);
    return turn < 3 ? ctx.continueAs(turn + 1) : turn;
  });
  const taskId = await world.submit("agent");
  const { checkpointSeq, seq } = (await world.head(taskId)) ?? { checkpointSeq: 0, seq: 0 };
  expect(checkpointSeq).toBeGreaterThan(0);
  expect(await replay(taskId)).toMatchObject({ agrees: true, from: checkpointSeq, to: seq });
});

test("a task that was canceled, failed or ran late agrees with its log; code that cannot be loaded is said", async () => {
  const { world, replay } = worldOf(async (task, ctx) => {
    if (task.input === "fail") throw new Error("no");
    await ctx.step("a", () => 1);
    await ctx.sleep(60_000);
  });
  const canceled = await world.submit("agent");
  await world.cancel(canceled);
  const failed = await world.submit("agent", "fail");
  const late = await world.submit("agent", null, { deadline: world.clock.now() + 1000 });
  await world.advance(2000);
  for (const [taskId, state] of [
    [canceled, "canceled"],
    [failed, "failed"],
    [late, "failed"],
  ] as const) {
    expect(await world.state(taskId)).toBe(state);
    expect((await replay(taskId)).differs).toBeNull();
  }
  world.remove("agent");
  await expect(replay(failed)).rejects.toMatchObject({ code: "REVISION_UNAVAILABLE" });
});

test("code that waits for something outside ctx is found to do so, without any effect", async () => {
  let stalls = false;
  const { world, replay } = worldOf(async (_, ctx) => {
    await ctx.step("a", () => 1);
    if (stalls) await new Promise(() => {});
    await ctx.step("hangs", () => new Promise<void>(() => {}));
  });
  const taskId = await world.submit("agent");
  expect((await replay(taskId)).agrees).toBe(true);
  stalls = true;
  const { service } = await world.alive();
  const report = service.replay(SCOPE, taskId);
  await world.advance(5000);
  expect(await report).toMatchObject({ agrees: false, differs: { message: expect.stringContaining("ctx.step") } });
});
