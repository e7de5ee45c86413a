import { agent, type PlatformError, RejectedError, tool } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { z } from "zod";
import { replay, testAgent } from "./index.ts";

const greeter = agent({
  name: "greeter",
  description: "greets in another language",
  input: z.object({ name: z.string() }),
  output: z.string(),
  async run(task, ctx) {
    const words = await ctx.step("words", () => `hello ${task.input.name}`);
    const translated = await ctx.command<string>({ agent: "translator" }, words);
    const sign = await ctx.query<string>({ agent: "signs" }, {});
    return `${translated}${sign}`;
  },
});
const world = { peers: { translator: (text: unknown) => String(text).toUpperCase() }, queries: { signs: () => "!" } };

test("an agent runs with peers and queries to its output", async () => {
  const it = await testAgent(greeter, world);
  const run = await it.run({ name: "ada" });
  expect(run.output).toBe("HELLO ADA!");
  expect(run.state).toBe("completed");
  expect(run.events.map(({ seq }) => seq)).toEqual(run.events.map((_, index) => index + 1));
  expect(run.task.artifacts?.[0]?.parts[0]).toEqual({ text: "HELLO ADA!" });
  await it.close();
});

test("a crash before or after any commit changes nothing that a caller sees, and no recorded step runs again", async () => {
  const undisturbed = await testAgent(greeter, world);
  await undisturbed.run({ name: "ada" });
  expect(undisturbed.commits).toBeGreaterThan(3);
  for (let at = 1; at <= undisturbed.commits; at++) {
    for (const when of ["before", "after"] as const) {
      const it = await testAgent(greeter, { ...world, crashAt: { at, when } });
      const run = await it.run({ name: "ada" });
      expect([at, when, run.output]).toEqual([at, when, "HELLO ADA!"]);
      await it.close();
    }
  }
});

test("a step in flight at a crash runs again under the same idempotency key", async () => {
  const keys: string[] = [];
  const payer = agent({
    name: "payer",
    description: "pays",
    run: (_, ctx) => ctx.step("pay", ({ idempotencyKey }) => keys.push(idempotencyKey)),
  });
  const it = await testAgent(payer, { crashAt: "step:pay" });
  expect((await it.run()).output).toBe(2);
  expect(keys[0]).toBe(keys[1]);
  await it.close();
});

test("a crash point that is never reached fails the test", async () => {
  const it = await testAgent(greeter, { ...world, crashAt: "step:nonsense" });
  await it.run({ name: "ada" });
  await expect(it.close()).rejects.toThrow(/step:nonsense was never reached/);
});

test("questions are answered and sleeps pass, across a crash, with nothing in memory meanwhile", async () => {
  const asker = agent({
    name: "asker",
    description: "asks and waits",
    async run(_, ctx) {
      const sure = await ctx.waitForInput({ prompt: "Sure?", schema: z.enum(["yes", "no"]) });
      await ctx.sleep(3 * 24 * 3_600_000);
      return { sure, at: ctx.now() };
    },
  });
  const it = await testAgent(asker);
  const start = it.now;
  const run = await it.run();
  expect([run.state, it.resident]).toEqual(["input-required", 0]);
  await it.crash();
  await run.answer("perhaps");
  expect(run.state).toBe("input-required");
  await run.answer("yes");
  expect([run.state, it.resident]).toEqual(["working", 0]);
  await it.crash();
  await run.advance(2 * 24 * 3_600_000);
  expect(run.state).toBe("working");
  await run.advance(24 * 3_600_000);
  expect(run.output).toEqual({ sure: "yes", at: start + 3 * 24 * 3_600_000 });
  await it.close();
});

test("sleeps that end on the way of one advance end at their own times", async () => {
  const sleeper = agent({
    name: "sleeper",
    description: "sleeps twice",
    async run(_, ctx) {
      await ctx.sleep(60_000);
      const first = ctx.now();
      await ctx.sleep(60_000);
      return [first, ctx.now()];
    },
  });
  const it = await testAgent(sleeper);
  const start = it.now;
  const run = await it.run();
  await run.advance(200_000);
  expect(run.output).toEqual([start + 60_000, start + 120_000]);
  await it.close();
});

