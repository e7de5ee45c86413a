/** What the gateway does with money: reserved before, settled after, whatever becomes of the call. */
import type { BudgetSpec } from "@agentcore/contract";
import { PlatformError } from "@agentcore/contract/errors";
import { spendingIn } from "@agentcore/core/governance";
import type { ModelCall } from "@agentcore/core/ports";
import { describe, expect, test } from "vitest";
import type { TargetCaller } from "../call/create-target-caller.ts";
import { withFailedUsage } from "../call/failed-usage.ts";
import { CALL, createGatewayWorld, HI, TENANT } from "../testing/gateway-world.ts";

const PRICE = { input: 10, output: 30 };
const ENDPOINT = { baseUrl: "http://127.0.0.1:1", price: PRICE, maxOutputTokens: 1000 };
const MODELS = {
  desk: { ...ENDPOINT, model: "desk" },
  small: { ...ENDPOINT, model: "small", price: { input: 0, output: 0 } },
};
const limit = (usd: number, more: Partial<BudgetSpec> = {}): { name: string; spec: BudgetSpec }[] => [
  { name: "all", spec: { scope: { tenant: "*" }, limit: { usd }, ...more } },
];
const usage = { inputTokens: 100, outputTokens: 500 };
// 100 × 10 and 500 × 30 dollars for a million.
const COST = 16_000_000;

type Answer = Awaited<ReturnType<TargetCaller["call"]>>;
const answering = (model = "desk"): Answer => ({
  response: { text: "fine", toolCalls: [], finishReason: "stop", usage, model },
  durationMs: 1,
});
const callerOf = (call: TargetCaller["call"]): TargetCaller => ({
  call,
  embed: () => Promise.reject(new Error("not asked for vectors")),
});
const DOOR: ModelCall = { ...CALL, task: undefined };
const account = `budget/tenant/all/total/usd/`;

const standing = async ({ store }: ReturnType<typeof createGatewayWorld>) => {
  const [balance] = await store.balances(TENANT, [account]);
  const used = await store.usage({ tenantId: TENANT, from: 0, to: Number.MAX_SAFE_INTEGER });
  return { spent: balance?.spent ?? 0, reserved: balance?.reserved ?? 0, used };
};

test("the worst case is held while a call is under way, its bound is asked for, and its cost is spent when it ends", async () => {
  let during: Awaited<ReturnType<typeof standing>> | null = null;
  let mostOutput: number | undefined;
  const world = createGatewayWorld({
    ...{ models: MODELS, budgets: limit(1) },
    caller: callerOf(async (_target, request) => {
      mostOutput = request.maxOutputTokens;
      during = await standing(world);
      return answering();
    }),
  });
  await world.gateway.generate(HI, DOOR);
  expect(mostOutput).toBe(1000);
  expect(during).toMatchObject({ spent: 0, used: [] });
  expect(during!.reserved).toBeGreaterThan(1000 * 30_000);
  expect(await standing(world)).toMatchObject({
    ...{ spent: COST, reserved: 0 },
    used: [{ agent: "desk", caller: "ann", model: "desk", calls: 1, estimatedCalls: 0, costNanoUsd: COST }],
  });
});

test("a task is given its settlement, and nothing is spent before that is committed", async () => {
  const world = createGatewayWorld({ models: MODELS, budgets: limit(1), caller: callerOf(async () => answering()) });
  const { settlement, response } = await world.gateway.generate(HI, CALL);
  expect(response.costUsd).toBe(0.016);
  expect((await standing(world)).spent).toBe(0);
  await world.store.commit([{ tenantId: TENANT, settle: [settlement!] }]);
  expect(await standing(world)).toMatchObject({ spent: COST, reserved: 0 });
});

test("a call that no task's log settles counts in the run that it is told of", async () => {
  const budgets = [{ name: "each", spec: { scope: { run: "*" as const }, limit: { usd: 0.04 } } }];
  const world = createGatewayWorld({ ...{ models: MODELS, budgets }, caller: callerOf(async () => answering()) });
  const ask = (id: string, runId: string) => world.gateway.generate(HI, { ...DOOR, id, runId });
  await ask("one", "r1");
  await expect(ask("two", "r1")).rejects.toMatchObject({ code: "BUDGET_EXCEEDED" });
  expect((await ask("three", "r2")).response.text).toBe("fine");
});

