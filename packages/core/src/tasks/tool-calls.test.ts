import { type BudgetSpec, PlatformError, RetryableError } from "@agentcore/contract";
import type { Guardrail, Tool } from "@agentcore/contract/authoring";
import fc from "fast-check";
import { expect, test } from "vitest";
import { budgetsFor } from "../../test/budgets-for.ts";
import { codeOf, define, EngineWorld, gate, outputOf, type Run, SCOPE } from "../../test/engine-world.ts";
import { makeTool } from "../../test/make-tool.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import type { Budgets, DeclaredPolicy } from "../governance/index.ts";

const OPERATOR = { tenantId: SCOPE.tenantId, caller: "olga", operator: true };
const calls =
  (tool: Tool, input: unknown = { to: "bob" }): Run =>
  async (_task, ctx) =>
    ctx.tool(tool, input);
/** What a call fails with, in words. */
const failure =
  (tool: Tool, input: unknown = { to: "bob" }): Run =>
  (_task, ctx) =>
    ctx.tool(tool, input).catch((error: unknown) => `${(error as PlatformError).code}: ${(error as Error).message}`);

const worldOf = (run: Run, policies: DeclaredPolicy[] = [], more: ConstructorParameters<typeof EngineWorld>[1] = {}) =>
  new EngineWorld([define("clerk", run)], { ...more, tools: { policies: () => policies, ...more.tools } });

test("a permission is held against the scopes of whoever the task works for, in children as well", async () => {
  const tool = makeTool("send", () => "sent", { permission: "mail:send" });
  const chief: Run = async (task, ctx) => ctx.command({ agent: "clerk" }, task.input);
  const world = new EngineWorld([define("clerk", failure(tool)), define("chief", chief)]);
  const outputFor = async (agent: string, scope: Parameters<EngineWorld["submit"]>[3]): Promise<unknown> =>
    outputOf(await world.last(await world.submit(agent, {}, {}, scope)));
  const caller = { ...SCOPE, permissions: ["mail:read"] };
  for (const agent of ["clerk", "chief"]) {
    expect(await outputFor(agent, caller)).toMatch(/^PERMISSION_DENIED: tool send may not run: .* scope mail:send/);
    expect(await outputFor(agent, { ...SCOPE, permissions: ["mail:send"] })).toBe("sent");
    expect(await outputFor(agent, OPERATOR)).toBe("sent");
  }
});

test("a task that an event began works for nobody whose scopes are known", async () => {
  const tool = makeTool("send", () => "sent", { permission: "mail:send" });
  const world = new EngineWorld([
    define("clerk", failure(tool), { subscribes: ["letter"] }),
    define("teller", async (_task, ctx) => ctx.emit("letter", {}, { durable: true })),
  ]);
  await world.submit("teller", {}, {}, OPERATOR);
  await world.quiet();
  const heads = await world.heads();
  const begun = heads.find(({ agent }) => agent === "clerk");
  expect(outputOf(await world.last(begun?.taskId ?? ""))).toContain("nobody knows");
});

test("what a policy says of a call is in the log, and a replay does not look again", async () => {
  const policies: DeclaredPolicy[] = [{ name: "calm", spec: { tools: [{ match: "se*", maxCalls: 1 }] } }];
  const tool = makeTool("send", () => "sent", { readOnly: true });
  const world = worldOf(async (_task, ctx) => {
    const first = await ctx.tool(tool, 1);
    const second = await ctx.tool(tool, 2).catch((error: PlatformError) => error.code);
    await ctx.waitForInput("and?");
    const third = await ctx.tool(tool, 3).catch((error: PlatformError) => error.message);
    return [first, second, third];
  }, policies);
  const taskId = await world.submit("clerk");
  policies[0] = { name: "strict", spec: { tools: [{ match: "send", deny: true, reason: "closed" }] } };
  world.crash();
  await world.say(taskId, "go on");
  expect(outputOf(await world.last(taskId))).toEqual([
    "sent",
    "LIMIT_REACHED",
    "tool send may not run: policy strict denies send: closed",
  ]);
  const decisions = (await world.log(taskId)).flatMap((event) =>
    event.type === "decision.made" && event.data.kind === "guard" ? [event.data] : [],
  );
  expect(decisions).toEqual([
    {
      ...{ path: "decision:tool:send", kind: "guard", choice: "allow", scores: [] },
      value: { approval: false, maxCalls: 1 },
      reasons: ["policy calm narrows se*: maxCalls 1"],
    },
    expect.objectContaining({ path: "decision:tool:send#2#1", choice: "allow" }),
    {
      ...{ path: "decision:tool:send#2#2", kind: "guard", choice: "deny", scores: [] },
      reasons: ["policy strict denies send: closed"],
    },
  ]);
});