test("a history that went on in a fresh log is replayed with the ids and numbers of that", async () => {
  const again = agent({
    name: "again",
    description: "goes on once",
    async run(task, ctx) {
      await ctx.step("draw", () => 1);
      if (task.continuedFrom === undefined) return ctx.continueAs(ctx.id());
      return [task.continuedFrom, ctx.id(), ctx.random()];
    },
  });
  const it = await testAgent(again);
  const run = await it.run();
  expect(run.state).toBe("completed");
  expect(await replay(run.events, again, run)).toEqual({ ok: true });
  await it.close();
});

test("code may hand on a copy of its context, as it may on a node", async () => {
  const copying = agent({
    name: "copying",
    description: "hands its context on",
    run: (_, ctx) => ({ ...ctx }).step("add", () => 2).then((two) => ({ ...ctx }).memory.get("k").then(() => two)),
  });
  const it = await testAgent(copying);
  expect((await it.run()).output).toBe(2);
  await it.close();
});

test("what is said to a task is there when the code looks, and what it has not read when it goes on", async () => {
  const listener = agent({
    name: "listener",
    description: "hears all it is told",
    async run(task, ctx) {
      const heard = ctx.messages.map(({ parts }) => parts[0]?.text);
      if (task.continuedFrom !== undefined) return [task.continuedFrom, heard];
      await ctx.sleep(60_000);
      const said = ctx.messages.map(({ parts }) => parts[0]?.text);
      await ctx.sleep(60_000);
      return ctx.continueAs(said);
    },
  });
  const it = await testAgent(listener);
  const run = await it.run();
  await run.send("one");
  await run.advance(60_000);
  await run.send("two");
  await run.advance(60_000);
  expect(run.output).toEqual([["one"], ["two"]]);
  expect(await replay(run.events, listener)).toEqual({ ok: true });
  await it.close();
});

for (const when of ["before", "after"] as const)
  test(`access is granted, used in a step and found in no log, also where the process dies ${when} a commit`, async () => {
    const reader = agent({
      name: "reader",
      description: "reads with somebody's token",
      async run(_, ctx) {
        const access = await ctx.waitForAuthorization({ prompt: "May I?", name: "github" });
        return ctx.step("read", async (step) => (await step.credential(access)).value.length);
      },
    });
    const it = await testAgent(reader, { crashAt: [2, 3, 4].map((at) => ({ at, when })) });
    const run = await it.run();
    expect([run.state, it.resident]).toEqual(["auth-required", 0]);
    await run.send("here it is: a-secret-token");
    expect(run.state).toBe("auth-required");
    await run.authorize({ credential: { type: "bearer", value: "the-secret-token" } });
    expect(run.output).toBe(16);
    expect(JSON.stringify([run.events, it.logged])).not.toContain("the-secret-token");
    expect(await replay(run.events, reader)).toEqual({ ok: true });
    await it.close();
  });

test("access is granted to what is asked now, also where it was asked before", async () => {
  const reader = agent({
    name: "reader",
    description: "asks twice",
    async run(_, ctx) {
      const first = await ctx.waitForAuthorization({ prompt: "May I read?", name: "github" });
      const second = await ctx.waitForAuthorization({ prompt: "May I write?", name: "github" });
      return first.reference !== second.reference;
    },
  });
  const it = await testAgent(reader);
  const run = await it.run();
  await run.authorize();
  expect(run.state).toBe("auth-required");
  await run.authorize({ name: "github" });
  expect(run.output).toBe(true);
  await it.close();
});

