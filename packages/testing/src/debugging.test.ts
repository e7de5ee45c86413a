/** Runs that are held before their nodes: looked at, changed, let go on, wherever the process dies. */
import { ProgressFold } from "@agentcore/core/workflows";
import { agent, workflow } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { z } from "zod";
import { type AnyAgent, replay, type TestRun, testAgent } from "./index.ts";

const Loan = z.object({ amount: z.number() });

const createLoan = (done: string[] = []) =>
  workflow("loan")
    .input(Loan)
    .step("reserve", ({ amount }) => ({ held: amount }), { undo: ({ held }) => void done.push(`release ${held}`) })
    .map(
      "checks",
      () => [1, 2],
      (path) => path.step("check", (n) => (done.push(`check ${n}`), n * 10)),
    )
    .then<{ score: number }, "score">({ agent: "scorer" }, { as: "score", input: ({ nodes }) => nodes.checks })
    .step("decide", ({ score }) => (done.push(`decide ${score}`), score > 50 ? "yes" : "no"))
    .build();

const stateOf = ({ workflow: made }: AnyAgent, { events }: TestRun, node: string) => {
  if (made === undefined) throw new Error("no workflow");
  const fold = new ProgressFold(made.graph);
  for (const event of events) fold.apply(event);
  return fold.view().nodes.find(({ id }) => id === node)?.state;
};

const peers = { scorer: (checks: unknown) => ({ score: (checks as number[])[0] ?? 0 }) };

test("a run is held from its start, shows node, input and what came before, and goes on with what it is given, wherever the process dies", async () => {
  const play = async (options: Parameters<typeof testAgent>[1] = {}) => {
    const done: string[] = [];
    const loan = createLoan(done);
    const it = await testAgent(loan, { peers, ...options });
    const run = await it.run({ amount: 7 }, { breakpoints: ["score", "node:decide"] });
    expect(run.held).toEqual(["command:agent:scorer[score]"]);
    expect(it.resident).toBe(0);
    expect(stateOf(loan, run, "score")).toBe("held");
    expect(await run.look()).toMatchObject({
      breakpoints: ["score", "node:decide"],
      held: [{ node: "score", address: "score", kind: "command", input: [10, 20], takesInput: true }],
      outputs: [{ node: "reserve", address: "reserve", output: { held: 7 } }],
    });
    await run.debug({ action: "continue", input: [60] });
    expect(run.held).toEqual(["step:decide"]);
    expect(await run.look()).toMatchObject({
      held: [{ node: "decide", input: { score: 60 } }],
      outputs: [{ node: "reserve" }, { node: "score", output: { score: 60 } }],
    });
    await run.debug({ action: "step", input: { score: 51 } });
    expect(run.output).toBe("yes");
    expect(new Set(done)).toEqual(new Set(["check 1", "check 2", "decide 51"]));
    expect(run.events.filter(({ type }) => type === "call.held")).toHaveLength(2);
    expect(run.events.filter(({ type }) => type === "call.released").map(({ data }) => data)).toMatchObject([
      { by: "test", input: [60] },
      { by: "test", input: { score: 51 }, next: true },
    ]);
    expect(await replay(run.events, loan, run)).toEqual({ ok: true });
    return it.commits;
  };
  const commits = await play();
  for (let at = 1; at <= commits; at++)
    for (const when of ["before", "after"] as const) await play({ crashAt: { at, when } });
});

test("of what came before, items of a map see their own, and what is large is told by its size", async () => {
  const wide = workflow("wide")
    .step("large", () => "x".repeat(20_000))
    .parallel("both", {
      left: (path) => path.step("a", () => "a").step("b", () => "b"),
      right: (path) => path.step("c", () => "c"),
    })
    .map(
      "each",
      () => ["p", "q"],
      (path) => path.step("first", (item) => `${item}1`).step("second", (item) => `${item}2`),
    )
    .build();
  const it = await testAgent(wide);
  const run = await it.run(undefined, { breakpoints: ["b", "second"] });
  const shown = async () => (await run.look()).outputs.map(({ address, output }) => [address, output]);
  expect(await shown()).toEqual([
    ["large", undefined],
    ["both-fork.left/a", "a"],
  ]);
  await run.debug({ action: "continue" });
  expect(run.held).toEqual(["step:each.0/second", "step:each.1/second"]);
  await run.debug({ action: "set", path: "step:each.0/second", value: "set" });
  expect(await shown()).toEqual([
    ["large", undefined],
    ["both-fork.left/a", "a"],
    ["both-fork.right/c", "c"],
    ["both-fork.left/b", "b"],
    ["each.1/first", "q1"],
  ]);
  await run.debug({ action: "continue" });
  expect(run.output).toEqual(["set", "q12"]);
});