test("two calls of one path are not judged at once: what a guardrail said of one is not said of the other, also after a crash", async () => {
  const ran: unknown[] = [];
  const tool = makeTool("send", (input) => void ran.push(input));
  const guard: Guardrail = { name: "guard", tool: ({ input }) => (input === "bad" ? { refuse: "bad" } : undefined) };
  const both: Run = async (_task, ctx) => {
    const said = await Promise.all(
      ["bad", "worse"].map((input) => ctx.tool(tool, input).catch((error: PlatformError) => error.code)),
    );
    await ctx.waitForInput("and?");
    return said;
  };
  const world = new EngineWorld([define("clerk", both, { guardrails: [guard] })]);
  const taskId = await world.submit("clerk");
  world.crash();
  await world.say(taskId, "go on");
  expect(outputOf(await world.last(taskId))).toEqual(["PERMISSION_DENIED", "STEP_KEY_COLLISION"]);
  expect(ran).toEqual([]);
});

test("a call that passes leaves no event of its own", async () => {
  const policies: DeclaredPolicy[] = [{ name: "p", spec: { tools: [{ match: "other", deny: true }] } }];
  const tool = makeTool("send", () => "sent", { permission: "mail:send", maxCalls: 2, readOnly: true });
  const world = worldOf(calls(tool), policies);
  const types = await world.types(await world.submit("clerk", {}, {}, OPERATOR));
  expect(types).toEqual([
    ...["task.submitted", "decision.made", "task.assigned", "task.started", "step.completed", "task.completed"],
  ]);
});

test("limits count over all logs of a task", async () => {
  const tool = makeTool("send", () => "sent", { maxCalls: 3, readOnly: true });
  const world = worldOf(async (task, ctx) => {
    const turn = (task.continuedFrom as number | undefined) ?? 0;
    const said = [];
    for (let count = 0; count < 2; count++)
      said.push(await ctx.tool(tool, count).catch((error: PlatformError) => error.code));
    return turn === 0 ? ctx.continueAs(1) : said;
  });
  expect(outputOf(await world.last(await world.submit("clerk")))).toEqual(["sent", "LIMIT_REACHED"]);
});

test("people approve of exactly what runs, with nothing in memory while they are asked", async () => {
  const ran: unknown[] = [];
  const tool = makeTool("send", (input) => void ran.push(input), { approval: "always", approvers: ["bob"] });
  const world = worldOf(failure(tool));
  const taskId = await world.submit("clerk");
  expect(await world.state(taskId)).toBe("input-required");
  const { engine } = await world.alive();
  expect(engine.resident).toBe(0);
  const bob = { tenantId: SCOPE.tenantId, caller: "bob" };
  const [item] = await world.inbox(bob);
  expect(item?.approval).toMatchObject({ show: { tool: "send", input: { to: "bob" } } });
  expect(ran).toEqual([]);
  await world.decide(taskId, { token: await world.token(taskId, bob), choice: "approve" }, bob);
  expect(ran).toEqual([{ to: "bob" }]);
  expect(await world.state(taskId)).toBe("completed");
});