for (const when of ["before", "after"] as const)
  test(`people decide, one reminds nobody twice, and a crash ${when} any commit changes nothing of it`, async () => {
    const loan = agent({
      name: "loan",
      description: "grants what two people approve of",
      async run(_, ctx) {
        const request = { prompt: "Grant it?", show: { amount: 5000 }, approvers: ["bob", "carol", "dora"] };
        const { choice, by } = await ctx.waitForDecision({ ...request, fourEyes: 2, remindMs: 60_000 });
        return [choice, ...by.map(({ caller }) => caller)];
      },
    });
    const play = async (at: readonly number[]) => {
      const it = await testAgent(loan, { crashAt: at.map((commit) => ({ at: commit, when })) });
      const run = await it.run();
      expect([run.state, it.resident]).toEqual(["input-required", 0]);
      await run.advance(120_000);
      await run.send("yes");
      await run.decide({ by: "bob", choice: "approve" });
      await run.decide({ by: "carol", delegateTo: "eve" });
      await expect(run.decide({ by: "carol", choice: "reject" })).rejects.toThrow(
        "carol is asked for no such decision",
      );
      await run.decide({ by: "eve", choice: "approve", comment: "sound" });
      expect(run.output).toEqual(["approve", "bob", "eve"]);
      expect(await replay(run.events, loan)).toEqual({ ok: true });
      await it.close();
      return {
        commits: it.commits,
        types: run.events.map(({ type }) => type).filter((type) => type.startsWith("approval.")),
      };
    };
    const calm = await play([]);
    expect(calm.types).toEqual([
      ...["approval.reminded", "approval.refused", "approval.answered", "approval.delegated", "approval.answered"],
    ]);
    for (let commit = 1; commit <= calm.commits; commit++) expect((await play([commit])).types).toEqual(calm.types);
  });

test("a task that was rejected says why; replayed, it is rejected again", async () => {
  const picky = agent({
    name: "picky",
    description: "takes nothing",
    run: () => {
      throw new RejectedError("not my field");
    },
  });
  const it = await testAgent(picky);
  const run = await it.run();
  expect([run.state, run.error?.message]).toEqual(["rejected", "not my field"]);
  expect(await replay(run.events, picky)).toEqual({ ok: true });
  await it.close();
});

test("a cancel reaches the code", async () => {
  const waiter = agent({ name: "waiter", description: "waits", run: (_, ctx) => ctx.waitForInput("?") });
  const it = await testAgent(waiter);
  const run = await it.run();
  await run.cancel("enough");
  expect(run.state).toBe("canceled");
  await it.close();
});

test("a scripted model answers in order, tools run, and a crash does not skip an answer", async () => {
  const add = tool({
    name: "add",
    description: "adds",
    input: z.object({ a: z.number(), b: z.number() }),
    execute: ({ a, b }) => a + b,
  });
  const calculator = agent({ name: "calculator", description: "calculates", model: "test/model", tools: [add] });
  const model = [{ toolCalls: [{ id: "1", name: "add", input: { a: 1, b: 2 } }] }, "three"];
  const calm = await testAgent(calculator, { model });
  expect((await calm.run("1 + 2")).output).toBe("three");
  for (let at = 1; at <= calm.commits; at++) {
    const it = await testAgent(calculator, { model, crashAt: at });
    expect((await it.run("1 + 2")).output).toBe("three");
    await it.close();
  }
});

