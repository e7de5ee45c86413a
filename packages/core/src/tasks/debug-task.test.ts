/** Tasks that are held before a call: durable, without memory, and let go on by whoever looks into them. */
import { type DebugAction, MAX_SET_SIZE } from "@agentcore/contract";
import { expect, test } from "vitest";
import { define, EngineWorld, outputOf, type Run, SCOPE, type WorldOptions } from "../../test/engine-world.ts";
import { matches } from "./breakpoints.ts";

const worldOf = (run: Run, options: WorldOptions = {}) => {
  const child = define("child", (task) => task.input);
  const world = new EngineWorld([define("agent", run), child], options);
  const ask = async <T>(what: (service: Awaited<ReturnType<EngineWorld["alive"]>>["service"]) => Promise<T>) => {
    const { service } = await world.alive();
    const asked = what(service).then(
      (value) => ({ value }),
      (error: unknown) => ({ error }),
    );
    await world.advance(0);
    const answer = await asked;
    if ("error" in answer) throw answer.error;
    return answer.value;
  };
  return {
    world,
    /** Begins held before everything that matches. */
    begin: async (...breakpoints: string[]) => {
      const taskId = await world.submit("agent", "original");
      await world.advance(5000);
      const { taskId: forked } = await ask((service) => service.fork(SCOPE, taskId, { at: 1, breakpoints }));
      return forked;
    },
    look: (taskId: string) => ask((service) => service.debugging(SCOPE, taskId)),
    change: (taskId: string, breakpoints: readonly string[], next = false) =>
      ask((service) => service.changeBreakpoints(SCOPE, taskId, { breakpoints, next })),
    release: (taskId: string, action: DebugAction) => ask((service) => service.release(SCOPE, taskId, action)),
    resident: async () => (await world.alive()).engine.resident,
  };
};

const chain =
  (effects: string[]): Run =>
  async (_, ctx) => {
    const a = await ctx.step("a", () => (effects.push("a"), 1));
    const b = await ctx.command<number>({ agent: "child" }, a + 1);
    await ctx.sleep(10);
    const c = await ctx.step("c", () => (effects.push(`c ${b}`), b + 1), { input: { b } });
    return [a, b, c];
  };

test("a call that matches does not begin: the task waits without memory, over a crash too, and goes on when it is let", async () => {
  const effects: string[] = [];
  const { world, begin, look, release, resident } = worldOf(chain(effects));
  const taskId = await begin("step:c");
  effects.length = 0;
  await world.advance(1000);
  expect([await world.state(taskId), await resident(), effects]).toEqual(["working", 0, []]);
  const held = { path: "step:c", kind: "step", breakpoint: "step:c", input: { b: 2 } };
  expect(await look(taskId)).toMatchObject({ breakpoints: ["step:c"], next: false, held: [held] });
  world.crash();
  await world.advance(60_000);
  expect((await look(taskId)).held).toMatchObject([held]);
  expect((await world.types(taskId)).filter((type) => type === "call.held")).toHaveLength(1);
  await release(taskId, { action: "continue" });
  expect(outputOf(await world.last(taskId))).toEqual([1, 2, 3]);
  expect(effects).toEqual(["c 2"]);
  expect(await look(taskId)).toMatchObject({ held: [] });
  await expect(release(taskId, { action: "continue" })).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
});

test("stepping holds every call in turn, and a result that is set stands for what was not done", async () => {
  const effects: string[] = [];
  const { world, begin, look, release } = worldOf(chain(effects));
  const taskId = await begin("*");
  const paths = [];
  effects.length = 0;
  for (let steps = 0; steps < 3; steps++) {
    await world.advance(1000);
    const [call] = (await look(taskId)).held;
    paths.push(call?.path);
    await release(taskId, call?.kind === "command" ? { action: "set", value: 40 } : { action: "step" });
  }
  await world.advance(1000);
  expect([...paths, (await look(taskId)).held[0]?.path]).toEqual([
    "step:a",
    "command:agent:child",
    "sleep:sleep",
    "step:c",
  ]);
  expect(await world.children(taskId)).toEqual([]);
  await release(taskId, { action: "continue" });
  await world.advance(1000);
  expect(outputOf(await world.last(taskId))).toEqual([1, 40, 41]);
  expect(effects).toEqual(["a", "c 40"]);
});