for (const [how, end] of [
  ["canceled", "canceled"],
  ["late", "failed"],
] as const)
  test(`a run that is held is ${how} as ever: it takes back what it did, and nothing of that is held`, async () => {
    const play = async (options: Parameters<typeof testAgent>[1] = {}) => {
      const done: string[] = [];
      const it = await testAgent(createLoan(done), { peers, ...options });
      const run = await it.run({ amount: 7 }, { breakpoints: ["check", "*"], timeoutMs: 60_000 });
      await run.debug({ action: "continue" });
      expect(run.held).toHaveLength(2);
      await (how === "canceled" ? run.cancel("enough") : run.advance(60_001));
      await run.advance(1000);
      expect([run.state, run.held, new Set(done)]).toEqual([end, [], new Set(["release 7"])]);
      return it.commits;
    };
    const commits = await play();
    for (let at = 2; at <= commits; at++) await play({ crashAt: { at, when: at % 2 === 0 ? "before" : "after" } });
  });

test("what is held where nobody needs it any more ends, and the run goes on", async () => {
  const race = workflow("race")
    .step("book", () => "booked", { undo: () => undefined })
    .parallel(
      "both",
      {
        quick: (path) => path.wait("soon", { duration: 5000 }),
        slow: (path) => path.then({ agent: "scorer" }, { as: "held", input: () => [1] }),
        other: (path) => path.step("held-too", () => 1),
      },
      { need: 1 },
    )
    .step("after", () => "over")
    .build();
  const play = async (options: Parameters<typeof testAgent>[1] = {}) => {
    const it = await testAgent(race, { peers, ...options });
    const run = await it.run(undefined, { breakpoints: ["node:held*"] });
    expect(run.held).toEqual(["command:agent:scorer[both-fork.slow/held]", "step:both-fork.other/held-too"]);
    await run.advance(5001);
    expect([run.output, run.held, it.effects.some((each) => /scorer|held/.test(each))]).toEqual(["over", [], false]);
    expect(await replay(run.events, race, run)).toEqual({ ok: true });
    return it.commits;
  };
  const commits = await play();
  for (let at = 1; at <= commits; at++)
    for (const when of ["before", "after"] as const) await play({ crashAt: { at, when } });
});

test("when a branch fails, what is held beside it is no reason to wait with taking back", async () => {
  const undone: string[] = [];
  const fails = workflow("fails")
    .step("book", () => "booked", { undo: (id) => void undone.push(id) })
    .parallel("both", {
      bad: (path) => path.wait("soon", { duration: 5000 }).fail("no", "no"),
      other: (path) => path.step("held", () => 1),
    })
    .build();
  const run = await (await testAgent(fails)).run(undefined, { breakpoints: ["held"] });
  expect(run.held).toHaveLength(1);
  await run.advance(5001);
  expect([run.state, undone]).toEqual(["failed", ["booked"]]);
});

test("breakpoints stay over a checkpoint, and what came before it is shown", async () => {
  const long = workflow("long")
    .step("first", () => "kept")
    .loop("spin", (path) => path.step("turn", () => 1), { maxTurns: 600 })
    .step("last", () => "over")
    .build();
  const it = await testAgent(long);
  const run = await it.run(undefined, { breakpoints: ["last"] });
  expect(run.events.some(({ type }) => type === "checkpoint.created")).toBe(true);
  expect(await run.look()).toMatchObject({
    held: [{ node: "last" }],
    outputs: expect.arrayContaining([expect.objectContaining({ node: "first", output: "kept" })]),
  });
  await run.debug({ action: "continue" });
  expect(run.output).toBe("over");
});