test("two hundred calls at once never spend more than there is, and as many are answered as fit", async () => {
  const world = createGatewayWorld({
    ...{ models: MODELS, budgets: limit(1) },
    caller: callerOf(async () => {
      const { spent, reserved } = await standing(world);
      expect(spent + reserved).toBeLessThanOrEqual(1_000_000_000);
      return answering();
    }),
  });
  let answered = 0;
  const refusals: string[] = [];
  const work = Promise.all(
    Array.from({ length: 200 }, (_, index) =>
      world.gateway.generate(HI, { ...DOOR, id: `call ${index}` }).then(
        () => void answered++,
        (error: unknown) => void refusals.push(PlatformError.from(error).code),
      ),
    ),
  );
  let isDone = false;
  void work.then(() => (isDone = true));
  while (!isDone) await world.clock.advance(100);
  const { spent, reserved } = await standing(world);
  expect(spent).toBe(answered * COST);
  expect([reserved, new Set(refusals)]).toEqual([0, new Set(["BUDGET_EXCEEDED"])]);
  // What is left would not have paid for the worst case of one more.
  expect(1_000_000_000 - spent).toBeLessThan(1000 * 30_000 + 2_000_000);
  expect(answered).toBeGreaterThanOrEqual(60);
});

test("without a price nothing is asked for that a budget of money stands on, and without such a budget it is", async () => {
  const { price: _, ...unpriced } = MODELS.desk;
  const world = createGatewayWorld({
    ...{ models: { desk: unpriced }, budgets: limit(1) },
    caller: callerOf(() => Promise.reject(new Error("asked"))),
  });
  await expect(world.gateway.generate(HI, CALL)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining("has no price") as string,
  });
  const tokens = createGatewayWorld({
    models: { desk: unpriced },
    budgets: [{ name: "all", spec: { scope: { tenant: "*" }, limit: { tokens: 10_000 } } }],
    caller: callerOf(async () => answering()),
  });
  expect((await tokens.gateway.generate(HI, DOOR)).response.text).toBe("fine");
  expect(await tokens.store.balances(TENANT, ["budget/tenant/all/total/tokens/"])).toMatchObject([{ spent: 600 }]);
});

test("a budget may have another model asked, and what that answers is not kept for the first", async () => {
  const asked: string[] = [];
  const world = createGatewayWorld({
    models: { ...MODELS, desk: { ...MODELS.desk, cache: {} } },
    budgets: limit(0.01, { onExceeded: { degrade: "small" } }),
    caller: callerOf(async ({ name }) => {
      asked.push(name);
      return answering(name);
    }),
  });
  const { response, decision } = await world.gateway.generate(HI, CALL);
  expect(response).toMatchObject({ model: "small", costUsd: 0 });
  expect(decision?.reasons?.[0]).toMatch(/^small is asked instead of desk: budget all: \$0\.00 of \$0\.01 spent/);
  await world.gateway.generate(HI, { ...CALL, id: "next" });
  expect(asked).toEqual(["small", "small"]);
});

test("free is what a manifest says costs nothing, and not what nobody knows the price of", async () => {
  const { gateway } = createGatewayWorld({
    models: {
      ...MODELS,
      unpriced: { baseUrl: "http://127.0.0.1:1", model: "m" },
      choice: { candidates: [{ model: "small" }] },
    },
    caller: callerOf(async () => answering()),
  });
  const free = async (name: string): Promise<boolean> => gateway.isFree(TENANT, name);
  expect(await free("small")).toBe(true);
  for (const name of ["desk", "unpriced", "choice", "openai/gpt-5-mini", "nowhere"])
    expect(await free(name)).toBe(false);
});