test("a running task is held before its next call; of calls side by side each is let go on by itself", async () => {
  const effects: string[] = [];
  const { world, look, change, release } = worldOf(async (_, ctx) => {
    await ctx.sleep(10_000);
    const side = await Promise.all(["a", "b"].map((name) => ctx.step(name, () => (effects.push(name), name))));
    return [...side, await ctx.waitForInput("?")];
  });
  const taskId = await world.submit("agent");
  await change(taskId, ["step:b"], true);
  await world.advance(20_000);
  expect((await look(taskId)).held.map(({ path, breakpoint }) => [path, breakpoint])).toEqual([
    ["step:a", "next"],
    ["step:b", "step:b"],
  ]);
  await expect(release(taskId, { action: "step", path: "step:x" })).rejects.toThrow("step:a, step:b");
  await release(taskId, { action: "continue", path: "step:b" });
  expect(effects).toEqual(["b"]);
  await release(taskId, { action: "set", path: "step:a", value: "set" });
  expect(await world.state(taskId)).toBe("input-required");
  await change(taskId, []);
  await world.say(taskId, "yes");
  expect(outputOf(await world.last(taskId))).toEqual(["set", "b", "yes"]);
});

test("a question that is held is not asked, and an answer that is set is taken for one", async () => {
  const { world, look, change, release } = worldOf(async (_, ctx) => {
    await ctx.sleep(10_000);
    return ctx.waitForInput("?");
  });
  const taskId = await world.submit("agent");
  await change(taskId, ["input:*"]);
  await world.advance(20_000);
  expect([await world.state(taskId), (await look(taskId)).held.length]).toEqual(["working", 1]);
  await release(taskId, { action: "set", value: { yes: 1 } });
  expect(outputOf(await world.last(taskId))).toEqual({ yes: 1 });
});

test("waits for a signal, an event and a decision that are held come to what is set", async () => {
  const { world, look, change, release } = worldOf(async (_, ctx) => {
    await ctx.sleep(10_000);
    const signal = await ctx.waitForSignal("paid");
    const { payload } = await ctx.waitForEvent("paid");
    const { choice } = await ctx.waitForDecision({ prompt: "?" });
    return [signal, payload, choice];
  });
  const taskId = await world.submit("agent");
  await change(taskId, ["signal:*", "event:*", "approval:*"]);
  await world.advance(20_000);
  const event = { id: "e", topic: "paid", source: "shop", payload: 2 };
  for (const [value, wrong] of [
    [{ amount: 1 }],
    [event, { payload: 2 }],
    [{ choice: "approve" }, "approve"],
  ] as const) {
    expect((await look(taskId)).held).toHaveLength(1);
    if (wrong !== undefined)
      await expect(release(taskId, { action: "set", value: wrong })).rejects.toMatchObject({
        violations: [{ field: "value", description: expect.stringContaining("expected a") }],
      });
    await release(taskId, { action: "set", value });
    await world.advance(1000);
  }
  expect(outputOf(await world.last(taskId))).toEqual([{ amount: 1 }, 2, "approve"]);
});

test("breakpoints stay over a checkpoint; a fork has none of them", async () => {
  const { world, begin, look, release } = worldOf(async (task, ctx) => {
    const turn = (task.continuedFrom as number | undefined) ?? 0;
    await ctx.step("turn", () => turn);
    return turn === 2 ? "over" : ctx.continueAs(turn + 1);
  });
  const taskId = await begin("step:turn");
  for (let turn = 0; turn < 3; turn++) {
    expect((await look(taskId)).held).toHaveLength(1);
    await release(taskId, { action: "continue" });
  }
  expect(outputOf(await world.last(taskId))).toBe("over");
  const { service } = await world.alive();
  const forked = service.fork(SCOPE, taskId);
  await world.advance(0);
  expect(outputOf(await world.last((await forked).taskId))).toBe("over");
});

for (const compensates of [false, true])
  test(`a task that is held is canceled like any other${compensates ? ", and takes back what it did" : ""}`, async () => {
    const effects: string[] = [];
    const run: Run = async (_, ctx) => {
      await ctx.step("book", () => void effects.push("book"));
      await ctx.sleep(10_000);
      try {
        await ctx.step("pay", () => void effects.push("pay"));
      } finally {
        await ctx.step("unbook", () => void effects.push("unbook"));
      }
    };
    const world = new EngineWorld([define("agent", run, { compensates })]);
    const taskId = await world.submit("agent");
    const changed = (await world.alive()).service.changeBreakpoints(SCOPE, taskId, { breakpoints: ["step:*"] });
    await world.advance(20_000);
    await changed;
    await world.cancel(taskId);
    await world.advance(1000);
    expect([await world.state(taskId), effects]).toEqual(["canceled", ["book", "unbook"]]);
  });