test("what people refuse does not run, and their comment is told", async () => {
  const tool = makeTool("send", () => "sent", { approval: (input: unknown) => (input as { to: string }).to === "bob" });
  const world = worldOf(failure(tool));
  const taskId = await world.submit("clerk");
  await world.decide(taskId, { token: await world.token(taskId), choice: "reject", comment: "not to bob" });
  expect(outputOf(await world.last(taskId))).toBe("PERMISSION_DENIED: tool send was not approved by ann: not to bob");
  const other = worldOf(failure(tool, { to: "cy" }));
  expect(outputOf(await other.last(await other.submit("clerk")))).toBe("sent");
});

test("where no list of approvers has anybody in common, nothing runs", async () => {
  const tool = makeTool("send", () => "sent", { approval: "always", approvers: ["bob"] });
  const world = worldOf(failure(tool), [{ name: "p", spec: { tools: [{ match: "*", approvers: ["cy"] }] } }]);
  expect(outputOf(await world.last(await world.submit("clerk")))).toMatch(/^PERMISSION_DENIED: .*nobody is in all/);
});

test("a tool that is cut off is made again where it may be, and is of unknown outcome where it may not", async () => {
  for (const [more, expected, runs] of [
    [{ idempotent: true }, "done", 2],
    [{ readOnly: true }, "done", 2],
    [
      {},
      "OUTCOME_UNKNOWN: tool send was begun, and the process that ran it was lost: it may or may not have acted; look before it is called again",
      1,
    ],
  ] as const) {
    const keys: string[] = [];
    const hold = gate();
    const tool = makeTool(
      "send",
      async (_input, { idempotencyKey }) => {
        keys.push(idempotencyKey);
        if (keys.length === 1) await hold.opened;
        return "done";
      },
      more,
    );
    const world = worldOf(failure(tool));
    const taskId = await world.submit("clerk");
    world.crash();
    await world.quiet();
    expect(outputOf(await world.last(taskId))).toBe(expected);
    expect(keys).toHaveLength(runs);
    expect(new Set(keys).size).toBe(1);
  }
});

test("a tool that is not to be believed that it only reads is begun at most once, and guardrails are told", async () => {
  let runs = 0;
  const hold = gate();
  const tool = makeTool(
    "search",
    async () => {
      runs += 1;
      await hold.opened;
    },
    { readOnly: true },
  );
  const seen: unknown[] = [];
  const guard: Guardrail = { name: "seeing", tool: (use) => void seen.push(use.tool.readOnly) };
  const policies: DeclaredPolicy[] = [{ name: "doubt", spec: { tools: [{ match: "*", changes: true }] } }];
  const world = new EngineWorld([define("clerk", failure(tool), { guardrails: [guard] })], {
    tools: { policies: () => policies },
  });
  const taskId = await world.submit("clerk");
  // What was decided of the call stays with it.
  policies.length = 0;
  world.crash();
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toMatch(/^OUTCOME_UNKNOWN/);
  expect([runs, seen]).toEqual([1, [false, false]]);
});

test("the start of a tool goes with what begins the task, and with the result before it", async () => {
  const tool = makeTool("send", () => "sent");
  const first = worldOf(calls(tool));
  await first.submit("clerk");
  const firstCommits = first.commits;
  const later = worldOf(async (_task, ctx) => {
    await ctx.step("look", () => 1);
    return Promise.all([ctx.tool(tool, 1, { key: "a" }), ctx.tool(tool, 2, { key: "b" })]);
  });
  await later.submit("clerk");
  const plain = worldOf(async (_task, ctx) => {
    await ctx.step("look", () => 1);
    return Promise.all([ctx.step("a", () => 1), ctx.step("b", () => 2)]);
  });
  await plain.submit("clerk");
  const step = worldOf(async (_task, ctx) => ctx.step("a", () => 1));
  await step.submit("clerk");
  expect(firstCommits).toBe(step.commits);
  expect(later.commits).toBe(plain.commits);
});