test("a model that a budget wants asked and that leads nowhere leaves the refusal as it is, and is named in it", async () => {
  const world = createGatewayWorld({
    ...{ models: MODELS, budgets: limit(0.01, { onExceeded: { degrade: "smal" } }) },
    caller: callerOf(() => Promise.reject(new Error("asked"))),
  });
  await expect(world.gateway.generate(HI, DOOR)).rejects.toMatchObject({
    ...{ code: "BUDGET_EXCEEDED", details: { budget: "all", spent: 0 } },
    message: expect.stringMatching(/what the budget wants asked instead cannot be: .*"smal"/) as string,
  });
});

describe("a refusal", () => {
  const refusalOf = async (
    spec: Partial<BudgetSpec>,
    usd: number,
    more: { task?: undefined; maxOutputTokens?: number } = {},
  ) => {
    const { maxOutputTokens, ...call } = more;
    const world = createGatewayWorld({
      ...{ models: MODELS, budgets: limit(usd, spec) },
      caller: callerOf(async () => answering()),
    });
    const request = maxOutputTokens === undefined ? HI : { ...HI, maxOutputTokens };
    return PlatformError.from(
      await world.gateway.generate(request, { ...CALL, ...call }).catch((error: unknown) => error),
    );
  };

  test("names the budget and when there is more, and tells the sums to logs alone", async () => {
    const error = await refusalOf({ period: "month" }, 0.000_001);
    expect(error.message).toBe(
      "budget all has too little left for what this call of desk may cost; its next period begins 2025-07-01T00:00:00.000Z",
    );
    expect(error.details).toMatchObject({ budget: "all", spent: 0, limit: 1000, endsAt: "2025-07-01T00:00:00.000Z" });
    expect(spendingIn(error)).toMatch(
      /^budget all: \$0\.00 of \$0\.0000010 spent, and this call of desk may cost \$0\.\d+$/,
    );
  });

  test.each([undefined, 800])(
    "names maxOutputTokens (%s) where less of it would be paid for",
    async (maxOutputTokens) => {
      const error = await refusalOf({}, 0.02, maxOutputTokens === undefined ? {} : { maxOutputTokens });
      expect(error.message).toContain(
        `counted with an answer of up to ${maxOutputTokens ?? 1000} tokens: lower maxOutputTokens (at doors max_completion_tokens, max_output_tokens)`,
      );
      expect(error.message).toMatch(/it has no next period$/);
      const tokens = await refusalOf({ limit: { tokens: 500 } }, 1, { maxOutputTokens: 800 });
      expect(tokens.message).toContain("lower maxOutputTokens");
    },
  );

  test("says at a door, where nobody waits for an answer, that people are not asked", async () => {
    const ask = { ask: { raise: { usd: 5 }, approvers: ["boss"] } };
    const said = "people are asked for more by tasks of agents only, not here";
    expect((await refusalOf({ onExceeded: ask }, 0.01, { task: undefined })).message).toContain(said);
    expect((await refusalOf({ onExceeded: ask }, 0.01)).message).not.toContain(said);
  });

  test("of which another model is asked shows no sums at a door, as its decision is told there", async () => {
    const world = createGatewayWorld({
      ...{ models: MODELS, budgets: limit(0.01, { onExceeded: { degrade: "small" } }) },
      caller: callerOf(async () => answering("small")),
    });
    const { decision } = await world.gateway.generate(HI, DOOR);
    expect(decision?.reasons?.[0]).toMatch(/^small is asked instead of desk: budget all has too little left/);
    expect(JSON.stringify(decision)).not.toContain("$0.0");
  });
});

test("people may be asked for more: what they are to grant is in the refusal, and counts once for each yes", async () => {
  const world = createGatewayWorld({
    models: MODELS,
    budgets: limit(0.01, { onExceeded: { ask: { raise: { usd: 0.05 }, approvers: ["boss"] } } }),
    caller: callerOf(async () => answering()),
  });
  const refusal = await world.gateway.generate(HI, DOOR).catch(PlatformError.from);
  expect(refusal).toMatchObject({ code: "BUDGET_EXCEEDED", retryable: false });
  const grant = { budget: "all", grants: [{ account, amount: 50_000_000 }], more: "$0.05", approvers: ["boss"] };
  expect((refusal as PlatformError).details).toMatchObject({ grant, spent: 0, limit: 10_000_000 });
  await world.gateway.grant(TENANT, grant, "yes 1");
  await world.gateway.grant(TENANT, grant, "yes 1");
  expect((await world.gateway.generate(HI, DOOR)).response.text).toBe("fine");
  expect((await world.spending.status(TENANT))[0]?.balances.usd).toEqual([
    { subject: "", spent: 0.016, reserved: 0, ceiling: 0.06 },
  ]);
});