test("a run that wants a fresh log beside a step that is held waits for that, and goes on then", async () => {
  const beside = workflow("beside")
    .parallel("both", {
      held: (path) => path.step("held", () => 1),
      spin: (path) => path.loop("spin", (turn) => turn.step("turn", () => 1), { maxTurns: 600 }),
    })
    .step("last", ({ spin }) => spin)
    .build();
  const play = async (options: Parameters<typeof testAgent>[1] = {}) => {
    const it = await testAgent(beside, options);
    const run = await it.run(undefined, { breakpoints: ["held"] });
    expect([run.held, run.state, it.resident]).toEqual([["step:both-fork.held/held"], "working", 0]);
    await run.debug({ action: "continue" });
    expect(run.output).toBe(1);
    expect(run.events.filter(({ type }) => type === "checkpoint.created").length).toBeGreaterThan(0);
    return it.commits;
  };
  const commits = await play();
  for (const at of [1, 2, Math.floor(commits / 2), commits - 1, commits])
    await play({ crashAt: { at, when: "after" } });
});

test("a command that is held, and what it was given, go on in a fresh log, whatever breakpoints there are by then", async () => {
  const turner = agent({
    name: "turner",
    description: "Begins afresh beside a command",
    async run({ continuedFrom }, ctx) {
      const turn = (continuedFrom as number | undefined) ?? 0;
      const asked = ctx.command({ agent: "peer" }, "own", { key: "asked" });
      const pause = ctx.sleep(10_000, { key: `turn ${turn}` });
      if (turn === 4) return asked;
      await Promise.race([asked, pause]);
      return ctx.continueAs(turn + 1, { carry: true });
    },
  });
  const peer = agent({
    name: "peer",
    description: "Answers late",
    run: async ({ input }, ctx) => (await ctx.sleep(15_000), input),
  });
  const play = async (options: Parameters<typeof testAgent>[1] = {}) => {
    const it = await testAgent([turner, peer], options);
    const run = await it.run(undefined, { breakpoints: ["command:*"] });
    await run.breakAt([]);
    await run.advance(25_000);
    expect(run.events.filter(({ type }) => type === "checkpoint.created")).toHaveLength(2);
    expect(run.held).toEqual(["command:agent:peer[asked]"]);
    expect((await run.look()).held).toMatchObject([{ node: "asked", input: "own" }]);
    await run.debug({ action: "continue", input: "other" });
    await run.advance(60_000);
    expect(run.output).toBe("other");
    expect(run.events.filter(({ type }) => type === "call.held")).toHaveLength(1);
    return it.commits;
  };
  const commits = await play();
  for (let at = 1; at <= commits; at++)
    for (const when of ["before", "after"] as const) await play({ crashAt: { at, when } });
});

test("undo of a run that failed can be held, and is let go on", async () => {
  const undone: string[] = [];
  const fails = workflow("fails")
    .step("book", () => "b", { undo: (id, step) => void undone.push(`${id} ${step.input === id}`) })
    .fail("no", "no")
    .build();
  const run = await (await testAgent(fails)).run(undefined, { breakpoints: ["undo:book"] });
  expect([run.held, undone]).toEqual([["step:book~undo"], []]);
  expect(stateOf(fails, run, "book")).toBe("held");
  expect((await run.look()).held).toMatchObject([{ node: "book", address: "book~undo", input: "b" }]);
  await run.debug({ action: "continue" });
  expect([run.state, undone, stateOf(fails, run, "book")]).toEqual(["failed", ["b true"], "undone"]);
});

test("an agent's steps are held by name, and given other input where they say what it is", async () => {
  const add = agent({
    name: "add",
    description: "Adds",
    async run(_task, ctx) {
      const one = await ctx.step("one", ({ input }) => Number(input) + 1, { input: 1 });
      return ctx.step("two", () => one + 1);
    },
  });
  const run = await (await testAgent(add)).run(undefined, { breakpoints: ["one", "two"] });
  await run.debug({ action: "continue", input: 10 });
  expect(run.held).toEqual(["step:two"]);
  await expect(run.debug({ action: "continue", input: 10 })).rejects.toMatchObject({ code: "UNSUPPORTED_OPERATION" });
  await run.debug({ action: "continue" });
  expect(run.output).toBe(12);
});
