import type { TaskEvent, WorkflowGraph } from "@agentcore/contract";
import { ProgressFold } from "@agentcore/core/workflows";
import { agent, expression, TerminalError, template, workflow } from "@agentcore/sdk";
import { expect, test } from "vitest";
import { z } from "zod";
import { replay, testAgent } from "./index.ts";

const Loan = z.object({ amount: z.number() });

test("a workflow runs its nodes, one after the other, side by side, item by item and in turns", async () => {
  const double = agent({
    name: "double",
    description: "Doubles a number",
    input: z.object({ n: z.number() }),
    output: z.object({ n: z.number() }),
    run: ({ input }) => ({ n: input.n * 2 }),
  });
  const sums = workflow("sums")
    .input(z.object({ n: z.number() }))
    .then(double, { as: "first" })
    .parallel("both", { twice: double, more: (path) => path.step("plus", ({ n }) => ({ n: n + 1 })) })
    .map(
      "each",
      ({ previous }) => [previous.twice.n, previous.more.n],
      (path) => path.step("square", (n) => n * n),
    )
    .loop("grow", (path) => path.step("push", (list) => [...list, list.length]), {
      until: ({ previous, turn }) => previous.length >= 5 && turn === 3,
      maxTurns: 5,
    })
    .decide("size", [{ when: ({ previous }) => previous.length > 100, do: (path) => path.fail("no", "too many") }])
    .build(({ previous, nodes }) => ({ list: previous, first: nodes.first.n }));
  const run = await (await testAgent([sums, double])).run({ n: 1 });
  expect(run.output).toEqual({ list: [16, 9, 2, 3, 4], first: 2 });
});

test("what was chosen stands after a crash, whatever the condition would say then, written down or implied", async () => {
  for (const implied of [undefined, "left"] as const)
    for (const first of ["left", "right"] as const) {
      let asked = 0;
      const chooser = agent({
        name: "chooser",
        description: "Chooses by chance",
        async run(_task, ctx) {
          const way = ctx.decide("way", () => (asked++ === 0 ? first : `${first} again`), {
            ...(implied === undefined ? {} : { implied }),
          });
          await ctx.step(way, () => way);
          return ctx.step("last", () => way);
        },
      });
      const it = await testAgent(chooser, { crashAt: [`step:last`] });
      const run = await it.run();
      expect([implied, first, run.output]).toEqual([implied, first, first]);
      expect(asked).toBe(1);
      const written = run.events.filter(({ type, data }) => type === "decision.made" && data.kind === "choice");
      expect(written).toHaveLength(implied === first ? 0 : 1);
      await it.close();
    }
});

test("what was done is taken back, the last first, before the failure is told", async () => {
  const undone: string[] = [];
  const trip = workflow("trip")
    .input(Loan)
    .step("flight", () => "f1", { undo: (id) => void undone.push(id) })
    .step("hotel", () => "h1", { undo: (id) => void undone.push(id) })
    .step("car", () => {
      throw new TerminalError("no cars left");
    })
    .build();
  const run = await (await testAgent(trip)).run({ amount: 1 });
  expect(undone).toEqual(["h1", "f1"]);
  expect(run.error).toMatchObject({
    code: "AGENT_FAILED",
    message: "node car: no cars left",
    details: { node: "car", undone: [{ node: "hotel" }, { node: "flight" }], stands: [] },
  });
});

test("what cannot be written down fails its node, and what was done before it is taken back", async () => {
  const undone: string[] = [];
  const odd = workflow("odd")
    .step("first", () => "1", { undo: (id) => void undone.push(id) })
    .then({ agent: "peer" }, { as: "asked", input: () => ({ circle: 10n }) })
    .build();
  const run = await (await testAgent(odd, { peers: { peer: () => 1 } })).run();
  expect(run.error).toMatchObject({ code: "RESULT_NOT_SERIALISABLE", details: { node: "asked" } });
  expect(undone).toEqual(["1"]);
});

test("a state too large to go on with in a fresh log ends the run, and what was done is taken back", async () => {
  const undone: string[] = [];
  const large = workflow("large")
    .step("first", () => "1", { undo: (id) => void undone.push(id) })
    .step("list", () => Array.from({ length: 9 }, () => "x".repeat(1_900_000)))
    .map(
      "each",
      ({ previous }) => previous,
      (path) => path.loop("spin", (turn) => turn.step("same", (text) => text), { maxTurns: 40 }),
    )
    .build();
  const run = await (await testAgent(large)).run();
  expect(run.error).toMatchObject({ code: "TOO_LARGE" });
  expect(undone).toEqual(["1"]);
});