test("who is aborted while the store is asked waits for nothing", async () => {
  const world = createGatewayWorld({
    models: MODELS,
    budgets: limit(0.04),
    caller: callerOf(() => new Promise<never>(() => undefined)),
  });
  void world.gateway.generate(HI, DOOR);
  await world.clock.advance(0);
  const controller = new AbortController();
  const { balances } = world.store;
  world.store.balances = (...asked) => {
    controller.abort(new PlatformError("CANCELED", "enough"));
    return balances.apply(world.store, asked);
  };
  let ended: unknown;
  void world.gateway.generate(HI, { ...DOOR, id: "two", signal: controller.signal }).catch((error) => (ended = error));
  await world.clock.advance(0);
  expect(ended).toMatchObject({ code: "CANCELED" });
});

test("what a model was chosen for by who asked, however far behind the name, is not kept for others", async () => {
  const asked: string[] = [];
  const world = createGatewayWorld({
    models: {
      ...{ desk: { candidates: [{ model: "inner" }], cache: {} }, open: { ...ENDPOINT, model: "open" } },
      inner: { candidates: [{ model: "secret", when: "request.caller == 'boss'" }, { model: "open" }] },
      secret: { ...ENDPOINT, model: "secret" },
    },
    caller: callerOf(async ({ name }) => {
      asked.push(name);
      return answering(name);
    }),
  });
  for (const caller of ["boss", "ann", "ann"]) await world.gateway.generate(HI, { ...DOOR, caller, id: caller });
  expect(asked).toEqual(["secret", "open"]);
});

test("of two tries of a call that are under way at once, each is counted with what it came to", async () => {
  const world = createGatewayWorld({
    models: {
      ...MODELS,
      desk: { candidates: [{ model: "cheap" }], fallback: ["dear"] },
      cheap: { ...ENDPOINT, model: "cheap", price: { input: 1, output: 1 } },
      dear: { ...ENDPOINT, model: "dear", price: { input: 100, output: 100 } },
    },
    budgets: limit(1),
    caller: callerOf(async ({ name }, _request, { signal }) => {
      if (name === "dear") return answering("dear");
      if (!isFirst) throw new PlatformError("UPSTREAM_FAILED", "away", { retryable: true, details: { status: 503 } });
      isFirst = false;
      return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason as Error)));
    }),
  });
  let isFirst = true;
  const lost = new AbortController();
  // A node that lost the task, and does not know it yet.
  const first = world.gateway.generate(HI, { ...CALL, signal: lost.signal }).catch(() => undefined);
  await world.clock.advance(0);
  const { settlement } = await world.gateway.generate(HI, CALL);
  lost.abort(new PlatformError("LEASE_LOST", "another has it"));
  await first;
  await world.store.commit([{ tenantId: TENANT, settle: [settlement!] }]);
  const { spent, reserved } = await standing(world);
  expect(reserved).toBe(0);
  expect(spent).toBeGreaterThanOrEqual(600 * 100_000);
});

test("a budget of money on one of those who ask for the same, of a model without a price, is none of the others'", async () => {
  const { price: _, ...unpriced } = MODELS.desk;
  const world = createGatewayWorld({
    models: { desk: { ...unpriced, cache: {} } },
    budgets: [{ name: "desk", spec: { scope: { agent: "desk" }, limit: { usd: 1 } } }],
    caller: callerOf(async () => answering()),
  });
  const refused = world.gateway.generate(HI, CALL).catch(PlatformError.from);
  const answered = world.gateway.generate(HI, { ...DOOR, id: "door", agent: "" });
  expect(await refused).toMatchObject({ code: "CONFIG_INVALID" });
  expect((await answered).response.text).toBe("fine");
});