test("replay accepts a change that asks the same and shows both sides of one that does not", async () => {
  const make = (run: NonNullable<ReturnType<typeof agent>["run"]>) => agent({ name: "x", description: "x", run });
  const it = await testAgent(make(async (_, ctx) => (await ctx.step("a", () => 1)) + (await ctx.step("b", () => 2))));
  const { events } = await it.run();
  const same = make(async (_, ctx) => {
    const a = await ctx.step("a", () => 10);
    return a + (await ctx.step("b", () => 20));
  });
  expect(await replay(events, same)).toEqual({ ok: true });
  expect(await replay(events.slice(0, -3), same)).toEqual({ ok: true });
  const renamed = await replay(
    events,
    make(async (_, ctx) => (await ctx.step("a", () => 1)) + (await ctx.step("c", () => 2))),
  );
  expect(renamed).toEqual({ ok: false, diverged: { recorded: ["step:b"], asked: ["step:c"] } });
  const longer = await replay(
    events,
    make(
      async (_, ctx) =>
        (await ctx.step("a", () => 1)) + (await ctx.step("b", () => 2)) + (await ctx.step("c", () => 3)),
    ),
  );
  expect(longer).toEqual({ ok: false, diverged: { recorded: "task.completed", asked: ["step:c"] } });
  const other = await replay(
    events,
    make(async (_, ctx) => (await ctx.step("a", () => 1)) * (await ctx.step("b", () => 2))),
  );
  expect(other).toMatchObject({ ok: false, diverged: { recorded: { output: 3 }, asked: { output: 2 } } });
  await it.close();
});

// ── mistakes of authors ────────────────────────────────────────────────────────────────────────────────────────────

const errorOf = async (
  run: NonNullable<ReturnType<typeof agent>["run"]>,
  more: object = {},
): Promise<PlatformError | undefined> => {
  const it = await testAgent(agent({ name: "mistaken", description: "is wrong", run, ...more }), {
    peers: { known: () => 1 },
  });
  const { error } = await it.run({});
  await it.close();
  return error;
};

test("an unknown agent is named, with those that are there", async () => {
  const error = await errorOf((_, ctx) => ctx.command({ agent: "nobody" }, 1));
  expect(error).toMatchObject({ code: "AGENT_NOT_FOUND", message: expect.stringMatching(/"nobody".*known/) });
});

test("an unknown skill is named, with those that are there", async () => {
  const error = await errorOf((_, ctx) => ctx.command({ capability: "nothing" }, 1));
  expect(error).toMatchObject({ code: "NO_CANDIDATE", message: expect.stringMatching(/nothing.*known/) });
});

test("input that the schema refuses is refused before there is a task, field by field", async () => {
  const it = await testAgent(greeter, world);
  await expect(it.run({ name: 1 })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    violations: [{ field: "name" }],
  });
  await it.close();
});

test("output that the schema refuses fails the task and names the field", async () => {
  const error = await errorOf(() => ({ score: "high" }), { output: z.object({ score: z.number() }) });
  expect(error).toMatchObject({ code: "OUTPUT_MISMATCH", message: expect.stringContaining("score") });
});

test("a result that JSON cannot keep is refused with its place", async () => {
  const error = await errorOf((_, ctx) => ctx.step("load", () => ({ rows: [{ at: new Date(0) }] })));
  expect(error).toMatchObject({
    code: "RESULT_NOT_SERIALISABLE",
    message: expect.stringMatching(/step "load".*rows\[0\]\.at.*Date/),
  });
  const output = await errorOf(() => ({ big: 1n }));
  expect(output).toMatchObject({
    code: "RESULT_NOT_SERIALISABLE",
    message: expect.stringMatching(/output of agent mistaken.*big.*bigint/),
  });
});

test("waiting for something outside ctx parks the task and says so", async () => {
  const error = await errorOf(async () => new Promise(() => {}));
  expect(error).toMatchObject({ code: "OUTSIDE_AWAIT", message: expect.stringContaining("ctx.step") });
});

test("two steps under way with one name are told to take keys", async () => {
  const error = await errorOf((_, ctx) => Promise.all([1, 2].map((n) => ctx.step("same", () => n))));
  expect(error).toMatchObject({ code: "STEP_KEY_COLLISION", message: expect.stringContaining("key") });
});

test("the example of the README does what its comments say", async () => {
  const lender = agent({
    name: "lender",
    description: "lends money",
    async run(task, ctx) {
      const risk = await ctx.command<number>({ agent: "risk-assessor" }, task.input);
      if (risk > 0.5) return (await ctx.waitForInput("Lend all the same?")) === "yes" ? "lent" : "refused";
      await ctx.step("pay", () => "paid");
      return "lent";
    },
  });
  const it = await testAgent(lender, { peers: { "risk-assessor": () => 0.7 } });
  const run = await it.run({ amount: 1000 });
  expect([run.state, it.resident]).toEqual(["input-required", 0]);
  await it.crash();
  await run.answer("yes");
  expect(run.output).toBe("lent");
  await it.close();
});