test("a tool that may not act twice is tried again only where it says so itself", async () => {
  const tries: string[] = [];
  const throwing = (error: Error, more: Partial<Tool> = {}): Tool =>
    makeTool(
      "send",
      () => {
        tries.push(error.name);
        throw error;
      },
      more,
    );
  const upstream = new PlatformError("UPSTREAM_FAILED", "down");
  for (const [tool, expected] of [
    [throwing(new Error("odd")), 1],
    [throwing(upstream), 1],
    [throwing(new RetryableError("later")), 4],
    [throwing(upstream, { idempotent: true }), 4],
  ] as const) {
    tries.length = 0;
    const world = worldOf(calls(tool));
    const taskId = await world.submit("clerk");
    await world.advance(10_000);
    expect(await world.state(taskId)).toBe("failed");
    expect(tries).toHaveLength(expected);
  }
});

test("after a tool said that it may be tried again, a crash before that loses no try, and one in it is of unknown outcome", async () => {
  let tries = 0;
  const hold = gate();
  const tool = makeTool("send", async () => {
    tries += 1;
    if (tries === 1) throw new RetryableError("later", { retryAfterMs: 8_000 });
    await hold.opened;
  });
  const world = worldOf(failure(tool));
  const taskId = await world.submit("clerk");
  world.crash();
  await world.advance(8_000);
  expect(tries).toBe(2);
  world.crash();
  await world.quiet();
  expect(outputOf(await world.last(taskId))).toMatch(/^OUTCOME_UNKNOWN/);
  expect(tries).toBe(2);
});

test("a tool whose time is over may have acted, unless it may be called again", async () => {
  const never = (): Promise<never> => new Promise(() => {});
  for (const [more, expected] of [
    [{}, /^OUTCOME_UNKNOWN: .*took longer than 50 ms/],
    [{ idempotent: true }, /^DEADLINE_EXCEEDED/],
  ] as const) {
    const world = worldOf(failure(makeTool("send", never, { ...more, timeoutMs: 1_000 })), [
      { name: "quick", spec: { tools: [{ match: "*", timeoutMs: 50 }] } },
    ]);
    const taskId = await world.submit("clerk");
    await world.advance(5_000);
    expect(outputOf(await world.last(taskId))).toMatch(expected);
  }
});

test("killed at each commit, tools that may not act twice act once at most, and others under one key", async () => {
  const count = async (crashes: ConstructorParameters<typeof EngineWorld>[1]) => {
    const effects = { send: [] as string[], look: [] as string[] };
    const send = makeTool("send", (_input, { idempotencyKey }) => void effects.send.push(idempotencyKey));
    const look = makeTool("look", (_input, { idempotencyKey }) => effects.look.push(idempotencyKey), {
      readOnly: true,
    });
    const world = worldOf(
      async (_task, ctx) => {
        const said: unknown[] = [];
        for (const turn of [1, 2]) {
          await ctx.tool(look, { turn });
          const sent = await Promise.all(
            ["a", "b"].map((key) =>
              ctx.tool(send, { turn, key }, { key: `${key}${turn}` }).catch((error: PlatformError) => error.code),
            ),
          );
          said.push(...sent);
        }
        return said;
      },
      [{ name: "p", spec: { tools: [{ match: "send", maxCalls: 10 }] } }],
      crashes,
    );
    const taskId = await world.submit("clerk");
    await world.advance(60_000);
    return { effects, end: await world.last(taskId), commits: world.commits };
  };
  const { commits, end } = await count({});
  expect(outputOf(end)).toEqual([null, null, null, null]);
  let unknown = 0;
  for (let commit = 1; commit <= commits; commit++)
    for (const when of ["before", "after"] as const) {
      const { effects, end: killed } = await count({ crashes: [{ commit, when }] });
      expect(new Set(effects.send).size, `${when} ${commit}`).toBe(effects.send.length);
      expect(new Set(effects.look).size).toBe(2);
      const said = outputOf(killed) as readonly unknown[];
      // Nothing is lost in silence either: it has acted, or it is told that nobody knows.
      expect(said.filter((each) => each === null).length).toBeLessThanOrEqual(effects.send.length);
      expect(said.every((each) => each === null || each === "OUTCOME_UNKNOWN")).toBe(true);
      unknown += said.filter((each) => each !== null).length;
    }
  expect(unknown).toBeGreaterThan(0);
});

