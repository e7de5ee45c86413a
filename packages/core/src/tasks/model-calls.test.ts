import { type BudgetSpec, PlatformError } from "@agentcore/contract";
import type { ModelResponse } from "@agentcore/contract/authoring";
import { expect, test } from "vitest";
import { type Crash, define, EngineWorld, gate, outputOf, type Run, SCOPE } from "../../test/engine-world.ts";
import { wrapStore } from "../../test/wrap-store.ts";
import { Budgets, budgetExceeded } from "../governance/index.ts";
import { createMemoryKeyValue } from "../inprocess/index.ts";
import type { BudgetGrant, CommitUnit, ModelAnswer, ModelCall, ModelProvider, Settlement } from "../ports/index.ts";
import { createSequentialIds } from "../testing/index.ts";

const ANSWER: ModelResponse = {
  ...{ text: "a word", toolCalls: [], finishReason: "stop" },
  usage: { inputTokens: 3, outputTokens: 2 },
};
const USAGE = {
  ...{ hour: 0, agent: "writer", team: "", model: "m", caller: "ann" },
  ...{ calls: 1, estimatedCalls: 0, inputTokens: 3, cachedInputTokens: 0, outputTokens: 2 },
  ...{ costNanoUsd: 5, cacheHits: 0, savedNanoUsd: 0 },
};
const SETTLEMENT: Settlement = { key: "k", amounts: [{ account: "a", amount: 5 }], usage: USAGE };
const GRANT: BudgetGrant = {
  budget: "desk",
  grants: [{ account: "budget/desk", amount: 100 }],
  ...{ more: "100 tokens", approvers: ["boss"] },
};
const exceeded = (): PlatformError =>
  new PlatformError("BUDGET_EXCEEDED", "budget desk: $1 of $1 spent", { details: { budget: "desk", grant: GRANT } });

const BOSS = { tenantId: SCOPE.tenantId, caller: "boss" };

interface Asked {
  readonly calls: ModelCall[];
  readonly grants: { readonly grant: BudgetGrant; readonly id: string }[];
  readonly units: CommitUnit[];
  /** By the number of units that were committed when it was told. */
  readonly settled: { readonly settlements: readonly Settlement[]; readonly units: number }[];
  readonly world: EngineWorld;
}

const asking = (
  generate: (call: ModelCall, asked: number, world: EngineWorld) => Promise<ModelAnswer> | ModelAnswer,
  run: Run,
  crashes: readonly Crash[] = [],
): Asked => {
  const calls: ModelCall[] = [];
  const grants: Asked["grants"] = [];
  const units: CommitUnit[] = [];
  const settled: Asked["settled"] = [];
  let committed = 0;
  const models: ModelProvider = {
    settled: (_tenantId, settlements) => void settled.push({ settlements, units: committed }),
    async generate(_request, call) {
      calls.push(call);
      return generate(call, calls.length, world);
    },
    async grant(_tenantId, grant, id) {
      grants.push({ grant, id });
    },
  };
  const world: EngineWorld = new EngineWorld([define("writer", run, { model: "m", labels: { team: "desk" } })], {
    ...{ models, crashes },
    wrap: (store) =>
      wrapStore(store, {
        commit: async (commit, written) => {
          units.push(...written);
          const outcomes = await commit(written);
          committed += written.length;
          return outcomes;
        },
      }),
  });
  return { calls, grants, units, settled, world };
};

const HI = [{ role: "user" as const, content: "hi" }];
const write: Run = async (_task, ctx) => (await ctx.model({ messages: HI })).text;
const writeLetter: Run = async (_task, ctx) => (await ctx.model({ messages: HI, artifact: { name: "letter" } })).text;
const chunksOf = async (world: EngineWorld, taskId: string) =>
  (await world.log(taskId)).flatMap((event) =>
    event.type === "artifact.appended"
      ? [[event.data.artifact.parts[0]?.text, event.data.append, event.data.lastChunk]]
      : [],
  );