test("a wait for a signal goes on with what came, another way when nothing came in time", async () => {
  const order = workflow("order")
    .wait<{ amount: number }, "paid">("paid", {
      signal: "payment",
      timeout: "1h",
      otherwise: (path) => path.step("remind", () => ({ amount: 0 })),
    })
    .build();
  const it = await testAgent(order);
  const paid = await it.run();
  await paid.signal("payment", { amount: 7 });
  expect(paid.output).toEqual({ amount: 7 });
  const late = await it.run();
  await late.advance(3_600_001);
  expect(late.output).toEqual({ amount: 0 });
});

test("a wait for an event goes on with the one that fits what the workflow knows, wherever the process dies", async () => {
  const Order = z.object({ order: z.string() });
  const delivery = workflow("delivery")
    .input(Order)
    .step("reserve", () => ({ items: [{ sku: "a" }, { sku: "b" }] }))
    .wait<{ amount: number }, "paid">("paid", {
      event: {
        topic: "payment.*",
        where: "event.payload.order == input.order && nodes.reserve.items.exists(item, item.sku == event.payload.sku)",
      },
      timeout: "1h",
      otherwise: (path) => path.step("remind", () => ({ amount: 0 })),
    })
    .build();
  const bank = agent({
    name: "bank",
    description: "tells of payments",
    async run(_task, ctx) {
      await ctx.sleep(60_000);
      for (const [order, sku] of [
        ["6", "a"],
        ["7", "c"],
        ["7", "b"],
      ] as const)
        await ctx.emit("payment.settled", { order, sku, amount: Number(order) }, { durable: true });
    },
  });
  const both = workflow("both").input(Order).parallel("side", { delivery, bank }).build();
  const settle = async (options: Parameters<typeof testAgent>[1] = {}) => {
    const it = await testAgent([both, delivery, bank], options);
    const [run] = [await it.run({ order: "7" })];
    await it.advance(60_001);
    await it.advance(10_000);
    expect(run.output).toMatchObject({ delivery: { order: "7", sku: "b", amount: 7 } });
    const { commits } = it;
    await it.close();
    return commits;
  };
  const commits = await settle();
  for (let at = 2; at <= commits; at += 3) await settle({ crashAt: { at, when: at % 2 === 0 ? "before" : "after" } });
  const it = await testAgent(delivery);
  const late = await it.run({ order: "7" });
  await late.advance(3_600_001);
  expect(late.output).toEqual({ amount: 0 });
});

test("an approval shows what it is about, leads on by what was chosen, and another way when nobody chose", async () => {
  const offer = workflow("offer")
    .input(Loan)
    .approve("officer", {
      prompt: "Lend ${input.amount}?",
      show: ({ input }) => ({ amount: input.amount }),
      expiresAfter: "1d",
      on: { reject: (path) => path.fail("declined", "declined by ${nodes.officer.by[0].caller}") },
      otherwise: (path) => path.fail("nobody", "nobody decided"),
    })
    .step("lend", ({ choice }) => choice)
    .build();
  const it = await testAgent(offer);
  const [approved, rejected, expired] = [
    await it.run({ amount: 5 }),
    await it.run({ amount: 6 }),
    await it.run({ amount: 7 }),
  ];
  expect(approved.state).toBe("input-required");
  await approved.decide({ choice: "approve" });
  expect(approved.output).toBe("approve");
  await rejected.decide({ choice: "reject" });
  expect(rejected.error?.message).toBe("node declined: declined by test");
  await expired.advance(86_400_001);
  expect(expired.error?.message).toBe("node nobody: nobody decided");
});

