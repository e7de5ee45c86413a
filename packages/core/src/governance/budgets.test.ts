import type { BudgetSpec } from "@agentcore/contract";
import { expect, test } from "vitest";
import { createMemoryKeyValue, createMemoryTaskStore } from "../inprocess/index.ts";
import type { BudgetGrant, UsageRecord } from "../ports/index.ts";
import { createSequentialIds, ManualClock } from "../testing/index.ts";
import { Budgets, budgetExceeded, type ReserveOutcome, type ReserveRequest } from "./budgets.ts";
import { periodOf } from "./calendar-period.ts";

const TENANT = "acme";
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
// The beginning of a day.
const T0 = 20_000 * DAY;

const USAGE: UsageRecord = {
  ...{ hour: T0, agent: "writer", team: "", model: "m", caller: "ann", calls: 1, estimatedCalls: 1 },
  ...{ inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, costNanoUsd: 0, cacheHits: 0, savedNanoUsd: 0 },
};

const world = (budgets: Readonly<Record<string, BudgetSpec>>) => {
  const clock = new ManualClock({ now: T0 });
  const store = createMemoryTaskStore({ clock });
  const keyValue = createMemoryKeyValue({ clock });
  const declared = Object.entries(budgets).map(([name, spec]) => ({ name, declaredBy: "tenant" as const, spec }));
  const made = new Budgets({ declared: () => declared, store, keyValue, clock, ids: createSequentialIds() });
  const reserve = (tokens: number, change: Partial<ReserveRequest> = {}) =>
    made.reserve({
      ...{
        tenantId: TENANT,
        key: "model/call",
        bound: { nanoUsd: null, tokens, output: { nanoUsd: 0, tokens: 0 } },
        model: "m",
      },
      ...{ subject: { runId: "run", agent: "writer", team: "", caller: "ann" }, callTimeoutMs: 1000, usage: USAGE },
      ...change,
    });
  /** Another, over the same store. */
  const node = (others: Readonly<Record<string, BudgetSpec>>): Budgets => {
    const known = Object.entries(others).map(([name, spec]) => ({ name, declaredBy: "tenant" as const, spec }));
    return new Budgets({ declared: () => known, store, keyValue, clock, ids: createSequentialIds("other") });
  };
  return { clock, store, keyValue, budgets: made, reserve, node };
};

/** As it stands in the error. */
const grantOf = (outcome: ReserveOutcome): BudgetGrant => {
  if (outcome.outcome !== "exceeded") throw new Error("nothing to grant");
  return budgetExceeded("m", outcome.exceeded, true).details?.["grant"] as BudgetGrant;
};

test("each try of a call holds its own, beside what another of them holds", async () => {
  const { store, reserve } = world({ all: { scope: { tenant: "*" }, limit: { tokens: 100 } } });
  const tries = [await reserve(10), await reserve(20)];
  expect(tries.map(({ outcome }) => outcome)).toEqual(["held", "held"]);
  const held = await store.reservations(TENANT);
  expect(held.map(({ key }) => key)).toEqual(["model/call/id-00000001", "model/call/id-00000002"]);
  expect(await store.balances(TENANT, ["budget/tenant/all/total/tokens/"])).toMatchObject([{ reserved: 30 }]);
});

const ASK = { ask: { raise: { tokens: 10 }, approvers: ["boss"] } };
const ASKED = "budget/tenant/all/total/tokens/";

test("more than a thousand grants all count, each once, also when many are given at once and some again", async () => {
  const { budgets, reserve } = world({ all: { scope: { tenant: "*" }, limit: { tokens: 100 }, onExceeded: ASK } });
  const grant = { budget: "all", grants: [{ account: ASKED, amount: 10 }], more: "10 tokens", approvers: ["boss"] };
  for (let from = 0; from < 1500; from += 50)
    await Promise.all(
      Array.from({ length: 75 }, (_, index) => budgets.grant(TENANT, grant, `yes ${from + (index % 50)}`)),
    );
  expect((await reserve(15_100)).outcome).toBe("held");
  expect(await reserve(1)).toMatchObject({ outcome: "exceeded", exceeded: { ceiling: 15_100, reserved: 15_100 } });
  expect((await budgets.status(TENANT))[0]?.balances.tokens).toMatchObject([{ ceiling: 15_100 }]);
});