test("what a call cost is written in the unit that has its answer, and told when that is committed", async () => {
  const { world, units, settled, calls } = asking(() => ({ response: ANSWER, settlement: SETTLEMENT }), write);
  const taskId = await world.submit("writer");
  expect(outputOf(await world.last(taskId))).toBe("a word");
  const settling = units.filter(({ settle }) => settle !== undefined);
  expect(settling).toHaveLength(1);
  expect(settling[0]?.settle).toEqual([SETTLEMENT]);
  expect(settling[0]?.append?.events.map(({ type }) => type)).toContain("step.completed");
  expect(settled.map(({ settlements }) => settlements)).toEqual([[SETTLEMENT]]);
  expect(settled[0]?.units).toBeGreaterThan(units.findIndex(({ settle }) => settle !== undefined));
  expect(calls).toMatchObject([
    {
      ...{ tenantId: "acme", agent: "writer", labels: { team: "desk" }, caller: "ann", priority: "normal" },
      task: { id: taskId, runId: taskId },
    },
  ]);
});

test("why a model was chosen is in the log before its answer", async () => {
  const decision = { choice: "small", reasons: ["cheapest"], scores: [{ candidate: "small", score: 1 }] };
  const { world } = asking(() => ({ response: ANSWER, decision }), write);
  const events = await world.log(await world.submit("writer"));
  const index = events.findIndex((event) => event.type === "decision.made" && event.data.kind === "model");
  expect(events[index]?.data).toEqual({ path: "model:m", kind: "model", ...decision });
  expect(events[index + 1]).toMatchObject({ type: "step.completed", data: { path: "model:m" } });
});

test("an answer that comes when its task has been canceled is settled all the same", async () => {
  const answered = gate();
  const { world, units, settled, calls } = asking(async () => {
    await answered.opened;
    return { response: ANSWER, settlement: SETTLEMENT };
  }, write);
  const taskId = await world.submit("writer");
  expect(calls).toHaveLength(1);
  await world.cancel(taskId);
  await world.advance(60_000);
  expect(await world.state(taskId)).toBe("canceled");
  answered.open();
  await world.quiet();
  expect(units.at(-1)).toEqual({ tenantId: SCOPE.tenantId, settle: [SETTLEMENT] });
  expect(settled).toHaveLength(1);
});

test("text comes into its artifact by the quarter of a second, and begins anew with another try", async () => {
  const { world } = asking(async ({ onText }, asked) => {
    if (asked === 1) {
      onText?.("lost ", true);
      await world.clock.advance(250);
      throw new PlatformError("UPSTREAM_FAILED", "cut off", { retryable: true });
    }
    onText?.("a ", true);
    onText?.("wo", false);
    await world.clock.advance(250);
    onText?.("rd", false);
    return { response: ANSWER };
  }, writeLetter);
  const taskId = await world.submit("writer");
  await world.advance(1000);
  expect(await world.state(taskId)).toBe("completed");
  expect(await chunksOf(world, taskId)).toEqual([
    ["lost ", false, false],
    ["a wo", false, false],
    ["rd", true, true],
  ]);
});

test("an answer that was not streamed is in its artifact whole", async () => {
  const { world } = asking(() => ({ response: ANSWER }), writeLetter);
  expect(await chunksOf(world, await world.submit("writer"))).toEqual([["a word", false, true]]);
});

const SILENT: ModelResponse = { ...ANSWER, text: "", toolCalls: [{ id: "1", name: "t", input: {} }] };
const saysThenFails = async ({ onText }: ModelCall, world: EngineWorld): Promise<never> => {
  onText?.("lost ", true);
  await world.clock.advance(250);
  throw new PlatformError("UPSTREAM_FAILED", "cut off", { retryable: true });
};

test("of an answer that says nothing, only calls tools, nothing is told", async () => {
  const { world } = asking(() => ({ response: SILENT }), writeLetter);
  const taskId = await world.submit("writer");
  expect(await world.state(taskId)).toBe("completed");
  expect(await chunksOf(world, taskId)).toEqual([]);
});