test("whatever commit the process dies at, what is held stays held, and nothing happens twice", async () => {
  const play = async (commit: number | null, when: "before" | "after") => {
    const effects: string[] = [];
    const crashes = commit === null ? [] : [{ commit, when }];
    const { world, look, change, release } = worldOf(
      async (_, ctx) => {
        await ctx.sleep(10_000);
        await ctx.step("a", () => void effects.push("a"));
        return ctx.step("b", () => (effects.push("b"), "done"));
      },
      { crashes },
    );
    const taskId = await world.submit("agent");
    const until = async (act: () => Promise<void>) => {
      const before = (await world.head(taskId))?.seq ?? 0;
      while (((await world.head(taskId))?.seq ?? 0) <= before) {
        const acted = act().catch(() => undefined);
        await world.advance(1000);
        await Promise.race([acted, world.advance(0)]);
      }
    };
    await until(() => change(taskId, ["step:*"]));
    await world.advance(20_000);
    for (const path of ["step:a", "step:b"]) {
      expect((await look(taskId)).held).toMatchObject([{ path }]);
      await until(() => release(taskId, { action: "continue" }));
      await world.advance(1000);
    }
    expect(outputOf(await world.last(taskId))).toBe("done");
    expect((await world.types(taskId)).filter((type) => type === "call.held")).toHaveLength(2);
    return world.commits;
  };
  const commits = await play(null, "before");
  for (let commit = 2; commit <= commits; commit++)
    for (const when of ["before", "after"] as const) await play(commit, when);
});

test("breakpoints that are set while a task is not in memory hold the first call that it comes to", async () => {
  const effects: string[] = [];
  const work: Run = (_, ctx) => ctx.step("work", () => (effects.push("work"), "done"));
  const { world, look, change } = worldOf(work, { concurrency: 1 });
  const { engine } = await world.alive();
  const drained = engine.drain(0);
  await world.advance(100);
  await drained;
  const taskId = await world.submit("agent");
  await change(taskId, ["work"]);
  engine.undrain();
  await world.advance(1000);
  expect([(await look(taskId)).held.map(({ path }) => path), effects]).toEqual([["step:work"], []]);
});

test("so they do of a task that is parked, when it is let go on", async () => {
  let broken = true;
  const effects: string[] = [];
  const { world, look, change, release } = worldOf(async (_, ctx) => {
    await ctx.step("first", () => 1);
    if (broken) await new Promise(() => {});
    return ctx.step("second", () => (effects.push("second"), "done"));
  });
  const taskId = await world.submit("agent");
  await world.advance(10_000);
  expect(await world.state(taskId)).toBe("parked");
  await change(taskId, ["else"]);
  // It has not heard of it, and is told to be held there all the same: who adds another names both.
  expect(await look(taskId)).toMatchObject({ breakpoints: ["else"], next: false });
  await change(taskId, ["else", "second"], true);
  expect(await look(taskId)).toMatchObject({ breakpoints: ["else", "second"], next: true });
  await change(taskId, ["else", "second"]);
  broken = false;
  await world.retry(taskId);
  await world.advance(1000);
  expect([(await look(taskId)).held.map(({ path }) => path), effects]).toEqual([["step:second"], []]);
  await release(taskId, { action: "continue" });
  expect(outputOf(await world.last(taskId))).toBe("done");
});

test("what is held leaves with its node and is let go on by the next, also what was asked while it left", async () => {
  const effects: string[] = [];
  let finish = (): void => undefined;
  const { world, look, change, release } = worldOf(async (_, ctx) => {
    await ctx.sleep(10_000);
    const both = await Promise.all([
      ctx.step("slow", () => new Promise<string>((resolve) => (finish = () => resolve("slow")))),
      ctx.step("held", () => (effects.push("held"), "held")),
    ]);
    return both.join();
  });
  const taskId = await world.submit("agent");
  await change(taskId, ["held"]);
  await world.advance(20_000);
  expect((await look(taskId)).held).toHaveLength(1);
  const { engine } = await world.alive();
  const drained = engine.drain(5000);
  await world.advance(100);
  await release(taskId, { action: "continue" });
  expect(effects).toEqual([]);
  finish();
  await world.advance(6000);
  await drained;
  expect([engine.resident, effects]).toEqual([0, []]);
  engine.undrain();
  await world.advance(1000);
  expect([outputOf(await world.last(taskId)), effects]).toEqual(["slow,held", ["held"]]);
});