test("a refusal costs nothing; a call that broke off counts with the most that it may be billed, and its usage as estimated", async () => {
  const failures = [
    new PlatformError("UPSTREAM_FAILED", "overloaded", { retryable: true, details: { status: 529 } }),
    withFailedUsage(new PlatformError("UPSTREAM_FAILED", "cut off", { retryable: true }), {
      usage: { inputTokens: 20, outputTokens: 10, estimated: true },
    }),
  ];
  const world = createGatewayWorld({
    ...{ models: MODELS, budgets: limit(1) },
    caller: callerOf(() => Promise.reject(failures.shift()!)),
  });
  await expect(world.gateway.generate(HI, DOOR)).rejects.toThrow("overloaded");
  expect(await standing(world)).toMatchObject({ spent: 0, reserved: 0, used: [{ calls: 0, costNanoUsd: 0 }] });
  await expect(world.gateway.generate(HI, DOOR)).rejects.toThrow("cut off");
  const { spent, reserved, used } = await standing(world);
  expect(reserved).toBe(0);
  expect(spent).toBeGreaterThanOrEqual(1000 * 30_000);
  expect(used).toMatchObject([{ calls: 1, estimatedCalls: 1, costNanoUsd: 20 * 10_000 + 10 * 30_000 }]);
});

test("no more output is counted of a call that failed than it may have had, however many bytes came", async () => {
  const tooLong = () =>
    withFailedUsage(new PlatformError("TOO_LARGE", "an answer of 30 MB"), {
      usage: { inputTokens: 20, outputTokens: 10_000_000, estimated: true },
    });
  const world = createGatewayWorld({ models: MODELS, caller: callerOf(() => Promise.reject(tooLong())) });
  await expect(world.gateway.generate(HI, DOOR)).rejects.toThrow("30 MB");
  expect((await standing(world)).used).toMatchObject([{ calls: 1, inputTokens: 20, outputTokens: 1000 }]);
});

test.each([
  ["shows all that it generates", {}, 1000 * 30_000, 0],
  ["may have thought unseen", { model: "gpt-5-mini" }, Number.POSITIVE_INFINITY, 1000 * 30_000],
])("of a stream that broke off, of a model that %s, what may be billed is counted", async (_, more, most, least) => {
  const world = createGatewayWorld({
    ...{ models: { desk: { ...MODELS.desk, ...more } }, budgets: limit(1) },
    caller: callerOf(() =>
      Promise.reject(
        withFailedUsage(new PlatformError("UPSTREAM_FAILED", "cut off", { retryable: true }), {
          usage: { inputTokens: 20, outputTokens: 10, estimated: true },
        }),
      ),
    ),
  });
  await expect(world.gateway.generate(HI, { ...DOOR, onText: () => undefined })).rejects.toThrow("cut off");
  const { spent, reserved } = await standing(world);
  expect(reserved).toBe(0);
  expect(spent).toBeLessThan(most);
  expect(spent).toBeGreaterThan(Math.max(least, 10 * 3 * 30_000));
});

test("what a try held that died with its node stays held until it is spent, and the next holds its own", async () => {
  const world = createGatewayWorld({
    ...{ models: MODELS, budgets: limit(1) },
    caller: callerOf(async () => answering()),
  });
  // Of the first try, nothing but the reservation is left.
  await world.gateway.generate(HI, CALL);
  const { reserved: lost } = await standing(world);
  expect(lost).toBeGreaterThan(0);
  const { settlement } = await world.gateway.generate(HI, CALL);
  expect(await standing(world)).toMatchObject({ spent: 0, reserved: 2 * lost });
  await world.store.commit([{ tenantId: TENANT, settle: [settlement!] }]);
  expect(await standing(world)).toMatchObject({ spent: COST, reserved: lost });
  expect(await world.store.expireReservations(world.clock.now() + 120_000 + 10_000, 10)).toBe(1);
  expect(await standing(world)).toMatchObject({ spent: COST + lost, reserved: 0 });
});

