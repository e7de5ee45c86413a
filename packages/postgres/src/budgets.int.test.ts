/** Budgets of several nodes on one database. */
import { Budgets, budgetExceeded, type ReserveOutcome } from "@agentcore/core/governance";
import type { BudgetGrant, UsageRecord } from "@agentcore/core/ports";
import { createSequentialIds } from "@agentcore/core/testing";
import { beforeEach, expect, onTestFinished } from "vitest";
import { newSchema, test, url } from "../test/schema.ts";
import { openPostgres } from "./index.ts";

const TENANT = "acme";
let schema: ReturnType<typeof newSchema>;
beforeEach(() => {
  schema = newSchema();
  onTestFinished(schema.drop);
});

const clock = { now: () => 1_750_000_000_000 };
const usage: UsageRecord = {
  ...{ hour: 0, agent: "a", team: "", model: "m", caller: "ann", calls: 1, estimatedCalls: 0 },
  ...{ inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, costNanoUsd: 1, cacheHits: 0, savedNanoUsd: 0 },
};

const startNode = async (name: string): Promise<Budgets> => {
  const {
    tasks: store,
    keyValue,
    close,
  } = await openPostgres({ url, node: name, schema: schema.schema, maxConnections: 4 });
  onTestFinished(close);
  const onExceeded = { ask: { raise: { tokens: 10 }, approvers: ["boss"] } };
  const spec = { scope: { tenant: "*" }, limit: { tokens: 100 }, onExceeded } as const;
  const declared = () => [{ name: "all", declaredBy: "tenant" as const, spec }];
  return new Budgets({ declared, store, keyValue, clock, ids: createSequentialIds(name) });
};

const reserve = (node: Budgets, tokens: number): Promise<ReserveOutcome> =>
  node.reserve({
    ...{
      tenantId: TENANT,
      key: "model/call",
      bound: { nanoUsd: null, tokens, output: { nanoUsd: 0, tokens: 0 } },
      model: "m",
      callTimeoutMs: 1000,
    },
    ...{ subject: { agent: "a", team: "", caller: "ann" }, usage },
  });

const grantOf = (outcome: ReserveOutcome): BudgetGrant => {
  if (outcome.outcome !== "exceeded") throw new Error("nothing to grant");
  return budgetExceeded("m", outcome.exceeded, true).details?.["grant"] as BudgetGrant;
};

test("of yeses that are said at once on several nodes no more count than are needed", async () => {
  const nodes = await Promise.all(["x", "y", "z"].map(startNode));
  const on = (at: number): Budgets => nodes[at % nodes.length] as Budgets;
  expect((await reserve(on(0), 98)).outcome).toBe("held");
  const waiting = await Promise.all(Array.from({ length: 20 }, (_, at) => reserve(on(at), 3)));
  await Promise.all(waiting.map((outcome, at) => on(at).grant(TENANT, grantOf(outcome), `yes ${at}`)));
  expect((await on(1).status(TENANT))[0]?.balances.tokens).toEqual([
    { subject: "", spent: 0, reserved: 98, ceiling: 110 },
  ]);
  const went = await Promise.all(waiting.map((_, at) => reserve(on(at), 3)));
  expect(went.filter(({ outcome }) => outcome === "held")).toHaveLength(4);
});