test("a cancel ends a task that stays for a long step before it moves, also behind breakpoints that are for where it goes on", async () => {
  const { world, change } = worldOf((_, ctx) => ctx.step("slow", () => new Promise(() => {})));
  world.revisions.set(
    "r2",
    define("agent", (_, ctx) => ctx.step("slow", () => null)),
  );
  const taskId = await world.submit("agent");
  const { service } = await world.alive();
  const moving = service.migrate({ ...SCOPE, operator: true }, taskId, { revision: "r2" });
  const refused = expect(moving).rejects.toMatchObject({ code: "TASK_TERMINAL" });
  await world.advance(0);
  await change(taskId, ["later"]);
  await world.cancel(taskId);
  expect(await world.state(taskId)).toBe("canceled");
  await refused;
});

test("what lost its lease while it was held is held by whoever goes on", async () => {
  const effects: string[] = [];
  const { world, look, change, release } = worldOf(async (_, ctx) => {
    await ctx.sleep(10_000);
    const both = await Promise.all([
      ctx.step("slow", async () => (effects.push("slow"), world.clock.now() < 1 ? "" : "slow")),
      ctx.step("held", () => (effects.push("held"), "held")),
    ]);
    return both.join();
  });
  const taskId = await world.submit("agent");
  await change(taskId, ["held"]);
  await world.advance(20_000);
  const before = (await world.head(taskId))?.token ?? 0;
  world.crash();
  await change(taskId, ["held", "other"]);
  await world.advance(60_000);
  expect((await world.head(taskId))?.token).toBeGreaterThan(before);
  expect(await look(taskId)).toMatchObject({ breakpoints: ["held", "other"], held: [{ path: "step:held" }] });
  await release(taskId, { action: "continue" });
  expect([outputOf(await world.last(taskId)), effects]).toEqual(["slow,held", ["slow", "held"]]);
});

test("what a call is given or comes to is refused at the door when no log could keep it, or it is large", async () => {
  const { world, begin, release } = worldOf(chain([]));
  const taskId = await begin("step:c");
  await world.advance(1000);
  const large = "x".repeat(MAX_SET_SIZE);
  for (const [action, code] of [
    [{ action: "set", value: 10n }, "RESULT_NOT_SERIALISABLE"],
    [{ action: "set", value: undefined }, "INVALID_ARGUMENT"],
    [{ action: "set", value: large }, "TOO_LARGE"],
    [{ action: "continue", input: () => 1 }, "RESULT_NOT_SERIALISABLE"],
    [{ action: "step", input: [large] }, "TOO_LARGE"],
  ] as const)
    await expect(release(taskId, action as unknown as DebugAction)).rejects.toMatchObject({ code });
  await release(taskId, { action: "set", value: "small" });
  expect(outputOf(await world.last(taskId))).toEqual([1, 2, "small"]);
});

test("a large input is told by its size, and is what the call begins with all the same", async () => {
  const { world, change, look, release } = worldOf(async (_, ctx) => {
    await ctx.sleep(10_000);
    return ctx.step("long", ({ input }) => (input as string).length, { input: "x".repeat(100_000) });
  });
  const taskId = await world.submit("agent");
  await change(taskId, ["long"]);
  await world.advance(20_000);
  const [held] = (await look(taskId)).held;
  expect(held).toMatchObject({ path: "step:long", inputSize: 100_002 });
  expect(held).not.toHaveProperty("input");
  await release(taskId, { action: "continue" });
  expect(outputOf(await world.last(taskId))).toBe(100_000);
});

test("only operators hold a task from its start on, and lists tell what is held while it is", async () => {
  const { world, release } = worldOf((_, ctx) => ctx.step("work", () => "done"));
  const { service } = await world.alive();
  const request = { target: { agent: "agent" }, breakpoints: ["work"], idempotencyKey: "k" };
  await expect(service.submit({ ...SCOPE, operator: false }, request)).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
    violations: [{ field: "breakpoints" }],
  });
  const operator = { ...SCOPE, operator: true };
  const submitted = service.submit(operator, request);
  await world.advance(1000);
  const { taskId } = await submitted;
  const held = async () => {
    const { heads } = await service.list(operator, {});
    return [...(await service.held(SCOPE.tenantId, heads))].map(([id, calls]) => [id, calls.map(({ path }) => path)]);
  };
  expect(await held()).toEqual([[taskId, ["step:work"]]]);
  expect((await world.types(taskId)).slice(0, 3)).toEqual(["task.submitted", "decision.made", "breakpoints.changed"]);
  await expect(service.submit(operator, { ...request, breakpoints: ["other"] })).rejects.toMatchObject({
    code: "CONFLICT",
  });
  await release(taskId, { action: "continue" });
  expect([await held(), outputOf(await world.last(taskId))]).toEqual([[], "done"]);
});