test("a fork of a task in the midst of a tool that may not act twice does not make it again", async () => {
  let runs = 0;
  const hold = gate();
  const tool = makeTool("send", async () => {
    runs += 1;
    await hold.opened;
  });
  const world = worldOf(failure(tool));
  const taskId = await world.submit("clerk");
  const { service } = await world.alive();
  const fork = await service.fork(OPERATOR, taskId);
  await world.quiet();
  expect(outputOf(await world.last(fork.taskId))).toMatch(/^OUTCOME_UNKNOWN/);
  expect(runs).toBe(1);
});

test("a fork takes what was said of its calls, and nobody makes that up", async () => {
  const tool = makeTool("send", () => "sent", { readOnly: true });
  const world = worldOf(failure(tool), [{ name: "p", spec: { tools: [{ match: "*", deny: true }] } }]);
  const taskId = await world.submit("clerk");
  const { service } = await world.alive();
  const set = { "decision:tool:send": "allow" };
  await expect(service.fork(OPERATOR, taskId, { set })).rejects.toMatchObject({
    violations: [{ field: "set.decision:tool:send", description: expect.stringContaining("stays as it is") }],
  });
  const fork = await service.fork(OPERATOR, taskId);
  await world.quiet();
  expect(outputOf(await world.last(fork.taskId))).toMatch(/^PERMISSION_DENIED/);
});

test("a result that the tool's own schema refuses fails the call", async () => {
  const output = {
    "~standard": {
      ...{ version: 1 as const, vendor: "test" },
      validate: (value: unknown) =>
        typeof value === "number" ? { value: value * 2 } : { issues: [{ message: "expected a number" }] },
    },
  };
  const world = worldOf(calls(makeTool("count", () => "three", { output })));
  expect(codeOf(await world.last(await world.submit("clerk")))).toBe("OUTPUT_MISMATCH");
  const fitting = worldOf(calls(makeTool("count", () => 3, { output })));
  expect(outputOf(await fitting.last(await fitting.submit("clerk")))).toBe(6);
});

test("what a tool costs is held before it runs and spent with its result, and shown in usage", async () => {
  const tool = makeTool("search", () => "found", { costUsd: 0.4, readOnly: true });
  const run: Run = async (_task, ctx) => {
    const said = [];
    for (let count = 0; count < 3; count++)
      said.push(await ctx.tool(tool, count).catch((error: PlatformError) => error.code));
    return said;
  };
  const spec: BudgetSpec = { scope: { agent: "*" }, limit: { usd: 1 } };
  const world: EngineWorld = worldOf(run, [], { tools: { budgets: budgetsFor(spec, () => world) } });
  expect(outputOf(await world.last(await world.submit("clerk")))).toEqual(["found", "found", "BUDGET_EXCEEDED"]);
  const [balance] = await world.store.accounts(SCOPE.tenantId, { prefix: "budget/", limit: 10 });
  expect(balance).toMatchObject({ spent: 800_000_000, reserved: 0 });
  const usage = await world.store.usage({ tenantId: SCOPE.tenantId, from: 0, to: Number.MAX_SAFE_INTEGER });
  expect(usage).toMatchObject([{ model: "tool:search", agent: "clerk", calls: 2, costNanoUsd: 800_000_000 }]);
});