test("who does a node is chosen as the run goes on, by a function or an expression", async () => {
  const Parts = z.object({ parts: z.array(z.object({ by: z.string(), n: z.number() })) });
  const peers = { odd: (n: unknown) => `odd ${String(n)}`, even: (n: unknown) => `even ${String(n)}` };
  const assign = workflow("assign")
    .input(Parts)
    .map(
      "each",
      ({ input }) => input.parts,
      (path) =>
        path.then<string, "work">(
          { target: ({ item }) => ({ agent: (item as { by: string }).by }) },
          { as: "work", input: expression("item.n") },
        ),
    )
    .build();
  const written = workflow("written")
    .input(Parts)
    .map("each", expression<readonly unknown[]>("input.parts"), (path) =>
      path.then({ target: expression(`{"agent": item.by}`) }, { as: "work", input: template("${item.n}") }),
    )
    .build(template({ all: "${nodes.each}" }));
  expect(written.workflow?.functions).toEqual({});
  const input = {
    parts: [
      { by: "odd", n: 1 },
      { by: "even", n: 2 },
    ],
  };
  const test = await testAgent([assign, written], { peers });
  expect((await test.run(input)).output).toEqual(["odd 1", "even 2"]);
  expect((await test.run(input, { target: { agent: "written" } })).output).toEqual({ all: ["odd 1", "even 2"] });
  const nobody = await test.run({ parts: [{ by: "Not A Name", n: 1 }] });
  expect(nobody.error).toMatchObject({
    code: "WORKFLOW_FAILED",
    message: expect.stringContaining(
      'node work: target: expected { agent }, { capability } or { need } with its name, got {"agent":"Not A Name"}',
    ),
  });
});

test("branches under way are ended as soon as those that are done decide, also after a crash", async () => {
  const ended: string[] = [];
  const slow = agent({
    name: "slow",
    description: "Never answers",
    run: async (_task, ctx) => {
      ctx.signal.addEventListener("abort", () => ended.push("slow"));
      await ctx.sleep(1_000_000);
    },
  });
  const race = (until: string | ((branches: Readonly<Record<string, unknown>>) => boolean)) =>
    workflow("race")
      .parallel("all", { a: { ...slow, name: "one" }, b: { ...slow, name: "two" }, c: slow }, { until })
      .build();
  const peers = { one: () => "yes", two: () => "yes" };
  for (const until of [
    'size(branches.filter(name, branches[name] == "yes")) == 2',
    (branches: Readonly<Record<string, unknown>>) =>
      Object.values(branches).filter((each) => each === "yes").length === 2,
  ]) {
    const commits = await (async () => {
      const test = await testAgent([race(until), slow], { peers });
      const run = await test.run({});
      expect(run.output).toEqual({ a: "yes", b: "yes" });
      expect(
        run.events
          .filter(({ type }) => type === "decision.made")
          .map(({ data }) => (data as { choice?: string }).choice),
      ).toEqual(expect.arrayContaining(["open", "decided"]));
      return test.commits;
    })();
    for (let crashAt = 1; crashAt <= commits; crashAt++) {
      const test = await testAgent([race(until), slow], { peers, crashAt });
      const run = await test.run({});
      expect(run.output).toEqual({ a: "yes", b: "yes" });
    }
  }
});

test("a condition of branches that is none fails where it stands", async () => {
  const wrong = workflow("wrong")
    .parallel(
      "all",
      { a: (path) => path.step("x", () => 1), b: (path) => path.step("y", () => 2) },
      { until: "branches.a" },
    )
    .build();
  const run = await (await testAgent(wrong)).run({});
  expect(run.error).toMatchObject({ message: expect.stringContaining("branches.a: expected true or false, got 1") });
});

test("a function that takes its time and breaks down fails its node, and a schema of outputs that does its workflow, and no more", async () => {
  const breaksDown = async (): Promise<never> => {
    throw new Error("the directory is away");
  };
  const late = workflow("late").decide("way", [{ when: breaksDown as never, do: (path) => path.step("x", () => 1) }]);
  const decided = await (await testAgent(late.build())).run({});
  expect(decided.error?.message).toContain("conditions decide at once");
  const built = workflow("plain")
    .step("one", () => 1)
    .build();
  const output = { "~standard": { version: 1, vendor: "test", validate: breaksDown } };
  const run = await (await testAgent({ ...built, output } as never)).run({});
  expect(run.error?.message).toContain("the directory is away");
  // A rejection that nobody takes fails the run of the tests, as it ends a node.
  await new Promise((resolve) => setImmediate(resolve));
});

test("what is done instead of a node that failed stands in for it, and knows why", async () => {
  const asked = workflow("asked")
    .input(Loan)
    .then<number, "rate">(
      { agent: "bank" },
      {
        as: "rate",
        catch: (path) =>
          path.step("guess", (why: string) => why.length, { input: ({ errors }) => errors["rate"]?.message ?? "" }),
      },
    )
    .step("double", (rate) => rate * 2)
    .build(({ previous, nodes }) => ({ double: previous, rate: nodes.rate }));
  const closed = await testAgent(asked, {
    peers: {
      bank: () => {
        throw new TerminalError("closed");
      },
    },
  });
  expect((await closed.run({ amount: 1 })).output).toEqual({ double: 12 });
  const open = await testAgent(asked, { peers: { bank: () => 4 } });
  expect((await open.run({ amount: 1 })).output).toEqual({ double: 8, rate: 4 });
});