test("an answer that says nothing takes the place of what another try said, also when its process died since", async () => {
  const failed = asking(
    (call, asked, world) => (asked === 1 ? saysThenFails(call, world) : { response: SILENT }),
    writeLetter,
  );
  const retried = await failed.world.submit("writer");
  await failed.world.advance(1000);
  expect(await chunksOf(failed.world, retried)).toEqual([
    ["lost ", false, false],
    ["", false, true],
  ]);

  const died = asking(
    async ({ onText, signal }, asked, world) => {
      if (asked > 1) return { response: SILENT };
      onText?.("lost ", true);
      await world.clock.advance(250);
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    },
    writeLetter,
    [{ commit: 2, when: "after" }],
  );
  const recovered = await died.world.submit("writer");
  await died.world.advance(1000);
  expect(died.calls).toHaveLength(2);
  expect(await chunksOf(died.world, recovered)).toEqual([
    ["lost ", false, false],
    ["", false, true],
  ]);
});

test("calls that need more of one budget ask people once, and go on when they grant it, whatever dies meanwhile", async () => {
  const run: Run = async (_task, ctx) => {
    const both = await Promise.all(["one", "two"].map((key) => ctx.model({ messages: HI, key })));
    return both.map(({ text }) => text);
  };
  for (let commit = 1; commit <= 9; commit++) {
    for (const when of ["before", "after"] as const) {
      let isGranted = false;
      const { world, grants } = asking(
        () => {
          if (!isGranted) throw exceeded();
          return { response: ANSWER };
        },
        run,
        [{ commit, when }],
      );
      const taskId = await world.submit("writer");
      expect(await world.state(taskId)).toBe("input-required");
      const asked = (await world.log(taskId)).flatMap(({ type, data }) =>
        type === "task.inputRequired" ? [data] : [],
      );
      expect(new Set(asked.map(({ path }) => path))).toEqual(new Set(["approval:approval[budget/desk]"]));
      expect(JSON.stringify(asked)).toContain("budget desk: $1 of $1 spent. Grant 100 tokens more?");
      isGranted = true;
      await world.decide(taskId, { token: await world.token(taskId, BOSS), choice: "grant" }, BOSS);
      await world.advance(1000);
      expect(outputOf(await world.last(taskId))).toEqual(["a word", "a word"]);
      expect(new Set(grants.map(({ id }) => id)).size).toBe(1);
      expect(grants[0]?.grant).toEqual(GRANT);
    }
  }
});

test("a call fails when people refuse more", async () => {
  const { world, calls } = asking(() => {
    throw exceeded();
  }, write);
  const taskId = await world.submit("writer");
  await world.decide(taskId, { token: await world.token(taskId, BOSS), choice: "refuse" }, BOSS);
  expect(await world.last(taskId)).toMatchObject({ type: "task.failed", data: { error: { code: "BUDGET_EXCEEDED" } } });
  expect(calls).toHaveLength(1);
});

test("calls that need more of two limits of one budget ask people for each", async () => {
  const grants: BudgetGrant[] = ["usd", "tokens"].map((measure) => ({
    ...GRANT,
    grants: [{ account: `budget/desk/${measure}`, amount: 100 }],
  }));
  let isGranted = false;
  const { world, grants: granted } = asking(
    (_call, asked) => {
      if (isGranted) return { response: ANSWER };
      throw new PlatformError("BUDGET_EXCEEDED", "used up", { details: { grant: grants[asked - 1] } });
    },
    async (_task, ctx) => {
      const both = await Promise.all(["one", "two"].map((key) => ctx.model({ messages: HI, key })));
      return both.map(({ text }) => text);
    },
  );
  const taskId = await world.submit("writer");
  expect(await world.state(taskId)).toBe("input-required");
  isGranted = true;
  for (let answer = 0; answer < 2; answer++)
    await world.decide(taskId, { token: await world.token(taskId, BOSS), choice: "grant" }, BOSS);
  await world.advance(1000);
  expect(outputOf(await world.last(taskId))).toEqual(["a word", "a word"]);
  expect(granted.map(({ grant }) => grant.grants[0]?.account).toSorted()).toEqual([
    "budget/desk/tokens",
    "budget/desk/usd",
  ]);
});