test("a run has the priority that the test states, and so have its children", async () => {
  const boss = agent({
    name: "boss",
    description: "delegates",
    run: (_, ctx) => ctx.command({ agent: "worker" }, 1, { priority: "urgent" }),
  });
  const it = await testAgent(boss, { peers: { worker: () => "done" } });
  expect((await it.run({}, { priority: "urgent" })).output).toBe("done");
  expect((await it.run({})).error?.code).toBe("PERMISSION_DENIED");
  await it.close();
});

test("signals are given once wherever the process dies, early ones too", async () => {
  const clerk = agent({
    name: "clerk",
    description: "waits for two signals",
    async run(task, ctx) {
      if (task.continuedFrom !== undefined) return [task.continuedFrom, await ctx.waitForSignal("signed")];
      const { amount } = await ctx.waitForSignal("paid", { schema: z.object({ amount: z.number() }) });
      await ctx.step("book", () => amount);
      return ctx.continueAs(amount);
    },
  });
  const tell = async (options: Parameters<typeof testAgent>[1] = {}) => {
    const it = await testAgent(clerk, options);
    const run = await it.run();
    expect([run.state, it.resident]).toEqual(["working", 0]);
    await run.signal("signed", "by ann");
    await run.signal("paid", "soon");
    await run.signal("paid", { amount: 7 });
    expect(run.output).toEqual([7, "by ann"]);
    expect(run.events.filter(({ type }) => type.startsWith("signal.")).map(({ type }) => type)).toEqual([
      ...["signal.received", "signal.received", "signal.refused", "signal.received"],
    ]);
    expect(await replay(run.events, clerk)).toEqual({ ok: true });
    const { commits } = it;
    await it.close();
    return commits;
  };
  const commits = await tell();
  expect(commits).toBeGreaterThan(6);
  for (let at = 1; at <= commits; at++)
    for (const when of ["before", "after"] as const) await tell({ crashAt: { at, when } });
});

test("an event of one agent ends the wait of another, wherever the process dies, and another's does not", async () => {
  const clerk = agent({
    name: "clerk",
    description: "waits for the payment of an order",
    async run(_task, ctx) {
      const before = await ctx.step("open", () => "open");
      const where = "event.payload.order == with.order";
      const { payload, topic } = await ctx.waitForEvent<{ amount: number }>("payment.*", { where, with: { order: 7 } });
      await ctx.step("book", () => payload.amount);
      return [before, topic, payload.amount];
    },
  });
  const bank = agent({
    name: "bank",
    description: "tells of payments",
    async run(_task, ctx) {
      await ctx.sleep(60_000);
      for (const order of [6, 7, 7])
        await ctx.emit("payment.settled", { order, amount: order * 10 }, { durable: true });
    },
  });
  const both = agent({
    name: "both",
    description: "has both at work",
    run: (_task, ctx) =>
      Promise.all([ctx.command({ agent: "clerk" }, null), ctx.command({ agent: "bank" }, null)]).then(([got]) => got),
  });
  const settle = async (options: Parameters<typeof testAgent>[1] = {}) => {
    const it = await testAgent([both, clerk, bank], options);
    const run = await it.run();
    await it.advance(60_000);
    await it.advance(10_000);
    expect(run.output).toEqual(["open", "payment.settled", 70]);
    const { commits } = it;
    await it.close();
    return commits;
  };
  const commits = await settle();
  expect(commits).toBeGreaterThan(8);
  for (let at = 1; at <= commits; at++)
    for (const when of ["before", "after"] as const) await settle({ crashAt: { at, when } });
});