test("a condition that fails fails again after a crash, and what was done is taken back", async () => {
  const flow = (undone: string[]) =>
    workflow("flow")
      .step("first", () => "1", { undo: (id) => void undone.push(id) })
      .step("second", () => "2", { undo: (id) => void undone.push(id) })
      .loop("grow", (path) => path.step("push", () => ({ n: 1 })), { until: "previous.missing == 3", maxTurns: 3 })
      .build();
  const it = await testAgent(flow([]));
  const whole = await it.run();
  expect(whole.error).toMatchObject({ code: "EXPRESSION_FAILED", details: { node: "grow" } });
  for (let at = 1; at <= it.commits; at++)
    for (const when of ["before", "after"] as const) {
      const undone: string[] = [];
      const crashed = await testAgent(flow(undone), { crashAt: { at, when } });
      const run = await crashed.run();
      expect([at, when, run.error?.message]).toEqual([at, when, whole.error?.message]);
      expect([...new Set(undone)]).toEqual(["2", "1"]);
    }
});

const begins = <Value>(value: Value) => {
  let times = 0;
  return () => {
    times += 1;
    if (times === 1) throw new TerminalError("not yet");
    return value;
  };
};

test("an expression that fails fails again after a crash, though it would give something then", async () => {
  // What is written down of it is not there yet when the process dies before that.
  const written = ({ events }: { events: readonly TaskEvent[] }) =>
    events.flatMap(({ type, data }) =>
      type === "decision.made" && "choice" in data && data.choice?.startsWith("!") === true ? [data.path] : [],
    );
  const flows = {
    "decision:asked": () =>
      workflow("input")
        .step("first", () => 1)
        .step("asked", (n: number) => String(n), {
          input: begins(2),
          catch: (path) => path.step("instead", () => "instead"),
        })
        .build(),
    "decision:each": () =>
      workflow("items")
        .step("first", () => 1)
        .map("each", begins([1, 2]), (path) => path.step("one", (n) => n))
        .build(),
    "decision:both-fork": (sum = begins(3)) =>
      workflow("merged")
        .parallel(
          "both",
          { left: (path) => path.step("one", () => 1), right: (path) => path.step("two", () => 2) },
          { merge: ({ left, right }) => sum() + left + right },
        )
        .build(),
    "decision:end": () =>
      workflow("output")
        .step("first", () => 1, { undo: () => undefined })
        .build(begins(4)),
  };
  for (const [place, flow] of Object.entries(flows)) {
    const it = await testAgent(flow());
    const whole = await it.run();
    expect([place, whole.state]).toEqual([place, place === "decision:asked" ? "completed" : "failed"]);
    for (let at = 1; at <= it.commits; at++) {
      const run = await (await testAgent(flow(), { crashAt: { at, when: "after" } })).run();
      if (written(run).length === 0) continue;
      expect([place, at, run.state, written(run)]).toEqual([place, at, whole.state, [place]]);
    }
    expect(written(whole)).toEqual([place]);
  }
});

test("a log of before, which has no word of an expression that failed, goes on as it did", async () => {
  const flow = workflow("flow")
    .step("draft", () => 1, {
      input: ({ nodes }: { nodes: { instead?: number } }) => {
        if (nodes.instead === undefined) throw new TerminalError("nothing to draft of");
      },
      catch: (path) => path.step("instead", () => 2),
    })
    .gate("good", { pass: ({ turn }) => turn === 2, again: "draft" })
    .build();
  const { events } = await (await testAgent(flow)).run();
  const before = JSON.parse(
    JSON.stringify(events.filter(({ data }) => !JSON.stringify(data).includes('"!'))).replaceAll("draft@2", "draft"),
  ) as readonly TaskEvent[];
  expect(before).toHaveLength(events.length - 1);
  expect(await replay(before, flow)).toEqual({ ok: true });
  expect(await replay(events, flow)).toEqual({ ok: true });
});

const nodesOf = (graph: WorkflowGraph | undefined, events: readonly TaskEvent[]) => {
  const fold = new ProgressFold(graph as WorkflowGraph);
  for (const event of events) fold.apply(event);
  return fold.view().nodes;
};
const progressOf = (graph: WorkflowGraph | undefined, events: readonly TaskEvent[]) =>
  Object.fromEntries(nodesOf(graph, events).map(({ id, state }) => [id, state]));