test("a store that does not answer lets no call pass", async () => {
  let asked = 0;
  const world = createGatewayWorld({
    ...{ models: MODELS, budgets: limit(1) },
    caller: callerOf(async () => {
      asked += 1;
      return answering();
    }),
  });
  world.store.commit = () => Promise.reject(new PlatformError("STORE_UNAVAILABLE", "no disk"));
  await expect(world.gateway.generate(HI, DOOR)).rejects.toMatchObject({ code: "STORE_UNAVAILABLE", retryable: true });
  expect(asked).toBe(0);
});

test("an answer is given also when its cost cannot be written, for to ask again would be paid again; what was held counts", async () => {
  const world = createGatewayWorld({
    ...{ models: MODELS, budgets: limit(1) },
    caller: {
      call: async () => {
        world.store.commit = () => Promise.reject(new PlatformError("STORE_UNAVAILABLE", "no disk"));
        return answering();
      },
      embed: async () => {
        world.store.commit = () => Promise.reject(new PlatformError("STORE_UNAVAILABLE", "no disk"));
        return { vectors: [[1]], usage: { inputTokens: 1, outputTokens: 0 }, durationMs: 1 };
      },
    },
  });
  const { commit } = world.store;
  expect((await world.gateway.generate(HI, DOOR)).response.text).toBe("fine");
  world.store.commit = commit;
  expect((await world.gateway.embed({ model: "desk", texts: ["hi"] }, { ...DOOR, id: "next" })).vectors).toEqual([[1]]);
  world.store.commit = commit;
  expect(world.logger.records.map(({ message }) => message)).toEqual(
    Array.from({ length: 2 }, () => expect.stringMatching(/^an answered call of model desk was not settled: no disk/)),
  );
  const { reserved } = await standing(world);
  expect(reserved).toBeGreaterThan(COST);
  expect(await world.store.expireReservations(world.clock.now() + 180_000, 10)).toBe(2);
  expect(await standing(world)).toMatchObject({ spent: reserved, reserved: 0 });
});

test("an answer that was kept costs nothing, and says what it saved", async () => {
  const world = createGatewayWorld({
    models: { desk: { ...MODELS.desk, cache: {} } },
    ...{ budgets: limit(1), caller: callerOf(async () => answering()) },
  });
  await world.gateway.generate(HI, DOOR);
  const heard: [string, boolean][] = [];
  const { response } = await world.gateway.generate(HI, {
    ...{ ...DOOR, id: "again" },
    onText: (text, begin) => void heard.push([text, begin]),
  });
  expect(response).toMatchObject({ text: "fine", cache: "memory", costUsd: 0 });
  expect(heard).toEqual([["fine", true]]);
  expect(await standing(world)).toMatchObject({
    spent: COST,
    used: [{ calls: 1, cacheHits: 1, costNanoUsd: COST, savedNanoUsd: COST }],
  });
});

test("what a fallback has answered while the model was away is not kept for it", async () => {
  let isAway = true;
  const world = createGatewayWorld({
    models: { ...MODELS, desk: { ...MODELS.desk, cache: {}, fallback: ["small"] } },
    caller: callerOf(async ({ name }) => {
      if (name === "desk" && isAway) throw new PlatformError("UPSTREAM_FAILED", "away", { retryable: true });
      return answering(name);
    }),
  });
  expect((await world.gateway.generate(HI, DOOR)).response.model).toBe("small");
  isAway = false;
  expect((await world.gateway.generate(HI, { ...DOOR, id: "next" })).response).toMatchObject({ model: "desk" });
});

test.each([0, -5, 1.5, Number.NaN, "500"])(
  "a bound of output of %s is none, and nobody is asked by it",
  async (most) => {
    let asked = 0;
    const world = createGatewayWorld({
      ...{ models: MODELS, budgets: limit(1) },
      caller: callerOf(async () => {
        asked += 1;
        return answering();
      }),
    });
    await expect(world.gateway.generate({ ...HI, maxOutputTokens: most as number }, DOOR)).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("maxOutputTokens") as string,
    });
    expect([asked, await standing(world)]).toMatchObject([0, { spent: 0, reserved: 0 }]);
  },
);