test("of several who wait for the same, the first yes is enough for all when it is, on however many nodes they say it at once", async () => {
  const declared = { all: { scope: { tenant: "*" }, limit: { tokens: 100 }, onExceeded: ASK } } as const;
  const { budgets, reserve, node } = world(declared);
  await reserve(98);
  const waiting = await Promise.all(Array.from({ length: 10 }, () => reserve(3)));
  const nodes = [budgets, node(declared), node(declared)];
  await Promise.all(waiting.map((outcome, at) => nodes[at % 3]!.grant(TENANT, grantOf(outcome), `yes ${at}`)));
  expect((await budgets.status(TENANT))[0]?.balances.tokens).toMatchObject([{ reserved: 98, ceiling: 110 }]);
  // Four of them fit in what one yes has brought.
  for (let fitting = 0; fitting < 4; fitting += 1) expect((await reserve(3)).outcome).toBe("held");
  const fifth = await reserve(3);
  expect(fifth).toMatchObject({ outcome: "exceeded", exceeded: { ceiling: 110, reserved: 110 } });
  await budgets.grant(TENANT, grantOf(fifth), "yes 11");
  expect((await reserve(3)).outcome).toBe("held");
});

test("a yes adds nothing when its limit was raised meanwhile, and what it was shown when the budget is not known here", async () => {
  const { budgets, reserve, node } = world({
    all: { scope: { tenant: "*" }, limit: { tokens: 100 }, onExceeded: ASK },
  });
  const grant = grantOf(await reserve(101));
  expect(grant.grants).toEqual([{ account: ASKED, amount: 10, asked: 101 }]);
  const ceiling = async (): Promise<unknown> => {
    await reserve(0);
    return (await reserve(1_000)) as unknown;
  };
  await node({ all: { scope: { tenant: "*" }, limit: { tokens: 200 }, onExceeded: ASK } }).grant(TENANT, grant, "one");
  expect(await ceiling()).toMatchObject({ exceeded: { ceiling: 100 } });
  await node({}).grant(TENANT, grant, "two");
  expect(await ceiling()).toMatchObject({ exceeded: { ceiling: 110 } });
  await budgets.grant(TENANT, grant, "three");
  expect(await ceiling()).toMatchObject({ exceeded: { ceiling: 110 } });
});

test("what was granted for a period is kept until it ends, and for ever where there is none", async () => {
  const declared = (["month", "total"] as const).map((period) => {
    const spec = { scope: { tenant: "*" }, limit: { tokens: 5 }, period, onExceeded: ASK } as const;
    return [period, spec] as const;
  });
  for (const [period, spec] of declared) {
    const { clock, keyValue, reserve, budgets } = world({ all: spec });
    const refused = await reserve(7);
    await budgets.grant(TENANT, grantOf(refused), "yes");
    const { endsAt } = periodOf(period, T0);
    await clock.advance((endsAt ?? T0 + 400 * DAY) - T0 - 1);
    expect((await reserve(7)).outcome).toBe("held");
    await clock.advance(32 * DAY);
    const left = await keyValue.list({ tenantId: TENANT, namespace: "budget-grants" });
    expect(left.length).toBe(period === "month" ? 0 : 1);
  }
});

test("grants beyond what can be counted leave a limit that can be reserved on", async () => {
  const { budgets, reserve } = world({ all: { scope: { tenant: "*" }, limit: { tokens: 100 }, onExceeded: ASK } });
  const grants = [{ account: ASKED, amount: Number.MAX_SAFE_INTEGER }];
  for (const id of ["one", "two"])
    await budgets.grant(TENANT, { budget: "all", grants, more: "much", approvers: ["boss"] }, id);
  expect((await reserve(1)).outcome).toBe("held");
});

test("a counter may go when its period has ended, that of a run when its last call is over, and what counts for ever never", async () => {
  const limit = { tokens: 100 };
  const { clock, store, budgets, reserve } = world({
    each: { scope: { run: "*" }, limit },
    daily: { scope: { caller: "*" }, limit, period: "day" },
    ever: { scope: { tenant: "*" }, limit },
  });
  const left = async (before: number): Promise<readonly string[]> => {
    await store.removeSpent({ tenantId: TENANT, before, limit: 100 });
    const accounts = await store.accounts(TENANT, { prefix: "budget/", limit: 100 });
    return accounts.map(({ account }) => account.split("/")[2] ?? "");
  };
  for (let hours = 0; hours < 30; hours += 29) {
    const reserved = await reserve(10);
    expect(reserved.outcome).toBe("held");
    if (reserved.outcome === "held")
      await budgets.settle(TENANT, budgets.settlement(reserved.held, { nanoUsd: null, tokens: 5 }, USAGE));
    await clock.advance(29 * HOUR);
  }
  // Of the first day and the second.
  expect(await left(T0 + DAY - 1)).toEqual(["daily", "daily", "each", "ever"]);
  expect(await left(T0 + DAY)).toEqual(["daily", "each", "ever"]);
  expect(await left(T0 + 30 * HOUR - 1)).toEqual(["daily", "each", "ever"]);
  expect(await left(T0 + 30 * HOUR)).toEqual(["daily", "ever"]);
  expect(await left(T0 + 400 * DAY)).toEqual(["ever"]);
});