test("progress tells of nodes that failed before they began, and of what stopped a run from outside of its graph", async () => {
  const refused = workflow("refused")
    .step("first", () => "1", { undo: () => undefined })
    .then({ agent: "peer" }, { as: "asked", input: () => ({ circle: 10n }) })
    .build();
  const run = await (await testAgent(refused, { peers: { peer: () => 1 } })).run();
  expect(progressOf(refused.workflow?.graph, run.events)).toEqual({ first: "undone", asked: "failed", end: "skipped" });
  const { events } = run;
  const last = events.findIndex(({ type }) => type === "task.failed");
  expect(progressOf(refused.workflow?.graph, events.slice(0, last))).toMatchObject({
    first: "undone",
    asked: "failed",
  });
  const merged = workflow("merged")
    .step("first", () => "1", { undo: () => undefined })
    .parallel("both", { left: (path) => path.step("one", () => 1) }, { merge: () => 10n })
    .build();
  const unmerged = await (await testAgent(merged)).run();
  expect(progressOf(merged.workflow?.graph, unmerged.events.slice(0, -2))).toMatchObject({
    ...{ first: "undoing", one: "done", "both-fork": "failed", both: "skipped" },
  });
  const broken = workflow("broken")
    .step("first", () => "1", {
      undo: {
        by: () => undefined,
        input: () => {
          throw new Error("gone");
        },
      },
    })
    .fail("no", "never mind")
    .build();
  const asks = await (await testAgent(broken)).run();
  expect(asks.state).toBe("input-required");
  const shown = nodesOf(broken.workflow?.graph, asks.events).find(({ id }) => id === "first");
  expect(shown).toMatchObject({ waitsFor: "person", error: { message: "gone" } });
  expect(progressOf(broken.workflow?.graph, asks.events)).toMatchObject({ first: "undoing", no: "done" });
  await asks.decide({ choice: "leave" });
  expect(progressOf(broken.workflow?.graph, asks.events)).toMatchObject({ first: "stands" });
});

test("what one function does to its input is seen by no other: it is refused", async () => {
  const sorting = workflow("sorting")
    .step("list", () => [3, 1, 2])
    .map(
      "each",
      ({ previous }) => previous.toReversed(),
      (path) => path.step("same", (n) => n),
    )
    .decide("size", [
      { when: ({ nodes }) => nodes.list.sort((a, b) => a - b)[0] === 1, do: (path) => path.step("small", () => 0) },
    ])
    .build();
  const run = await (await testAgent(sorting)).run();
  expect(run.error).toMatchObject({ details: { node: "size" } });
  expect(run.error?.message).toContain("read only");
});

test("an output that is refused fails the workflow while what was done can be taken back", async () => {
  const undone: string[] = [];
  const begun = workflow("begun").step("first", () => "1", { undo: (id) => void undone.push(id) });
  const circular = await (await testAgent(begun.build(() => ({ x: 10n })))).run();
  expect(circular.error?.code).toBe("RESULT_NOT_SERIALISABLE");
  const misfit = { ...begun.build(() => ({ x: 1 })), output: z.object({ x: z.string() }) };
  expect((await (await testAgent(misfit as never)).run()).error?.code).toBe("OUTPUT_MISMATCH");
  expect(undone).toEqual(["1", "1"]);
});

test("what goes on beside waits that may never end goes on in as many logs as it takes, and the waits with it", async () => {
  const slow = agent({
    name: "slow",
    description: "Sleeps for an hour",
    run: (_task, ctx) => ctx.sleep(3_600_000).then(() => "woken"),
  });
  const race = workflow("race")
    .parallel("beside", {
      halt: (path) => path.wait("halt", { signal: "halt" }),
      ask: (path) => path.approve("ask", { prompt: "Enough?", approvers: ["bob"] }),
      child: (path) => path.then(slow, { as: "child" }),
      poll: (path) => path.loop("poll", (turn) => turn.step("look", () => 1), { maxTurns: 9_000 }),
    })
    .build();
  const run = await (await testAgent([race, slow])).run();
  const token = await run.token("bob");
  const fresh = run.events.filter(({ type }) => type === "checkpoint.created");
  expect(fresh.length).toBeGreaterThan(9_000 / 600);
  expect(run.events.filter(({ type }) => type === "task.inputRequired")).toHaveLength(1);
  await run.decide({ by: "bob", token, choice: "approve" });
  await run.signal("halt", "halted");
  await run.advance(3_600_000);
  expect(run.output).toMatchObject({ poll: 1, halt: "halted", ask: { choice: "approve" }, child: "woken" });
}, 60_000);