/** Each call may cost 10 tokens, and does; one yes adds `raise`. */
const bounded = (raise: number) => {
  const spec: BudgetSpec = {
    ...{ scope: { tenant: "*" }, limit: { tokens: 5 } },
    onExceeded: { ask: { raise: { tokens: raise }, approvers: ["boss"] } },
  };
  const budgets: Budgets = new Budgets({
    declared: () => [{ name: "desk", declaredBy: "tenant", spec }],
    store: {
      commit: (units) => world.store.commit(units),
      balances: (...given) => world.store.balances(...given),
      accounts: (...given) => world.store.accounts(...given),
      usage: (...given) => world.store.usage(...given),
    },
    keyValue: createMemoryKeyValue({ clock: { now: () => world.clock.now() } }),
    clock: { now: () => world.clock.now() },
    ids: createSequentialIds("try"),
  });
  const models: ModelProvider = {
    async generate(_request, { tenantId, id, agent, caller }) {
      const spent = { nanoUsd: null, tokens: 10, output: { nanoUsd: 0, tokens: 0 } };
      const reserved = await budgets.reserve({
        ...{ tenantId, key: `model/${id}`, subject: { agent, team: "", caller }, bound: spent, model: "m" },
        ...{ callTimeoutMs: 1000, usage: USAGE },
      });
      if (reserved.outcome === "exceeded") throw budgetExceeded("m", reserved.exceeded, true);
      if (reserved.outcome !== "held") throw new Error("nobody stands in line");
      return { response: ANSWER, settlement: budgets.settlement(reserved.held, spent, USAGE) };
    },
    grant: (...given) => budgets.grant(...given),
  };
  const world: EngineWorld = new EngineWorld([define("writer", write, { model: "m" })], { models });
  const tokens = async (): Promise<unknown> => (await budgets.status(SCOPE.tenantId))[0]?.balances.tokens;
  return { world, tokens };
};

test.each([
  [100, "once, which is enough for all", 105],
  [10, "each time, since each needs as much", 105],
  [40, "as often as too little is left", 125],
] as const)(
  "ten tasks wait for more of one budget, and each is granted %i: it is added %s",
  async (raise, _often, ceiling) => {
    const { world, tokens } = bounded(raise);
    const taskIds: string[] = [];
    for (let count = 0; count < 10; count += 1) taskIds.push(await world.submit("writer"));
    for (const taskId of taskIds) expect(await world.state(taskId)).toBe("input-required");
    for (const taskId of taskIds) {
      await world.decide(taskId, { token: await world.token(taskId, BOSS), choice: "grant" }, BOSS);
      await world.advance(1000);
      expect(outputOf(await world.last(taskId))).toBe("a word");
    }
    expect(await tokens()).toEqual([{ subject: "", spent: 100, reserved: 0, ceiling }]);
  },
);

test("tasks that are granted more at once go on with what the first of them was granted, and ask again only for what that does not hold", async () => {
  const { world, tokens } = bounded(40);
  const taskIds: string[] = [];
  for (let count = 0; count < 10; count += 1) taskIds.push(await world.submit("writer"));
  const waiting = async (): Promise<readonly string[]> => {
    const states = await Promise.all(taskIds.map(async (taskId) => [taskId, await world.state(taskId)] as const));
    return states.flatMap(([taskId, state]) => (state === "input-required" ? [taskId] : []));
  };
  let rounds = 0;
  for (let asking = await waiting(); asking.length > 0; asking = await waiting()) {
    rounds += 1;
    const tokensOf = await Promise.all(asking.map((taskId) => world.token(taskId, BOSS)));
    await Promise.all(
      asking.map((taskId, at) => world.decide(taskId, { token: tokensOf[at]!, choice: "grant" }, BOSS)),
    );
    await world.advance(1000);
  }
  expect(rounds).toBeLessThanOrEqual(3);
  for (const taskId of taskIds) expect(outputOf(await world.last(taskId))).toBe("a word");
  expect(await tokens()).toEqual([{ subject: "", spent: 100, reserved: 0, ceiling: 125 }]);
});

test.each([{ name: "" }, { name: 7 }, { name: "letter", id: "" }, {}])(
  "an artifact that no log can hold, %j, is refused before the model is asked",
  async (artifact) => {
    const { world, calls } = asking(
      () => ({ response: ANSWER }),
      async (_task, ctx) => (await ctx.model({ messages: HI, artifact: artifact as { name: string } })).text,
    );
    const taskId = await world.submit("writer");
    expect(await world.last(taskId)).toMatchObject({
      type: "task.failed",
      data: { error: { code: "INVALID_ARGUMENT" } },
    });
    expect(calls).toEqual([]);
  },
);