test("a tool that says what it cost in truth is booked at that, also where it fails; of one without a price nothing was held", async () => {
  const tool: Tool = {
    ...makeTool("meter", () => "ran", { costUsd: 0.4, readOnly: true }),
    execute: (input, { spent }) => {
      spent?.(0.1);
      spent?.(input as number);
      if (input === 0.2) throw new PlatformError("INVALID_ARGUMENT", "no");
      return "ran";
    },
  };
  const free: Tool = { ...tool, name: "free", costUsd: undefined };
  const run: Run = async (_task, ctx) => {
    const said = [];
    for (const [asked, cost] of [
      [tool, 0.05],
      [tool, 0.2],
      [tool, 0.5],
      [tool, -1],
      [free, 0.1],
    ] as const)
      said.push(await ctx.tool(asked, cost).catch((error: PlatformError) => error.code));
    return said;
  };
  const spec: BudgetSpec = { scope: { agent: "*" }, limit: { usd: 10 } };
  const world: EngineWorld = worldOf(run, [], { tools: { budgets: budgetsFor(spec, () => world) } });
  expect(outputOf(await world.last(await world.submit("clerk")))).toEqual([
    ...["ran", "INVALID_ARGUMENT", "ran", "INVALID_ARGUMENT", "INVALID_ARGUMENT"],
  ]);
  // The fourth said 0.1 before it said what cannot be.
  const [balance] = await world.store.accounts(SCOPE.tenantId, { prefix: "budget/", limit: 10 });
  expect(balance).toMatchObject({ spent: 850_000_000, reserved: 0 });
});

test.each([true, false])(
  "whenever a task ends or leaves its node, a tool costs what its tries cost that began, and nothing stays held (readOnly: %s)",
  async (readOnly) => {
    const act = fc.record({ kind: fc.constantFrom("cancel", "deadline", "drain"), turns: fc.nat(50) });
    await fc.assert(
      fc.asyncProperty(act, fc.nat(12), fc.nat(6), async ({ kind, turns }, lateTurns, storeTurns) => {
        let begun = 0;
        const wait = async (count: number): Promise<void> => {
          for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
        };
        const search = async (): Promise<void> => {
          begun += 1;
          await wait(lateTurns);
        };
        const tool = makeTool("search", search, { costUsd: 0.4, readOnly });
        const spec: BudgetSpec = { scope: { agent: "*" }, limit: { usd: 10 } };
        const budgets: Budgets = budgetsFor(spec, () => world);
        const world: EngineWorld = worldOf((_task, ctx) => ctx.tool(tool, 1), [], {
          wrap: (store) =>
            wrapStore(store, {
              commit: async (next, units) => {
                await wait(storeTurns);
                return next(units);
              },
            }),
          tools: {
            budgets: {
              settlement: (...settled) => budgets.settlement(...settled),
              grant: (...granted) => budgets.grant(...granted),
              reserve: async (request) => {
                const reserved = await budgets.reserve(request);
                await wait(lateTurns);
                return reserved;
              },
            },
          },
        });
        const { service, engine } = await world.alive();
        await world.quiet();
        const deadline = kind === "deadline" ? world.clock.now() + 10 : undefined;
        const request = { target: { agent: "clerk" }, input: null, deadline };
        const submitting = service.submit(SCOPE, request);
        await wait(turns);
        if (kind === "deadline") await world.clock.advance(10);
        else if (kind === "drain") void engine.drain(0).then(() => engine.undrain());
        else submitting.then(({ taskId }) => service.cancel(SCOPE, taskId)).catch(() => undefined);
        await world.advance(5_000);
        expect(await world.store.reservations(SCOPE.tenantId)).toEqual([]);
        const [balance] = await world.store.accounts(SCOPE.tenantId, { prefix: "budget/", limit: 10 });
        expect(balance?.spent ?? 0).toBe(begun * 400_000_000);
      }),
      { numRuns: 100 },
    );
  },
);

test("people are asked for more where a budget says so, before a tool runs that it has too little for", async () => {
  let runs = 0;
  const tool = makeTool("search", () => ++runs, { costUsd: 0.4 });
  const spec: BudgetSpec = {
    ...{ scope: { agent: "*" }, limit: { usd: 0.3 } },
    onExceeded: { ask: { approvers: ["boss"], raise: { usd: 1 } } },
  };
  const world: EngineWorld = worldOf(calls(tool), [], { tools: { budgets: budgetsFor(spec, () => world) } });
  const taskId = await world.submit("clerk");
  expect(runs).toBe(0);
  const boss = { tenantId: SCOPE.tenantId, caller: "boss" };
  await world.decide(taskId, { token: await world.token(taskId, boss), choice: "grant" }, boss);
  expect(outputOf(await world.last(taskId))).toBe(1);
});