test("a workflow whose results are too large for a checkpoint comes to its end in the log that it has", async () => {
  const large = workflow("large")
    .step("one", () => "x".repeat(9_000_000))
    .step("two", () => "x".repeat(9_000_000))
    .loop("on", (turn) => turn.step("turn", () => 1), { maxTurns: 700 })
    .build();
  const run = await (await testAgent(large)).run();
  expect(run.output).toBe(1);
  expect(run.events.map(({ type }) => type)).not.toContain("checkpoint.created");
}, 60_000);

test("thousands of effects are taken back in as many logs as it takes", async () => {
  let undone = 0;
  const many = workflow("many")
    .step("list", () => Array.from({ length: 6_000 }, (_, index) => index))
    .map(
      "each",
      ({ previous }) => previous,
      (path) => path.step("book", (n) => n, { undo: () => void undone++ }),
      {
        concurrency: 500,
      },
    )
    .fail("no", "never mind")
    .build();
  const run = await (await testAgent(many)).run();
  expect(run.state).toBe("failed");
  expect(undone).toBe(6_000);
}, 60_000);

test("choices without anything to be done between them come to an end", async () => {
  const idle = workflow("idle")
    .loop("spin", (path) => path.decide("either", [{ when: "true", do: (way) => way }]), { maxTurns: 1_000_000 })
    .build();
  const run = await (await testAgent(idle)).run();
  expect(run.error?.message).toContain("without anything to be done");
});

test("what a workflow within says of its failure stands below what the one around it says", async () => {
  const outer = workflow("outer")
    .step("first", () => 1, { undo: () => undefined })
    .then({ agent: "inner" }, { as: "sub" })
    .build();
  const inner = () => {
    throw new TerminalError("boom", { details: { node: "c2", undone: [], stands: [{ node: "c1" }] } });
  };
  const run = await (await testAgent(outer, { peers: { inner } })).run();
  expect(run.error?.details).toMatchObject({
    node: "sub",
    undone: [{ node: "first" }],
    stands: [],
    cause: { node: "c2", stands: [{ node: "c1" }] },
  });
});

test("a workflow is replayed from its log, and forked at any event it comes to the same end, with nothing done again", async () => {
  const done: string[] = [];
  const work =
    <Input, Output>(name: string, result: (input: Input) => Output) =>
    (input: Input): Output => {
      done.push(name);
      return result(input);
    };
  const triage = workflow("triage")
    .input(z.object({ n: z.number() }))
    .step(
      "first",
      work("first", ({ n }: { n: number }) => n),
    )
    .parallel("both", {
      left: (path) =>
        path.step(
          "left",
          work("left", (n: number) => n + 1),
        ),
      right: (path) =>
        path.step(
          "right",
          work("right", (n: number) => n + 2),
        ),
    })
    .map(
      "each",
      ({ previous }) => [previous.left, previous.right],
      (path) => path.step("square", (n) => n * n),
    )
    .loop("grow", (path) => path.step("push", (list) => [...list, list.length]), {
      until: ({ turn }) => turn === 3,
      maxTurns: 5,
    })
    .build();
  const it = await testAgent(triage);
  const run = await it.run({ n: 1 });
  expect(run.output).toEqual([4, 9, 2, 3, 4]);
  expect(await replay(run.events, triage, run)).toEqual({ ok: true });
  const names = (events: typeof run.events, upTo: number) =>
    events.flatMap(({ seq, type, data }) => (seq <= upTo && type === "step.completed" ? [data.path] : []));
  for (const { seq } of run.events) {
    done.length = 0;
    const fork = await it.fork(run, { at: seq });
    expect(fork.output, `forked at ${seq}`).toEqual(run.output);
    const recorded = names(run.events, seq);
    expect(
      done.filter((name) => recorded.includes(`step:${name}`) || recorded.some((path) => path.endsWith(`/${name}`))),
    ).toEqual([]);
    expect(await replay(fork.events, triage, fork)).toEqual({ ok: true });
  }
  const changed = await it.fork(run, { set: { "step:first": 10 } });
  expect(changed.output).toEqual([121, 144, 2, 3, 4]);
});