test("what is refused takes no place of the tasks that a tenant may hold", async () => {
  const { world } = worldOf((_, ctx) => ctx.step("work", () => "done"));
  const { engine, service } = await world.alive();
  const request = { target: { agent: "nobody" }, breakpoints: ["work"] };
  await expect(service.submit({ ...SCOPE, operator: true }, request)).rejects.toThrow("nobody");
  await world.advance(60_000);
  expect(await engine.debugged.sweep(SCOPE.tenantId)).toBe(0);
});

test("patterns are of call paths, with stars, or of nodes of a workflow wherever they are visited", () => {
  const fits = (pattern: string, ...paths: string[]) => paths.map((path) => matches(pattern, path));
  expect(fits("step:score", "step:score", "step:score#2", "step:scores")).toEqual([true, false, false]);
  expect(fits("step:*", "step:a", "steps:a", "tool:step:a")).toEqual([true, false, false]);
  expect(fits("*:a*b*c", "step:abc", "step:a-b-c", "step:acb", "abc")).toEqual([true, true, false, false]);
  expect(fits("a*a", "a", "aa", "aba")).toEqual([false, true, true]);
  expect(
    fits(
      "node:score",
      "step:score",
      "step:score@2",
      "step:each.3/score",
      "command:agent:risk[each.3/score@2]",
      "step:other",
    ),
  ).toEqual([true, true, true, true, false]);
  expect(fits("node:score", "step:score~undo", "approval:approval[score]#2", "command:agent:score")).toEqual([
    false,
    true,
    false,
  ]);
  expect(fits("score", "step:score", "step:score#2", "step:each.3/score@2", "step:score~undo", "step:scores")).toEqual([
    ...[true, true, true, false, false],
  ]);
  expect(fits("agent:risk", "command:agent:risk")).toEqual([false]);
  expect(fits("paid", "signal:paid", "event:paid[wait]")).toEqual([true, true]);
  expect(fits("undo:*", "step:score~undo@2", "step:score")).toEqual([true, false]);
  expect(matches(`${"*a".repeat(100)}b`, "a".repeat(4096))).toBe(false);
});

test("that the next call is held is told once: a checkpoint does not ask for it again, nor forget it", async () => {
  const { world, begin, look, change, release } = worldOf(async ({ continuedFrom }, ctx) => {
    const turn = (continuedFrom as number | undefined) ?? 0;
    const go = ctx.waitForSignal("go", { key: "go" });
    const pause = ctx.sleep(60_000, { key: `turn ${turn}` }).then(() => null);
    return (await Promise.race([go, pause])) ?? ctx.continueAs(turn + 1, { carry: true });
  });
  const taskId = await begin("signal:*");
  await release(taskId, { action: "step" });
  await world.advance(60_000);
  expect((await look(taskId)).held).toMatchObject([{ path: "sleep:sleep[turn 1]", breakpoint: "next" }]);
  await release(taskId, { action: "continue" });
  await world.advance(60_000);
  expect(await look(taskId)).toMatchObject({ held: [], next: false });
  await change(taskId, ["sleep:*"]);
  await world.advance(60_000);
  await change(taskId, [], true);
  expect(await look(taskId)).toMatchObject({ held: [{ path: "sleep:sleep[turn 3]" }], next: true });
});

test("a command that was held has the time that it may take from when it is let go", async () => {
  const child = define("slow", async (_, ctx) => {
    await ctx.sleep(10_000);
    return "done";
  });
  const { world, begin, release } = worldOf((_, ctx) => ctx.command({ agent: "slow" }, 1, { timeoutMs: 30_000 }));
  world.change(child);
  const taskId = await begin("command:*");
  await world.advance(60_000);
  await release(taskId, { action: "continue" });
  await world.advance(20_000);
  expect(outputOf(await world.last(taskId))).toBe("done");
});
